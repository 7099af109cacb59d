//! The journal: what happened, in the order in which it was committed, and never changed.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{DecisionId, Money, ReservationId, Result};

use super::operation::{
    AddKey, Close, Correct, Holder, Metered, Raise, Reference, RequestKey, SourceKey,
};
use super::origin::Origin;
use super::slot::Slot;
use crate::budget::{Action, BudgetId, InForce, Percent, SpendPath};

/// One line of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place: larger than that of every entry before it. A store may leave numbers out.
    pub sequence: u64,
    /// When it was committed, by the ledger's clock; never before the entry before it.
    pub at: Timestamp,
    /// What happened.
    pub fact: Fact,
    /// What it adds to sums. A balance is nothing but the sum of the postings that it covers.
    pub postings: Vec<Posting>,
}

/// What an entry adds to every budget that judges its path.
#[derive(Clone, Debug, PartialEq)]
pub struct Posting {
    /// Where it belongs.
    pub path: Arc<SpendPath>,
    /// The date of the spend itself.
    pub dated: Timestamp,
    /// The moment whose periods count it: `dated`, or the first moment after the closed months in
    /// which that lies (a prior-period adjustment).
    pub posted: Timestamp,
    /// The amounts.
    pub amounts: Amounts,
}

/// The three sums of a balance, or what is added to them, in USD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amounts {
    /// Booked.
    pub spent: Money,
    /// Held by open calls.
    pub open: Money,
    /// What orphans may have cost beyond what is booked.
    pub orphaned: Money,
}

impl Amounts {
    /// Nothing, in USD.
    pub const ZERO: Self = {
        let nothing = Money::zero(octorato_core::Currency::USD);
        Self { spent: nothing, open: nothing, orphaned: nothing }
    };

    /// Only something booked.
    pub fn spent(amount: Money) -> Self {
        Self { spent: amount, ..Self::ZERO }
    }

    /// Only something held by an open call.
    pub fn open(amount: Money) -> Self {
        Self { open: amount, ..Self::ZERO }
    }

    /// The sum.
    pub fn checked_add(self, other: Self) -> Result<Self> {
        Ok(Self {
            spent: self.spent.checked_add(other.spent)?,
            open: self.open.checked_add(other.open)?,
            orphaned: self.orphaned.checked_add(other.orphaned)?,
        })
    }

