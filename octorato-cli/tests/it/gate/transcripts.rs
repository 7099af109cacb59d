//! What a session's own transcript says counts at its next step.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::{ask, budgets, claude, event, machine, read_notes, tool};
use crate::sandbox::Sandbox;
use crate::transcript::Turn;

/// Two turns of `$0.003` reach it.
const CAP: &str = "
budgets:
  - { arm: acme, monthly_usd_cap: 0.006, action_on_breach: hard_stop }
  - { arm: globex, monthly_usd_cap: 0.006, action_on_breach: hard_stop }
";

fn capped() -> Sandbox {
    let sandbox = machine();
    budgets(&sandbox, CAP);
    sandbox
}

/// The turns of the day as the transcript has them.
fn turns(sandbox: &Sandbox, cwd: &str, ids: &[&str]) -> Vec<String> {
    let cwd = sandbox.path(cwd);
    let now = jiff::Timestamp::now().to_string();
    ids.iter().map(|id| Turn::new(id, &now, cwd.to_str().unwrap()).line()).collect()
}

fn write(sandbox: &Sandbox, lines: &[String]) -> PathBuf {
    sandbox.transcript("session-1", lines)
}

#[test]
fn the_turn_that_reaches_the_cap_is_the_last_one() {
    let sandbox = capped();
    let question = read_notes(&sandbox, "clients/acme");
    claude(&sandbox, &question).allows();
    write(&sandbox, &turns(&sandbox, "clients/acme", &["1"]));
    claude(&sandbox, &question).allows();
    write(&sandbox, &turns(&sandbox, "clients/acme", &["1", "2"]));
    let answer = claude(&sandbox, &question);
    assert!(answer.denies().contains("$0.006 spent of $0.006"), "{answer:?}");
    // Nothing new is nothing more.
    assert!(claude(&sandbox, &question).denies().contains("$0.006 spent"));
    claude(&sandbox, &read_notes(&sandbox, "clients/globex")).allows();
}

#[test]
fn copies_of_a_request_count_once() {
    let sandbox = capped();
    let lines = turns(&sandbox, "clients/acme", &["1", "1", "1"]);
    write(&sandbox, &lines);
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).allows();
    let other = turns(&sandbox, "clients/acme", &["1"]);
    sandbox.transcript("session-2", &other);
    let mut question = read_notes(&sandbox, "clients/acme");
    question["session_id"] = "session-2".into();
    question["transcript_path"] =
        sandbox.path(".claude/projects/-w/session-2.jsonl").to_str().into();
    claude(&sandbox, &question).allows();
}

#[test]
fn what_sub_agents_spend_counts_for_the_arm_of_their_session() {
    let sandbox = capped();
    let question = read_notes(&sandbox, "clients/acme");
    write(&sandbox, &turns(&sandbox, "clients/acme", &["1"]));
    claude(&sandbox, &question).allows();
    let lines = turns(&sandbox, "clients/acme", &["2"]).join("\n") + "\n";
    sandbox.write(".claude/projects/-w/session-1/subagents/agent-a.jsonl", lines);
    claude(&sandbox, &question).denies();
}

#[test]
fn what_happened_in_another_folder_belongs_to_that_folder() {
    let sandbox = capped();
    let mut lines = turns(&sandbox, "clients/acme", &["1"]);
    lines.extend(turns(&sandbox, "clients/globex", &["2", "3"]));
    write(&sandbox, &lines);
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).allows();
    let other = claude(&sandbox, &event(&sandbox, "clients/globex", "Stop", &json!({})));
    other.allows();
    let output =
        claude(&sandbox, &tool(&sandbox, "clients/globex", "Bash", &json!({"command": "ls"})));
    assert!(output.talk.contains("arm globex"), "{output:?}");
    assert!(!output.talk.contains("acme"), "{output:?}");
}

