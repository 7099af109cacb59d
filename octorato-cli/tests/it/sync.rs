//! `octorato sync`: transcripts in the ledger as in a report, also while it watches.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use octorato::core::{Currency, Money};
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// A row with so many output tokens of a model at $15 for a million.
fn row(id: &str, cwd: &str, output: u64) -> String {
    json!({
        "type": "assistant", "timestamp": "2026-10-01T09:00:00Z", "cwd": cwd, "sessionId": "s1",
        "message": {"id": id, "model": "claude-sonnet-4-5", "usage": {"output_tokens": output}},
    })
    .to_string()
}

#[test]
fn the_agency_is_booked_as_its_report_says_and_only_once() {
    let sandbox = Sandbox::agency();
    let report = sandbox.json("report");
    let synced = sandbox.json("sync");
    assert_eq!(synced["total"]["list_cost"], report["total"]["list_cost"]);
    let of_report = report["rows"].as_array().unwrap();
    for arm in synced["arms"].as_array().unwrap() {
        let row = of_report.iter().find(|row| row["arm"] == arm["arm"]).unwrap();
        assert_eq!(row["list_cost"], arm["list_cost"], "{arm}");
        assert_eq!(row["events"], arm["requests"], "{arm}");
    }
    assert_eq!(synced["refused"], json!([]));
    let again = sandbox.json("sync");
    assert_eq!((&again["arms"], &again["read"]), (&json!([]), &json!([])));
    assert!(sandbox.stdout("sync").contains("nothing to book"));
}

#[test]
fn what_was_booked_is_shown_by_arm_with_what_was_not() {
    let sandbox = Sandbox::new();
    sandbox.arms("arms: [{ id: acme, client: acme, roots: [/w/acme] }]\n");
    let unknown = row("msg_3", "/w/acme", 5).replace("\"claude-sonnet-4-5\"", "null");
    sandbox.transcript(
        "s1",
        &[row("msg_1", "/elsewhere", 1_000), row("msg_2", "/w/acme", 2_000), unknown, "{".into()],
    );
    insta::assert_snapshot!(sandbox.run("sync"), @r"
     Arm             New requests  Grown  List cost
    ────────────────────────────────────────────────
     (unattributed)             1      0     $0.015
     acme                       2      0     $0.030
    ────────────────────────────────────────────────
     Total                      3      0     $0.045

    1 transcript, 1 of them with news
    unattributed: 1 request, $0.015, in folders of no arm; `octorato arm assign` gives a session to one
    booked without an amount: 1 request of (no model), 5 tokens: the record names no model
    not counted: 1: line is not a JSON object (first: [HOME]/.claude/projects/-w/s1.jsonl:4)
    ");
}

#[test]
fn what_an_arm_claims_that_was_declared_later_is_told_and_given_to_it() {
    let sandbox = Sandbox::new();
    sandbox.arms("arms: [{ id: acme, client: acme, roots: [/w/acme] }]\n");
    sandbox.transcript("s1", &[row("msg_1", "/w/late", 1_000), row("msg_2", "/w/late", 2_000)]);
    sandbox.stdout("sync -q");
    sandbox.arms("arms: [{ id: acme, client: acme, roots: [/w/acme] }, { id: late, client: late, roots: [/w/late] }]\n");
    insta::assert_snapshot!(sandbox.run("sync"), @"
    1 transcript, 0 of them with news, nothing to book
    without an arm: 2 requests, $0.045, though arm `late` claims them now; `octorato sync --reattribute` gives them to it
    ");
    insta::assert_snapshot!(sandbox.run("sync --reattribute --dry-run"), @"would give 2 requests, $0.045 to `late`");
    let previewed = sandbox.json("sync --reattribute --dry-run");
    assert_eq!(previewed["claimed"], json!([{"arm": "late", "requests": 2, "list_cost": "0.045"}]));
    insta::assert_snapshot!(sandbox.run("sync --reattribute"), @"1 transcript, 0 of them with news, given to arms declared later: 2 requests, $0.045 to `late`");
    insta::assert_snapshot!(sandbox.run("sync --reattribute"), @"1 transcript, 0 of them with news, nothing to book");
    insta::assert_snapshot!(sandbox.run("sync --reattribute --dry-run"), @"nothing is without an arm that one claims");
    insta::assert_snapshot!(sandbox.run("sync --dry-run"), @"
    [stderr]
    error: the following required arguments were not provided:
      --reattribute

    Usage: octorato sync --reattribute --dry-run

    For more information, try '--help'.
    [exit 2]
    ");
    let report = sandbox.json("report --ledger --no-sync");
    assert_eq!(report["rows"][0]["arm"], "late");
    // A correction is a cost of no class: the columns of a line still add up.
    sandbox.stdout("ledger correct claude-code:msg_1 --delta=-0.001 --reason wrong -q");
    let csv = sandbox.stdout("report --ledger --no-sync --format csv");
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let (head, row) = (lines.next().unwrap(), lines.next().unwrap());
    let money = |text: &str| Money::parse(text, Currency::USD).unwrap().pico();
    let all = head.iter().position(|name| *name == "list_cost").unwrap();
    let parts = head.iter().zip(&row).filter(|(name, _)| name.starts_with("cost_"));
    assert!(head.contains(&"cost_unsplit"), "{csv}");
    assert_eq!(parts.map(|(_, cost)| money(cost)).sum::<i128>(), money(row[all]), "{csv}");
}

#[test]
fn syncs_of_several_processes_at_once_book_everything_once() {
    let sandbox = Sandbox::agency();
    let report = sandbox.json("report");
    let start = |_| {
        let mut command = sandbox.command();
        command.args(["sync", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let children: Vec<Child> = (0..3).map(start).collect();
    let mut total = Money::zero(Currency::USD);
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", sandbox.seen(&output));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let booked = document["total"]["list_cost"].as_str().unwrap();
        total = total.checked_add(Money::parse(booked, Currency::USD).unwrap()).unwrap();
    }
    let expected = report["total"]["list_cost"].as_str().unwrap();
    assert_eq!(total, Money::parse(expected, Currency::USD).unwrap());
    assert_eq!(sandbox.json("sync")["arms"], json!([]));
}

#[cfg(unix)]
#[test]
fn a_watch_tells_of_each_change_and_ends_when_asked() {
    let sandbox = Sandbox::new();
    sandbox.arms("arms: [{ id: acme, client: acme, roots: [/w/acme] }]\n");
    let file = sandbox.transcript("s1", &[row("msg_1", "/w/acme", 1_000)]);
    let mut child = sandbox
        .command()
        .args(["sync", "--watch", "--interval", "1", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["total"]["list_cost"], "0.015");
    let mut transcript = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    transcript.write_all(row("msg_2", "/w/acme", 2_000).as_bytes()).unwrap();
    transcript.write_all(b"\n").unwrap();
    let told = next();
    assert_eq!(
        (&told["total"]["list_cost"], &told["read"][0]["start"]),
        (&json!("0.03"), &json!("continued"))
    );
    // The arms are edited: what comes is another's.
    sandbox.arms("arms: [{ id: acme, client: acme, roots: [/w/acme] }, { id: b, client: b, roots: [/w/b] }]\n");
    transcript.write_all(row("msg_3", "/w/b", 1_000).as_bytes()).unwrap();
    transcript.write_all(b"\n").unwrap();
    next();
    let killed = std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert!(child.wait().unwrap().success());
    assert_eq!(sandbox.json("sync")["read"], json!([]));
}
