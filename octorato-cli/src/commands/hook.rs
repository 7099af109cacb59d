//! `octorato hook`

use std::path::Path;

use octorato::config::places::variables;
use octorato::core::{Diagnostic, Error, Severity};
use octorato::gate::protocol::Agent;
use octorato::hooks::{
    Change, Homes, Hooks, Scope, SelfTest, State, Status, binary_to_call, run_in_shell,
};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{Global, Hook, HookChange, HookScope, HookStatus};
use crate::printer::{BOLD, Printer, WARN};
use crate::render::foreign;
use crate::render::numbers::counted;

pub(crate) fn run(global: &Global, args: &Hook, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let hooks = hooks(global)?;
    match args {
        Hook::Install(args) => change(&hooks, args, true, printer),
        Hook::Uninstall(args) => change(&hooks, args, false, printer),
        Hook::Status(args) => status(&hooks, args, printer),
    }
}

/// The hooks of the agents on this machine.
pub(super) fn hooks(global: &Global) -> anyhow::Result<Hooks> {
    let places = super::places(global)?;
    let homes = Homes::resolve(places.user_home.as_deref(), |name| std::env::var_os(name))?;
    let program = std::env::current_exe()?;
    let binary = binary_to_call(&program, std::env::var_os("PATH").as_deref());
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let named = global.home.is_some()
        || global.state.is_some()
        || set(variables::HOME)
        || set(variables::STATE);
    Ok(Hooks::new(&places, homes, binary).with_named_places(named))
}

fn scope(args: &HookScope) -> anyhow::Result<Scope> {
    args.scope().map_err(|error| {
        let folder = args.project.as_deref().unwrap_or(Path::new("."));
        Error::io("cannot find the project at", folder, error).into()
    })
}

fn change(
    hooks: &Hooks,
    args: &HookChange,
    install: bool,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let scope = scope(&args.scope)?;
    let mut changes = Vec::new();
    for agent in &args.agents {
        let agent = agent.known();
        if install {
            changes.push(hooks.install(agent, &scope, args.dry_run)?);
        } else {
            changes.extend(hooks.uninstall(agent, &scope, args.dry_run)?);
        }
    }
    if printer.is_json() {
        let list: Vec<_> =
            changes.iter().map(|change| change_document(change, args.dry_run)).collect();
        printer.document(&json!({"schema": 1, "dry_run": args.dry_run, "changes": list}))?;
        return Ok(Outcome::Fine);
    }
    for change in &changes {
        let file = foreign::shown(&change.file.display().to_string());
        if args.dry_run && change.is_any() {
            // Line by line, since settings are foreign text.
            for line in change.diff().lines() {
                printer.line(foreign::shown(line))?;
            }
            continue;
        }
        let done = match (install, change.is_any(), &change.after) {
            (_, false, _) => "kept",
            (true, true, _) => "added",
            (false, true, None) => "removed",
            (false, true, Some(_)) => "restored",
        };
        printer.line(format_args!("{done:<8}  {:<7}  {file}", change.agent))?;
        if let Some(backup) = &change.backup {
            let backup = foreign::shown(&backup.display().to_string());
            printer.remark(format_args!("a copy of what was there: {backup}"));
        }
    }
    if !install && changes.is_empty() {
        printer.remark("no hooks were there");
    }
    if install && !args.dry_run {
        for remark in after_install(&changes) {
            printer.remark(remark);
        }
    }
    Ok(Outcome::Fine)
}

/// What is left to do, or to know, once hooks are there.
fn after_install(changes: &[Change]) -> Vec<String> {
    let mut remarks = Vec::new();
    if changes.iter().any(|change| change.agent == Agent::Codex && change.is_any()) {
        remarks.push("Codex skips hooks that were not reviewed: type `/hooks` there".to_owned());
    }
    if changes.iter().any(Change::is_any) {
        remarks.push(
            "sessions that are open go on without the hooks until they are started again"
                .to_owned(),
        );
    }
    remarks.push("`octorato hook status --self-test` shows whether the gate holds".to_owned());
    remarks
}

fn change_document(change: &Change, dry_run: bool) -> Value {
    json!({
        "agent": change.agent.name(), "file": change.file, "changed": change.is_any(),
        "removed": change.is_any() && change.after.is_none(), "backup": change.backup,
        "diff": dry_run.then(|| change.diff()),
    })
}

/// An agent's status, with what its self-test has found.
struct Looked {
    status: Status,
    tests: Option<Vec<SelfTest>>,
}

impl Looked {
    /// What is wrong or unknown.
    fn findings(&self) -> impl Iterator<Item = &Diagnostic> {
        let tests = self.tests.iter().flatten().flat_map(|test| &test.findings);
        self.status.findings.iter().chain(tests)
    }

