//! Which budgets are in force, and what becomes of a `budgets.yaml` that changed or broke.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_brain::read_file;
use octorato_core::{Arms, Diagnostic, Error, ErrorKind, Result};
use octorato_finops::budget::{InForce, OnError, Policy, SpendPath};
use octorato_finops::ledger::{Ledger, Operation};

use super::removals::{self, Removal};
use crate::config::budgets::{self, Unusable};
use crate::config::codes::doctor as codes;
use crate::config::places::Places;
use crate::files::Lock;

/// Whence the budgets in force are.
#[derive(Debug)]
pub enum Origin {
    /// From `budgets.yaml` as it is.
    File,
    /// There is no `budgets.yaml`: no budget, everything is allowed.
    NoFile,
    /// `budgets.yaml` cannot be used, for this reason: the last good policy stays in force.
    LastGood(Error),
    /// `budgets.yaml` cannot be used, and there never was a good one: nobody can say what is
    /// allowed, so this is the answer.
    Unknown(Error, OnError),
}

impl Origin {
    /// The stable name, as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::NoFile => "no_file",
            Self::LastGood(_) => "last_good",
            Self::Unknown(..) => "unknown",
        }
    }

    /// Why `budgets.yaml` cannot be used.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::File | Self::NoFile => None,
            Self::LastGood(error) | Self::Unknown(error, _) => Some(error),
        }
    }
}

/// The budgets in force, and whence they are.
#[derive(Debug)]
pub struct Regime {
    in_force: Arc<InForce>,
    policy: Option<Policy>,
    origin: Origin,
    findings: Vec<Diagnostic>,
    removals: Vec<Removal>,
}

impl Regime {
    /// Puts in force what `budgets.yaml` says now, where that is not what is in force. The default
    /// goes to the arms of now, so a new arm alone changes what is in force.
    pub(super) fn establish(ledger: &dyn Ledger, places: &Places, arms: &Arms) -> Result<Self> {
        let before = ledger.in_force()?;
        let (policy, origin, mut findings) = match budgets::load(&places.budgets(), arms) {
            Ok(Some((policy, warnings))) => (Some(policy), Origin::File, warnings),
            Ok(None) => (Some(Policy::none()), Origin::NoFile, Vec::new()),
            Err(unusable) => last_good(places, arms, &before, unusable),
        };
        // What was kept of the last good file may be lost; what is in force is in the ledger.
        let next = match &policy {
            Some(policy) => Arc::new(InForce::of(policy, arms)?),
            None => before.clone(),
        };
        if next != before {
            if let (Some(policy), Origin::File) = (&policy, &origin) {
                keep(places, policy)?;
            }
            removals::note(places, &before, &next)?;
            ledger
                .commit(&[Operation::Adopt(next.clone())])?
                .into_iter()
                .try_for_each(|answer| answer.map(drop))?;
        } else if let (Some(policy), Origin::File) = (&policy, &origin)
            && kept(places, arms).is_none_or(|old| old.id() != policy.id())
        {
            // Sinks are no part of what is in force, and are kept all the same.
            keep(places, policy)?;
        }
        let removals = removals::recent(places, &next, Timestamp::now());
        findings.extend(removals::finding(&removals));
        Ok(Self { in_force: next, policy, origin, findings, removals })
    }

    /// The budgets in force.
    pub fn in_force(&self) -> &Arc<InForce> {
        &self.in_force
    }

    /// The policy with its sinks; nothing where it cannot be known any more.
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()
    }

    /// Whence they are.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What must be said loudly: that `budgets.yaml` is not in force, with its mistakes, and that a
    /// cap is gone.
    pub fn findings(&self) -> &[Diagnostic] {
        &self.findings
    }

    /// The budgets that denied calls and were removed lately.
    pub fn removals(&self) -> &[Removal] {
        &self.removals
    }

    /// What is answered to a call when it cannot be known whether it fits.
    pub fn on_error(&self, path: &SpendPath) -> OnError {
        match &self.origin {
            Origin::Unknown(_, answer) => *answer,
            _ => self.in_force.on_error(path),
        }
    }
}

/// What stays in force beside a file that cannot be used.
fn last_good(
    places: &Places,
    arms: &Arms,
    before: &InForce,
    unusable: Unusable,
) -> (Option<Policy>, Origin, Vec<Diagnostic>) {
    let Unusable { error, on_error } = unusable;
    let mut findings = error.diagnostics().to_vec();
    let file = places.budgets();
    let file = file.display();
    let kept = kept(places, arms);
    if kept.is_none() && before.judges().is_empty() {
        let finding = Diagnostic::error(
            codes::NO_POLICY,
            format!(
                "no budget can be read, and none ever was: every call is answered `{}`: `{file}`",
                on_error.name()
            ),
        );
        findings.push(finding.hinted("mend the file; `octorato budget status` shows its budgets"));
        return (None, Origin::Unknown(error, on_error), findings);
    }
    let finding = Diagnostic::error(
        codes::LAST_GOOD,
        format!("the file cannot be used, so the last good budgets stay in force: `{file}`"),
    );
    findings.push(finding.hinted("mend the file; until then no change of it counts"));
    (kept, Origin::LastGood(error), findings)
}

/// Keeps a policy for the time when its file cannot be used.
fn keep(places: &Places, policy: &Policy) -> Result<()> {
    let text = policy.to_stored()?;
    Lock::of(&places.last_policy())?.replace(&text)
}

/// The policy that was kept last, whose defaults go to the arms of now; nothing where none was or
/// it is damaged.
fn kept(places: &Places, arms: &Arms) -> Option<Policy> {
    let text = text_of(&places.last_policy()).ok()??;
    Policy::from_stored(&text, arms).ok()
}

fn text_of(path: &Path) -> Result<Option<String>> {
    match read_file(path) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
