//! Half-open intervals of civil time in a zone.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span as JiffSpan, Timestamp};

use crate::{Error, ErrorKind, Result};

/// The civil periods that tile time in a zone without gap or overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Civil {
    /// A day; 23 or 25 hours long where clocks change.
    Day,
    /// A week from Monday (ISO 8601).
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Civil {
    /// The period that contains `at`.
    ///
    /// ```
    /// use jiff::{Timestamp, tz::TimeZone};
    /// use octorato_core::Civil;
    ///
    /// let zone = TimeZone::get("America/Mexico_City")?;
    /// let at: Timestamp = "2026-11-01T03:00:00Z".parse()?; // still October in Mexico
    /// assert_eq!(Civil::Month.containing(at, &zone)?.label(), "2026-10");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn containing(self, at: Timestamp, zone: &TimeZone) -> Result<Period> {
        self.of_date(zone.to_datetime(at).date(), zone)
    }

    /// The whole period before the one that contains `at`: last month, yesterday.
    pub fn before(self, at: Timestamp, zone: &TimeZone) -> Result<Period> {
        let current = self.containing(at, zone)?;
        let first = current.start.unwrap_or(at);
        let last = first.checked_sub(JiffSpan::new().nanoseconds(1)).map_err(out_of_range)?;
        self.containing(last, zone)
    }

    /// The period that contains `date`.
    pub fn of_date(self, date: Date, zone: &TimeZone) -> Result<Period> {
        let (first, step) = match self {
            Self::Day => (date, JiffSpan::new().days(1)),
            Self::Week => {
                let back = JiffSpan::new().days(i64::from(date.weekday().to_monday_zero_offset()));
                (date.checked_sub(back).map_err(out_of_range)?, JiffSpan::new().weeks(1))
            }
            Self::Month => (date.first_of_month(), JiffSpan::new().months(1)),
            Self::Year => (date.first_of_year(), JiffSpan::new().years(1)),
        };
        let after = first.checked_add(step).map_err(out_of_range)?;
        let label = match self {
            Self::Day => first.to_string(),
            Self::Week => {
                let iso = first.iso_week_date();
                format!("{}-W{:02}", iso.year(), iso.week())
            }
            Self::Month => format!("{:04}-{:02}", first.year(), first.month()),
            Self::Year => format!("{:04}", first.year()),
        };
        Ok(Period {
            start: Some(start_of(first, zone)?),
            end: Some(start_of(after, zone)?),
            zone: zone.clone(),
            label,
        })
    }
}

/// A half-open interval `[start, end)` of instants that began as civil dates in a zone; either end
/// may be open.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    zone: TimeZone,
    label: String,
}

impl Period {
    /// All time.
    pub fn all(zone: &TimeZone) -> Self {
        Self { start: None, end: None, zone: zone.clone(), label: "all time".into() }
    }

    /// The month written as `2026-10`.
    pub fn month(text: &str, zone: &TimeZone) -> Result<Self> {
        let refuse = || {
            Error::new(ErrorKind::InvalidArgument, format!("not a month: `{text}`"))
                .hinted("write a year and a month, such as `2026-10`")
        };
        if text.len() != 7 {
            return Err(refuse());
        }
        let first = format!("{text}-01").parse::<Date>().map_err(|_| refuse())?;
        Civil::Month.of_date(first, zone)
    }

    /// The clock hour that contains `at`. It ends early where the zone's clock is moved within it,
    /// so that hours tile time in every zone.
    pub fn hour(at: Timestamp, zone: &TimeZone) -> Result<Self> {
        let local = at.to_zoned(zone.clone());
        let into = SignedDuration::from_secs(i64::from(local.minute()) * 60)
            + SignedDuration::from_secs(i64::from(local.second()))
            + SignedDuration::from_nanos(i64::from(local.subsec_nanosecond()));
        let start = at.checked_sub(into).map_err(out_of_range)?;
        let end = start.checked_add(SignedDuration::from_hours(1)).map_err(out_of_range)?;
        // The transition at or before `at`; `preceding` looks strictly before.
        let just_after = at.checked_add(JiffSpan::new().nanoseconds(1)).map_err(out_of_range)?;
        let last = zone.preceding(just_after).next().map(|moved| moved.timestamp());
        let next = zone.following(at).next().map(|moved| moved.timestamp());
        let start = last.map_or(start, |moved| moved.max(start));
        let end = next.map_or(end, |moved| moved.min(end));
        let label = format!("{}T{:02}", local.date(), local.hour());
        Ok(Self { start: Some(start), end: Some(end), zone: zone.clone(), label })
    }

