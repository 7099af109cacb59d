//! What an agreement is about: which models, and on which days.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use octorato_core::{Error, ErrorKind, ProviderId, Result};

/// The UTC day of an instant: the day by which prices, contracts and exchange rates are dated.
pub(super) fn utc_day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// A provider's name as it is compared: without space around it, in lower case.
pub(super) fn plain_provider(provider: &ProviderId) -> ProviderId {
    provider.as_str().trim().to_lowercase().as_str().into()
}

/// Whether two names of providers are one but for case and space.
pub(super) fn same_provider(one: &ProviderId, other: &ProviderId) -> bool {
    plain_provider(one) == plain_provider(other)
}

/// Days from a first to a last one, both included; either may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    from: Option<Date>,
    until: Option<Date>,
}

impl Days {
    /// Every day.
    pub const ALWAYS: Self = Self { from: None, until: None };

    /// From the start of `from` to the end of `until`; the last day is included.
    ///
    /// An end before the start is an error of kind [`ErrorKind::InvalidArgument`].
    ///
    /// ```
    /// use jiff::civil::date;
    /// use octorato_finops::price::Days;
    ///
    /// let year = Days::new(Some(date(2026, 1, 1)), Some(date(2026, 12, 31)))?;
    /// assert!(year.contains(date(2026, 12, 31)));
    /// assert!(!year.contains(date(2027, 1, 1)));
    /// assert!(Days::new(Some(date(2026, 2, 1)), Some(date(2026, 1, 31))).is_err());
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn new(from: Option<Date>, until: Option<Date>) -> Result<Self> {
        match (from, until) {
            (Some(from), Some(until)) if until < from => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("the last day is before the first: `{from}` to `{until}`"),
            )
            .hinted("`until` is the last day, and it is included")),
            _ => Ok(Self { from, until }),
        }
    }

    /// The first day; nothing where the start is open.
    pub fn from(&self) -> Option<Date> {
        self.from
    }

    /// The last day, which is included; nothing where the end is open.
    pub fn until(&self) -> Option<Date> {
        self.until
    }

    /// Whether `day` is one of them.
    pub fn contains(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Whether any day is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let starts_in_time = |first: Option<Date>, last: Option<Date>| {
            first.zip(last).is_none_or(|(first, last)| first <= last)
        };
        starts_in_time(self.from, other.until) && starts_in_time(other.from, self.until)
    }
}

/// `from 2026-01-01 until 2026-12-31`; nothing where both ends are open.
impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.until) {
            (None, None) => Ok(()),
            (Some(from), None) => write!(f, "from {from}"),
            (None, Some(until)) => write!(f, "until {until}"),
            (Some(from), Some(until)) => write!(f, "from {from} until {until}"),
        }
    }
}

/// Names of models: one name, or with a trailing `*` all names that begin so. Case does not count.
///
/// A name is compared with the model as it was written and with the id of the entry that it is
/// priced as, so that a rule for `claude-opus-4-8` is also one for `claude-opus-4-8-20260115`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelPattern(Box<str>);

/// How well a rule fits a model: the greater, the more specific. A whole name as it was written
/// comes before a whole name of the entry, that before the longest beginning of the name as it was
/// written, and that before the longest beginning of the entry's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    kind: FitKind,
    /// Whether the name as it was written fits, and not only the entry's id.
    as_written: bool,
    /// Letters before the `*`.
    length: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum FitKind {
    /// Any model of the provider.
    Provider,
    /// The beginning of the name.
    Prefix,
    /// The whole name.
    Whole,
}

impl Fit {
    /// A rule that names no model.
    pub(super) const PROVIDER: Self =
        Self { kind: FitKind::Provider, length: 0, as_written: false };
}

impl ModelPattern {
    /// Takes a name, or the beginning of names with a `*` after it.
    ///
    /// ```
    /// use octorato_finops::price::ModelPattern;
    ///
    /// let sonnets = ModelPattern::new("claude-sonnet-*")?;
    /// assert!(sonnets.matches("Claude-Sonnet-4-5"));
    /// assert!(ModelPattern::new("claude-*-4").is_err());
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn new(text: &str) -> Result<Self> {
        let name = text.trim().to_lowercase();
        let stem = name.strip_suffix('*').unwrap_or(&name);
        if name.is_empty() || stem.contains('*') {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("not a model's name: `{text}`"),
            )
            .hinted("write a name, or the beginning of names and a `*` at the end"));
        }
        Ok(Self(name.into()))
    }

    /// The pattern as text, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one name and not the beginning of several.
    pub fn is_one_name(&self) -> bool {
        !self.0.ends_with('*')
    }

    /// Whether `name` fits; case does not count.
    pub fn matches(&self, name: &str) -> bool {
        self.fits(&name.trim().to_lowercase())
    }

    /// Whether a lower-case name fits.
    fn fits(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(stem) => name.starts_with(stem),
            None => *name == *self.0,
        }
    }

    /// How well a lower-case name and the lower-case id of its entry fit.
    pub(super) fn fit(&self, name: &str, entry: &str) -> Option<Fit> {
        let as_written = self.fits(name);
        if !as_written && !self.fits(entry) {
            return None;
        }
        let (kind, length) = match self.0.strip_suffix('*') {
            Some(stem) => (FitKind::Prefix, stem.len()),
            None => (FitKind::Whole, self.0.len()),
        };
        Some(Fit { kind, as_written, length })
    }
}

impl fmt::Display for ModelPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn spans_of_days_overlap_where_they_share_one() {
        let days = |from, until| Days::new(from, until).unwrap();
        let (first, second) = (date(2026, 6, 30), date(2026, 7, 1));
        assert!(!days(None, Some(first)).overlaps(&days(Some(second), None)));
        assert!(days(None, Some(second)).overlaps(&days(Some(second), None)));
        assert!(days(Some(first), Some(first)).overlaps(&Days::ALWAYS));
        assert_eq!(days(Some(first), None).to_string(), "from 2026-06-30");
    }

    #[test]
    fn the_more_of_a_name_is_given_the_more_specific_it_is() {
        let fit = |pattern: &str| {
            ModelPattern::new(pattern).unwrap().fit("opus-4-8-20260101", "opus-4-8")
        };
        let ascending =
            ["*", "opus-*", "opus-4-8*", "opus-4-8-2*", "opus-4-8", "OPUS-4-8-20260101"];
        let fits: Vec<_> = ascending.iter().map(|pattern| fit(pattern).unwrap()).collect();
        assert!(fits.is_sorted_by(|a, b| a < b), "{fits:?}");
        assert!(Fit::PROVIDER < fits[0]);
        let fit = |pattern: &str| ModelPattern::new(pattern).unwrap().fit("opus", "opal-4-8-2026");
        let ascending = ["opal-4-8-*", "o*", "op*", "opus*", "opal-4-8-2026", "opus"];
        let fits: Vec<_> = ascending.iter().map(|pattern| fit(pattern).unwrap()).collect();
        assert!(fits.is_sorted_by(|a, b| a < b), "{fits:?}");
        let fit = |pattern: &str| {
            ModelPattern::new(pattern).unwrap().fit("opus-4-8-20260101", "opus-4-8")
        };
        assert_eq!(fit("sonnet-*"), None);
    }
}
