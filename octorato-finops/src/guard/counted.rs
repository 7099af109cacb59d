//! What a call used, as far as it was told, and what that costs.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{
    Currency, Error, ErrorKind, ModelId, Money, PriceContext, ProviderId, RequestId, Result, Unit,
    Usage,
};
use serde_json::Value;

use super::quote::Subject;
use crate::ledger::{Metered, RequestKey};
use crate::price::{InsideUsage, PriceBook, ResponseUsage, UsageTotals};

/// What a call used, or what it cost.
///
/// ```
/// use octorato_core::{Unit, Usage};
/// use octorato_finops::guard::Counted;
///
/// let counted = Counted::usage(Usage::new().with(Unit::Input, 1_000).with(Unit::Output, 50))
///     .answered_by("claude-sonnet-4-5-20250929")
///     .named("req_011CVQ".into());
/// # let _ = counted;
/// ```
#[derive(Clone, Debug)]
pub struct Counted {
    what: What,
    model: Option<Box<str>>,
    provider: Option<Box<str>>,
    request: Option<RequestId>,
    is_estimate: bool,
}

#[derive(Clone, Debug)]
enum What {
    Amount(Money),
    Usage(Box<Used>),
}

#[derive(Clone, Debug)]
struct Used {
    usage: Usage,
    context: PriceContext,
    inside: Vec<InsideUsage>,
    unread: Vec<Box<str>>,
}

/// What was counted costs this.
#[derive(Debug)]
pub(super) struct Cost {
    pub(super) amount: Money,
    /// Why the amount is not all of it.
    pub(super) doubt: Option<Error>,
    pub(super) is_estimate: bool,
    pub(super) request: Option<RequestKey>,
    /// Whether the request was named, but not whose it is.
    pub(super) is_nobodys: bool,
    pub(super) metered: Option<Arc<Metered>>,
}

impl Counted {
    fn of(what: What) -> Self {
        Self { what, model: None, provider: None, request: None, is_estimate: false }
    }

    /// Exactly this much, in USD at list price.
    pub fn amount(amount: Money) -> Self {
        Self::of(What::Amount(amount))
    }

    /// Classes of which each token is in one.
    pub fn usage(usage: Usage) -> Self {
        let context = PriceContext::standard();
        Self::of(What::Usage(Box::new(Used {
            usage,
            context,
            inside: Vec::new(),
            unread: Vec::new(),
        })))
    }

    /// Totals as provider APIs report them; they may contradict each other
    /// ([`ErrorKind::InvalidUsage`]).
    pub fn totals(totals: &UsageTotals) -> Result<Self> {
        totals.to_usage().map(Self::usage)
    }

    /// What was read of a response.
    pub fn told(response: ResponseUsage) -> Result<Self> {
        let ResponseUsage { provider, model, totals, context, inside, unread, .. } = response;
        let used = Used { usage: totals.to_usage()?, context, inside, unread };
        Ok(Self { model, provider: Some(provider), ..Self::of(What::Usage(Box::new(used))) })
    }

    /// What the response of a provider tells, or the list of a stream's events: see
    /// [`UsageTotals::from_response`].
    pub fn response(provider: &str, flavor: Option<&str>, body: &Value) -> Result<Self> {
        Self::told(UsageTotals::from_response(provider, flavor, body)?)
    }

    /// The same, answered by this model; without it, it is the model that was asked.
    #[must_use]
    pub fn answered_by(mut self, model: &str) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The same, billed by this provider; without it, it is the one that was asked.
    #[must_use]
    pub fn billed_by(mut self, provider: &str) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// The same with a price variant, such as `service_tier=flex`.
    #[must_use]
    pub fn with_context(mut self, name: &str, value: &str) -> Self {
        if let What::Usage(used) = &mut self.what {
            used.context.set(name, value);
        }
        self
    }

    /// The same with the provider's name for the call, by which a log's copy of it is known.
    #[must_use]
    pub fn named(mut self, request: RequestId) -> Self {
        self.request = Some(request);
        self
    }

