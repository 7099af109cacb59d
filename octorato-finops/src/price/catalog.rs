//! An immutable snapshot of price lists, read provider by provider when first asked for.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use jiff::civil::Date;
use octorato_core::{Error, ErrorKind, Result};
use serde::Deserialize;

use super::matching::{Index, Rule, Sought};
use super::table::Model;

/// Which prices were used: the BLAKE3 hash of a catalog's bytes.
///
/// Shown as the first 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SnapshotId(blake3::Hash);

impl SnapshotId {
    /// All 64 hexadecimal digits.
    pub fn full(&self) -> String {
        self.0.to_hex().to_string()
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_hex()[..16])
    }
}

/// Who runs models and bills for them, as a catalog describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    id: Box<str>,
    name: Box<str>,
    api_pattern: Box<str>,
    /// Other spellings of the id.
    #[serde(rename = "provider_match")]
    pub(super) aliases: Option<Rule>,
    /// Names of models that are this provider's where no provider is named.
    #[serde(rename = "model_match")]
    pub(super) claims: Option<Rule>,
    /// Providers whose models this one sells too.
    #[serde(default, rename = "fallback_model_providers")]
    pub(super) resells: Vec<Box<str>>,
}

impl Provider {
    /// The id, such as `anthropic`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A regular expression that the provider's API addresses match.
    pub fn api_pattern(&self) -> &str {
        &self.api_pattern
    }
}

/// An immutable snapshot of prices.
///
/// A catalog is a text of lines: a header that describes the snapshot and its providers, then the
/// models of one provider per line, in the order of the header. A line is read when a price of its
/// provider is first asked for.
pub struct Catalog {
    text: Cow<'static, str>,
    header: Header,
    lists: Vec<PriceList>,
    /// The claims of the providers.
    claims: Index,
    snapshot: OnceLock<SnapshotId>,
    /// Why nothing of it can be used.
    damage: Option<String>,
}

/// The first line of a catalog.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: u32,
    source: Box<str>,
    version: Box<str>,
    licence: Box<str>,
    made: Date,
    normalised: u32,
    providers: Vec<Provider>,
}

/// One provider's line.
struct PriceList {
    line: Range<usize>,
    models: OnceLock<Result<Models, String>>,
}

/// The models of a provider, and how they are found.
pub(super) struct Models {
    pub(super) all: Box<[Model]>,
    pub(super) rules: Index,
    /// The places in the order of ids in small letters.
    by_id: Box<[u32]>,
}

impl Models {
    fn new(all: Box<[Model]>) -> Self {
        let rules = Index::of(all.iter().map(|model| &model.rule).enumerate());
        let mut by_id: Box<[(&str, u32)]> = all.iter().map(Model::small_id).zip(0..).collect();
        by_id.sort_unstable();
        let by_id = by_id.iter().map(|(_, place)| *place).collect();
        Self { all, rules, by_id }
    }

    /// The places of models in the order of their ids in small letters.
    pub(super) fn by_id(&self) -> &[u32] {
        &self.by_id
    }

    /// The first model of this id, which is in small letters.
    pub(super) fn of_id(&self, id: &str) -> Option<&Model> {
        let model = |place: &u32| self.all.get(*place as usize);
        let is_before = |place: &u32| model(place).is_some_and(|model| model.small_id() < id);
        let at = self.by_id.partition_point(is_before);
        self.by_id.get(at).and_then(model).filter(|model| model.small_id() == id)
    }
}

static BUILTIN: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let text = include_str!("../../data/prices.jsonl");
    Arc::new(Catalog::open(text.into()).unwrap_or_else(|error| Catalog::damaged(&error)))
});

/// The version of the format.
const SCHEMA: u32 = 1;

impl Catalog {
    /// The snapshot that is compiled in.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// The snapshot that is compiled in, for whoever keeps catalogs of any origin.
    pub fn shared() -> Arc<Self> {
        Arc::clone(&BUILTIN)
    }

    /// Reads a catalog and checks all of it.
    pub fn parse(text: impl Into<Cow<'static, str>>) -> Result<Self> {
        let catalog = Self::open(text.into())?;
        for provider in &catalog.header.providers {
            catalog.models(provider.id())?;
        }
        Ok(catalog)
    }