    /// Everything that counts against a limit.
    pub fn exposure(self) -> Result<Money> {
        self.spent.checked_add(self.open)?.checked_add(self.orphaned)
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fact {
    /// A call was granted, and its worst case is held.
    Reserved {
        /// The call.
        id: ReservationId,
        /// What a retry must be equal to.
        fingerprint: [u8; 16],
        /// The amount that is held.
        amount: Money,
        /// The output tokens that it covers.
        max_output_tokens: u64,
        /// When it counts as overdue.
        deadline: Timestamp,
        /// The process that holds it.
        holder: Option<Holder>,
    },
    /// More is held, or for longer. All are the new totals.
    Extended {
        /// The call.
        id: ReservationId,
        /// The amount that is held.
        amount: Money,
        /// The output tokens that it covers.
        max_output_tokens: u64,
        /// When it counts as overdue.
        deadline: Timestamp,
    },
    /// What a call cost was told.
    Settled {
        /// The call.
        id: ReservationId,
        /// What a retry must be equal to.
        fingerprint: [u8; 16],
        /// What it cost. The postings may add less, where an import had booked it before.
        amount: Money,
        /// By how much it cost more than was held.
        overrun: Money,
        /// Whether the amount is not final.
        is_estimate: bool,
        /// The provider's name for the call.
        request: Option<RequestKey>,
        /// What was counted.
        metered: Option<Arc<Metered>>,
    },
    /// A call cost nothing.
    Released {
        /// The call.
        id: ReservationId,
        /// Why.
        reason: Arc<str>,
    },
    /// Nobody will tell what a call cost.
    Orphaned {
        /// The call.
        id: ReservationId,
        /// What was seen of its cost.
        seen: Money,
        /// The provider's name for the call.
        request: Option<RequestKey>,
        /// What happened.
        reason: Arc<str>,
    },
    /// What an orphan cost was found out.
    Resolved {
        /// The call.
        id: ReservationId,
        /// What it cost.
        amount: Money,
        /// By how much it cost more than was held.
        overrun: Money,
        /// How that is known.
        reason: Arc<str>,
        /// The import that told it, where one did.
        source: Option<SourceKey>,
    },
    /// What a call cost was told exactly after an import had ended it. The postings add the
    /// difference, where not an import has booked it.
    Confirmed {
        /// The call.
        id: ReservationId,
        /// What a retry must be equal to.
        fingerprint: [u8; 16],
        /// What it cost.
        amount: Money,
        /// By how much it cost more than was held.
        overrun: Money,
        /// The provider's name for the call.
        request: Option<RequestKey>,
        /// What was counted.
        metered: Option<Arc<Metered>>,
    },
    /// A call was granted, or extended, that a trial would have denied.
    WouldDeny {
        /// The call.
        id: ReservationId,
        /// The trials that it does not fit, in the order of the policy.
        budgets: Vec<BudgetId>,
    },
    /// Something was added to what was booked, or taken from it.
    Corrected(Correct),
    /// What was booked here was booked elsewhere under the same decision, which alone links the two.
    Reversed {
        /// The decision.
        id: DecisionId,
        /// What was moved away.
        of: Reference,
        /// All that was booked of it.
        amount: Money,
        /// Why.
        reason: Arc<str>,
    },
    /// What was booked elsewhere is booked here under the same decision.
    Rebooked {
        /// The decision.
        id: DecisionId,
        /// What was moved here.
        of: Reference,
        /// All that was booked of it.
        amount: Money,
        /// What a retry must be equal to.
        fingerprint: [u8; 16],
        /// Why.
        reason: Arc<str>,
    },
    /// What was booked of an estimate or an import was set right by what the other side of the same
    /// request told.
    Adjusted {
        /// The call or the import whose booking changes.
        of: Reference,
        /// The provider's name for the call.
        request: RequestKey,
        /// What was added; negative where something was taken away.
        delta: Money,
    },
    /// Usage was found in a log.
    Imported {
        /// Its source.
        source: SourceKey,
        /// From 1.
        revision: u32,
        /// All that it cost as of this revision; nothing where it has no price.
        amount: Option<Money>,
        /// How much was counted.
        size: u128,
        /// The provider's name for the call.
        request: Option<RequestKey>,
        /// The call of the live meter that it is a copy of: then nothing is booked here.
        copy_of: Option<ReservationId>,
        /// What was counted.
        metered: Option<Arc<Metered>>,
        /// Where it was found, and why it is whose it is.
        origin: Option<Arc<Origin>>,
    },
    /// So much was spent that a tier of a budget is reached: told once in each of its periods.
    TierReached {
        /// The budget.
        budget: BudgetId,
        /// The period; of a rolling one the newest bucket.
        slot: Slot,
        /// The tier, in per cent of the cap.
        at_pct: Percent,
        /// What it does.
        action: Action,
        /// What was spent.
        spent: Money,
        /// The cap.
        cap: Money,
    },
    /// These budgets are in force from here on.
    Adopted(Arc<InForce>),
    /// A civil period of a budget was opened with these bounds, which stand whatever the time zone
    /// database says later.
    Opened {
        /// The budget.
        budget: BudgetId,
        /// Its first instant.
        start: Timestamp,
        /// The first instant after it.
        end: Timestamp,
        /// Its name.
        label: Arc<str>,
    },
    /// The limit of a budget was raised for a while.
    Raised(Raise),
    /// A month was closed.
    Closed(Close),
    /// The operator signs with this key from here on.
    KeyAdded(AddKey),
    /// The wall clock was trusted again; this was the ledger's time before.
    ClockReset {
        /// The ledger's time before.
        before: Option<Timestamp>,
    },
}

impl Fact {
    /// The call that it ends: at most one entry of a ledger does so for each id.
    pub fn ends(&self) -> Option<ReservationId> {
        match self {
            Self::Settled { id, .. } | Self::Released { id, .. } | Self::Resolved { id, .. } => {
                Some(*id)
            }
            _ => None,
        }
    }

    /// The correction, reassignment, raise or key whose id it uses up.
    pub fn decision(&self) -> Option<DecisionId> {
        match self {
            Self::Corrected(correct) => Some(correct.id),
            Self::Raised(raise) => Some(raise.id),
            Self::KeyAdded(add) => Some(add.id),
            Self::Rebooked { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// One sum of a ledger: a fold of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Balance {
    /// The budget.
    pub budget: BudgetId,
    /// Which of its sums.
    pub slot: Slot,
    /// The interval of postings that it covers; nothing where it covers all time.
    pub interval: Option<(Timestamp, Timestamp)>,
    /// The sums.
    pub amounts: Amounts,
}

impl Balance {
    /// Whether it counts what is posted at `at`.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.interval.is_none_or(|(start, end)| start <= at && at < end)
    }
}
