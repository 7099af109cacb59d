//! Old requests restated under other prices: corrections beside what was said, never in its place.
//!
//! A report prices requests by one [`PriceBook`]. When newer prices turn out to be right for the
//! past as well, [`recost`] says for each request what changes. Each [`Correction`] names both books,
//! so that the amount before, the amount after and the reason stay visible.

use std::collections::hash_map::{Entry, HashMap};

use jiff::Timestamp;
use octorato_core::{
    ArmId, Arms, Attribution, Currency, Error, ErrorKind, MessageId, ModelId, Money, ProviderId,
    Result, Unit, UsageEvent,
};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::attribute::Resolver;
use crate::logs::Reading;
use crate::price::PriceBook;
use crate::report::Query;

/// Which request is meant: what stays the same when its transcripts are moved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventKey {
    /// The reader that found it, such as `claude-code`.
    pub reader: String,
    /// The provider's message id, where the log has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The model as the log names it; an advisor's request has the message id of its caller's.
    pub model: ModelId,
    /// When it was made.
    pub at: Timestamp,
    /// All its tokens: a correction is about what was counted when it was made.
    pub tokens: u128,
    /// Its file and line, where the log has no message id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl From<&UsageEvent> for EventKey {
    fn from(event: &UsageEvent) -> Self {
        let evidence = &event.evidence;
        Self {
            reader: evidence.reader.to_owned(),
            message: evidence.message.clone(),
            model: event.model.clone(),
            at: event.at,
            tokens: event.usage.tokens(),
            place: match evidence.message {
                Some(_) => None,
                None => Some(format!("{}:{}", evidence.file.display(), evidence.line)),
            },
        }
    }
}

/// What one request costs more, or less, by other prices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Line")]
pub struct Correction {
    /// The request.
    pub event: EventKey,
    /// Whose it was when the correction was made.
    pub arm: Option<ArmId>,
    /// The id of the price book whose amounts are corrected, all digits.
    pub from: String,
    /// The id of the price book by which it is right, all digits.
    pub to: String,
    /// What is to be added to the list cost of each class, in USD.
    pub classes: Vec<(Unit, Money)>,
    /// What is to be added to the contracted cost, in USD.
    pub contracted_cost: Money,
    /// Whether the request had no price before.
    pub was_unpriced: bool,
    /// Why, for whoever asks later.
    pub reason: Option<String>,
}

impl Correction {
    /// What is to be added to the list cost, in USD.
    pub fn list_cost(&self) -> Result<Money> {
        Money::sum(Currency::USD, self.classes.iter().map(|(_, amount)| *amount))
    }
}

/// The corrections that were made, by request.
#[derive(Clone, Debug, Default)]
pub struct Corrections(HashMap<EventKey, Vec<Correction>>);

impl Corrections {
    /// All of some corrections, in the order in which they were made.
    pub fn new(made: impl IntoIterator<Item = Correction>) -> Self {
        let mut by_event: HashMap<EventKey, Vec<Correction>> = HashMap::new();
        for correction in made {
            by_event.entry(correction.event.clone()).or_default().push(correction);
        }
        Self(by_event)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of a request that correct the amounts of the book with this id (all digits).
    pub fn of<'a>(
        &'a self,
        event: &UsageEvent,
        book: &'a str,
    ) -> impl Iterator<Item = &'a Correction> {
        let made = if self.0.is_empty() { None } else { self.0.get(&EventKey::from(event)) };
        made.into_iter().flatten().filter(move |correction| correction.from == book)
    }
}

/// What a restatement changes.
#[derive(Clone, Debug, Default)]
pub struct Recost {
    /// One per request whose amount is another.
    pub corrections: Vec<Correction>,
    /// How many requests stay as they are.
    pub unchanged: u64,
    /// How many requests have a price now and would have none: they stay as they are, since no
    /// price is no amount.
    pub lost: u64,
    /// How many requests have no price by either book.
    pub unpriced: u64,
}

/// Restates the requests that `query` selects, which were priced by `from` and corrected by
/// `earlier`, under the prices of `to`. Restating twice changes nothing the second time.
pub fn recost(
    reading: &Reading,
    arms: &Arms,
    resolver: &mut Resolver<'_>,
    (from, to): (&PriceBook, &PriceBook),
    earlier: &Corrections,
    query: &Query,
) -> Result<Recost> {
    let attributions = resolver.resolve(&reading.events);
    let (from_id, to_id) = (from.id().full(), to.id().full());
    let mut recost = Recost::default();
    for (arm, events) in requests(reading, &attributions, arms, query) {
        let Some(first) = events.first() else { continue };
        let mut stated = Stated::by(from, &events)?;
        for correction in earlier.of(first, &from_id) {
            stated.add(correction)?;
        }
        let after = Stated::by(to, &events)?;
        if after.priced < stated.priced {
            recost.lost += 1;
            continue;
        }
        if after.priced == 0 {
            recost.unpriced += 1;
            continue;
        }
        let classes = after.less(&stated)?;
        let contracted_cost = after.contracted.checked_sub(stated.contracted)?;
        let was_unpriced = stated.priced < after.priced;
        if classes.is_empty() && contracted_cost.is_zero() && !was_unpriced {
            recost.unchanged += 1;
            continue;
        }
        recost.corrections.push(Correction {
            event: (*first).into(),
            arm: arm.cloned(),
            from: from_id.clone(),
            to: to_id.clone(),
            classes,
            contracted_cost,
            was_unpriced,
            reason: None,
        });
    }
    Ok(recost)
}

