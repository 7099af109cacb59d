//! The cases of `conformance/`, read strictly: what a runner does not know is an error.
//!
//! Both runners use this file: the one of the Rust API and the one of the command.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The sections that the runners know.
const SECTIONS: [&str; 7] =
    ["bounds", "budgets", "errors", "prices", "reports", "responses", "shapes"];

/// The version of the format.
const SCHEMA: u32 = 1;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Index {
    schema: u32,
    #[serde(rename = "about")]
    _about: String,
    /// Files of price lists by name.
    pub(crate) lists: BTreeMap<String, String>,
    sections: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File<C> {
    #[serde(rename = "about")]
    _about: String,
    /// The list of the cases that name none.
    list: String,
    cases: Vec<C>,
}

/// A question about a price or about a bound.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quoted {
    name: String,
    #[serde(default)]
    pub(crate) list: String,
    #[serde(default, rename = "prices.yaml")]
    pub(crate) prices_yaml: String,
    #[serde(default)]
    pub(crate) strict: bool,
    pub(crate) question: Value,
    answer: Option<Value>,
    error: Option<Refusal>,
}

/// What an error says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    pub(crate) kind: String,
    pub(crate) contains: String,
}

/// A report on some logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reported {
    name: String,
    #[serde(default)]
    pub(crate) list: String,
    pub(crate) home: BTreeMap<String, String>,
    pub(crate) logs: BTreeMap<String, Vec<Value>>,
    pub(crate) restate: Option<Restated>,
    pub(crate) query: Query,
    report: Value,
}

/// Corrections that are made before the report.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restated {
    pub(crate) to: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Query {
    pub(crate) by: Vec<String>,
    pub(crate) month: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) arm: Option<String>,
}

impl Broken {
    /// The kind of error that is wanted.
    #[allow(dead_code, reason = "one runner asks for it")]
    pub(crate) fn kind(&self) -> &str {
        &self.error.kind
    }
}

/// Input that cannot be used.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Broken {
    name: String,
    #[serde(default)]
    pub(crate) list: String,
    /// Files of a home.
    pub(crate) home: Option<BTreeMap<String, String>>,
    /// A line of questions.
    pub(crate) line: Option<String>,
    /// A price list.
    pub(crate) import: Option<String>,
    error: Refusal,
    #[serde(default)]
    codes: Vec<String>,
}

/// A document and the schema that it satisfies.
#[allow(dead_code, reason = "only the command makes these documents")]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shaped {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) list: String,
    #[serde(default)]
    pub(crate) home: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) logs: BTreeMap<String, Vec<Value>>,
    /// Files where the command runs.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, Value>,
    pub(crate) schema: String,
    pub(crate) command: Vec<String>,
    #[serde(default)]
    pub(crate) exit: i32,
}

/// Calls under some budgets, and how it stands with the budgets after them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budgeted {
    pub(crate) name: String,
    #[serde(default)]
    list: String,
    /// When it begins; without it the case holds at any time.
    pub(crate) clock: Option<String>,
    pub(crate) home: BTreeMap<String, String>,
    pub(crate) steps: Vec<Step>,
    status: Value,
}

/// What is done in a case of budgets, one key of these and its answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Step {
    /// A line of `octorato ledger apply`.
    #[serde(rename = "do")]
    pub(crate) line: Option<Value>,
    /// A question of `octorato budget check`.
    pub(crate) check: Option<BTreeMap<String, String>>,
    /// What is added for four hours to a budget.
    pub(crate) raise: Option<Raised>,
    /// The new text of that file.
    #[serde(rename = "budgets.yaml")]
    pub(crate) budgets: Option<String>,
    /// What time it is from now on.
    pub(crate) clock: Option<String>,
    answer: Option<Value>,
}

/// An extension of a budget.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raised {
    pub(crate) budget: String,
    pub(crate) usd: String,
}

/// A case that can be right or wrong.
pub(crate) trait Case: DeserializeOwned + Clone {
    fn name(&self) -> &str;
    fn list(&mut self) -> &mut String;
    /// What `found` has that it should not, or lacks.
    fn differences(&self, found: &Value) -> Vec<String>;
    /// A copy that wants something else.
    fn spoilt(&self) -> Self;

    /// Copies each of which wants something else in another place.
    fn all_spoilt(&self) -> Vec<Self> {
        vec![self.spoilt()]
    }
}

fn text(name: &str) -> String {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "conformance", name].iter().collect();
    fs::read_to_string(file).unwrap()
}

impl Index {
    pub(crate) fn read() -> Self {
        let index: Self = serde_json::from_str(&text("index.json")).unwrap();
        assert_eq!(index.schema, SCHEMA);
        let sections: Vec<_> = index.sections.keys().map(String::as_str).collect();
        assert_eq!(sections, SECTIONS, "a section that no runner knows, or one that is missing");
        index
    }

