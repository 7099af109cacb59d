//! What a call can cost at most, and with how much output it would fit.

use jiff::Timestamp;
use octorato_core::{Currency, Error, ErrorKind, ModelId, Money, Result};

use super::call::Asked;
use crate::price::{PriceBook, Request, WorstCase};

/// The most that a call can cost.
#[derive(Clone, Debug)]
pub(super) struct Quote {
    pub(super) amount: Money,
    /// The limit of output with which it may be sent; nothing where none is known.
    pub(super) max_output_tokens: Option<u64>,
    /// Why the amount is no bound, where it is none.
    pub(super) doubt: Option<Doubt>,
    pub(super) subject: Subject,
}

/// Why a call is not bounded by an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// Its model, or the way in which it is used, has no price: what it costs is in no balance.
    NoPrice,
    /// There is no most that it can cost; what it did cost is booked as of any other call.
    NoBound,
}

/// What a price depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub(super) provider: Option<Box<str>>,
    pub(super) model: Option<Box<str>>,
    /// The entry of the price list.
    pub(super) entry: Option<ModelId>,
    pub(super) request: Option<Request>,
}

/// What [`Quote::of`] finds.
pub(super) enum Found {
    Bounded(Quote),
    /// No price; and what is held for it where that is allowed.
    Unpriced(Error, Quote),
    /// No bound, for these reasons.
    Unbounded(Vec<String>, Quote),
}

const NOTHING: Money = Money::zero(Currency::USD);

impl Quote {
    /// The most that `asked` can cost if it is sent at `at`.
    pub(super) fn of(book: &PriceBook, asked: &Asked, at: Timestamp) -> Result<Found> {
        let (provider, model, request) = match asked {
            Asked::AtMost { amount, max_output_tokens, model, provider } => {
                let (model, provider) = (model.as_deref(), provider.as_deref());
                let quote = at_most(book, *amount, *max_output_tokens, model, provider);
                return Ok(Found::Bounded(quote));
            }
            Asked::Request { provider, model, request } => {
                (provider.clone(), Some(model.clone()), Request::clone(request))
            }
            Asked::Body { provider, model, .. } => {
                let request = read(asked, provider)?;
                let model = model.clone().or_else(|| request.model.clone());
                (Some(provider.clone()), model, request)
            }
        };
        let Some(model) = model else {
            return Err(Error::new(ErrorKind::InvalidArgument, "the request names no model")
                .hinted("name it, such as `claude-opus-4-8`"));
        };
        let mut subject =
            Subject { provider, model: Some(model.clone()), entry: None, request: Some(request) };
        let price = match book.find(subject.provider.as_deref(), &model) {
            Ok(price) => price,
            Err(error) if error.kind() == ErrorKind::Unpriced => {
                return Ok(Found::Unpriced(error, subject.without_amount(Doubt::NoPrice)));
            }
            Err(error) => return Err(error),
        };
        subject.entry = Some(price.entry().into());
        // A provider's rules are known by its id, and it may be asked for by another spelling.
        if matches!(asked, Asked::Body { provider, .. } if **provider != *price.provider()) {
            subject.request = Some(read(asked, price.provider())?);
        }
        subject.provider = Some(price.provider().into());
        let Some(request) = &subject.request else { return Err(no_request()) };
        match price.worst_case(at, request) {
            Ok(WorstCase::Bounded(bound)) => Ok(Found::Bounded(Self {
                amount: bound.amount(),
                max_output_tokens: Some(request.max_output.unwrap_or(bound.max_output_tokens())),
                doubt: None,
                subject,
            })),
            Ok(WorstCase::Unbounded(reasons)) => {
                Ok(Found::Unbounded(reasons, subject.without_amount(Doubt::NoBound)))
            }
            Err(error) if error.kind() == ErrorKind::Unpriced => {
                Ok(Found::Unpriced(error, subject.without_amount(Doubt::NoPrice)))
            }
            Err(error) => Err(error),
        }
    }

    /// The same call with at most `tokens` of output.
    pub(super) fn with_output(&self, book: &PriceBook, at: Timestamp, tokens: u64) -> Result<Self> {
        let Subject { provider, model, request, .. } = &self.subject;
        let (Some(model), Some(request)) = (model, request) else { return Err(no_request()) };
        let request = Request { max_output: Some(tokens), ..request.clone() };
        let price = book.find(provider.as_deref(), model)?;
        let WorstCase::Bounded(bound) = price.worst_case(at, &request)? else {
            return Err(no_request());
        };
        Ok(Self {
            amount: bound.amount(),
            max_output_tokens: Some(tokens),
            doubt: None,
            subject: Subject { request: Some(request), ..self.subject.clone() },
        })
    }

    /// The call with the largest limit of output with which it costs at most `left`; nothing where
    /// even one without output costs more, or where less output makes it no cheaper.
    pub(super) fn within(&self, book: &PriceBook, at: Timestamp, left: Money) -> Option<Self> {
        let most = self.max_output_tokens.filter(|_| self.doubt.is_none())?;
        let fits = |tokens: u64| {
            let quote = self.with_output(book, at, tokens).ok()?;
            (quote.amount.pico() <= left.pico()).then_some(quote)
        };
        // The amount grows with the output: the last that fits lies in [low, high).
        let (mut low, mut high, mut best) = (1, most, fits(1)?);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match fits(middle) {
                Some(quote) => (low, best) = (middle, quote),
                None => high = middle,
            }
        }
        Some(best)
    }
}

impl Subject {
    /// Nothing is held for it.
    fn without_amount(self, doubt: Doubt) -> Quote {
        let max_output_tokens = self.request.as_ref().and_then(|request| request.max_output);
        Quote { amount: NOTHING, max_output_tokens, doubt: Some(doubt), subject: self }
    }
}

fn at_most(
    book: &PriceBook,
    amount: Money,
    max_output_tokens: u64,
    model: Option<&str>,
    provider: Option<&str>,
) -> Quote {
    let mut subject = Subject {
        provider: provider.map(Into::into),
        model: model.map(Into::into),
        ..Subject::default()
    };
    if let Some(Ok(price)) = model.map(|model| book.find(provider, model)) {
        subject.entry = Some(price.entry().into());
        subject.provider = Some(price.provider().into());
    }
    Quote { amount, max_output_tokens: Some(max_output_tokens), doubt: None, subject }
}

fn read(asked: &Asked, provider: &str) -> Result<Request> {
    let Asked::Body { flavor, bytes, context, .. } = asked else { return Err(no_request()) };
    let mut request = Request::from_bytes(provider, flavor.as_deref(), bytes)?;
    for (name, value) in context.iter() {
        request.context.set(name, value);
    }
    Ok(request)
}

fn no_request() -> Error {
    Error::new(ErrorKind::InvalidArgument, "nothing is known of the request")
        .hinted("reserve with its body or its tokens")
}