    fn state(&self) -> State {
        let failed = self.findings().any(|finding| finding.severity == Severity::Error);
        if failed { State::Problems } else { self.status.state() }
    }
}

fn status(hooks: &Hooks, args: &HookStatus, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let scope = scope(&args.scope)?;
    let here = std::env::current_dir().ok();
    let named: Vec<_> = args.agents.iter().map(|agent| agent.known()).collect();
    let agents = if named.is_empty() { Agent::ALL.to_vec() } else { named.clone() };
    let mut all = Vec::new();
    for agent in agents {
        let status = hooks.status(agent, &scope, here.as_deref());
        let tested = args.self_test && status.hooks > 0;
        let tests =
            if tested { Some(hooks.self_test(agent, &scope, &run_in_shell)?) } else { None };
        all.push(Looked { status, tests });
    }
    if printer.is_json() {
        let list: Vec<_> = all.iter().map(document).collect();
        printer.document(&json!({"schema": 1, "agents": list}))?;
    } else {
        for looked in &all {
            show(looked, printer)?;
        }
    }
    let wrong = |looked: &Looked| match looked.state() {
        State::Problems => true,
        State::NotInstalled => named.contains(&looked.status.agent),
        State::Installed => false,
    };
    if args.strict && all.iter().any(wrong) {
        return Ok(Outcome::Findings);
    }
    Ok(Outcome::Fine)
}

fn show(looked: &Looked, printer: &mut Printer) -> anyhow::Result<()> {
    let status = &looked.status;
    let title = status.agent.title();
    let state = match looked.state() {
        State::NotInstalled => "not installed".to_owned(),
        State::Installed => format!("installed, {}", counted(status.hooks as u64, "hook")),
        State::Problems => format!("{WARN}problems{WARN:#}"),
    };
    printer.line(format_args!("{BOLD}{title:<11}{BOLD:#}  {state}"))?;
    if status.hooks == 0 && status.findings.is_empty() {
        return Ok(());
    }
    let file = foreign::shown(&status.file.display().to_string());
    printer.line(format_args!("  settings     {file}"))?;
    printer.line(format_args!("  transcripts  {}", transcripts(status)))?;
    if let Some(tests) = &looked.tests {
        let bad = tests.iter().filter(|test| !test.findings.is_empty()).count();
        let result = match (tests.len(), bad) {
            (0, _) => "no hook before anything is spent".to_owned(),
            (all, 0) => {
                format!("{} refused over a cap and let pass below it", counted(all as u64, "hook"))
            }
            (all, bad) => format!("{bad} of {} failed", counted(all as u64, "hook")),
        };
        printer.line(format_args!("  self-test    {result}"))?;
    }
    for finding in looked.findings() {
        let message = foreign::shown(&finding.message);
        printer.line(format_args!("  {}[{}]: {message}", finding.severity, finding.code))?;
        if let Some(place) = place(finding) {
            printer.line(format_args!("    at {}", foreign::shown(&place)))?;
        }
        if let Some(hint) = &finding.hint {
            printer.line(format_args!("    hint: {}", foreign::shown(hint)))?;
        }
    }
    Ok(())
}

fn transcripts(status: &Status) -> &'static str {
    if status.reads_transcripts() {
        "read: exact for completed turns"
    } else {
        "not read yet: the gate enforces what the ledger knows until its reader comes"
    }
}

fn place(finding: &Diagnostic) -> Option<String> {
    let (source, span) = finding.place.as_ref()?;
    let at = source.line_column(span.start);
    Some(format!("{}:{}:{}", source.name(), at.line, at.column))
}

fn document(looked: &Looked) -> Value {
    let findings: Vec<_> = looked.status.findings.iter().map(finding_document).collect();
    let tests = looked.tests.as_ref().map(|tests| {
        let test = |test: &SelfTest| {
            let findings: Vec<_> = test.findings.iter().map(finding_document).collect();
            json!({"event": test.event, "command": test.command, "findings": findings})
        };
        tests.iter().map(test).collect::<Vec<_>>()
    });
    json!({
        "agent": looked.status.agent.name(), "state": looked.state().name(),
        "file": looked.status.file, "hooks": looked.status.hooks,
        "reads_transcripts": looked.status.reads_transcripts(),
        "findings": findings, "self_test": tests,
    })
}

fn finding_document(finding: &Diagnostic) -> Value {
    json!({
        "code": finding.code, "severity": finding.severity.to_string(),
        "message": finding.message, "place": place(finding), "hint": finding.hint,
    })
}
