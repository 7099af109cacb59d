//! The ledger's clock: moved by commits only, never back, and not by a leap of the wall clock.

use jiff::{SignedDuration, Timestamp};

/// How far the wall clock may move while no time since the boot vouches for it.
pub const TRUST: SignedDuration = SignedDuration::from_hours(45 * 24);

/// By how much the wall clock may run ahead of the time since the boot.
pub const DRIFT: SignedDuration = SignedDuration::from_mins(5);

/// What a machine says about the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The wall clock.
    pub wall: Timestamp,
    /// The time since the boot, time asleep included; nothing where the system does not tell it.
    pub uptime: Option<Uptime>,
}

/// The time since a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uptime {
    /// Which boot.
    pub boot: [u8; 16],
    /// How long ago it was.
    pub elapsed: SignedDuration,
}

/// Where a ledger gets the time: a machine's clocks, a database server's, or a test's.
pub trait Clock: Send + Sync {
    /// The time now.
    fn tick(&self) -> Tick;
}

/// The wall clock of this machine, without the time since the boot.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn tick(&self) -> Tick {
        Tick { wall: Timestamp::now(), uptime: None }
    }
}

/// A ledger's time, as of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time by which a commit happens now.
    pub now: Timestamp,
    /// Whether the wall clock is believed. If not, time stands still (within one boot it goes on by
    /// the time since the boot) until [`Operation::ResetClock`](super::Operation::ResetClock), so
    /// that a leap opens no new period.
    pub is_trusted: bool,
}

/// The time of the last commit, from which the next one follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerTime {
    last: Option<(Timestamp, Option<Uptime>)>,
}

impl LedgerTime {
    /// The time of a ledger whose last commit was at `now`, when the machine said `uptime`.
    pub fn of(now: Timestamp, uptime: Option<Uptime>) -> Self {
        Self { last: Some((now, uptime)) }
    }

    /// The time of the last commit; nothing before the first.
    pub fn last(self) -> Option<Timestamp> {
        self.last.map(|(now, _)| now)
    }

    /// What the machine said of its boot at the last commit.
    pub fn uptime(self) -> Option<Uptime> {
        self.last.and_then(|(_, uptime)| uptime)
    }

    /// The ledger's time at `tick`: the wall clock, but never before the last commit, and not ahead
    /// of it by more than [`DRIFT`] beside the time since the boot, or by more than [`TRUST`] where
    /// the machine was booted again or tells no such time.
    pub fn read(self, tick: Tick) -> Reading {
        let Some((last, uptime)) = self.last else {
            return Reading { now: tick.wall, is_trusted: true };
        };
        let (expected, allowed) = match (uptime, tick.uptime) {
            (Some(then), Some(now)) if then.boot == now.boot => {
                let elapsed = now.elapsed.saturating_sub(then.elapsed).max(SignedDuration::ZERO);
                (last.saturating_add(elapsed).unwrap_or(Timestamp::MAX), DRIFT)
            }
            _ => (last, TRUST),
        };
        if tick.wall.duration_since(expected) > allowed {
            return Reading { now: expected, is_trusted: false };
        }
        Reading { now: tick.wall.max(last), is_trusted: true }
    }

    /// Moves on to the commit at `tick`.
    pub fn commit(&mut self, tick: Tick) {
        self.last = Some((self.read(tick).now, tick.uptime));
    }

    /// Believes the wall clock, whatever it says; time still never goes back.
    pub fn reset(&mut self, tick: Tick) {
        let now = self.last().map_or(tick.wall, |last| last.max(tick.wall));
        self.last = Some((now, tick.uptime));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(wall: i64, uptime: Option<(u8, i64)>) -> Tick {
        Tick {
            wall: Timestamp::from_second(wall).unwrap(),
            uptime: uptime.map(|(boot, elapsed)| Uptime {
                boot: [boot; 16],
                elapsed: SignedDuration::from_secs(elapsed),
            }),
        }
    }

    fn read(last: Tick, now: Tick) -> (i64, bool) {
        let mut time = LedgerTime::default();
        time.commit(last);
        let Reading { now, is_trusted } = time.read(now);
        (now.as_second(), is_trusted)
    }

    #[test]
    fn time_never_goes_back() {
        let last = tick(1_000, Some((1, 50)));
        assert_eq!(read(last, tick(400, Some((1, 60)))), (1_000, true));
        assert_eq!(read(last, tick(400, None)), (1_000, true));
    }

    #[test]
    fn within_one_boot_a_leap_is_not_believed() {
        let last = tick(1_000, Some((1, 50)));
        assert_eq!(read(last, tick(1_310, Some((1, 60)))), (1_310, true));
        assert_eq!(read(last, tick(1_311, Some((1, 60)))), (1_010, false));
        // A long sleep is no leap: the time since the boot went on.
        assert_eq!(read(last, tick(901_000, Some((1, 900_050)))), (901_000, true));
    }

    #[test]
    fn after_a_boot_45_days_are_believed() {
        let last = tick(1_000, Some((1, 50)));
        let days = |days: i64| 1_000 + days * 86_400;
        assert_eq!(read(last, tick(days(45), Some((2, 5)))), (days(45), true));
        assert_eq!(read(last, tick(days(45) + 1, Some((2, 5)))), (1_000, false));
        assert_eq!(read(last, tick(days(46), None)), (1_000, false));
    }

    #[test]
    fn a_reset_believes_the_wall_clock_but_goes_not_back() {
        let mut time = LedgerTime::of(Timestamp::from_second(1_000).unwrap(), None);
        time.reset(tick(90_000_000, None));
        assert_eq!(time.last().unwrap().as_second(), 90_000_000);
        time.reset(tick(5, None));
        assert_eq!(time.last().unwrap().as_second(), 90_000_000);
    }
}
