//! When the count of a budget begins anew.

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};
use octorato_core::{Civil, Error, ErrorKind, Period, Result};

use super::rolling::Rolling;

/// The period of a budget.
///
/// Civil periods are half-open intervals in the budget's zone that tile time: every instant is in
/// exactly one, also where clocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cycle {
    /// A civil hour; shorter where the zone's offset changes within it.
    Hourly,
    /// A civil day.
    Daily,
    /// Seven civil days from this one.
    Weekly(Weekday),
    /// From this day of a month to the same of the next.
    Monthly(DayOfMonth),
    /// From this day of a year to the same of the next.
    Yearly(DayOfYear),
    /// For ever.
    Total,
    /// A balance for each session.
    Session,
    /// A balance for each run.
    Run,
    /// The last hours, whatever the calendar says.
    Rolling(Rolling),
}

impl Cycle {
    /// A month from its first day.
    pub const MONTHLY: Self = Self::Monthly(DayOfMonth::FIRST);

    /// The names of all periods but rolling ones, which are `rolling:24h` or `rolling:7d`.
    pub const NAMES: &[&str] =
        &["hourly", "daily", "weekly", "monthly", "yearly", "total", "session", "run"];

    /// The period of a name, with the usual first day: Monday, the 1st, January 1st.
    ///
    /// ```
    /// use octorato_finops::budget::Cycle;
    ///
    /// assert_eq!(Cycle::from_name("monthly"), Some(Cycle::MONTHLY));
    /// assert_eq!(Cycle::from_name("rolling:36h").map(|c| c.to_string()).as_deref(), Some("rolling:36h"));
    /// assert_eq!(Cycle::from_name("rolling:0h"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "hourly" => Self::Hourly,
            "daily" => Self::Daily,
            "weekly" => Self::Weekly(Weekday::Monday),
            "monthly" => Self::MONTHLY,
            "yearly" => Self::Yearly(DayOfYear::FIRST),
            "total" => Self::Total,
            "session" => Self::Session,
            "run" => Self::Run,
            _ => Self::Rolling(Rolling::from_text(name.strip_prefix("rolling:")?)?),
        })
    }

    /// The same period from another first day: a weekday in lower case, a day of the month, or a
    /// month and a day written MM-DD. Only weeks, months and years have one.
    ///
    /// ```
    /// use octorato_finops::budget::Cycle;
    ///
    /// assert_eq!(Cycle::MONTHLY.starting("15")?.to_string(), "monthly from day 15");
    /// assert!(Cycle::MONTHLY.starting("sunday").is_err());
    /// assert!(Cycle::Daily.starting("1").is_err());
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn starting(self, day: &str) -> Result<Self> {
        let (cycle, hint) = match self {
            Self::Weekly(_) => {
                let mut week = Weekday::Monday.cycle_forward().take(7);
                let day = week.find(|weekday| weekday_name(*weekday) == day);
                (day.map(Self::Weekly), "write a weekday, such as `sunday`")
            }
            Self::Monthly(_) => {
                let is_plain = day.bytes().all(|byte| byte.is_ascii_digit());
                let day = day.parse().ok().filter(|_| is_plain);
                let day = day.and_then(|day| DayOfMonth::new(day).ok());
                (day.map(Self::Monthly), "write a day of the month from 1 to 31")
            }
            Self::Yearly(_) => {
                let day = DayOfYear::new(day).ok();
                (day.map(Self::Yearly), "write month and day, such as `\"04-06\"`")
            }
            _ => (None, "remove it: only weeks, months and years begin on a day"),
        };
        cycle.ok_or_else(|| {
            let message = format!("not the first day of a {} period: `{day}`", self.name());
            Error::new(ErrorKind::InvalidArgument, message).hinted(hint)
        })
    }

    /// The first day as [`Self::starting`] takes it; nothing where there is none.
    pub fn first_day(&self) -> Option<String> {
        match self {
            Self::Weekly(day) => Some(weekday_name(*day).to_owned()),
            Self::Monthly(day) => Some(day.0.to_string()),
            Self::Yearly(day) => Some(day.to_string()),
            _ => None,
        }
    }

    /// The civil period that contains `at`, all time for [`Cycle::Total`]; nothing for sessions,
    /// runs and rolling hours, which have no calendar.
    ///
    /// Fails only at the ends of the calendar.
    ///
    /// ```
    /// use jiff::tz::TimeZone;
    /// use octorato_finops::budget::{Cycle, DayOfMonth};
    ///
    /// let month = Cycle::Monthly(DayOfMonth::new(31)?);
    /// let at = "2026-03-01T00:00:00Z".parse()?;
    /// let period = month.period(at, &TimeZone::UTC)?.unwrap();
    /// assert_eq!(period.label(), "2026-02-28 to 2026-03-30"); // a short month ends earlier
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn period(&self, at: Timestamp, zone: &TimeZone) -> Result<Option<Period>> {
        let today = || zone.to_datetime(at).date();
        let period = match self {
            Self::Hourly => hour(at, zone),
            Self::Daily => Civil::Day.containing(at, zone),
            Self::Weekly(Weekday::Monday) => Civil::Week.containing(at, zone),
            Self::Weekly(first) => {
                let today = today();
                let back = today.weekday().since(*first);
                let first = plus(today, Span::new().days(-i64::from(back)))?;
                from_to(first, plus(first, Span::new().weeks(1))?, zone)
            }
            Self::Monthly(DayOfMonth::FIRST) => Civil::Month.containing(at, zone),
            Self::Monthly(day) => {
                let today = today();
                let this = day.of_month(today)?;
                let step = Span::new().months(if today < this { -1 } else { 1 });
                let other = day.of_month(plus(today.first_of_month(), step)?)?;
                from_to(this.min(other), this.max(other), zone)
            }
            Self::Yearly(DayOfYear::FIRST) => Civil::Year.containing(at, zone),
            Self::Yearly(day) => {
                let today = today();
                let this = day.of_year(today.year())?;
                let other = day.of_year(today.year() + if today < this { -1 } else { 1 })?;
                from_to(this.min(other), this.max(other), zone)
            }
            Self::Total => Ok(Period::all(zone)),
            Self::Session | Self::Run | Self::Rolling(_) => return Ok(None),
        };
        period.map(Some)
    }

    /// Whether the zone of a budget cuts it.
    pub fn is_civil(&self) -> bool {
        matches!(
            self,
            Self::Hourly | Self::Daily | Self::Weekly(_) | Self::Monthly(_) | Self::Yearly(_)
        )
    }

    /// The name without the first day.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly(_) => "weekly",
            Self::Monthly(_) => "monthly",
            Self::Yearly(_) => "yearly",
            Self::Total => "total",
            Self::Session => "session",
            Self::Run => "run",
            Self::Rolling(_) => "rolling",
        }
    }
}

