//! A witness beside a ledger: it keeps the journal that it is shown and computes everything again
//! by definition, with no code of a ledger.

mod later;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Money, ReservationId, Result};

use super::world::usd;
use super::{TestClock, comparable};
use crate::budget::{Budget, BudgetId, Cycle, Scope, Tier};
use crate::ledger::{
    Adopted, Amounts, Answer, Appended, Balance, Clock, Close, Decision, Entry, Fact, Ledger,
    LedgerTime, Operation, Posting, Raise, Reserve, Slot, State,
};

/// The invariants, by the names under which a violation is told.
pub(crate) const CAP: &str = "spent + reserved <= limit";
pub(crate) const FOLD: &str = "fold(journal) = balances";
pub(crate) const ONE_END: &str = "at most one final entry per id";
pub(crate) const ONE_EFFECT: &str = "N retries = one effect";
pub(crate) const NO_TRACE: &str = "a denied reserve leaves no trace";
pub(crate) const PARENT: &str = "parent = sum of children";
pub(crate) const PERIODS: &str = "sum over periods = sum of entries";
pub(crate) const ONE_PERIOD: &str = "each instant in one period";
pub(crate) const CLOSED: &str = "nothing is posted to a closed month";
pub(crate) const CLOCK: &str = "time and sequence never go back";
pub(crate) const ANSWER: &str = "the answer names exactly the budgets that fail";
pub(crate) const TOLD: &str = "what is booked of a call is what it cost";
pub(crate) const HOLDS: &str = "what is held is the sum of what calls hold";
pub(crate) const TIERS: &str = "each tier that is reached is told once in its period";
pub(crate) const TRIALS: &str = "what trials would deny is said of what is granted";
pub(crate) const MOVED: &str = "what is moved is booked where it is now";

pub(crate) struct Audit<'l> {
    ledger: &'l dyn Ledger,
    clock: &'l TestClock,
    time: LedgerTime,
    journal: Vec<Entry>,
    budgets: Vec<Budget>,
    first_adopted: BTreeSet<BudgetId>,
    periods: BTreeMap<BudgetId, BTreeMap<Timestamp, Timestamp>>,
    raises: Vec<Raise>,
    told: BTreeMap<(BudgetId, Slot), Vec<Tier>>,
    closed: Vec<Close>,
    held: BTreeMap<ReservationId, Money>,
    booked: BTreeMap<ReservationId, Money>,
    ended: BTreeSet<ReservationId>,
    broken: BTreeMap<&'static str, String>,
    operation: Option<Operation>,
}

impl<'l> Audit<'l> {
    pub(crate) fn new(ledger: &'l dyn Ledger, clock: &'l TestClock) -> Self {
        Self {
            ledger,
            clock,
            time: LedgerTime::default(),
            journal: Vec::new(),
            budgets: Vec::new(),
            first_adopted: BTreeSet::new(),
            periods: BTreeMap::new(),
            raises: Vec::new(),
            told: BTreeMap::new(),
            closed: Vec::new(),
            held: BTreeMap::new(),
            booked: BTreeMap::new(),
            ended: BTreeSet::new(),
            broken: BTreeMap::new(),
            operation: None,
        }
    }

