//! A granted call: what is held for it until its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Currency, Error, ErrorKind, Money, ReservationId, Result};

use super::counted::{Cost, Counted};
use super::denial::{Denial, Eyes};
use super::fate::{Attempt, Fate, NotCharged, outcome_of};
use super::quote::{Doubt, Quote, Subject};
use super::spool::{End, item};
use super::store::{Failure, Shared};
use crate::ledger::{
    Decision, Expire, Extend, Operation, Outcome, Release, RequestKey, Reserve, Settle, SpendPath,
    State,
};
use crate::price::PriceBook;

/// A granted call. It is ended once: settled, released, or cut; dropped before that (by a return, a
/// panic, a cancelled task) it becomes an orphan: what was [seen](Self::saw) is booked and its worst
/// case stays held. It is never forgotten and never refunded to nothing.
///
/// Where even the ledger cannot be reached at that moment, the outcome waits in
/// [`Guard::unbooked`](super::Guard::unbooked); and where the process is gone, the deadline that
/// the ledger keeps makes the call an orphan.
///
/// All methods take `&self`, so that a stream's reader and whoever cancels it can share it.
pub struct Reservation {
    shared: Arc<Shared>,
    book: Arc<PriceBook>,
    at: Timestamp,
    eyes: Eyes,
    quote: Box<Quote>,
    reserve: Arc<Reserve>,
    is_lowered: bool,
    is_metered: bool,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    held: Money,
    max_output_tokens: Option<u64>,
    seen: Money,
    request: Option<RequestKey>,
    is_ended: bool,
}

/// How a call ended.
#[derive(Debug)]
pub struct Settlement {
    /// What is booked of it, in USD: all that it cost, or of an orphan what was seen.
    pub amount: Money,
    /// What the ledger answered; nothing where it does not hold the call, or not yet.
    pub outcome: Option<Outcome>,
    /// Whether it is booked; otherwise it waits for the store, in
    /// [`Guard::unbooked`](super::Guard::unbooked).
    pub is_booked: bool,
    /// Why its cost is not known: its worst case stays held until somebody tells. Of a call that
    /// was granted without a price, what has none.
    pub doubt: Option<Error>,
}

impl Settlement {
    /// How far the call has come; nothing where the ledger does not hold it, or not yet.
    pub fn state(&self) -> Option<State> {
        self.outcome.map(|outcome| outcome.state)
    }
}

/// The answer to an extension.
#[derive(Debug)]
pub enum Extended {
    /// So much is held now.
    Granted,
    /// Not now; all stays as it was.
    Busy(Denial),
    /// No; all stays as it was.
    Exhausted(Denial),
}

/// What makes a reservation.
pub(super) struct Granted {
    pub(super) shared: Arc<Shared>,
    pub(super) book: Arc<PriceBook>,
    pub(super) at: Timestamp,
    pub(super) eyes: Eyes,
    pub(super) quote: Quote,
    pub(super) reserve: Reserve,
    pub(super) is_lowered: bool,
    pub(super) is_metered: bool,
}