/// `monthly`, `monthly from day 15`, `weekly from sunday`, `yearly from 04-06`, `rolling:24h`.
impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Weekly(day) if *day != Weekday::Monday => {
                write!(f, "{name} from {}", weekday_name(*day))
            }
            Self::Monthly(day) if *day != DayOfMonth::FIRST => {
                write!(f, "{name} from day {}", day.0)
            }
            Self::Yearly(day) if *day != DayOfYear::FIRST => write!(f, "{name} from {day}"),
            Self::Rolling(rolling) => write!(f, "{name}:{rolling}"),
            _ => f.pad(name),
        }
    }
}

/// The day of a week by its English name in lower case.
fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

/// A day of the month, from 1 to 31; in a shorter month its last day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayOfMonth(i8);

impl DayOfMonth {
    /// The 1st.
    pub const FIRST: Self = Self(1);

    /// Takes a day from 1 to 31.
    pub fn new(day: u64) -> Result<Self> {
        let day = i8::try_from(day).ok().filter(|day| (1..=31).contains(day));
        day.map(Self).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "not a day of the month")
                .hinted("write a number from 1 to 31")
        })
    }

    /// The day in the month of `date`.
    fn of_month(self, date: Date) -> Result<Date> {
        Date::new(date.year(), date.month(), self.0.min(date.days_in_month())).map_err(out_of_range)
    }
}

/// A day of the year; February 29th is the 28th in a common year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayOfYear {
    month: i8,
    day: i8,
}

impl DayOfYear {
    /// January 1st.
    pub const FIRST: Self = Self { month: 1, day: 1 };

