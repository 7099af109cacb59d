//! The shared conformance cases, through the Rust API.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed set-up is a failed test"
)]

mod budgets;
mod cases;
mod shape;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use octorato::Workspace;
use octorato::config::places::Places;
use octorato::config::prices;
use octorato::core::{Error, Period, SourceText};
use octorato::finops::logs::{Place, Quiet, read};
use octorato::finops::price::{Catalog, Overlays, PriceBook};
use octorato::finops::report::Query;
use octorato::quote::Answer;
use octorato::schema;
use octorato::snapshots::{BUILTIN, Snapshots};
use serde_json::{Value, json};

use cases::{Broken, Index, Quoted, Reported, Shaped, compare};
use shape::Schema;

/// When a question is asked that says no time.
const NOW: &str = "2026-03-15T12:00:00Z";

fn checked(name: &str) -> Schema {
    Schema::parse(schema::find(name).unwrap_or_else(|| panic!("no schema {name}")).json)
}

fn catalog(index: &Index, list: &str) -> Arc<Catalog> {
    match list {
        BUILTIN => Catalog::shared(),
        list => Arc::new(Catalog::parse(index.list(list)).unwrap()),
    }
}

fn book(index: &Index, case: &Quoted) -> PriceBook {
    let list = catalog(index, &case.list);
    let source = SourceText::new("prices.yaml", case.prices_yaml.clone());
    let (book, findings) = prices::parse(&source, None, &|_| Ok(list.clone()));
    book.unwrap_or_else(|| panic!("{findings:?}"))
}

fn answers(index: &Index, cases: &[Quoted]) -> Vec<Value> {
    let answer = |case: &Quoted| {
        let line = case.question.to_string();
        let book = book(index, case);
        let answer = Answer::to_line(line.as_bytes(), &book, NOW.parse().unwrap(), case.strict);
        serde_json::to_value(&answer).unwrap()
    };
    cases.iter().map(answer).collect()
}

#[test]
fn prices_responses_and_bounds() {
    let index = Index::read();
    let schema = checked("price");
    for section in ["prices", "responses", "bounds"] {
        let cases: Vec<Quoted> = index.cases(section);
        let found = answers(&index, &cases);
        compare(&cases, &found);
        for document in found {
            schema.check(&document).unwrap_or_else(|why| panic!("{why}: {document}"));
        }
    }
}

fn refused(error: &Error) -> Value {
    let codes: Vec<_> = error.diagnostics().iter().map(|found| found.code).collect();
    let mut text = error.to_string();
    for found in error.diagnostics() {
        text = format!("{text}\n{found}");
    }
    json!({"error": text, "kind": error.kind().name(), "codes": codes})
}

/// An operator's places with files of the home, logs and a current price list.
struct Machine {
    folder: tempfile::TempDir,
    places: Places,
}

impl Machine {
    fn new(home: &BTreeMap<String, String>, logs: &BTreeMap<String, Vec<Value>>) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let user_home = folder.path().to_owned();
        let write = |place: &Path, text: &str| {
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, text).unwrap();
        };
        for (name, text) in home {
            write(&user_home.join("config").join(name), text);
        }
        for (name, lines) in logs {
            write(&user_home.join(".claude").join(name), &cases::log_text(lines));
        }
        std::fs::create_dir_all(user_home.join(".claude")).unwrap();
        let (home, state) = (user_home.join("config"), user_home.join("state"));
        let places = Places { home, state, brain: None, user_home: Some(user_home) };
        Self { folder, places }
    }

    /// Takes over a price list; gives its id.
    fn take(&self, text: &str) -> String {
        let snapshots = Snapshots::of(&self.places);
        let id = snapshots.keep(text).unwrap().full();
        snapshots.make_current(&id).unwrap();
        id
    }

    fn report(&self, index: &Index, case: &Reported) -> octorato::core::Result<Value> {
        let other = case.restate.as_ref().map(|restated| self.take(&index.list(&restated.to)));
        self.take(&index.list(&case.list));
        let mut workspace = Workspace::open(self.places.clone())?;
        let zone = workspace.arms().zone.clone();
        let by = case.query.by.iter().map(|by| by.parse().unwrap()).collect();
        let period = match &case.query.month {
            Some(month) => Period::month(month, &zone)?,
            None => Period::days(None, None, &zone)?,
        };
        let arm = case.query.arm.as_deref().map(|arm| arm.parse().unwrap());
        let client = case.query.client.as_deref().map(|client| client.parse().unwrap());
        let query = Query { by, period, arm, client };
        let reading = read(&[Place::Given(self.folder.path().join(".claude"))], &Quiet);
        if let Some(other) = other {
            workspace.keep_recost(&reading, &query, &other, None)?;
        }
        Ok(serde_json::to_value(workspace.report_on(&reading, &query)?).unwrap())
    }
}

#[test]
fn reports() {
    let index = Index::read();
    let cases: Vec<Reported> = index.cases("reports");
    let schema = checked("report");
    let find = |case: &Reported| {
        let machine = Machine::new(&case.home, &case.logs);
        let report = machine.report(&index, case).unwrap();
        schema.check(&report).unwrap_or_else(|why| panic!("{why}"));
        report
    };
    compare(&cases, &cases.iter().map(find).collect::<Vec<_>>());
}

#[test]
fn errors() {
    let index = Index::read();
    let cases: Vec<Broken> = index.cases("errors");
    let find = |case: &Broken| match (&case.home, &case.line, &case.import) {
        (Some(home), None, None) => {
            let machine = Machine::new(home, &BTreeMap::new());
            machine.take(&index.list(&case.list));
            Workspace::open(machine.places).map_or_else(|error| refused(&error), |_| json!({}))
        }
        (None, Some(line), None) => {
            let book = PriceBook::new(catalog(&index, &case.list), Overlays::default()).unwrap();
            let answer = Answer::to_line(line.as_bytes(), &book, NOW.parse().unwrap(), false);
            serde_json::to_value(&answer).unwrap()
        }
        (None, None, Some(text)) => {
            let machine = Machine::new(&BTreeMap::new(), &BTreeMap::new());
            let proposed = Snapshots::of(&machine.places).propose(text, None, NOW.parse().unwrap());
            proposed.map_or_else(|error| refused(&error), |_| json!({}))
        }
        _ => panic!("a case has one bad input"),
    };
    compare(&cases, &cases.iter().map(find).collect::<Vec<_>>());
}

/// The documents of commands are made by commands; here it is enough that there are such schemas.
#[test]
fn shapes() {
    let cases: Vec<Shaped> = Index::read().cases("shapes");
    for case in cases {
        assert!(checked(&case.schema).check(&json!({})).is_err(), "{}", case.schema);
    }
}

#[test]
fn a_case_that_wants_something_else_is_told() {
    let index = Index::read();
    let mut cases: Vec<Quoted> = index.cases("prices");
    cases.truncate(1);
    let found = answers(&index, &cases);
    let spoilt = vec![cases::Case::spoilt(&cases[0])];
    let told = std::panic::catch_unwind(|| compare(&spoilt, &found)).unwrap_err();
    let told = told.downcast::<String>().unwrap();
    assert!(told.contains("usd is \"0.018225\", not \"spoilt\""), "{told}");
}
