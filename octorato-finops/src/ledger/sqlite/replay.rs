//! The balances, computed from the journal alone, in memory that does not grow with it.
//!
//! Every balance is the sum of all postings of its slot, since whatever opens one adds up what the
//! journal holds for it. So the few entries that adopt budgets and open periods are read first, and tell
//! which slots have a balance; then one pass adds up. What is remembered are the sums, the calls that are
//! open, and where the last posting of each path was counted.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Error, Money};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::cells::{amounts, instant, join};
use super::desk::{Desk, Done};
use super::fault::spoilt;
use super::names::Names;
use crate::budget::{BudgetId, Cycle, InForce};
use crate::ledger::entry::{Amounts, Balance, Fact};
use crate::ledger::kind::Kind;
use crate::ledger::records::Interval;
use crate::ledger::slot::Slot;

/// So many paths are remembered.
const MOST: usize = 50_000;

impl Desk {
    /// What the balances must be.
    pub(super) fn replayed(&self) -> Result<Vec<Balance>, Error> {
        self.fold().map_err(|spoilt| self.fault(spoilt))
    }

    fn fold(&self) -> Done<Vec<Balance>> {
        let mut fold = Fold::default();
        for entry in self.entries_of(&[Kind::Adopted, Kind::Opened], 0, usize::MAX)? {
            fold.govern(entry.sequence, entry.at, entry.fact);
        }
        fold.open_slots();
        let known = &mut *self.known.borrow_mut();
        fold.add_all(&self.connection, &mut known.names)?;
        Ok(fold.balances())
    }
}

/// Since when a budget has been in force: after this entry, which is of this time.
#[derive(Clone, Copy, Debug)]
struct Since {
    sequence: u64,
    at: Timestamp,
}

/// The sum of one slot.
#[derive(Debug)]
struct Account {
    amounts: Amounts,
    /// Whether the slot has a balance.
    is_open: bool,
    /// What is posted in it before this entry does not make it a balance.
    since: u64,
}

/// Where what is posted on a path in `from..until` is counted.
#[derive(Debug)]
struct Route {
    from: Timestamp,
    until: Timestamp,
    accounts: Vec<usize>,
}

/// A call that was reserved and has not ended.
#[derive(Clone, Copy, Debug)]
struct Open {
    path: i64,
    at: Timestamp,
    amount: Money,
}

#[derive(Debug, Default)]
struct Fold {
    in_force: Option<Arc<InForce>>,
    since: HashMap<BudgetId, Since>,
    /// The periods that were opened with the entries that did.
    periods: BTreeMap<(BudgetId, Timestamp), (Timestamp, u64)>,
    accounts: Vec<Account>,
    places: BTreeMap<(BudgetId, Slot), (usize, Option<Interval>)>,
    routes: HashMap<i64, Route>,
    open: HashMap<i64, Open>,
}

impl Fold {
    /// Takes an entry that changes which slots there are.
    fn govern(&mut self, sequence: u64, at: Timestamp, fact: Fact) {
        match fact {
            Fact::Adopted(in_force) => {
                self.since.retain(|id, _| in_force.find(*id).is_some());
                for judge in in_force.judges() {
                    self.since.entry(judge.id).or_insert(Since { sequence, at });
                }
                self.in_force = Some(in_force);
            }
            Fact::Opened { budget, start, end, .. } => {
                self.periods.insert((budget, start), (end, sequence));
            }
            _ => {}
        }
    }

    /// Opens the balances that there are before anything is posted: of the periods that were opened
    /// since a budget is in force, and of the one that was open when it came.
    fn open_slots(&mut self) {
        let Some(in_force) = self.in_force.clone() else { return };
        for judge in in_force.judges().iter().filter(|judge| judge.budget.cycle().is_civil()) {
            let Some(since) = self.since.get(&judge.id).copied() else { continue };
            let own = (judge.id, Timestamp::MIN)..=(judge.id, Timestamp::MAX);
            let opened: Vec<_> =
                self.periods.range(own).map(|((_, start), known)| (*start, *known)).collect();
            let first = opened
                .iter()
                .rfind(|(start, (_, sequence))| *start <= since.at && *sequence <= since.sequence)
                .map(|(start, _)| *start);
            for (start, (end, sequence)) in opened {
                let is_first = first == Some(start) && since.at < end;
                if is_first || sequence > since.sequence {
                    let slot = Slot::From(start);
                    let place = self.account(judge.id, slot, Some((start, end)), since.sequence);
                    self.open_account(place);
                }
            }
        }
    }

