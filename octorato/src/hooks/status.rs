//! `octorato hook status`: whether an agent really calls the gate.

mod codex;
mod layers;

use std::path::{Path, PathBuf};

use octorato_core::{Diagnostic, Severity};
use serde_json::Value;

use super::command::{GateCommand, recognise};
use super::document::Document;
use super::install::{is_toml, read};
use super::merge::{self, Own};
use super::wanted::{self, TIMEOUT_SECONDS, Wanted, shape, wanted};
use super::{Hooks, Scope, toml_text};
use crate::config::codes::hooks as codes;
use crate::gate::protocol::Agent;

/// Whether an agent calls the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// None of its hooks is ours.
    NotInstalled,
    /// It does, as far as can be known.
    Installed,
    /// There are hooks of ours, and something is wrong.
    Problems,
}

impl State {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotInstalled => "not_installed",
            Self::Installed => "installed",
            Self::Problems => "problems",
        }
    }
}

/// What is known of an agent's hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The agent.
    pub agent: Agent,
    /// The settings file with the hooks, or the one that they would be in.
    pub file: PathBuf,
    /// How many hooks of ours it has.
    pub hooks: usize,
    /// What is wrong (errors), or cannot be known (warnings).
    pub findings: Vec<Diagnostic>,
}

impl Status {
    /// Whether the agent calls the gate.
    pub fn state(&self) -> State {
        let wrong = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        match (wrong, self.hooks) {
            (true, _) => State::Problems,
            (false, 0) => State::NotInstalled,
            (false, _) => State::Installed,
        }
    }

    /// Whether the agent's transcripts are read. Where they are not, the gate enforces what the
    /// ledger knows from elsewhere.
    pub fn reads_transcripts(&self) -> bool {
        self.agent == Agent::Claude
    }
}

/// A hook of ours as it stands in a settings file.
#[derive(Clone, Debug)]
pub(super) struct Installed {
    pub(super) file: PathBuf,
    pub(super) event: String,
    pub(super) index: (usize, usize),
    /// What stands in the list of the event.
    pub(super) entry: Value,
    pub(super) hook: Value,
    pub(super) command: String,
}

impl Hooks {
    /// Looks at an agent's hooks; `project` is the folder whose settings count beside the user's.
    /// Nothing is run and nothing is written; what cannot be read is a finding.
    pub fn status(&self, agent: Agent, scope: &Scope, project: Option<&Path>) -> Status {
        let mut findings = Vec::new();
        let installed = self.installed(agent, scope, &mut findings);
        let file = installed.first().map(|first| first.file.clone());
        let file = file.or_else(|| self.homes.files(agent, scope).into_iter().next());
        let mut status =
            Status { agent, file: file.unwrap_or_default(), hooks: installed.len(), findings };
        if installed.is_empty() {
            return status;
        }
        let wanted = wanted(agent, &self.binary);
        let findings = &mut status.findings;
        for wanted in &wanted {
            let here = installed.iter().filter(|hook| hook.event == wanted.event).count();
            let event = wanted.event;
            match here {
                0 => findings.push(
                    Diagnostic::error(
                        codes::MISSING,
                        format!("the gate is not called at `{event}`"),
                    )
                    .hinted(again(agent)),
                ),
                1 => {}
                _ => {
                    findings.push(edited(agent, format!("the hook is there twice: `{event}`")));
                }
            }
        }
        for hook in &installed {
            judge(agent, hook, findings);
        }
        self.binaries(agent, &installed, findings);
        let project = match scope {
            Scope::Project(project) => Some(project.as_path()),
            Scope::User => project,
        };
        let commands: Vec<_> = installed.iter().map(|hook| hook.command.as_str()).collect();
        layers::judge(&self.homes, agent, project, &commands, findings);
        if agent == Agent::Codex {
            codex::judge(&self.homes, scope, &installed, findings);
        }
        if self.named_places {
            let message = "the private places are named by this shell or command line";
            findings.push(
                Diagnostic::warning(codes::PLACES, message)
                    .hinted("set `OCTORATO_HOME` and `OCTORATO_STATE` wherever the agent starts"),
            );
        }
        status
    }

    /// The hooks of ours that an agent has.
    pub(super) fn installed(
        &self,
        agent: Agent,
        scope: &Scope,
        findings: &mut Vec<Diagnostic>,
    ) -> Vec<Installed> {
        let mut all = Vec::new();
        for file in self.homes.files(agent, scope) {
            match self.installed_in(agent, &file) {
                Ok(hooks) => all.extend(hooks),
                Err(error) if error.diagnostics().is_empty() => {
                    findings.push(Diagnostic::error(codes::UNREADABLE, error.to_string()));
                }
                Err(error) => findings.extend_from_slice(error.diagnostics()),
            }
        }
        all
    }

    fn installed_in(&self, agent: Agent, file: &Path) -> octorato_core::Result<Vec<Installed>> {
        let Some(text) = read(file)? else { return Ok(Vec::new()) };
        let record = self.records.read(agent, file).unwrap_or_default();
        let name = file.display().to_string();
        if is_toml(file) {
            let found = toml_text::found(&toml_text::read(&name, &text)?, &record.commands);
            let hook = |found: toml_text::FoundToml| Installed {
                file: file.to_owned(),
                event: found.event,
                index: found.index,
                entry: toml_text::json(&found.group),
                hook: toml_text::json(&found.hook),
                command: found.command,
            };
            return Ok(found.into_iter().map(hook).collect());
        }
        let document = Document::read(&name, text, agent)?;
        let Some(root) = &document.root else { return Ok(Vec::new()) };
        let own = Own { commands: &record.commands, made: None };
        let hook = |found: merge::Found| Installed {
            file: file.to_owned(),
            event: found.event,
            index: found.index,
            entry: found.entry.value(&document.text),
            hook: found.hook.value(&document.text),
            command: found.command,
        };
        Ok(merge::found(root, agent, &own).into_iter().map(hook).collect())
    }