    /// One operation, twice: all checks after the first, no effect of the second.
    pub(crate) fn operate(&mut self, operation: &Operation) {
        let expected = match operation {
            Operation::Reserve(reserve) if !self.held.contains_key(&reserve.id) => {
                Some((self.failing(reserve), self.failing_trials(reserve)))
            }
            _ => None,
        };
        self.operation = Some(operation.clone());
        let before = self.ledger.balances().unwrap();
        let answer = self.commit(operation);
        let first = self.journal.len();
        let written = self.read();
        let new = self.journal[first..].to_vec();
        let is_denied = matches!(
            &answer,
            Err(_) | Ok(Answer::Decision(Decision::Busy(_) | Decision::Exhausted(_)))
        );
        let balances = self.ledger.balances().unwrap();
        self.check(NO_TRACE, !is_denied || (written == 0 && balances == before));
        if let (Some(((failing, would_fit), trials)), Ok(Answer::Decision(decision))) =
            (expected, &answer)
        {
            self.check_answer(decision, &failing, would_fit);
            self.check_trials(decision.granted().is_some(), &trials, &new);
        }
        self.check_tiers(&new);
        self.check_moves(&new);
        self.check_sums(&balances);
        self.check_holds();

        let again = self.commit(operation);
        let written = self.read();
        let is_same = match &answer {
            // What was booked is known the second time, and who was given up stays so.
            Ok(Answer::Appended(_)) => {
                matches!(again, Ok(Answer::Appended(Appended::Known { .. })))
            }
            Ok(Answer::Orphaned(_)) => comparable(&again) == "Orphaned([])",
            // What was changed the first time is in force the second.
            Ok(Answer::Adopted(first)) => {
                let same = |adopted: &Adopted| adopted.policy == first.policy;
                let is_nothing = |adopted: &Adopted| {
                    let Adopted { added, changed, removed, .. } = adopted;
                    added.is_empty() && changed.is_empty() && removed.is_empty()
                };
                matches!(&again, Ok(Answer::Adopted(next)) if same(next) && is_nothing(next))
            }
            _ => comparable(&again) == comparable(&answer),
        };
        self.check(ONE_EFFECT, is_same && written == 0);
        self.check(ONE_EFFECT, self.ledger.balances().unwrap() == balances);
    }

