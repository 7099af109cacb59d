//! A request that logs tell of, as a ledger books it.

use std::sync::Arc;

use octorato_core::{Arms, Attribution, ModelId, Money, UsageEvent};

use super::gather::{Request, Stored};
use crate::ledger::{Append, Metered, Origin, RequestKey, SpendPath};
use crate::price::PriceBook;
use crate::report::Prices;

/// Prices requests and says where they belong.
///
/// What a request costs here is its list cost, the same as in a report; a request without a price
/// is booked without an amount, which is never zero.
pub struct Clerk<'a> {
    prices: Prices<'a>,
    book: Arc<str>,
    arms: &'a Arms,
}

/// An import, and what is to be told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Booking {
    /// What the ledger is asked to book; nothing where it has all of it.
    pub append: Option<Append>,
    /// Why there is no price, where there is none.
    pub unpriced: Option<Arc<str>>,
}

impl<'a> Clerk<'a> {
    /// Books at the prices of `book`, for the clients of `arms`.
    pub fn new(book: &'a PriceBook, arms: &'a Arms) -> Self {
        Self { prices: Prices::new(book), book: book.id().to_string().into(), arms }
    }

    /// The import of a request.
    ///
    /// The first snapshot of a request belongs to the arm of `attribution` and to `project`; what
    /// follows belongs where the first is.
    pub fn booking(
        &mut self,
        request: &Request,
        attribution: &Attribution,
        project: Option<Arc<str>>,
    ) -> Booking {
        let event = &request.event;
        let found = self.prices.of(event);
        let cost = found.charge(event);
        let amount = cost.as_ref().ok().map(|cost| cost.list().booked());
        let unpriced = cost.as_ref().err().cloned();
        if request.known.as_ref().is_some_and(|known| !says_more(request, known, amount)) {
            return Booking { append: None, unpriced };
        }
        let contracted = cost.as_ref().ok().map(|cost| cost.contracted().booked());
        let (path, at) = if let Some(known) = &request.known {
            (known.path.clone(), known.at)
        } else {
            let arm = attribution.arm.as_ref();
            let path = SpendPath {
                client: arm.and_then(|arm| Some(self.arms.arm(arm)?.client.clone())),
                arm: arm.cloned(),
                project,
                agent: event.agent_name.clone(),
                session: event.session.clone(),
                skill: event.skill.clone(),
                model: Some(event.model.clone()).filter(|model| !model.as_str().is_empty()),
                priced_as: found.price().map(|price| ModelId::from(price.entry())),
                ..SpendPath::default()
            };
            (Arc::new(path), event.at)
        };
        // What came first says why it is the arm's, where what follows would be another's.
        let origin = (path.arm == attribution.arm).then(|| {
            let contracted = contracted.filter(|contracted| Some(*contracted) != amount);
            Arc::new(Origin::of(event, attribution.reason, contracted))
        });
        let append = Append {
            source: request.source.clone(),
            at,
            path,
            amount,
            size: request.size,
            request: request_key(event),
            metered: Some(Arc::new(Metered {
                provider: event.provider.clone(),
                model: event.model.clone(),
                usage: event.usage,
                context: event.context.clone(),
                book: self.book.clone(),
            })),
            origin,
        };
        Booking { append: Some(append), unpriced }
    }
}

/// Whether a request is worth another revision of what is `known` of it.
fn says_more(request: &Request, known: &Stored, amount: Option<Money>) -> bool {
    let is_larger = request.size > known.size;
    let is_priced_now = known.amount.is_none() && amount.is_some();
    let takes_back = known.amount.is_some() && amount.is_none();
    let says_more = (is_larger && (amount != known.amount || request.counts_more()))
        || (is_priced_now && request.size == known.size);
    says_more && !takes_back
}

/// By what the live meter knows the same call.
fn request_key(event: &UsageEvent) -> Option<RequestKey> {
    Some(RequestKey { provider: event.provider.clone()?, request: event.evidence.request.clone()? })
}