    fn binaries(&self, agent: Agent, hooks: &[Installed], findings: &mut Vec<Diagnostic>) {
        let mut binaries: Vec<_> =
            hooks.iter().filter_map(|hook| Some(recognise(&hook.command)?.binary)).collect();
        binaries.sort();
        binaries.dedup();
        for binary in binaries {
            let shown = binary.display();
            let finding = match std::fs::metadata(&binary) {
                _ if !binary.is_absolute() => {
                    let message = format!("the program has no absolute path: `{shown}`");
                    Diagnostic::error(codes::NO_BINARY, message)
                }
                Ok(metadata) if !metadata.is_file() || !is_executable(&metadata) => {
                    let message = format!("the program may not be run: `{shown}`");
                    Diagnostic::error(codes::NOT_EXECUTABLE, message)
                }
                Ok(_) if is_same(&binary, &self.binary) => continue,
                Ok(_) => {
                    let message = format!("the hooks call another octorato: `{shown}`");
                    Diagnostic::error(codes::OTHER_BINARY, message)
                }
                Err(_) => {
                    let message = format!("the program is not there: `{shown}`");
                    Diagnostic::error(codes::NO_BINARY, message)
                }
            };
            findings.push(finding.hinted(again(agent)));
        }
    }
}

/// What is wrong with one hook.
fn judge(agent: Agent, hook: &Installed, findings: &mut Vec<Diagnostic>) {
    let event = &hook.event;
    let Some(gate) = recognise(&hook.command) else {
        let message = format!("the hook does not call the gate any more: `{event}`");
        return findings.push(edited(agent, message));
    };
    let own = wanted(agent, &gate.binary);
    let Some(own) = own.iter().find(|wanted| wanted.event == event) else {
        let message = format!("the gate is called where it has nothing to do: `{event}`");
        return findings.push(Diagnostic::warning(codes::EDITED, message).hinted(again(agent)));
    };
    if gate.event.as_deref().is_some_and(|told| told != event) {
        let message = format!("the hook tells the gate of another event: `{event}`");
        return findings.push(edited(agent, message));
    }
    let before = findings.len();
    timeout(agent, hook, findings);
    fails_open(agent, hook, findings);
    if findings.len() == before && !is_as_wanted(agent, hook, own, &gate) {
        findings.push(edited(agent, format!("the hook was edited: `{event}`")));
    }
}

fn timeout(agent: Agent, hook: &Installed, findings: &mut Vec<Diagnostic>) {
    let (key, right, unit) = match agent {
        Agent::Copilot => ("timeoutSec", TIMEOUT_SECONDS, "s"),
        Agent::Gemini => ("timeout", TIMEOUT_SECONDS * 1000, "ms"),
        _ => ("timeout", TIMEOUT_SECONDS, "s"),
    };
    let found = hook.hook.get(key);
    if found.and_then(Value::as_u64) == Some(right.into()) {
        return;
    }
    let found = found.map_or("none".to_owned(), Value::to_string);
    let message = format!("the time-out is {found}, not {right} {unit}: `{}`", hook.event);
    findings.push(Diagnostic::error(codes::TIMEOUT, message).hinted(again(agent)));
}

fn fails_open(agent: Agent, hook: &Installed, findings: &mut Vec<Diagnostic>) {
    if !wanted::fails_closed(agent, &hook.event) {
        return;
    }
    let closed = match agent {
        Agent::Claude => hook.hook.get("onFailure").and_then(Value::as_str) == Some("block"),
        Agent::Cursor => hook.hook.get("failClosed").and_then(Value::as_bool) == Some(true),
        Agent::Codex | Agent::Gemini => hook.command.trim_end().ends_with("|| exit 2"),
        // It refuses by itself where a hook before a tool crashes.
        Agent::Copilot => true,
    };
    if !closed {
        let message = format!("a gate that cannot run would let this pass: `{}`", hook.event);
        findings.push(Diagnostic::error(codes::FAIL_OPEN, message).hinted(again(agent)));
    }
}

fn edited(agent: Agent, message: String) -> Diagnostic {
    Diagnostic::error(codes::EDITED, message).hinted(again(agent))
}

fn again(agent: Agent) -> String {
    format!("`octorato hook install {agent}` corrects it")
}

fn is_as_wanted(agent: Agent, hook: &Installed, wanted: &Wanted, gate: &GateCommand) -> bool {
    // Another way to write the same path is no edit: the words count, and the rest as it stands.
    let mut entry = wanted.entry(shape(agent)).value();
    let same_words = |key: &str| {
        let line = hook.hook.get(key).and_then(Value::as_str);
        line.and_then(recognise).is_some_and(|found| found == *gate)
    };
    let hook_of = |entry: &mut Value| -> Option<Value> {
        let slot = match shape(agent) {
            wanted::Shape::Flat => Some(entry),
            wanted::Shape::Groups => entry.get_mut("hooks").and_then(|hooks| hooks.get_mut(0)),
        }?;
        for key in ["command", "bash", "powershell"] {
            if same_words(key)
                && let Some(line) = hook.hook.get(key)
            {
                slot[key] = line.clone();
            }
        }
        Some(slot.clone())
    };
    let Some(expected) = hook_of(&mut entry) else { return false };
    let alone = entry == hook.entry;
    // Others may stand in the same group; then the group's matcher and our hook count.
    let shared = hook.entry.get("matcher") == entry.get("matcher") && expected == hook.hook;
    alone || shape(agent) == wanted::Shape::Groups && shared
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &std::fs::Metadata) -> bool {
    true
}
