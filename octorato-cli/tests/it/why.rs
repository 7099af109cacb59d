//! `octorato why`: one request from the log to its amount.

use insta::assert_snapshot;
use serde_json::Value;

use crate::numbers::amount;
use crate::sandbox::Sandbox;

/// The message ids of the agency's requests, by `columns` of a report.
fn messages(sandbox: &Sandbox, wanted: impl Fn(&Value) -> bool) -> Vec<String> {
    let report = sandbox.json("report --by message,model,reason,agent");
    let rows = report["rows"].as_array().unwrap().iter().filter(|row| wanted(row));
    rows.map(|row| row["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_request_is_explained_from_its_record_to_its_amount() {
    let sandbox = Sandbox::agency();
    assert_snapshot!(sandbox.run("why msg_01KRZBBZmUSpVKYy7E3AEeDd"), @r"
    msg_01KRZBBZmUSpVKYy7E3AEeDd
      arm       acme-web of acme: its folder is under a root
      folder    /home/dana/clients/acme/web/.claude/worktrees/hotfix
      session   677dc532-c061-4229-98a5-439bd2d69c00
      made      2026-10-22 14:31:32 CST, 2026-10-22T20:31:32.747Z
      evidence  [HOME]/.claude/projects/-home-dana-clients-acme-web--claude-worktrees-hotfix/677dc532-c061-4229-98a5-439bd2d69c00.jsonl:4, byte 1999, 2 records
      request   req_011CA1RNiESDw7LPPvXY1DAu
      price     claude-opus-4-8: anthropic's claude-opus-4-8, by starts_with `claude-opus-4-8`
      variant   speed=fast

     Class            Count             Rate  List cost
    ────────────────────────────────────────────────────
     input                1  $10 / 1,000,000  $0.000010
     cache read      43,145   $1 / 1,000,000  $0.043145
     cache write 1h  10,180  $20 / 1,000,000  $0.203600
     output             174  $50 / 1,000,000  $0.008700
    ────────────────────────────────────────────────────
     Total                                    $0.255455
    ");
}

#[test]
fn a_request_without_a_price_and_one_of_nobody_say_so() {
    let sandbox = Sandbox::agency();
    let unpriced = messages(&sandbox, |row| row["model"] == "acme-tuned-7b").remove(0);
    let seen = sandbox.run(&format!("why {unpriced}"));
    assert!(seen.contains("price     none: no provider"), "{seen}");
    assert!(seen.contains("usage     input 1,840, output 61"), "{seen}");
    let nobodys = messages(&sandbox, |row| row["reason"] == "unattributed").remove(0);
    let seen = sandbox.run(&format!("why {nobodys}"));
    assert!(seen.contains("arm       nobody's"), "{seen}");
}

#[test]
fn a_message_that_no_transcript_has_is_an_error() {
    assert_snapshot!(Sandbox::agency().run("why nonsense"), @r"
    [stderr]
    error: no such message in the transcripts: `nonsense`
    hint: message ids look like `msg_…`; --logs names other transcripts
    [exit 2]
    ");
}

#[test]
fn what_is_explained_is_what_is_reported() {
    let sandbox = Sandbox::agency();
    let report = sandbox.json("report --by message,model,reason");
    for row in report["rows"].as_array().unwrap() {
        let message = row["message"].as_str().unwrap();
        let why = sandbox.json(&format!("why {message}"));
        let request = &why["requests"][0];
        assert_eq!(request["model"], row["model"], "{message}");
        assert_eq!(request["reason"], row["reason"], "{message}");
        if row["list_cost"].is_null() {
            assert!(request["unpriced"].is_string(), "{message}");
            continue;
        }
        assert_eq!(request["price"]["list_cost"], row["list_cost"], "{message}");
        let lines = request["price"]["lines"].as_array().unwrap();
        let sum: i128 = lines.iter().map(|line| amount(&line["cost"])).sum();
        assert_eq!(sum, amount(&row["list_cost"]), "{message}");
    }
}