    fn account(
        &mut self,
        budget: BudgetId,
        slot: Slot,
        interval: Option<Interval>,
        since: u64,
    ) -> usize {
        let next = self.accounts.len();
        let accounts = &mut self.accounts;
        let (place, _) = self.places.entry((budget, slot)).or_insert_with(|| {
            accounts.push(Account { amounts: Amounts::ZERO, is_open: false, since });
            (next, interval)
        });
        *place
    }

    fn open_account(&mut self, place: usize) {
        if let Some(account) = self.accounts.get_mut(place) {
            account.is_open = true;
        }
    }

    /// Adds up the whole journal.
    fn add_all(&mut self, connection: &Connection, names: &mut Names) -> Done<()> {
        let mut statement = connection.prepare(
            "SELECT sequence, kind, at, path, subject, micro, pico, dated FROM journal \
             ORDER BY sequence",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.add_row(connection, names, row)?;
        }
        Ok(())
    }

    fn add_row(&mut self, connection: &Connection, names: &mut Names, row: &Row<'_>) -> Done<()> {
        let number: i64 = row.get(0)?;
        let sequence = u64::try_from(number).map_err(|_| spoilt("a sequence is negative"))?;
        let (kind, has_postings) =
            Kind::of_column(row.get(1)?).ok_or(spoilt("an entry is of an unknown kind"))?;
        let amount = || match (row.get_ref(5)?, row.get_ref(6)?) {
            (ValueRef::Integer(micro), ValueRef::Integer(pico)) => Ok(Some(join(micro, pico)?)),
            (ValueRef::Null, ValueRef::Null) => Ok(None),
            _ => Err(spoilt("an amount is cut")),
        };
        let needed = || amount()?.ok_or(spoilt("an amount is missing"));
        if kind == Kind::Reserved {
            let path = row.get::<_, Option<i64>>(3)?.ok_or(spoilt("a reserve has no path"))?;
            let open = Open { path, at: instant(row.get_ref(2)?)?, amount: needed()? };
            self.open.insert(number, open);
            if !has_postings {
                let amounts = Amounts::open(open.amount);
                self.post(connection, names, (sequence, path, open.at), amounts)?;
            }
        } else if matches!(kind, Kind::Settled | Kind::Released | Kind::Resolved) {
            let ValueRef::Integer(first) = row.get_ref(4)? else {
                return Err(spoilt("an entry is about nothing"));
            };
            let open = self.open.remove(&first);
            if !has_postings && kind != Kind::Resolved {
                let open = match open {
                    Some(open) => open,
                    None => read_open(connection, first)?,
                };
                let freed = Money::from_pico(-open.amount.pico(), open.amount.currency());
                let mut amounts = Amounts::open(freed);
                if kind == Kind::Settled {
                    amounts.spent = needed()?;
                }
                self.post(connection, names, (sequence, open.path, open.at), amounts)?;
            }
        } else if kind == Kind::Imported
            && !has_postings
            && let (Some(path), dated @ (ValueRef::Integer(_) | ValueRef::Text(_))) =
                (row.get(3)?, row.get_ref(7)?)
        {
            let amounts = amount()?.map_or(Amounts::ZERO, Amounts::spent);
            self.post(connection, names, (sequence, path, instant(dated)?), amounts)?;
        }
        if has_postings {
            self.add_postings(connection, names, sequence)?;
        }
        Ok(())
    }