    /// The same as an estimate, which a log of the same request sets right.
    #[must_use]
    pub fn estimated(mut self) -> Self {
        self.is_estimate = true;
        self
    }

    /// What it costs at list price by the prices of `book`.
    pub(super) fn cost(&self, book: &PriceBook, subject: &Subject, at: Timestamp) -> Cost {
        let provider = subject.provider.as_deref().or(self.provider.as_deref());
        let mut cost = Cost {
            amount: NOTHING,
            doubt: None,
            is_estimate: self.is_estimate,
            request: self.request_key(provider),
            is_nobodys: self.request.is_some() && provider.is_none(),
            metered: None,
        };
        let used = match &self.what {
            What::Amount(amount) => {
                cost.amount = *amount;
                return cost;
            }
            What::Usage(used) => used,
        };
        let Some(model) = self.model.as_deref().or(subject.model.as_deref()) else {
            cost.doubt = Some(no_price("neither the call nor the response names a model"));
            return cost;
        };
        cost.metered = Some(Arc::new(Metered {
            provider: provider.map(ProviderId::from),
            model: ModelId::from(model),
            usage: used.usage,
            context: used.context.clone(),
            book: book.id().full().into(),
        }));
        let doubt = |cost: &mut Cost, error| _ = cost.doubt.get_or_insert(error);
        if let Err(error) = checked(&used.usage) {
            doubt(&mut cost, error);
            return cost;
        }
        if used.usage.is_zero() && used.inside.is_empty() {
            doubt(&mut cost, no_price("no usage was told"));
        }
        let parts = used.inside.iter().map(|inside| {
            let usage = inside.totals.to_usage();
            (inside.model.as_deref().unwrap_or(model), usage)
        });
        for (model, usage) in std::iter::once((model, Ok(used.usage))).chain(parts) {
            let (amount, why) = usage.map_or_else(
                |error| (NOTHING, Some(error)),
                |usage| part(book, provider, model, &usage, at, &used.context),
            );
            match cost.amount.checked_add(amount) {
                Ok(sum) => cost.amount = sum,
                Err(error) => doubt(&mut cost, error),
            }
            if let Some(error) = why {
                doubt(&mut cost, error);
            }
        }
        if let Some(place) = used.unread.first() {
            let what = format!("usage of an unknown kind in the response: `{place}`");
            doubt(&mut cost, no_price(what));
        }
        cost
    }

    fn request_key(&self, provider: Option<&str>) -> Option<RequestKey> {
        let provider = ProviderId::from(provider?);
        Some(RequestKey { provider, request: self.request.clone()? })
    }
}

const NOTHING: Money = Money::zero(Currency::USD);

/// The list cost of usage of one model, and why it is not all of it.
fn part(
    book: &PriceBook,
    provider: Option<&str>,
    model: &str,
    usage: &Usage,
    at: Timestamp,
    context: &PriceContext,
) -> (Money, Option<Error>) {
    let price = match book.find(provider, model) {
        Ok(price) => price,
        Err(error) => return (NOTHING, Some(error)),
    };
    match price.charge(usage, at, context) {
        Ok(priced) => (priced.list().booked(), None),
        Err(error) => match price.charge_known(usage, at, context) {
            Ok(priced) => (priced.list().booked(), Some(error)),
            Err(_) => (NOTHING, Some(error)),
        },
    }
}

/// Refuses classes of which a part is larger than its whole.
fn checked(usage: &Usage) -> Result<()> {
    let larger = |&(unit, count): &(Unit, u64)| unit.part_of().is_some_and(|of| count > usage[of]);
    match usage.iter().find(larger) {
        Some((unit, count)) => {
            let whole = unit.part_of().map_or("", Unit::name);
            Err(Error::new(ErrorKind::InvalidUsage, format!("more {unit} than {whole}: `{count}`")))
        }
        None => Ok(()),
    }
}

fn no_price(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unpriced, what)
}
