//! Inclusive totals, as provider APIs report them, into disjoint usage.

mod split;

use std::fmt;

use serde::de::{Deserializer, Error as _};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Number;

macro_rules! totals {
    ($($(#[$meta:meta])* $field:ident = $read:literal;)*) => {
        /// Counts in which the general include the special: input tokens include cached and audio
        /// ones, cache writes include those of an hour, output tokens include reasoning, pages
        /// include annotated ones. Zero and not given are one.
        ///
        /// The names are those of genai-prices; as JSON, counts of zero are left out, and a name
        /// that is not known is an error. A fraction of a second counts as a whole one, any other
        /// fraction is an error.
        ///
        /// ```
        /// use octorato_core::{Unit, Usage};
        /// use octorato_finops::price::UsageTotals;
        ///
        /// let totals = UsageTotals {
        ///     input_tokens: 10_007,
        ///     cache_read_tokens: 4_001,
        ///     cache_write_tokens: 3_001,
        ///     cache_write_1h_tokens: 1_001,
        ///     output_tokens: 301,
        ///     ..UsageTotals::default()
        /// };
        /// let usage = totals.to_usage()?;
        /// assert_eq!(usage[Unit::Input], 3_005);
        /// assert_eq!(usage[Unit::CacheWrite5m], 2_000);
        /// assert_eq!(usage.input_tokens(), 10_007);
        /// # Ok::<(), octorato_core::Error>(())
        /// ```
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct UsageTotals {
            $($(#[$meta])* #[serde(deserialize_with = $read)] pub $field: u64,)*
        }

        impl UsageTotals {
            /// The counts that are not zero with their names.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                let all = [$((stringify!($field), self.$field)),*];
                all.into_iter().filter(|&(_, count)| count > 0)
            }

            /// The count of this name.
            pub(super) fn named(&mut self, name: &str) -> Option<&mut u64> {
                match name {
                    $(stringify!($field) => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

totals! {
    /// All tokens read.
    input_tokens = "count";
    /// Of these, taken from a cache.
    cache_read_tokens = "count";
    /// Of the input tokens, written to a cache.
    cache_write_tokens = "count";
    /// Of the cache writes, those that live five minutes; the rest where not given.
    cache_write_5m_tokens = "count";
    /// Of the cache writes, those that live an hour.
    cache_write_1h_tokens = "count";
    /// Of the input tokens, those of the results of the provider's tools.
    input_tool_tokens = "count";
    /// Of the input tokens, text, however it came.
    input_text_tokens = "count";
    /// Of the input tokens, audio, however it came.
    input_audio_tokens = "count";
    /// Of the input tokens, images, however they came.
    input_image_tokens = "count";
    /// Of the input tokens, video, however it came.
    input_video_tokens = "count";
    /// Of both cache reads and text input.
    cache_text_read_tokens = "count";
    /// Of both cache reads and audio input.
    cache_audio_read_tokens = "count";
    /// Of both cache reads and images input.
    cache_image_read_tokens = "count";
    /// Of both cache reads and video input.
    cache_video_read_tokens = "count";
    /// Of both cache writes and text input.
    cache_text_write_tokens = "count";
    /// Of these, those that live five minutes.
    cache_text_write_5m_tokens = "count";
    /// Of these writes, those that live an hour.
    cache_text_write_1h_tokens = "count";
    /// Of both cache writes and audio input.
    cache_audio_write_tokens = "count";
    /// Of these, those that live five minutes.
    cache_audio_write_5m_tokens = "count";
    /// Of these writes, those that live an hour.
    cache_audio_write_1h_tokens = "count";
    /// Of both cache writes and images input.
    cache_image_write_tokens = "count";
    /// Of these, those that live five minutes.
    cache_image_write_5m_tokens = "count";
    /// Of these writes, those that live an hour.
    cache_image_write_1h_tokens = "count";
    /// Of both cache writes and video input.
    cache_video_write_tokens = "count";
    /// Of these, those that live five minutes.
    cache_video_write_5m_tokens = "count";
    /// Of these writes, those that live an hour.
    cache_video_write_1h_tokens = "count";
    /// Of both tool and text input.
    input_text_tool_tokens = "count";
    /// Of both tool and audio input.
    input_audio_tool_tokens = "count";
    /// Of both tool and images input.
    input_image_tool_tokens = "count";
    /// Of both tool and video input.
    input_video_tool_tokens = "count";
    /// All tokens written.
    output_tokens = "count";
    /// Of these, spent on reasoning.
    output_reasoning_tokens = "count";
    /// Of the output tokens, citations.
    output_citation_tokens = "count";
    /// Of the output tokens, text.
    output_text_tokens = "count";
    /// Of the output tokens, audio.
    output_audio_tokens = "count";
    /// Of the output tokens, images.
    output_image_tokens = "count";
    /// Of the output tokens, video.
    output_video_tokens = "count";
    /// Of both reasoning and text output.
    output_text_reasoning_tokens = "count";
    /// Of both reasoning and audio output.
    output_audio_reasoning_tokens = "count";
    /// Of both reasoning and images output.
    output_image_reasoning_tokens = "count";
    /// Of both reasoning and video output.
    output_video_reasoning_tokens = "count";
    /// Of both citations and text output.
    output_text_citation_tokens = "count";
    /// Of both citations and audio output.
    output_audio_citation_tokens = "count";
    /// Of both citations and images output.
    output_image_citation_tokens = "count";
    /// Of both citations and video output.
    output_video_citation_tokens = "count";
    /// Web searches.
    web_searches = "count";
    /// Web fetches.
    web_fetches = "count";
    /// Searches in a file or vector store.
    storage_searches = "count";
    /// Searches of a social network.
    social_searches = "count";
    /// Searches ranked by a model.
    rerank_searches = "count";
    /// Runs of the provider's code tool.
    code_executions = "count";
    /// Requests, where more than one is meant.
    requests = "count";
    /// Messages.
    #[serde(alias = "messages")]
    input_text_messages = "count";
    /// Document pages.
    #[serde(alias = "document_pages")]
    input_document_pages = "count";
    /// Of these, pages with annotation.
    #[serde(alias = "annotated_document_pages")]
    input_annotated_document_pages = "count";
    /// Characters read.
    input_characters = "count";
    /// Pixels read.
    input_pixels = "count";
    /// Seconds of audio read.
    input_audio_seconds = "seconds";
    /// Seconds of audio written.
    output_audio_seconds = "seconds";
    /// Seconds of audio, where a provider does not say in which direction.
    audio_seconds = "seconds";
    /// Seconds of a machine that runs a model of one's own.
    compute_seconds = "seconds";
}

impl fmt::Debug for UsageTotals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A map from names to counts, those of zero left out.
impl Serialize for UsageTotals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, count) in self.iter() {
            map.serialize_entry(name, &count)?;
        }
        map.end()
    }
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    whole(&number).ok_or_else(|| D::Error::custom(format!("not a count: `{number}`")))
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    rounded_up(&number)
        .ok_or_else(|| D::Error::custom(format!("not a number of seconds: `{number}`")))
}

/// Whether a total of this name is of seconds, of which a part counts as a whole one.
pub(super) fn is_of_seconds(name: &str) -> bool {
    name.ends_with("_seconds")
}

/// The number if it is a count: whole, not negative and in range. `5.0` is whole.
pub(super) fn whole(number: &Number) -> Option<u64> {
    let (whole, fraction) = parts(number)?;
    (!fraction).then_some(whole)
}

/// The number, or the next whole one.
pub(super) fn rounded_up(number: &Number) -> Option<u64> {
    let (whole, fraction) = parts(number)?;
    whole.checked_add(u64::from(fraction))
}

/// The whole part of a number that is not negative, and whether there is more of it.
fn parts(number: &Number) -> Option<(u64, bool)> {
    if let Some(whole) = number.as_u64() {
        return Some((whole, false));
    }
    let text = number.to_string();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, ""));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.parse::<u64>().ok()?;
    match exponent.strip_prefix('-') {
        // Less than one.
        Some(_) => Some((0, true)),
        None if exponent.is_empty() => Some((whole, fraction.bytes().any(|digit| digit != b'0'))),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<UsageTotals, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn all_names_of_the_source_and_ours_are_known() {
        let mut totals = UsageTotals::default();
        for name in ["input_tokens", "cache_video_write_1h_tokens", "input_pixels", "web_fetches"] {
            *totals.named(name).unwrap() += 1;
        }
        assert_eq!(totals.iter().count(), 4);
        assert_eq!(totals.named("cached_tokens"), None);
        let all = UsageTotals { input_tokens: 1, ..UsageTotals::default() };
        assert_eq!(size_of_val(&all) / size_of::<u64>(), 59 + 2);
    }

    #[test]
    fn json_leaves_zeros_out_and_refuses_what_it_does_not_know() {
        let totals = read(r#"{"input_tokens":3,"output_tokens":0,"messages":2}"#).unwrap();
        let json = serde_json::to_string(&totals).unwrap();
        assert_eq!(json, r#"{"input_tokens":3,"input_text_messages":2}"#);
        assert_eq!(read(&json).unwrap(), totals);
        assert!(read(r#"{"input":3}"#).unwrap_err().contains("unknown field `input`"));
    }

    #[test]
    fn counts_are_whole_and_seconds_are_rounded_up() {
        assert_eq!(read(r#"{"input_tokens":5.0}"#).unwrap().input_tokens, 5);
        for bad in ["1.5", "-1", "-0.5", "1e30", "18446744073709551616"] {
            let error = read(&format!(r#"{{"input_tokens":{bad}}}"#)).unwrap_err();
            assert!(error.starts_with("not a count: `"), "{error}");
        }
        for (given, seconds) in [("7", 7), ("7.0", 7), ("7.25", 8), ("0.1", 1), ("1e-9", 1)] {
            let totals = read(&format!(r#"{{"audio_seconds":{given}}}"#)).unwrap();
            assert_eq!(totals.audio_seconds, seconds, "{given}");
        }
        assert!(read(r#"{"audio_seconds":-0.5}"#).is_err());
        assert!(read(r#"{"input_tokens":"5"}"#).is_err());
    }
}
