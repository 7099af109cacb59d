//! What is missing or wrong in a set-up.

mod privacy;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Diagnostic, Error, ErrorKind, Severity};
use octorato_finops::ledger::keys::KeyFolder;
use octorato_finops::ledger::{Call, State};

use crate::Workspace;
use crate::books::{Access, Books, Origin};
use crate::config::codes::doctor as codes;
use crate::config::places::Places;
use crate::gate::protocol::Agent;
use crate::hooks::{Hooks, Scope};

/// Below so many bytes a disk counts as full.
const LEAST_FREE: u64 = 64 << 20;

/// An alert that waits for longer is late.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// What a set-up is, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Checkup {
    /// What is there, one line each: a word and a sentence.
    pub facts: Vec<(&'static str, String)>,
    /// What is missing or wrong, the worst first.
    pub findings: Vec<Diagnostic>,
}

impl Checkup {
    /// Looks at everything. It makes no file; a `budgets.yaml` that changed is put in force, as by
    /// every command.
    pub fn of(places: &Places) -> Self {
        let mut checkup = Self::default();
        checkup.fact("home", places.home.display());
        checkup.fact("state", places.state.display());
        checkup.findings.extend(privacy::findings(places));
        checkup.disk(&places.state);
        match Workspace::open(places.clone()) {
            Ok(workspace) => checkup.workspace(&workspace),
            Err(error) => {
                checkup.findings.extend(error.diagnostics().iter().cloned());
                checkup.failed(codes::UNUSABLE, &error);
            }
        }
        checkup.sort();
        checkup
    }

    /// Looks at the hooks of all agents as well, as `octorato hook status` does. An agent without
    /// hooks is no finding: programs that reserve need none.
    pub fn look_at_hooks(&mut self, hooks: &Hooks, project: Option<&Path>) {
        let looked = Agent::ALL.map(|agent| hooks.status(agent, &Scope::User, project));
        let calling = looked.iter().filter(|status| status.hooks > 0);
        let named: Vec<_> = calling.map(|status| status.agent.name()).collect();
        if named.is_empty() {
            self.fact("hooks", "none; `octorato hook install` makes an agent ask the gate");
        } else {
            self.fact("hooks", named.join(", "));
        }
        self.findings.extend(looked.into_iter().flat_map(|status| status.findings));
        self.sort();
    }

    /// Stable: of equal severity in the order in which they were found.
    fn sort(&mut self) {
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    }

    /// Whether anything is missing or wrong.
    pub fn has_findings(&self) -> bool {
        !self.findings.is_empty()
    }

    fn fact(&mut self, what: &'static str, value: impl std::fmt::Display) {
        self.facts.push((what, value.to_string()));
    }

    fn warn(&mut self, code: &'static str, message: impl Into<String>, hint: &str) {
        self.findings.push(Diagnostic::warning(code, message).hinted(hint));
    }

