//! Runs the hooks of an agent as it would, with a made-up call over a made-up cap.
//!
//! What is run is the very command line that stands in the agent's settings, in places of its own:
//! one arm, one transcript that has spent some dollars, and a cap that is below or above them. The
//! gate answers by `on_error` when it cannot know; that is set to the opposite of what is
//! expected, so that no failure can pass for an answer.

mod scene;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use octorato_core::{Diagnostic, Result};

use super::command::recognise;
use super::status::Installed;
use super::wanted::TIMEOUT_SECONDS;
use super::{Hooks, Scope};
use crate::config::codes::hooks as codes;
use crate::gate::protocol::{Agent, Event, Verdict, event_of, verdict};
use scene::Scene;

/// A command line to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The line, as an agent gives it to the shell.
    pub command: String,
    /// What is on stdin.
    pub input: String,
    /// Variables that are set.
    pub env: Vec<(&'static str, OsString)>,
    /// Where it runs.
    pub folder: PathBuf,
}

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// The exit code; nothing where it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
    /// Whether it took longer than the agent waits.
    pub late: bool,
}

/// What came of one hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfTest {
    /// The event in the agent's words.
    pub event: String,
    /// The command line that was run.
    pub command: String,
    /// What is wrong; nothing where the hook refused over the cap and let pass below it.
    pub findings: Vec<Diagnostic>,
}

impl Hooks {
    /// Tests each hook of an agent that comes before something is spent. `run` runs a command,
    /// which is [`run_in_shell`] but for tests. An error is one of the test itself.
    pub fn self_test(
        &self,
        agent: Agent,
        scope: &Scope,
        run: &dyn Fn(&Call) -> io::Result<Ran>,
    ) -> Result<Vec<SelfTest>> {
        let hooks = self.installed(agent, scope, &mut Vec::new());
        let mut tests = Vec::new();
        for hook in hooks {
            let event = event_of(agent, &hook.event);
            if !matches!(event, Event::BeforeModel | Event::Prompt | Event::BeforeTool) {
                continue;
            }
            let mut findings = Vec::new();
            for (over, expected) in [(true, Verdict::Denied), (false, Verdict::Allowed)] {
                findings.extend(one(agent, &hook, over, expected, run)?);
            }
            tests.push(SelfTest { event: hook.event, command: hook.command, findings });
        }
        Ok(tests)
    }
}

/// Runs one hook in one scene.
fn one(
    agent: Agent,
    hook: &Installed,
    over: bool,
    expected: Verdict,
    run: &dyn Fn(&Call) -> io::Result<Ran>,
) -> Result<Option<Diagnostic>> {
    let scene = Scene::new(over)?;
    let state = if over { "over the cap" } else { "below the cap" };
    let finding = |what: String| {
        Some(Diagnostic::error(codes::SELF_TEST, format!("{what} {state}: `{}`", hook.event)))
    };
    // The ledger knows of other agents only what it was told; the same gate tells it.
    if agent != Agent::Claude
        && let Some(gate) = recognise(&hook.command)
    {
        let line = super::command::write(
            &gate.binary,
            Agent::Claude,
            "Stop",
            false,
            super::command::Shell::Usual,
        );
        let told = run(&scene.call(line, scene.input(Agent::Claude, "Stop")));
        if !told.as_ref().is_ok_and(|ran| ran.code == Some(0)) {
            return Ok(finding(format!("the ledger could not be filled ({})", shown(&told))));
        }
    }
    let ran = run(&scene.call(hook.command.clone(), scene.input(agent, &hook.event)));
    let verdict = match &ran {
        Ok(ran) if !ran.late => verdict(agent, &hook.event, ran.code, &ran.stdout, &ran.stderr),
        _ => Verdict::Unclear,
    };
    if verdict == expected {
        return Ok(None);
    }
    let was = match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::Unclear => "not answered",
    };
    Ok(finding(format!("{was} ({})", shown(&ran))))
}

/// How a command ended, in a line.
fn shown(ran: &io::Result<Ran>) -> String {
    let ran = match ran {
        Ok(ran) => ran,
        Err(error) => return format!("it could not be run: {error}"),
    };
    let end = match ran.code {
        _ if ran.late => format!("no answer in {TIMEOUT_SECONDS} s"),
        Some(code) => format!("exit {code}"),
        None => "killed".to_owned(),
    };
    let mut text = end;
    for (name, part) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        let part = crate::gate::protocol::one_line(part);
        if !part.is_empty() {
            let _ = write!(text, ", {name} {part}");
        }
    }
    text
}

