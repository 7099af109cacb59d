//! Transcripts in the ledger: booked once, on the right arm, and as a report says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests may fail like tests")]
#![allow(clippy::print_stdout, reason = "what is left out is said")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::Timestamp;
use octorato::config::places::Places;
use octorato::core::{Currency, Error, ErrorKind, Money, ReservationId, Result};
use octorato::finops::budget::{InForce, Scope};
use octorato::finops::ledger::{
    Answer, Ask, Balance, Batch, Call, Close, Entry, Fact, Imported, Ledger, MemoryLedger, Note,
    Operation, Raise, Reading, SourceKey, Standing, Verdict, Verification, WallClock,
};
use octorato::finops::logs::{Place, Quiet, Start};
use octorato::finops::report::{Dimension, Query};
use octorato::sync::{Claimed, SyncReport, Syncer, claimed, has_news, sync, sync_session};
use octorato::{Assignment, Subject, Workspace};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

const ARMS: &str = "arms:\n\
    \x20 - { id: acme, client: acme, roots: [/w/acme] }\n\
    \x20 - { id: globex, client: globex, roots: [/w/globex] }\n";

/// A machine with two arms.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("arms.yaml"), ARMS).unwrap();
        fs::create_dir_all(folder.path().join("logs")).unwrap();
        Self { folder }
    }

    fn workspace(&self) -> Workspace {
        workspace(self.folder.path(), &self.folder.path().join("state"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs").join(name)
    }

    fn write(&self, name: &str, rows: &[Value]) {
        let file = self.file(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text(rows)).unwrap();
    }

    fn logs(&self) -> [Place; 1] {
        [Place::Given(self.folder.path().join("logs"))]
    }

    fn sync(&self, ledger: &dyn Ledger) -> SyncReport {
        sync(&self.workspace(), ledger, &self.logs(), &Quiet).unwrap()
    }
}

fn workspace(home: &Path, state: &Path) -> Workspace {
    Workspace::open(Places {
        home: home.to_owned(),
        state: state.to_owned(),
        brain: None,
        user_home: Some("/home/dana".into()),
    })
    .unwrap()
}

fn text(rows: &[Value]) -> String {
    rows.iter().flat_map(|row| [row.to_string(), "\n".to_owned()]).collect()
}

/// A row of the message `id` in `session`, at a second of a day.
fn row(id: &str, session: &str, cwd: &str, second: u32, output: u64) -> Value {
    json!({
        "type": "assistant", "timestamp": format!("2026-10-01T09:{:02}:{:02}Z", second / 60, second % 60),
        "cwd": cwd, "sessionId": session, "requestId": format!("req_{id}"),
        "message": {
            "id": id, "model": "claude-sonnet-4-5",
            "usage": {"input_tokens": 1000, "output_tokens": output},
        },
    })
}

/// What the journal says that each arm spent.
fn spent(ledger: &dyn Ledger) -> BTreeMap<String, Money> {
    let mut spent = BTreeMap::new();
    for entry in ledger.entries(0, usize::MAX).unwrap() {
        for posting in entry.postings {
            let arm = posting.path.arm.as_ref().map_or("nobody".to_owned(), ToString::to_string);
            let sum = spent.entry(arm).or_insert(Money::zero(Currency::USD));
            *sum = sum.checked_add(posting.amounts.spent).unwrap();
        }
    }
    spent.retain(|_, amount| !amount.is_zero());
    spent
}

/// What a report says that each arm cost.
fn reported(workspace: &Workspace, logs: &[Place]) -> BTreeMap<String, Money> {
    let query = Query { by: vec![Dimension::Arm], ..Query::all(&workspace.arms().zone) };
    let report = workspace.report(logs, &query, &Quiet).unwrap();
    let cost = |row: &octorato::finops::report::Row| {
        let arm = row.key[0].as_deref().unwrap_or("nobody").to_owned();
        Some((arm, row.sums.list_cost()?))
    };
    let mut costs: BTreeMap<String, Money> = report.rows.iter().filter_map(cost).collect();
    costs.retain(|_, amount| !amount.is_zero());
    costs
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

fn imports(ledger: &dyn Ledger) -> usize {
    let entries = ledger.entries(0, usize::MAX).unwrap();
    entries.iter().filter(|entry| matches!(entry.fact, Fact::Imported { .. })).count()
}

#[test]
fn a_sync_books_what_a_report_says_and_again_nothing() {
    let machine = Machine::new();
    machine.write(
        "s1.jsonl",
        &[
            row("msg_1", "s1", "/w/acme", 0, 10),
            row("msg_1", "s1", "/w/acme", 1, 100),
            row("msg_2", "s1", "/w/globex/api", 2, 100),
            row("msg_3", "s1", "/tmp", 3, 100),
        ],
    );
    machine.write("s2.jsonl", &[row("msg_4", "s2", "/elsewhere", 0, 100)]);
    let ledger = MemoryLedger::new(WallClock);
    let report = machine.sync(&ledger);
    assert_eq!((report.files, report.read.len(), report.known), (2, 2, 0));
    assert_eq!(report.total().unwrap().requests, 4);
    assert_eq!(spent(&ledger), reported(&machine.workspace(), &machine.logs()));
    // What says nothing of its arm follows its session.
    assert_eq!(spent(&ledger)["globex"], usd("0.009"));
    assert_eq!(spent(&ledger)["nobody"], usd("0.0045"));
    let again = machine.sync(&ledger);
    assert!(again.is_empty() && again.read.is_empty());
    assert_eq!(imports(&ledger), 4);
    assert!(ledger.verify().unwrap().faults.is_empty());
}

#[test]
fn a_session_that_grows_stays_where_it_was_last_known() {
    let machine = Machine::new();
    let ledger = MemoryLedger::new(WallClock);
    let mut rows = vec![row("msg_1", "s1", "/w/acme", 0, 10)];
    machine.write("s1.jsonl", &rows);
    machine.sync(&ledger);
    rows.push(row("msg_1", "s1", "/w/acme", 1, 100));
    rows.push(row("msg_2", "s1", "/tmp", 2, 100));
    machine.write("s1.jsonl", &rows);
    let report = machine.sync(&ledger);
    assert_eq!((report.read[0].start, report.read[0].from > 0), (Start::Continued, true));
    let booked = report.arms[&Some("acme".parse().unwrap())];
    assert_eq!((booked.requests, booked.revisions), (1, 1));
    assert_eq!(spent(&ledger), [("acme".to_owned(), usd("0.009"))].into());
    assert_eq!(spent(&ledger), reported(&machine.workspace(), &machine.logs()));
}

#[test]
fn copies_in_two_arms_land_on_the_one_that_made_them() {
    for is_at_once in [true, false] {
        let machine = Machine::new();
        let ledger = MemoryLedger::new(WallClock);
        let first = row("msg_1", "s1", "/w/acme", 0, 100);
        machine.write("a.jsonl", std::slice::from_ref(&first));
        if !is_at_once {
            machine.sync(&ledger);
        }
        // Resumed elsewhere: the row is copied under the new session, then work goes on.
        let copy = row("msg_1", "s2", "/w/globex", 0, 100);
        machine.write("b.jsonl", &[copy, row("msg_2", "s2", "/w/globex", 9, 100)]);
        machine.sync(&ledger);
        let each = usd("0.0045");
        let expected = [("acme".to_owned(), each), ("globex".to_owned(), each)].into();
        assert_eq!(spent(&ledger), expected, "at once: {is_at_once}");
        assert_eq!(spent(&ledger), reported(&machine.workspace(), &machine.logs()));
    }
}

#[test]
fn truncated_rewritten_and_rotated_files_count_once() {
    let machine = Machine::new();
    let ledger = MemoryLedger::new(WallClock);
    let rows = [row("msg_1", "s1", "/w/acme", 0, 100), row("msg_2", "s1", "/w/acme", 1, 100)];
    machine.write("s1.jsonl", &rows);
    machine.sync(&ledger);
    machine.write("s1.jsonl", &rows[..1]);
    assert_eq!(machine.sync(&ledger).read[0].start, Start::Truncated);
    machine.write("s1.jsonl", &[rows[1].clone(), rows[0].clone(), rows[1].clone()]);
    assert_eq!(machine.sync(&ledger).read[0].start, Start::Rewritten);
    fs::rename(machine.file("s1.jsonl"), machine.file("s1.old.jsonl")).unwrap();
    machine.write("s1.jsonl", &rows);
    let report = machine.sync(&ledger);
    assert_eq!((report.known, report.is_empty()), (2, true));
    assert_eq!(spent(&ledger), [("acme".to_owned(), usd("0.009"))].into());
    assert_eq!(imports(&ledger), 2);
}

#[test]
fn what_has_no_price_is_booked_without_an_amount_and_told() {
    let machine = Machine::new();
    let mut unknown = row("msg_1", "s1", "/w/acme", 0, 100);
    unknown["message"]["model"] = "made-up-1".into();
    machine.write("s1.jsonl", &[unknown]);
    let ledger = MemoryLedger::new(WallClock);
    let report = machine.sync(&ledger);
    assert_eq!((report.unpriced[0].requests, report.unpriced[0].tokens), (1, 1100));
    assert_eq!(imports(&ledger), 1);
    assert!(machine.sync(&ledger).read.is_empty());
    // Once there is a price it is booked.
    fs::write(
        machine.folder.path().join("prices.yaml"),
        "models: [{ provider: anthropic, model: made-up-1, rates: { input: 3, output: 15 } }]\n",
    )
    .unwrap();
    let report = machine.sync(&ledger);
    assert_eq!((report.unpriced.len(), report.total().unwrap().revisions), (0, 1));
    assert_eq!(spent(&ledger), [("acme".to_owned(), usd("0.0045"))].into());
    assert!(machine.sync(&ledger).read.is_empty());
}

#[test]
fn an_assignment_moves_what_is_booked() {
    let machine = Machine::new();
    machine.write(
        "s1.jsonl",
        &[row("msg_1", "s1", "/w/acme", 0, 100), row("msg_2", "s1", "/w/acme", 1, 100)],
    );
    let ledger = MemoryLedger::new(WallClock);
    machine.sync(&ledger);
    let assign = |subject| {
        let mut workspace = machine.workspace();
        let reading = octorato::finops::logs::read(&machine.logs(), &Quiet);
        let at: Timestamp = "2026-10-02T00:00:00Z".parse().unwrap();
        let arm = "globex".parse().unwrap();
        workspace.assign(&Assignment { subject, arm, at, reason: None }, &reading).unwrap();
    };
    assign(Subject::Message("msg_2".into()));
    assert_eq!(machine.sync(&ledger).reassigned, 1);
    let half = usd("0.0045");
    assert_eq!(spent(&ledger), [("acme".to_owned(), half), ("globex".to_owned(), half)].into());
    assert_eq!(machine.sync(&ledger).reassigned, 0);
    assign(Subject::Session("s1".into()));
    assert_eq!(machine.sync(&ledger).reassigned, 1);
    assert_eq!(spent(&ledger), [("globex".to_owned(), usd("0.009"))].into());
    assert_eq!(spent(&ledger), reported(&machine.workspace(), &machine.logs()));
}

/// An arm of the folder `/w/late`, beside the others.
fn declare_late(machine: &Machine) {
    let late = "\x20 - { id: late, client: late, roots: [/w/late] }\n";
    fs::write(machine.folder.path().join("arms.yaml"), format!("{ARMS}{late}")).unwrap();
}

fn reattributed(machine: &Machine, ledger: &dyn Ledger) -> Vec<(String, u64, Money)> {
    let workspace = machine.workspace();
    let mut syncer = Syncer::new(&workspace, ledger).reattributing(true);
    let report = syncer.sync(&machine.logs(), &Quiet).unwrap();
    assert_eq!(report.claimed, []);
    named(&report.reattributed)
}

fn named(rows: &[Claimed]) -> Vec<(String, u64, Money)> {
    rows.iter().map(|row| (row.arm.to_string(), row.requests, row.list_cost)).collect()
}

#[test]
fn what_had_no_arm_goes_to_one_that_is_declared_later() {
    let machine = Machine::new();
    let rows = [
        row("msg_1", "s1", "/w/late", 0, 100),
        // Follows its session, once that is somebody's.
        row("msg_2", "s1", "/tmp", 1, 100),
        row("msg_3", "s2", "/w/acme", 2, 100),
        row("msg_4", "s3", "/elsewhere", 3, 100),
    ];
    machine.write("s.jsonl", &rows);
    let ledger = MemoryLedger::new(WallClock);
    assert_eq!(machine.sync(&ledger).claimed, []);
    declare_late(&machine);
    let two = vec![("late".to_owned(), 2, usd("0.009"))];
    for _ in 0..2 {
        // It is only told.
        assert_eq!(named(&machine.sync(&ledger).claimed), two);
        assert_eq!(named(&claimed(&machine.workspace(), &ledger).unwrap()), two);
        assert_eq!(spent(&ledger)["nobody"], usd("0.0135"));
    }
    assert_eq!(reattributed(&machine, &ledger), two);
    assert_eq!(spent(&ledger), reported(&machine.workspace(), &machine.logs()));
    assert_eq!(spent(&ledger)["nobody"], usd("0.0045"));
    let entries = ledger.entries(0, usize::MAX).unwrap().len();
    assert_eq!(reattributed(&machine, &ledger), []);
    assert_eq!(machine.sync(&ledger).claimed, []);
    assert_eq!(ledger.entries(0, usize::MAX).unwrap().len(), entries);
    // What it grows by later is its arm's too.
    let [first, ..] = &rows;
    let grown = row("msg_1", "s1", "/w/late", 9, 1_100);
    machine.write("s.jsonl", &[first, &rows[1], &rows[2], &rows[3], &grown].map(Value::clone));
    machine.sync(&ledger);
    assert_eq!(spent(&ledger)["late"], usd("0.024"));
    assert_eq!(spent(&ledger), reported(&machine.workspace(), &machine.logs()));
}

#[test]
fn what_has_an_arm_is_given_to_no_other_unasked() {
    let machine = Machine::new();
    machine.write("s.jsonl", &[row("msg_1", "s1", "/w/acme", 0, 100)]);
    let ledger = MemoryLedger::new(WallClock);
    machine.sync(&ledger);
    let arms = ARMS.replace("/w/acme", "/w/other").replace("/w/globex", "/w/acme");
    fs::write(machine.folder.path().join("arms.yaml"), arms).unwrap();
    assert_eq!(machine.sync(&ledger).claimed, []);
    assert_eq!(reattributed(&machine, &ledger), []);
    assert_eq!(spent(&ledger), [("acme".to_owned(), usd("0.0045"))].into());
}

#[test]
fn a_closed_month_keeps_its_sums_when_its_spend_finds_an_arm() {
    let machine = Machine::new();
    machine.write("s.jsonl", &[row("msg_1", "s1", "/w/late", 0, 100)]);
    let ledger = MemoryLedger::new(WallClock);
    machine.sync(&ledger);
    let [start, end] =
        ["2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"].map(|at| at.parse::<Timestamp>().unwrap());
    let close = Close { scope: Scope::Operator, start, end, label: "2026-10".into() };
    ledger.commit(&[Operation::Close(close)]).unwrap().remove(0).unwrap();
    declare_late(&machine);
    assert_eq!(reattributed(&machine, &ledger), [("late".to_owned(), 1, usd("0.0045"))]);
    let entries = ledger.entries(0, usize::MAX).unwrap();
    let moved: Vec<_> = entries
        .iter()
        .filter(|it| matches!(it.fact, Fact::Reversed { .. } | Fact::Rebooked { .. }))
        .flat_map(|entry| &entry.postings)
        .map(|posting| (posting.amounts.spent.to_string(), posting.dated < end, posting.posted))
        .collect();
    assert_eq!(moved, [("-0.0045".into(), true, end), ("0.0045".to_owned(), true, end)]);
    assert!(ledger.verify().unwrap().faults.is_empty());
}

#[test]
fn the_gate_reads_one_session_and_its_sub_agents() {
    let machine = Machine::new();
    machine.write("p/s1.jsonl", &[row("msg_1", "s1", "/w/acme", 0, 100)]);
    machine.write("p/s2.jsonl", &[row("msg_2", "s2", "/w/globex", 0, 100)]);
    let mut agent = row("msg_3", "s1", "/tmp", 1, 100);
    agent["agentId"] = "a1".into();
    machine.write("p/s1/subagents/agent-a1.jsonl", &[agent]);
    let ledger = MemoryLedger::new(WallClock);
    let workspace = machine.workspace();
    assert!(has_news(&ledger, &machine.file("p/s1.jsonl")).unwrap());
    let report = sync_session(&workspace, &ledger, &machine.file("p/s1.jsonl")).unwrap();
    let last = report.last.as_ref().unwrap();
    assert_eq!((last.model.as_str(), last.is_unpriced), ("claude-sonnet-4-5", false));
    assert_eq!(last.arm.as_ref().unwrap().as_str(), "acme");
    assert!(!has_news(&ledger, &machine.file("p/s1.jsonl")).unwrap());
    assert_eq!((report.files, report.total().unwrap().requests), (2, 2));
    assert_eq!(spent(&ledger), [("acme".to_owned(), usd("0.009"))].into());
    let again = sync_session(&workspace, &ledger, &machine.file("p/s1.jsonl")).unwrap();
    assert!(again.read.is_empty());
    // A session that has just begun has no transcript yet.
    let none = sync_session(&workspace, &ledger, &machine.file("p/s9.jsonl")).unwrap();
    assert!(none.files == 0 && none.findings.is_empty());
    machine.sync(&ledger);
    assert_eq!(spent(&ledger), reported(&workspace, &machine.logs()));
}

#[test]
fn a_watch_looks_only_at_what_changed_and_stops_after_the_commit_in_hand() {
    let machine = Machine::new();
    machine.write("s1.jsonl", &[row("msg_1", "s1", "/w/acme", 0, 100)]);
    let ledger = MemoryLedger::new(WallClock);
    let workspace = machine.workspace();
    let stop = AtomicBool::new(false);
    let mut syncer = Syncer::new(&workspace, &ledger).stopped_by(&stop);
    assert_eq!(syncer.sync(&machine.logs(), &Quiet).unwrap().total().unwrap().requests, 1);
    assert!(syncer.sync(&machine.logs(), &Quiet).unwrap().is_empty());
    let rows: Vec<Value> =
        (0..600).map(|number| row(&format!("msg_{number}"), "s2", "/w/acme", number, 1)).collect();
    machine.write("s2.jsonl", &rows);
    stop.store(true, Ordering::Relaxed);
    let report = syncer.sync(&machine.logs(), &Quiet).unwrap();
    assert!(report.is_stopped && imports(&ledger) < 600);
    stop.store(false, Ordering::Relaxed);
    syncer.sync(&machine.logs(), &Quiet).unwrap();
    assert_eq!(spent(&ledger), reported(&workspace, &machine.logs()));
}

#[test]
fn what_the_ledger_refuses_is_told_by_every_sync_until_it_is_taken() {
    let machine = Machine::new();
    let rows = [row("msg_1", "s1", "/w/acme", 0, 100), row("msg_2", "s1", "/w/acme", 1, 100)];
    machine.write("s1.jsonl", &rows);
    let inner = MemoryLedger::new(WallClock);
    let mut ledger = Failing { inner, left: usize::MAX.into(), refused: Some("msg_1") };
    for _ in 0..2 {
        let report = machine.sync(&ledger);
        assert_eq!(report.read.len(), 1);
        let keys: Vec<&str> = report.refused.iter().map(|row| row.key.as_str()).collect();
        assert_eq!((keys, imports(&ledger)), (vec!["msg_1"], 1));
    }
    ledger.refused = None;
    let report = machine.sync(&ledger);
    assert_eq!((report.refused.len(), report.known, imports(&ledger)), (0, 1, 2));
}

/// A ledger that fails from its n-th commit on, or refuses one source.
struct Failing {
    inner: MemoryLedger<WallClock>,
    left: AtomicUsize,
    refused: Option<&'static str>,
}

impl Ledger for Failing {
    fn commit_batch(&self, batch: &Batch<'_>) -> Result<Vec<Result<Answer>>> {
        let left = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_err() {
            return Err(Error::new(ErrorKind::Unavailable, "killed"));
        }
        let is_refused = |operation: &Operation| match operation {
            Operation::Append(append) => Some(append.source.key.as_ref()) == self.refused,
            _ => false,
        };
        let operations: Vec<Operation> =
            batch.operations.iter().filter(|operation| !is_refused(operation)).cloned().collect();
        let mut answers =
            self.inner.commit_batch(&Batch { operations: &operations, ..*batch })?.into_iter();
        let answer = |operation: &Operation| {
            if is_refused(operation) {
                Err(Error::new(ErrorKind::Refused, "not this one"))
            } else {
                answers.next().unwrap()
            }
        };
        Ok(batch.operations.iter().map(answer).collect())
    }
    fn check(&self, asks: &[Ask]) -> Result<Vec<Verdict>> {
        self.inner.check(asks)
    }
    fn standings(&self) -> Result<Vec<Standing>> {
        self.inner.standings()
    }
    fn in_force(&self) -> Result<std::sync::Arc<InForce>> {
        self.inner.in_force()
    }
    fn raises(&self) -> Result<Vec<Raise>> {
        self.inner.raises()
    }
    fn time(&self) -> Result<Reading> {
        self.inner.time()
    }
    fn balances(&self) -> Result<Vec<Balance>> {
        self.inner.balances()
    }
    fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>> {
        self.inner.entries(after, limit)
    }
    fn call(&self, id: ReservationId) -> Result<Option<Call>> {
        self.inner.call(id)
    }
    fn outstanding(&self) -> Result<Vec<Call>> {
        self.inner.outstanding()
    }
    fn imported_all(&self, sources: &[SourceKey]) -> Result<Vec<Option<Imported>>> {
        self.inner.imported_all(sources)
    }
    fn note(&self, name: &str) -> Result<Option<std::sync::Arc<[u8]>>> {
        self.inner.note(name)
    }
    fn notes(&self, prefix: &str, limit: usize) -> Result<Vec<Note>> {
        self.inner.notes(prefix, limit)
    }
    fn replay(&self) -> Result<Vec<Balance>> {
        self.inner.replay()
    }
    fn verify(&self) -> Result<Verification> {
        self.inner.verify()
    }
}

/// Sessions of several hundred requests, in folders of both arms and of nobody.
fn large(machine: &Machine) {
    for session in 0..6 {
        let rows: Vec<Value> = (0..150)
            .map(|number| {
                let cwd =
                    ["/tmp", "/w/acme", "/tmp", "/w/globex"][(number as usize / 40 + session) % 4];
                row(&format!("msg_{session}_{number}"), &format!("s{session}"), cwd, number, 7)
            })
            .collect();
        machine.write(&format!("s{session}.jsonl"), &rows);
    }
}

#[test]
fn a_sync_that_was_killed_goes_on_as_if_it_had_not_been() {
    let machine = Machine::new();
    large(&machine);
    let workspace = machine.workspace();
    let expected = reported(&workspace, &machine.logs());
    for commits in 0..6 {
        let ledger =
            Failing { inner: MemoryLedger::new(WallClock), left: commits.into(), refused: None };
        let killed = sync(&workspace, &ledger, &machine.logs(), &Quiet);
        ledger.left.store(usize::MAX, Ordering::SeqCst);
        let report = machine.sync(&ledger);
        if killed.is_err() && commits > 1 {
            assert!(report.read.len() < 6, "what was noted is not read again");
        }
        assert_eq!(spent(&ledger), expected, "killed after {commits} commits");
        assert_eq!(imports(&ledger), 900);
    }
}

#[test]
fn syncs_at_the_same_time_have_one_effect() {
    let machine = Machine::new();
    large(&machine);
    let workspace = machine.workspace();
    let ledger = MemoryLedger::new(WallClock);
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| sync(&workspace, &ledger, &machine.logs(), &Quiet).unwrap());
        }
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                sync_session(&workspace, &ledger, &machine.file("s1.jsonl")).unwrap();
            }
        });
        // An agent goes on writing.
        let mut rows: Vec<Value> = Vec::new();
        for number in 0..40 {
            rows.push(row(
                &format!("msg_new_{}", number / 3),
                "s9",
                "/w/acme",
                number,
                u64::from(number),
            ));
            machine.write("s9.jsonl", &rows);
            sync_session(&workspace, &ledger, &machine.file("s9.jsonl")).unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
    });
    machine.sync(&ledger);
    assert_eq!(spent(&ledger), reported(&workspace, &machine.logs()));
    assert!(machine.sync(&ledger).is_empty());
}

