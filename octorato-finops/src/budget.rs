//! Budgets: who may spend how much, in which period, and what happens then.
//!
//! Pure: nothing here reads a clock, a file or a balance. A [`Policy`] is all that an operator
//! declares; it says which budgets judge a call, what the limit of each is and which tiers an
//! amount has reached. What was spent is the ledger's.
//!
//! - limit = cap x grace, rounded down. Only an enforced hard stop denies, where spent + reserved +
//!   request is above the limit. Reaching it exactly is fine.
//! - Tiers fire on what was spent; a tier is reached at its amount, and nothing spent reaches none.
//! - A budget is the same budget ([`Budget::id`]) as long as scope, match, period, zone and anchor
//!   are; name, cap, tiers, basis and sinks may change.
//! - Every call is judged by all the budgets that match it, and by none of another arm.
//!
//! ```
//! use octorato_core::{ArmId, Arms, Currency, Money};
//! use octorato_finops::budget::{Action, Budget, SpendPath, Cycle, Percent, Policy, Scope, Tiers};
//!
//! let usd = |text| Money::parse(text, Currency::USD);
//! let tiers = Tiers::new(Some(Action::HardStop), Some(Percent::new("110".parse()?)?), vec![])?;
//! let month = Budget::new(Scope::Arm(ArmId::new("acme")?), Cycle::MONTHLY, usd("200")?, tiers)?;
//! let policy = Policy::of(vec![month], &Arms::none())?;
//!
//! let call = SpendPath { arm: Some(ArmId::new("acme")?), ..SpendPath::default() };
//! let [budget] = &policy.matching(&call)[..] else { panic!("one budget") };
//! assert_eq!(budget.limit().to_string(), "220");
//! assert!(!budget.denies(usd("215")?, usd("4")?, usd("1")?)?);
//! assert!(budget.denies(usd("215")?, usd("4")?, usd("1.01")?)?);
//!
//! let other = SpendPath { arm: Some(ArmId::new("globex")?), ..SpendPath::default() };
//! assert!(policy.matching(&other).is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cap;
mod cycle;
mod explain;
mod in_force;
mod path;
mod policy;
mod rolling;
mod scope;
mod selectors;
mod sink;
mod stored;
mod tiers;

pub use cap::{Basis, Budget, BudgetId};
pub use cycle::{Cycle, DayOfMonth, DayOfYear};
pub use explain::{Explained, PolicyExplanation};
pub use in_force::{InForce, Judge};
pub use path::SpendPath;
pub use policy::{Declared, DefaultBudget, OnError, Policy, PolicyId, Unpriced};
pub use rolling::Rolling;
pub use scope::Scope;
pub use selectors::{Mismatch, Selector, Selectors};
pub use sink::{Sink, Target};
pub use tiers::{Action, Percent, Tier, Tiers};
