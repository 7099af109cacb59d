//! Hooks are put into settings of any style and taken out again.

use std::fs;
use std::path::PathBuf;

use octorato_core::ErrorKind;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::document::Document;
use super::wanted::wanted;
use super::*;
use crate::gate::protocol::Agent;

mod random;

const BINARY: &str = "/opt/octorato";

/// A user's machine.
pub(super) struct Machine {
    pub(super) folder: TempDir,
    pub(super) hooks: Hooks,
}

impl Machine {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let hooks = Self::hooks(&folder, BINARY);
        Self { folder, hooks }
    }

    pub(super) fn hooks(folder: &TempDir, binary: &str) -> Hooks {
        let home = folder.path().canonicalize().unwrap();
        let places = Places {
            home: home.join("config"),
            state: home.join("state"),
            brain: None,
            user_home: Some(home.clone()),
        };
        let mut homes = Homes::resolve(Some(&home), |_| None).unwrap();
        homes.root = home.join("root");
        Hooks::new(&places, homes, binary.into())
    }

    pub(super) fn file(&self, agent: Agent) -> PathBuf {
        self.hooks.homes.files(agent, &Scope::User)[0].clone()
    }

    pub(super) fn write(&self, agent: Agent, text: &str) {
        let file = self.file(agent);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(super) fn text(&self, agent: Agent) -> Option<String> {
        fs::read_to_string(self.file(agent)).ok()
    }

    pub(super) fn install(&self, agent: Agent) -> Change {
        self.hooks.install(agent, &Scope::User, false).unwrap()
    }

    fn uninstall(&self, agent: Agent) -> Vec<Change> {
        self.hooks.uninstall(agent, &Scope::User, false).unwrap()
    }

    fn forget(&self) {
        fs::remove_dir_all(self.folder.path().join("state")).unwrap();
    }
}

fn value(agent: Agent, text: &str) -> Value {
    let document = Document::read("f", text.to_owned(), agent).unwrap();
    document.root.map_or(Value::Null, |root| root.value(&document.text))
}

