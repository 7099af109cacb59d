//! Asking the ledger, again where it does not answer.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Result};

use super::line::Line;
use super::options::Options;
use super::spool::Spool;
use crate::budget::{BudgetId, InForce};
use crate::ledger::{Answer, Decision, Ledger, Operation, Outcome, SpendPath};
use crate::price::PriceBook;

/// What all handles of a guard share.
pub(super) struct Shared {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) prices: RwLock<Arc<PriceBook>>,
    pub(super) policy: RwLock<Arc<InForce>>,
    pub(super) options: Options,
    pub(super) line: Arc<Line>,
    pub(super) spool: Spool,
}

/// How an answer of the ledger failed.
pub(super) enum Failure {
    /// The store: whether it took effect is not known.
    Store(Error),
    /// The ledger refused it: it had no effect.
    Refused(Error),
}

impl Failure {
    pub(super) fn error(self) -> Error {
        match self {
            Self::Store(error) | Self::Refused(error) => error,
        }
    }
}

impl Shared {
    pub(super) fn prices(&self) -> Arc<PriceBook> {
        self.prices.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn policy(&self) -> Arc<InForce> {
        self.policy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.options.clock.tick().wall
    }

    /// One operation. Trying again by id is safe, so a store that does not answer is asked until
    /// `wait` is over.
    pub(super) fn commit(&self, operation: &Operation, wait: Duration) -> Result<Answer, Failure> {
        let mut answers = self
            .patiently(wait, || self.ledger.commit(std::slice::from_ref(operation)))
            .map_err(Failure::Store)?;
        match (answers.pop(), answers.pop()) {
            (Some(answer), None) => answer.map_err(Failure::Refused),
            _ => Err(Failure::Store(unexpected())),
        }
    }

    pub(super) fn decide(&self, operation: &Operation) -> Result<Decision, Failure> {
        match self.commit(operation, self.options.store_wait)? {
            Answer::Decision(decision) => Ok(decision),
            _ => Err(Failure::Store(unexpected())),
        }
    }

    pub(super) fn end(&self, operation: &Operation, wait: Duration) -> Result<Outcome, Failure> {
        match self.commit(operation, wait)? {
            Answer::Call(outcome) => Ok(outcome),
            _ => Err(Failure::Store(unexpected())),
        }
    }

    /// Whether a budget that denies judges the path.
    pub(super) fn is_capped(&self, path: &SpendPath) -> Result<bool> {
        self.caps(path).map(|caps| !caps.is_empty())
    }

    /// The budgets that judge the path and deny, as the ledger has them in force.
    pub(super) fn caps(&self, path: &SpendPath) -> Result<BTreeSet<BudgetId>> {
        let in_force = self.patiently(self.options.store_wait, || self.ledger.in_force())?;
        let judging = in_force.judging(path).into_iter();
        Ok(judging.filter(|judge| judge.budget.enforces()).map(|judge| judge.id).collect())
    }

    /// Asks until the store answers or `wait` is over.
    pub(super) fn patiently<T>(&self, wait: Duration, ask: impl Fn() -> Result<T>) -> Result<T> {
        let started = Instant::now();
        loop {
            match ask() {
                Err(error)
                    if error.kind() == ErrorKind::Unavailable && started.elapsed() < wait =>
                {
                    std::thread::sleep(self.options.store_pause);
                }
                answer => return answer,
            }
        }
    }
}

fn unexpected() -> Error {
    Error::new(ErrorKind::Data, "the store answered something else than was asked")
}
