//! How it stands with budgets, for people.

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use octorato::books::{Line, State, Status};
use octorato::core::{Currency, Money};
use octorato::finops::ledger::Standing;

use super::foreign::shown;
use super::numbers::{amount, amounts, counted};
use super::table::{Align, Table};
use crate::printer::{FAINT, WARN};

/// How many sessions or runs of one budget are shown.
const MOST_KEYS: usize = 5;
/// How many cells a bar has.
const CELLS: i128 = 12;
/// What a limit is that nothing more fits under.
const OVER: Style = AnsiColor::Red.on_default().bold();

/// How wide a table may be.
pub(crate) struct Width(Option<usize>);

impl Width {
    /// As wide as the terminal; any width where data goes elsewhere.
    pub(crate) fn of_terminal() -> Self {
        Self(crate::printer::width())
    }
}

/// A row for each budget, and for the fullest sessions and runs of those that count them apart.
pub(crate) fn table(status: &Status, width: &Width) -> Table {
    let rows: Vec<(&Line, Option<&Standing>)> = status.lines.iter().flat_map(rows).collect();
    let nothing = Money::zero(Currency::USD);
    let column = |of: &dyn Fn(&Line, Option<&Standing>) -> Money| {
        let cells: Vec<_> = rows.iter().map(|(line, standing)| Some(of(line, *standing))).collect();
        amounts(&cells)
    };
    let limit =
        |line: &Line, it: Option<&Standing>| it.map_or(line.judge.budget.limit(), |it| it.limit);
    let spent = column(&|_, it| it.map_or(nothing, |it| it.spent));
    let held = column(&|_, it| it.and_then(|it| it.reserved().ok()).unwrap_or(nothing));
    let left = column(&|line, it| {
        it.and_then(|it| it.remaining().ok()).unwrap_or_else(|| limit(line, it))
    });
    let limits = column(&limit);
    let mut table = Table::new(&[
        ("Budget", Align::Left),
        ("Period", Align::Left),
        ("State", Align::Left),
        ("Used", Align::Left),
        ("Spent", Align::Right),
        ("Held", Align::Right),
        ("Left", Align::Right),
        ("Limit", Align::Right),
        ("Resets", Align::Left),
    ]);
    for (at, (line, standing)) in rows.iter().enumerate() {
        let state = standing.map_or(State::Ok, State::of);
        let style = match state {
            State::Ok => None,
            State::Alert | State::Warn | State::Shadow => Some(WARN),
            State::Over => Some(OVER),
        };
        let resets = standing.and_then(|it| it.resets);
        table.styled_row(
            style,
            [
                shown(&line.judge.title),
                shown(&line.label(*standing)),
                word(line, state),
                standing.map_or_else(
                    || bar(nothing, nothing, limit(line, None)),
                    |it| bar(it.spent, it.reserved().unwrap_or(nothing), it.limit),
                ),
                spent[at].clone(),
                held[at].clone(),
                left[at].clone(),
                limits[at].clone(),
                resets.map_or_else(|| "-".to_owned(), |at| moment(at, line.judge.budget.zone())),
            ],
        );
    }
    if let Some(width) = width.0 {
        table.narrow(width, &["Held", "Resets", "Period", "Limit", "Used"]);
    }
    table
}

fn rows(line: &Line) -> Vec<(&Line, Option<&Standing>)> {
    if line.standings.is_empty() {
        return vec![(line, None)];
    }
    line.standings.iter().take(MOST_KEYS).map(|it| (line, Some(it))).collect()
}

/// The state in one word, and that a budget never denies.
fn word(line: &Line, state: State) -> String {
    let budget = &line.judge.budget;
    match state {
        State::Shadow => "would deny".to_owned(),
        State::Over if !budget.enforces() => "over, allowed".to_owned(),
        State::Over => "over, denies".to_owned(),
        state => state.name().to_owned(),
    }
}

/// What is used of a limit: `███▒░░░░░░░░  27 %`, where what is held is set apart.
fn bar(spent: Money, held: Money, limit: Money) -> String {
    let (spent, held, limit) = (spent.pico().max(0), held.pico().max(0), limit.pico());
    let part = |amount: i128, of: i128| -> i128 {
        if limit > 0 {
            amount.saturating_mul(of) / limit
        } else if amount > 0 {
            of
        } else {
            0
        }
    };
    let used = spent.saturating_add(held);
    // What is there at all is seen.
    let cells = |amount: i128| part(amount, CELLS).clamp(i128::from(amount > 0), CELLS);
    let all = cells(used);
    let full = cells(spent).min(all);
    let repeat = |cell: &str, count: i128| cell.repeat(usize::try_from(count).unwrap_or(0));
    let percent = part(used, 100).min(9_999);
    format!(
        "{}{}{} {percent:>4} %",
        repeat("█", full),
        repeat("▒", all - full),
        repeat("░", CELLS - all),
    )
}

/// A moment to the minute, in a budget's zone.
pub(crate) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// What is to be said beside the table.
pub(crate) fn notes(status: &Status) -> Vec<String> {
    let mut notes = Vec::new();
    for line in &status.lines {
        let budget = &line.judge.budget;
        let title = shown(&line.judge.title);
        for raise in &line.raises {
            notes.push(format!(
                "{title}: ${} more until {}: {}",
                raise.amount,
                moment(raise.until, budget.zone()),
                shown(&raise.reason)
            ));
        }
        if let Some(count) = line.would_deny {
            let calls = counted(count, "call");
            notes.push(format!("{title}: a trial, it would have denied {calls}"));
        }
        if line.standings.len() > MOST_KEYS {
            let more = counted((line.standings.len() - MOST_KEYS) as u64, "more");
            notes.push(format!("{title}: {} not shown", more.trim_end_matches('s')));
        }
        if budget.basis() != octorato::finops::budget::Basis::List {
            notes.push(format!(
                "{title}: on allocated cost, which is known when the month is over; shown is list cost, and it never denies"
            ));
        }
        if line.standings.iter().any(|it| it.orphaned.pico() > 0) {
            let orphaned: Vec<_> = line.standings.iter().map(|it| it.orphaned).collect();
            if let Ok(sum) = Money::sum(Currency::USD, orphaned) {
                notes.push(format!(
                    "{title}: {} held for calls of unknown outcome; `octorato ledger orphans`",
                    amount(sum)
                ));
            }
        }
    }
    if !status.is_clock_trusted {
        notes.push("the machine's clock leapt and is not believed; `octorato doctor`".to_owned());
    }
    notes.into_iter().map(|note| format!("{FAINT}{note}{FAINT:#}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_what_is_spent_and_what_is_held() {
        let usd = |text| Money::parse(text, Currency::USD).unwrap();
        let bar = |spent, held, limit| bar(usd(spent), usd(held), usd(limit));
        assert_eq!(bar("0", "0", "10"), "░░░░░░░░░░░░    0 %");
        assert_eq!(bar("5", "2.5", "10"), "██████▒▒▒░░░   75 %");
        assert_eq!(bar("0.01", "0", "10"), "█░░░░░░░░░░░    0 %");
        assert_eq!(bar("9.99", "0", "10"), "███████████░   99 %");
        assert_eq!(bar("25", "1", "10"), "████████████  260 %");
        assert_eq!(bar("1", "0", "0"), "████████████  100 %");
        assert_eq!(bar("0", "0", "0"), "░░░░░░░░░░░░    0 %");
        assert_eq!(bar("-1", "0", "10"), "░░░░░░░░░░░░    0 %");
    }
}