#[test]
fn new_settings_of_each_agent() {
    let machine = Machine::new();
    let mut lines = Vec::new();
    for agent in Agent::ALL {
        let change = machine.install(agent);
        assert_eq!((change.before.as_ref(), change.backup.as_ref()), (None, None));
        let text = machine.text(agent).unwrap();
        assert!(text.starts_with("{\n  \"") && text.ends_with("\n  }\n}\n"));
        for wanted in wanted(agent, BINARY.as_ref()) {
            let list = &value(agent, &text)["hooks"][wanted.event];
            assert_eq!(list, &json!([wanted.entry(wanted::shape(agent)).value()]));
            lines.push(format!("{agent:<7} {}", wanted.entry(wanted::shape(agent)).flat()));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    claude  {"hooks": [{"type": "command", "command": "/opt/octorato gate --agent claude --event SessionStart", "timeout": 5}]}
    claude  {"hooks": [{"type": "command", "command": "/opt/octorato gate --agent claude --event UserPromptSubmit", "timeout": 5, "onFailure": "block"}]}
    claude  {"matcher": "*", "hooks": [{"type": "command", "command": "/opt/octorato gate --agent claude --event PreToolUse", "timeout": 5, "onFailure": "block"}]}
    claude  {"hooks": [{"type": "command", "command": "/opt/octorato gate --agent claude --event PostToolBatch", "timeout": 5, "onFailure": "block"}]}
    claude  {"hooks": [{"type": "command", "command": "/opt/octorato gate --agent claude --event SubagentStart", "timeout": 5}]}
    claude  {"hooks": [{"type": "command", "command": "/opt/octorato gate --agent claude --event SubagentStop", "timeout": 5}]}
    claude  {"hooks": [{"type": "command", "command": "/opt/octorato gate --agent claude --event Stop", "timeout": 5}]}
    codex   {"hooks": [{"type": "command", "command": "/opt/octorato gate --agent codex --event SessionStart", "timeout": 5}]}
    codex   {"hooks": [{"type": "command", "command": "/opt/octorato gate --agent codex --event UserPromptSubmit || exit 2", "timeout": 5}]}
    codex   {"hooks": [{"type": "command", "command": "/opt/octorato gate --agent codex --event PreToolUse || exit 2", "timeout": 5}]}
    codex   {"hooks": [{"type": "command", "command": "/opt/octorato gate --agent codex --event Stop", "timeout": 5}]}
    gemini  {"hooks": [{"name": "octorato-gate", "type": "command", "command": "/opt/octorato gate --agent gemini --event SessionStart", "timeout": 5000}]}
    gemini  {"hooks": [{"name": "octorato-gate", "type": "command", "command": "/opt/octorato gate --agent gemini --event BeforeAgent || exit 2", "timeout": 5000}]}
    gemini  {"hooks": [{"name": "octorato-gate", "type": "command", "command": "/opt/octorato gate --agent gemini --event BeforeModel || exit 2", "timeout": 5000}]}
    gemini  {"matcher": "*", "hooks": [{"name": "octorato-gate", "type": "command", "command": "/opt/octorato gate --agent gemini --event BeforeTool || exit 2", "timeout": 5000}]}
    gemini  {"matcher": "*", "hooks": [{"name": "octorato-gate", "type": "command", "command": "/opt/octorato gate --agent gemini --event AfterTool || exit 2", "timeout": 5000}]}
    gemini  {"hooks": [{"name": "octorato-gate", "type": "command", "command": "/opt/octorato gate --agent gemini --event AfterAgent", "timeout": 5000}]}
    copilot {"type": "command", "bash": "/opt/octorato gate --agent copilot --event sessionStart", "powershell": "& '/opt/octorato' gate --agent copilot --event sessionStart; exit $LASTEXITCODE", "timeoutSec": 5}
    copilot {"type": "command", "bash": "/opt/octorato gate --agent copilot --event userPromptSubmitted", "powershell": "& '/opt/octorato' gate --agent copilot --event userPromptSubmitted; exit $LASTEXITCODE", "timeoutSec": 5}
    copilot {"type": "command", "bash": "/opt/octorato gate --agent copilot --event preToolUse", "powershell": "& '/opt/octorato' gate --agent copilot --event preToolUse; exit $LASTEXITCODE", "timeoutSec": 5}
    copilot {"type": "command", "bash": "/opt/octorato gate --agent copilot --event postToolUse", "powershell": "& '/opt/octorato' gate --agent copilot --event postToolUse; exit $LASTEXITCODE", "timeoutSec": 5}
    copilot {"type": "command", "bash": "/opt/octorato gate --agent copilot --event subagentStop", "powershell": "& '/opt/octorato' gate --agent copilot --event subagentStop; exit $LASTEXITCODE", "timeoutSec": 5}
    copilot {"type": "command", "bash": "/opt/octorato gate --agent copilot --event agentStop", "powershell": "& '/opt/octorato' gate --agent copilot --event agentStop; exit $LASTEXITCODE", "timeoutSec": 5}
    cursor  {"command": "/opt/octorato gate --agent cursor --event sessionStart", "timeout": 5}
    cursor  {"command": "/opt/octorato gate --agent cursor --event beforeSubmitPrompt", "timeout": 5, "failClosed": true}
    cursor  {"command": "/opt/octorato gate --agent cursor --event preToolUse", "timeout": 5, "failClosed": true}
    cursor  {"command": "/opt/octorato gate --agent cursor --event beforeShellExecution", "timeout": 5, "failClosed": true}
    cursor  {"command": "/opt/octorato gate --agent cursor --event beforeMCPExecution", "timeout": 5, "failClosed": true}
    cursor  {"command": "/opt/octorato gate --agent cursor --event beforeReadFile", "timeout": 5, "failClosed": true}
    cursor  {"command": "/opt/octorato gate --agent cursor --event subagentStart", "timeout": 5, "failClosed": true}
    cursor  {"command": "/opt/octorato gate --agent cursor --event subagentStop", "timeout": 5}
    cursor  {"command": "/opt/octorato gate --agent cursor --event stop", "timeout": 5}
    "#);
    for agent in Agent::ALL {
        assert!(!machine.install(agent).is_any());
        let folder = machine.file(agent).parent().unwrap().to_path_buf();
        assert!(machine.uninstall(agent)[0].is_any());
        assert!(!folder.exists(), "{agent}");
        assert!(machine.uninstall(agent).is_empty());
    }
}

#[test]
fn hooks_stand_behind_those_of_others_in_the_style_of_the_file() {
    let machine = Machine::new();
    let text = "{\n\t// mine\n\t\"theme\": \"dark\", // yes\n\t\"hooks\": {\n\t\t\"BeforeTool\": [\n\t\t\t{ \"matcher\": \"x\", \"hooks\": [] } // theirs\n\t\t]\n\t} /* end */\n}";
    machine.write(Agent::Gemini, text);
    let change = machine.install(Agent::Gemini);
    let diff =
        change.diff().replace(machine.folder.path().canonicalize().unwrap().to_str().unwrap(), "~");
    insta::assert_snapshot!(&diff[..diff.find("\t\t\"BeforeAgent").unwrap()], @r#"
    --- ~/.gemini/settings.json
    +++ ~/.gemini/settings.json
    @@ -3,7 +3,79 @@
     	"theme": "dark", // yes
     	"hooks": {
     		"BeforeTool": [
    -			{ "matcher": "x", "hooks": [] } // theirs
    +			{ "matcher": "x", "hooks": [] }, // theirs
    +			{
    +				"matcher": "*",
    +				"hooks": [
    +					{
    +						"name": "octorato-gate",
    +						"type": "command",
    +						"command": "/opt/octorato gate --agent gemini --event BeforeTool || exit 2",
    +						"timeout": 5000
    +					}
    +				]
    +			}
    +		],
    +		"SessionStart": [
    +			{
    +				"hooks": [
    +					{
    +						"name": "octorato-gate",
    +						"type": "command",
    +						"command": "/opt/octorato gate --agent gemini --event SessionStart",
    +						"timeout": 5000
    +					}
    +				]
    +			}
    +		],
    +
    "#);
    machine.forget();
    machine.uninstall(Agent::Gemini);
    assert_eq!(machine.text(Agent::Gemini).as_deref(), Some(text));
}

#[test]
fn a_hook_of_ours_that_was_changed_or_moved_is_corrected_where_it_stands() {
    let machine = Machine::new();
    let theirs =
        json!({"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "a"}]}]}});
    machine.write(Agent::Claude, &theirs.to_string());
    machine.install(Agent::Claude);
    let installed = machine.text(Agent::Claude).unwrap();
    // Another binary, a time-out, a second one, one that nobody wants any more, one among others.
    let edited = installed
        .replace(
            "/opt/octorato gate --agent claude --event Stop",
            "/old/octorato gate --agent claude",
        )
        .replacen("\"timeout\":5", "\"timeout\":600", 1)
        .replace(
            "\"command\":\"a\"}",
            "\"command\":\"a\"},{\"command\":\"octorato gate --agent claude\"}",
        );
    let edited = edited.replace(
        "\"hooks\":{",
        "\"hooks\":{\"SessionEnd\":[{\"hooks\":[{\"command\":\"octorato gate --agent claude\"}]}],",
    );
    assert_ne!(edited, installed);
    machine.write(Agent::Claude, &edited);
    let change = machine.install(Agent::Claude);
    assert_eq!(fs::read_to_string(change.backup.unwrap()).unwrap(), edited);
    let mut corrected = value(Agent::Claude, &change.after.unwrap());
    assert_eq!(corrected["hooks"]["SessionEnd"], json!([]));
    corrected["hooks"].as_object_mut().unwrap().remove("SessionEnd");
    assert_eq!(corrected, value(Agent::Claude, &installed));

    // A new binary; after that everything is as it was before all of it.
    machine.write(Agent::Claude, &installed);
    machine.install(Agent::Claude);
    let moved = Machine::hooks(&machine.folder, "/new place/octorato");
    moved.install(Agent::Claude, &Scope::User, false).unwrap();
    let text = machine.text(Agent::Claude).unwrap();
    assert!(text.contains("'/new place/octorato' gate") && !text.contains(BINARY));
    machine.uninstall(Agent::Claude);
    assert_eq!(machine.text(Agent::Claude), Some(theirs.to_string()));
}

#[test]
fn what_was_changed_since_stays_when_the_hooks_go() {
    let machine = Machine::new();
    machine.write(Agent::Claude, "{\n  \"model\": \"opus\"\n}\n");
    machine.install(Agent::Claude);
    let text = machine.text(Agent::Claude).unwrap();
    machine.write(Agent::Claude, &text.replace("opus", "haiku"));
    machine.uninstall(Agent::Claude);
    assert_eq!(machine.text(Agent::Claude).unwrap(), "{\n  \"model\": \"haiku\"\n}\n");
}

#[test]
fn a_dry_run_writes_nothing() {
    let machine = Machine::new();
    for agent in Agent::ALL {
        let change = machine.hooks.install(agent, &Scope::User, true).unwrap();
        assert!(change.diff().contains('+') && change.is_any());
        machine.hooks.uninstall(agent, &Scope::User, true).unwrap();
    }
    assert_eq!(fs::read_dir(machine.folder.path()).unwrap().count(), 0);
}

#[test]
fn settings_that_cannot_be_read_stay_as_they_are() {
    let machine = Machine::new();
    for (agent, text, place) in [
        (Agent::Claude, "{\n  \"a\": 1,\n}", "3:1"),
        (Agent::Claude, "// no\n{}", "1:1"),
        (Agent::Codex, "{\"hooks\": []}", "1:11"),
        (Agent::Cursor, "{\"hooks\": {\"stop\": {}}}", "1:20"),
        (Agent::Gemini, "{\"hooks\": {\"BeforeTool\": [\n 7]}}", "2:2"),
        (Agent::Copilot, "[]", "1:1"),
        (Agent::Claude, "{\"hooks\": {}, \"hooks\": {}}", "1:15"),
    ] {
        machine.write(agent, text);
        let error = machine.hooks.install(agent, &Scope::User, false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let finding = error.diagnostics()[0].to_string();
        assert!(finding.contains(&format!(":{place}: error[HOK00")), "{finding}");
        assert_eq!(machine.text(agent).as_deref(), Some(text));
    }
    let not_utf8 = machine.file(Agent::Claude);
    fs::write(&not_utf8, b"{\"a\": \"\xff\"}").unwrap();
    let error = machine.hooks.install(Agent::Claude, &Scope::User, false).unwrap_err();
    assert!(error.diagnostics()[0].to_string().contains(":1:8: "), "{error:?}");
}

#[test]
#[cfg(unix)]
fn a_link_is_followed_and_one_to_nowhere_is_refused() {
    let machine = Machine::new();
    let file = machine.file(Agent::Claude);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let real = machine.folder.path().join("dotfiles.json");
    std::os::unix::fs::symlink(&real, &file).unwrap();
    let error = machine.hooks.install(Agent::Claude, &Scope::User, false).unwrap_err();
    assert!(error.diagnostics()[0].code == "HOK003" && !real.exists());
    fs::write(&real, "{}").unwrap();
    machine.install(Agent::Claude);
    assert!(file.is_symlink() && fs::read_to_string(&real).unwrap().contains("gate"));
    machine.uninstall(Agent::Claude);
    assert!(file.is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), "{}");
}

#[test]
fn codex_has_them_in_its_toml_where_it_has_hooks_there() {
    let machine = Machine::new();
    let config = machine.hooks.homes.codex.join("config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    let trust =
        "model = \"x\" # mine\n\n[hooks.state.\"/a:stop:0:0\"]\ntrusted_hash = \"sha256:00\"\n";
    fs::write(&config, trust).unwrap();
    assert!(machine.install(Agent::Codex).file.ends_with("hooks.json"));
    machine.uninstall(Agent::Codex);

    let text = format!(
        "{trust}\n[[hooks.Stop]]\n\n[[hooks.Stop.hooks]]\ntype = \"command\"\ncommand = \"a\"\n"
    );
    for text in [text.clone(), text.replace('\n', "\r\n"), text.trim_end().to_owned()] {
        fs::write(&config, &text).unwrap();
        let change = machine.install(Agent::Codex);
        assert_eq!(change.file, config);
        let installed = fs::read_to_string(&config).unwrap();
        assert!(installed.starts_with(&text));
        assert!(!machine.install(Agent::Codex).is_any());
        // Codex and others write further tables behind.
        fs::write(&config, format!("{installed}# about b\n[b]\n")).unwrap();
        machine.uninstall(Agent::Codex);
        let end = if text.ends_with('\n') { "# about b\n[b]\n" } else { "\n# about b\n[b]\n" };
        assert_eq!(fs::read_to_string(&config).unwrap(), format!("{text}{end}"));

        fs::write(&config, &text).unwrap();
        machine.install(Agent::Codex);
        machine.uninstall(Agent::Codex);
        assert_eq!(fs::read_to_string(&config).unwrap(), text);
    }
    fs::write(&config, "a = \n").unwrap();
    let error = machine.hooks.install(Agent::Codex, &Scope::User, false).unwrap_err();
    assert!(error.diagnostics()[0].to_string().contains("config.toml:1:5: error[HOK001]"));
}
