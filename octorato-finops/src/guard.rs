//! The guard: what a runtime asks before it sends a call, and tells after.
//!
//! A [`Guard`] is the price engine in front of a [`Ledger`]: it finds the most that a call can cost,
//! holds it in one atomic step, and books what the call did cost. What a runtime gets is a
//! [`Reservation`], which is never forgotten: whatever happens to the program, the call is booked, or
//! its worst case stays held until somebody tells what it cost.
//!
//! ```
//! use std::sync::Arc;
//!
//! use octorato_core::{ArmId, Arms, ClientId, Currency, Money};
//! use octorato_finops::budget::{Action, Budget, Cycle, InForce, Policy, Scope, Tiers};
//! use octorato_finops::guard::{Asked, CallSpec, Counted, Guard, Reserved};
//! use octorato_finops::ledger::{Ledger, MemoryLedger, Operation, WallClock};
//! use octorato_finops::price::{Overlays, PriceBook};
//!
//! // An arm that may spend one cent a month.
//! let (client, arm) = (ClientId::new("acme")?, ArmId::new("acme-web")?);
//! let stop = Tiers::new(Some(Action::HardStop), None, Vec::new())?;
//! let cent = Money::parse("0.01", Currency::USD)?;
//! let month = Budget::new(Scope::Arm(arm.clone()), Cycle::MONTHLY, cent, stop)?;
//! let (policy, arms) = (Policy::of(vec![month], &Arms::none())?, Arms::none());
//! let policy = Arc::new(InForce::of(&policy, &arms)?);
//! let ledger = Arc::new(MemoryLedger::new(WallClock));
//! ledger.commit(&[Operation::Adopt(policy.clone())])?;
//!
//! let prices = Arc::new(PriceBook::on_builtin(Overlays::default())?);
//! let guard = Guard::new(ledger, prices, policy);
//! let acme = guard.arm(client, arm);
//!
//! let body = r#"{"model": "claude-sonnet-4-5", "max_tokens": 300,
//!     "messages": [{"role": "user", "content": "Hello"}]}"#;
//! let call = CallSpec::of(Asked::body("anthropic", body));
//! let Reserved::Granted(held) = acme.reserve(&call)? else { panic!("there is room") };
//! assert!(matches!(acme.reserve(&call)?, Reserved::Busy(_))); // another one has to wait
//!
//! // The call is sent here, and answers:
//! let response = serde_json::json!({"model": "claude-sonnet-4-5-20250929",
//!     "usage": {"input_tokens": 9, "output_tokens": 100}});
//! let settled = held.settle(&Counted::response("anthropic", None, &response)?)?;
//! assert_eq!(settled.amount.to_string(), "0.001527"); // 9 x 3 and 100 x 15 per million
//! # Ok::<(), octorato_core::Error>(())
//! ```
//!
//! # What is decided where
//!
//! - A model without a price is refused under a hard cap, or flagged where the policy says
//!   `unpriced: flag`; a call whose cost has no bound is always refused under a hard cap. Without a
//!   hard cap both are sent and booked.
//! - A store that fails is asked again for [`Options::store_wait`]. Then the policy's `on_error`
//!   decides: `deny` is an error, `allow` grants without holding
//!   ([`Reservation::is_metered`]). An outcome that cannot be booked waits in memory, is tried again
//!   at each later call and by [`Guard::flush`], and is reported by [`Guard::unbooked`]; only the end
//!   of the process loses it, and then the deadline in the ledger keeps the worst case held.
//! - A call carries its process ([`Options::of_this_process`]), so that [`Guard::sweep`] tells a dead
//!   one's calls at once; without that their patience runs out.
//! - Only `line` and `store` wait by the time of the machine; calls are priced by [`Options::clock`].

mod arm;
mod call;
mod cancel;
mod counted;
mod denial;
mod fate;
mod line;
mod options;
mod quote;
mod reservation;
mod reserve;
mod spool;
mod store;
mod sweep;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};

use octorato_core::{ArmId, ClientId, Result};

