//! Quotes and answers as JSON documents.

use std::collections::BTreeMap;

use octorato_core::{PriceContext, Unit};
use octorato_finops::price::{Applied, Charge};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Answer, Inside, Quote};

/// `{"schema": 1, "usd": "0.0123", "classes": {"input": "0.01", …}, "price": {…}}`
///
/// What has no price is in `ignored`; `inexact` is true where no decimal is exact; `contracted` is
/// there where a contract or a discount applies; a response adds `usage`, `inside` and `unread`.
impl Serialize for Quote<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}

/// The [`Quote`], or `{"error": "…", "kind": "unpriced", "hint": "…"}`; `id` comes first.
impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
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
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let list = self.priced.list();
        map.serialize_entry("schema", &1)?;
        map.serialize_entry("usd", &list.usd().to_string())?;
        if !list.is_exact() {
            map.serialize_entry("inexact", &true)?;
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
        map.serialize_entry("price", &Price(self))?;
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
struct Price<'a>(&'a Quote<'a>);

impl Serialize for Price<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Quote { price, book, .. } = self.0;
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
