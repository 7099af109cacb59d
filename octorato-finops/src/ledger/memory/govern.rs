//! What people decide: which budgets are in force, raises, closed months.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Result};

use super::book::{Book, Draft, overlap};
use super::calls::{amount, other_content};
use crate::ledger::answer::Answer;
use crate::ledger::budget::{Budget, Policy};
use crate::ledger::entry::Fact;
use crate::ledger::operation::{Close, Raise};

impl Book {
    pub(super) fn adopt(&self, policy: &Arc<Policy>) -> (Answer, Vec<Draft>) {
        let in_force = self.budgets.iter().map(|known| &known.budget);
        let mut drafts = Vec::new();
        if !in_force.eq(policy.budgets().iter()) {
            drafts.push(Draft { fact: Fact::Adopted(policy.clone()), postings: Vec::new() });
        }
        (Answer::Done, drafts)
    }

    pub(super) fn raise(&self, raise: &Raise) -> Result<(Answer, Vec<Draft>)> {
        amount(raise.amount)?;
        if raise.amount.is_zero() {
            return Err(Error::new(ErrorKind::InvalidArgument, "a raise of nothing"));
        }
        if let Some(known) = self.decisions.get(&raise.id) {
            return if *known == raise.fingerprint() {
                Ok((Answer::Done, Vec::new()))
            } else {
                Err(other_content(raise.id))
            };
        }
        let is_hard = |budget: &Budget| budget.hard_stop_pct.is_some();
        match self.budgets.iter().find(|known| known.id == raise.budget) {
            Some(known) if is_hard(&known.budget) => {}
            Some(known) => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("a budget without a hard stop has no limit: `{}`", known.budget.name),
                ));
            }
            None => {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("no such budget is in force: `{}`", raise.budget),
                ));
            }
        }
        let draft = Draft { fact: Fact::Raised(raise.clone()), postings: Vec::new() };
        Ok((Answer::Done, vec![draft]))
    }

    pub(super) fn close(&self, close: &Close, now: Timestamp) -> Result<(Answer, Vec<Draft>)> {
        let refuse = |what: &str| {
            let what = format!("{what}: `{}`", close.label);
            Err(Error::new(ErrorKind::InvalidArgument, what))
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
        if self.closed.iter().any(same) {
            return Ok((Answer::Done, Vec::new()));
        }
        let crosses = |known: &&Close| {
            overlap(&known.scope, &close.scope)
                && known.start < close.end
                && close.start < known.end
        };
        if let Some(known) = self.closed.iter().find(crosses) {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("a part of it is closed already: `{}`", known.label),
            )
            .with("period", &close.label));
        }
        let draft = Draft { fact: Fact::Closed(close.clone()), postings: Vec::new() };
        Ok((Answer::Done, vec![draft]))
    }
}
