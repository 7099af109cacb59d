//! What a guard is asked before a call is sent.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Money, PriceContext, ReservationId};

use super::cancel::Cancel;
use crate::ledger::SpendPath;
use crate::price::Request;

/// A call that is about to be sent.
///
/// ```
/// use octorato_finops::guard::{Asked, CallSpec};
///
/// let call = CallSpec {
///     at_least: Some(256),
///     ..CallSpec::of(Asked::tokens("claude-sonnet-4-5", 1_200, 4_000))
/// };
/// assert!(call.id.is_none()); // the guard makes one
/// ```
#[derive(Clone, Debug)]
pub struct CallSpec {
    /// Its id; the guard makes one where none is given. Whoever wants to try again after a crash
    /// keeps the id before the call is sent.
    pub id: Option<ReservationId>,
    /// Where it belongs. The handle of an arm fills in its client and arm.
    pub path: SpendPath,
    /// What is to be sent.
    pub asked: Asked,
    /// When it is priced; now where not given.
    pub at: Option<Timestamp>,
    /// How long its outcome may take before it counts as an orphan.
    pub patience: Option<SignedDuration>,
    /// The output tokens with which it may be sent as well, where it does not fit as it is: then the
    /// largest limit that fits is granted ([`Reservation::is_lowered`](super::Reservation::is_lowered)),
    /// before any waiting. Without it a call is granted as it was asked for or not at all.
    pub at_least: Option<u64>,
    /// How long it waits for money that other calls hold.
    pub busy_wait: Option<Duration>,
    /// What ends the waiting early.
    pub cancel: Option<Cancel>,
}

impl CallSpec {
    /// A call of which nothing else is said.
    pub fn of(asked: Asked) -> Self {
        Self {
            id: None,
            path: SpendPath::default(),
            asked,
            at: None,
            patience: None,
            at_least: None,
            busy_wait: None,
            cancel: None,
        }
    }

    /// The same at another place.
    #[must_use]
    pub fn at(mut self, path: SpendPath) -> Self {
        self.path = path;
        self
    }
}

/// What is to be sent, as far as it bounds the cost.
#[derive(Clone, Debug)]
pub enum Asked {
    /// The JSON that goes to a provider, as it is sent.
    Body {
        /// The provider.
        provider: Box<str>,
        /// The form of the body, as in [`Request::from_body`]; told from it where not given.
        flavor: Option<Box<str>>,
        /// The model, where the body does not name it.
        model: Option<Box<str>>,
        /// The bytes.
        bytes: Vec<u8>,
        /// What selects a price variant and does not show in the body, such as `region=eu`.
        context: PriceContext,
    },
    /// What the caller knows of a request.
    Request {
        /// The provider; told by the model's name where not given.
        provider: Option<Box<str>>,
        /// The model.
        model: Box<str>,
        /// The request.
        request: Box<Request>,
    },
    /// A bound that the caller computed.
    AtMost {
        /// The most that the call can cost at list price, in USD.
        amount: Money,
        /// The output tokens that it covers.
        max_output_tokens: u64,
        /// The model, where one is known: what it used can then be priced.
        model: Option<Box<str>>,
        /// The provider.
        provider: Option<Box<str>>,
    },
}

impl Asked {
    /// The body of a request as it is sent to `provider`.
    pub fn body(provider: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::Body {
            provider: provider.into(),
            flavor: None,
            model: None,
            bytes: bytes.into(),
            context: PriceContext::standard(),
        }
    }

    /// At most so many tokens of text, in one answer. All input counts at the dearest rate at which
    /// the provider may charge it, that of a cache write included.
    pub fn tokens(model: &str, input_tokens: u64, max_output_tokens: u64) -> Self {
        let request = Request {
            overhead_tokens: 0,
            max_output: Some(max_output_tokens),
            output: Some(Vec::new()),
            ..Request::text(input_tokens)
        };
        Self::Request { provider: None, model: model.into(), request: Box::new(request) }
    }

    /// A bound that the caller computed, of a call of which nothing else is known.
    pub fn at_most(amount: Money) -> Self {
        Self::AtMost { amount, max_output_tokens: 0, model: None, provider: None }
    }
}
