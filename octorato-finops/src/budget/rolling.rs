//! The last hours, whatever the calendar says.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Error, ErrorKind, Result};

/// The last hours up to now, counted in buckets of a sixtieth, of which the oldest is counted
/// whole: never less than the hours, at most a sixtieth more. A day is 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rolling {
    hours: u32,
}

impl Rolling {
    /// Into how many buckets the hours are cut.
    pub const BUCKETS: i64 = 60;
    /// The longest: 366 days.
    pub const MOST_HOURS: u32 = 366 * 24;

    /// Takes from 1 to [`Self::MOST_HOURS`] hours.
    pub fn new(hours: u32) -> Result<Self> {
        if (1..=Self::MOST_HOURS).contains(&hours) {
            return Ok(Self { hours });
        }
        Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("not a rolling period: `{hours}` hours"),
        )
        .hinted("use 1 hour to 366 days"))
    }

    /// `36h`, `7d`.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let (digits, unit) = match text.strip_suffix('h') {
            Some(digits) => (digits, 1),
            None => (text.strip_suffix('d')?, 24),
        };
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        let count = digits.parse::<u32>().ok().filter(|_| is_plain)?;
        Self::new(count.checked_mul(unit)?).ok()
    }

    /// How many hours.
    pub fn hours(self) -> u32 {
        self.hours
    }

    /// How long it is.
    pub fn length(self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.hours))
    }

    /// How many seconds a bucket has: a minute for each hour.
    pub fn bucket_seconds(self) -> i64 {
        i64::from(self.hours) * 60
    }

    /// The bucket of an instant, counted from the Unix epoch.
    pub fn bucket(self, at: Timestamp) -> i64 {
        let width = i128::from(self.bucket_seconds()) * 1_000_000_000;
        i64::try_from(at.as_nanosecond().div_euclid(width)).unwrap_or(i64::MAX)
    }

    /// The interval of a bucket: its first instant and the first after it.
    pub fn interval(self, bucket: i64) -> (Timestamp, Timestamp) {
        let start = |bucket: i64| {
            let second = bucket.saturating_mul(self.bucket_seconds());
            let edge = if second < 0 { Timestamp::MIN } else { Timestamp::MAX };
            Timestamp::from_second(second).unwrap_or(edge)
        };
        (start(bucket), start(bucket.saturating_add(1)))
    }

    /// The oldest bucket that counts at `at`: the one in which the hours before it begin.
    pub fn oldest_bucket(self, at: Timestamp) -> i64 {
        self.bucket(at) - Self::BUCKETS
    }

    /// The oldest bucket that a ledger keeps from an adoption at `at` on: a window before the oldest
    /// that counts, since a call that is extended is judged in the windows of its reserve too.
    pub fn oldest_kept(self, at: Timestamp) -> i64 {
        self.oldest_bucket(at) - Self::BUCKETS
    }
}

impl fmt::Display for Rolling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hours {
            hours if hours > 24 && hours % 24 == 0 => write!(f, "{}d", hours / 24),
            hours => write!(f, "{hours}h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Buckets tile time, and what lies in the window lies in one of the buckets that count.
        #[test]
        fn a_rolling_window_never_counts_too_little(
            nanosecond in -1_000_000_000_000_000_i128..4_000_000_000_000_000_000,
            back in 0_i64..1_000_000, hours in 1_u32..800,
        ) {
            let rolling = Rolling::new(hours).unwrap();
            let at = Timestamp::from_nanosecond(nanosecond).unwrap();
            let now = rolling.bucket(at);
            let (start, end) = rolling.interval(now);
            prop_assert!(start <= at && at < end);
            prop_assert_eq!(rolling.interval(now + 1).0, end);
            let spent = at - SignedDuration::from_secs(back);
            if at.duration_since(spent) < rolling.length() {
                prop_assert!((rolling.oldest_bucket(at)..=now).contains(&rolling.bucket(spent)));
            }
        }
    }
}