    /// The month from one day `anchor` (1 to 31) to the next that contains `at`; in a month without
    /// that day it starts on the last one.
    ///
    /// ```
    /// use jiff::tz::TimeZone;
    /// use octorato_core::Period;
    ///
    /// let at = "2026-03-30T12:00:00Z".parse()?;
    /// let period = Period::anchored_month(at, 31, &TimeZone::UTC)?;
    /// assert_eq!(period.label(), "2026-02-28 to 2026-03-30");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn anchored_month(at: Timestamp, anchor: u8, zone: &TimeZone) -> Result<Self> {
        let Ok(anchor @ 1..=31) = i8::try_from(anchor) else {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("not a day of a month: `{anchor}`"),
            )
            .hinted("use 1 to 31"));
        };
        let start_in = |month: Date| -> Result<(Date, Timestamp)> {
            let day = anchor.min(month.days_in_month());
            let first = Date::new(month.year(), month.month(), day).map_err(out_of_range)?;
            Ok((first, start_of(first, zone)?))
        };
        let step = JiffSpan::new().months(1);
        let this = zone.to_datetime(at).date().first_of_month();
        let next = this.checked_add(step).map_err(out_of_range)?;
        let ((mut first, mut start), (mut after, mut end)) = (start_in(this)?, start_in(next)?);
        if at < start {
            let before = this.checked_sub(step).map_err(out_of_range)?;
            (after, end) = (first, start);
            (first, start) = start_in(before)?;
        }
        let last = after.checked_sub(JiffSpan::new().days(1)).map_err(out_of_range)?;
        let label = format!("{first} to {last}");
        Ok(Self { start: Some(start), end: Some(end), zone: zone.clone(), label })
    }

    /// The half-open interval `[start, end)` under a name of its own.
    pub fn between(start: Timestamp, end: Timestamp, label: &str, zone: &TimeZone) -> Result<Self> {
        if end <= start {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("the period ends before it starts: `{start}` to `{end}`"),
            ));
        }
        Ok(Self { start: Some(start), end: Some(end), zone: zone.clone(), label: label.into() })
    }

    /// From the start of the day `since` up to and including the day `until`; either may be open.
    pub fn days(since: Option<Date>, until: Option<Date>, zone: &TimeZone) -> Result<Self> {
        if let (Some(since), Some(until)) = (since, until)
            && until < since
        {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("the period ends before it starts: `{since}` to `{until}`"),
            )
            .hinted("the last day must not be before the first"));
        }
        let start = since.map(|date| start_of(date, zone)).transpose()?;
        let end = until
            .map(|date| {
                let next = date.checked_add(JiffSpan::new().days(1)).map_err(out_of_range)?;
                start_of(next, zone)
            })
            .transpose()?;
        let label = match (since, until) {
            (None, None) => return Ok(Self::all(zone)),
            (Some(since), None) => format!("since {since}"),
            (None, Some(until)) => format!("until {until}"),
            (Some(since), Some(until)) if since == until => since.to_string(),
            (Some(since), Some(until)) => format!("{since} to {until}"),
        };
        Ok(Self { start, end, zone: zone.clone(), label })
    }

    /// The first instant; nothing where the start is open.
    pub fn start(&self) -> Option<Timestamp> {
        self.start
    }

    /// The first instant after; nothing where the end is open.
    pub fn end(&self) -> Option<Timestamp> {
        self.end
    }

    /// The zone whose civil time cuts the period.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The name for people: `2026-10`, `2026-W44`, `2026-10-05`, `all time`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether `at` lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at < end)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.label)
    }
}

/// The first instant of a civil day; where midnight is skipped, the first instant after the gap.
fn start_of(date: Date, zone: &TimeZone) -> Result<Timestamp> {
    date.to_zoned(zone.clone()).map(|zoned| zoned.timestamp()).map_err(out_of_range)
}

