//! The only place of the ledger that knows the operating system: whose turn it is to write, when
//! something is on disk, what time it is, and which processes are alive.

mod clock;
mod group;
#[cfg(test)]
mod group_tests;
mod holder;
mod network;
pub(super) mod private;
mod sync;
mod turnstile;

#[cfg(not(unix))]
#[path = "edge/other.rs"]
mod system;
#[cfg(unix)]
#[path = "edge/unix.rs"]
mod system;

/// What [`group`] waits with, so that its tests can put a scheduler of their own in its place.
mod waiting {
    pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
}

pub use clock::SystemClock;
pub use group::Group;
pub use holder::is_dead;
pub use network::refuse_network;
pub use sync::LogSync;
pub use turnstile::{Turn, Turnstile};