impl Reservation {
    pub(super) fn new(granted: Granted) -> Self {
        let Granted { shared, book, at, eyes, quote, reserve, is_lowered, is_metered } = granted;
        let progress = Mutex::new(Progress {
            held: reserve.amount,
            max_output_tokens: quote.max_output_tokens,
            seen: Money::zero(Currency::USD),
            request: None,
            is_ended: false,
        });
        let reserve = Arc::new(reserve);
        let quote = Box::new(quote);
        Self { shared, book, at, eyes, quote, reserve, is_lowered, is_metered, progress }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subject(&self) -> &Subject {
        &self.quote.subject
    }

    /// Its id.
    pub fn id(&self) -> ReservationId {
        self.reserve.id
    }

    /// Where it belongs.
    pub fn path(&self) -> &SpendPath {
        &self.reserve.path
    }

    /// What is held for it, in USD.
    pub fn amount(&self) -> Money {
        self.progress().held
    }

    /// The limit of output tokens with which it may be sent. Nothing where none is known, which is
    /// so only without a hard cap.
    pub fn max_output_tokens(&self) -> Option<u64> {
        self.progress().max_output_tokens
    }

    /// Whether less output is granted than was asked for: the limit must be written into the
    /// request before it is sent.
    pub fn is_lowered(&self) -> bool {
        self.is_lowered
    }

    /// Why what is held bounds nothing; nothing where it does.
    pub fn doubt(&self) -> Option<Doubt> {
        self.quote.doubt
    }

    /// Whether the ledger holds it. It does not where the store failed and the policy says `allow`:
    /// then its cost is booked once the store is back, whatever the budgets say.
    pub fn is_metered(&self) -> bool {
        self.is_metered
    }

    /// Whether it has ended through this handle.
    pub fn is_ended(&self) -> bool {
        self.progress().is_ended
    }

    /// Notes what was used so far, such as a running count of a stream: so much at least is booked
    /// if the call never gets another end. Only more than before counts.
    pub fn saw(&self, counted: &Counted) {
        let cost = counted.cost(&self.book, self.subject(), self.at);
        self.note(&cost);
    }

    fn note(&self, cost: &Cost) -> Money {
        let mut progress = self.progress();
        if cost.amount.pico() > progress.seen.pico()
            && cost.amount.currency() == progress.seen.currency()
        {
            progress.seen = cost.amount;
        }
        if cost.request.is_some() {
            progress.request.clone_from(&cost.request);
        }
        progress.seen
    }

    /// Ends it at what it used. More than was held is booked in full.
    ///
    /// What cannot be priced, and usage of nothing, leave it an orphan with a doubt: see
    /// [`Settlement::doubt`]. A call that was granted without a price is settled at what has one, as
    /// an estimate. [`ErrorKind::InvalidArgument`] where a request is named and nobody knows whose.
    /// Other errors are those of [`Ledger::commit`](crate::ledger::Ledger::commit) for a
    /// settle: it has ended otherwise, or the provider's request belongs to another call; then it
    /// becomes an orphan on drop. A store that fails is no error: the outcome is kept.
    pub fn settle(&self, counted: &Counted) -> Result<Settlement> {
        let cost = counted.cost(&self.book, self.subject(), self.at);
        let seen = self.note(&cost);
        if cost.is_nobodys {
            let what = "a request is named, but not the provider whose it is";
            return Err(Error::new(ErrorKind::InvalidArgument, what)
                .hinted("say who bills it: `Counted::billed_by`"));
        }
        let is_flagged = self.quote.doubt == Some(Doubt::NoPrice);
        let Cost { amount, doubt, is_estimate, request, metered, is_nobodys: _ } = cost;
        if let Some(error) = doubt.as_ref().filter(|_| !is_flagged) {
            return self.orphan(seen, format!("its cost is not known: {error}"), doubt);
        }
        let is_estimate = is_estimate || doubt.is_some();
        let settle = Settle { id: self.id(), amount, is_estimate, request, metered };
        self.end(End::Settle(settle), amount, doubt)
    }

    /// Ends it at all that is held, as an estimate that a log of the same request sets right.
    pub fn settle_worst(&self) -> Result<Settlement> {
        let (amount, request) = {
            let progress = self.progress();
            (progress.held, progress.request.clone())
        };
        let settle = Settle { id: self.id(), amount, is_estimate: true, request, metered: None };
        self.end(End::Settle(settle), amount, None)
    }

    /// Ends it at no cost. Only for what was provably not sent and what the provider refused: see
    /// [`outcome_of`]. Of an orphan and of what has cost something it is a conflict.
    pub fn release(&self, why: NotCharged) -> Result<Settlement> {
        let release = Release { id: self.id(), reason: why.to_string().into() };
        self.end(End::Release(release), Money::zero(Currency::USD), None)
    }

    /// Gives up on its outcome: it was cancelled, or its stream broke. What was seen is booked, its
    /// worst case stays held.
    pub fn cut(&self, seen: Option<&Counted>, reason: &str) -> Result<Settlement> {
        let mut doubt = None;
        if let Some(counted) = seen {
            let cost = counted.cost(&self.book, self.subject(), self.at);
            self.note(&cost);
            doubt = cost.doubt;
        }
        let seen = self.progress().seen;
        self.orphan(seen, reason.to_owned(), doubt)
    }

    /// Ends it as the end of its HTTP attempt means: see [`outcome_of`].
    pub fn answered(
        &self,
        provider: &str,
        flavor: Option<&str>,
        attempt: Attempt<'_>,
    ) -> Result<Settlement> {
        match outcome_of(provider, flavor, attempt) {
            Fate::Settle(usage) => match Counted::told(*usage) {
                Ok(counted) => self.settle(&counted),
                Err(error) => {
                    let reason = format!("its cost is not known: {error}");
                    self.orphan(self.progress().seen, reason, Some(error))
                }
            },
            Fate::Release(why) => self.release(why),
            Fate::Orphan { seen, reason } => {
                let seen = seen.and_then(|usage| Counted::told(*usage).ok());
                self.cut(seen.as_ref(), &reason)
            }
        }
    }

    /// Holds `amount` in all for a call that goes on, which covers `max_output_tokens`, for so long
    /// from now. Neither ever shrinks.
    pub fn extend(
        &self,
        amount: Money,
        max_output_tokens: u64,
        patience: SignedDuration,
    ) -> Result<Extended> {
        let extend = Extend { id: self.id(), amount, max_output_tokens, patience };
        let decision = match self.shared.decide(&Operation::Extend(extend)) {
            Ok(decision) => decision,
            // The ledger does not hold it, which the policy allowed; its cost is booked all the same.
            Err(Failure::Refused(error))
                if !self.is_metered && error.kind() == ErrorKind::NotFound =>
            {
                return Ok(Extended::Granted);
            }
            Err(failure) => return Err(failure.error()),
        };
        Ok(match decision {
            Decision::Granted(grant) => {
                let mut progress = self.progress();
                if grant.amount.pico() > progress.held.pico() {
                    progress.held = grant.amount;
                }
                let limit = progress.max_output_tokens.unwrap_or(0);
                progress.max_output_tokens = Some(limit.max(grant.max_output_tokens));
                Extended::Granted
            }
            Decision::Busy(shortage) => Extended::Busy(Denial::of(&shortage, true, self.eyes)),
            Decision::Exhausted(shortage) => {
                Extended::Exhausted(Denial::of(&shortage, false, self.eyes))
            }
        })
    }

    /// Holds enough for `max_output_tokens` of output. Only for calls that were reserved by their
    /// body or their tokens ([`ErrorKind::InvalidArgument`] otherwise).
    pub fn extend_output(
        &self,
        max_output_tokens: u64,
        patience: SignedDuration,
    ) -> Result<Extended> {
        let quote = self.quote.with_output(&self.book, self.at, max_output_tokens)?;
        self.extend(quote.amount, max_output_tokens, patience)
    }

    /// Holds what it holds for so long from now.
    pub fn keep(&self, patience: SignedDuration) -> Result<Extended> {
        let (held, tokens) = {
            let progress = self.progress();
            (progress.held, progress.max_output_tokens.unwrap_or(0))
        };
        self.extend(held, tokens, patience)
    }

    fn orphan(&self, seen: Money, reason: String, doubt: Option<Error>) -> Result<Settlement> {
        let expire = self.expire(seen, reason);
        self.end(End::Orphan(expire), seen, doubt)
    }

    fn expire(&self, seen: Money, reason: String) -> Expire {
        let request = self.progress().request.clone();
        Expire::Call { id: self.id(), seen, request, reason: reason.into() }
    }

    fn end(&self, end: End, amount: Money, doubt: Option<Error>) -> Result<Settlement> {
        let (outcome, is_booked) = self.try_end(end, self.shared.options.store_wait)?;
        let amount = outcome.map_or(amount, |outcome| outcome.amount);
        Ok(Settlement { amount, outcome, is_booked, doubt })
    }

    /// Books an end, or keeps it for later where the store fails; and whether it is booked.
    fn try_end(&self, end: End, wait: Duration) -> Result<(Option<Outcome>, bool)> {
        let keep = |end, why: &Error| {
            self.shared.spool.keep(self.id(), item(end, &self.reserve, self.at, why));
            self.progress().is_ended = true;
        };
        match self.shared.end(&end.operation(), wait) {
            Ok(outcome) => {
                self.progress().is_ended = true;
                self.shared.line.turn();
                self.shared.flush_some();
                Ok((Some(outcome), true))
            }
            Err(Failure::Store(error)) => {
                keep(end, &error);
                Ok((None, false))
            }
            // It was granted without the ledger, which is back now.
            Err(Failure::Refused(error))
                if !self.is_metered && error.kind() == ErrorKind::NotFound =>
            {
                keep(end, &error);
                self.shared.flush_some();
                Ok((None, !self.shared.spool.holds(self.id())))
            }
            Err(Failure::Refused(error)) => Err(error),
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let (is_ended, seen) = {
            let progress = self.progress();
            (progress.is_ended, progress.seen)
        };
        if is_ended {
            return;
        }
        let reason = if std::thread::panicking() {
            "its caller panicked"
        } else {
            "it was dropped without an answer"
        };
        let end = End::Orphan(self.expire(seen, reason.to_owned()));
        if self.try_end(end, Duration::ZERO).is_ok() {
            return;
        }
        // Refused: perhaps for the provider's request, which another call has.
        self.progress().request = None;
        let end = End::Orphan(self.expire(seen, reason.to_owned()));
        if let Err(error) = self.try_end(end.clone(), Duration::ZERO) {
            let mut kept = item(end, &self.reserve, self.at, &error);
            kept.is_refused = true;
            self.shared.spool.keep(self.id(), kept);
        }
    }
}

impl std::fmt::Debug for Reservation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reservation")
            .field("id", &self.id())
            .field("progress", &*self.progress())
            .finish_non_exhaustive()
    }
}
