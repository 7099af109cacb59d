//! What a provider's response says of its usage.
//!
//! Each provider's API reports usage in a form of its own, some in several: its *flavors*. How each
//! is read is a fact of genai-prices, kept in `data/extractors.json`. A flavor that is given is
//! read exactly so. Without one it is told from the body:
//!
//! 1. A flavor fits where its part of the body is there with every count that it needs, and any
//!    count at all.
//! 2. Where the provider's `default` fits, only flavors that read the same part of the body come
//!    into question beside it. (Cohere's `billed_units` are what is billed, though its `tokens`
//!    would fit too.)
//! 3. The flavor that reads the most counts is taken, so that none is lost: Anthropic's form
//!    rather than OpenAI's where both have `input_tokens` but the cached ones are beside them.
//! 4. Then one that finds the model's name, then `default`, then the first in the provider's list.
//!    Flavors that read the same counts give the same usage, with one exception: Mistral's `ocr`
//!    and `ocr_annotated` are told apart by whether the body holds an annotation.
//!
//! A body may also be an event or a list of them: see [`UsageTotals::from_response`].

mod beside;
mod body;
mod extractor;
mod markers;

use octorato_core::{Error, ErrorKind, PriceContext, Result};
use serde::Serialize;
use serde_json::Value;

use self::body::{Part, parts};
use self::extractor::{Extractor, Misfit, Reading, extractors_of};
pub(crate) use self::markers::set_service_tier;
use super::{Catalog, ModelPrice, UsageTotals};

/// What a response says of its usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResponseUsage {
    /// The provider's id.
    pub provider: Box<str>,
    /// The form in which usage was found.
    pub flavor: Box<str>,
    /// The model that answered; nothing where the response does not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Box<str>>,
    /// The counts.
    pub totals: UsageTotals,
    /// What the response says that selects a price other than the standard one. A marker that is
    /// not known is kept, so that pricing refuses it rather than takes the standard price.
    #[serde(skip_serializing_if = "PriceContext::is_standard")]
    pub context: PriceContext,
    /// Requests inside of the request, which the totals leave out: an advisor's, a compaction's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<InsideUsage>,
    /// Places that report usage which is left out: of a kind that is not known, or billed otherwise
    /// than by a count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Box<str>>,
}

/// A request that a provider made inside of a request, billed beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InsideUsage {
    /// What it was for, such as `advisor_message`.
    pub kind: Box<str>,
    /// The model that answered it; nothing where the response does not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Box<str>>,
    /// The counts.
    pub totals: UsageTotals,
}

impl ResponseUsage {
    /// The price of the model that the response names.
    ///
    /// An error of kind [`ErrorKind::Unpriced`] where it names none, or one without a price.
    pub fn price<'c>(&self, catalog: &'c Catalog) -> Result<ModelPrice<'c>> {
        match &self.model {
            Some(model) => catalog.find(Some(&self.provider), model),
            None => Err(Error::new(ErrorKind::Unpriced, "the response names no model")
                .with("provider", &self.provider)
                .hinted("give the name of the model that was asked")),
        }
    }
}

impl UsageTotals {
    /// Reads the usage out of the JSON with which a provider answered.
    ///
    /// `provider` is an id or another spelling of one, as in [`Catalog::find`]; `flavor` the form
    /// of the API, such as `chat` or `responses`, told from the body where it is not given.
    ///
    /// Beside whole responses, these are read: Anthropic's `message_start` event, OpenAI's
    /// `response.completed`, `response.incomplete` and `response.done` events, the `metadata` event
    /// of Bedrock's `ConverseStream`, Groq's last chunk (`x_groq`), the lines of OpenAI's and
    /// Anthropic's batch results (which are marked `processing=batch`), and a list of chunks or
    /// events, of which later counts replace earlier ones.
    ///
    /// Errors: [`ErrorKind::InvalidArgument`] where no flavor fits, with what each one misses;
    /// [`ErrorKind::InvalidUsage`] where a count is negative, a fraction or no number;
    /// [`ErrorKind::Unpriced`] where the provider is not known.
    ///
    /// ```
    /// use octorato_finops::price::UsageTotals;
    ///
    /// let body = serde_json::json!({
    ///     "model": "claude-sonnet-4-5-20250929",
    ///     "usage": {
    ///         "input_tokens": 12,
    ///         "cache_read_input_tokens": 9000,
    ///         "output_tokens": 40,
    ///         "service_tier": "priority"
    ///     }
    /// });
    /// let usage = UsageTotals::from_response("anthropic", None, &body)?;
    /// assert_eq!(usage.totals.input_tokens, 9012);
    /// assert_eq!(usage.totals.cache_read_tokens, 9000);
    /// assert_eq!(usage.context.to_string(), "service_tier=priority");
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn from_response(
        provider: &str,
        flavor: Option<&str>,
        body: &Value,
    ) -> Result<ResponseUsage> {
        let provider = Catalog::builtin().provider_called(provider)?.id();
        let extractors = extractors_of(provider)?;
        let parts = parts(body);
        let found = match flavor {
            Some(flavor) => with_flavor(provider, extractors, flavor, &parts)?,
            None => told_by_shape(provider, extractors, &parts)?,
        };
        let Found { part, extractor, reading } = found;
        let (inside, mut unread) = extractor.inside(&part.value);
        let beside = beside::beside(body);
        let mut totals = reading.totals;
        for (counted, seen) in [
            (&mut totals.web_searches, beside.web_searches),
            (&mut totals.storage_searches, beside.storage_searches),
        ] {
            if *counted == 0 {
                *counted = seen;
            }
        }
        unread.extend(extractor.uncounted(&part.value, &totals));
        unread.extend(beside.unread);
        Ok(ResponseUsage {
            provider: provider.into(),
            flavor: extractor.flavor().into(),
            model: reading.model.or_else(|| part.model.as_deref().map(Into::into)),
            totals,
            context: markers::context_of(provider, part, extractor.root_of(&part.value)),
            inside,
            unread,
        })
    }

