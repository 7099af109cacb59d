//! The gate, through the real command: what agents send, what they are answered.

mod budgets;
mod configuration;
mod dialects;
mod exits;
mod transcripts;
mod walls;

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// Three arms of three clients; the names of two must not be met in what the first is told.
pub(crate) const ARMS: &str = "
arms:
  - { id: acme, client: acme, roots: [~/clients/acme] }
  - { id: globex, client: globex, roots: [~/clients/globex] }
  - { id: initech, client: initech, roots: [~/clients/initech] }
";

/// An answer of the gate.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) talk: String,
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            talk: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// The object on stdout, which must be one line.
    pub(crate) fn object(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    /// That it denies by the contract: an object and 0, or nothing and 2; a reason on stderr.
    #[track_caller]
    pub(crate) fn denies(&self) -> &str {
        let is_object = self.code == 0 && !self.out.is_empty() && !self.object().is_null();
        assert!(is_object || (self.code == 2 && self.out.is_empty()), "{self:?}");
        assert_eq!(self.talk.lines().count(), 1, "{self:?}");
        self.names_nobody();
        self.talk.trim_end()
    }

    /// That it allows without a word.
    #[track_caller]
    pub(crate) fn allows(&self) {
        assert_eq!((self.code, self.out.as_str(), self.talk.as_str()), (0, "", ""), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn names_nobody(&self) {
        for name in ["globex", "initech"] {
            let all = format!("{}{}", self.out, self.talk).to_lowercase();
            assert!(!all.contains(name), "{self:?}");
        }
    }
}

/// A machine with the three arms and their folders.
pub(crate) fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.arms(ARMS);
    for arm in ["acme", "globex", "initech"] {
        sandbox.write(&format!("clients/{arm}/notes.md"), "notes");
    }
    sandbox
}

pub(crate) fn budgets(sandbox: &Sandbox, text: &str) {
    sandbox.write(".config/octorato/budgets.yaml", text);
}

/// What Claude Code sends before a tool; `@` in the input is the home folder.
pub(crate) fn tool(sandbox: &Sandbox, cwd: &str, name: &str, input: &Value) -> Value {
    let home = sandbox.path("");
    let home = home.to_str().unwrap().trim_end_matches('/');
    let input: Value = serde_json::from_str(&input.to_string().replace('@', home)).unwrap();
    json!({
        "session_id": "session-1", "cwd": sandbox.path(cwd),
        "transcript_path": sandbox.path(".claude/projects/-w/session-1.jsonl"),
        "hook_event_name": "PreToolUse", "tool_name": name, "tool_input": input,
        "tool_use_id": "t1", "permission_mode": "default", "prompt_id": "p",
    })
}

/// Another event of Claude Code's.
pub(crate) fn event(sandbox: &Sandbox, cwd: &str, name: &str, more: &Value) -> Value {
    let mut event = tool(sandbox, cwd, "Read", &json!({"file_path": "notes.md"}));
    event["hook_event_name"] = name.into();
    for (key, value) in more.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

/// A harmless tool in a folder.
pub(crate) fn read_notes(sandbox: &Sandbox, cwd: &str) -> Value {
    tool(sandbox, cwd, "Read", &json!({"file_path": "notes.md"}))
}

pub(crate) fn ask(sandbox: &Sandbox, line: &str, input: &Value) -> Answer {
    // How busy the machine is that runs the tests is no matter of theirs.
    let patient = if line.contains("--deadline-ms") { "" } else { " --deadline-ms 120000" };
    ask_raw(sandbox, &format!("{line}{patient}"), input.to_string().as_bytes())
}

pub(crate) fn ask_raw(sandbox: &Sandbox, line: &str, input: &[u8]) -> Answer {
    let mut command = sandbox.command();
    command.args(line.split_whitespace());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Whoever refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    Answer::of(&child.wait_with_output().unwrap())
}

pub(crate) fn claude(sandbox: &Sandbox, input: &Value) -> Answer {
    ask(sandbox, "gate --agent claude", input)
}
