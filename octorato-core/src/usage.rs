//! What a request consumed: disjoint token classes and countable tools.

use std::fmt;
use std::ops::Index;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::{Error, ErrorKind, Result};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum UnitKind {
    /// Tokens that the model read.
    InputTokens,
    /// Tokens that the model wrote.
    OutputTokens,
    /// Anything else: searches, pages, seconds, requests.
    Count,
}

macro_rules! units {
    ($($(#[$doc:meta])* $unit:ident = $name:literal, $kind:ident;)*) => {
        /// One countable thing. Token units are disjoint: a token is in exactly one of them, save
        /// reasoning, which is inside output: [`Unit::Reasoning`] is the part of [`Unit::Output`]
        /// spent on reasoning, [`Unit::ReasoningAudio`] that of [`Unit::OutputAudio`], and so on.
        ///
        /// A token that is not said to be audio, image or video is text.
        ///
        /// Names are those of Octorato's JSON documents.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Unit {
            $($(#[$doc])* $unit,)*
        }

        impl Unit {
            /// Every unit, in the order of reports.
            pub const ALL: &'static [Self] = &[$(Self::$unit),*];

            /// The stable name, such as `cache_write_5m`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$unit => $name,)* }
            }

            /// Whether it is tokens in, tokens out or something else.
            pub const fn kind(self) -> UnitKind {
                match self { $(Self::$unit => UnitKind::$kind,)* }
            }
        }
    };
}

units! {
    /// Text tokens read and neither taken from nor written to a cache.
    Input = "input", InputTokens;
    /// Tokens taken from a prompt cache.
    CacheRead = "cache_read", InputTokens;
    /// Tokens written to a cache that lives five minutes, or for an unstated time.
    CacheWrite5m = "cache_write_5m", InputTokens;
    /// Tokens written to a cache that lives an hour.
    CacheWrite1h = "cache_write_1h", InputTokens;
    /// Tokens written by the model, reasoning included.
    Output = "output", OutputTokens;
    /// The part of the output spent on reasoning; not added again.
    Reasoning = "reasoning", OutputTokens;
    /// Audio tokens read, uncached.
    InputAudio = "input_audio", InputTokens;
    /// Image tokens read, uncached.
    InputImage = "input_image", InputTokens;
    /// Video tokens read, uncached.
    InputVideo = "input_video", InputTokens;
    /// Audio tokens taken from a cache.
    CacheReadAudio = "cache_read_audio", InputTokens;
    /// Image tokens taken from a cache.
    CacheReadImage = "cache_read_image", InputTokens;
    /// Audio tokens written by the model.
    OutputAudio = "output_audio", OutputTokens;
    /// Image tokens written by the model.
    OutputImage = "output_image", OutputTokens;
    /// Video tokens written by the model.
    OutputVideo = "output_video", OutputTokens;
    /// Citation tokens, where a provider prices them apart.
    OutputCitation = "output_citation", OutputTokens;
    /// Web searches by the provider's tool.
    WebSearches = "web_searches", Count;
    /// Web fetches by the provider's tool.
    WebFetches = "web_fetches", Count;
    /// Searches in the provider's file or vector store.
    StorageSearches = "storage_searches", Count;
    /// Requests, where a provider charges per request.
    Requests = "requests", Count;
    /// Messages, where a provider charges per message.
    Messages = "messages", Count;
    /// Document pages read.
    DocumentPages = "document_pages", Count;
    /// Document pages read with annotation.
    AnnotatedDocumentPages = "annotated_document_pages", Count;
    /// Characters read.
    InputCharacters = "input_characters", Count;
    /// Seconds of audio read.
    InputAudioSeconds = "input_audio_seconds", Count;
    /// Seconds of audio, where a provider does not say in which direction.
    AudioSeconds = "audio_seconds", Count;
    /// Video tokens taken from a cache.
    CacheReadVideo = "cache_read_video", InputTokens;
    /// Audio tokens written to a cache that lives five minutes, or for an unstated time.
    CacheWrite5mAudio = "cache_write_5m_audio", InputTokens;
    /// Image tokens written to a cache that lives five minutes, or for an unstated time.
    CacheWrite5mImage = "cache_write_5m_image", InputTokens;
    /// Video tokens written to a cache that lives five minutes, or for an unstated time.
    CacheWrite5mVideo = "cache_write_5m_video", InputTokens;
    /// Audio tokens written to a cache that lives an hour.
    CacheWrite1hAudio = "cache_write_1h_audio", InputTokens;
    /// Image tokens written to a cache that lives an hour.
    CacheWrite1hImage = "cache_write_1h_image", InputTokens;
    /// Video tokens written to a cache that lives an hour.
    CacheWrite1hVideo = "cache_write_1h_video", InputTokens;
    /// Text tokens read from the results of the provider's tools.
    InputTool = "input_tool", InputTokens;
    /// Audio tokens read from the results of the provider's tools.
    InputToolAudio = "input_tool_audio", InputTokens;
    /// Image tokens read from the results of the provider's tools.
    InputToolImage = "input_tool_image", InputTokens;
    /// Video tokens read from the results of the provider's tools.
    InputToolVideo = "input_tool_video", InputTokens;
    /// The part of the audio output spent on reasoning; not added again.
    ReasoningAudio = "reasoning_audio", OutputTokens;
    /// The part of the image output spent on reasoning; not added again.
    ReasoningImage = "reasoning_image", OutputTokens;
    /// The part of the video output spent on reasoning; not added again.
    ReasoningVideo = "reasoning_video", OutputTokens;
    /// Audio citation tokens.
    OutputCitationAudio = "output_citation_audio", OutputTokens;
    /// Image citation tokens.
    OutputCitationImage = "output_citation_image", OutputTokens;
    /// Video citation tokens.
    OutputCitationVideo = "output_citation_video", OutputTokens;
    /// Runs of the provider's code tool.
    CodeExecutions = "code_executions", Count;
    /// Searches of a social network by the provider's tool.
    SocialSearches = "social_searches", Count;
    /// Searches ranked by a model for ranking.
    RerankSearches = "rerank_searches", Count;
    /// Pixels read, where a provider charges for them.
    InputPixels = "input_pixels", Count;
    /// Seconds of audio written.
    OutputAudioSeconds = "output_audio_seconds", Count;
    /// Seconds of a machine that runs a model of one's own.
    ComputeSeconds = "compute_seconds", Count;
}

impl Unit {
    /// How many units there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The unit of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|unit| unit.name() == name)
    }

    /// Whether its count is added to a token total (all tokens but reasoning, which is in output).
    pub const fn adds_to_tokens(self) -> bool {
        !matches!(self.kind(), UnitKind::Count) && self.part_of().is_none()
    }

    /// Whether it is tokens taken from a cache, of any modality.
    pub const fn is_cache_read(self) -> bool {
        matches!(
            self,
            Self::CacheRead | Self::CacheReadAudio | Self::CacheReadImage | Self::CacheReadVideo
        )
    }

    /// Whether it is tokens written to a cache, of any modality and for any time.
    pub const fn is_cache_write(self) -> bool {
        matches!(
            self,
            Self::CacheWrite5m
                | Self::CacheWrite5mAudio
                | Self::CacheWrite5mImage
                | Self::CacheWrite5mVideo
                | Self::CacheWrite1h
                | Self::CacheWrite1hAudio
                | Self::CacheWrite1hImage
                | Self::CacheWrite1hVideo
        )
    }

    /// The output unit in which a reasoning unit is counted; none for all others.
    ///
    /// ```
    /// use octorato_core::Unit;
    ///
    /// assert_eq!(Unit::Reasoning.part_of(), Some(Unit::Output));
    /// assert_eq!(Unit::Output.part_of(), None);
    /// ```
    pub const fn part_of(self) -> Option<Self> {
        match self {
            Self::Reasoning => Some(Self::Output),
            Self::ReasoningAudio => Some(Self::OutputAudio),
            Self::ReasoningImage => Some(Self::OutputImage),
            Self::ReasoningVideo => Some(Self::OutputVideo),
            _ => None,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How much of each [`Unit`] was consumed.
///
/// ```
/// use octorato_core::{Unit, Usage};
///
/// let turn = Usage::new().with(Unit::Input, 12).with(Unit::CacheRead, 900).with(Unit::Output, 40);
/// assert_eq!(turn[Unit::CacheRead], 900);
/// assert_eq!(turn.input_tokens(), 912);
/// assert_eq!(serde_json::to_string(&turn)?, r#"{"input":12,"cache_read":900,"output":40}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Usage([u64; Unit::COUNT]);

impl Usage {
    /// Nothing.
    pub const fn new() -> Self {
        Self([0; Unit::COUNT])
    }

    /// The same with `count` of `unit`.
    #[must_use]
    pub const fn with(mut self, unit: Unit, count: u64) -> Self {
        self.0[unit as usize] = count;
        self
    }

    /// Sets the count of `unit`.
    pub fn set(&mut self, unit: Unit, count: u64) {
        self.0[unit as usize] = count;
    }

    /// The count of `unit`.
    pub const fn get(&self, unit: Unit) -> u64 {
        self.0[unit as usize]
    }

    /// The units that are not zero, in the order of [`Unit::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Unit, u64)> + '_ {
        self.in_set(SetOfUnits::MAX)
    }

    /// Whether nothing was consumed.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|&count| count == 0)
    }

    /// Adds `other`, unit by unit. An error where a count would leave the range of `u64`.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        for ((mine, theirs), unit) in self.0.iter_mut().zip(other.0).zip(Unit::ALL) {
            *mine = mine.checked_add(theirs).ok_or_else(|| {
                Error::new(ErrorKind::Overflow, "count out of range").with("unit", unit)
            })?;
        }
        Ok(())
    }

    /// Takes the larger count of each unit: the rule that merges snapshots of one message.
    pub fn take_larger(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = (*mine).max(theirs);
        }
    }

    /// All tokens read, cached or not.
    pub fn input_tokens(&self) -> u128 {
        self.sum_of(const { adding(true) })
    }

    /// All tokens written, reasoning counted once.
    pub fn output_tokens(&self) -> u128 {
        self.sum_of(const { adding(false) })
    }

    /// All tokens, each counted once.
    pub fn tokens(&self) -> u128 {
        self.input_tokens() + self.output_tokens()
    }

    /// Tokens taken from a cache, of any modality.
    pub fn cache_read_tokens(&self) -> u128 {
        self.sum_where(Unit::is_cache_read)
    }

    /// The sum of the counts of the units that `pick` accepts.
    pub fn sum_where(&self, pick: impl Fn(Unit) -> bool) -> u128 {
        let picked = Unit::ALL.iter().filter(|unit| pick(**unit));
        picked.map(|&unit| u128::from(self[unit])).sum()
    }

    /// The units of a set that are not zero. Most counts are zero, so eight are passed at once.
    fn in_set(&self, set: SetOfUnits) -> impl Iterator<Item = (Unit, u64)> + '_ {
        const STEP: usize = 8;
        let mut left = 0;
        for (step, counts) in self.0.chunks(STEP).enumerate() {
            if counts.iter().fold(0, |any, count| any | count) > 0 {
                for (at, count) in counts.iter().enumerate() {
                    left |= SetOfUnits::from(*count > 0) << (step * STEP + at);
                }
            }
        }
        left &= set;
        std::iter::from_fn(move || {
            let unit = *Unit::ALL.get(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some((unit, self[unit]))
        })
    }

    fn sum_of(&self, set: SetOfUnits) -> u128 {
        self.in_set(set).map(|(_, count)| u128::from(count)).sum()
    }
}