    /// The price list of this name.
    pub(crate) fn list(&self, name: &str) -> String {
        text(&self.lists[name])
    }

    /// The cases of a section, each with its list.
    pub(crate) fn cases<C: Case>(&self, section: &str) -> Vec<C> {
        let file: File<C> = serde_json::from_str(&text(&self.sections[section])).unwrap();
        let mut cases = file.cases;
        for case in &mut cases {
            if case.list().is_empty() {
                case.list().clone_from(&file.list);
            }
        }
        let mut names: Vec<_> = cases.iter().map(|case| case.name().to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), cases.len(), "{section}: two cases have one name");
        cases
    }
}

/// Asserts that what was found is what the cases want, and that each case could have failed.
pub(crate) fn compare<C: Case>(cases: &[C], found: &[Value]) {
    assert_eq!(cases.len(), found.len());
    let mut wrong = Vec::new();
    for (case, found) in cases.iter().zip(found) {
        let differences = case.differences(found);
        if !differences.is_empty() {
            wrong.push(format!("{}:\n  {}", case.name(), differences.join("\n  ")));
        }
        for spoilt in case.all_spoilt() {
            assert!(!spoilt.differences(found).is_empty(), "{} cannot fail", case.name());
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} are wrong:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// Marks of an answer: one that is there and not expected is wrong.
const MARKS: [&str; 6] = ["inexact", "ignored", "contracted", "inside", "unread", "context"];
/// What else a case may expect of an answer.
const FACTS: [&str; 7] = ["usd", "classes", "price", "api_flavor", "usage", "kind", "worst_case"];

impl Case for Quoted {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&mut self) -> &mut String {
        &mut self.list
    }

    fn differences(&self, found: &Value) -> Vec<String> {
        match (&self.answer, &self.error) {
            (Some(answer), None) => {
                let mut differences = Vec::new();
                answered(found, answer, "", &mut differences);
                differences
            }
            (None, Some(error)) => error.differences(found),
            _ => vec!["a case has an answer or an error".to_owned()],
        }
    }

    fn spoilt(&self) -> Self {
        let mut case = self.clone();
        if let Some(answer) = &mut case.answer {
            let wanted = if answer.get("usd").is_some() { "usd" } else { "worst_case" };
            answer[wanted] = "spoilt".into();
        }
        if let Some(error) = &mut case.error {
            "spoilt".clone_into(&mut error.kind);
        }
        case
    }
}

/// Compares an answer: `price` and `contracted` as far as they are given, the rest whole.
fn answered(found: &Value, wanted: &Value, at: &str, differences: &mut Vec<String>) {
    for (key, value) in wanted.as_object().unwrap_or(&Map::new()) {
        let place = format!("{at}{key}");
        let found = &found[key];
        match (key.as_str(), value) {
            ("price" | "contracted" | "worst_case", Value::Object(parts)) => {
                for (part, value) in parts {
                    let (found, place) = (&found[part], format!("{place}.{part}"));
                    match value {
                        Value::Array(all) if part == "unbounded" => {
                            told(found, all, &place, differences);
                        }
                        value => same(found, value, &place, differences),
                    }
                }
            }
            ("inside", Value::Array(all)) => {
                same(
                    &Value::from(found.as_array().map_or(0, Vec::len)),
                    &all.len().into(),
                    &place,
                    differences,
                );
                for (number, value) in all.iter().enumerate() {
                    answered(&found[number], value, &format!("{place}[{number}]."), differences);
                }
            }
            (key, value) if MARKS.contains(&key) || FACTS.contains(&key) => {
                same(found, value, &place, differences);
            }
            _ => differences.push(format!("{place} is not known to this runner")),
        }
    }
    for mark in MARKS {
        if !found[mark].is_null() && wanted.get(mark).is_none() {
            differences.push(format!("{at}{mark} is not expected: {}", found[mark]));
        }
    }
    if !found["error"].is_null() {
        differences.push(format!("{at}error is not expected: {}", found["error"]));
    }
}

/// Looks for texts in the reasons that were found.
fn told(found: &Value, wanted: &[Value], at: &str, differences: &mut Vec<String>) {
    let reasons: Vec<_> =
        found.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is_told = |part: &str| reasons.iter().any(|reason| reason.contains(part));
    if reasons.is_empty() {
        differences.push(format!("{at} is {found}"));
    }
    for part in wanted.iter().filter_map(Value::as_str).filter(|part| !is_told(part)) {
        differences.push(format!("{at} is {found}, without `{part}`"));
    }
}

fn same(found: &Value, wanted: &Value, at: &str, differences: &mut Vec<String>) {
    if found != wanted {
        differences.push(format!("{at} is {found}, not {wanted}"));
    }
}

impl Refusal {
    fn differences(&self, found: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        same(&found["kind"], &self.kind.as_str().into(), "kind", &mut differences);
        let said = found["error"].as_str().unwrap_or_default();
        if !said.contains(&self.contains) {
            differences.push(format!("`{said}` does not contain `{}`: {found}", self.contains));
        }
        differences
    }
}

impl Case for Reported {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&mut self) -> &mut String {
        &mut self.list
    }

    fn differences(&self, found: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        fits(found, &self.report, "report", &mut differences);
        differences
    }

    fn spoilt(&self) -> Self {
        let mut case = self.clone();
        case.report["total"]["events"] = "spoilt".into();
        case
    }
}