#[test]
fn a_transcript_that_is_rewritten_counts_no_request_twice() {
    let sandbox = capped();
    let question = read_notes(&sandbox, "clients/acme");
    write(&sandbox, &turns(&sandbox, "clients/acme", &["1"]));
    claude(&sandbox, &question).allows();
    let long = format!("{{\"type\":\"summary\",\"summary\":\"{}\"}}", "x".repeat(5_000));
    let mut lines = vec![long];
    lines.extend(turns(&sandbox, "clients/acme", &["1"]));
    write(&sandbox, &lines);
    claude(&sandbox, &question).allows();
}

#[test]
fn the_spend_of_a_transcript_that_is_gone_still_counts() {
    let sandbox = capped();
    let question = read_notes(&sandbox, "clients/acme");
    let file = write(&sandbox, &turns(&sandbox, "clients/acme", &["1", "2"]));
    claude(&sandbox, &question).denies();
    fs::remove_file(file).unwrap();
    claude(&sandbox, &question).denies();
}

#[test]
fn a_model_without_a_price_is_refused_under_a_hard_cap_unless_declared_otherwise() {
    let sandbox = capped();
    let cwd = sandbox.path("clients/acme");
    let now = jiff::Timestamp::now().to_string();
    let turn = Turn::new("1", &now, cwd.to_str().unwrap()).model("nobody-sells-this-1");
    write(&sandbox, &[turn.line()]);
    let question = read_notes(&sandbox, "clients/acme");
    let answer = claude(&sandbox, &question);
    assert!(answer.denies().contains("`nobody-sells-this-1` has no price"), "{answer:?}");
    budgets(&sandbox, &format!("unpriced: flag\n{CAP}"));
    claude(&sandbox, &question).allows();
}

#[test]
fn a_session_that_went_elsewhere_spends_for_its_arm() {
    let sandbox = capped();
    write(&sandbox, &turns(&sandbox, "clients/acme", &["1"]));
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).allows();
    let mut lines = turns(&sandbox, "clients/acme", &["1"]);
    lines.extend(turns(&sandbox, "elsewhere", &["2"]));
    write(&sandbox, &lines);
    let answer = claude(&sandbox, &tool(&sandbox, "elsewhere", "WebSearch", &json!({})));
    assert!(answer.denies().contains("$0.006 spent"), "{answer:?}");
}

/// Somebody holds the ledger: what the session gained cannot be booked, so nothing is known.
#[test]
fn a_ledger_that_is_held_is_answered_by_on_error_in_time() {
    let sandbox = capped();
    let question = read_notes(&sandbox, "clients/acme");
    claude(&sandbox, &question).allows();
    let queue = sandbox.path(".local/share/octorato/ledger.db-queue");
    let held = fs::OpenOptions::new().write(true).open(queue).unwrap();
    held.lock().unwrap();
    write(&sandbox, &turns(&sandbox, "clients/acme", &["1"]));
    let line = "gate --agent claude --deadline-ms 300";
    let answer = ask(&sandbox, line, &question);
    assert!(answer.denies().contains("in time"), "{answer:?}");
    // Over initech nothing is enforced, and to look needs no turn.
    let other =
        ask(&sandbox, line, &event(&sandbox, "clients/initech", "Notification", &json!({})));
    other.allows();
    budgets(&sandbox, &format!("on_error: allow\n{CAP}"));
    let answer = ask(&sandbox, line, &question);
    assert_eq!((answer.code, answer.talk.lines().count()), (0, 1), "{answer:?}");
    held.unlock().unwrap();
    claude(&sandbox, &question).allows();
}

/// The ledger must not come to lie where it would be committed.
#[test]
fn no_ledger_is_made_inside_a_git_work_tree() {
    let sandbox = capped();
    fs::create_dir_all(sandbox.path(".local/share/octorato")).unwrap();
    fs::create_dir_all(sandbox.path(".local/.git")).unwrap();
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).denies();
    assert!(!sandbox.path(".local/share/octorato/ledger.db").exists());
}
