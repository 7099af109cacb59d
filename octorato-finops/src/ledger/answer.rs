//! What a ledger answers.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Money, ReservationId, Result};

use super::operation::{Holder, Metered};
use super::slot::Slot;
use crate::budget::{Action, BudgetId, Judge, PolicyId, Scope, SpendPath};

/// The answer to one operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To a reserve or an extend.
    Decision(Decision),
    /// To a settle, a release, a resolve, or the expiry of one call: how it stands with the call.
    Call(Outcome),
    /// To the expiry of many calls: those that became orphans, in the order of their ids.
    Orphaned(Vec<ReservationId>),
    /// To an append.
    Appended(Appended),
    /// To an adoption: what it changed.
    Adopted(Box<Adopted>),
    /// To everything else: it is in force.
    Done,
}

/// Whether a call may be sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It may; the amount is held.
    Granted(Grant),
    /// Not now: it would fit once open holds settle for less. Ask again.
    Busy(Shortage),
    /// No: what is spent, and what orphans may have spent, leaves too little.
    Exhausted(Shortage),
}

impl Decision {
    /// The grant, where there is one.
    pub fn granted(&self) -> Option<Grant> {
        match self {
            Self::Granted(grant) => Some(*grant),
            Self::Busy(_) | Self::Exhausted(_) => None,
        }
    }
}

/// What a call may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grant {
    /// The amount that is held, in USD.
    pub amount: Money,
    /// The output tokens that it covers: the call must not be sent with more.
    pub max_output_tokens: u64,
}

/// Why a call is not granted.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortage {
    /// What was asked for, in USD.
    pub requested: Money,
    /// Every budget that it does not fit, the one with the least left first.
    pub failed: Vec<Standing>,
}

impl Shortage {
    /// What a caller that belongs to one arm may learn of it, in the same order: its own arm's
    /// budgets in full; of an operator's or a client's, which other clients' spend may have filled,
    /// only that there is a limit and when it resets.
    pub fn for_an_arm(&self) -> Vec<Disclosed<'_>> {
        self.failed.iter().map(Standing::for_an_arm).collect()
    }
}

/// What a caller that belongs to one arm may learn of a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Disclosed<'s> {
    /// A budget of its arm.
    Own(&'s Standing),
    /// The operator limit: a budget over more than its arm.
    OperatorLimit {
        /// When it resets, where that is known.
        resets: Option<Timestamp>,
    },
}

/// How far a budget has come in a period, by what was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// No tier is reached.
    Ok,
    /// A tier that tells the sinks is reached.
    Alert,
    /// A tier that tells the agent too is reached.
    Warn,
    /// The limit is reached.
    Over,
}

impl Level {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Alert => "alert",
            Self::Warn => "warn",
            Self::Over => "over",
        }
    }
}

/// How it stands with one budget in one of its periods.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The budget.
    pub budget: BudgetId,
    /// Its name for people.
    pub name: Arc<str>,
    /// Over whose spend it stands.
    pub scope: Scope,
    /// The sum's slot; that of a rolling window is the newest bucket.
    pub slot: Slot,
    /// The first instant that counts, where there is one.
    pub start: Option<Timestamp>,
    /// The first instant that no longer counts, where the calendar says it.
    pub end: Option<Timestamp>,
    /// When something is free again: the period's end, or when the oldest spend leaves a rolling
    /// window.
    pub resets: Option<Timestamp>,
    /// The cap, in USD.
    pub cap: Money,
    /// Cap x grace, and the raises in force, in USD.
    pub limit: Money,
    /// The strongest that the budget does.
    pub action: Action,
    /// Whether it denies what would pass the limit.
    pub is_enforced: bool,
    /// Whether it is a trial.
    pub is_shadow: bool,
    /// How far it has come.
    pub level: Level,
    /// Booked, in USD.
    pub spent: Money,
    /// Held by open calls, in USD.
    pub open: Money,
    /// What orphans may have cost beyond what is booked, in USD.
    pub orphaned: Money,
}

impl Standing {
    /// Everything that counts against the limit beside what is spent.
    pub fn reserved(&self) -> Result<Money> {
        self.open.checked_add(self.orphaned)
    }

    /// What is left to the limit, negative where it is passed.
    pub fn remaining(&self) -> Result<Money> {
        self.limit.checked_sub(self.spent)?.checked_sub(self.reserved()?)
    }

    /// Whether `amount` more would still be within the limit, whether or not it is enforced.
    pub fn fits(&self, amount: Money) -> Result<bool> {
        Ok(self.remaining()?.pico() >= amount.pico())
    }

    /// Whether a call that holds `amount` in all would be within the limit if every open call ended at
    /// no cost.
    pub fn would_fit_once_settled(&self, amount: Money) -> Result<bool> {
        Ok(self.remaining()?.checked_add(self.open)?.pico() >= amount.pico())
    }