    /// The invariants that were broken, each with the operation that showed it first.
    pub(crate) fn finish(mut self) -> BTreeMap<&'static str, String> {
        let balances = self.ledger.balances().unwrap();
        self.check(FOLD, self.ledger.replay().unwrap() == balances);
        self.check(FOLD, self.ledger.verify().unwrap().faults.is_empty());
        self.broken
    }

    fn check(&mut self, invariant: &'static str, holds: bool) {
        if !holds {
            let shown = || format!("{:?}", self.operation);
            self.broken.entry(invariant).or_insert_with(shown);
        }
    }

    fn commit(&mut self, operation: &Operation) -> Result<Answer> {
        let mut answers = self.ledger.commit(std::slice::from_ref(operation)).unwrap();
        assert_eq!(answers.len(), 1);
        answers.pop().unwrap()
    }

    /// Reads what was written and checks each entry.
    fn read(&mut self) -> usize {
        let last = self.journal.last().map_or(0, |entry| entry.sequence);
        let entries = self.ledger.entries(last, usize::MAX).unwrap();
        let written = entries.len();
        for entry in entries {
            let is_later = self
                .journal
                .last()
                .is_none_or(|last| last.sequence < entry.sequence && last.at <= entry.at);
            self.check(CLOCK, is_later);
            if let Some(id) = entry.fact.ends() {
                let is_first = self.ended.insert(id);
                self.check(ONE_END, is_first);
            }
            self.journal.push(entry.clone());
            self.read_fact(&entry);
            for posting in &entry.postings {
                let in_closed = self.closed.iter().any(|close| {
                    close.scope.holds(&posting.path)
                        && close.start <= posting.posted
                        && posting.posted < close.end
                });
                self.check(CLOSED, posting.amounts.spent.is_zero() || !in_closed);
            }
        }
        if written > 0 {
            self.time.commit(self.clock.tick());
        }
        written
    }

    fn read_fact(&mut self, entry: &Entry) {
        match &entry.fact {
            Fact::Adopted(policy) => {
                let judges = policy.judges().iter();
                self.budgets = judges.map(|judge| judge.budget.clone()).collect();
                if self.journal.len() == 1 {
                    self.first_adopted = self.budgets.iter().map(Budget::id).collect();
                }
            }
            Fact::Opened { budget, start, end, .. } => {
                let opened = self.periods.entry(*budget).or_default();
                let before = opened.range(..=*start).next_back().map(|(_, end)| *end);
                let after = opened.range(*start..).next().map(|(start, _)| *start);
                opened.insert(*start, *end);
                let is_apart = start < end
                    && before.is_none_or(|before| before <= *start)
                    && after.is_none_or(|after| *end <= after);
                let known = self.budgets.iter().find(|known| known.id() == *budget);
                let is_whole = known.is_some_and(|known| {
                    known.period(*start).unwrap().is_some_and(|period| {
                        (period.start(), period.end()) == (Some(*start), Some(*end))
                    })
                });
                self.check(ONE_PERIOD, is_apart && is_whole);
            }
            Fact::Raised(raise) => self.raises.push(raise.clone()),
            Fact::TierReached { .. } => self.check_told(entry),
            Fact::Closed(close) => self.closed.push(close.clone()),
            Fact::Reserved { id, amount, .. } | Fact::Extended { id, amount, .. } => {
                self.held.insert(*id, *amount);
                self.check_granted(entry);
            }
            Fact::Settled { id, amount, .. }
            | Fact::Resolved { id, amount, .. }
            | Fact::Orphaned { id, seen: amount, .. } => self.check_end(entry, *id, *amount),
            Fact::Released { id, .. } => self.check_end(entry, *id, usd("0")),
            _ => {}
        }
    }

    /// After a grant all budgets of the path are within their limits.
    fn check_granted(&mut self, entry: &Entry) {
        let mut is_within = true;
        for posting in entry.postings.iter().filter(|posting| !posting.amounts.open.is_zero()) {
            for budget in self.budgets.iter().filter(|known| known.matches(&posting.path)) {
                let limit = self.limit(budget, entry.at);
                for moment in counting(budget, posting.posted, entry.at) {
                    let exposure = self.counted(budget, posting, moment).exposure().unwrap();
                    is_within &= limit.is_none_or(|limit| exposure <= limit);
                }
            }
        }
        self.check(CAP, is_within);
    }

    /// The end of a call adds to what counts only by what it cost more than was held.
    fn check_end(&mut self, entry: &Entry, id: ReservationId, cost: Money) {
        let over = self.held.get(&id).map_or(cost, |held| cost.checked_sub(*held).unwrap());
        let added = sum(entry.postings.iter()).exposure().unwrap();
        self.check(CAP, added.pico() <= over.pico().max(0));
        let before = self.booked.get(&id).copied().unwrap_or(usd("0"));
        let booked = before.checked_add(sum(entry.postings.iter()).spent).unwrap();
        self.booked.insert(id, booked);
        // Of a call that a log had told before, the import keeps what it booked.
        let is_told = match &entry.fact {
            Fact::Settled { request, .. } | Fact::Orphaned { request, .. } => request.is_some(),
            Fact::Resolved { source, .. } => source.is_some(),
            _ => false,
        };
        self.check(TOLD, booked == cost || (booked.is_zero() && is_told));
    }

    /// What a budget counts at `at` for spend like that of `like`, by definition.
    fn counted(&self, budget: &Budget, like: &Posting, at: Timestamp) -> Amounts {
        let period = budget.period(at).unwrap();
        let postings = self.journal.iter().flat_map(|entry| &entry.postings);
        sum(postings.filter(|posting| {
            (match budget.cycle() {
                Cycle::Rolling(rolling) => {
                    let minutes = i64::from(rolling.hours()) * 60;
                    let bucket = |at: Timestamp| at.as_second().div_euclid(minutes);
                    (bucket(at) - 60..=bucket(at)).contains(&bucket(posting.posted))
                }
                Cycle::Session => posting.path.session == like.path.session,
                Cycle::Run => posting.path.run == like.path.run,
                Cycle::Total => true,
                _ => period.as_ref().is_some_and(|period| period.contains(posting.posted)),
            }) && budget.matches(&posting.path)
        }))
    }

    fn limit(&self, budget: &Budget, now: Timestamp) -> Option<Money> {
        budget.enforces().then(|| self.raised(budget, now))
    }

    /// The limit with the raises in force.
    fn raised(&self, budget: &Budget, now: Timestamp) -> Money {
        // The caps of the tests have no grace.
        let raised =
            self.raises.iter().filter(|raise| raise.budget == budget.id() && now < raise.until);
        let raised = raised.map(|raise| raise.amount);
        Money::sum(budget.cap().currency(), raised.chain([budget.cap()])).unwrap()
    }

    /// The budgets that a reserve fails, and whether it would fit without open holds.
    fn failing(&self, reserve: &Reserve) -> (BTreeSet<BudgetId>, bool) {
        let now = self.time.read(self.clock.tick()).now;
        let (dated, posted) = (now, now);
        let like = Posting { path: reserve.path.clone(), dated, posted, amounts: Amounts::ZERO };
        let (mut failing, mut would_fit) = (BTreeSet::new(), true);
        for budget in self.budgets.iter().filter(|known| known.matches(&reserve.path)) {
            let Some(limit) = self.limit(budget, now) else { continue };
            let counted = self.counted(budget, &like, now);
            let with = |amount: Money| amount.checked_add(reserve.amount).unwrap();
            if with(counted.exposure().unwrap()) > limit {
                failing.insert(budget.id());
                would_fit &= with(counted.spent.checked_add(counted.orphaned).unwrap()) <= limit;
            }
        }
        (failing, would_fit)
    }

    fn check_answer(&mut self, decision: &Decision, failing: &BTreeSet<BudgetId>, would_fit: bool) {
        let (named, is_right) = match decision {
            Decision::Granted(_) => (Vec::new(), failing.is_empty()),
            Decision::Busy(shortage) => (shortage.failed.clone(), would_fit),
            Decision::Exhausted(shortage) => (shortage.failed.clone(), !would_fit),
        };
        let left: Vec<_> = named.iter().map(|one| one.remaining().unwrap()).collect();
        let budgets: BTreeSet<_> = named.iter().map(|standing| standing.budget).collect();
        let is_sorted = left.windows(2).all(|pair| pair[0] <= pair[1]);
        self.check(ANSWER, is_right && is_sorted && budgets == *failing);
        // A grant beyond a limit is more than a wrong answer.
        let is_over = matches!(decision, Decision::Granted(_)) && !failing.is_empty();
        self.check(CAP, !is_over);
    }

    fn check_sums(&mut self, balances: &[Balance]) {
        let journal: Vec<&Posting> =
            self.journal.iter().flat_map(|entry| &entry.postings).collect();
        let (mut is_fold, mut is_once, mut is_total) = (true, true, true);
        for budget in &self.budgets {
            let id = budget.id();
            let own: Vec<&Balance> =
                balances.iter().filter(|balance| balance.budget == id).collect();
            let matching: Vec<&Posting> =
                journal.iter().copied().filter(|posting| budget.matches(&posting.path)).collect();
            for balance in &own {
                let of = matching.iter().copied().filter(|posting| covers(balance, posting));
                is_fold &= sum(of) == balance.amounts;
            }
            if self.first_adopted.contains(&id) && is_kept(&self.journal, id) {
                for posting in &matching {
                    is_once &= own.iter().filter(|balance| covers(balance, posting)).count() == 1;
                }
                let in_periods = own
                    .iter()
                    .try_fold(Amounts::ZERO, |total, balance| total.checked_add(balance.amounts));
                is_total &= in_periods.unwrap() == sum(matching.iter().copied());
            }
        }
        self.check(FOLD, is_fold);
        self.check(ONE_PERIOD, is_once);
        self.check(PERIODS, is_total);
        self.check_parents(balances);
    }

    /// The months of the operator are those of all arms and of nobody; those of a client its arms'.
    fn check_parents(&mut self, balances: &[Balance]) {
        let month = |scope: &Scope| {
            self.budgets
                .iter()
                .find(|budget| *budget.scope() == *scope && budget.cycle() == Cycle::MONTHLY)
        };
        let scopes: Vec<Scope> = self.budgets.iter().map(|budget| budget.scope().clone()).collect();
        let mut is_sum = true;
        for parent in self.budgets.iter().filter(|budget| month(budget.scope()) == Some(*budget)) {
            let children: BTreeSet<&Scope> = scopes
                .iter()
                .filter(|scope| match (parent.scope(), scope) {
                    (Scope::Operator, Scope::Arm(_)) => true,
                    (Scope::Client(client), Scope::Arm(arm)) => {
                        arm.as_str().starts_with(client.as_str())
                    }
                    _ => false,
                })
                .collect();
            if children.is_empty() {
                continue;
            }
            let id = parent.id();
            for balance in balances.iter().filter(|balance| balance.budget == id) {
                let postings = self.journal.iter().flat_map(|entry| &entry.postings);
                let direct = sum(postings.filter(|posting| {
                    posting.path.arm.is_none()
                        && parent.matches(&posting.path)
                        && balance.covers(posting.posted)
                }));
                let of_children = children.iter().filter_map(|scope| month(scope)).map(|child| {
                    let id = child.id();
                    let same =
                        balances.iter().find(|one| one.budget == id && one.slot == balance.slot);
                    same.map_or_else(
                        || {
                            let postings = self.journal.iter().flat_map(|entry| &entry.postings);
                            sum(postings.filter(|posting| {
                                child.matches(&posting.path) && balance.covers(posting.posted)
                            }))
                        },
                        |balance| balance.amounts,
                    )
                });
                let total =
                    of_children.fold(direct, |total, amounts| total.checked_add(amounts).unwrap());
                is_sum &= total == balance.amounts;
            }
        }
        self.check(PARENT, is_sum);
    }

    fn check_holds(&mut self) {
        let all = sum(self.journal.iter().flat_map(|entry| &entry.postings));
        let (mut open, mut orphaned) = (0, 0);
        for call in self.ledger.outstanding().unwrap() {
            let outcome = call.outcome;
            match outcome.state {
                State::Open => open += outcome.held.pico(),
                _ => orphaned += (outcome.held.pico() - outcome.amount.pico()).max(0),
            }
        }
        self.check(HOLDS, (all.open.pico(), all.orphaned.pico()) == (open, orphaned));
    }
}

