//! What people decide: which budgets are in force, raises, closed months.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind};

use super::{Decided, Draft, Rules, amount};
use crate::budget::{InForce, Scope};
use crate::ledger::answer::{Adopted, Answer};
use crate::ledger::entry::Fact;
use crate::ledger::operation::{Close, Raise};
use crate::ledger::records::Records;

impl<R: Records> Rules<'_, R> {
    pub(super) fn adopt(&self, in_force: &Arc<InForce>) -> Decided {
        let before = self.records.in_force()?;
        let mut drafts = Vec::new();
        if before != *in_force {
            drafts.push(Draft { fact: Fact::Adopted(in_force.clone()), postings: Vec::new() });
        }
        let mut adopted = Adopted {
            policy: in_force.policy(),
            added: Vec::new(),
            changed: Vec::new(),
            removed: Vec::new(),
        };
        for judge in in_force.judges() {
            match before.find(judge.id) {
                None => adopted.added.push(judge.clone()),
                Some(known) if known == judge => {}
                Some(known) => adopted.changed.push((known.clone(), judge.clone())),
            }
        }
        let gone = before.judges().iter().filter(|judge| in_force.find(judge.id).is_none());
        adopted.removed.extend(gone.cloned());
        Ok((Answer::Adopted(Box::new(adopted)), drafts))
    }

    pub(super) fn raise(&self, raise: &Raise) -> Decided {
        amount(raise.amount)?;
        if raise.amount.is_zero() {
            return Err(Error::new(ErrorKind::InvalidArgument, "a raise of nothing").into());
        }
        if self.is_decided(raise.id, raise.fingerprint())? {
            return Ok((Answer::Done, Vec::new()));
        }
        self.check_signature(raise)?;
        match self.records.in_force()?.find(raise.budget) {
            Some(known) if known.budget.tiers().has_hard_stop() => {}
            Some(known) => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("a budget without a hard stop has no limit: `{}`", known.title),
                )
                .into());
            }
            None => {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("no such budget is in force: `{}`", raise.budget),
                )
                .into());
            }
        }
        let draft = Draft { fact: Fact::Raised(raise.clone()), postings: Vec::new() };
        Ok((Answer::Done, vec![draft]))
    }

    pub(super) fn close(&self, close: &Close, now: Timestamp) -> Decided {
        let refuse = |what: &str| {
            let what = format!("{what}: `{}`", close.label);
            Err(Error::new(ErrorKind::InvalidArgument, what).into())
        };
        if close.end <= close.start {
            return refuse("the period ends before it starts");
        }
        if close.end > now {
            return refuse("the period has not ended");
        }
        let same = |known: &Close| {
            known.scope == close.scope && known.start == close.start && known.end == close.end
        };
        let closed = self.records.closed(close.start, close.end)?;
        if closed.iter().any(same) {
            return Ok((Answer::Done, Vec::new()));
        }
        let crosses = |known: &&Close| overlap(&known.scope, &close.scope);
        if let Some(known) = closed.iter().find(crosses) {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("a part of it is closed already: `{}`", known.label),
            )
            .with("period", &close.label)
            .into());
        }
        let draft = Draft { fact: Fact::Closed(close.clone()), postings: Vec::new() };
        Ok((Answer::Done, vec![draft]))
    }
}

/// Whether two scopes can hold the same spend.
fn overlap(one: &Scope, other: &Scope) -> bool {
    one == other || *one == Scope::Operator || *other == Scope::Operator
}
