//! The programs, run on the agency.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a failed set-up is a failed test"
)]

use std::process::{Command, Output};

const AGENCY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/agency");

fn run(program: &str, words: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.env_clear().current_dir(AGENCY);
    command.env("OCTORATO_HOME", "home").env("OCTORATO_STATE", "no-state");
    command.args(words).output().unwrap()
}

fn stdout(program: &str, words: &[&str]) -> String {
    let output = run(program, words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn last_month_prints_each_client_s_list_cost() {
    let program = env!("CARGO_BIN_EXE_last_month");
    assert_eq!(
        stdout(program, &["claude", "2026-10"]),
        "\
acme                27 requests     2.0850478 USD
globex              16 requests     1.1613012 USD
cafe-zuerich        10 requests       0.11644 USD
(nobody)             2 requests     0.0683756 USD
no price for acme-tuned-7b: 1901 tokens
"
    );
    assert_eq!(stdout(program, &["claude", "2020-01"]), "");
    // Which month was the last one, the clock says.
    stdout(program, &["claude"]);
}

#[test]
fn last_month_refuses_what_is_no_month() {
    let output = run(env!("CARGO_BIN_EXE_last_month"), &["claude", "October"]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("not a month"));
}

#[test]
fn price_a_call_prints_every_class_and_the_exact_sum() {
    let program = env!("CARGO_BIN_EXE_price_a_call");
    let printed = stdout(program, &[]);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines,
        [
            "      3 input             $5 a million  0.000015",
            "  84212 cache_read      $0.5 a million  0.042106",
            "   1908 cache_write_1h   $10 a million  0.01908",
            "    447 output           $25 a million  0.011175",
            "USD 0.072376, as claude-opus-4-8 of anthropic",
        ]
    );
    assert!(stdout(program, &["claude-haiku-4-5"]).contains("claude-haiku-4-5 of anthropic"));
}

#[test]
fn price_a_call_never_guesses() {
    let output = run(env!("CARGO_BIN_EXE_price_a_call"), &["acme-tuned-7b"]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("acme-tuned-7b"));
}

#[test]
fn cap_a_call_never_spends_more_than_its_cap() {
    assert_eq!(
        stdout(env!("CARGO_BIN_EXE_cap_a_call"), &[]),
        "\
call 1: 1000 tokens, at most 0.018411, in fact 0.013563
call 2: 1000 tokens, at most 0.018411, in fact 0.013563
call 3: 630 tokens, at most 0.012861, in fact 0.009513
call 4: budget exhausted: `web`: 0.036639 of 0.04 USD spent, 0.018411 needed, \
resets 2026-12-01T00:00:00Z, extend it with `octorato budget extend web`
0 outcomes are not booked
"
    );
}

#[test]
fn before_and_after_bounds_a_call_and_then_charges_it() {
    let printed = stdout(env!("CARGO_BIN_EXE_before_and_after"), &[]);
    assert_eq!(printed, "at most   USD 0.018507\nin fact   USD 0.000228\n");
}
