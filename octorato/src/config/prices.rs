//! `prices.yaml`: the operator's own prices on top of a price list.
//!
//! Rates are for the same amounts as in price lists: a million tokens or characters, a thousand
//! requests, searches or pages, an hour of what is counted in seconds, a billion pixels. Days are
//! UTC days, as in price lists, save those of plans, which are days in the operator's zone, as in
//! reports; `until` is the last day and is included.
//!
//! ```
//! use octorato::config::prices;
//! use octorato::finops::price::Catalog;
//! use octorato_core::SourceText;
//!
//! let text = "discounts:\n  - { provider: antropic, pct: 12.5 }\n";
//! let source = SourceText::new("prices.yaml", text);
//! let list = Catalog::shared();
//! let (book, findings) = prices::parse(&source, None, &|_| Ok(list.clone()));
//! assert!(book.is_none());
//! assert_eq!(
//!     findings[0].to_string(),
//!     "prices.yaml:2:17: error[PRC012]: no price list of provider: `antropic`; \
//!      hint: did you mean `anthropic`?"
//! );
//! ```

mod agreements;
mod findings;
mod own_models;
mod plans;
mod reader;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use octorato_core::{Diagnostic, Error, ErrorKind, Result, SourceText};
use octorato_finops::price::{Catalog, PriceBook};

use self::reader::Reader;
use super::codes::prices as codes;
use super::findings::Findings;
use super::{text, yaml};
use crate::snapshots::CURRENT;

/// The JSON Schema of `prices.yaml`.
pub const SCHEMA: &str = include_str!("../../schemas/prices.json");

/// The keys that each map of `prices.yaml` may have.
pub mod keys {
    /// Of the file.
    pub const FILE: &[&str] = &[
        "snapshot",
        "similar_models",
        "currency",
        "fx",
        "discounts",
        "contracts",
        "models",
        "plans",
    ];
    /// Of a discount.
    pub const DISCOUNT: &[&str] = &["provider", "models", "units", "pct", "from", "until", "note"];
    /// Of a contract.
    pub const CONTRACT: &[&str] =
        &["provider", "model", "rates", "currency", "when", "from", "until", "note"];
    /// Of an own model.
    pub const MODEL: &[&str] =
        &["provider", "model", "rates", "currency", "like", "times", "from", "until"];
    /// Of a plan.
    pub const PLAN: &[&str] =
        &["id", "provider", "monthly", "currency", "seats", "from", "until", "homes"];
    /// Of a rate with tiers.
    pub const RATE: &[&str] = &["base", "tiers"];
    /// Of a tier.
    pub const TIER: &[&str] = &["above", "rate"];
    /// What `similar_models` may be.
    pub const SIMILAR_MODELS: &[&str] = &["price", "refuse"];
}

/// The price list of a name: an id of a snapshot, or `current`.
pub type Lists<'l> = &'l dyn Fn(&str) -> Result<Arc<Catalog>>;

/// Reads the text of a `prices.yaml`; `home` is what `~` stands for, and `lists` opens the price
/// list that the text names, or `current` where it names none.
///
/// Every mistake is found, not only the first. The book is there if and only if no finding is an
/// error; a text without any value leaves the price list as it is.
pub fn parse(
    source: &SourceText,
    home: Option<&str>,
    lists: Lists<'_>,
) -> (Option<PriceBook>, Vec<Diagnostic>) {
    let mut findings = Findings::new(source, &codes::COMMON);
    let book = match yaml::read(source) {
        Ok(file) => Reader::read(&file, home, lists, &mut findings),
        Err(error) => {
            findings.syntax(&error);
            None
        }
    };
    let (usable, findings) = findings.finish();
    (book.filter(|_| usable), findings)
}

/// Reads the `prices.yaml` at `path`, with the findings that leave it usable. Without a file there
/// is the current price list alone; the error of an unusable file carries every finding.
pub fn load(
    path: &Path,
    home: Option<&str>,
    lists: Lists<'_>,
) -> Result<(PriceBook, Vec<Diagnostic>)> {
    let source = match text::read(path, &codes::COMMON) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            SourceText::new(path.display().to_string(), "")
        }
        other => other?,
    };
    // That the current list cannot be read is no mistake of the file.
    let failure = RefCell::new(None);
    let open = |name: &str| match lists(name) {
        Err(error) if name == CURRENT => {
            let told = Error::new(error.kind(), error.to_string());
            failure.replace(Some(error));
            Err(told)
        }
        other => other,
    };
    match parse(&source, home, &open) {
        (Some(book), warnings) => Ok((book, warnings)),
        (None, findings) => {
            Err(failure.take().unwrap_or_else(|| text::unusable(source.name(), findings)))
        }
    }
}
