//! The cases of budgets, through the typed API: on the ledger in memory and on the one in a file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use octorato::Workspace;
use octorato::books::{Books, Filter, call_row, standing_row};
use octorato::config::places::{Named, Places};
use octorato::core::{ArmId, Currency, Error, Money, ReservationId};
use octorato::finops::budget::SpendPath;
use octorato::finops::ledger::keys::KeyFolder;
use octorato::finops::ledger::{
    Append, Appended, Ask, Clock, Correct, Decision, Expire, Extend, Ledger, MemoryLedger, Options,
    Outcome, Reference, Release, Reserve, Resolve, Settle, SourceKey, SqliteLedger, Tick,
    fresh_decision,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::cases::{Budgeted, Index, Step, compare};

/// Where a case begins that says no time.
const BEGIN: &str = "2026-03-15T12:00:00Z";

/// A clock that cases set.
#[derive(Clone)]
struct Hands(Arc<Mutex<Timestamp>>);

impl Hands {
    fn set(&self, to: &str) {
        *self.0.lock().unwrap() = to.parse().unwrap();
    }
}

impl Clock for Hands {
    fn tick(&self) -> Tick {
        Tick { wall: *self.0.lock().unwrap(), uptime: None }
    }
}

/// An operator's places with a ledger.
struct Office {
    folder: TempDir,
    ledger: Arc<dyn Ledger>,
    clock: Hands,
}

impl Office {
    fn open(case: &Budgeted, is_in_file: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let begin = case.clock.as_deref().unwrap_or(BEGIN);
        let clock = Hands(Arc::new(Mutex::new(begin.parse().unwrap())));
        let ledger: Arc<dyn Ledger> = if is_in_file {
            let options = Options { clock: Arc::new(clock.clone()), ..Options::default() };
            Arc::new(SqliteLedger::create(&folder.path().join("ledger.db"), options).unwrap())
        } else {
            Arc::new(MemoryLedger::new(clock.clone()))
        };
        let office = Self { folder, ledger, clock };
        for (name, text) in &case.home {
            office.write(name, text);
        }
        office
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn books(&self) -> Books {
        let folder = Some(self.folder.path().to_owned());
        let named = Named { home: folder.clone(), state: folder, brain: None };
        let workspace = Workspace::open(Places::resolve(named, |_| None).unwrap()).unwrap();
        Books::over(self.ledger.clone(), &workspace).unwrap()
    }

    fn raise(&self, budget: &str, usd: &str) {
        let books = self.books();
        let judge = books.find(budget).unwrap();
        let until = self.ledger.time().unwrap().now + SignedDuration::from_hours(4);
        let draft = books.draft_extension(judge, money(usd), until, "conformance").unwrap();
        let keys = KeyFolder::make(&books.places().keys()).unwrap();
        if keys.ids().unwrap().is_empty() {
            keys.make_key().unwrap();
        }
        books.extend(draft, &books.signer().unwrap()).unwrap();
    }

    fn step(&self, case: &Budgeted, step: &Step) -> Value {
        let now = self.ledger.time().unwrap().now;
        match step {
            Step { clock: Some(to), .. } => {
                assert!(case.clock.is_some(), "{}: `clock` of a case without one", case.name);
                self.clock.set(to);
            }
            Step { budgets: Some(text), .. } => {
                self.write("budgets.yaml", text);
                self.books();
            }
            Step { raise: Some(raised), .. } => self.raise(&raised.budget, &raised.usd),
            Step { check: Some(question), .. } => return self.check(question),
            _ => {
                let line = step.line_at(&now.to_string()).unwrap();
                return self.done(&line, now).unwrap_or_else(|error| refused(&error));
            }
        }
        Value::Null
    }

    fn check(&self, question: &BTreeMap<String, String>) -> Value {
        let path = self.path(&json!({"arm": question["arm"]}));
        assert_eq!(question.len(), 2, "{question:?}");
        let ask = Ask { path, amount: money(&question["amount"]), max_output_tokens: 0 };
        let verdict = self.books().ledger().check(std::slice::from_ref(&ask)).unwrap().remove(0);
        let rows = verdict.standings.iter().map(|standing| {
            let mut row = standing_row(standing);
            row["fits"] = standing.fits(ask.amount).unwrap().into();
            row
        });
        let budgets: Vec<Value> = rows.collect();
        let mut answer = decided(&verdict.decision);
        answer["allowed"] = verdict.decision.granted().is_some().into();
        answer["budgets"] = budgets.into();
        answer
    }

    fn path(&self, wanted: &Value) -> Arc<SpendPath> {
        let mut path = SpendPath::default();
        for (key, value) in wanted.as_object().into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            match key.as_str() {
                "arm" => {
                    let arm = ArmId::new(text).unwrap();
                    path.client = Some(self.books().arms().arm(&arm).unwrap().client.clone());
                    path.arm = Some(arm);
                }
                "agent" => path.agent = Some(text.into()),
                "session" => path.session = Some(text.into()),
                "run" => path.run = Some(text.into()),
                "tags" => path.tags = serde_json::from_value(value.clone()).unwrap(),
                _ => panic!("a path with `{key}`"),
            }
        }
        Arc::new(path)
    }

    /// Does the operation of a line.
    fn done(&self, line: &Value, now: Timestamp) -> Result<Value, Error> {
        let books = self.books();
        let ledger = books.ledger();
        let text = |key: &str| line[key].as_str().unwrap_or_default();
        let id = || text("id").parse::<ReservationId>().unwrap();
        let usd = || money(text("usd"));
        let reason = || Arc::<str>::from(text("reason"));
        let patience = SignedDuration::from_secs(line["patience_seconds"].as_i64().unwrap_or(900));
        let source = || SourceKey {
            reader: line["source"]["reader"].as_str().unwrap().into(),
            key: line["source"]["key"].as_str().unwrap().into(),
        };
        Ok(match text("op") {
            "reserve" => decided(&ledger.reserve(Reserve {
                id: id(),
                path: self.path(&line["path"]),
                amount: usd(),
                max_output_tokens: 0,
                patience,
                holder: None,
            })?),
            "extend" => decided(&ledger.extend(Extend {
                id: id(),
                amount: usd(),
                max_output_tokens: 0,
                patience,
            })?),
            "settle" => ended(&ledger.settle(Settle {
                id: id(),
                amount: usd(),
                is_estimate: false,
                request: None,
                metered: None,
            })?),
            "release" => ended(&ledger.release(Release { id: id(), reason: reason() })?),
            "expire" if line.get("id").is_none() => {
                let ids = ledger.expire(Expire::Overdue)?;
                json!({"orphaned": ids.iter().map(ToString::to_string).collect::<Vec<_>>()})
            }
            "expire" => {
                let seen = money(text("seen_usd"));
                let reason = reason();
                ledger.expire(Expire::Call { id: id(), seen, request: None, reason })?;
                ended(&ledger.call(id())?.unwrap().outcome)
            }
            "resolve" => {
                ended(&ledger.resolve(Resolve { id: id(), amount: usd(), reason: reason() })?)
            }
            "correct" => {
                let of = Reference::Source(source());
                let id = fresh_decision(now)?;
                ledger.correct(Correct { id, of, delta: usd(), reason: reason() })?;
                json!({})
            }
            "append" => {
                let append = Append {
                    source: source(),
                    at: text("at").parse().unwrap(),
                    path: self.path(&line["path"]),
                    amount: Some(usd()),
                    size: line["size"].as_u64().unwrap().into(),
                    request: None,
                    metered: None,
                    origin: None,
                };
                booked(&ledger.append(vec![append])?.remove(0)?)
            }
            "check" => {
                let path = self.path(&line["path"]);
                let ask = Ask { path, amount: usd(), max_output_tokens: 0 };
                decided(&ledger.check(&[ask])?.remove(0).decision)
            }
            "call" => call_row(&ledger.call(id())?.unwrap()),
            op => panic!("`{op}` is not known to this runner"),
        })
    }
}

fn money(usd: &str) -> Money {
    Money::parse(usd, Currency::USD).unwrap()
}

fn refused(error: &Error) -> Value {
    json!({"error": {"kind": error.kind().name(), "message": error.to_string()}})
}

fn decided(decision: &Decision) -> Value {
    let (name, shortage) = match decision {
        Decision::Granted(grant) => {
            return json!({"decision": "granted", "usd": grant.amount.to_string()});
        }
        Decision::Busy(shortage) => ("busy", shortage),
        Decision::Exhausted(shortage) => ("exhausted", shortage),
    };
    let failed: Vec<Value> = shortage.failed.iter().map(standing_row).collect();
    json!({"decision": name, "failed": failed})
}

fn ended(outcome: &Outcome) -> Value {
    json!({
        "state": outcome.state.name(), "held": outcome.held.to_string(),
        "usd": outcome.amount.to_string(), "overrun": outcome.overrun.to_string(),
    })
}

fn booked(appended: &Appended) -> Value {
    match appended {
        Appended::Booked { revision, delta } => json!({
            "appended": "booked", "revision": revision, "usd": delta.map(|usd| usd.to_string()),
        }),
        Appended::Known { revision } => json!({"appended": "known", "revision": revision}),
        other => panic!("no case has requests: {other:?}"),
    }
}

fn found(case: &Budgeted, is_in_file: bool) -> Value {
    let office = Office::open(case, is_in_file);
    office.books();
    let answers: Vec<Value> = case.steps.iter().map(|step| office.step(case, step)).collect();
    let status = office.books().status(&Filter::default()).unwrap();
    let verification = office.ledger.verify().unwrap();
    assert!(verification.faults.is_empty(), "{}: {:?}", case.name, verification.faults);
    json!({"answers": answers, "status": status.rows()})
}

#[test]
fn in_memory() {
    let cases: Vec<Budgeted> = Index::read().cases("budgets");
    compare(&cases, &cases.iter().map(|case| found(case, false)).collect::<Vec<_>>());
}

#[test]
fn in_a_file() {
    let cases: Vec<Budgeted> = Index::read().cases("budgets");
    compare(&cases, &cases.iter().map(|case| found(case, true)).collect::<Vec<_>>());
}
