//! What a request costs: an immutable price catalog and the exact arithmetic over it.
//!
//! Pure: nothing here reads a clock, a file or the network. The built-in snapshot is compiled in,
//! the time of a request is an argument.
//!
//! - [`Catalog`] is a snapshot of dated, tiered, conditional prices; its id is the hash of its
//!   bytes, so that a booked amount can always say from which prices it came.
//! - [`Catalog::find`] resolves a provider and a model name to a [`ModelPrice`], and says by which
//!   rule ([`Matched`]). It never guesses: what no rule matches is an error that tells what was
//!   tried.
//! - [`ModelPrice::charge`] turns [`Usage`](octorato_core::Usage) into a [`Charge`]: an exact
//!   decimal per unit, and the integer [`Money`](octorato_core::Money) that is booked.
//! - [`PriceBook`] lays the operator's own prices over a catalog: contract rates, discounts, own
//!   models, exchange rates and plans ([`Overlays`]). It gives the list cost and the contracted
//!   cost of a request ([`Priced`]), and names the agreement that made them differ.
//! - [`allocate`] shares a plan's fee, [`client_charge`] says what a client pays.
//! - [`UsageTotals`] converts the inclusive totals that provider APIs report into disjoint
//!   [`Usage`](octorato_core::Usage); [`UsageTotals::from_response`] reads them out of a provider's
//!   raw response.
//! - [`ModelPrice::worst_case`] bounds what a [`Request`] can cost before it is sent; where there is
//!   no bound it says why.
//!
//! ```
//! use octorato_core::{PriceContext, Unit, Usage};
//! use octorato_finops::price::Catalog;
//!
//! let price = Catalog::builtin().find(Some("anthropic"), "claude-sonnet-4-5-20250929")?;
//! let turn = Usage::new().with(Unit::Input, 1000).with(Unit::CacheRead, 9000).with(Unit::Output, 100);
//! let charge = price.charge(&turn, "2026-11-20T12:00:00Z".parse()?, &PriceContext::standard())?;
//! assert_eq!(charge.usd().to_string(), "0.0072"); // 0.003 + 0.0027 + 0.0015
//! assert!(price.matched().exact);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod amount;
mod book;
mod catalog;
mod certainty;
mod charge;
mod client_charge;
mod contract;
mod diff;
pub mod explain;
mod fx;
pub mod import;
mod key;
mod lattice;
mod lookup;
mod matching;
mod model_price;
mod overlays;
mod own_model;
mod plan;
mod priced;
mod rate;
mod rate_card;
mod request;
mod response;
mod scope;
mod table;
mod terms;
#[cfg(test)]
mod tests;
mod totals;
mod worst_case;

pub use book::{BookPrice, PriceBook, PriceBookId};
pub use catalog::{Catalog, Provider, SnapshotId};
pub use certainty::{Certainty, MatchPolicy, Reason};
pub use charge::{Charge, ChargeLine, Ignored};
pub use client_charge::{check_markup, client_charge};
pub use contract::{Contract, Discount};
pub use diff::{
    Diff, LimitChange, MULTIPLY, ModelName, NameChange, ProviderChange, RateChange, Tense, diff,
};
pub use explain::Explanation;
pub use fx::Fx;
pub use lookup::Step;
pub use matching::{MatchRule, Matched, ProviderMatch};
pub use model_price::{ModelPrice, RateInForce};
pub use overlays::{Overlays, SimilarModels};
pub use own_model::{Like, OwnModel, OwnPrice};
pub use plan::{Allocation, Plan, allocate};
pub use priced::{Agreement, Applied, Priced};
pub use rate_card::RateCard;
pub use request::{CacheWrites, Media, Modality, Request};
pub(crate) use response::set_service_tier;
pub use response::{InsideUsage, ResponseUsage};
pub use scope::{Days, ModelPattern};
pub use table::Model;
pub use totals::UsageTotals;
pub use worst_case::{Bound, HORIZON, SKEW, Term, WorstCase};