    /// What a caller that belongs to one arm may learn of it.
    pub fn for_an_arm(&self) -> Disclosed<'_> {
        match self.scope {
            Scope::Arm(_) => Disclosed::Own(self),
            Scope::Operator | Scope::Client(_) => Disclosed::OperatorLimit { resets: self.resets },
        }
    }

    /// The tighter first: what is enforced, then the least left, then the narrower scope, then the
    /// id.
    pub(crate) fn by_tightness(&self, other: &Self) -> Ordering {
        let left = |standing: &Self| standing.remaining().map_or(i128::MAX, Money::pico);
        other
            .is_enforced
            .cmp(&self.is_enforced)
            .then_with(|| left(self).cmp(&left(other)))
            .then_with(|| other.scope.cmp(&self.scope))
            .then_with(|| self.budget.cmp(&other.budget))
    }
}

/// A question that changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Where a call would belong.
    pub path: Arc<SpendPath>,
    /// What it would hold, in USD.
    pub amount: Money,
    /// The output tokens that it covers.
    pub max_output_tokens: u64,
}

/// The answer to an [`Ask`].
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What a reserve would be answered now.
    pub decision: Decision,
    /// How it stands with every budget that judges the path, the tightest first.
    pub standings: Vec<Standing>,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Its worst case is held.
    Open,
    /// Its cost is booked. Final.
    Settled,
    /// It cost nothing. Final.
    Released,
    /// Nobody will tell what it cost; its worst case stays held.
    Orphaned,
    /// An orphan of which it was found out. Final.
    Resolved,
}

impl State {
    /// Whether nothing but corrections can follow.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Released | Self::Resolved)
    }

    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled => "settled",
            Self::Released => "released",
            Self::Orphaned => "orphaned",
            Self::Resolved => "resolved",
        }
    }
}

/// How it stands with a call, without the corrections that follow its end: equal for every retry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// How far it has come.
    pub state: State,
    /// What is or was held, in USD.
    pub held: Money,
    /// What it cost, in USD; of an orphan, what was seen.
    pub amount: Money,
    /// By how much it cost more than was held, in USD.
    pub overrun: Money,
}

/// A call as the ledger knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its id.
    pub id: ReservationId,
    /// Where it belongs.
    pub path: Arc<SpendPath>,
    /// When it was reserved; its period is the one of this moment.
    pub reserved_at: Timestamp,
    /// When it counts as overdue.
    pub deadline: Timestamp,
    /// The process that holds it, or held it.
    pub holder: Option<Holder>,
    /// How it stands with it.
    pub outcome: Outcome,
    /// The sum of its corrections, in USD.
    pub corrected: Money,
}

/// What an adoption changed; all empty where it changed nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Adopted {
    /// The policy that is in force.
    pub policy: PolicyId,
    /// Budgets that were not in force before.
    pub added: Vec<Judge>,
    /// Budgets of which anything but the identity changed: before and after.
    pub changed: Vec<(Judge, Judge)>,
    /// Budgets that are no longer in force.
    pub removed: Vec<Judge>,
}

impl Adopted {
    /// Those that denied calls and are gone.
    pub fn removed_enforcing(&self) -> impl Iterator<Item = &Judge> {
        self.removed.iter().filter(|judge| judge.budget.enforces())
    }

    /// Those that denied calls and still stand, but deny no longer or only above a higher limit:
    /// before and after.
    pub fn weakened(&self) -> impl Iterator<Item = &(Judge, Judge)> {
        self.changed.iter().filter(|(before, after)| {
            let is_higher = after.budget.limit().pico() > before.budget.limit().pico();
            before.budget.enforces() && (!after.budget.enforces() || is_higher)
        })
    }
}

/// What a ledger has imported of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Whose it is.
    pub path: Arc<SpendPath>,
    /// Its date.
    pub at: Timestamp,
    /// How many snapshots of it were taken.
    pub revision: u32,
    /// All that it cost as of the last one, in USD; nothing where it has no price.
    pub amount: Option<Money>,
    /// How much was counted.
    pub size: u128,
    /// What was counted, as the last snapshot tells it.
    pub metered: Option<Arc<Metered>>,
    /// The call of the live meter that it is a copy of.
    pub copy_of: Option<ReservationId>,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Appended {
    /// It was booked: the first snapshot has revision 1.
    Booked {
        /// The revision.
        revision: u32,
        /// What was added, in USD; nothing where there is no price.
        delta: Option<Money>,
    },
    /// The source was known with as much counted: nothing was changed.
    Known {
        /// The revision that stands.
        revision: u32,
    },
    /// The live meter has booked the call exactly; the source is noted beside it.
    Enriched(ReservationId),
    /// The live meter had only an estimate, which is now this amount.
    Resolved(ReservationId),
}
