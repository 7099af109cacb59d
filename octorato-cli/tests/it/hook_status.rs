//! Whether agents really call the gate.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;

use crate::hook::run;
use crate::sandbox::Sandbox;

const BINARY: &str = env!("CARGO_BIN_EXE_octorato");

fn settings(agent: &str) -> &'static str {
    match agent {
        "claude" => ".claude/settings.json",
        "codex" => ".codex/hooks.json",
        "gemini" => ".gemini/settings.json",
        "copilot" => ".copilot/hooks/octorato.json",
        _ => ".cursor/hooks.json",
    }
}

/// What is found of an agent once its settings were edited by somebody.
fn found(agent: &str, edit: impl Fn(&Sandbox, String) -> String) -> Vec<String> {
    let sandbox = Sandbox::new();
    sandbox.stdout(&format!("hook install {agent} -q"));
    let path = sandbox.path(settings(agent));
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, edit(&sandbox, text)).unwrap();
    let status = sandbox.json(&format!("hook status {agent}"));
    let findings = status["agents"][0]["findings"].as_array().unwrap();
    let mut codes: Vec<_> = findings
        .iter()
        .filter(|finding| !(agent == "codex" && finding["code"] == "HOK013"))
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect();
    codes.dedup();
    codes
}

#[test]
fn each_agent_is_told_of() {
    let sandbox = Sandbox::new();
    assert_snapshot!(run(&sandbox, "hook status"), @r"
    Claude Code  not installed
    Codex        not installed
    Gemini CLI   not installed
    Copilot CLI  not installed
    Cursor       not installed
    ");
    sandbox.stdout("hook install claude codex cursor -q");
    assert_snapshot!(run(&sandbox, "hook status"), @r"
    Claude Code  installed, 7 hooks
      settings     [HOME]/.claude/settings.json
      transcripts  read: exact for completed turns
    Codex        problems
      settings     [HOME]/.codex/hooks.json
      transcripts  not read yet: the gate enforces what the ledger knows until its reader comes
      error[HOK013]: Codex was not told to trust the hooks: `SessionStart`, `UserPromptSubmit`, `PreToolUse`, `Stop`
        hint: review them with `/hooks` in Codex, which skips them until then
    Gemini CLI   not installed
    Copilot CLI  not installed
    Cursor       installed, 9 hooks
      settings     [HOME]/.cursor/hooks.json
      transcripts  not read yet: the gate enforces what the ledger knows until its reader comes
    ");
    let strict = |line: &str| sandbox.output(&format!("hook status {line} --strict")).status.code();
    assert_eq!(
        [strict("claude"), strict("codex"), strict("gemini"), strict("")],
        [Some(0), Some(1), Some(1), Some(1)]
    );
}

#[test]
fn what_was_done_to_a_hook_is_found() {
    for agent in ["claude", "codex", "gemini", "copilot", "cursor"] {
        let found = |edit: &dyn Fn(&Sandbox, String) -> String| found(agent, edit);
        assert_eq!(found(&|_, text| text), [""; 0], "{agent}");
        // A unit that is another agent's, none at all.
        let other = if agent == "gemini" { "5" } else { "5000" };
        let right = if agent == "gemini" { "5000" } else { "5" };
        let key = if agent == "copilot" { "\"timeoutSec\": " } else { "\"timeout\": " };
        let wrong = |_: &Sandbox, text: String| {
            text.replacen(&format!("{key}{right}"), &format!("{key}{other}"), 1)
        };
        assert_eq!(found(&wrong), ["HOK007"], "{agent}");
        // A program that is not there.
        assert_eq!(found(&|_, text| text.replace(BINARY, "/gone/octorato")), ["HOK004"], "{agent}");
        let relative = |_: &Sandbox, text: String| text.replace(BINARY, "octorato");
        assert_eq!(found(&relative), ["HOK004"], "{agent}");
        let plain = |sandbox: &Sandbox, text: String| {
            let file = sandbox.write("other/octorato", "#!/bin/sh\n");
            text.replace(BINARY, file.to_str().unwrap())
        };
        assert_eq!(found(&plain), ["HOK005"], "{agent}");
        let other = |sandbox: &Sandbox, text: String| {
            text.replace(BINARY, executable(sandbox, "exit 0").to_str().unwrap())
        };
        assert_eq!(found(&other), ["HOK006"], "{agent}");
        // An event that is not called any more.
        let event = if matches!(agent, "copilot" | "cursor") {
            "\"sessionStart\":"
        } else {
            "\"SessionStart\":"
        };
        let renamed = |_: &Sandbox, text: String| text.replace(event, "\"Notification\":");
        assert_eq!(found(&renamed), ["HOK009", "HOK010"], "{agent}");
        // Another event's command.
        let swapped = |_: &Sandbox, text: String| {
            text.replace("--event UserPromptSubmit", "--event Stop")
                .replace("--event BeforeAgent", "--event AfterAgent")
                .replace("--event userPromptSubmitted", "--event agentStop")
                .replace("--event beforeSubmitPrompt", "--event stop")
        };
        assert_eq!(found(&swapped), ["HOK010"], "{agent}");
    }
    let without =
        |agent: &str, what: &'static str| found(agent, |_, text| text.replacen(what, "", 1));
    assert_eq!(without("claude", ",\n            \"onFailure\": \"block\""), ["HOK008"]);
    assert_eq!(without("cursor", ",\n        \"failClosed\": true"), ["HOK008"]);
    assert_eq!(without("codex", " || exit 2"), ["HOK008"]);
    assert_eq!(without("gemini", " || exit 2"), ["HOK008"]);
    let edited = |from: &'static str, to: &'static str| {
        found("claude", move |_, text| text.replacen(from, to, 1))
    };
    assert_eq!(edited("\"matcher\": \"*\"", "\"matcher\": \"Bash\""), ["HOK010"]);
    assert_eq!(
        edited("\"type\": \"command\",", "\"type\": \"command\", \"async\": true,"),
        ["HOK010"]
    );
}

#[test]
fn settings_that_switch_hooks_off_are_found() {
    let off = |agent: &str, file: &str, text: &str| {
        found(agent, |sandbox, own| {
            if file == settings(agent) {
                return own.replacen('{', &format!("{{ {text},"), 1);
            }
            sandbox.write(file, text);
            own
        })
    };
    assert_eq!(off("claude", settings("claude"), "\"disableAllHooks\": true"), ["HOK011"]);
    // The folder in which the command runs is the project.
    assert_eq!(
        off("claude", ".claude/settings.local.json", "{\"disableAllHooks\": true}"),
        ["HOK011"]
    );
    assert_eq!(
        off("claude", ".claude/settings.local.json", "{\"disableAllHooks\": false}"),
        [""; 0]
    );
    assert_eq!(off("claude", ".claude/settings.local.json", "{"), ["HOK015"]);
    assert_eq!(off("codex", ".codex/config.toml", "[features]\nhooks = false\n"), ["HOK011"]);
    assert_eq!(off("codex", ".codex/config.toml", "[features]\ncodex_hooks = false\n"), ["HOK011"]);
    assert_eq!(
        off("gemini", settings("gemini"), "\"hooksConfig\": {\"enabled\": false} // x\n"),
        ["HOK011"]
    );
    assert_eq!(
        off("gemini", settings("gemini"), "\"hooksConfig\": {\"disabled\": [\"octorato-gate\"]}"),
        ["HOK011"]
    );
    assert_eq!(
        off("gemini", settings("gemini"), "\"hooksConfig\": {\"disabled\": [\"other\"]}"),
        [""; 0]
    );
    assert_eq!(off("copilot", ".copilot/config.json", "{\"disableAllHooks\": true}"), ["HOK011"]);
}

#[test]
fn a_project_that_names_other_private_places_is_found() {
    let with = |agent: &str, file: &str, text: &str| {
        found(agent, |sandbox, own| {
            sandbox.write(file, text);
            own
        })
    };
    let local = ".claude/settings.local.json";
    assert_eq!(with("claude", local, r#"{"env": {"OCTORATO_HOME": "/x"}}"#), ["HOK018"]);
    assert_eq!(with("claude", local, r#"{"env": {"OCTORATO_ARM": "x"}}"#), [""; 0]);
    assert_eq!(with("gemini", ".gemini/.env", "A=b\n export OCTORATO_STATE = /x\n"), ["HOK018"]);
    assert_eq!(with("gemini", ".env", "# OCTORATO_HOME=/x\n"), [""; 0]);
}

#[test]
fn codex_says_whom_it_trusts() {
    let sandbox = Sandbox::new();
    sandbox.stdout("hook install codex -q");
    let hooks = sandbox.path(".codex/hooks.json");
    let mark = |event: &str, rest: &str| {
        format!("[hooks.state.\"{}:{event}:0:0\"]\n{rest}\n", hooks.display())
    };
    let hash = "trusted_hash = \"sha256:00\"";
    let some = mark("session_start", hash)
        + &mark("user_prompt_submit", hash)
        + &mark("pre_tool_use", hash);
    sandbox.write(".codex/config.toml", &(some.clone() + &mark("stop", hash)));
    assert_snapshot!(run(&sandbox, "hook status codex --strict"), @r"
    Codex        installed, 4 hooks
      settings     [HOME]/.codex/hooks.json
      transcripts  not read yet: the gate enforces what the ledger knows until its reader comes
      warning[HOK014]: whether Codex trusts the hooks as they are now is unknown
        hint: `/hooks` in Codex shows it; a changed hook is skipped until reviewed
    ");
    let off = format!("{hash}\nenabled = false");
    sandbox.write(
        ".codex/config.toml",
        &(some.replace(&mark("pre_tool_use", hash), "") + &mark("stop", &off)),
    );
    assert_snapshot!(run(&sandbox, "hook status codex --strict"), @r"
    Codex        problems
      settings     [HOME]/.codex/hooks.json
      transcripts  not read yet: the gate enforces what the ledger knows until its reader comes
      error[HOK011]: the hook is switched off in Codex: `Stop`
        hint: switch it on with `/hooks` in Codex
      error[HOK013]: Codex was not told to trust the hooks: `PreToolUse`
        hint: review them with `/hooks` in Codex, which skips them until then
      warning[HOK014]: whether Codex trusts the hooks as they are now is unknown
        hint: `/hooks` in Codex shows it; a changed hook is skipped until reviewed
    [exit 1]
    ");
}

/// A program of the name `octorato` with these lines of a shell.
fn executable(sandbox: &Sandbox, lines: &str) -> PathBuf {
    let path = sandbox.write("stub/octorato", format!("#!/bin/sh\n{lines}\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    path
}

/// The self-test of an agent whose hooks call these lines.
fn tested(agent: &str, lines: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.stdout(&format!("hook install {agent} -q"));
    let path = sandbox.path(settings(agent));
    let stub = executable(&sandbox, lines);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace(BINARY, stub.to_str().unwrap())).unwrap();
    let status = sandbox.json(&format!("hook status {agent} --self-test"));
    let tests = status["agents"][0]["self_test"].as_array().unwrap();
    assert!(tests.len() >= 2);
    let messages = tests.iter().flat_map(|test| test["findings"].as_array().unwrap());
    let messages: Vec<_> = messages.map(|finding| finding["message"].as_str().unwrap()).collect();
    messages.join("\n")
}

/// A gate that refuses with exit 2 where the cap is the low one, and reads its input.
const HONEST: &str = "cat > /dev/null\n\
    case \"$*\" in *'--agent claude --event Stop'*) exit 0;; esac\n\
    grep -q 'usd_cap: 0.01' \"$OCTORATO_HOME/budgets.yaml\" || exit 0\n";

#[test]
#[cfg(unix)]
fn the_self_test_demands_a_refusal_over_the_cap_and_none_below_it() {
    for agent in ["claude", "codex", "gemini", "cursor"] {
        assert_eq!(tested(agent, &format!("{HONEST}echo 'acme: over' >&2; exit 2")), "", "{agent}");
    }
    let codex = tested("codex", "cat > /dev/null; exit 0");
    assert_snapshot!(codex, @r"
    allowed (exit 0) over the cap: `UserPromptSubmit`
    allowed (exit 0) over the cap: `PreToolUse`
    ");
    let refusing = tested(
        "gemini",
        "cat >/dev/null; case \"$*\" in *claude*) exit 0;; esac; echo no >&2; exit 2",
    );
    assert_snapshot!(refusing, @r"
    denied (exit 2, stderr no) below the cap: `BeforeAgent`
    denied (exit 2, stderr no) below the cap: `BeforeModel`
    denied (exit 2, stderr no) below the cap: `BeforeTool`
    ");
    // The words of another agent, talk before the answer, a crash.
    let gemini = r#"echo '{"decision":"deny","reason":"no"}'; echo no >&2"#;
    assert_snapshot!(tested("claude", &format!("{HONEST}{gemini}")), @r#"
    not answered (exit 0, stdout {"decision":"deny","reason":"no"}, stderr no) over the cap: `UserPromptSubmit`
    not answered (exit 0, stdout {"decision":"deny","reason":"no"}, stderr no) over the cap: `PreToolUse`
    "#);
    assert_eq!(tested("gemini", &format!("{HONEST}{gemini}")), "");
    assert_snapshot!(tested("cursor", &format!("{HONEST}echo log; exit 2")), @r"
    not answered (exit 2, stdout log) over the cap: `beforeSubmitPrompt`
    not answered (exit 2, stdout log) over the cap: `preToolUse`
    not answered (exit 2, stdout log) over the cap: `beforeShellExecution`
    not answered (exit 2, stdout log) over the cap: `beforeMCPExecution`
    not answered (exit 2, stdout log) over the cap: `beforeReadFile`
    ");
    assert_snapshot!(tested("codex", "exit 1"), @r"
    the ledger could not be filled (exit 1) over the cap: `UserPromptSubmit`
    the ledger could not be filled (exit 1) below the cap: `UserPromptSubmit`
    the ledger could not be filled (exit 1) over the cap: `PreToolUse`
    the ledger could not be filled (exit 1) below the cap: `PreToolUse`
    ");
    // A prompt in Copilot CLI passes in spite of exit 2.
    assert_snapshot!(tested("copilot", &format!("{HONEST}echo no >&2; exit 2")), @r"
    not answered (exit 2, stderr no) over the cap: `userPromptSubmitted`
    ");
}

#[test]
fn the_gate_itself_passes_the_self_test_of_every_agent() {
    let sandbox = Sandbox::new();
    sandbox.stdout("hook install claude codex gemini copilot cursor -q");
    let status = sandbox.json("hook status --self-test");
    for agent in status["agents"].as_array().unwrap() {
        let tests = agent["self_test"].as_array().unwrap();
        assert!(tests.len() >= 2, "{agent}");
        for test in tests {
            assert_eq!(test["findings"], serde_json::json!([]), "{agent}");
        }
    }
}

#[test]
fn places_that_only_this_shell_knows_are_told_of() {
    let sandbox = Sandbox::new();
    sandbox.stdout("hook install claude -q --state elsewhere");
    assert_snapshot!(run(&sandbox, "hook status claude --state elsewhere --strict"), @r"
    Claude Code  installed, 7 hooks
      settings     [HOME]/.claude/settings.json
      transcripts  read: exact for completed turns
      warning[HOK017]: the private places are named by this shell or command line
        hint: set `OCTORATO_HOME` and `OCTORATO_STATE` wherever the agent starts
    ");
}
