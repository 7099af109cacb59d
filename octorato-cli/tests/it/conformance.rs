//! The shared conformance cases, through the command.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use crate::cases::{Broken, Budgeted, Index, Quoted, Reported, Shaped, compare, log_text};
use crate::sandbox::Sandbox;
use crate::shape::Schema;

/// The list that is compiled in.
const BUILTIN: &str = "builtin";

fn checked(name: &str) -> Schema {
    Schema::parse(&Sandbox::new().stdout(&format!("schema {name}")))
}

/// Takes over a price list; gives its id.
fn take(sandbox: &Sandbox, text: &str) -> String {
    sandbox.write("list.jsonl", text);
    let taken = sandbox.json("prices import list.jsonl --yes");
    taken["after"]["id"].as_str().unwrap().to_owned()
}

/// A machine with files of the home, logs and a price list.
fn machine(
    index: &Index,
    list: &str,
    home: &BTreeMap<String, String>,
    logs: &BTreeMap<String, Vec<Value>>,
) -> Sandbox {
    let sandbox = Sandbox::new();
    if list != BUILTIN {
        take(&sandbox, &index.list(list));
    }
    for (name, text) in home {
        sandbox.write(&format!(".config/octorato/{name}"), text);
    }
    for (name, lines) in logs {
        sandbox.write(&format!(".claude/{name}"), log_text(lines));
    }
    sandbox
}

/// The answers to lines, which may all be errors.
fn batch(sandbox: &Sandbox, lines: &[String], strict: bool) -> Vec<Value> {
    let file = sandbox.write("questions.jsonl", lines.join("\n"));
    let mut command = sandbox.command();
    command.args(["price", "--quiet", "--batch"]).arg(file).args(strict.then_some("--strict"));
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len(), "{told}");
    let failed = answers.iter().any(|answer| answer.get("error").is_some());
    assert_eq!(output.status.code(), Some(i32::from(strict && failed)));
    answers
}