fn out_of_range(source: jiff::Error) -> Error {
    Error::new(ErrorKind::InvalidArgument, "date out of range").caused_by(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn hours(period: &Period) -> i64 {
        let span = period.end().unwrap().duration_since(period.start().unwrap());
        span.as_secs() / 3600
    }

    #[test]
    fn days_follow_the_clock_changes_of_the_zone() {
        let rome = zone("Europe/Rome");
        let day = |text: &str| Civil::Day.of_date(text.parse().unwrap(), &rome).unwrap();
        assert_eq!(hours(&day("2026-03-29")), 23);
        assert_eq!(hours(&day("2026-10-25")), 25);
        assert_eq!(hours(&day("2026-06-01")), 24);
    }

    #[test]
    fn a_day_that_a_zone_skipped_is_empty_and_its_neighbours_touch() {
        let apia = zone("Pacific/Apia");
        let day = |text: &str| Civil::Day.of_date(text.parse().unwrap(), &apia).unwrap();
        assert_eq!(hours(&day("2011-12-30")), 0);
        assert_eq!(day("2011-12-29").end(), day("2011-12-31").start());
    }

    #[test]
    fn months_have_their_own_lengths() {
        let utc = TimeZone::UTC;
        for (month, days) in [("2026-02", 28), ("2028-02", 29), ("2026-04", 30), ("2026-12", 31)] {
            assert_eq!(hours(&Period::month(month, &utc).unwrap()), days * 24, "{month}");
        }
    }

    #[test]
    fn weeks_start_on_monday_and_carry_iso_numbers() {
        let week = Civil::Week.of_date("2027-01-01".parse().unwrap(), &TimeZone::UTC).unwrap();
        assert_eq!(week.label(), "2026-W53");
        assert_eq!(week.start().unwrap().to_string(), "2026-12-28T00:00:00Z");
    }

    #[test]
    fn the_last_month_is_a_whole_one_in_the_zone() {
        let mexico = zone("America/Mexico_City");
        let month = |now: &str| Civil::Month.before(now.parse().unwrap(), &mexico).unwrap();
        assert_eq!(month("2026-11-01T05:59:59Z").label(), "2026-09"); // still October there
        assert_eq!(month("2026-11-01T06:00:00Z").label(), "2026-10");
    }

    #[test]
    fn malformed_months_are_refused() {
        for text in ["", "2026", "2026-13", "2026-1", "10-2026", "2026-10-01"] {
            assert!(Period::month(text, &TimeZone::UTC).is_err(), "{text}");
        }
    }

    #[test]
    fn a_period_of_instants_does_not_end_before_it_starts() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (first, last) = (at("2026-10-01T00:00:00Z"), at("2026-10-01T01:00:00Z"));
        let hour = Period::between(first, last, "an hour", &TimeZone::UTC).unwrap();
        assert!(hour.contains(first) && !hour.contains(last) && hour.label() == "an hour");
        assert!(Period::between(last, first, "x", &TimeZone::UTC).is_err());
    }

    #[test]
    fn the_last_day_belongs_to_the_period() {
        let period = Period::days(
            Some("2026-10-01".parse().unwrap()),
            Some("2026-10-02".parse().unwrap()),
            &TimeZone::UTC,
        )
        .unwrap();
        assert!(period.contains("2026-10-02T23:59:59.999Z".parse().unwrap()));
        assert!(!period.contains("2026-10-03T00:00:00Z".parse().unwrap()));
        assert_eq!(period.label(), "2026-10-01 to 2026-10-02");
    }

    proptest! {
        /// Each instant lies in exactly one civil period: the one that contains it, and neither
        /// the one before nor the one after.
        #[test]
        fn periods_tile_time(
            second in 1_262_304_000_i64..2_208_988_800,
            zone_name in prop::sample::select(vec![
                "America/Mexico_City", "Europe/Rome", "America/Sao_Paulo", "Pacific/Apia",
                "Asia/Kolkata", "America/Havana", "Africa/Cairo", "UTC",
            ]),
            civil in prop::sample::select(vec![Civil::Day, Civil::Week, Civil::Month, Civil::Year]),
        ) {
            let zone = zone(zone_name);
            let at = Timestamp::from_second(second).unwrap();
            let period = civil.containing(at, &zone).unwrap();
            prop_assert!(period.contains(at));
            let after = civil.containing(period.end().unwrap(), &zone).unwrap();
            prop_assert_eq!(after.start(), period.end());
            let last = period.start().unwrap().checked_sub(JiffSpan::new().nanoseconds(1)).unwrap();
            prop_assert_eq!(civil.containing(last, &zone).unwrap().end(), period.start());
        }
    }

    proptest! {
        /// The same for hours and for months with an anchor day.
        #[test]
        fn hours_and_anchored_months_tile_time(
            second in 1_262_304_000_i64..2_208_988_800,
            near in prop::option::of(-7_200_i64..7_200),
            zone_name in prop::sample::select(vec![
                "America/Mexico_City", "Europe/Rome", "Australia/Lord_Howe", "Pacific/Apia",
                "Asia/Kolkata", "America/Havana", "UTC",
            ]),
            anchor in 1_u8..=31,
        ) {
            let zone = zone(zone_name);
            let mut at = Timestamp::from_second(second).unwrap();
            // Half of the cases lie beside a change of the clock.
            if let (Some(near), Some(moved)) = (near, zone.following(at).next()) {
                at = Timestamp::from_second(moved.timestamp().as_second() + near).unwrap();
            }
            let containing: [&dyn Fn(Timestamp) -> Period; 2] = [
                &|at| Period::hour(at, &zone).unwrap(),
                &|at| Period::anchored_month(at, anchor, &zone).unwrap(),
            ];
            for containing in containing {
                let period = containing(at);
                prop_assert!(period.contains(at));
                prop_assert_eq!(containing(period.end().unwrap()).start(), period.end());
                let last =
                    period.start().unwrap().checked_sub(JiffSpan::new().nanoseconds(1)).unwrap();
                prop_assert_eq!(containing(last).end(), period.start());
            }
        }
    }

    #[test]
    fn an_hour_ends_where_the_clock_is_moved_by_half_an_hour() {
        let zone = zone("Australia/Lord_Howe");
        // At 02:00 (15:00Z) clocks go back to 01:30.
        let hour = Period::hour("2026-04-04T15:10:00Z".parse().unwrap(), &zone).unwrap();
        assert_eq!(hour.start(), Some("2026-04-04T15:00:00Z".parse().unwrap()));
        assert_eq!(hour.end(), Some("2026-04-04T15:30:00Z".parse().unwrap()));
        assert!(Period::anchored_month(Timestamp::UNIX_EPOCH, 32, &zone).is_err());
    }
}
