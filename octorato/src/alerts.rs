//! Tells the sinks of budgets that a tier was reached: in order, at least once, and never on the
//! way of a call.
//!
//! The ledger writes each tier of each period once. [`Books::deliver_alerts`] reads what was written
//! since it last did, keeps in the ledger what each sink is still to be told, and tells it; what a
//! sink took is struck out at once. Who dies in between tells the last alert again, with the same id.
//! A sink that fails keeps its own alerts waiting in their order, and no other sink's. The gate and
//! the guard tell nobody: `octorato sync` and `octorato budget alerts --deliver` do.

mod command;
mod courier;
mod document;
mod outbox;
mod webhook;

use std::collections::BTreeMap;
use std::time::Duration;

use octorato_core::{Error, Result};
use octorato_finops::budget::{Policy, Sink};

use self::courier::Parcel;
use self::outbox::Waiting;
use crate::books::Books;
use crate::files::Lock;

pub use outbox::Alert;

/// What became of alerts.
#[derive(Debug, Default)]
pub struct Delivery {
    /// What sinks took: the name of the sink and the alert.
    pub delivered: Vec<(String, Alert)>,
    /// Sinks that failed, with the alert at which they did and why. What comes after it waits too.
    pub failed: Vec<(String, Alert, Error)>,
    /// How many are still to be told, sink by sink.
    pub waiting: u64,
    /// Another process delivers at this moment: nothing was done.
    pub is_elsewhere: bool,
}

impl Books {
    /// What sinks are still to be told, in the order in which it happened; a sink and an alert each.
    pub fn alerts(&self) -> Result<Vec<(String, Alert)>> {
        outbox::collect(self)?;
        let waiting = outbox::waiting(self.ledger())?;
        Ok(waiting.into_iter().map(|it| (it.sink, it.alert)).collect())
    }

    /// Tells the sinks what they are still to be told. `pause` waits before a sink is tried again.
    ///
    /// That a sink fails is no error of this function.
    pub fn deliver_alerts(&self, pause: &(dyn Fn(Duration) + Sync)) -> Result<Delivery> {
        let Some(_lock) = Lock::at_once(&self.places().state.join("alerts"))? else {
            return Ok(Delivery { is_elsewhere: true, ..Delivery::default() });
        };
        outbox::collect(self)?;
        // Of a policy that cannot be known no sink can be told, and its alerts wait.
        let Some(policy) = self.regime().policy() else {
            let waiting = outbox::waiting(self.ledger())?.len() as u64;
            return Ok(Delivery { waiting, ..Delivery::default() });
        };
        let mut by_sink: BTreeMap<String, Vec<Waiting>> = BTreeMap::new();
        for waiting in outbox::waiting(self.ledger())? {
            by_sink.entry(waiting.sink.clone()).or_default().push(waiting);
        }
        let rounds: Vec<Result<Delivery>> = std::thread::scope(|scope| {
            let threads: Vec<_> = by_sink
                .into_values()
                .map(|waiting| scope.spawn(|| self.tell(policy, waiting, pause)))
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        let mut delivery = Delivery::default();
        for round in rounds {
            let round = round?;
            delivery.delivered.extend(round.delivered);
            delivery.failed.extend(round.failed);
        }
        delivery.waiting = outbox::waiting(self.ledger())?.len() as u64;
        Ok(delivery)
    }

    /// Tells one sink, up to the first alert that it does not take.
    fn tell(
        &self,
        policy: &Policy,
        waiting: Vec<Waiting>,
        pause: &(dyn Fn(Duration) + Sync),
    ) -> Result<Delivery> {
        let mut delivery = Delivery::default();
        for waiting in waiting {
            let sink: Option<&Sink> = policy.declared().sinks.get(&waiting.sink);
            if let Some(sink) = sink {
                let body = format!("{}\n", waiting.alert.document);
                let parcel = Parcel { id: &waiting.alert.id, body: body.as_bytes() };
                if let Err(error) = courier::bring(sink, parcel, pause) {
                    delivery.failed.push((waiting.sink, waiting.alert, error));
                    return Ok(delivery);
                }
            }
            // A sink that is no longer declared is told nothing more.
            outbox::strike(self.ledger(), &waiting)?;
            if sink.is_some() {
                delivery.delivered.push((waiting.sink, waiting.alert));
            }
        }
        Ok(delivery)
    }
}
