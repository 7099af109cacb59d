//! The sums that a ledger keeps for a budget.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::SessionId;

use crate::budget::{Cycle, SpendPath};

/// One sum that a ledger keeps for a budget.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// The civil period that starts at this instant.
    From(Timestamp),
    /// One bucket of a rolling period, counted from the epoch.
    Bucket(i64),
    /// All time.
    Total,
    /// A session.
    Session(SessionId),
    /// A run.
    Run(Arc<str>),
}

impl Slot {
    /// The slot of spend on `path` at `at`, where the calendar does not say it; nothing where the
    /// period is civil, or is by a session or a run that the path does not have.
    pub fn keyed(cycle: Cycle, at: Timestamp, path: &SpendPath) -> Option<Self> {
        match cycle {
            Cycle::Rolling(rolling) => Some(Self::Bucket(rolling.bucket(at))),
            Cycle::Total => Some(Self::Total),
            Cycle::Session => path.session.clone().map(Self::Session),
            Cycle::Run => path.run.clone().map(Self::Run),
            Cycle::Hourly
            | Cycle::Daily
            | Cycle::Weekly(_)
            | Cycle::Monthly(_)
            | Cycle::Yearly(_) => None,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(start) => write!(f, "from {start}"),
            Self::Bucket(number) => write!(f, "bucket {number}"),
            Self::Total => f.write_str("all time"),
            Self::Session(session) => write!(f, "session {session}"),
            Self::Run(run) => write!(f, "run {run}"),
        }
    }
}
