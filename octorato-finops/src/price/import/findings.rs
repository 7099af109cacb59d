//! What of a list was not taken as it stands.

use std::collections::BTreeMap;

/// A rate that was written with the noise of a float.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normalised {
    /// The provider's id.
    pub provider: String,
    /// The model's id.
    pub model: String,
    /// The rate, as the list calls it.
    pub key: String,
    /// As the list writes it.
    pub written: String,
    /// The decimal that was taken for it.
    pub taken: String,
}

/// A key or a value that is not understood. What it prices, if anything, has no price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// Where it stands, without the provider and the model: `prices: smell_mtok`.
    pub path: String,
    /// How often.
    pub count: usize,
    /// The first provider and model that have it.
    pub example: String,
    /// What it is there, shortened.
    pub value: String,
}

/// Something known that has no part in a price here, such as what a model can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredKey {
    /// The name.
    pub name: String,
    /// How often.
    pub count: usize,
}

/// A model whose rates could not be used: the snapshot has its name without a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedModel {
    /// The provider's id.
    pub provider: String,
    /// The model's id.
    pub model: String,
    /// Where the trouble is, below the model: `prices: input_mtok`.
    pub place: String,
    /// What it is.
    pub why: String,
}

/// Findings while they are made.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) normalised: Vec<Normalised>,
    pub(super) skipped: Vec<SkippedModel>,
    unknown: BTreeMap<String, UnknownKey>,
    ignored: BTreeMap<String, usize>,
}

/// How much of a text is shown, in characters.
const SHOWN: usize = 120;

/// How many different paths are kept; what comes later is counted under one.
const KEPT: usize = 10_000;

impl Findings {
    /// Counts what is not understood at `path` of `example`.
    pub(super) fn note_unknown(&mut self, path: impl Into<String>, example: &str, value: &str) {
        let mut path = shortened(&path.into());
        if self.unknown.len() >= KEPT && !self.unknown.contains_key(&path) {
            "(others)".clone_into(&mut path);
        }
        let found = self.unknown.entry(path).or_insert_with_key(|path| UnknownKey {
            path: path.clone(),
            count: 0,
            example: shortened(example),
            value: shortened(value),
        });
        found.count += 1;
    }

    /// Counts what is known and has no part in a price.
    pub(super) fn note_ignored(&mut self, name: &str) {
        let name = if self.ignored.len() < KEPT { &shortened(name) } else { "supports_.." };
        if let Some(count) = self.ignored.get_mut(name) {
            *count += 1;
        } else {
            self.ignored.insert(name.to_owned(), 1);
        }
    }

    /// What has no part in a price, by name.
    pub(super) fn ignored(&mut self) -> Vec<IgnoredKey> {
        let ignored = std::mem::take(&mut self.ignored).into_iter();
        ignored.map(|(name, count)| IgnoredKey { name, count }).collect()
    }

    /// What is not understood, by path.
    pub(super) fn unknown(&mut self) -> Vec<UnknownKey> {
        std::mem::take(&mut self.unknown).into_values().collect()
    }
}

/// The beginning of a text that may be long.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}