/// The answers to all cases, asked together where they share a list and a `prices.yaml`.
fn answers(index: &Index, cases: &[Quoted]) -> Vec<Value> {
    let mut found = vec![Value::Null; cases.len()];
    let lists: BTreeSet<&str> = cases.iter().map(|case| &*case.list).collect();
    for list in lists {
        let sandbox = machine(index, list, &BTreeMap::new(), &BTreeMap::new());
        let mut groups: BTreeMap<(&str, bool), Vec<usize>> = BTreeMap::new();
        for (at, case) in cases.iter().enumerate().filter(|(_, case)| case.list == list) {
            groups.entry((&case.prices_yaml, case.strict)).or_default().push(at);
        }
        for ((prices_yaml, strict), places) in groups {
            sandbox.write(".config/octorato/prices.yaml", prices_yaml);
            let lines: Vec<_> = places.iter().map(|at| cases[*at].question.to_string()).collect();
            for (at, answer) in places.into_iter().zip(batch(&sandbox, &lines, strict)) {
                found[at] = answer;
            }
        }
    }
    found
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

fn report(index: &Index, case: &Reported) -> Value {
    let sandbox = machine(index, &case.list, &case.home, &case.logs);
    let mut selection = String::new();
    let query = &case.query;
    for (name, value) in [("month", &query.month), ("client", &query.client), ("arm", &query.arm)] {
        if let Some(value) = value {
            selection = format!("{selection} --{name} {value}");
        }
    }
    if let Some(restated) = &case.restate {
        let other = take(&sandbox, &index.list(&restated.to));
        take(&sandbox, &index.list(&case.list));
        sandbox.stdout(&format!("prices recost --to {other} --write {selection}"));
    }
    sandbox.json(&format!("report --by {}{selection}", query.by.join(",")))
}

#[test]
fn reports() {
    let index = Index::read();
    let cases: Vec<Reported> = index.cases("reports");
    let schema = checked("report");
    let find = |case: &Reported| {
        let report = report(&index, case);
        schema.check(&report).unwrap_or_else(|why| panic!("{why}"));
        report
    };
    compare(&cases, &cases.iter().map(find).collect::<Vec<_>>());
}

/// What is answered to the steps of a case, and how the budgets stand after them.
fn budgeted(case: &Budgeted) -> Value {
    let sandbox = Sandbox::new();
    sandbox.stdout("init -q");
    for (name, text) in &case.home {
        sandbox.write(&format!(".config/octorato/{name}"), text);
    }
    let mut answers = Vec::new();
    for step in &case.steps {
        let now = jiff::Timestamp::now().to_string();
        answers.push(match (step.line_at(&now), &step.check, &step.raise, &step.budgets) {
            (Some(line), None, None, None) => sandbox.apply(&format!("{line}\n")).remove(0),
            (None, Some(question), None, None) => {
                let words = question.iter().map(|(name, value)| format!(" --{name} {value}"));
                let line = format!("budget check --json{}", words.collect::<String>());
                let output = sandbox.output(&line);
                let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
                let code = i32::from(answer["allowed"] == false);
                assert_eq!(output.status.code(), Some(code), "{line}: {}", sandbox.seen(&output));
                answer
            }
            (None, None, Some(raised), None) => {
                let words = ["budget", "extend", &*raised.budget, "--usd", &*raised.usd];
                let more = ["--until", "4h", "--reason", "conformance", "-q"];
                let said = sandbox.run_words(&[&words[..], &more].concat());
                assert!(!said.contains("[exit"), "{said}");
                Value::Null
            }
            (None, None, None, Some(text)) => {
                sandbox.budgets(text);
                // A change is in force once somebody has looked at the file.
                sandbox.output("budget status");
                Value::Null
            }
            _ => panic!("{}: a step is one thing: {step:?}", case.name),
        });
    }
    json!({"answers": answers, "status": sandbox.json("budget status")["budgets"]})
}

/// The command has the clock of its machine, so the cases that set one are left to the others.
#[test]
fn budgets() {
    let cases: Vec<Budgeted> = Index::read().cases("budgets");
    let all = cases.len();
    let timeless: Vec<_> = cases.into_iter().filter(|case| case.clock.is_none()).collect();
    assert!(timeless.len() >= 20, "{} of {all} can be done by the command", timeless.len());
    compare(&timeless, &timeless.iter().map(budgeted).collect::<Vec<_>>());
}

/// What a command says that could not do its work. Commands tell no kind, so it is the one that is
/// wanted.
fn refused(sandbox: &Sandbox, line: &str, kind: &str) -> Value {
    let output = sandbox.output(line);
    assert_eq!(output.status.code(), Some(2), "{line}");
    let told = String::from_utf8(output.stderr).unwrap();
    let codes: Vec<_> = told
        .lines()
        .filter_map(|line| line.strip_prefix("error[")?.split_once(']'))
        .map(|(code, _)| code)
        .collect();
    json!({"error": told, "kind": kind, "codes": codes})
}

#[test]
fn errors() {
    let index = Index::read();
    let cases: Vec<Broken> = index.cases("errors");
    let nothing = BTreeMap::new();
    let find = |case: &Broken| {
        let home = case.home.as_ref().unwrap_or(&nothing);
        let sandbox = machine(&index, &case.list, home, &BTreeMap::new());
        match (&case.home, &case.line, &case.import) {
            (Some(_), None, None) => refused(&sandbox, "report", case.kind()),
            (None, Some(line), None) => {
                batch(&sandbox, std::slice::from_ref(line), false).remove(0)
            }
            (None, None, Some(text)) => {
                sandbox.write("bad", text);
                refused(&sandbox, "prices import bad --yes", case.kind())
            }
            _ => panic!("a case has one bad input"),
        }
    };
    compare(&cases, &cases.iter().map(find).collect::<Vec<_>>());
}

/// The document of a case's command.
fn document(index: &Index, case: &Shaped) -> Value {
    let sandbox = machine(index, &case.list, &case.home, &case.logs);
    let later = index.list("later");
    sandbox.write("later.jsonl", &later);
    for (name, content) in &case.files {
        sandbox.write(name, content.to_string());
    }
    let mut words = case.command.join(" ");
    if words.contains("--to later") {
        let id = take(&sandbox, &later);
        take(&sandbox, &index.list(&case.list));
        words = words.replace("--to later", &format!("--to {id}"));
    }
    let output = sandbox.output(&format!("{words} --json"));
    assert_eq!(output.status.code(), Some(case.exit), "{words}: {}", sandbox.seen(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn shapes() {
    let index = Index::read();
    let cases: Vec<Shaped> = index.cases("shapes");
    for case in cases {
        let schema = checked(&case.schema);
        let found = document(&index, &case);
        schema.check(&found).unwrap_or_else(|why| panic!("{}: {why}: {found}", case.name));
        // A key more or one less is found, at the top and below it.
        for place in places(&found) {
            let mut more = found.clone();
            more.pointer_mut(&place).unwrap()["surprise"] = 1.into();
            assert!(schema.check(&more).is_err(), "{}: {place}/surprise fits", case.name);
        }
        for key in found.as_object().unwrap().keys().filter(|key| !may_lack(&case.schema, key)) {
            let mut less = found.clone();
            less.as_object_mut().unwrap().remove(key);
            assert!(schema.check(&less).is_err(), "{}: {key} may be missing", case.name);
        }
    }
}

/// Keys of a price that are there only where they say something.
fn may_lack(schema: &str, key: &str) -> bool {
    let marks = ["inexact", "contracted", "ignored", "api_flavor", "usage"];
    (schema == "price" && marks.contains(&key)) || (schema == "prices_show" && key == "own")
}

/// Where a document has objects of fixed keys.
fn places(document: &Value) -> Vec<String> {
    let inner = ["/price", "/snapshot", "/found", "/after", "/diff", "/total", "/rows/0"];
    let more = [
        "/worst_case",
        "/request",
        "/own",
        "/requests/0",
        "/requests/0/evidence",
        "/requests/0/price",
        "/corrections/0",
    ];
    let is_object = |place: &&str| document.pointer(place).is_some_and(Value::is_object);
    [""].iter().chain(&inner).chain(&more).copied().filter(is_object).map(str::to_owned).collect()
}

#[test]
fn a_case_that_wants_something_else_is_told() {
    let index = Index::read();
    let mut cases: Vec<Reported> = index.cases("reports");
    cases.truncate(1);
    let found = vec![report(&index, &cases[0])];
    cases[0] = crate::cases::Case::spoilt(&cases[0]);
    let told = std::panic::catch_unwind(|| compare(&cases, &found)).unwrap_err();
    let told = told.downcast::<String>().unwrap();
    assert!(told.contains("report.total.events is 5, not \"spoilt\""), "{told}");
}

#[test]
fn every_price_list_of_the_cases_can_be_imported() {
    let index = Index::read();
    for name in index.lists.keys() {
        let sandbox = Sandbox::new();
        let id = take(&sandbox, &index.list(name));
        let kept = sandbox.path(&format!(".local/share/octorato/prices/{id}.jsonl"));
        assert_eq!(
            fs::read_to_string(kept).unwrap(),
            index.list(name),
            "{name} changes as it is taken"
        );
    }
}
