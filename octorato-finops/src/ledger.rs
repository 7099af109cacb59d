//! The ledger: what calls may cost is held before they are sent, what they did cost is booked after,
//! and caps hold in between.
//!
//! A [`Ledger`] takes [`Operation`]s in batches and answers each. Its journal of [`Entry`]s is only
//! added to; a [`Balance`] is a fold of it. [`MemoryLedger`] is the plain model with which the
//! durable stores are compared.
//!
//! ```text
//! (none) --reserve(worst)--> open --settle(actual)--> settled      open --release--> released
//! open --overdue, or its holder dead--> orphaned --resolve, import or late settle--> ended
//! ```
//!
//! ```
//! use std::sync::Arc;
//!
//! use jiff::SignedDuration;
//! use octorato_core::{ArmId, Arms, ClientId, Currency, Money};
//! use octorato_finops::budget::{Action, Budget, Cycle, InForce, Policy, Scope, Tiers};
//! use octorato_finops::ledger::{
//!     Decision, Ledger, MemoryLedger, Operation, Reserve, Settle, SpendPath, WallClock,
//!     fresh_reservation,
//! };
//!
//! let usd = |text: &str| Money::parse(text, Currency::USD);
//! let (client, arm) = (ClientId::new("acme")?, ArmId::new("acme-web")?);
//! let stop = Tiers::new(Some(Action::HardStop), None, Vec::new())?;
//! let month = Budget::new(Scope::Arm(arm.clone()), Cycle::MONTHLY, usd("1.00")?, stop)?;
//! let arms = Arms::none();
//! let in_force = InForce::of(&Policy::of(vec![month], &arms)?, &arms)?;
//! let ledger = MemoryLedger::new(WallClock);
//! ledger.commit(&[Operation::Adopt(Arc::new(in_force))])?;
//!
//! let call = |amount: &str| -> octorato_core::Result<Reserve> {
//!     Ok(Reserve {
//!         id: fresh_reservation(jiff::Timestamp::now())?,
//!         path: Arc::new(SpendPath::of_arm(client.clone(), arm.clone())),
//!         amount: usd(amount)?,
//!         max_output_tokens: 4_096,
//!         patience: SignedDuration::from_mins(15),
//!         holder: None,
//!     })
//! };
//! let first = call("0.60")?;
//! let id = first.id;
//! assert!(matches!(ledger.reserve(first)?, Decision::Granted(_)));
//! // What is held counts: the next one waits for the first to end.
//! assert!(matches!(ledger.reserve(call("0.60")?)?, Decision::Busy(_)));
//! ledger.settle(Settle {
//!     id, amount: usd("0.45")?, is_estimate: false, request: None, metered: None,
//! })?;
//! let Decision::Exhausted(shortage) = ledger.reserve(call("0.60")?)? else { panic!() };
//! assert_eq!(shortage.failed[0].remaining()?, usd("0.55")?);
//! # Ok::<(), octorato_core::Error>(())
//! ```

mod answer;
mod batch;
pub mod chain;
mod clock;
pub mod edge;
mod entry;
mod fresh;
pub mod keys;
mod kind;
mod memory;
mod operation;
mod origin;
mod records;
mod rules;
mod single;
mod slot;
mod spelling;
mod sqlite;
mod store;

#[cfg(test)]
pub(crate) mod conformance;

pub use crate::budget::SpendPath;
pub use answer::{
    Adopted, Answer, Appended, Ask, Call, Decision, Disclosed, Grant, Imported, Level, Outcome,
    Shortage, Standing, State, Verdict,
};
pub use batch::{Batch, Note};
pub use clock::{Clock, DRIFT, LedgerTime, Reading, TRUST, Tick, Uptime, WallClock};
pub use entry::{Amounts, Balance, Entry, Fact, Posting};
pub use fresh::{fresh_decision, fresh_reservation};
pub use kind::Kind;
pub use memory::MemoryLedger;
pub use operation::{
    AddKey, Append, Close, Correct, Expire, Extend, Holder, Metered, Operation, Raise, Reassign,
    Reference, Release, RequestKey, Reserve, Resolve, Settle, SourceKey,
};
pub use origin::Origin;
pub use slot::Slot;
pub use sqlite::{Durability, Options, SqliteLedger, SqliteReader};
pub use store::{Ledger, Verification};
