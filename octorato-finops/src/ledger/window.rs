//! The periods of a budget, and the slots in which a ledger keeps its sums.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use octorato_core::{Civil, Error, ErrorKind, Period, Result, SessionId};

use super::path::SpendPath;

/// Into how many buckets a rolling window is cut.
pub const BUCKETS: i64 = 60;

/// For how long a budget's cap is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// Each clock hour of the budget's zone.
    Hour,
    /// Each day, week (from Monday), month or year of the budget's zone.
    Civil(Civil),
    /// Each month from this day on (1 to 31; the last day where a month is shorter).
    MonthFrom(u8),
    /// The last so many hours (a day is 24), at any instant. Kept in [`BUCKETS`] equal buckets and
    /// the one that the window's start cuts, which counts whole: never too little is counted, and
    /// at most one bucket too much.
    Rolling {
        /// The length in hours, 1 to 17,520 (two years).
        hours: u32,
    },
    /// All time.
    Total,
    /// Each session by itself; spend without a session is not counted.
    Session,
    /// Each run by itself; spend without a run is not counted.
    Run,
}

impl Window {
    /// The name in `budgets.yaml`; that of a month from a day carries the day.
    pub fn name(self) -> String {
        match self {
            Self::Hour => "hourly".into(),
            Self::Civil(Civil::Day) => "daily".into(),
            Self::Civil(Civil::Week) => "weekly".into(),
            Self::Civil(Civil::Month) => "monthly".into(),
            Self::Civil(Civil::Year) => "yearly".into(),
            Self::MonthFrom(day) => format!("monthly:{day}"),
            Self::Rolling { hours } => format!("rolling:{hours}h"),
            Self::Total => "total".into(),
            Self::Session => "session".into(),
            Self::Run => "run".into(),
        }
    }

    /// Refuses a day of a month that is none and a rolling window of no or absurd length.
    pub fn validate(self) -> Result<()> {
        let refuse = |hint: &str| {
            let what = format!("not a budget's period: `{}`", self.name());
            Err(Error::new(ErrorKind::InvalidArgument, what).hinted(hint))
        };
        match self {
            Self::MonthFrom(day) if !(1..=31).contains(&day) => refuse("use a day from 1 to 31"),
            Self::Rolling { hours } if !(1..=17_520).contains(&hours) => {
                refuse("use 1 hour to 17520 hours (730 days)")
            }
            _ => Ok(()),
        }
    }

    /// The interval that contains `at`, as the time zone database has it now; nothing for windows
    /// that are not cut by the calendar. A ledger stores it once opened and never asks again.
    pub fn civil(self, at: Timestamp, zone: &TimeZone) -> Result<Option<Period>> {
        match self {
            Self::Hour => Period::hour(at, zone).map(Some),
            Self::Civil(civil) => civil.containing(at, zone).map(Some),
            Self::MonthFrom(day) => Period::anchored_month(at, day, zone).map(Some),
            Self::Rolling { .. } | Self::Total | Self::Session | Self::Run => Ok(None),
        }
    }

    /// The slot of spend on `path`, where the calendar does not cut it; nothing where the window
    /// is civil, or asks for a session or a run that the path does not have.
    pub(crate) fn keyed(self, at: Timestamp, path: &SpendPath) -> Option<Slot> {
        match self {
            Self::Hour | Self::Civil(_) | Self::MonthFrom(_) => None,
            Self::Rolling { hours } => Some(Slot::Bucket(bucket(hours, at))),
            Self::Total => Some(Slot::Total),
            Self::Session => path.session.clone().map(Slot::Session),
            Self::Run => path.run.clone().map(Slot::Run),
        }
    }
}

/// The nanoseconds of one bucket.
fn width(hours: u32) -> i128 {
    i128::from(hours.max(1)) * 3_600_000_000_000 / i128::from(BUCKETS)
}

/// The number of the bucket that contains `at`, counted from the epoch.
pub(crate) fn bucket(hours: u32, at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond().div_euclid(width(hours))).unwrap_or(i64::MAX)
}

/// The interval of a bucket.
pub(crate) fn bucket_interval(hours: u32, bucket: i64) -> (Timestamp, Timestamp) {
    let start = |bucket: i64| {
        let nanoseconds = i128::from(bucket).saturating_mul(width(hours));
        Timestamp::from_nanosecond(nanoseconds).unwrap_or(Timestamp::MAX)
    };
    (start(bucket), start(bucket.saturating_add(1)))
}

/// The length of a rolling window.
pub(crate) fn rolling_length(hours: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(hours))
}

/// One sum that a ledger keeps for a budget.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// The civil period that starts at this instant.
    From(Timestamp),
    /// One bucket of a rolling window, counted from the epoch.
    Bucket(i64),
    /// All time.
    Total,
    /// A session.
    Session(SessionId),
    /// A run.
    Run(Arc<str>),
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Buckets tile time, and what lies in the window lies in one of the buckets that count.
        #[test]
        fn a_rolling_window_never_counts_too_little(
            second in 0_i64..4_000_000_000, back in 0_i64..1_000_000, hours in 1_u32..800,
        ) {
            let at = Timestamp::from_second(second).unwrap();
            let now = bucket(hours, at);
            let (start, end) = bucket_interval(hours, now);
            prop_assert!(start <= at && at < end);
            prop_assert_eq!(bucket_interval(hours, now + 1).0, end);
            let spent = Timestamp::from_second(second - back).unwrap();
            if at.duration_since(spent) < rolling_length(hours) {
                prop_assert!((now - BUCKETS..=now).contains(&bucket(hours, spent)));
            }
        }
    }

    #[test]
    fn absurd_windows_are_refused() {
        for window in [
            Window::MonthFrom(0),
            Window::MonthFrom(32),
            Window::Rolling { hours: 0 },
            Window::Rolling { hours: 100_000 },
        ] {
            assert!(window.validate().is_err(), "{window:?}");
        }
    }
}