/// Runs a command as agents do: through the shell, with the call on stdin, and no longer than they
/// wait. What it starts and leaves behind is not waited for.
pub fn run_in_shell(call: &Call) -> io::Result<Ran> {
    let mut command = if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.arg("/C");
        command
    } else {
        let mut command = Command::new("/bin/sh");
        command.arg("-c");
        command
    };
    command.arg(&call.command).current_dir(&call.folder);
    for name in ["OCTORATO_ARM", "OCTORATO_BRAIN"] {
        command.env_remove(name);
    }
    command.envs(call.env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let input = call.input.clone();
    if let Some(mut stdin) = child.stdin.take() {
        // A hook that does not read its input is free to.
        thread::spawn(move || stdin.write_all(input.as_bytes()));
    }
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let deadline = Instant::now() + Duration::from_secs(TIMEOUT_SECONDS.into());
    let status = wait(&mut child, deadline)?;
    let rest = || deadline.saturating_duration_since(Instant::now()) + Duration::from_millis(100);
    Ok(Ran {
        late: status.is_none(),
        code: status.and_then(|status| status.code()),
        stdout: stdout.recv_timeout(rest()).unwrap_or_default(),
        stderr: stderr.recv_timeout(rest()).unwrap_or_default(),
    })
}

/// How the command ended; nothing where it had to be killed.
fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn collect(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    const MOST: u64 = 1 << 20;
    let (sender, receiver) = mpsc::channel();
    if let Some(stream) = stream {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stream.take(MOST).read_to_end(&mut bytes);
            let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
        });
    }
    receiver
}

#[cfg(test)]
mod tests {
    use super::super::tests::Machine;
    use super::*;

    fn messages(tests: &[SelfTest]) -> Vec<&str> {
        tests
            .iter()
            .flat_map(|test| &test.findings)
            .map(|finding| finding.message.as_str())
            .collect()
    }

    #[test]
    fn no_answer_in_time_or_at_all_is_none() {
        let machine = Machine::new();
        machine.install(Agent::Claude);
        let late = |_: &Call| Ok(Ran { late: true, stdout: "{}".to_owned(), ..Ran::default() });
        let tests = machine.hooks.self_test(Agent::Claude, &Scope::User, &late).unwrap();
        assert_eq!(
            messages(&tests)[..2],
            [
                "not answered (no answer in 5 s, stdout {}) over the cap: `UserPromptSubmit`",
                "not answered (no answer in 5 s, stdout {}) below the cap: `UserPromptSubmit`",
            ]
        );
        let gone = |_: &Call| Err(io::Error::other("gone"));
        let tests = machine.hooks.self_test(Agent::Claude, &Scope::User, &gone).unwrap();
        assert_eq!(
            messages(&tests)[3],
            "not answered (it could not be run: gone) below the cap: `PreToolUse`"
        );
    }

    #[test]
    fn the_line_is_run_that_stands_in_the_settings_in_places_of_its_own() {
        let machine = Machine::new();
        machine.install(Agent::Codex);
        let calls = std::cell::RefCell::new(Vec::new());
        let run = |call: &Call| {
            for (name, place) in &call.env {
                assert!(std::path::Path::new(place).is_dir(), "{name}");
            }
            calls.borrow_mut().push(call.command.clone());
            Ok(Ran { code: Some(0), ..Ran::default() })
        };
        machine.hooks.self_test(Agent::Codex, &Scope::User, &run).unwrap();
        let calls = calls.into_inner();
        assert_eq!(calls.len(), 8);
        assert_eq!(
            calls[..2],
            [
                "/opt/octorato gate --agent claude --event Stop",
                "/opt/octorato gate --agent codex --event UserPromptSubmit || exit 2",
            ]
        );
    }

    #[test]
    #[cfg(unix)]
    fn a_command_has_its_input_and_need_not_read_it() {
        let call = |command: &str| Call {
            command: command.to_owned(),
            input: "x".repeat(1 << 20),
            env: vec![("OCTORATO_HOME", "/h".into())],
            folder: std::env::temp_dir(),
        };
        let ran = run_in_shell(&call("wc -c; echo $OCTORATO_HOME >&2; exit 3")).unwrap();
        assert_eq!(ran.stdout.trim(), "1048576");
        assert_eq!((ran.stderr.as_str(), ran.code, ran.late), ("/h\n", Some(3), false));
        assert_eq!(run_in_shell(&call("exit 0")).unwrap().code, Some(0));
        assert_eq!(run_in_shell(&call("kill -9 $$")).unwrap().code, None);
    }
}
