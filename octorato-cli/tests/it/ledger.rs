//! The ledger at the command line.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::{Sandbox, undated};
use crate::shape::Schema;

const BUDGETS: &str =
    "budgets: [{ arm: web, usd_cap: 100, period: total, action_on_breach: hard_stop }]\n";
const CALL: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// An office with a call that was cut: $0.25 of it was seen, at most $2 can it have cost.
fn with_orphan() -> Sandbox {
    let sandbox = Sandbox::office(BUDGETS);
    let answers = sandbox.apply(&format!(
        r#"{{"op":"reserve","id":"{CALL}","path":{{"arm":"web","session":"s1"}},"usd":"2"}}
{{"op":"expire","id":"{CALL}","seen_usd":"0.25","reason":"cut"}}"#
    ));
    assert_eq!(answers[1]["state"], "orphaned");
    sandbox
}

fn schema(name: &str) -> Schema {
    Schema::parse(&Sandbox::new().stdout(&format!("schema {name}")))
}

#[test]
fn an_orphan_is_listed_until_somebody_says_what_it_cost() {
    let sandbox = with_orphan();
    let listed = sandbox.run("ledger orphans");
    assert!(
        listed.contains(CALL) && listed.contains("web s1") && listed.contains("$1.75"),
        "{listed}"
    );
    schema("ledger_orphans").check(&sandbox.json("ledger orphans")).unwrap();
    assert_snapshot!(sandbox.run_words(&["ledger", "resolve", CALL, "--usd", "2.5", "--reason", "invoice"]), @"
    01890a5d-ac96-774b-bcce-b302099a8057 cost $2.50
    [stderr]
    note: that is $0.50 more than was held for it
    ");
    assert_snapshot!(sandbox.run("ledger orphans"), @"
    [stderr]
    no call of unknown outcome
    ");
    assert_snapshot!(sandbox.run_words(&["ledger", "resolve", CALL, "--usd", "3", "--reason", "x"]), @"
    [stderr]
    error: the call cannot be resolved: it is resolved, call: `01890a5d-ac96-774b-bcce-b302099a8057`
    [exit 2]
    ");
    assert_snapshot!(sandbox.run_words(&["ledger", "resolve", CALL, "--usd", "3", "--reason", " "]), @"
    [stderr]
    error: no reason is given
    hint: say why with --reason; it is kept in the ledger
    [exit 2]
    ");
    let other = CALL.replace('0', "1");
    assert_snapshot!(sandbox.run_words(&["ledger", "resolve", &other, "--usd", "3", "--reason", "x"]), @"
    [stderr]
    error: the ledger does not know the call `11891a5d-ac96-774b-bcce-b312199a8157`
    hint: it was denied or never reserved; what it cost can be imported
    [exit 2]
    ");
    assert_eq!(sandbox.json("budget status")["budgets"][0]["spent"], "2.5");
}

#[test]
fn a_correction_adds_and_takes_away() {
    let sandbox = Sandbox::office(BUDGETS);
    sandbox.spend("web", "3", "m1");
    let correct = |delta: &str, of: &str| {
        let delta = format!("--delta={delta}");
        let said = sandbox.run_words(&["ledger", "correct", of, &delta, "--reason", "refund"]);
        said.lines().filter(|line| !line.starts_with("correction ")).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(correct("-0.5", "test:m1"), @"booked -$0.50 to test:m1");
    assert_snapshot!(correct("0.25", "test:m1"), @"added $0.25 to test:m1");
    assert_snapshot!(correct("0", "test:m1"), @"
    [stderr]
    error: nothing would be corrected
    hint: --delta is what is added; `--delta=-0.25` takes away
    [exit 2]
    ");
    assert_snapshot!(correct("1", "nonsense"), @"
    [stderr]
    error: not a reservation id: `nonsense`
    hint: give the id of a call, or an import as READER:KEY
    [exit 2]
    ");
    assert_snapshot!(correct("1", "test:m2"), @"
    [stderr]
    error: nothing is imported of `test m2`
    [exit 2]
    ");
    assert_eq!(sandbox.json("budget status")["budgets"][0]["spent"], "2.75");
}

#[test]
fn lines_and_answers_are_what_their_schemas_say() {
    let sandbox = Sandbox::office(BUDGETS);
    let (lines, replies) = (schema("ledger_operation"), schema("ledger_answer"));
    let text = format!(
        r#"{{"op":"reserve","ref":[1],"id":"{CALL}","path":{{"arm":"web","tags":{{"a":"b"}}}},"usd":"90","max_output_tokens":1,"patience_seconds":60}}
{{"op":"extend","id":"{CALL}","usd":"95"}}
{{"op":"reserve","path":{{"arm":"web"}},"usd":"6"}}
{{"op":"check","path":{{"arm":"web"}},"usd":"200"}}
{{"op":"call","id":"{CALL}"}}
{{"op":"settle","id":"{CALL}","usd":"1","estimate":true,"request":{{"provider":"anthropic","id":"req_1"}}}}
{{"op":"append","source":{{"reader":"r","key":"k"}},"at":"2026-10-01T00:00:00Z","usd":"1.5","size":7,"request":{{"provider":"anthropic","id":"req_1"}}}}
{{"op":"append","source":{{"reader":"r","key":"k"}},"at":"2026-10-01T00:00:00Z","usd":"1.5","size":7}}
{{"op":"append","source":{{"reader":"r","key":"l"}},"at":"2026-10-01T00:00:00Z","usd":null,"size":7}}
{{"op":"expire"}}
{{"op":"release","id":"{CALL}","reason":"not sent"}}
{{"op":"resolve","id":"{CALL}","usd":"1","reason":"x"}}
{{"op":"correct","call":"{CALL}","usd":"-1","reason":"x"}}
{{"op":"standings"}}
"#
    );
    for line in text.lines() {
        lines
            .check(&serde_json::from_str(line).unwrap())
            .unwrap_or_else(|why| panic!("{line}: {why}"));
    }
    let answers = sandbox.apply(&text);
    assert_eq!(answers.len(), text.lines().count());
    for answer in &answers {
        replies.check(answer).unwrap_or_else(|why| panic!("{answer}: {why}"));
    }
    assert_eq!((&answers[0]["ref"], &answers[0]["decision"]), (&json!([1]), &json!("granted")));
    assert_eq!(
        (&answers[2]["decision"], &answers[3]["decision"]),
        (&json!("busy"), &json!("exhausted"))
    );
    assert_eq!(answers[10]["error"]["kind"], "conflict");
}

#[test]
fn a_key_hands_over_to_the_next_one() {
    let sandbox = Sandbox::office(BUDGETS);
    let first = sandbox.json("ledger key list");
    assert_eq!(first["keys"].as_array().unwrap().len(), 1);
    schema("ledger_keys").check(&first).unwrap();
    let rotated = sandbox.json("ledger key rotate");
    schema("ledger_key").check(&rotated).unwrap();
    assert_eq!(rotated["replaces"], first["keys"][0]["id"]);
    let both = sandbox.json("ledger key list");
    assert_eq!(both["keys"][1]["id"], rotated["key"]);
    assert_eq!(both["keys"][0]["until"], both["keys"][1]["since"]);
    assert_eq!((&both["keys"][1]["until"], &both["keys"][1]["here"]), (&json!(null), &json!(true)));
    let shown = sandbox.run("ledger key list");
    assert!(shown.contains("signs since") && shown.lines().count() == 2, "{shown}");
    // Extensions are signed with the new one, and all of it is verified.
    let words =
        ["budget", "extend", "arm web, total", "--usd", "5", "--until", "4h", "--reason", "x"];
    let extended = sandbox.run_words(&words);
    assert!(extended.contains(rotated["key"].as_str().unwrap()), "{extended}");
    assert_eq!(sandbox.json("ledger verify")["faults"], json!([]));
}

#[test]
fn a_sound_ledger_is_said_to_be_sound() {
    let sandbox = with_orphan();
    let said = undated(&sandbox.run("ledger verify"));
    assert!(said.starts_with("nothing is wrong: "), "{said}");
    let verified = sandbox.json("ledger verify");
    assert_eq!(verified["faults"], json!([]));
    schema("ledger_verify").check(&verified).unwrap();
}

#[test]
fn what_changes_a_ledger_answers_by_its_schema() {
    let sandbox = with_orphan();
    let resolved =
        sandbox.run_words(&["ledger", "resolve", CALL, "--usd", "1", "--reason", "x", "--json"]);
    schema("ledger_resolve").check(&serde_json::from_str(&resolved).unwrap()).unwrap();
    let words = ["ledger", "correct", CALL, "--delta=-0.25", "--reason", "x", "--json"];
    let corrected = sandbox.run_words(&words);
    schema("ledger_correct").check(&serde_json::from_str(&corrected).unwrap()).unwrap();
    schema("ledger_copy").check(&sandbox.json("ledger backup copy.db")).unwrap();
    let restored = sandbox.json("ledger restore copy.db");
    assert!(restored["kept"].is_string());
    schema("ledger_copy").check(&restored).unwrap();
}

#[test]
fn a_copy_is_verified_and_put_back() {
    let sandbox = with_orphan();
    let before = sandbox.json("budget status")["budgets"].clone();
    let said = sandbox.run("ledger backup copy.db");
    assert!(said.starts_with("copied "), "{said}");
    assert_snapshot!(sandbox.run("ledger backup copy.db"), @"
    [stderr]
    error: there is a file already: `copy.db`
    hint: name another file, or move that one away
    [exit 2]
    ");
    sandbox.spend("web", "7", "later");
    let said = sandbox.run("ledger restore copy.db");
    assert!(
        said.contains("the ledger of before is [HOME]/.local/share/octorato/ledger.db."),
        "{said}"
    );
    assert_eq!(sandbox.json("budget status")["budgets"], before);
    // What is no ledger is not put in its place.
    sandbox.write("junk.db", "junk");
    let output = sandbox.output("ledger restore junk.db");
    assert_eq!(output.status.code(), Some(2), "{}", sandbox.seen(&output));
    assert_eq!(sandbox.json("budget status")["budgets"], before);
    // Nor is it needed that there is one.
    fs::remove_dir_all(sandbox.path(".local/share/octorato")).unwrap();
    sandbox.stdout("ledger restore copy.db");
    assert_eq!(sandbox.json("budget status")["budgets"], before);
}

#[test]
fn without_a_ledger_there_is_a_hint() {
    assert_snapshot!(Sandbox::new().run("ledger verify"), @"
    [stderr]
    error: no ledger yet: `[HOME]/.local/share/octorato/ledger.db`
    hint: run `octorato init`; `octorato sync` makes it too, and fills it
    [exit 2]
    ");
}