    /// Takes a month and a day, written MM-DD.
    ///
    /// ```
    /// use octorato_finops::budget::DayOfYear;
    ///
    /// assert_eq!(DayOfYear::new("04-06")?.to_string(), "04-06");
    /// assert!(DayOfYear::new("02-30").is_err());
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn new(text: &str) -> Result<Self> {
        // 2024 has every day.
        let day = if text.len() == 5 { format!("2024-{text}").parse::<Date>().ok() } else { None };
        match day {
            Some(day) => Ok(Self { month: day.month(), day: day.day() }),
            None => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("not a day of the year: `{text}`"),
            )
            .hinted("write month and day, such as `\"04-06\"`")),
        }
    }

    fn of_year(self, year: i16) -> Result<Date> {
        let month = Date::new(year, self.month, 1).map_err(out_of_range)?;
        Date::new(year, self.month, self.day.min(month.days_in_month())).map_err(out_of_range)
    }
}

impl fmt::Display for DayOfYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

/// The civil hour that contains `at`, cut where the offset of the zone changes within it.
fn hour(at: Timestamp, zone: &TimeZone) -> Result<Period> {
    let offset = zone.to_offset(at);
    let second = |at: Timestamp| at.as_second();
    let local = second(at) + i64::from(offset.seconds());
    let begin = local.div_euclid(3600) * 3600 - i64::from(offset.seconds());
    let limit = |second: i64| Timestamp::from_second(second).map_err(out_of_range);
    let (mut start, mut end) = (limit(begin)?, limit(begin + 3600)?);
    let next = at.checked_add(SignedDuration::from_nanos(1)).map_err(out_of_range)?;
    let changes = |before: Offset, after: Offset| before != after;
    for change in zone.preceding(next).take_while(|change| change.timestamp() > start) {
        let before = change.timestamp() - SignedDuration::from_nanos(1);
        if changes(zone.to_offset(before), change.offset()) {
            start = change.timestamp();
            break;
        }
    }
    for change in zone.following(at).take_while(|change| change.timestamp() < end) {
        let before = change.timestamp() - SignedDuration::from_nanos(1);
        if changes(zone.to_offset(before), change.offset()) {
            end = change.timestamp();
            break;
        }
    }
    let label = offset.to_datetime(start).strftime("%Y-%m-%dT%H:%M").to_string();
    Period::between(start, end, &format!("{label}{offset}"), zone)
}

/// From the start of a day up to that of another.
fn from_to(first: Date, after: Date, zone: &TimeZone) -> Result<Period> {
    Period::days(Some(first), Some(plus(after, Span::new().days(-1))?), zone)
}

fn plus(date: Date, span: Span) -> Result<Date> {
    date.checked_add(span).map_err(out_of_range)
}

