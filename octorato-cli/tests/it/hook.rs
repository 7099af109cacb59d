//! Hooks in the settings of agents: put in, taken out.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::{Sandbox, files};
use crate::shape::Schema;

/// The path of this binary, which the hooks call.
const BINARY: &str = env!("CARGO_BIN_EXE_octorato");

/// What a person sees, with the binary named as it is called.
pub(crate) fn run(sandbox: &Sandbox, line: &str) -> String {
    sandbox.run(line).replace(BINARY, "[octorato]")
}

#[test]
fn install_and_uninstall_leave_the_settings_as_they_were() {
    let sandbox = Sandbox::new();
    let text = "{\r\n\t\"model\": \"opus\",\r\n\t\"hooks\": { \"Stop\": [ ] }\r\n}";
    let settings = sandbox.write(".claude/settings.json", text);
    assert_snapshot!(run(&sandbox, "hook install claude codex"), @r"
    added     claude   [HOME]/.claude/settings.json
    added     codex    [HOME]/.codex/hooks.json
    [stderr]
    a copy of what was there: [HOME]/.local/share/octorato/hooks/backup/claude-d1666b834106-settings.json
    Codex skips hooks that were not reviewed: type `/hooks` there
    sessions that are open go on without the hooks until they are started again
    `octorato hook status --self-test` shows whether the gate holds
    ");
    assert!(fs::read_to_string(&settings).unwrap().contains("\"onFailure\": \"block\""));
    assert_snapshot!(run(&sandbox, "hook install claude codex -q"), @r"
    kept      claude   [HOME]/.claude/settings.json
    kept      codex    [HOME]/.codex/hooks.json
    ");
    assert_snapshot!(run(&sandbox, "hook uninstall claude codex -q"), @r"
    restored  claude   [HOME]/.claude/settings.json
    removed   codex    [HOME]/.codex/hooks.json
    ");
    assert_eq!(fs::read_to_string(&settings).unwrap(), text);
    assert!(!sandbox.path(".codex").exists());
    assert_snapshot!(run(&sandbox, "hook uninstall cursor"), @r"
    [stderr]
    no hooks were there
    ");
}

#[test]
fn a_dry_run_shows_a_diff_and_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write(
        ".cursor/hooks.json",
        "{ \"version\": 1, \"hooks\": { \"stop\": [{ \"command\": \"mine\" }] } }\n",
    );
    let before = files(&sandbox.path(""));
    assert_snapshot!(run(&sandbox, "hook install cursor --dry-run"), @r#"
    --- [HOME]/.cursor/hooks.json
    +++ [HOME]/.cursor/hooks.json
    @@ -1,1 +1,1 @@
    -{ "version": 1, "hooks": { "stop": [{ "command": "mine" }] } }
    +{ "version": 1, "hooks": { "stop": [{ "command": "mine" }, {"command": "[octorato] gate --agent cursor --event stop", "timeout": 5}], "sessionStart": [{"command": "[octorato] gate --agent cursor --event sessionStart", "timeout": 5}], "beforeSubmitPrompt": [{"command": "[octorato] gate --agent cursor --event beforeSubmitPrompt", "timeout": 5, "failClosed": true}], "preToolUse": [{"command": "[octorato] gate --agent cursor --event preToolUse", "timeout": 5, "failClosed": true}], "beforeShellExecution": [{"command": "[octorato] gate --agent cursor --event beforeShellExecution", "timeout": 5, "failClosed": true}], "beforeMCPExecution": [{"command": "[octorato] gate --agent cursor --event beforeMCPExecution", "timeout": 5, "failClosed": true}], "beforeReadFile": [{"command": "[octorato] gate --agent cursor --event beforeReadFile", "timeout": 5, "failClosed": true}], "subagentStart": [{"command": "[octorato] gate --agent cursor --event subagentStart", "timeout": 5, "failClosed": true}], "subagentStop": [{"command": "[octorato] gate --agent cursor --event subagentStop", "timeout": 5}] } }
    "#);
    assert_eq!(files(&sandbox.path("")), before);
}

#[test]
fn settings_that_are_no_json_are_shown_and_left() {
    let sandbox = Sandbox::new();
    sandbox.write(".claude/settings.json", "{\n  \"model\": \"opus\",\n}\n");
    assert_snapshot!(run(&sandbox, "hook install claude"), @r"
    [stderr]
    error[HOK001]: not JSON: a value is expected after `,`
     --> [HOME]/.claude/settings.json:3:1
      |
    3 | }
      | ^

    error: settings cannot be used: `[HOME]/.claude/settings.json`
    hint: correct the file first; nothing was written
    [exit 2]
    ");
    assert_snapshot!(run(&sandbox, "hook status claude"), @r"
    Claude Code  problems
      settings     [HOME]/.claude/settings.json
      transcripts  read: exact for completed turns
      error[HOK001]: not JSON: a value is expected after `,`
        at [HOME]/.claude/settings.json:3:1
    ");
}

#[test]
fn the_hooks_of_a_project_lie_in_it() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("w/acme")).unwrap();
    for agent in ["claude", "codex", "gemini", "copilot", "cursor"] {
        sandbox.stdout(&format!("hook install {agent} --project w/acme"));
    }
    let home = sandbox.path("");
    let shown = |path: &std::path::PathBuf| path.strip_prefix(&home).unwrap().display().to_string();
    let made = files(&sandbox.path("w"));
    let made: Vec<_> = made.iter().map(shown).collect();
    assert_eq!(
        made,
        [
            "w/acme/.claude/settings.local.json",
            "w/acme/.codex/hooks.json",
            "w/acme/.cursor/hooks.json",
            "w/acme/.gemini/settings.json",
            "w/acme/.github/hooks/octorato.json",
        ]
    );
    sandbox.stdout("hook uninstall claude codex gemini copilot cursor --project w/acme");
    assert_eq!(files(&sandbox.path("w")), Vec::<std::path::PathBuf>::new());
    assert_snapshot!(run(&sandbox, "hook install claude --project none"), @r"
    [stderr]
    error: cannot find the project at: `none`
      caused by: No such file or directory (os error 2)
    [exit 2]
    ");
}

#[test]
fn documents_are_what_their_schemas_say() {
    let sandbox = Sandbox::new();
    let change = Schema::parse(&sandbox.stdout("schema hook_change"));
    let status = Schema::parse(&sandbox.stdout("schema hook_status"));
    status.check(&sandbox.json("hook status")).unwrap();
    change.check(&sandbox.json("hook install claude codex --dry-run")).unwrap();
    let made = sandbox.json("hook install claude codex");
    change.check(&made).unwrap();
    assert_eq!(
        (&made["changes"][0]["changed"], &made["changes"][0]["diff"]),
        (&json!(true), &json!(null))
    );
    let document = sandbox.json("hook status --self-test");
    status.check(&document).unwrap();
    assert_eq!(document["agents"][2]["state"], "not_installed");
    change.check(&sandbox.json("hook uninstall claude codex")).unwrap();
}

#[test]
fn private_files_never_lie_in_a_git_work_tree() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("clone/.git")).unwrap();
    assert_snapshot!(run(&sandbox, "hook install claude --state clone/state"), @r"
    [stderr]
    error: private files would lie in a git work tree, folder: `clone/state/hooks`, work tree: `[HOME]/clone`
    hint: set `OCTORATO_STATE` to a folder outside of it
    [exit 2]
    ");
}
