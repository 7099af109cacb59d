//! 0 or 2, whatever happens.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Answer, ask_raw, budgets, machine, read_notes, tool};

#[test]
fn a_mistake_on_the_command_line_denies_in_one_line() {
    let sandbox = machine();
    let input = read_notes(&sandbox, "clients/acme").to_string();
    for line in [
        "gate",
        "gate --agent",
        "gate --agent nobody",
        "gate --agent=",
        "gate --agent claude --what",
        "gate --agent claude extra",
        "gate --agent claude --deadline-ms soon",
        "gate --agent claude --deadline-ms 0",
        "gate --agent claude --event",
        "--home gate --agent claude gate --nonsense",
    ] {
        let answer = ask_raw(&sandbox, line, input.as_bytes());
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{line}: {answer:?}");
        assert_eq!(answer.talk.lines().count(), 1, "{line}: {answer:?}");
    }
    for line in [
        "gate --agent claude",
        "gate --agent=claude --quiet",
        "-q gate --event=PreToolUse --agent claude",
    ] {
        ask_raw(&sandbox, line, input.as_bytes()).allows();
    }
}

/// At the end of something 2 would make the agent work on, and be asked the same again.
#[test]
fn a_mistake_on_the_command_line_makes_no_agent_work_on() {
    let sandbox = machine();
    for line in [
        "gate --agent claude --event Stop --what",
        "gate --agent claude --event=SubagentStop extra",
        "gate --event SessionEnd",
        "gate --agent nobody --event agentStop",
        "gate --deadline-ms 0 --agent cursor --event stop",
        "gate --agent claude --event TeammateIdle --what",
    ] {
        let answer = ask_raw(&sandbox, line, b"{}");
        assert_eq!((answer.code, answer.out.as_str()), (0, ""), "{line}: {answer:?}");
        assert_eq!(answer.talk.lines().count(), 1, "{line}: {answer:?}");
    }
    // The name of another agent's event is no end of this one's.
    for line in ["gate --agent claude --event agentStop --what", "gate --agent claude --event"] {
        assert_eq!(ask_raw(&sandbox, line, b"{}").code, 2, "{line}");
    }
}

/// The debug build breaks where it is told to; nothing of it is in a release.
#[test]
fn a_gate_that_breaks_denies_or_lets_an_end_be_one() {
    let sandbox = machine();
    let input = read_notes(&sandbox, "clients/acme").to_string();
    let ask = |place: &str, line: &str| {
        let input = std::fs::File::open(sandbox.write("input.json", &input)).unwrap();
        let mut command = sandbox.command();
        command.args(line.split_whitespace()).env("OCTORATO_DEBUG_GATE_PANIC", place);
        Answer::of(&command.stdin(input).output().unwrap())
    };
    if !cfg!(debug_assertions) {
        ask("start", "gate --agent claude").allows();
        return;
    }
    for place in ["start", "input"] {
        for line in ["gate --agent claude", "gate --agent claude --event PreToolUse"] {
            ask(place, line).denies();
        }
        let end = ask(place, "gate --agent claude --event Stop");
        assert_eq!((end.code, end.out.as_str()), (0, ""), "{place}: {end:?}");
        assert_eq!(end.talk.lines().count(), 1, "{place}: {end:?}");
    }
    // A panic that is caught in the work is answered as declared; the rest has read nothing yet.
    budgets(&sandbox, "on_error: allow\nbudgets: []\n");
    assert_eq!(ask("start", "gate --agent claude").code, 2);
}

#[test]
fn an_input_that_is_no_hooks_is_denied_unless_declared_otherwise() {
    let sandbox = machine();
    let good = read_notes(&sandbox, "clients/acme").to_string();
    let cut = &good[..good.len() - 9];
    let deep = "[".repeat(200_000);
    let inputs = ["", "garbage", "{}", "[]", "null", "\u{feff}", cut, &deep, "{\"session_id\": 1}"];
    for input in inputs {
        ask_raw(&sandbox, "gate --agent claude --event PreToolUse", input.as_bytes()).denies();
        let answer = ask_raw(&sandbox, "gate --agent claude", input.as_bytes());
        answer.denies();
    }
    ask_raw(&sandbox, "gate --agent claude", b"\xff\xfe").denies();
    budgets(&sandbox, "on_error: allow\nbudgets: []\n");
    for input in inputs {
        let answer = ask_raw(&sandbox, "gate --agent claude", input.as_bytes());
        assert_eq!((answer.code, answer.talk.lines().count()), (0, 1), "{answer:?}");
    }
}

#[test]
#[cfg(unix)]
fn a_refusal_that_nobody_can_read_is_the_exit_code() {
    let sandbox = machine();
    let secret = json!({"file_path": "@/clients/globex/notes.md"});
    let ask = |name: &str, input: &serde_json::Value| {
        let input = tool(&sandbox, "clients/acme", name, input).to_string();
        let input = sandbox.write("input.json", input);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = sandbox.command();
        command.args(["gate", "--agent", "claude"]).stdin(std::fs::File::open(input).unwrap());
        let output = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        Answer::of(&output.wait_with_output().unwrap())
    };
    let denied = ask("Read", &secret);
    assert_eq!(denied.code, 2, "{denied:?}");
    assert!(denied.talk.contains("outside"), "{denied:?}");
    ask("Read", &json!({"file_path": "notes.md"})).allows();
}

/// Nobody ever closes the input: the gate answers by itself before the agent gives up on it.
#[test]
fn an_input_that_never_ends_is_answered_in_time() {
    let sandbox = machine();
    let ask = |line: &str| {
        let mut command = sandbox.command();
        command.args(line.split_whitespace());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().unwrap();
        let open = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        drop(open);
        assert!(started.elapsed() < Duration::from_secs(30));
        Answer::of(&output)
    };
    let denied = ask("gate --agent claude --deadline-ms 50");
    assert_eq!(denied.code, 2, "{denied:?}");
    assert!(denied.denies().contains("in time"), "{denied:?}");
    let denied = ask("gate --agent claude --event PreToolUse --deadline-ms 50");
    assert!(denied.object()["hookSpecificOutput"]["permissionDecision"] == "deny", "{denied:?}");
    let end = ask("gate --agent claude --event Stop --deadline-ms 50");
    assert_eq!((end.code, end.out.as_str()), (0, ""), "{end:?}");
}

#[test]
fn no_help_is_an_answer() {
    let sandbox = machine();
    let help = ask_raw(&sandbox, "gate --help", b"");
    assert!(help.code == 0 && help.out.contains("--agent <AGENT>"), "{help:?}");
}