/// All that lies below `from`, copied to `to` as far as `share` of a thousand of its bytes.
fn copy(from: &Path, to: &Path, share: u64) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target, share);
            continue;
        }
        let bytes = fs::read(entry.path()).unwrap();
        let length = bytes.len() as u64 * share / 1000;
        fs::write(target, &bytes[..usize::try_from(length).unwrap()]).unwrap();
    }
}

#[test]
fn the_agency_in_the_ledger_is_as_in_its_report() {
    let agency = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/agency");
    let folder = TempDir::new().unwrap();
    let workspace = workspace(&agency.join("home"), folder.path());
    let logs = folder.path().join("logs");
    let ledger = MemoryLedger::new(WallClock);
    for share in [0, 130, 500, 777, 1000] {
        copy(&agency.join("claude"), &logs, share);
        sync(&workspace, &ledger, &[Place::Given(logs.clone())], &Quiet).unwrap();
    }
    let expected = reported(&workspace, &[Place::Given(logs)]);
    assert!(expected.len() > 2, "{expected:?}");
    assert_eq!(spent(&ledger), expected);
}

#[test]
fn real_sessions_in_the_ledger_are_as_in_their_report() {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/logs");
    if !logs.is_dir() {
        println!("left out: no `{}`", logs.display());
        return;
    }
    let machine = Machine::new();
    let workspace = machine.workspace();
    let places = [Place::Given(logs)];
    let ledger = MemoryLedger::new(WallClock);
    let report = sync(&workspace, &ledger, &places, &Quiet).unwrap();
    assert!(report.total().unwrap().requests > 1000);
    assert_eq!(report.refused, []);
    assert_eq!(spent(&ledger), reported(&workspace, &places));
    assert!(sync(&workspace, &ledger, &places, &Quiet).unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Two sessions that grow row by row, cut anywhere: in the end each arm has what the report says.
    #[test]
    fn any_cuts_book_what_the_report_says(
        rows in proptest::collection::vec((0..2_usize, 0..8_u8, 0..3_usize, 1..50_u64), 1..30),
        cuts in proptest::collection::vec(0..1000_usize, 0..5),
    ) {
        let machine = Machine::new();
        let mut files = [String::new(), String::new()];
        for (second, (file, message, folder, output)) in rows.iter().enumerate() {
            let cwd = ["/w/acme", "/w/globex", "/tmp"][*folder];
            let (id, session) = (format!("msg_{file}_{message}"), format!("s{file}"));
            let second = u32::try_from(second).unwrap();
            files[*file] += &text(&[row(&id, &session, cwd, second, *output)]);
        }
        let ledger = MemoryLedger::new(WallClock);
        let mut cuts = cuts;
        cuts.push(1000);
        cuts.sort_unstable();
        for cut in cuts {
            for (at, file) in files.iter().enumerate() {
                let length = file.len() * cut / 1000;
                fs::write(machine.file(&format!("s{at}.jsonl")), &file[..length]).unwrap();
            }
            machine.sync(&ledger);
        }
        prop_assert_eq!(spent(&ledger), reported(&machine.workspace(), &machine.logs()));
    }
}
