//! The names under which price lists keep their rates, and the units that these are rates of.

use std::fmt;

use octorato_core::Unit;
use serde::de::{Deserialize, Deserializer, Visitor};

macro_rules! keys {
    ($($key:ident = $name:literal, $unit:ident;)*) => {
        /// What a price list can name a rate of: the 59 keys of genai-prices, and ours.
        ///
        /// Keys are finer than [`Unit`]s in two ways: of text there may be a rate beside that of
        /// any modality, and of cache writes of five minutes beside that of any time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum PriceKey {
            $($key,)*
        }

        impl PriceKey {
            /// Every key.
            pub(super) const ALL: &'static [Self] = &[$(Self::$key),*];

            /// The name in a price list.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$key => $name,)* }
            }

            /// The unit whose own rate it is.
            pub(super) const fn unit(self) -> Unit {
                match self { $(Self::$key => Unit::$unit,)* }
            }
        }
    };
}

keys! {
    Input = "input_mtok", Input;
    InputText = "input_text_mtok", Input;
    InputAudio = "input_audio_mtok", InputAudio;
    InputImage = "input_image_mtok", InputImage;
    InputVideo = "input_video_mtok", InputVideo;
    CacheRead = "cache_read_mtok", CacheRead;
    CacheTextRead = "cache_text_read_mtok", CacheRead;
    CacheAudioRead = "cache_audio_read_mtok", CacheReadAudio;
    CacheImageRead = "cache_image_read_mtok", CacheReadImage;
    CacheVideoRead = "cache_video_read_mtok", CacheReadVideo;
    CacheWrite = "cache_write_mtok", CacheWrite5m;
    CacheTextWrite = "cache_text_write_mtok", CacheWrite5m;
    CacheAudioWrite = "cache_audio_write_mtok", CacheWrite5mAudio;
    CacheImageWrite = "cache_image_write_mtok", CacheWrite5mImage;
    CacheVideoWrite = "cache_video_write_mtok", CacheWrite5mVideo;
    CacheWrite5m = "cache_write_5m_mtok", CacheWrite5m;
    CacheTextWrite5m = "cache_text_write_5m_mtok", CacheWrite5m;
    CacheAudioWrite5m = "cache_audio_write_5m_mtok", CacheWrite5mAudio;
    CacheImageWrite5m = "cache_image_write_5m_mtok", CacheWrite5mImage;
    CacheVideoWrite5m = "cache_video_write_5m_mtok", CacheWrite5mVideo;
    CacheWrite1h = "cache_write_1h_mtok", CacheWrite1h;
    CacheTextWrite1h = "cache_text_write_1h_mtok", CacheWrite1h;
    CacheAudioWrite1h = "cache_audio_write_1h_mtok", CacheWrite1hAudio;
    CacheImageWrite1h = "cache_image_write_1h_mtok", CacheWrite1hImage;
    CacheVideoWrite1h = "cache_video_write_1h_mtok", CacheWrite1hVideo;
    InputTool = "input_tool_mtok", InputTool;
    InputTextTool = "input_text_tool_mtok", InputTool;
    InputAudioTool = "input_audio_tool_mtok", InputToolAudio;
    InputImageTool = "input_image_tool_mtok", InputToolImage;
    InputVideoTool = "input_video_tool_mtok", InputToolVideo;
    Output = "output_mtok", Output;
    OutputText = "output_text_mtok", Output;
    OutputAudio = "output_audio_mtok", OutputAudio;
    OutputImage = "output_image_mtok", OutputImage;
    OutputVideo = "output_video_mtok", OutputVideo;
    Reasoning = "output_reasoning_mtok", Reasoning;
    TextReasoning = "output_text_reasoning_mtok", Reasoning;
    AudioReasoning = "output_audio_reasoning_mtok", ReasoningAudio;
    ImageReasoning = "output_image_reasoning_mtok", ReasoningImage;
    VideoReasoning = "output_video_reasoning_mtok", ReasoningVideo;
    Citation = "output_citation_mtok", OutputCitation;
    TextCitation = "output_text_citation_mtok", OutputCitation;
    AudioCitation = "output_audio_citation_mtok", OutputCitationAudio;
    ImageCitation = "output_image_citation_mtok", OutputCitationImage;
    VideoCitation = "output_video_citation_mtok", OutputCitationVideo;
    WebSearches = "web_searches_kcount", WebSearches;
    StorageSearches = "storage_searches_kcount", StorageSearches;
    SocialSearches = "social_searches_kcount", SocialSearches;
    RerankSearches = "rerank_searches_kcount", RerankSearches;
    CodeExecutions = "code_executions_kcount", CodeExecutions;
    Requests = "requests_kcount", Requests;
    TextMessages = "input_text_messages_kcount", Messages;
    DocumentPages = "input_document_kpages", DocumentPages;
    AnnotatedDocumentPages = "input_annotated_document_kpages", AnnotatedDocumentPages;
    InputCharacters = "input_mchars", InputCharacters;
    InputPixels = "input_gpixels", InputPixels;
    InputAudioHours = "input_audio_hours", InputAudioSeconds;
    OutputAudioHours = "output_audio_hours", OutputAudioSeconds;
    AudioHours = "audio_hours", AudioSeconds;
    ComputeHours = "compute_hours", ComputeSeconds;
}

