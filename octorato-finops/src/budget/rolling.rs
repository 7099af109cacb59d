//! The last hours, whatever the calendar says.

use std::fmt;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Result};

/// The last hours up to now, counted in buckets of a sixtieth, of which the oldest is counted
/// whole: never less than the hours, at most a sixtieth more. A day is 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rolling {
    hours: u32,
}

impl Rolling {
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

    /// How many seconds a bucket has: a minute for each hour.
    pub fn bucket_seconds(self) -> i64 {
        i64::from(self.hours) * 60
    }

    /// The bucket of an instant, counted from the Unix epoch.
    pub fn bucket(self, at: Timestamp) -> i64 {
        at.as_second().div_euclid(self.bucket_seconds())
    }

    /// The oldest bucket that counts at `at`: the one in which the hours before it begin.
    pub fn oldest_bucket(self, at: Timestamp) -> i64 {
        self.bucket(at) - 60
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
