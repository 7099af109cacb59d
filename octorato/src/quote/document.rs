//! Quotes and answers as JSON documents.

use std::collections::BTreeMap;

use octorato_core::{PriceContext, Unit, UnitKind};
use octorato_finops::price::{
    Applied, BookPrice, Bound, Certainty, Charge, PriceBook, Request, Term, WorstCase,
};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Answer, Estimate, Inside, Quote, Reply};

/// `{"schema": 1, "usd": "0.0123", "classes": {"input": "0.01", …}, "price": {…}}`
///
/// `complete` is false where something used is in no amount. What has no price is in `ignored`; `inexact` is true where no decimal is exact; `contracted` is
/// there where a contract or a discount applies; a response adds `usage`, `inside` and `unread`.
impl Serialize for Quote<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}

/// The [`Quote`] or [`Estimate`], or `{"error": "…", "kind": "unpriced", "hint": "…"}`; `id` comes first.
impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        match &self.reply {
            Ok(Reply::Quote(quote)) => quote.entries(&mut map)?,
            Ok(Reply::Estimate(estimate)) => estimate.entries(&mut map)?,
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
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let list = self.priced.list();
        map.serialize_entry("schema", &1)?;
        map.serialize_entry("usd", &list.usd().to_string())?;
        if !list.is_exact() {
            map.serialize_entry("inexact", &true)?;
        }
        map.serialize_entry("complete", &self.is_complete())?;
        if let Some(total) = self.total_usd().filter(|_| !self.inside.is_empty()) {
            map.serialize_entry("total_usd", &total.normalize().to_string())?;
        }
        map.serialize_entry("classes", &Classes(list))?;
        if !self.priced.applied().is_empty() {
            map.serialize_entry("contracted", &Contracted(self))?;
        }
        let ignored = list.ignored();
        if !ignored.is_empty() {
            let units = ignored.units.iter().map(|(unit, count)| (unit.name(), *count)).collect();
            map.serialize_entry("ignored", &Ignored { context: &ignored.context, units })?;
        }
        map.serialize_entry("price", &Price(&self.price, self.book))?;
        let Some(response) = &self.response else { return Ok(()) };
        map.serialize_entry("api_flavor", &response.flavor)?;
        map.serialize_entry("usage", &response.totals)?;
        if !response.context.is_standard() {
            map.serialize_entry("context", &response.context)?;
        }
        if !self.inside.is_empty() {
            map.serialize_entry("inside", &self.inside)?;
        }
        if !response.unread.is_empty() {
            map.serialize_entry("unread", &response.unread)?;
        }
        Ok(())
    }
}

/// `{"schema": 1, "worst_case": {"usd": "0.02", "max_output_tokens": 1000, "terms": […]}, …}`, or
/// `{"schema": 1, "worst_case": {"unbounded": ["…"]}, …}`; `request` is what was read of the body.
impl Serialize for Estimate<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}

impl Estimate<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("schema", &1)?;
        map.serialize_entry("worst_case", &Worst(&self.worst))?;
        map.serialize_entry("request", &Read(&self.request))?;
        map.serialize_entry("price", &Price(&self.price, self.book))
    }
}

struct Worst<'a>(&'a WorstCase);

impl Serialize for Worst<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            WorstCase::Bounded(bound) => {
                let terms: Vec<_> = bound.terms().iter().map(Part::from).collect();
                map.serialize_entry("usd", &usd(bound))?;
                map.serialize_entry("max_output_tokens", &bound.max_output_tokens())?;
                map.serialize_entry("terms", &terms)?;
                map.serialize_entry("rates_at", &bound.at())?;
                map.serialize_entry(
                    "rates_of",
                    if bound.is_agreed() { "contract" } else { "list" },
                )?;
                if !bound.context().is_standard() {
                    map.serialize_entry("context", bound.context())?;
                }
            }
            WorstCase::Unbounded(reasons) => map.serialize_entry("unbounded", reasons)?,
        }
        map.end()
    }
}