    /// Like [`Self::from_response`], of JSON text.
    pub fn from_response_json(
        provider: &str,
        flavor: Option<&str>,
        body: &[u8],
    ) -> Result<ResponseUsage> {
        let body = serde_json::from_slice(body).map_err(|source| {
            Error::new(ErrorKind::InvalidArgument, "the response is not JSON").caused_by(source)
        })?;
        Self::from_response(provider, flavor, &body)
    }
}

/// Usage, and how it was found.
struct Found<'b> {
    part: &'b Part<'b>,
    extractor: &'static Extractor,
    reading: Reading,
}

impl Found<'_> {
    /// What makes one finding better than another; the first of equals stays.
    fn rank(&self) -> (usize, bool, bool, bool) {
        let annotated = self.extractor.flavor() == ANNOTATED && is_annotated(&self.part.value);
        let is_named = self.reading.model.is_some();
        (self.reading.counts, annotated, is_named, self.extractor.flavor() == DEFAULT)
    }
}

const DEFAULT: &str = "default";
const ANNOTATED: &str = "ocr_annotated";

/// Reads the body as `flavor`; where it does not fit, reads the response inside of it so.
fn with_flavor<'b>(
    provider: &str,
    extractors: &'static [Extractor],
    flavor: &str,
    parts: &'b [Part<'b>],
) -> Result<Found<'b>> {
    let extractor = extractors.iter().find(|known| known.flavor() == flavor).ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument, format!("no such flavor: `{flavor}`"))
            .with("provider", provider)
            .hinted(format!("{provider} has {}", flavors(extractors)))
    })?;
    let mut misfit = None;
    for part in parts {
        match extractor.read(&part.value) {
            Ok(reading) => return Ok(Found { part, extractor, reading }),
            Err(found) => misfit = misfit.or(Some(found)),
        }
    }
    Err(no_usage(provider, misfit.map(|misfit| (extractor, misfit)).into_iter().collect()))
}

/// Reads the body as the flavor of which it has the shape.
fn told_by_shape<'b>(
    provider: &str,
    extractors: &'static [Extractor],
    parts: &'b [Part<'b>],
) -> Result<Found<'b>> {
    let mut best: Option<Found<'b>> = None;
    let mut misfits = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        if best.is_some() && !part.rivals {
            continue;
        }
        let mut fitting = Vec::new();
        for extractor in extractors {
            match extractor.read(&part.value) {
                Ok(reading) => fitting.push(Found { part, extractor, reading }),
                Err(misfit) if at == 0 => misfits.push((extractor, misfit)),
                Err(_) => {}
            }
        }
        let default = fitting.iter().find(|found| found.extractor.flavor() == DEFAULT);
        let root = default.map(|found| found.extractor.root());
        for found in fitting {
            if root.is_some_and(|root| root != found.extractor.root()) {
                continue;
            }
            if best.as_ref().is_none_or(|best| found.rank() > best.rank()) {
                best = Some(found);
            }
        }
    }
    // A count that is none, beside those that would be taken, is not to be passed over.
    let root = best.as_ref().map(|found| found.extractor.root());
    let is_bad = |(extractor, misfit): &(&'static Extractor, Misfit)| {
        matches!(misfit, Misfit::Count(_)) && root == Some(extractor.root())
    };
    match best {
        Some(found) if !misfits.iter().any(is_bad) => Ok(found),
        _ => Err(no_usage(provider, misfits)),
    }
}

/// Whether Mistral's answer to a scan holds an annotation, of the document or of an image.
fn is_annotated(body: &Value) -> bool {
    let is_there = |value: &Value| !value.is_null();
    let of_images = || {
        let pages = body.get("pages").and_then(Value::as_array).into_iter().flatten();
        let images = pages.filter_map(|page| page.get("images")?.as_array()).flatten();
        images.filter_map(|image| image.get("image_annotation")).any(is_there)
    };
    body.get("document_annotation").is_some_and(is_there) || of_images()
}

/// What is wrong with the body: a count that is none, or what each flavor misses.
fn no_usage(provider: &str, misfits: Vec<(&'static Extractor, Misfit)>) -> Error {
    let mut missing = Vec::new();
    for (extractor, misfit) in misfits {
        match misfit {
            Misfit::Count(error) => {
                return error.with("provider", provider).with("flavor", extractor.flavor());
            }
            Misfit::Shape(what) => missing.push(format!("{}: {what}", extractor.flavor())),
        }
    }
    Error::new(ErrorKind::InvalidArgument, format!("no usage found: `{}`", missing.join("; ")))
        .with("provider", provider)
        .hinted("give the response as the provider sent it, with its usage")
}

fn flavors(extractors: &[Extractor]) -> String {
    extractors.iter().map(Extractor::flavor).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