pub use arm::ArmGuard;
pub use call::{Asked, CallSpec};
pub use cancel::Cancel;
pub use counted::Counted;
pub use denial::{Denial, Failed};
pub use fate::{Attempt, Fate, NotCharged, outcome_of};
pub use options::{IsDead, Options};
pub use quote::Doubt;
pub use reservation::{Extended, Reservation, Settlement};
pub use reserve::Reserved;
pub use spool::Unbooked;
pub use sweep::Swept;

use self::denial::Eyes;
use self::line::Line;
use self::spool::Spool;
use self::store::Shared;
use crate::budget::InForce;
use crate::ledger::Ledger;
use crate::price::PriceBook;

/// Reserves before calls and settles after them, for all arms. All copies are one.
///
/// It is the operator's: what it answers tells all. Hand out [`Guard::arm`] to code of an arm.
#[derive(Clone)]
pub struct Guard {
    shared: Arc<Shared>,
}

impl Guard {
    /// A guard with the default [`Options`]. `policy` is what the ledger has adopted: it says what
    /// happens where the ledger cannot answer and where there is no price.
    pub fn new(ledger: Arc<dyn Ledger>, prices: Arc<PriceBook>, policy: Arc<InForce>) -> Self {
        Self::with(ledger, prices, policy, Options::default())
    }

    /// A guard.
    pub fn with(
        ledger: Arc<dyn Ledger>,
        prices: Arc<PriceBook>,
        policy: Arc<InForce>,
        options: Options,
    ) -> Self {
        let shared = Shared {
            ledger,
            prices: RwLock::new(prices),
            policy: RwLock::new(policy),
            options,
            line: Arc::new(Line::default()),
            spool: Spool::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The handle of one arm.
    pub fn arm(&self, client: ClientId, arm: ArmId) -> ArmGuard {
        ArmGuard::new(self.shared.clone(), client, arm)
    }

    /// Whether a call may be sent, and holds its worst case if so.
    ///
    /// It is judged by every budget that matches its path, by all of them or none. A call that no
    /// budget denies is held and booked all the same. A call with an id that was granted before is
    /// that grant again.
    ///
    /// Errors: what the call asks cannot be read
    /// ([`InvalidArgument`](octorato_core::ErrorKind::InvalidArgument)), has no price or no bound
    /// under a hard cap ([`Unpriced`](octorato_core::ErrorKind::Unpriced)), its id was used for
    /// another call ([`Conflict`](octorato_core::ErrorKind::Conflict)), or the ledger fails and the
    /// policy says deny ([`Unavailable`](octorato_core::ErrorKind::Unavailable)). On every error
    /// nothing may be sent.
    pub fn reserve(&self, call: &CallSpec) -> Result<Reserved> {
        self.shared.reserve(call, call.path.clone(), Eyes::Operator)
    }

    /// Prices calls by another book from now on; those under way keep theirs.
    pub fn set_prices(&self, prices: Arc<PriceBook>) {
        *self.shared.prices.write().unwrap_or_else(PoisonError::into_inner) = prices;
    }

    /// Follows another policy from now on. In the ledger it is adopted by
    /// [`Operation::Adopt`](crate::ledger::Operation::Adopt).
    pub fn set_policy(&self, policy: Arc<InForce>) {
        *self.shared.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }

    /// How many calls wait for money.
    pub fn waiting(&self) -> usize {
        self.shared.line.len()
    }

    /// The outcomes that the ledger does not have yet.
    pub fn unbooked(&self) -> Vec<Unbooked> {
        self.shared.spool.unbooked()
    }

    /// Tries to book them now; how many were. An error where the store still fails.
    pub fn flush(&self) -> Result<usize> {
        self.shared.flush(usize::MAX)
    }

    /// Makes orphans of the calls whose patience has run out, and of those of processes that are
    /// dead ([`Options::is_dead`]).
    pub fn sweep(&self) -> Result<Swept> {
        self.shared.sweep()
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("options", &self.shared.options).finish_non_exhaustive()
    }
}
