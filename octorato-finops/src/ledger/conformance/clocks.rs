//! Days on which clocks change and months that end, in six zones; a wall clock that goes back, and one
//! that leaps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use octorato_core::Money;

use super::steps::id;
use super::world::{arm, cents, in_force, month_from, over, path};
use crate::budget::{Cycle, DayOfYear};
use crate::ledger::{Clock, Entry, Fact, Ledger, Operation, Reserve, Settle, Tick, Uptime};

/// Each zone, and from when its changes are taken: among them a midnight that is skipped and one that
/// comes twice (São Paulo), half an hour (Lord Howe), a day that was left out (Apia), and a zone that
/// has no changes (Kolkata).
const ZONES: [(&str, &str); 6] = [
    ("Europe/Rome", "2026-01-01T00:00:00Z"),
    ("America/New_York", "2026-01-01T00:00:00Z"),
    ("America/Sao_Paulo", "2018-01-01T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-01-01T00:00:00Z"),
    ("Pacific/Apia", "2011-07-01T00:00:00Z"),
    ("Asia/Kolkata", "2026-01-01T00:00:00Z"),
];

/// Days that begin after the last of a month: the 31st, the 30th, the 28th, a leap day, a year's end.
const DAYS: [&str; 6] =
    ["2026-02-01", "2026-05-01", "2027-03-01", "2028-02-29", "2028-03-01", "2027-01-01"];

/// A machine whose wall clock can be set, while the time since its boot goes on.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    wall: Arc<AtomicI64>,
    uptime: Arc<AtomicI64>,
}

impl Machine {
    fn at(now: Timestamp) -> Self {
        let uptime = Arc::new(AtomicI64::new(1_000));
        Self { wall: Arc::new(AtomicI64::new(now.as_second())), uptime }
    }

