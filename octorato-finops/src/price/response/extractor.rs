//! How one API of a provider reports usage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use octorato_core::{Error, ErrorKind, Result};
use serde::Deserialize;
use serde_json::Value;

use super::super::UsageTotals;
use super::super::totals::{is_of_seconds, rounded_up, whole};
use super::InsideUsage;
use super::beside::uncounted;

/// The rules by which a form of response is read.
#[derive(Debug)]
pub(super) struct Extractor {
    flavor: Box<str>,
    root: Path,
    model: Path,
    totals: Box<[Total]>,
}

/// The name of a total, and the counts that are added up to it.
#[derive(Debug)]
struct Total {
    name: Box<str>,
    counts: Box<[Count]>,
}

/// Where a count stands.
#[derive(Debug)]
struct Count {
    path: Path,
    required: bool,
}

/// A way into a JSON value, written as `a.b[field=value].c`.
#[derive(Debug)]
struct Path {
    text: Box<str>,
    steps: Box<[Step]>,
}

#[derive(Debug)]
enum Step {
    Key(Box<str>),
    /// The first object of an array that has this text in this field.
    Item(Box<str>, Box<str>),
}

/// What an extractor found.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) totals: UsageTotals,
    pub(super) model: Option<Box<str>>,
    /// How many places held a count.
    pub(super) counts: usize,
}

/// Why an extractor found nothing.
#[derive(Debug)]
pub(super) enum Misfit {
    /// The body has another form.
    Shape(String),
    /// A count is none.
    Count(Error),
}

/// The extractors of a provider, in the order of the source.
pub(super) fn extractors_of(provider: &str) -> Result<&'static [Extractor]> {
    type All = BTreeMap<Box<str>, Box<[Extractor]>>;
    static ALL: LazyLock<Result<All, String>> =
        LazyLock::new(|| parse(include_str!("../../../data/extractors.json")));
    let all = ALL.as_ref().map_err(|why| Error::new(ErrorKind::Data, why.clone()))?;
    all.get(provider).map(|list| &**list).ok_or_else(|| {
        let message = format!("no rules for reading responses of provider: `{provider}`");
        Error::new(ErrorKind::NotFound, message)
            .hinted("name the provider whose API it speaks, or give the counts themselves")
    })
}

fn parse(text: &str) -> Result<BTreeMap<Box<str>, Box<[Extractor]>>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "what the file says of itself")]
    struct File {
        schema: u32,
        source: Box<str>,
        version: Box<str>,
        licence: Box<str>,
        providers: BTreeMap<Box<str>, Vec<Text>>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Text {
        flavor: Box<str>,
        root: Box<str>,
        model: Box<str>,
        totals: BTreeMap<Box<str>, Vec<Box<str>>>,
    }
    let damaged = |why: String| format!("the rules for reading responses are damaged: {why}");
    let file: File = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    let mut all = BTreeMap::new();
    for (provider, list) in file.providers {
        let mut extractors = Vec::with_capacity(list.len());
        for Text { flavor, root, model, totals } in list {
            let mut counts = Vec::with_capacity(totals.len());
            for (name, paths) in totals {
                if UsageTotals::default().named(&name).is_none() {
                    return Err(damaged(format!("no such total: `{name}`")));
                }
                let paths = paths.iter().map(|text| {
                    let path = text.strip_suffix('!');
                    let required = path.is_some();
                    Ok(Count { path: Path::parse(path.unwrap_or(text))?, required })
                });
                let paths = paths.collect::<Result<_, String>>().map_err(damaged)?;
                counts.push(Total { name, counts: paths });
            }
            extractors.push(Extractor {
                flavor,
                root: Path::parse(&root).map_err(damaged)?,
                model: Path::parse(&model).map_err(damaged)?,
                totals: counts.into(),
            });
        }
        all.insert(provider, extractors.into());
    }
    Ok(all)
}

impl Extractor {
    /// The name of the form.
    pub(super) fn flavor(&self) -> &str {
        &self.flavor
    }

    /// The part of a body that it reads.
    pub(super) fn root(&self) -> &str {
        &self.root.text
    }

