//! How a guard behaves beside what the policy says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::ledger::{Clock, Holder, WallClock};

/// Says of a process whether it is certainly dead.
pub type IsDead = Arc<dyn Fn(&Holder) -> bool + Send + Sync>;

/// How a [`Guard`](super::Guard) behaves. The default waits for no money and takes the wall clock.
#[derive(Clone)]
pub struct Options {
    /// How long the outcome of a call may take before it counts as an orphan, where the call does
    /// not say: 15 minutes.
    pub patience: SignedDuration,
    /// How long a call waits for money that other calls hold, where it does not say: not at all.
    pub busy_wait: Duration,
    /// How often a waiting call asks again, for what other processes free: every 50 ms. What this
    /// guard frees wakes it at once.
    pub busy_poll: Duration,
    /// How long a store that does not answer is asked again: 2 s.
    pub store_wait: Duration,
    /// The pause between two such tries: 20 ms.
    pub store_pause: Duration,
    /// How many outcomes may wait for the store: 10,000. Beyond that no call is granted without it.
    pub most_unbooked: usize,
    /// This process, so that another one can tell of its death.
    pub holder: Option<Holder>,
    /// How to tell of other processes' death; without it only their patience runs out.
    pub is_dead: Option<IsDead>,
    /// By which time calls are priced.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patience: SignedDuration::from_mins(15),
            busy_wait: Duration::ZERO,
            busy_poll: Duration::from_millis(50),
            store_wait: Duration::from_secs(2),
            store_pause: Duration::from_millis(20),
            most_unbooked: 10_000,
            holder: None,
            is_dead: None,
            clock: Arc::new(WallClock),
        }
    }
}

impl Options {
    /// The default for a ledger that processes share: calls carry this process as their holder, and
    /// a sweep looks whether the others live.
    pub fn of_this_process() -> Self {
        Self {
            holder: Holder::of_this_process(),
            is_dead: Some(Arc::new(crate::ledger::edge::is_dead)),
            ..Self::default()
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("patience", &self.patience)
            .field("busy_wait", &self.busy_wait)
            .field("store_wait", &self.store_wait)
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}