/// The requests that a query selects, each with its arm and its events: mostly one.
fn requests<'e>(
    reading: &'e Reading,
    attributions: &'e [Attribution],
    arms: &Arms,
    query: &Query,
) -> Vec<(Option<&'e ArmId>, Vec<&'e UsageEvent>)> {
    let mut places: HashMap<EventKey, usize> = HashMap::new();
    let mut requests: Vec<(Option<&ArmId>, Vec<&UsageEvent>)> = Vec::new();
    for (event, attribution) in reading.events.iter().zip(attributions) {
        let client = attribution.arm.as_ref().and_then(|arm| arms.arm(arm)).map(|arm| &arm.client);
        if !query.period.contains(event.at) || !query.wants(attribution, client) {
            continue;
        }
        match places.entry(EventKey::from(event)) {
            Entry::Occupied(place) => requests[*place.get()].1.push(event),
            Entry::Vacant(place) => {
                place.insert(requests.len());
                requests.push((attribution.arm.as_ref(), vec![event]));
            }
        }
    }
    requests
}

/// What has been said of a request's cost.
struct Stated {
    /// How many of its events have a price.
    priced: usize,
    classes: [Money; Unit::COUNT],
    contracted: Money,
}

impl Stated {
    /// What a book says.
    fn by(book: &PriceBook, events: &[&UsageEvent]) -> Result<Self> {
        let nothing = Money::zero(Currency::USD);
        let mut stated = Self { priced: 0, classes: [nothing; Unit::COUNT], contracted: nothing };
        for event in events {
            let provider = event.provider.as_ref().map(ProviderId::as_str);
            let priced = book
                .find(provider, event.model.as_str())
                .and_then(|price| price.charge(&event.usage, event.at, &event.context));
            let Ok(priced) = priced else { continue };
            stated.priced += 1;
            for line in priced.list().lines() {
                stated.add_class(line.unit(), line.booked())?;
            }
            let contracted = priced.contracted().booked();
            stated.contracted = stated.contracted.checked_add(contracted)?;
        }
        Ok(stated)
    }

    fn add(&mut self, correction: &Correction) -> Result<()> {
        self.priced += usize::from(correction.was_unpriced);
        for &(unit, amount) in &correction.classes {
            self.add_class(unit, amount)?;
        }
        self.contracted = self.contracted.checked_add(correction.contracted_cost)?;
        Ok(())
    }

    fn add_class(&mut self, unit: Unit, amount: Money) -> Result<()> {
        let class = &mut self.classes[unit as usize];
        *class = class.checked_add(amount)?;
        Ok(())
    }

    /// What is to be added to `other` so that it becomes this.
    fn less(&self, other: &Self) -> Result<Vec<(Unit, Money)>> {
        let mut differences = Vec::new();
        for &unit in Unit::ALL {
            let at = unit as usize;
            let difference = self.classes[at].checked_sub(other.classes[at])?;
            if !difference.is_zero() {
                differences.push((unit, difference));
            }
        }
        Ok(differences)
    }
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
    classes: std::collections::BTreeMap<String, String>,
    list_cost: String,
    contracted_cost: String,
    #[serde(default)]
    was_unpriced: bool,
    reason: Option<String>,
}

/// The version of the line.
const SCHEMA: u32 = 1;

impl TryFrom<Line> for Correction {
    type Error = Error;

    fn try_from(line: Line) -> Result<Self> {
        let refuse = |why: String| Error::new(ErrorKind::Data, why);
        if line.schema != SCHEMA {
            return Err(refuse(format!("schema {} is not known", line.schema)));
        }
        let amount = |text: &str| Money::parse(text, Currency::USD);
        let mut classes = Vec::new();
        for (name, text) in &line.classes {
            let unit =
                Unit::from_name(name).ok_or_else(|| refuse(format!("no such class: `{name}`")))?;
            classes.push((unit, amount(text)?));
        }
        classes.sort_unstable_by_key(|(unit, _)| *unit);
        let correction = Self {
            event: line.event,
            arm: line.arm,
            from: line.from,
            to: line.to,
            classes,
            contracted_cost: amount(&line.contracted_cost)?,
            was_unpriced: line.was_unpriced,
            reason: line.reason,
        };
        if correction.list_cost()? != amount(&line.list_cost)? {
            return Err(refuse("the classes do not add up to the list cost".to_owned()));
        }
        Ok(correction)
    }
}

impl Serialize for Correction {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        struct Classes<'a>(&'a [(Unit, Money)]);
        impl Serialize for Classes<'_> {
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
        map.serialize_entry("classes", &Classes(&self.classes))?;
        map.serialize_entry("list_cost", &list_cost)?;
        map.serialize_entry("contracted_cost", &self.contracted_cost)?;
        map.serialize_entry("was_unpriced", &self.was_unpriced)?;
        map.serialize_entry("reason", &self.reason)?;
        map.end()
    }
}
