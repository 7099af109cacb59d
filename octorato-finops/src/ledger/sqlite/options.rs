//! How a ledger file is used.

use std::sync::Arc;
use std::time::Duration;

use crate::ledger::clock::Clock;
use crate::ledger::edge::SystemClock;

/// What an acknowledged operation survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// The loss of power: every answer waits until the system says that it is on the disk. A
    /// batch that can be derived again does not wait;
    /// [`SqliteLedger::sync`](super::SqliteLedger::sync) makes it durable.
    #[default]
    Strict,
    /// A reserve, an extend and a release survive the death of the process, but may be lost with the
    /// power, by which the call that they hold for is cut as well. Everything else is as with
    /// [`Durability::Strict`].
    Process,
}

/// How a ledger file is used; see [`SqliteLedger`](super::SqliteLedger).
#[derive(Clone)]
pub struct Options {
    /// What an acknowledged operation survives.
    pub durability: Durability,
    /// How long an operation waits for other processes before it is refused as
    /// [`ErrorKind::Unavailable`](octorato_core::ErrorKind::Unavailable); 2 seconds.
    pub deadline: Duration,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Whether the last one to close brings the WAL into the file. Long-lived processes do; for
    /// short-lived ones it would cost each its end. Check-points while writing are made in any case.
    pub checkpoint_on_close: bool,
    /// Whether a network file system is used although locks may not hold there.
    pub force_network: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Strict,
            deadline: Duration::from_secs(2),
            clock: Arc::new(SystemClock::new()),
            checkpoint_on_close: false,
            force_network: false,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("durability", &self.durability)
            .field("deadline", &self.deadline)
            .field("checkpoint_on_close", &self.checkpoint_on_close)
            .field("force_network", &self.force_network)
            .finish_non_exhaustive()
    }
}
