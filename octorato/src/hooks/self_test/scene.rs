//! Places of their own for one run of a hook: an arm that has spent two dollars, and its cap.

use std::fs;
use std::io::ErrorKind as IoKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use octorato_core::{Error, Result};
use serde_json::{Value, json};

use super::Call;
use crate::config::places::variables;
use crate::gate::protocol::{Agent, Event, event_of};

/// A folder with everything that a call of the gate needs; it goes when it is dropped.
pub(super) struct Scene {
    folder: PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Scene {
    /// An arm that is over its cap, or below it.
    pub(super) fn new(over: bool) -> Result<Self> {
        let scene = Self { folder: new_folder()? };
        let work = scene.path("work");
        let work = json!(work.display().to_string());
        let (cap, on_error) = if over { ("0.01", "allow") } else { ("1000000", "deny") };
        // JSON is YAML.
        scene.write(
            "home/arms.yaml",
            &format!("arms: [{{ id: self-test, client: self-test, roots: [{work}] }}]\n"),
        )?;
        scene.write(
            "home/budgets.yaml",
            &format!(
                "on_error: {on_error}\nbudgets:\n  - arm: self-test\n    period: total\n    \
             usd_cap: {cap}\n    action_on_breach: hard_stop\n"
            ),
        )?;
        scene.write("work/.keep", "")?;
        scene.write("state/.keep", "")?;
        scene.write("claude/projects/-work/self-test.jsonl", &scene.transcript())?;
        Ok(scene)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.join(below)
    }

    fn write(&self, below: &str, text: &str) -> Result<()> {
        let path = self.path(below);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| Error::io("cannot write", &path, error))
    }

    /// What Claude Code would have written: some requests that cost dollars.
    fn transcript(&self) -> String {
        let now = Timestamp::now().to_string();
        let turn = json!({
            "type": "assistant", "timestamp": now, "cwd": self.path("work"),
            "sessionId": "self-test", "requestId": "req_self_test", "uuid": "self-test",
            "message": {
                "id": "msg_self_test", "model": "claude-sonnet-4-5", "role": "assistant",
                "type": "message", "stop_reason": "end_turn",
                "content": [{"type": "text", "text": "Done."}],
                "usage": {"input_tokens": 100_000, "output_tokens": 100_000},
            },
        });
        format!("{turn}\n")
    }

    /// What an agent would send at an event.
    pub(super) fn input(&self, agent: Agent, name: &str) -> String {
        let work = self.path("work");
        let transcript = self.path("claude/projects/-work/self-test.jsonl");
        let mut input = json!({
            "cwd": work, "prompt": "self-test of octorato", "model": "claude-sonnet-4-5",
        });
        let tool = json!({"command": "true"});
        let mut set = |key: &str, value: Value| input[key] = value;
        let camel = agent == Agent::Copilot && name.starts_with(char::is_lowercase);
        if camel {
            set("sessionId", "self-test".into());
            set("timestamp", Timestamp::now().as_millisecond().into());
        } else {
            set("hook_event_name", name.into());
            set("session_id", "self-test".into());
        }
        if agent == Agent::Cursor {
            set("conversation_id", "self-test".into());
            set("workspace_roots", json!([work]));
            set("command", "true".into());
            set("file_path", json!(work.join("a.txt")));
        }
        if agent == Agent::Claude {
            set("transcript_path", json!(transcript));
        }
        if agent == Agent::Gemini {
            set("llm_request", json!({"model": "gemini-2.5-pro", "messages": [], "config": {}}));
        }
        if event_of(agent, name) == Event::BeforeTool {
            if camel {
                set("toolName", "bash".into());
                set("toolArgs", tool.to_string().into());
            } else {
                set("tool_name", "Bash".into());
                set("tool_input", tool);
                set("tool_use_id", "toolu_self_test".into());
            }
        }
        input.to_string()
    }

    /// A command line in this scene.
    pub(super) fn call(&self, command: String, input: String) -> Call {
        Call {
            command,
            input,
            env: vec![
                (variables::HOME, self.path("home").into()),
                (variables::STATE, self.path("state").into()),
                ("CLAUDE_CONFIG_DIR", self.path("claude").into()),
            ],
            folder: self.path("work"),
        }
    }
}

/// A new folder for temporary files that is its owner's alone.
fn new_folder() -> Result<PathBuf> {
    const TRIES: u32 = 100;
    let temporary = std::env::temp_dir();
    let temporary = temporary.canonicalize().unwrap_or(temporary);
    let mut attempt = 0;
    loop {
        let folder = temporary.join(format!("octorato-self-test-{}-{attempt}", std::process::id()));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        match builder.create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == IoKind::AlreadyExists && attempt < TRIES => attempt += 1,
            Err(error) => return Err(Error::io("cannot make the folder", &folder, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use octorato_finops::logs::{Place, Quiet};
    use octorato_finops::report::Query;

    use super::*;
    use crate::Workspace;
    use crate::config::budgets;
    use crate::config::places::{Named, Places};
    use crate::gate::protocol::parse;

    #[test]
    fn a_scene_has_one_arm_with_a_cap_that_its_spending_is_over_or_below() {
        for over in [true, false] {
            let scene = Scene::new(over).unwrap();
            let named = Named {
                home: Some(scene.path("home")),
                state: Some(scene.path("state")),
                brain: None,
            };
            let places = Places::resolve(named, |_| None).unwrap();
            let (policy, findings) = budgets::load(
                &places.budgets(),
                &crate::config::arms::load(&places.arms(), None).unwrap().0,
            )
            .unwrap()
            .unwrap();
            assert_eq!((findings.len(), policy.budgets().count()), (0, 1));
            let workspace = Workspace::open(places).unwrap();
            let logs = [Place::Given(scene.path("claude"))];
            let query = Query::all(&workspace.arms().zone);
            let report = workspace.report(&logs, &query, &Quiet).unwrap();
            assert_eq!(report.rows[0].key[0].as_deref(), Some("self-test"));
            assert_eq!(report.total.list_cost().unwrap().to_string(), "1.8");
            let folder = scene.folder.clone();
            drop(scene);
            assert!(!folder.exists());
        }
    }

    #[test]
    fn the_input_is_what_each_agent_sends() {
        let scene = Scene::new(true).unwrap();
        for agent in Agent::ALL {
            for name in super::super::super::wanted::events(agent) {
                let event = parse(agent, Some(name), scene.input(agent, name).as_bytes()).unwrap();
                assert_eq!(event.cwd, Some(scene.path("work")));
                assert_eq!(event.transcript.is_some(), agent == Agent::Claude);
            }
        }
    }
}