/// Compares as far as objects say; lists have the same length and order.
fn fits(found: &Value, wanted: &Value, at: &str, differences: &mut Vec<String>) {
    match (found, wanted) {
        (Value::Object(_), Value::Object(wanted)) => {
            for (key, value) in wanted {
                fits(&found[key], value, &format!("{at}.{key}"), differences);
            }
        }
        (Value::Array(found), Value::Array(wanted)) if found.len() == wanted.len() => {
            for (number, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                fits(found, wanted, &format!("{at}[{number}]"), differences);
            }
        }
        _ => same(found, wanted, at, differences),
    }
}

impl Case for Broken {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&mut self) -> &mut String {
        &mut self.list
    }

    /// `found` has `kind`, `error` and `codes`.
    fn differences(&self, found: &Value) -> Vec<String> {
        let mut differences = self.error.differences(found);
        let codes: Vec<_> = self.codes.iter().map(|code| Value::from(code.as_str())).collect();
        let found = found.get("codes").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
        same(&found, &codes.into(), "codes", &mut differences);
        differences
    }

    fn spoilt(&self) -> Self {
        let mut case = self.clone();
        "spoilt".clone_into(&mut case.error.contains);
        case
    }
}

impl Case for Shaped {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&mut self) -> &mut String {
        &mut self.list
    }

    fn differences(&self, _: &Value) -> Vec<String> {
        Vec::new()
    }

    fn spoilt(&self) -> Self {
        self.clone()
    }
}

impl Case for Budgeted {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&mut self) -> &mut String {
        &mut self.list
    }

    /// `found` has `answers`, with nothing in the place of steps that have none, and `status`.
    fn differences(&self, found: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        let answers = found["answers"].as_array().map_or(&[][..], Vec::as_slice);
        if answers.len() != self.steps.len() {
            differences.push(format!("{} answers to {} steps", answers.len(), self.steps.len()));
        }
        for (number, (step, found)) in self.steps.iter().zip(answers).enumerate() {
            let at = format!("step {number}");
            match &step.answer {
                Some(wanted) => {
                    fits(&by_name(found), &by_name(wanted), &at, &mut differences);
                    if !found["error"].is_null() && wanted.get("error").is_none() {
                        differences.push(format!("{at} has an error: {}", found["error"]));
                    }
                }
                None => same(found, &Value::Null, &at, &mut differences),
            }
        }
        fits(&found["status"], &self.status, "status", &mut differences);
        differences
    }

    fn spoilt(&self) -> Self {
        let mut case = self.clone();
        case.status[0]["spent"] = "spoilt".into();
        case
    }

    fn all_spoilt(&self) -> Vec<Self> {
        let mut copies = vec![self.spoilt()];
        let rows = self.status.as_array().map_or(0, Vec::len);
        for (row, key) in (0..rows).flat_map(|row| ["remaining", "state"].map(|key| (row, key))) {
            copies.push(self.clone());
            let Some(copy) = copies.last_mut() else { continue };
            copy.status[row][key] = "spoilt".into();
        }
        for number in 0..self.steps.len() {
            let mut copy = self.clone();
            if let Some(answer) = &mut copy.steps[number].answer {
                answer["decision"] = "spoilt".into();
                copies.push(copy);
            }
        }
        copies
    }
}

/// An answer whose `budgets`, which have no order, are in that of their names.
fn by_name(answer: &Value) -> Value {
    let mut answer = answer.clone();
    if let Some(budgets) = answer.get_mut("budgets").and_then(Value::as_array_mut) {
        budgets.sort_by_key(|budget| budget["name"].to_string());
    }
    answer
}

impl Step {
    /// The line as it is applied: `now` is that moment.
    pub(crate) fn line_at(&self, now: &str) -> Option<Value> {
        let mut line = self.line.clone()?;
        if line["at"] == "now" {
            line["at"] = now.into();
        }
        Some(line)
    }
}

/// A line of a log: an object, or a text as it stands.
pub(crate) fn log_text(lines: &[Value]) -> String {
    let line = |line: &Value| line.as_str().map_or_else(|| line.to_string(), str::to_owned);
    lines.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}
