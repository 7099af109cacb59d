//! What a request can cost at most, before it is sent.

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::price::{BookPrice, PriceBook, Request, WorstCase};
use serde_json::value::RawValue;

use super::{Question, refuse_similar};

/// The answer to a question about a request that is not sent yet.
///
/// ```
/// use octorato::finops::price::PriceBook;
/// use octorato::quote::Question;
///
/// let question: Question = serde_json::from_str(
///     r#"{"provider": "anthropic", "timestamp": "2026-11-20T12:00:00Z",
///         "request": {"model": "claude-sonnet-4-5", "max_tokens": 1000,
///                     "messages": [{"role": "user", "content": "Hello"}]}}"#,
/// )?;
/// let estimate = question.estimate(PriceBook::builtin(), "2026-11-23T00:00:00Z".parse()?)?;
/// let bound = estimate.worst.bound().expect("text with a limit has a bound");
/// assert_eq!(bound.amount().to_string(), "0.018363"); // 1,121 x 3 and 1,000 x 15 per million
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Estimate<'b> {
    /// The price that the model's name led to.
    pub price: BookPrice<'b>,
    /// The most that it can cost, or why there is no such amount.
    pub worst: WorstCase,
    /// What was read of the body.
    pub request: Request,
    /// When it is sent.
    pub at: Timestamp,
    /// Whose prices they are.
    pub book: &'b PriceBook,
}

impl Question {
    /// The most that its `request` can cost by the prices of `book`, at list price and as agreed.
    ///
    /// Fails with [`ErrorKind::InvalidArgument`] where the question has no request or says what was
    /// used, and with [`ErrorKind::Unpriced`] where the model or a variant that is asked for has no
    /// price. A request without a bound is no error.
    pub fn estimate<'b>(&self, book: &'b PriceBook, now: Timestamp) -> Result<Estimate<'b>> {
        let refuse = |message: &str, hint: &str| {
            Err(Error::new(ErrorKind::InvalidArgument, message).hinted(hint))
        };
        let Some(body) = &self.request else {
            return refuse("no request is given", "add `request`, the body that is to be sent");
        };
        if self.usage.is_some() || self.body.is_some() {
            return refuse(
                "a `request` and what was used",
                "ask for one of them: `request` is priced before it is sent",
            );
        }
        let Some(provider) = &self.provider else {
            return refuse(
                "a request to no provider",
                "add `provider`: each provider has fields and limits of its own",
            );
        };
        let mut request = self.read(provider, body)?;
        let named = request.model.clone();
        let Some(model) = self.model.as_deref().or(named.as_deref()) else {
            return refuse("the request names no model", "name it, such as `claude-opus-4-8`");
        };
        let price = book.find(Some(provider), model)?;
        // Rules of a provider are known by its id, and it may be asked for by another spelling.
        if price.provider() != provider {
            request = self.read(price.provider(), body)?;
        }
        for (name, value) in &self.context {
            request.context.set(name, value);
        }
        let at = self.timestamp.unwrap_or(now);
        let worst = price.worst_case(at, &request)?;
        Ok(Estimate { price, worst, request, at, book })
    }

    fn read(&self, provider: &str, body: &RawValue) -> Result<Request> {
        Request::from_bytes(provider, self.api_flavor.as_deref(), body.get().as_bytes())
    }
}

impl Estimate<'_> {
    /// An error where the bound is that of a model which this one only resembles.
    pub fn refuse_doubts(&self) -> Result<()> {
        refuse_similar(&self.price)
    }
}