    /// Reads the header and finds the lines.
    fn open(text: Cow<'static, str>) -> Result<Self> {
        let mut ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let first = ends.next().unwrap_or(text.len());
        let header: Header =
            serde_json::from_str(&text[..first]).map_err(|e| damaged("header", e))?;
        if header.schema != SCHEMA {
            return Err(damaged("header", format!("schema {} is not known", header.schema))
                .hinted(format!("this version reads schema {SCHEMA}")));
        }
        let mut start = first + 1;
        let lists: Vec<_> = ends
            .map(|end| {
                let line = start..end;
                start = end + 1;
                PriceList { line, models: OnceLock::new() }
            })
            .collect();
        if lists.len() != header.providers.len() || start < text.len() {
            let found = format!("{} providers, {} lines", header.providers.len(), lists.len());
            return Err(damaged("header", found)
                .hinted("each provider has one line, and each line ends with a line feed"));
        }
        let claims = header.providers.iter().enumerate();
        let claims = claims.filter_map(|(at, it)| Some((at, it.claims.as_ref()?)));
        let claims = Index::of(claims);
        Ok(Self { text, header, lists, claims, snapshot: OnceLock::new(), damage: None })
    }

    /// A catalog of which nothing can be used.
    fn damaged(error: &Error) -> Self {
        Self {
            text: Cow::Borrowed(""),
            header: Header::default(),
            lists: Vec::new(),
            claims: Index::default(),
            snapshot: OnceLock::new(),
            damage: Some(error.to_string()),
        }
    }

    /// The snapshot itself: the text that was read, which can be kept and read again.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which snapshot this is.
    pub fn snapshot(&self) -> &SnapshotId {
        self.snapshot.get_or_init(|| SnapshotId(blake3::hash(self.text.as_bytes())))
    }

    /// Where the prices come from, such as `genai-prices 0.2.1`.
    pub fn source(&self) -> String {
        format!("{} {}", self.header.source, self.header.version)
    }

    /// The licence of the prices.
    pub fn licence(&self) -> &str {
        &self.header.licence
    }

    /// The day on which the snapshot was made.
    pub fn made(&self) -> Date {
        self.header.made
    }

    /// How many rates were written with the noise of a float and were normalised.
    pub fn normalised(&self) -> u32 {
        self.header.normalised
    }

    /// The providers, in the order in which they are tried.
    pub fn providers(&self) -> &[Provider] {
        &self.header.providers
    }

    /// The models of the provider of this id, in the order in which they are tried.
    pub fn models(&self, provider: &str) -> Result<&[Model]> {
        match self.header.providers.iter().position(|known| known.id() == provider) {
            Some(at) => self.models_at(at),
            None => Err(self.unknown_provider(provider)),
        }
    }

    /// Why nothing of the catalog can be used, where that is so.
    pub(super) fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// The line of the provider at this place.
    pub(super) fn line(&self, at: usize) -> &str {
        &self.text[self.lists[at].line.clone()]
    }

    /// The place of the first provider that claims models of this name.
    pub(super) fn claimant(&self, name: &str) -> Option<usize> {
        let providers = &self.header.providers;
        self.claims.first(&Sought::new(name), |at| {
            let rule = providers.get(at)?.claims.as_ref()?;
            rule.is_match(name).then_some(at)
        })
    }

    /// The models of the provider at this place.
    pub(super) fn models_at(&self, at: usize) -> Result<&[Model]> {
        self.list_at(at).map(|models| &*models.all)
    }

    /// The same and how they are found.
    pub(super) fn list_at(&self, at: usize) -> Result<&Models> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Line<'a> {
            id: &'a str,
            models: Box<[Model]>,
        }
        let (provider, list) = (&self.header.providers[at], &self.lists[at]);
        let models = list.models.get_or_init(|| {
            let line: Line<'_> =
                serde_json::from_str(&self.text[list.line.clone()]).map_err(|e| e.to_string())?;
            if line.id == provider.id() {
                Ok(Models::new(line.models))
            } else {
                Err(format!("the line of `{}` is that of `{}`", provider.id, line.id))
            }
        });
        match models {
            Ok(models) => Ok(models),
            Err(why) => Err(damaged(provider.id(), why)),
        }
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("snapshot", self.snapshot())
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

fn damaged(place: &str, why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Data, format!("the price catalog is damaged: {why}")).with("place", place)
}
