//! From a call to its answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, ModelId, Result};

use super::call::CallSpec;
use super::denial::{Denial, Eyes};
use super::line::{Tried, Wait};
use super::quote::{Found, Quote};
use super::reservation::{Granted, Reservation};
use super::spool::{End, item};
use super::store::{Failure, Shared};
use crate::budget::{BudgetId, OnError, SpendPath, Unpriced};
use crate::ledger::{Decision, Operation, Outcome, Release, Reserve, Shortage, fresh_reservation};
use crate::price::PriceBook;

/// The answer to a call.
#[derive(Debug)]
pub enum Reserved {
    /// It may be sent; its worst case is held.
    Granted(Reservation),
    /// Not now: it would fit once calls under way end for less than they hold.
    Busy(Denial),
    /// No: what is spent, and what orphans may have spent, leaves too little.
    Exhausted(Denial),
    /// The id that the caller gave belongs to a call that has ended so. Nothing may be sent under
    /// it; a new attempt needs a new id.
    Ended(Outcome),
}

impl Reserved {
    /// The reservation, or why there is none. An ended call is an [`ErrorKind::Conflict`], a denial
    /// an [`ErrorKind::Refused`].
    pub fn granted(self) -> Result<Reservation> {
        match self {
            Self::Granted(reservation) => Ok(reservation),
            Self::Busy(denial) | Self::Exhausted(denial) => Err(denial.into()),
            Self::Ended(outcome) => {
                let state = outcome.state.name();
                Err(Error::new(ErrorKind::Conflict, format!("the call has ended: it is {state}"))
                    .hinted("a new attempt needs a new id"))
            }
        }
    }

    /// Why it is not granted.
    pub fn denial(&self) -> Option<&Denial> {
        match self {
            Self::Busy(denial) | Self::Exhausted(denial) => Some(denial),
            Self::Granted(_) | Self::Ended(_) => None,
        }
    }
}

/// A call on its way to an answer.
struct Asking<'s> {
    shared: &'s Arc<Shared>,
    call: &'s CallSpec,
    eyes: Eyes,
    book: Arc<PriceBook>,
    at: Timestamp,
    quote: Quote,
    reserve: Reserve,
}

impl Shared {
    pub(super) fn reserve(
        self: &Arc<Self>,
        call: &CallSpec,
        path: SpendPath,
        eyes: Eyes,
    ) -> Result<Reserved> {
        self.flush_some();
        let at = call.at.unwrap_or_else(|| self.now());
        let book = self.prices();
        let found = Quote::of(&book, &call.asked, at)?;
        let mut path = path;
        let quote = match found {
            Found::Bounded(quote) => named(quote, &mut path),
            Found::Unpriced(error, quote) => {
                let quote = named(quote, &mut path);
                self.admit_unpriced(&path, error)?;
                quote
            }
            Found::Unbounded(reasons, quote) => {
                let quote = named(quote, &mut path);
                self.admit_unbounded(&path, &reasons)?;
                quote
            }
        };
        let id = match call.id {
            Some(id) => id,
            None => fresh_reservation(self.now())?,
        };
        let reserve = Reserve {
            id,
            path: Arc::new(path),
            amount: quote.amount,
            max_output_tokens: quote.max_output_tokens.unwrap_or(0),
            patience: call.patience.unwrap_or(self.options.patience),
            holder: self.options.holder,
        };
        let asking = Asking { shared: self, call, eyes, book, at, quote, reserve };
        asking.answer()
    }

    /// A model without a price under a hard cap is refused, or flagged where the policy says so.
    fn admit_unpriced(&self, path: &SpendPath, error: Error) -> Result<()> {
        if self.policy().unpriced() == Unpriced::Flag || !self.may_be_capped(path)? {
            return Ok(());
        }
        Err(error.hinted(
            "under a hard cap a call needs a price: add one to prices.yaml, or say \
             `unpriced: flag` in budgets.yaml",
        ))
    }

    fn admit_unbounded(&self, path: &SpendPath, reasons: &[String]) -> Result<()> {
        if !self.may_be_capped(path)? {
            return Ok(());
        }
        let reasons = reasons.join("; ");
        Err(Error::new(ErrorKind::Unpriced, format!("the call can cost any amount: `{reasons}`"))
            .hinted("under a hard cap a call needs a bound: limit what is named"))
    }

    /// Whether a budget that denies judges the path: by the ledger, or by the policy where the
    /// ledger does not answer.
    fn may_be_capped(&self, path: &SpendPath) -> Result<bool> {
        match self.is_capped(path) {
            Ok(is_capped) => Ok(is_capped),
            Err(error) => match self.policy().on_error(path) {
                OnError::Deny => Err(without_store(error)),
                OnError::Allow => Ok(false),
            },
        }
    }
}

/// The path with the model of the quote, where the caller did not say one.
fn named(quote: Quote, path: &mut SpendPath) -> Quote {
    if path.model.is_none() {
        path.model = quote.subject.model.as_deref().map(ModelId::from);
    }
    if path.priced_as.is_none() {
        path.priced_as.clone_from(&quote.subject.entry);
    }
    quote
}