/// Moments whose periods count what was posted at `posted`: of a rolling budget every window up to
/// `now` that its bucket is in.
fn counting(budget: &Budget, posted: Timestamp, now: Timestamp) -> Vec<Timestamp> {
    let Cycle::Rolling(rolling) = budget.cycle() else { return vec![posted] };
    let width = SignedDuration::from_mins(i64::from(rolling.hours()));
    let later = (1..=60).map(|buckets| posted.checked_add(width * buckets).unwrap());
    let bucket = |at: Timestamp| at.as_second().div_euclid(width.as_secs());
    std::iter::once(posted).chain(later.filter(|at| bucket(*at) <= bucket(now))).collect()
}

/// Whether a balance counts a posting that its budget judges.
fn covers(balance: &Balance, posting: &Posting) -> bool {
    match &balance.slot {
        Slot::Session(session) => posting.path.session.as_ref() == Some(session),
        Slot::Run(run) => posting.path.run.as_ref() == Some(run),
        _ => balance.covers(posting.posted),
    }
}

/// Whether every policy of the journal has the budget.
fn is_kept(journal: &[Entry], id: BudgetId) -> bool {
    journal.iter().all(|entry| match &entry.fact {
        Fact::Adopted(policy) => policy.find(id).is_some(),
        _ => true,
    })
}

fn sum<'p>(postings: impl Iterator<Item = &'p Posting>) -> Amounts {
    postings.fold(Amounts::ZERO, |sum, posting| sum.checked_add(posting.amounts).unwrap())
}