/// A set of units, a bit for each.
type SetOfUnits = u64;

const _: () = assert!(Unit::COUNT <= SetOfUnits::BITS as usize, "a bit for each unit");

/// The units of a kind that add to its total.
const fn adding(input: bool) -> SetOfUnits {
    let (mut set, mut at) = (0, 0);
    while at < Unit::COUNT {
        let unit = Unit::ALL[at];
        if unit.adds_to_tokens() && input == matches!(unit.kind(), UnitKind::InputTokens) {
            set |= 1 << at;
        }
        at += 1;
    }
    set
}

impl Default for Usage {
    fn default() -> Self {
        Self::new()
    }
}

impl Index<Unit> for Usage {
    type Output = u64;
    fn index(&self, unit: Unit) -> &u64 {
        &self.0[unit as usize]
    }
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(unit, count)| (unit.name(), count))).finish()
    }
}

/// A map from unit names to counts; units that are zero are left out, save none.
impl Serialize for Usage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (unit, count) in self.iter() {
            map.serialize_entry(unit.name(), &count)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_has_a_name_of_its_own() {
        for &unit in Unit::ALL {
            assert_eq!(Unit::from_name(unit.name()), Some(unit));
        }
        assert_eq!(Unit::from_name("tokens"), None);
    }

    #[test]
    fn reasoning_is_inside_output() {
        let usage = Usage::new().with(Unit::Output, 100).with(Unit::Reasoning, 60);
        assert_eq!(usage.output_tokens(), 100);
        assert_eq!(usage.tokens(), 100);
        let spoken = usage.with(Unit::OutputAudio, 50).with(Unit::ReasoningAudio, 50);
        assert_eq!(spoken.tokens(), 150);
    }

    #[test]
    fn the_order_of_units_that_documents_have_seen_is_kept() {
        let names: Vec<_> = Unit::ALL.iter().map(|unit| unit.name()).collect();
        assert_eq!(
            &names[..6],
            ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"]
        );
        assert_eq!(names[24], "audio_seconds");
        assert_eq!(names.len(), Unit::COUNT);
    }

    #[test]
    fn merging_snapshots_is_order_free() {
        let first = Usage::new().with(Unit::Input, 3).with(Unit::Output, 1);
        let last = Usage::new().with(Unit::Input, 3).with(Unit::Output, 260);
        let (mut a, mut b) = (first, last);
        a.take_larger(&last);
        b.take_larger(&first);
        assert_eq!(a, b);
        assert_eq!(a[Unit::Output], 260);
    }
}