impl PriceKey {
    /// The key of this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }

    /// The key under which a rate of the whole unit stands, of text and of any lifetime; nothing
    /// for what is always free.
    pub(super) fn of(unit: Unit) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.unit() == unit)
    }

    /// A set that has this key only.
    pub(super) const fn bit(self) -> KeySet {
        1 << self as u32
    }
}

/// A set of keys, a bit for each.
pub(super) type KeySet = u64;

const _: () = assert!(PriceKey::ALL.len() <= KeySet::BITS as usize, "a bit for each key");

/// The keys of a set, in the order of [`PriceKey::ALL`].
pub(super) fn keys_of(mut set: KeySet) -> impl Iterator<Item = PriceKey> {
    std::iter::from_fn(move || {
        let key = PriceKey::ALL.get(set.trailing_zeros() as usize).copied()?;
        set &= !key.bit();
        Some(key)
    })
}

impl<'de> Deserialize<'de> for PriceKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key;
        impl Visitor<'_> for Key {
            type Value = PriceKey;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a price key such as `input_mtok`")
            }
            fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<PriceKey, E> {
                PriceKey::from_name(key)
                    .ok_or_else(|| E::custom(format!("a rate of an unknown unit: `{key}`")))
            }
        }
        deserializer.deserialize_identifier(Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_but_the_free_one_has_a_key() {
        for &unit in Unit::ALL {
            let has_key = PriceKey::ALL.iter().any(|key| key.unit() == unit);
            assert_eq!(has_key, unit != Unit::WebFetches, "{unit}");
        }
    }

    #[test]
    fn every_key_has_a_name_of_its_own_that_says_what_it_is_counted_per() {
        use super::super::rate::Per;

        assert_eq!(PriceKey::ALL.len(), 60);
        for &key in PriceKey::ALL {
            assert_eq!(PriceKey::from_name(key.name()), Some(key));
            let (_, unit) = key.name().rsplit_once('_').unwrap();
            let per = match unit {
                "mtok" | "mchars" => Per::Million,
                "kcount" | "kpages" => Per::Thousand,
                "hours" => Per::Hour,
                _ => Per::Billion,
            };
            assert_eq!(Per::of(key.unit()), per, "{}", key.name());
        }
    }

    #[test]
    fn a_set_gives_its_keys_back() {
        let set = PriceKey::AudioHours.bit() | PriceKey::Input.bit() | PriceKey::ComputeHours.bit();
        let keys: Vec<_> = keys_of(set).collect();
        assert_eq!(keys, [PriceKey::Input, PriceKey::AudioHours, PriceKey::ComputeHours]);
        assert_eq!(keys_of(0).count(), 0);
        assert_eq!(keys_of(KeySet::MAX).count(), PriceKey::ALL.len());
    }
}
