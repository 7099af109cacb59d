//! An immutable snapshot of price lists, read provider by provider when first asked for.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use jiff::civil::Date;
use octorato_core::{Error, ErrorKind, Result};
use serde::Deserialize;

use super::matching::{
    MatchRule, Matched, ProviderMatch, Rule, bare, with_dashed_date, without_date,
};
use super::model_price::ModelPrice;
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
    aliases: Option<Rule>,
    /// Names of models that are this provider's where no provider is named.
    #[serde(rename = "model_match")]
    claims: Option<Rule>,
    /// Providers whose models this one sells too.
    #[serde(default, rename = "fallback_model_providers")]
    resells: Vec<Box<str>>,
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
    models: OnceLock<Result<Box<[Model]>, String>>,
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
        Ok(Self { text, header, lists, snapshot: OnceLock::new(), damage: None })
    }

    /// A catalog of which nothing can be used.
    fn damaged(error: &Error) -> Self {
        Self {
            text: Cow::Borrowed(""),
            header: Header::default(),
            lists: Vec::new(),
            snapshot: OnceLock::new(),
            damage: Some(error.to_string()),
        }
    }

    /// The bytes that were read.
    pub(super) fn text(&self) -> &str {
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

    /// The price of a model.
    ///
    /// The provider is found by its id, then by its other spellings; without one, by the form of
    /// the model's name. The model is the first of the provider's list that matches, then of the
    /// lists of providers that it resells; then the same is tried with a date in the name written
    /// with dashes. Nothing else is tried: a name that no rule matches is an error of kind
    /// [`ErrorKind::Unpriced`].
    pub fn find(&self, provider: Option<&str>, model: &str) -> Result<ModelPrice<'_>> {
        if let Some(damage) = &self.damage {
            return Err(Error::new(ErrorKind::Data, damage));
        }
        let name = model.trim().to_lowercase();
        if name.is_empty() {
            return Err(Error::new(ErrorKind::Unpriced, "no model is named, so there is no price"));
        }
        let (at, how) = match provider {
            Some(provider) => self.provider_named(provider)?,
            None => (self.provider_of_model(&name)?, ProviderMatch::InferredFromModel),
        };
        if let Some(found) = self.search(at, how, &name, false)? {
            return Ok(found);
        }
        let dashed = with_dashed_date(&name);
        if let Some(dashed) = &dashed
            && let Some(found) = self.search(at, how, dashed, true)?
        {
            return Ok(found);
        }
        Err(self.unknown_model(at, model, &name, dashed.as_deref()))
    }

    fn models_at(&self, at: usize) -> Result<&[Model]> {
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
                Ok(line.models)
            } else {
                Err(format!("the line of `{}` is that of `{}`", provider.id, line.id))
            }
        });
        match models {
            Ok(models) => Ok(models),
            Err(why) => Err(damaged(provider.id(), why)),
        }
    }

    /// The provider of this id, else of this other spelling.
    pub(super) fn provider_called(&self, name: &str) -> Result<&Provider> {
        self.provider_named(name).map(|(at, _)| &self.header.providers[at])
    }

    fn provider_named(&self, name: &str) -> Result<(usize, ProviderMatch)> {
        let lower = name.trim().to_lowercase();
        let providers = &self.header.providers;
        if let Some(at) = providers.iter().position(|provider| *provider.id == *lower) {
            return Ok((at, ProviderMatch::Given));
        }
        let known_as = |rule: &Rule| rule.is_match(&lower);
        match providers.iter().position(|p| p.aliases.as_ref().is_some_and(known_as)) {
            Some(at) => Ok((at, ProviderMatch::Alias)),
            None => Err(self.unknown_provider(name)),
        }
    }

    fn provider_of_model(&self, name: &str) -> Result<usize> {
        let claims = |rule: &Rule| rule.is_match(name);
        self.header
            .providers
            .iter()
            .position(|provider| provider.claims.as_ref().is_some_and(claims))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Unpriced,
                    format!("no provider of the price list has models named like `{name}`"),
                )
                .with("price list", self.source())
                .hinted("name the provider; newer prices come with a newer octorato")
            })
    }

    /// The first model that matches in the list at `at`, then in those of the resold providers.
    fn search(
        &self,
        at: usize,
        how: ProviderMatch,
        name: &str,
        date_rewritten: bool,
    ) -> Result<Option<ModelPrice<'_>>> {
        let provider = &self.header.providers[at];
        let resold = provider
            .resells
            .iter()
            .filter_map(|id| self.header.providers.iter().position(|known| known.id == *id));
        let lists =
            std::iter::once((at, how)).chain(resold.map(|other| (other, ProviderMatch::Fallback)));
        for (list, provider_match) in lists {
            for model in self.models_at(list)? {
                let Some((rule, pattern)) = model.rule.decide(name) else { continue };
                let stem = without_date(name);
                let exact = rule == MatchRule::Equals
                    || model.rule.names(stem)
                    || model.rule.names(&bare(name))
                    || bare(&model.id().to_lowercase()) == bare(name);
                let matched =
                    Matched { rule, pattern, date_rewritten, provider: provider_match, exact };
                let list = &self.header.providers[list];
                return Ok(Some(ModelPrice::new(provider, list, model, matched)));
            }
        }
        Ok(None)
    }

    fn unknown_provider(&self, name: &str) -> Error {
        let known: Vec<_> = self.header.providers.iter().map(Provider::id).collect();
        Error::new(ErrorKind::Unpriced, format!("no price list of provider: `{name}`"))
            .with("price list", self.source())
            .hinted(format!("use one of {}", known.join(", ")))
    }

    fn unknown_model(&self, at: usize, model: &str, name: &str, dashed: Option<&str>) -> Error {
        let provider = &self.header.providers[at];
        let mut tried = vec![format!("the models of {}", provider.id)];
        tried.extend(provider.resells.iter().map(|other| format!("those of {other}")));
        tried.extend(dashed.map(|dashed| format!("the name `{dashed}`")));
        let error = Error::new(ErrorKind::Unpriced, format!("no price for model: `{model}`"))
            .with("provider", &provider.id)
            .with("tried", tried.join(", "))
            .with("price list", self.source());
        let near = self.models_at(at).map_or_else(|_| Vec::new(), |models| nearest(models, name));
        error.hinted(if near.is_empty() {
            "newer prices come with a newer octorato".to_owned()
        } else {
            format!("the list has {}; newer prices come with a newer octorato", near.join(", "))
        })
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

/// At most three models whose ids begin like `name`, the most alike first.
fn nearest<'m>(models: &'m [Model], name: &str) -> Vec<&'m str> {
    const ENOUGH: usize = 4;
    let alike = |id: &str| id.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let mut near: Vec<_> = models
        .iter()
        .map(|model| (alike(model.id()), model.id()))
        .filter(|&(alike, _)| alike >= ENOUGH)
        .collect();
    near.sort_by_key(|&(alike, id)| (std::cmp::Reverse(alike), id));
    near.into_iter().take(3).map(|(_, id)| id).collect()
}