    fn add_postings(
        &mut self,
        connection: &Connection,
        names: &mut Names,
        sequence: u64,
    ) -> Done<()> {
        let mut statement = connection.prepare_cached(
            "SELECT path, posted, spent_micro, spent_pico, open_micro, open_pico, \
             orphaned_micro, orphaned_pico FROM postings WHERE entry = ?1 ORDER BY number",
        )?;
        let mut rows = statement.query([i64::try_from(sequence).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let at = (sequence, row.get(0)?, instant(row.get_ref(1)?)?);
            self.post(connection, names, at, amounts(row, 2)?)?;
        }
        Ok(())
    }

    /// Adds one posting to every sum that counts it.
    fn post(
        &mut self,
        connection: &Connection,
        names: &mut Names,
        (sequence, path, posted): (u64, i64, Timestamp),
        amounts: Amounts,
    ) -> Done<()> {
        let is_known = |route: &Route| route.from <= posted && posted < route.until;
        if !self.routes.get(&path).is_some_and(is_known) {
            if self.routes.len() >= MOST {
                self.routes.clear();
            }
            let route = self.route(connection, names, path, posted)?;
            self.routes.insert(path, route);
        }
        for place in self.routes.get(&path).into_iter().flat_map(|route| &route.accounts) {
            if let Some(account) = self.accounts.get_mut(*place) {
                account.amounts = account.amounts.checked_add(amounts)?;
                account.is_open |= sequence > account.since;
            }
        }
        Ok(())
    }

    fn route(
        &mut self,
        connection: &Connection,
        names: &mut Names,
        number: i64,
        posted: Timestamp,
    ) -> Done<Route> {
        let mut route = Route { from: Timestamp::MIN, until: Timestamp::MAX, accounts: Vec::new() };
        let Some(in_force) = self.in_force.clone() else { return Ok(route) };
        let path = names.path_of(connection, number)?;
        for judge in in_force.judging(&path) {
            let Some(since) = self.since.get(&judge.id).copied() else { continue };
            let mut counted_since = since.sequence;
            let (slot, interval) = match judge.budget.cycle() {
                cycle if cycle.is_civil() => {
                    let own = (judge.id, Timestamp::MIN)..=(judge.id, posted);
                    let period = self.periods.range(own).next_back();
                    let period = period.map(|((_, start), (end, _))| (*start, *end));
                    let Some(period) = period.filter(|(_, end)| posted < *end) else {
                        // Nobody counts it here; how far around is not asked.
                        let next = posted.saturating_add(SignedDuration::from_nanos(1));
                        route.from = posted;
                        route.until = route.until.min(next.unwrap_or(Timestamp::MAX));
                        continue;
                    };
                    (Slot::From(period.0), Some(period))
                }
                cycle => {
                    let Some(slot) = Slot::keyed(cycle, posted, &path) else { continue };
                    if let (Cycle::Rolling(rolling), Slot::Bucket(bucket)) = (cycle, &slot) {
                        if *bucket >= rolling.oldest_kept(since.at) {
                            counted_since = 0;
                        }
                        let interval = rolling.interval(*bucket);
                        (slot, Some(interval))
                    } else {
                        counted_since = 0;
                        (slot, None)
                    }
                }
            };
            if let Some((start, end)) = interval {
                route.from = route.from.max(start);
                route.until = route.until.min(end);
            }
            route.accounts.push(self.account(judge.id, slot, interval, counted_since));
        }
        Ok(route)
    }

    /// The sums of the slots that have a balance, by budget and slot.
    fn balances(self) -> Vec<Balance> {
        let Self { accounts, places, .. } = self;
        let balance = |((budget, slot), (place, interval))| {
            let account: &Account = accounts.get(place)?;
            let amounts = account.amounts;
            account.is_open.then_some(Balance { budget, slot, interval, amounts })
        };
        places.into_iter().filter_map(balance).collect()
    }
}

/// A call by the sequence of its reserve.
fn read_open(connection: &Connection, first: i64) -> Done<Open> {
    let mut statement = connection
        .prepare_cached("SELECT kind, path, at, micro, pico FROM journal WHERE sequence = ?1")?;
    let mut rows = statement.query([first])?;
    let row = rows.next()?.ok_or(spoilt("the reserve of a call is missing"))?;
    match Kind::of_column(row.get(0)?) {
        Some((Kind::Reserved, _)) => {}
        _ => return Err(spoilt("the reserve of a call is another entry")),
    }
    let amount = join(row.get(3)?, row.get(4)?)?;
    Ok(Open { path: row.get(1)?, at: instant(row.get_ref(2)?)?, amount })
}
