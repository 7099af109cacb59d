//! The wall through the real command: acceptance 13.

use std::fs;

use serde_json::{Value, json};

use super::{ask, claude, machine, tool};

#[test]
fn another_arms_file_is_denied_to_each_tool_and_logged() {
    let sandbox = machine();
    sandbox.write("clients/globex/secret.txt", "x");
    let acme = sandbox.path("clients/acme");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(sandbox.path("clients/globex"), acme.join("link")).unwrap();
        fs::hard_link(sandbox.path("clients/globex/secret.txt"), acme.join("hard")).unwrap();
    }
    let secret = "@/clients/globex/secret.txt";
    let cases: &[(&str, Value)] = &[
        ("Read", json!({"file_path": secret})),
        ("Read", json!({"file_path": "link/secret.txt"})),
        ("Read", json!({"file_path": "hard"})),
        ("Read", json!({"file_path": "../globex/secret.txt"})),
        ("Read", json!({"file_path": "../GLOBEX/secret.txt"})),
        ("Read", json!({"file_path": format!("/proc/self/root{secret}")})),
        ("Grep", json!({"pattern": "x", "path": "@/clients/globex"})),
        ("Grep", json!({"pattern": "x", "path": "@/clients"})),
        ("Glob", json!({"pattern": "../globex/*"})),
        ("Bash", json!({"command": format!("cat {secret}")})),
        ("Bash", json!({"command": "rg x ../globex"})),
        ("Bash", json!({"command": "git -C ../globex log"})),
        ("Bash", json!({"command": format!("python3 -c \"print(open('{secret}').read())\"")})),
        ("mcp__filesystem__read_file", json!({"path": secret})),
        ("Write", json!({"file_path": secret, "content": ""})),
        ("NotebookEdit", json!({"notebook_path": "../globex/a.ipynb", "new_source": ""})),
        ("Read", json!({"file_path": "@/.config/octorato/arms.yaml"})),
        ("Bash", json!({"command": "cat ~/.local/share/octorato/ledger.db"})),
        (
            "Edit",
            json!({"file_path": "@/.claude/settings.json", "old_string": "a", "new_string": ""}),
        ),
        ("Read", json!({"file_path": "@/.claude/projects/-other/1.jsonl"})),
    ];
    for (name, input) in cases {
        let answer = claude(&sandbox, &tool(&sandbox, "clients/acme", name, input));
        answer.denies();
        assert_eq!(answer.code, 0, "{name} {input}");
        let decision = &answer.object()["hookSpecificOutput"]["permissionDecision"];
        assert_eq!(decision, "deny", "{name} {input}");
    }
    let log = fs::read_to_string(sandbox.path(".local/share/octorato/gate/denied.jsonl")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), cases.len());
    for (line, (name, _)) in lines.iter().zip(cases) {
        assert_eq!(
            (&line["by"], &line["tool"], &line["arm"]),
            (&"wall".into(), &(*name).into(), &"acme".into())
        );
    }
}

#[test]
fn work_within_ones_own_folders_goes_on_without_a_word() {
    let sandbox = machine();
    for (name, input) in [
        ("Read", json!({"file_path": "notes.md"})),
        ("Write", json!({"file_path": "@/clients/acme/new.md", "content": "see ../globex"})),
        ("Bash", json!({"command": "cargo test 2>&1 | tail -3"})),
        ("Grep", json!({"pattern": "globex"})),
        ("Glob", json!({"pattern": "**/*.md"})),
        ("Task", json!({"subagent_type": "x", "prompt": "read ~/clients/globex"})),
    ] {
        claude(&sandbox, &tool(&sandbox, "clients/acme", name, &input)).allows();
    }
}

#[test]
fn a_session_that_went_elsewhere_still_works_for_its_arm() {
    let sandbox = machine();
    let own = json!({"file_path": "@/clients/acme/notes.md"});
    fs::create_dir(sandbox.path("elsewhere")).unwrap();
    claude(&sandbox, &tool(&sandbox, "elsewhere", "Read", &own)).denies();
    claude(&sandbox, &tool(&sandbox, "clients/acme", "Read", &own)).allows();
    claude(&sandbox, &tool(&sandbox, "elsewhere", "Read", &own)).allows();
}

#[test]
fn a_session_is_given_to_the_arm_that_it_was_started_for() {
    let sandbox = machine();
    let start = super::event(&sandbox, "elsewhere", "SessionStart", &json!({"source": "startup"}));
    let mut command = sandbox.command();
    command.args(["gate", "--agent", "claude"]).env("OCTORATO_ARM", "acme");
    let input = sandbox.write("input.json", start.to_string());
    let output = command.stdin(fs::File::open(input).unwrap()).output().unwrap();
    super::Answer::of(&output).allows();
    let own = json!({"file_path": "@/clients/acme/notes.md"});
    claude(&sandbox, &tool(&sandbox, "elsewhere", "Read", &own)).allows();
    let pins = sandbox.path(".local/share/octorato/assignments.jsonl");
    assert!(fs::read_to_string(pins).unwrap().contains("session-1"));
}

#[test]
fn every_agents_tools_meet_the_wall() {
    let sandbox = machine();
    let cwd = sandbox.path("clients/acme");
    let cat = "cat ../globex/notes.md";
    for (line, input) in [
        (
            "gate --agent codex",
            json!({"session_id": "s", "cwd": cwd, "hook_event_name": "PreToolUse",
            "tool_name": "Bash", "tool_input": {"command": cat}}),
        ),
        (
            "gate --agent codex",
            json!({"session_id": "s", "cwd": cwd, "hook_event_name": "PreToolUse",
            "tool_name": "apply_patch",
            "tool_input": {"command": "*** Begin Patch\n*** Update File: ../globex/notes.md\n"}}),
        ),
        (
            "gate --agent gemini",
            json!({"session_id": "s", "cwd": cwd, "hook_event_name": "BeforeTool",
            "tool_name": "read_file", "tool_input": {"absolute_path": "../globex/notes.md"}}),
        ),
        (
            "gate --agent gemini",
            json!({"session_id": "s", "cwd": cwd, "hook_event_name": "BeforeTool",
            "tool_name": "run_shell_command", "tool_input": {"command": cat}}),
        ),
        (
            "gate --agent copilot --event preToolUse",
            json!({"sessionId": "s", "cwd": cwd,
            "timestamp": 1, "toolName": "bash", "toolArgs": {"command": cat}}),
        ),
        (
            "gate --agent copilot --event preToolUse",
            json!({"sessionId": "s", "cwd": cwd,
            "timestamp": 1, "toolName": "view", "toolArgs": "{\"path\":\"../globex/notes.md\"}"}),
        ),
        (
            "gate --agent cursor",
            json!({"conversation_id": "s", "generation_id": "g",
            "hook_event_name": "beforeShellExecution", "workspace_roots": [cwd], "command": cat,
            "cwd": cwd}),
        ),
        (
            "gate --agent cursor",
            json!({"conversation_id": "s", "generation_id": "g",
            "hook_event_name": "beforeReadFile", "workspace_roots": [cwd],
            "file_path": cwd.join("../globex/notes.md"), "content": "x"}),
        ),
    ] {
        let answer = ask(&sandbox, line, &input);
        let reason = answer.denies();
        assert!(reason.contains("outside"), "{line}: {answer:?}");
    }
}
