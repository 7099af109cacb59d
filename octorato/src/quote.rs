//! What a given usage costs, for whoever asks with numbers or a response instead of logs.

mod bound;
mod document;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use octorato_core::{Error, ErrorKind, PriceContext, Result, Unit, Usage};
use octorato_finops::price::{BookPrice, PriceBook, Priced, ResponseUsage, UsageTotals};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

pub use bound::Estimate;

/// A question: so much of a model, at a time.
///
/// As JSON it is a line of `octorato price --batch -`. What was used is either `usage`, inclusive
/// totals as provider APIs report them, or `body`, a response as the provider sent it. A `request`
/// that is not sent yet is answered with the most that it can cost: see [`Self::estimate`].
///
/// ```
/// use octorato::finops::price::PriceBook;
/// use octorato::quote::Question;
///
/// let question: Question = serde_json::from_str(
///     r#"{"provider": "anthropic", "model": "claude-sonnet-4-5", "timestamp": "2026-11-20T12:00:00Z",
///         "usage": {"input_tokens": 1000, "cache_read_tokens": 400, "output_tokens": 50}}"#,
/// )?;
/// let quote = question.quote(PriceBook::builtin(), "2026-11-23T00:00:00Z".parse()?)?;
/// assert_eq!(quote.usd().to_string(), "0.00267"); // 600 x 3 + 400 x 0.3 + 50 x 15 per million
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Comes back with the answer; any JSON.
    pub id: Option<Value>,
    /// Who bills; inferred from the model's name where it is not given. A `body` needs it.
    pub provider: Option<String>,
    /// The model's name; the one that the `body` names where it is not given.
    pub model: Option<String>,
    /// When the request was made; the time of asking where it is not given.
    #[serde(default, deserialize_with = "instant")]
    pub timestamp: Option<Timestamp>,
    /// What was used.
    pub usage: Option<Consumed>,
    /// The provider's response, of which the usage is read.
    pub body: Option<Value>,
    /// The body of a request that is not sent yet.
    pub request: Option<Box<RawValue>>,
    /// The form of the API that the `body` or the `request` is of, such as `responses`; told from
    /// it where it is not given.
    pub api_flavor: Option<String>,
    /// What selects a price variant, such as `service_tier` and `flex`; wins over what the `body`
    /// or the `request` says.
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

impl From<UsageTotals> for Consumed {
    fn from(totals: UsageTotals) -> Self {
        Self::Totals(totals)
    }
}

/// The answer: an amount and what it is made of.
#[derive(Clone, Debug)]
pub struct Quote<'b> {
    /// The price that the model's name led to.
    pub price: BookPrice<'b>,
    /// What the usage costs by it, at list price and as it was agreed. What has no price is named
    /// in [`Charge::ignored`](octorato_finops::price::Charge::ignored).
    pub priced: Priced,
    /// Whose prices they are.
    pub book: &'b PriceBook,
    /// What was read of a response.
    pub response: Option<ResponseUsage>,
    /// Requests inside of the request, billed beside it.
    pub inside: Vec<Inside<'b>>,
}

/// A request that a provider made inside of a request.
#[derive(Clone, Debug)]
pub struct Inside<'b> {
    /// What it was for, such as `advisor_message`.
    pub kind: Box<str>,
    /// What it costs, or why that is not known.
    pub quote: Result<Box<Quote<'b>>, String>,
}