fn out_of_range(source: jiff::Error) -> Error {
    Error::new(ErrorKind::InvalidArgument, "date out of range").caused_by(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn period(cycle: Cycle, zone: &str, time: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let period = cycle.period(at(time), &zone).unwrap().unwrap();
        format!("{} {} {}", period.label(), period.start().unwrap(), period.end().unwrap())
    }

    #[test]
    fn an_anchor_beyond_the_end_of_a_month_is_its_last_day() {
        let day = |day| Cycle::Monthly(DayOfMonth::new(day).unwrap());
        let utc = |cycle: Cycle, time| {
            cycle.period(at(time), &TimeZone::UTC).unwrap().unwrap().label().to_owned()
        };
        assert_eq!(utc(day(31), "2028-02-28T23:00:00Z"), "2028-01-31 to 2028-02-28");
        assert_eq!(utc(day(31), "2028-02-29T00:00:00Z"), "2028-02-29 to 2028-03-30");
        assert_eq!(utc(day(15), "2026-10-14T23:59:59Z"), "2026-09-15 to 2026-10-14");
        assert_eq!(utc(day(15), "2026-12-31T00:00:00Z"), "2026-12-15 to 2027-01-14");
        assert_eq!(utc(day(1), "2026-12-31T00:00:00Z"), "2026-12");
        let year = Cycle::Yearly(DayOfYear::new("02-29").unwrap());
        assert_eq!(utc(year, "2028-02-28T00:00:00Z"), "2027-02-28 to 2028-02-28");
        let week = Cycle::Weekly(Weekday::Sunday);
        assert_eq!(utc(week, "2026-11-23T00:00:00Z"), "2026-11-22 to 2026-11-28");
    }

    #[test]
    fn an_hour_is_one_of_the_zone_and_is_cut_where_clocks_change() {
        let hour = |zone, time| period(Cycle::Hourly, zone, time);
        assert_eq!(
            hour("Asia/Kolkata", "2026-06-01T10:00:00Z"),
            "2026-06-01T15:00+05:30 2026-06-01T09:30:00Z 2026-06-01T10:30:00Z"
        );
        // Two hours of one name are two hours.
        assert_eq!(
            hour("Europe/Rome", "2026-10-25T00:30:00Z"),
            "2026-10-25T02:00+02 2026-10-25T00:00:00Z 2026-10-25T01:00:00Z"
        );
        assert_eq!(
            hour("Europe/Rome", "2026-10-25T01:30:00Z"),
            "2026-10-25T02:00+01 2026-10-25T01:00:00Z 2026-10-25T02:00:00Z"
        );
        // Lord Howe goes back half an hour, at 02:00 to 01:30.
        assert_eq!(
            hour("Australia/Lord_Howe", "2026-04-04T15:10:00Z"),
            "2026-04-05T01:30+10:30 2026-04-04T15:00:00Z 2026-04-04T15:30:00Z"
        );
    }

    #[test]
    fn the_last_hours_are_never_counted_short() {
        let Some(Cycle::Rolling(day)) = Cycle::from_name("rolling:24h") else { panic!("rolling") };
        assert_eq!((day.hours(), day.bucket_seconds()), (24, 1440));
        assert_eq!(Cycle::from_name("rolling:1d"), Cycle::from_name("rolling:24h"));
        for time in ["2026-11-23T00:00:00Z", "2026-11-23T00:23:59.9Z", "1969-12-31T23:59:59Z"] {
            let begin = at(time) - SignedDuration::from_hours(24);
            assert_eq!(day.oldest_bucket(at(time)), day.bucket(begin));
        }
        for name in [
            "rolling:",
            "rolling:h",
            "rolling:+1h",
            "rolling:01h",
            "rolling:1w",
            "rolling:367d",
            "rolling:9999999999d",
            "rolling:178956971d",
            "Monthly",
            "",
        ] {
            assert_eq!(Cycle::from_name(name), None, "{name}");
        }
    }

    fn cycles() -> impl Strategy<Value = Cycle> {
        let weekday = (0..7_i8).prop_map(|day| Weekday::from_monday_zero_offset(day).unwrap());
        prop_oneof![
            Just(Cycle::Hourly),
            Just(Cycle::Daily),
            weekday.prop_map(Cycle::Weekly),
            (1..=31_u64).prop_map(|day| Cycle::Monthly(DayOfMonth::new(day).unwrap())),
            (1..=12_i8, 1..=28_i8).prop_map(|(month, day)| Cycle::Yearly(DayOfYear { month, day })),
            Just(Cycle::Yearly(DayOfYear { month: 2, day: 29 })),
        ]
    }

    proptest! {
        /// Each instant is in exactly one period: the next begins where this one ends, the one
        /// before ends where this one begins.
        #[test]
        fn periods_tile_time(
            second in 1_262_304_000_i64..2_208_988_800,
            name in prop::sample::select(vec![
                "America/Mexico_City", "Europe/Rome", "America/Sao_Paulo", "Pacific/Apia",
                "Asia/Kolkata", "America/Havana", "Australia/Lord_Howe", "UTC",
            ]),
            cycle in cycles(),
        ) {
            let zone = TimeZone::get(name).unwrap();
            let at = Timestamp::from_second(second).unwrap();
            let of = |at| cycle.period(at, &zone).unwrap().unwrap();
            let period = of(at);
            prop_assert!(period.contains(at));
            prop_assert_eq!(of(period.end().unwrap()).start(), period.end());
            let last = period.start().unwrap() - SignedDuration::from_nanos(1);
            prop_assert_eq!(of(last).end(), period.start());
        }
    }
}