impl Asking<'_> {
    fn answer(&self) -> Result<Reserved> {
        let wait = Wait {
            limit: self.call.busy_wait.unwrap_or(self.shared.options.busy_wait),
            poll: self.shared.options.busy_poll,
            cancel: self.call.cancel.clone(),
        };
        let line = &self.shared.line;
        let since = line.turns();
        if wait.limit.is_zero() {
            return self.tried().map(|tried| match tried {
                Tried::Done(answer) | Tried::Blocked(_, answer) => answer,
            });
        }
        // Whoever may wait does not go before those who do.
        if line.len() > 0 {
            let ahead = self.shared.caps(&self.reserve.path).unwrap_or_default();
            let ahead = line.awaited(&ahead);
            if !ahead.is_empty() {
                return line.wait(since, ahead, None, &wait, || self.tried());
            }
        }
        match self.tried()? {
            Tried::Done(answer) => Ok(answer),
            Tried::Blocked(budgets, answer) => {
                line.wait(since, budgets, Some(answer), &wait, || self.tried())
            }
        }
    }

    /// One try: as it was asked for, and then with less output where the caller allows that.
    fn tried(&self) -> Result<Tried<Reserved>> {
        let (shortage, is_busy) = match self.ask(&self.quote, false)? {
            Asked::Answered(answer) => return Ok(Tried::Done(*answer)),
            Asked::Denied(shortage, is_busy) => (shortage, is_busy),
        };
        let mut denial = Denial::of(&shortage, is_busy, self.eyes);
        let fitting = denial.left().and_then(|left| self.quote.within(&self.book, self.at, left));
        denial.would_fit_with = fitting.as_ref().and_then(|quote| quote.max_output_tokens);
        let at_least = self.call.at_least.unwrap_or(u64::MAX);
        if let Some(quote) = fitting
            && quote.max_output_tokens.is_some_and(|tokens| tokens >= at_least)
            && let Asked::Answered(answer) = self.ask(&quote, true)?
        {
            return Ok(Tried::Done(*answer));
        }
        let budgets: BTreeSet<BudgetId> =
            shortage.failed.iter().map(|standing| standing.budget).collect();
        Ok(if is_busy {
            Tried::Blocked(budgets, Reserved::Busy(denial))
        } else {
            Tried::Done(Reserved::Exhausted(denial))
        })
    }

    /// One atomic step of the ledger.
    fn ask(&self, quote: &Quote, is_lowered: bool) -> Result<Asked> {
        let reserve = Reserve {
            amount: quote.amount,
            max_output_tokens: quote.max_output_tokens.unwrap_or(0),
            ..self.reserve.clone()
        };
        let mut is_metered = true;
        let mut quote = quote.clone();
        let mut reserve = reserve;
        let mut is_lowered = is_lowered;
        match self.shared.decide(&Operation::Reserve(reserve.clone())) {
            Ok(Decision::Granted(_)) => {}
            Ok(Decision::Busy(shortage)) => return Ok(Asked::Denied(shortage, true)),
            Ok(Decision::Exhausted(shortage)) => return Ok(Asked::Denied(shortage, false)),
            Err(Failure::Store(error)) => {
                self.without_store(error, &reserve)?;
                is_metered = false;
            }
            Err(Failure::Refused(error)) => {
                quote = self.lowered_before(error)?;
                reserve.amount = quote.amount;
                reserve.max_output_tokens = quote.max_output_tokens.unwrap_or(0);
                is_lowered = true;
            }
        }
        if is_metered
            && self.call.id.is_some()
            && let Some(known) = self.shared.ledger.call(reserve.id)?
            && known.outcome.state.is_final()
        {
            return Ok(Asked::Answered(Box::new(Reserved::Ended(known.outcome))));
        }
        let reservation = Reservation::new(Granted {
            shared: self.shared.clone(),
            book: self.book.clone(),
            at: self.at,
            eyes: self.eyes,
            quote,
            reserve,
            is_lowered,
            is_metered,
        });
        Ok(Asked::Answered(Box::new(Reserved::Granted(reservation))))
    }

    /// A retry of a call that was granted with less output is that grant again: its amount tells
    /// its output.
    fn lowered_before(&self, error: Error) -> Result<Quote> {
        let is_retry = error.kind() == ErrorKind::Conflict
            && self.call.id.is_some()
            && self.call.at_least.is_some();
        let known = if is_retry { self.shared.ledger.call(self.reserve.id)? } else { None };
        let Some(known) = known else { return Err(error) };
        let held = known.outcome.held;
        let quote = self.quote.within(&self.book, self.at, held);
        let Some(quote) = quote.filter(|quote| quote.amount == held) else { return Err(error) };
        let reserve = Reserve {
            amount: quote.amount,
            max_output_tokens: quote.max_output_tokens.unwrap_or(0),
            ..self.reserve.clone()
        };
        match self.shared.decide(&Operation::Reserve(reserve)) {
            Ok(Decision::Granted(_)) => Ok(quote),
            _ => Err(error),
        }
    }

    /// The ledger does not answer: the policy decides. An error is a denial.
    fn without_store(&self, error: Error, reserve: &Reserve) -> Result<()> {
        let on_error = self.shared.policy().on_error(&reserve.path);
        let is_full = self.shared.spool.len() >= self.shared.options.most_unbooked;
        if on_error == OnError::Allow && !is_full {
            return Ok(());
        }
        // It may have taken effect nevertheless. Of an id that the caller keeps it is left to a
        // retry, or to its deadline.
        if self.call.id.is_none() && !is_full {
            let reason = "it was not sent: the ledger did not answer".into();
            let end = End::Release(Release { id: reserve.id, reason });
            let kept = item(end, &Arc::new(reserve.clone()), self.at, &error);
            self.shared.spool.keep(reserve.id, kept);
        }
        Err(without_store(error))
    }
}

enum Asked {
    Answered(Box<Reserved>),
    /// The shortage, and whether it is one of calls under way.
    Denied(Shortage, bool),
}

fn without_store(error: Error) -> Error {
    Error::new(ErrorKind::Unavailable, "the ledger does not answer, so the call is denied")
        .caused_by(error)
        .hinted(
            "`on_error: allow` in budgets.yaml lets calls pass meanwhile; they are booked later",
        )
}