impl Question {
    /// The answer by the prices of `book`.
    ///
    /// Parts without a price are left out and named in the answer; see [`Quote::refuse_doubts`].
    pub fn quote<'b>(&self, book: &'b PriceBook, now: Timestamp) -> Result<Quote<'b>> {
        if self.request.is_some() {
            return Err(Error::new(ErrorKind::InvalidArgument, "a request that is not sent yet")
                .hinted("ask for the most that it can cost, without what was used"));
        }
        let response = self.response()?;
        let named = response.as_ref().and_then(|response| response.model.as_deref());
        let Some(model) = self.model.as_deref().or(named) else {
            let (kind, message) = match response {
                Some(_) => (ErrorKind::Unpriced, "the response names no model"),
                None => (ErrorKind::InvalidArgument, "no model is named"),
            };
            return Err(Error::new(kind, message).hinted("add `model`, such as `claude-opus-4-8`"));
        };
        let usage = match (&response, &self.usage) {
            (Some(_), Some(_)) => {
                return Err(Error::new(ErrorKind::InvalidArgument, "both `usage` and `body`")
                    .hinted("give one of them"));
            }
            (Some(response), None) => response.totals.to_usage()?,
            (None, Some(Consumed::Totals(totals))) => totals.to_usage()?,
            (None, Some(Consumed::Classes(usage))) => checked(usage)?,
            (None, None) => {
                return Err(Error::new(ErrorKind::InvalidArgument, "nothing says what was used")
                    .hinted("add `usage` with counts, or `body` with the provider's response"));
            }
        };
        let mut context = match &response {
            Some(response) => response.context.clone(),
            None => PriceContext::standard(),
        };
        for (name, value) in &self.context {
            context.set(name, value);
        }
        let price = book.find(self.provider.as_deref(), model)?;
        let priced = price.charge_known(&usage, self.timestamp.unwrap_or(now), &context)?;
        let inside = response.iter().flat_map(|response| &response.inside).map(|inside| {
            let question = Self {
                provider: self.provider.clone(),
                model: inside.model.as_deref().map(str::to_owned),
                timestamp: self.timestamp,
                usage: Some(inside.totals.into()),
                context: self.context.clone(),
                ..Self::default()
            };
            let quote = question.quote(book, now).map(Box::new).map_err(|error| error.to_string());
            Inside { kind: inside.kind.clone(), quote }
        });
        let inside = inside.collect();
        Ok(Quote { price, priced, book, response, inside })
    }

    fn response(&self) -> Result<Option<ResponseUsage>> {
        let Some(body) = &self.body else {
            return match self.api_flavor {
                Some(_) => {
                    Err(Error::new(ErrorKind::InvalidArgument, "`api_flavor` without `body`")
                        .hinted("it says how a response is to be read"))
                }
                None => Ok(None),
            };
        };
        let Some(provider) = &self.provider else {
            return Err(Error::new(ErrorKind::InvalidArgument, "a response of no provider")
                .hinted("add `provider`: each provider counts in a way of its own"));
        };
        UsageTotals::from_response(provider, self.api_flavor.as_deref(), body).map(Some)
    }
}

/// Classes of which no part is larger than its whole.
fn checked(usage: &Usage) -> Result<Usage> {
    let larger = |&(unit, count): &(Unit, u64)| unit.part_of().is_some_and(|of| count > usage[of]);
    match usage.iter().find(larger) {
        Some((unit, count)) => {
            let whole = unit.part_of().map_or("", Unit::name);
            Err(Error::new(ErrorKind::InvalidUsage, format!("more {unit} than {whole}: `{count}`"))
                .hinted(format!("{whole} includes {unit}")))
        }
        None => Ok(*usage),
    }
}

/// A time, or a day in UTC, which begins at midnight.
fn instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let midnight = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    match text.parse() {
        Ok(at) => Ok(Some(at)),
        Err(error) => midnight().map(|day| Some(day.timestamp())).ok_or_else(|| {
            serde::de::Error::custom(format!("not a time such as `2026-11-20T12:00:00Z`: {error}"))
        }),
    }
}

