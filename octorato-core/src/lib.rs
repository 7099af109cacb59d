//! The vocabulary of Octorato.
//!
//! Everything that the other crates say to each other is a type of this crate: who spent
//! ([`Arm`], [`Client`]), what was spent ([`Usage`], [`UsageEvent`]), how much it is
//! ([`Money`]), when ([`Period`]) and what went wrong ([`Diagnostic`], [`Error`]).
//! It reads no file, no clock and no network.
//!
//! ```
//! use octorato_core::{Currency, Money, Rounding};
//!
//! let call = Money::parse("0.0504", Currency::USD)?;
//! let month = Money::sum(Currency::USD, [call; 1000])?;
//! assert_eq!(month.to_string(), "50.4");
//! // Division and multiplication by a fraction always say how they round.
//! assert_eq!(month.mul_ratio(1, 3, Rounding::HalfEven)?.to_string(), "16.8");
//! # Ok::<(), octorato_core::Error>(())
//! ```

mod arm;
mod diagnostic;
mod error;
mod event;
mod id;
mod money;
mod period;
mod text;
mod usage;
mod uuid;

pub use arm::{Arm, Arms, Billing, Client, Root};
pub use diagnostic::{Diagnostic, Severity};
pub use error::{Error, ErrorKind, Result};
pub use event::{Attribution, AttributionReason, Evidence, Precision, PriceContext, UsageEvent};
pub use id::{AgentId, ArmId, ClientId, MessageId, ModelId, ProviderId, RequestId, SessionId};
pub use money::{Currency, Money, Rounding};
pub use period::{Civil, Period};
pub use text::{LineColumn, SourceText, Span};
pub use usage::{Unit, UnitKind, Usage};
pub use uuid::{DecisionId, ReservationId};
