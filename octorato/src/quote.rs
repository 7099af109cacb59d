//! What a given usage costs, for whoever asks with numbers instead of logs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, PriceContext, Result, Unit, Usage};
use octorato_finops::price::{Catalog, Charge, ModelPrice, UsageTotals};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// A question: so much of a model, at a time.
///
/// As JSON it is a line of `octorato price --batch -`; counts are inclusive totals, as provider
/// APIs report them.
///
/// ```
/// use octorato::finops::price::Catalog;
/// use octorato::quote::Question;
///
/// let question: Question = serde_json::from_str(
///     r#"{"provider": "anthropic", "model": "claude-sonnet-4-5", "timestamp": "2026-11-20T12:00:00Z",
///         "usage": {"input_tokens": 1000, "cache_read_tokens": 400, "output_tokens": 50}}"#,
/// )?;
/// let quote = question.quote(Catalog::builtin(), "2026-11-23T00:00:00Z".parse()?)?;
/// assert_eq!(quote.charge.usd().to_string(), "0.00267"); // 600 x 3 + 400 x 0.3 + 50 x 15 per million
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Comes back with the answer; any JSON.
    pub id: Option<serde_json::Value>,
    /// Who bills; inferred from the model's name where it is not given.
    pub provider: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// When the request was made; the time of asking where it is not given.
    pub timestamp: Option<Timestamp>,
    /// What was used.
    #[serde(default)]
    pub usage: Consumed,
    /// What selects a price variant, such as `service_tier` and `flex`.
    #[serde(default)]
    pub context: BTreeMap<String, String>,
}

/// What was used, as whoever asks counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "UsageTotals")]
pub enum Consumed {
    /// Totals in which the general include the special.
    Totals(UsageTotals),
    /// Classes of which each token is in one.
    Classes(Usage),
}

impl Default for Consumed {
    fn default() -> Self {
        Self::Totals(UsageTotals::default())
    }
}

impl From<UsageTotals> for Consumed {
    fn from(totals: UsageTotals) -> Self {
        Self::Totals(totals)
    }
}

/// The answer: an amount and what it is made of.
#[derive(Clone, Debug)]
pub struct Quote<'c> {
    /// The price that the model's name led to.
    pub price: ModelPrice<'c>,
    /// What the usage costs by it. What has no price is named in [`Charge::ignored`].
    pub charge: Charge,
    /// The snapshot that the price is from.
    pub snapshot: String,
}

impl Question {
    /// The answer by the prices of `catalog`.
    ///
    /// Parts without a price are left out and named in the answer; see [`Quote::refuse_doubts`].
    pub fn quote<'c>(&self, catalog: &'c Catalog, now: Timestamp) -> Result<Quote<'c>> {
        let Some(model) = &self.model else {
            return Err(Error::new(ErrorKind::InvalidArgument, "no model is named")
                .hinted("add `model`, such as `claude-opus-4-8`"));
        };
        let usage = match self.usage {
            Consumed::Totals(totals) => totals.to_usage()?,
            Consumed::Classes(usage) => usage,
        };
        let mut context = PriceContext::standard();
        for (name, value) in &self.context {
            context.set(name, value);
        }
        let price = catalog.find(self.provider.as_deref(), model)?;
        let at = self.timestamp.unwrap_or(now);
        let charge = price.charge_known(&usage, at, &context)?;
        Ok(Quote { price, charge, snapshot: catalog.snapshot().to_string() })
    }
}

/// What one line of questions is answered with.
#[derive(Debug)]
pub struct Answer<'c> {
    /// The question's `id`.
    pub id: Option<serde_json::Value>,
    /// The amount, or why there is none.
    pub quote: Result<Quote<'c>>,
}