impl Quote<'_> {
    /// Whether everything that was used is in the amount, as far as can be told.
    pub fn is_complete(&self) -> bool {
        self.priced.list().ignored().is_empty()
            && self.response.as_ref().is_none_or(|response| response.unread.is_empty())
            && self.inside.iter().all(|inside| inside.quote.as_ref().is_ok_and(|q| q.is_complete()))
    }

    /// The list cost together with that of what is [inside](Self::inside); nothing where a part of
    /// it has no price or the sum is out of range.
    pub fn total_usd(&self) -> Option<Decimal> {
        self.inside.iter().try_fold(self.usd(), |sum, inside| {
            sum.checked_add(inside.quote.as_ref().ok()?.total_usd()?)
        })
    }

    /// The list cost in US dollars, without what is [inside](Self::inside): see
    /// [`Charge::usd`](octorato_finops::price::Charge::usd).
    pub fn usd(&self) -> Decimal {
        self.priced.list().usd()
    }

    /// An error where the amount is not beyond doubt: a part has no price, or the price is that
    /// of a model which this one only resembles.
    pub fn refuse_doubts(&self) -> Result<()> {
        let unpriced = |what: String| {
            Error::new(ErrorKind::Unpriced, what)
                .with("provider", self.price.provider())
                .with("model", self.price.entry())
        };
        let ignored = self.priced.list().ignored();
        if let Some((name, value)) = ignored.context.iter().next() {
            return Err(unpriced(format!("no price for `{name}={value}`")));
        }
        if let Some((unit, _)) = ignored.units.first() {
            return Err(unpriced(format!("no price for `{unit}`")));
        }
        refuse_similar(&self.price)?;
        if let Some(place) = self.response.iter().flat_map(|response| &response.unread).next() {
            return Err(unpriced(format!("usage of an unknown kind in the response: `{place}`")));
        }
        for Inside { kind, quote } in &self.inside {
            match quote {
                Ok(quote) => quote.refuse_doubts()?,
                Err(error) => return Err(unpriced(format!("no price inside, {kind}: {error}"))),
            }
        }
        Ok(())
    }
}

/// An error where the price is that of a model which this one only resembles.
fn refuse_similar(price: &BookPrice<'_>) -> Result<()> {
    if price.is_exact() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unpriced, "the price list only has a model that resembles it")
        .with("provider", price.provider())
        .with("model", price.entry())
        .hinted("name the model as the price list does, or give it a price of its own"))
}

/// What one line of questions is answered with.
#[derive(Debug)]
pub struct Answer<'b> {
    /// The question's `id`.
    pub id: Option<Value>,
    /// The amount, or why there is none.
    pub reply: Result<Reply<'b>>,
}

/// An answer with an amount.
#[derive(Clone, Debug)]
pub enum Reply<'b> {
    /// What the usage costs.
    Quote(Box<Quote<'b>>),
    /// The most that the request can cost.
    Estimate(Box<Estimate<'b>>),
}

impl Reply<'_> {
    /// Whether everything is in the amount: see [`Quote::is_complete`].
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Quote(quote) => quote.is_complete(),
            Self::Estimate(_) => true,
        }
    }
}

impl<'b> Answer<'b> {
    /// Answers a line of JSON. With `strict` what is in doubt is an error instead of a mark.
    pub fn to_line(line: &[u8], book: &'b PriceBook, now: Timestamp, strict: bool) -> Self {
        let question = match parse(line) {
            Ok(question) => question,
            Err(error) => return Self { id: None, reply: Err(error) },
        };
        let reply = question.reply(book, now, strict);
        Self { id: question.id, reply }
    }
}

impl Question {
    fn reply<'b>(&self, book: &'b PriceBook, now: Timestamp, strict: bool) -> Result<Reply<'b>> {
        if self.request.is_some() {
            let estimate = self.estimate(book, now)?;
            if strict {
                estimate.refuse_doubts()?;
            }
            return Ok(Reply::Estimate(Box::new(estimate)));
        }
        let quote = self.quote(book, now)?;
        if strict {
            quote.refuse_doubts()?;
        }
        Ok(Reply::Quote(Box::new(quote)))
    }
}

fn parse(line: &[u8]) -> Result<Question> {
    let refused = |message: String| {
        Error::new(ErrorKind::InvalidArgument, message).hinted(
            "a line has `provider`, `model`, `timestamp`, `usage` (or `body`, or `request`) and `context`",
        )
    };
    if line.is_empty() {
        return Err(refused("an empty line".to_owned()));
    }
    let mut json = serde_json::Deserializer::from_slice(line);
    let question: Question = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = match error.path().to_string() {
            path if path == "." => String::new(),
            path => format!("{path}: "),
        };
        refused(format!("not a question: {place}{}", error.inner()))
    })?;
    json.end().map_err(|error| refused(format!("more than one question in a line: {error}")))?;
    Ok(question)
}
