//! The time by this machine.

use jiff::Timestamp;

use super::super::clock::{Clock, Tick, Uptime};
use super::system;

/// The clocks of this machine: the wall clock and, where the system tells both the time since the
/// boot (time asleep included) and which boot it was (Linux), those too.
///
/// Elsewhere a leap of the wall clock is told by [`TRUST`](crate::ledger::TRUST) alone.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    boot: Option<[u8; 16]>,
}

impl SystemClock {
    /// Reads once which boot it is.
    pub fn new() -> Self {
        Self { boot: system::boot() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn tick(&self) -> Tick {
        let uptime = self.boot.zip(system::since_boot());
        Tick {
            wall: Timestamp::now(),
            uptime: uptime.map(|(boot, elapsed)| Uptime { boot, elapsed }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_since_the_boot_goes_on_within_one_boot() {
        let (first, second) = (SystemClock::new().tick(), SystemClock::default().tick());
        match (first.uptime, second.uptime) {
            (Some(first), Some(second)) => {
                assert_eq!(first.boot, second.boot);
                assert!(first.elapsed <= second.elapsed && first.elapsed.is_positive());
            }
            (None, None) if !cfg!(target_os = "linux") => {}
            other => panic!("{other:?}"),
        }
    }
}