    fn wait(&self, seconds: i64) {
        self.set(seconds);
        self.uptime.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Moves the wall clock only.
    fn set(&self, seconds: i64) {
        self.wall.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Machine {
    fn tick(&self) -> Tick {
        let elapsed = SignedDuration::from_secs(self.uptime.load(Ordering::SeqCst));
        let wall = Timestamp::from_second(self.wall.load(Ordering::SeqCst)).unwrap();
        Tick { wall, uptime: Some(Uptime { boot: [1; 16], elapsed }) }
    }
}

/// A moment, a zone and a period by whose ends it is surrounded.
#[derive(Debug)]
pub(crate) struct Case {
    zone: &'static str,
    moment: Timestamp,
    cycle: Cycle,
}

/// All of them: the changes of the clocks and the ends of months of each zone, with every civil cycle.
pub(crate) fn cases() -> Vec<Case> {
    let year = Cycle::Yearly(DayOfYear::new("02-29").unwrap());
    let week = Cycle::from_name("weekly").unwrap();
    let cycles = [Cycle::Hourly, Cycle::Daily, week, Cycle::MONTHLY, month_from(31), year];
    let mut cases = Vec::new();
    for (name, since) in ZONES {
        let zone = TimeZone::get(name).unwrap();
        let changes = zone.following(since.parse().unwrap());
        let mut moments: Vec<Timestamp> = changes.take(2).map(|one| one.timestamp()).collect();
        for day in DAYS {
            let day: jiff::civil::Date = day.parse().unwrap();
            moments.push(day.to_zoned(zone.clone()).unwrap().timestamp());
        }
        for moment in moments {
            cases.extend(cycles.map(|cycle| Case { zone: name, moment, cycle }));
        }
    }
    cases
}

/// Spends a cent each 20 minutes around the moment of `case` and checks that each is counted by one
/// period and all are by all; then sets the clock back by an hour, and forward by 40 days.
pub(crate) fn check<L: Ledger>(case: &Case, open: impl FnOnce(Machine) -> L) {
    let hours = SignedDuration::from_hours(3);
    let machine = Machine::at(case.moment - hours);
    let ledger = open(machine.clone());
    let budgets = vec![
        over(arm("acme-web"), "100", case.cycle, case.zone),
        over(arm("acme-web"), "100", Cycle::Total, "UTC"),
    ];
    ledger.commit(&[Operation::Adopt(in_force(budgets))]).unwrap().remove(0).unwrap();
    let mut calls = 0;
    for _ in 0..18 {
        calls += 1;
        spend(&ledger, calls);
        machine.wait(20 * 60);
    }
    counted(case, &ledger, calls);

    let before = last(&ledger);
    machine.set(-3_600);
    calls += 1;
    spend(&ledger, calls);
    assert!(last(&ledger) >= before, "{case:?}: time went back");
    // What the clock says was not later than what it had said: no period is new.
    let back = opened(&ledger);
    counted(case, &ledger, calls);

    machine.wait(3_600);
    machine.set(40 * 24 * 3_600);
    calls += 1;
    let before = last(&ledger);
    spend(&ledger, calls);
    let (now, grown) = (last(&ledger), opened(&ledger));
    assert!(now.duration_since(before) <= hours, "{case:?}: the leap to {now} was believed");
    let leapt = grown.iter().filter(|(start, _)| *start > now).count();
    assert_eq!(leapt, 0, "{case:?}: a period of a time that has not come");
    assert!(grown.starts_with(&back), "{case:?}");
    counted(case, &ledger, calls);

    // Once a person has said that it is right, it is believed.
    ledger.commit(&[Operation::ResetClock]).unwrap().remove(0).unwrap();
    calls += 1;
    spend(&ledger, calls);
    assert!(last(&ledger).duration_since(now) > SignedDuration::from_hours(39 * 24), "{case:?}");
    counted(case, &ledger, calls);
}

fn spend(ledger: &dyn Ledger, call: u8) {
    let reserve = Reserve {
        id: id(call),
        path: path(0),
        amount: cents(2),
        max_output_tokens: 1,
        patience: SignedDuration::from_hours(1_000),
        holder: None,
    };
    let settle =
        Settle { id: id(call), amount: cents(1), is_estimate: false, request: None, metered: None };
    for answer in ledger.commit(&[Operation::Reserve(reserve), Operation::Settle(settle)]).unwrap()
    {
        answer.unwrap();
    }
}

fn journal(ledger: &dyn Ledger) -> Vec<Entry> {
    ledger.entries(0, usize::MAX).unwrap()
}

fn last(ledger: &dyn Ledger) -> Timestamp {
    journal(ledger).last().unwrap().at
}

/// The periods that were opened, in this order.
fn opened(ledger: &dyn Ledger) -> Vec<(Timestamp, Timestamp)> {
    let entries = journal(ledger).into_iter();
    entries
        .filter_map(|entry| match entry.fact {
            Fact::Opened { start, end, .. } => Some((start, end)),
            _ => None,
        })
        .collect()
}

/// I11 and I12: each booking lies in one period of those that were opened; a period's sum is that of
/// the bookings in it; and all periods together have all that was settled.
fn counted(case: &Case, ledger: &dyn Ledger, calls: u8) {
    let entries = journal(ledger);
    let (mut bookings, mut settled) = (Vec::new(), 0);
    for entry in &entries {
        settled += u8::from(matches!(entry.fact, Fact::Settled { .. }));
        for posting in &entry.postings {
            bookings.push((posting.posted, posting.amounts.spent));
        }
    }
    assert_eq!(settled, calls, "{case:?}");
    let periods = opened(ledger);
    assert!(periods.is_sorted(), "{case:?}: {periods:?}");
    assert!(periods.windows(2).all(|two| two[0].1 <= two[1].0), "{case:?}: {periods:?}");
    for (posted, _) in &bookings {
        let holds = |(start, end): &&(Timestamp, Timestamp)| start <= posted && posted < end;
        assert_eq!(periods.iter().filter(holds).count(), 1, "{case:?}: {posted}");
    }
    let sum = |amounts: &mut dyn Iterator<Item = Money>| amounts.map(Money::pico).sum::<i128>();
    let all = cents(i128::from(calls)).pico();
    let (mut in_periods, mut in_total) = (0, 0);
    for balance in ledger.balances().unwrap() {
        let spent = balance.amounts.spent.pico();
        if balance.interval.is_none() {
            in_total += spent;
            continue;
        }
        in_periods += spent;
        let mut of_it =
            bookings.iter().filter(|(at, _)| balance.covers(*at)).map(|(_, spent)| *spent);
        assert_eq!(sum(&mut of_it), spent, "{case:?}: {balance:?}");
    }
    assert_eq!((in_periods, in_total), (all, all), "{case:?}");
}