impl<'c> Answer<'c> {
    /// Answers a line of JSON. With `strict` what is in doubt is an error instead of a mark.
    pub fn to_line(line: &[u8], catalog: &'c Catalog, now: Timestamp, strict: bool) -> Self {
        let question: Question = match serde_json::from_slice(line) {
            Ok(question) => question,
            Err(error) => {
                let error =
                    Error::new(ErrorKind::InvalidArgument, format!("not a question: {error}"))
                        .hinted(
                            "a line has `provider`, `model`, `timestamp`, `usage` and `context`",
                        );
                return Self { id: None, quote: Err(error) };
            }
        };
        let quote = question.quote(catalog, now).and_then(|quote| {
            if strict {
                quote.refuse_doubts()?;
            }
            Ok(quote)
        });
        Self { id: question.id, quote }
    }
}

/// The [`Quote`], or `{"error": "…", "kind": "unpriced", "hint": "…"}`; `id` comes first.
impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        match &self.quote {
            Ok(quote) => quote.entries(&mut map)?,
            Err(error) => {
                map.serialize_entry("error", &error.to_string())?;
                map.serialize_entry("kind", error.kind().name())?;
                if let Some(hint) = error.hint() {
                    map.serialize_entry("hint", hint)?;
                }
            }
        }
        map.end()
    }
}

impl Quote<'_> {
    /// Whether anything about the amount is in doubt; see [`Self::refuse_doubts`].
    pub fn is_certain(&self) -> bool {
        self.refuse_doubts().is_ok()
    }

    /// An error where the amount is not beyond doubt: a part has no price, or the price is that
    /// of a model which this one only resembles.
    pub fn refuse_doubts(&self) -> Result<()> {
        let unpriced = |what: String| {
            Error::new(ErrorKind::Unpriced, what)
                .with("provider", self.price.provider().id())
                .with("model", self.price.model().id())
        };
        let ignored = self.charge.ignored();
        if let Some((name, value)) = ignored.context.iter().next() {
            return Err(unpriced(format!("no price for `{name}={value}`")));
        }
        if let Some((unit, _)) = ignored.units.first() {
            return Err(unpriced(format!("no price for `{unit}`")));
        }
        if !self.price.matched().exact {
            return Err(unpriced("the price list only has a model that resembles it".to_owned())
                .hinted("name the model as the price list does, or give it a price of its own"));
        }
        Ok(())
    }
}

/// `{"schema": 1, "usd": "0.0123", "classes": {"input": "0.01", …}, "price": {…}}`; what has no price is in
/// `ignored`, and `inexact` is true where no decimal is exact.
impl Serialize for Quote<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}

impl Quote<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> std::result::Result<(), M::Error> {
        #[derive(Serialize)]
        struct Price<'a> {
            provider: &'a str,
            model: &'a str,
            list: &'a str,
            snapshot: &'a str,
            matched_by: &'a str,
            pattern: &'a str,
            exact: bool,
        }
        #[derive(Serialize)]
        struct Ignored<'a> {
            context: &'a PriceContext,
            units: BTreeMap<&'static str, u64>,
        }
        let classes: ByClass = ByClass(
            self.charge.lines().iter().map(|l| (l.unit(), l.amount().to_string())).collect(),
        );
        let matched = self.price.matched();
        map.serialize_entry("schema", &1)?;
        map.serialize_entry("usd", &self.charge.usd().to_string())?;
        if !self.charge.is_exact() {
            map.serialize_entry("inexact", &true)?;
        }
        map.serialize_entry("classes", &classes)?;
        let ignored = self.charge.ignored();
        if !ignored.is_empty() {
            let units = ignored.units.iter().map(|(unit, count)| (unit.name(), *count)).collect();
            map.serialize_entry("ignored", &Ignored { context: &ignored.context, units })?;
        }
        map.serialize_entry(
            "price",
            &Price {
                provider: self.price.provider().id(),
                model: self.price.model().id(),
                list: self.price.list().id(),
                snapshot: &self.snapshot,
                matched_by: matched.rule.name(),
                pattern: matched.pattern,
                exact: matched.exact,
            },
        )
    }
}

/// Texts by class, in the order of classes.
struct ByClass(Vec<(Unit, String)>);

impl Serialize for ByClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(unit, text)| (unit.name(), text)))
    }
}