fn usd(bound: &Bound) -> String {
    bound.amount().to_string()
}

#[derive(Serialize)]
struct Part {
    bounds: &'static str,
    class: &'static str,
    count: u64,
    rate: String,
    per: u64,
    usd: String,
}

impl From<&Term> for Part {
    fn from(term: &Term) -> Self {
        let bounds = match term.kind {
            UnitKind::InputTokens => "input",
            UnitKind::OutputTokens => "output",
            _ => "count",
        };
        let (rate, usd) = (term.rate.to_string(), term.amount.to_string());
        Self { bounds, class: term.unit.name(), count: term.count, rate, per: term.per, usd }
    }
}

/// What of a request can change the bill.
struct Read<'a>(&'a Request);

impl Serialize for Read<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.0;
        let media: Vec<_> = request.media.iter().map(|media| media.modality.name()).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("text_bytes", &request.text_bytes)?;
        map.serialize_entry("overhead_tokens", &request.overhead_tokens)?;
        map.serialize_entry("media", &media)?;
        map.serialize_entry("hidden", &request.hidden)?;
        map.serialize_entry("rounds", &request.rounds)?;
        map.serialize_entry("answers", &request.answers)?;
        map.serialize_entry("max_output", &request.max_output)?;
        if !request.unknown_fields.is_empty() {
            map.serialize_entry("unknown_fields", &request.unknown_fields)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Ignored<'a> {
    context: &'a PriceContext,
    units: BTreeMap<&'static str, u64>,
}

/// Amounts by class, in the order of classes.
struct Classes<'a>(&'a Charge);

impl Serialize for Classes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lines = self.0.lines().iter();
        serializer
            .collect_map(lines.map(|line| (Unit::name(line.unit()), line.amount().to_string())))
    }
}

/// The agreed amount, and what made it so.
struct Contracted<'a>(&'a Quote<'a>);

impl Serialize for Contracted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let priced = &self.0.priced;
        let applied: Vec<_> = priced.applied().iter().map(Agreed::from).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("usd", &priced.contracted().usd().to_string())?;
        map.serialize_entry("classes", &Classes(priced.contracted()))?;
        map.serialize_entry("applied", &applied)?;
        map.end()
    }
}

#[derive(Serialize)]
struct Agreed {
    kind: &'static str,
    about: String,
    classes: Vec<&'static str>,
}

impl From<&Applied> for Agreed {
    fn from(applied: &Applied) -> Self {
        Self {
            kind: applied.kind.name(),
            about: applied.to_string(),
            classes: applied.units.iter().map(|unit| unit.name()).collect(),
        }
    }
}

/// The way to the price.
struct Price<'a>(&'a BookPrice<'a>, &'a PriceBook);

impl Serialize for Price<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(price, book) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("provider", price.provider())?;
        map.serialize_entry("model", price.entry())?;
        map.serialize_entry("snapshot", &book.catalog().snapshot().to_string())?;
        map.serialize_entry("price_book", &book.id().to_string())?;
        match price.listed() {
            Some(listed) => {
                let matched = listed.matched();
                map.serialize_entry("list", listed.list().id())?;
                map.serialize_entry("matched_by", matched.rule.name())?;
                map.serialize_entry("pattern", matched.pattern)?;
            }
            None => map.serialize_entry("matched_by", "own_model")?,
        }
        let certainty =
            price.listed().map_or(Certainty::Exact, |listed| listed.matched().certainty);
        map.serialize_entry("certainty", certainty.name())?;
        map.serialize_entry("exact", &price.is_exact())?;
        map.end()
    }
}

/// The quote with its kind before it, or why there is none.
impl Serialize for Inside<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", &self.kind)?;
        match &self.quote {
            Ok(quote) => quote.entries(&mut map)?,
            Err(error) => map.serialize_entry("error", error)?,
        }
        map.end()
    }
}