    /// A finding that an error led to.
    fn failed(&mut self, code: &'static str, error: &Error) {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            message = format!("{message}: {source}");
            cause = source.source();
        }
        let mut finding = Diagnostic::error(code, message);
        finding.hint = error.hint().map(str::to_owned);
        self.findings.push(finding);
    }

    fn disk(&mut self, folder: &Path) {
        let Some(free) = free_bytes(folder) else { return };
        self.fact("disk", format_args!("{} MiB free", free >> 20));
        if free < LEAST_FREE {
            let finding = Diagnostic::error(
                codes::DISK,
                format!("only {} MiB are free: `{}`", free >> 20, folder.display()),
            );
            self.findings.push(finding.hinted("make room, or move the state to another disk"));
        }
    }

    fn workspace(&mut self, workspace: &Workspace) {
        let arms = workspace.arms();
        let (count, clients) = (arms.arms.len(), arms.clients.len());
        self.fact("arms", format_args!("{count}, of {clients} clients"));
        self.findings.extend(workspace.warnings().iter().cloned());
        self.findings.extend(workspace.price_warnings().iter().cloned());
        if arms.arms.is_empty() {
            let hint = "`octorato scan` proposes arms, `octorato arm add` declares one";
            self.warn(codes::NO_ARMS, "no arm is declared", hint);
        }
        match Books::open(workspace, Access::Existing) {
            Ok(books) => {
                self.books(&books);
                self.keys(workspace.places());
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.failed(codes::NO_LEDGER, &error);
                self.budgets_file(workspace.places());
            }
            Err(error) => self.failed(codes::BAD_LEDGER, &error),
        }
    }

    /// What can be said of `budgets.yaml` without a ledger.
    fn budgets_file(&mut self, places: &Places) {
        if places.budgets().symlink_metadata().is_err() {
            self.no_budgets(places);
        }
    }

    fn no_budgets(&mut self, places: &Places) {
        let message = format!("no budgets.yaml, so no cap: `{}`", places.budgets().display());
        let hint = "declare budgets there; `octorato schema budgets` describes the file";
        self.warn(codes::NO_BUDGETS, message, hint);
    }

    fn books(&mut self, books: &Books) {
        let regime = books.regime();
        self.findings.extend(regime.findings().iter().cloned());
        let judges = regime.in_force().judges();
        let enforced = judges.iter().filter(|judge| judge.budget.enforces()).count();
        self.fact("budgets", format_args!("{}, of which {enforced} deny", judges.len()));
        match regime.origin() {
            Origin::NoFile => self.no_budgets(books.places()),
            _ if enforced == 0 && !judges.is_empty() => self.warn(
                codes::UNENFORCED,
                "no budget denies calls",
                "`action_on_breach: hard_stop` makes a cap hold",
            ),
            _ => {}
        }
        for judge in judges.iter().filter(|judge| !crate::books::is_counted(&judge.budget)) {
            let message = format!("a budget on allocated cost never denies: `{}`", judge.title);
            self.warn(codes::NOT_COUNTED, message, "with `basis: list` it counts at every call");
        }
        if let Err(error) = self.ledger(books) {
            self.failed(codes::BAD_LEDGER, &error);
        }
    }

    fn ledger(&mut self, books: &Books) -> octorato_core::Result<()> {
        self.fact("ledger", books.places().ledger().display());
        let reading = books.ledger().time()?;
        let second = reading.now.strftime("%Y-%m-%d %H:%M:%S UTC");
        let trust = if reading.is_trusted { "" } else { ", and the clock is not believed" };
        self.fact("time", format_args!("{second}{trust}"));
        if !reading.is_trusted {
            let finding = Diagnostic::error(
                codes::CLOCK,
                format!("the machine's clock leapt; the ledger's time is {second}"),
            );
            self.findings.push(finding.hinted(
                "set the clock right; if it is, `octorato doctor --reset-clock` takes it over",
            ));
        }
        let calls = books.ledger().outstanding()?;
        let is_orphan = |call: &&Call| call.outcome.state == State::Orphaned;
        let orphans = calls.iter().filter(is_orphan).count();
        self.fact("calls", format_args!("{} open, {orphans} orphans", calls.len() - orphans));
        if orphans > 0 {
            let old = calls.iter().filter(is_orphan).map(|call| call.reserved_at).min();
            let age = old.map_or(SignedDuration::ZERO, |old| reading.now.duration_since(old));
            let message = format!("{orphans} calls of unknown outcome, for {} h", age.as_hours());
            let hint = "`octorato ledger orphans` lists them, `ledger resolve` says what one cost";
            self.warn(codes::ORPHANS, message, hint);
        }
        let late = reading.now.saturating_sub(LATE).unwrap_or(Timestamp::MIN);
        let waiting = books.alerts()?.iter().filter(|(_, alert)| alert.at < late).count();
        if waiting > 0 {
            let message = format!("{waiting} alerts wait to be delivered");
            let hint = "`octorato budget alerts` lists them, `--deliver` tries again";
            self.warn(codes::UNDELIVERED, message, hint);
        }
        Ok(())
    }

    /// The keys that sign extensions.
    fn keys(&mut self, places: &Places) {
        let ids = KeyFolder::open(&places.keys()).and_then(|folder| {
            let ids = folder.ids()?;
            ids.iter().try_for_each(|id| folder.signer(id).map(drop))?;
            Ok(ids)
        });
        match ids {
            Ok(ids) if ids.is_empty() => self.no_key(places),
            Ok(ids) => self.fact("keys", ids.join(", ")),
            Err(error) if error.kind() == ErrorKind::NotFound => self.no_key(places),
            Err(error) => self.failed(codes::BAD_KEY, &error),
        }
    }

    fn no_key(&mut self, places: &Places) {
        let message = format!("no signing key: `{}`", places.keys().display());
        self.warn(codes::NO_KEY, message, "`octorato init` makes one");
    }
}

/// How severe a finding is, for whoever counts them.
pub fn is_error(finding: &Diagnostic) -> bool {
    finding.severity == Severity::Error
}

/// What is free on the disk of a folder, or of the nearest folder above it that exists.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let found = folder.ancestors().find(|folder| folder.exists())?;
    let stat = rustix::fs::statvfs(found).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}
