//! What clients are charged, and which of their requests cannot be.

use std::collections::BTreeMap;

use jiff::Timestamp;
use octorato_core::{Arms, ClientId, Currency, Money};

use crate::price::{Fx, client_charge};

/// Requests of clients billed at cost plus that have a cost and no charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncharged {
    /// The currency of the clients.
    pub currency: Currency,
    /// Why the first of them has none, such as a day without an exchange rate.
    pub reason: String,
    /// How many requests.
    pub events: u64,
}

/// Charges clients by the event.
pub(super) struct Clients<'a> {
    arms: &'a Arms,
    fx: &'a Fx,
    uncharged: BTreeMap<Currency, Uncharged>,
}

/// The charge for one event.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Charged {
    /// Nothing where the client is not billed by the event, or cannot be.
    pub(super) amount: Option<Money>,
    /// Whether it is missing from other charges in its currency.
    pub(super) is_missing: bool,
}

impl<'a> Clients<'a> {
    pub(super) fn new(arms: &'a Arms, fx: &'a Fx) -> Self {
        Self { arms, fx, uncharged: BTreeMap::new() }
    }

    /// What the client is charged for a request that cost so much.
    pub(super) fn charge(
        &mut self,
        client: Option<&ClientId>,
        cost: Money,
        at: Timestamp,
    ) -> Charged {
        let Some(client) = client.and_then(|client| self.arms.client(client)) else {
            return Charged::default();
        };
        let Some(billing) = &client.billing else { return Charged::default() };
        let currency = client.currency;
        match client_charge(billing, cost, currency, at, self.fx) {
            Ok(amount) => Charged { amount, is_missing: false },
            Err(error) => {
                let first = || Uncharged { currency, reason: error.to_string(), events: 0 };
                self.uncharged.entry(currency).or_insert_with(first).events += 1;
                Charged { amount: None, is_missing: self.fx.knows(currency) }
            }
        }
    }

    /// What could not be charged, by currency.
    pub(super) fn uncharged(self) -> Vec<Uncharged> {
        self.uncharged.into_values().collect()
    }
}