    /// That part of `body`.
    pub(super) fn root_of<'b>(&self, body: &'b Value) -> Option<&'b Value> {
        self.root.find(body)
    }

    /// Reads the counts and the model of `body`.
    pub(super) fn read(&self, body: &Value) -> Result<Reading, Misfit> {
        if !body.is_object() {
            return Err(Misfit::Shape("it is not an object".to_owned()));
        }
        let missing = || Misfit::Shape(format!("`{}` is missing", self.root.text));
        let root = self.root_of(body).filter(|root| root.is_object()).ok_or_else(missing)?;
        let (totals, counts) = self.counts(root)?;
        let model = self.model.find(body).and_then(Value::as_str).map(Into::into);
        Ok(Reading { totals, model, counts })
    }

    /// Reads the counts below the root.
    fn counts(&self, root: &Value) -> Result<(UsageTotals, usize), Misfit> {
        let mut totals = UsageTotals::default();
        let mut found = BTreeSet::new();
        for Total { name, counts } in &self.totals {
            for Count { path, required } in counts {
                let place = || format!("{}.{}", self.root.text, path.text);
                let value = match path.find(root) {
                    None | Some(Value::Null) if *required => {
                        return Err(Misfit::Shape(format!("`{}` is missing", place())));
                    }
                    None | Some(Value::Null) => continue,
                    Some(value) => value,
                };
                let read = if is_of_seconds(name) { rounded_up } else { whole };
                let count = value.as_number().and_then(read);
                let total = totals.named(name).zip(count);
                let sum = total.and_then(|(total, count)| Some((total.checked_add(count)?, total)));
                let Some((sum, total)) = sum else {
                    let message = format!("not a count: `{}` {}", place(), shortened(value));
                    return Err(Misfit::Count(Error::new(ErrorKind::InvalidUsage, message)));
                };
                *total = sum;
                found.insert(&path.text);
            }
        }
        if found.is_empty() {
            return Err(Misfit::Shape(format!("`{}` has no counts", self.root.text)));
        }
        Ok((totals, found.len()))
    }

    /// Counters of `body` that no rule reads, and that say something which `totals` do not.
    pub(super) fn uncounted(&self, body: &Value, totals: &UsageTotals) -> Vec<Box<str>> {
        let Some(root) = self.root_of(body) else { return Vec::new() };
        let counts = self.totals.iter().flat_map(|total| &total.counts);
        let read: Vec<&Value> = counts.filter_map(|count| count.path.find(root)).collect();
        uncounted(root, &self.root.text, &read, totals)
    }

    /// The requests that the counts of `body` leave out, and places that tell of others.
    ///
    /// Anthropic's `usage.iterations` lists what a request was made of. Its messages are in the
    /// counts; an advisor's and a compaction's requests are beside them, and so is an attempt by
    /// another model than the one that answered.
    pub(super) fn inside(&self, body: &Value) -> (Vec<InsideUsage>, Vec<Box<str>>) {
        let (mut inside, mut unread) = (Vec::new(), Vec::new());
        let iterations = self.root_of(body).and_then(|root| root.get("iterations"));
        let Some(iterations) = iterations.and_then(Value::as_array) else {
            return (inside, unread);
        };
        let answered = self.model.find(body).and_then(Value::as_str);
        for (at, iteration) in iterations.iter().enumerate() {
            let text = |name| iteration.get(name).and_then(Value::as_str);
            let (kind, model) = (text("type").unwrap_or_default(), text("model"));
            match kind {
                "advisor_message" | "compaction" => {}
                "" | "message" | "fallback_message" => match model {
                    None | Some("" | "<synthetic>") => continue,
                    model if model == answered => continue,
                    _ => {}
                },
                _ => {
                    unread.push(format!("{}.iterations[{at}] ({kind})", self.root.text).into());
                    continue;
                }
            }
            match self.counts(iteration) {
                Ok((totals, _)) => inside.push(InsideUsage {
                    kind: kind.into(),
                    model: model.or(answered).map(Into::into),
                    totals,
                }),
                Err(_) => {
                    unread.push(format!("{}.iterations[{at}] ({kind})", self.root.text).into());
                }
            }
        }
        (inside, unread)
    }
}

/// A value as it may stand in a message.
fn shortened(value: &Value) -> String {
    const ENOUGH: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Path {
    fn parse(text: &str) -> Result<Self, String> {
        let refuse = || format!("not a path: `{text}`");
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (key, mut items) =
                part.split_once('[').map_or((part, ""), |(key, rest)| (key, rest));
            if key.is_empty() {
                return Err(refuse());
            }
            steps.push(Step::Key(key.into()));
            while !items.is_empty() {
                let (item, rest) = items.split_once(']').ok_or_else(refuse)?;
                let (field, value) = item.split_once('=').ok_or_else(refuse)?;
                steps.push(Step::Item(field.into(), value.to_lowercase().into()));
                items = rest.strip_prefix('[').unwrap_or(rest);
            }
        }
        Ok(Self { text: text.into(), steps: steps.into() })
    }

    fn find<'v>(&self, from: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(from, |value, step| match step {
            Step::Key(key) => value.as_object()?.get(&**key),
            Step::Item(field, wanted) => value.as_array()?.iter().find(|item| {
                let text = item.get(&**field).and_then(Value::as_str);
                text.is_some_and(|text| text.to_lowercase() == **wanted)
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_are_whole() {
        let all = parse(include_str!("../../../data/extractors.json")).unwrap();
        assert_eq!(all.values().map(|list| list.len()).sum::<usize>(), 96);
        for (provider, list) in &all {
            assert!(super::super::Catalog::builtin().provider_called(provider).is_ok());
            let flavors: BTreeSet<_> = list.iter().map(Extractor::flavor).collect();
            assert_eq!(flavors.len(), list.len(), "{provider}");
        }
    }

    #[test]
    fn paths_lead_through_keys_and_the_items_of_lists() {
        let value =
            serde_json::json!({"a": {"b": [{"t": "x", "n": 1}, {"t": "Y", "n": 2}]}, "c": 1});
        let find = |text: &str| Path::parse(text).unwrap().find(&value).cloned();
        assert_eq!(find("a.b[t=y].n"), Some(2.into()));
        assert_eq!(find("a.b[t=z].n"), None);
        assert_eq!(find("c.d"), None);
        for bad in ["", "a..b", "a[t", "a[t]", "[t=y]"] {
            assert!(Path::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn damaged_rules_are_an_error_that_says_so() {
        for text in [
            "",
            "{}",
            r#"{"schema":1,"source":"s","version":"1","licence":"MIT",
            "providers":{"p":[{"flavor":"f","root":"u","model":"m","totals":{"x":["a"]}}]}}"#,
        ] {
            assert!(parse(text).unwrap_err().contains("damaged"));
        }
    }
}
