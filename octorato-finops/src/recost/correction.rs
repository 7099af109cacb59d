//! One correction, and its line in a file.

use std::collections::BTreeMap;

use octorato_core::{ArmId, Currency, Error, ErrorKind, Money, Result, Unit};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::event_key::EventKey;

/// Amounts by unit, in the order of units, in USD; none of them is nothing.
pub type Classes = Vec<(Unit, Money)>;

/// What one request costs more, or less, by other prices than was said.
///
/// It says which amounts it corrects. The list part holds wherever a book says the same list cost
/// of the request, class by class, and the contracted part wherever a book says the same contracted
/// cost, whatever else that book has: see [`Before`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Line")]
pub struct Correction {
    /// The request; where several look the same, all of them together.
    pub event: EventKey,
    /// Whose it was when the correction was made.
    pub arm: Option<ArmId>,
    /// The id of the price book that said the amounts before, all digits: evidence.
    pub from: String,
    /// The id of the price book by which it is right, all digits: evidence.
    pub to: String,
    /// The amounts that are corrected.
    pub before: Before,
    /// How many of the requests get a price by it; fewer than none where an earlier correction is
    /// taken back.
    pub priced: i64,
    /// What is to be added to the list cost of each class, in USD.
    pub classes: Classes,
    /// What is to be added to the contracted cost, in USD.
    pub contracted_cost: Money,
    /// Why, for whoever asks later.
    pub reason: Option<String>,
}

/// What a price book says of a request without any correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// How many requests look the same: mostly one.
    pub requests: u64,
    /// How many of them have a price.
    pub priced: u64,
    /// The list cost by class.
    pub list: Classes,
    /// The contracted cost, in USD.
    pub contracted: Money,
}

impl Correction {
    /// What is to be added to the list cost, in USD.
    pub fn list_cost(&self) -> Result<Money> {
        sum(&self.classes)
    }

    /// Whether the list part corrects what a book says now.
    pub(super) fn holds_for_list(&self, now: &Before) -> bool {
        self.is_of_as_many(now) && self.before.list == now.list
    }

    /// Whether the contracted part corrects what a book says now.
    pub(super) fn holds_for_contracted(&self, now: &Before) -> bool {
        self.is_of_as_many(now) && self.before.contracted == now.contracted
    }

    fn is_of_as_many(&self, now: &Before) -> bool {
        (self.before.requests, self.before.priced) == (now.requests, now.priced)
    }
}

fn sum(classes: &[(Unit, Money)]) -> Result<Money> {
    Money::sum(Currency::USD, classes.iter().map(|(_, amount)| *amount))
}

/// A correction as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    schema: u32,
    event: EventKey,
    arm: Option<ArmId>,
    from: String,
    to: String,
    requests: u64,
    priced_before: u64,
    list_before: BTreeMap<String, String>,
    contracted_before: String,
    priced: i64,
    classes: BTreeMap<String, String>,
    list_cost: String,
    contracted_cost: String,
    reason: Option<String>,
}

/// The version of the line.
const SCHEMA: u32 = 1;

impl TryFrom<Line> for Correction {
    type Error = Error;

    fn try_from(line: Line) -> Result<Self> {
        if line.schema != SCHEMA {
            return Err(refused(format!("schema {} is not known", line.schema)));
        }
        let correction = Self {
            event: line.event,
            arm: line.arm,
            from: line.from,
            to: line.to,
            before: Before {
                requests: line.requests,
                priced: line.priced_before,
                list: classes(&line.list_before)?,
                contracted: amount(&line.contracted_before)?,
            },
            priced: line.priced,
            classes: classes(&line.classes)?,
            contracted_cost: amount(&line.contracted_cost)?,
            reason: line.reason,
        };
        if correction.list_cost()? != amount(&line.list_cost)? {
            return Err(refused("the classes do not add up to the list cost".to_owned()));
        }
        Ok(correction)
    }
}

fn classes(written: &BTreeMap<String, String>) -> Result<Classes> {
    let mut classes = Vec::new();
    for (name, text) in written {
        let unit =
            Unit::from_name(name).ok_or_else(|| refused(format!("no such class: `{name}`")))?;
        classes.push((unit, amount(text)?));
    }
    classes.sort_unstable_by_key(|(unit, _)| *unit);
    Ok(classes)
}

fn amount(text: &str) -> Result<Money> {
    Money::parse(text, Currency::USD)
}

fn refused(why: String) -> Error {
    Error::new(ErrorKind::Data, why)
}

impl Serialize for Correction {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        struct ByName<'a>(&'a [(Unit, Money)]);
        impl Serialize for ByName<'_> {
            fn serialize<S: Serializer>(
                &self,
                serializer: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(unit, amount)| (unit.name(), amount)))
            }
        }
        let list_cost = self.list_cost().map_err(serde::ser::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", &SCHEMA)?;
        map.serialize_entry("event", &self.event)?;
        map.serialize_entry("arm", &self.arm)?;
        map.serialize_entry("from", &self.from)?;
        map.serialize_entry("to", &self.to)?;
        map.serialize_entry("requests", &self.before.requests)?;
        map.serialize_entry("priced_before", &self.before.priced)?;
        map.serialize_entry("list_before", &ByName(&self.before.list))?;
        map.serialize_entry("contracted_before", &self.before.contracted)?;
        map.serialize_entry("priced", &self.priced)?;
        map.serialize_entry("classes", &ByName(&self.classes))?;
        map.serialize_entry("list_cost", &list_cost)?;
        map.serialize_entry("contracted_cost", &self.contracted_cost)?;
        map.serialize_entry("reason", &self.reason)?;
        map.end()
    }
}
