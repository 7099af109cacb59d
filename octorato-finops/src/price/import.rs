//! Foreign price lists, read into a snapshot of our own format.
//!
//! A list is text that somebody else wrote, so nothing in it is taken on trust: a rate is read as
//! decimal text and never as a float, a key that is not understood is reported, and a model that
//! cannot be priced as its source means it stays in the snapshot by name and without a rate, so
//! that its name is [`Unpriced`](ErrorKind::Unpriced) and never priced as another model.
//!
//! ```
//! use octorato_finops::price::import::{Format, Origin, import};
//!
//! let list = r#"[{"id":"acme","name":"Acme","api_pattern":"acme","models":[
//!     {"id":"m","match":{"equals":"m"},"prices":{"input_mtok":0.30000000000000004,"smell_mtok":1}}]}]"#;
//! let origin = Origin { version: "0.2.1".into(), made: "2026-11-23".parse()? };
//! let imported = import(list, None, &origin)?;
//! assert_eq!(imported.format, Format::GenaiPrices);
//! assert_eq!(imported.normalised[0].taken, "0.3");
//! assert_eq!(imported.unknown[0].path, "prices: smell_mtok");
//! assert!(imported.catalog.find(Some("acme"), "m").is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decimal;
mod findings;
mod format;
mod genai;
mod history;
mod inherit;
mod json;
mod limits;
mod listing;
mod litellm;
mod models_dev;
mod rule;
pub(super) mod snapshot;
mod steps;
mod supplement;
mod taker;

use std::fmt;

use jiff::civil::Date;
use octorato_core::{Error, ErrorKind, Result};

pub use self::findings::{IgnoredKey, Normalised, SkippedModel, UnknownKey};
pub use self::format::Format;
pub use self::inherit::{Inherited, inherit};
pub use self::limits::with_limits;
pub use self::supplement::with_supplement;

use self::findings::{Findings, shortened};
use self::snapshot::Snapshot;
use super::catalog::Catalog;

/// What a list is called and when it was taken; a foreign list does not say.
///
/// Not used for a snapshot of our own, which says it itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The version, such as `0.2.1`.
    pub version: String,
    /// The day on which the list was taken.
    pub made: Date,
}

/// A foreign list in our own format, and what of it was not taken as it stands.
#[derive(Debug)]
#[non_exhaustive]
pub struct Imported {
    /// What the list was read as.
    pub format: Format,
    /// The snapshot; the same list gives the same bytes.
    pub text: String,
    /// The same, read and checked.
    pub catalog: Catalog,
    /// The rates that were written with the noise of a float, in the order of the list.
    pub normalised: Vec<Normalised>,
    /// What of the list is not understood and was left out, by path.
    pub unknown: Vec<UnknownKey>,
    /// The models that stay without a rate because theirs could not be used, in the order of the
    /// list.
    pub skipped: Vec<SkippedModel>,
    /// What of the list is known and has no part in a price, by name.
    pub ignored: Vec<IgnoredKey>,
    /// How many models the snapshot names.
    pub models: usize,
    /// How many of them have a rate.
    pub priced: usize,
}

/// The largest list that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 20;

/// The most providers that a list may have; the largest known list has about 150.
const MAX_PROVIDERS: usize = 5_000;

/// Reads a price list of `format`, or of the one that it looks like, into a snapshot.
///
/// Fails with [`ErrorKind::Data`] where the text is not such a list, is larger than [`MAX_BYTES`],
/// or names models in a way that is not understood.
pub fn import(text: &str, format: Option<Format>, origin: &Origin) -> Result<Imported> {
    if text.len() > MAX_BYTES {
        return Err(Error::new(
            ErrorKind::Data,
            format!("a price list of more than {MAX_BYTES} bytes: `{}`", text.len()),
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let format = match format {
        Some(format) => format,
        None => Format::detect(text)?,
    };
    let mut findings = Findings::default();
    let snapshot = match format {
        Format::Octorato => Snapshot::parse(text)?,
        Format::GenaiPrices => genai::convert(text, origin, &mut findings)?,
        Format::Litellm => litellm::convert(text, origin, &mut findings)?,
        Format::ModelsDev => models_dev::convert(text, origin, &mut findings)?,
    };
    rule::check(snapshot.rules())?;
    let providers = snapshot.header.providers.len();
    if providers > MAX_PROVIDERS {
        return Err(refused("providers", format_args!("there are {providers} of them")));
    }
    let text = match format {
        Format::Octorato => text.to_owned(),
        _ => snapshot.to_text()?,
    };
    let catalog = Catalog::parse(text.clone())?;
    let models = || snapshot.lists.iter().flat_map(|list| &list.models);
    Ok(Imported {
        format,
        catalog,
        text,
        models: models().count(),
        priced: models().filter(|model| model.has_rates()).count(),
        unknown: findings.unknown(),
        ignored: findings.ignored(),
        normalised: findings.normalised,
        skipped: findings.skipped,
    })
}

/// An error at a place of a list, such as `anthropic/claude-x: prices: input_mtok`.
fn refused(place: impl fmt::Display, why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Data, format!("cannot use the price list: {why}"))
        .with("place", shortened(&place.to_string()))
}
