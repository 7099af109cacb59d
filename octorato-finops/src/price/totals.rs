//! Inclusive totals, as provider APIs report them, into disjoint usage.

use octorato_core::{Error, ErrorKind, Result, Unit, Usage};
use serde::Deserialize;

macro_rules! totals {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// Counts in which the general include the special: input tokens include cached and audio
        /// ones, cache writes include those of an hour, output tokens include reasoning.
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
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct UsageTotals {
            $($(#[$doc])* pub $field: u64,)*
        }
    };
}

totals! {
    /// All tokens read.
    input_tokens,
    /// Of these, taken from a cache.
    cache_read_tokens,
    /// Of the input tokens, written to a cache.
    cache_write_tokens,
    /// Of the cache writes, those that live five minutes; the rest where not given.
    cache_write_5m_tokens,
    /// Of the cache writes, those that live an hour.
    cache_write_1h_tokens,
    /// Of the input tokens, audio, cached or not.
    input_audio_tokens,
    /// Of the input tokens, images, cached or not.
    input_image_tokens,
    /// Of the input tokens, video.
    input_video_tokens,
    /// Of both cache reads and audio input.
    cache_audio_read_tokens,
    /// Of both cache reads and image input.
    cache_image_read_tokens,
    /// All tokens written.
    output_tokens,
    /// Of these, spent on reasoning.
    output_reasoning_tokens,
    /// Of the output tokens, audio.
    output_audio_tokens,
    /// Of the output tokens, images.
    output_image_tokens,
    /// Of the output tokens, video.
    output_video_tokens,
    /// Of the output tokens, citations.
    output_citation_tokens,
    /// Web searches.
    web_searches,
    /// Web fetches.
    web_fetches,
    /// Searches in a file or vector store.
    storage_searches,
    /// Requests, where more than one is meant.
    requests,
    /// Messages.
    messages,
    /// Document pages.
    document_pages,
    /// Document pages with annotation.
    annotated_document_pages,
    /// Characters read.
    input_characters,
    /// Seconds of audio read.
    input_audio_seconds,
    /// Seconds of audio.
    audio_seconds,
}

impl UsageTotals {
    /// The same counts, each token in one unit only.
    ///
    /// A part that is larger than what includes it is an error of kind
    /// [`ErrorKind::InvalidUsage`].
    pub fn to_usage(&self) -> Result<Usage> {
        let cache_write_5m = without(
            ("cache_write_tokens", self.cache_write_tokens),
            &[("cache_write_1h_tokens", self.cache_write_1h_tokens)],
        )?;
        if self.cache_write_5m_tokens > cache_write_5m {
            return Err(contradiction(
                ("cache_write_tokens", self.cache_write_tokens),
                &[
                    ("cache_write_5m_tokens", self.cache_write_5m_tokens),
                    ("cache_write_1h_tokens", self.cache_write_1h_tokens),
                ],
            ));
        }
        let cache_audio = ("cache_audio_read_tokens", self.cache_audio_read_tokens);
        let cache_image = ("cache_image_read_tokens", self.cache_image_read_tokens);
        let cache_read =
            without(("cache_read_tokens", self.cache_read_tokens), &[cache_audio, cache_image])?;
        let audio = without(("input_audio_tokens", self.input_audio_tokens), &[cache_audio])?;
        let image = without(("input_image_tokens", self.input_image_tokens), &[cache_image])?;
        let input = without(
            ("input_tokens", self.input_tokens),
            &[
                ("cache_read_tokens", self.cache_read_tokens),
                ("cache_write_tokens", self.cache_write_tokens),
                ("uncached audio tokens", audio),
                ("uncached image tokens", image),
                ("input_video_tokens", self.input_video_tokens),
            ],
        )?;
        let output = without(
            ("output_tokens", self.output_tokens),
            &[
                ("output_audio_tokens", self.output_audio_tokens),
                ("output_image_tokens", self.output_image_tokens),
                ("output_video_tokens", self.output_video_tokens),
                ("output_citation_tokens", self.output_citation_tokens),
            ],
        )?;
        let reasoning = ("output_reasoning_tokens", self.output_reasoning_tokens);
        without(("text tokens of output_tokens", output), &[reasoning])?;
        Ok(Usage::new()
            .with(Unit::Input, input)
            .with(Unit::CacheRead, cache_read)
            .with(Unit::CacheWrite5m, cache_write_5m)
            .with(Unit::CacheWrite1h, self.cache_write_1h_tokens)
            .with(Unit::Output, output)
            .with(Unit::Reasoning, self.output_reasoning_tokens)
            .with(Unit::InputAudio, audio)
            .with(Unit::InputImage, image)
            .with(Unit::InputVideo, self.input_video_tokens)
            .with(Unit::CacheReadAudio, self.cache_audio_read_tokens)
            .with(Unit::CacheReadImage, self.cache_image_read_tokens)
            .with(Unit::OutputAudio, self.output_audio_tokens)
            .with(Unit::OutputImage, self.output_image_tokens)
            .with(Unit::OutputVideo, self.output_video_tokens)
            .with(Unit::OutputCitation, self.output_citation_tokens)
            .with(Unit::WebSearches, self.web_searches)
            .with(Unit::WebFetches, self.web_fetches)
            .with(Unit::StorageSearches, self.storage_searches)
            .with(Unit::Requests, self.requests)
            .with(Unit::Messages, self.messages)
            .with(Unit::DocumentPages, self.document_pages)
            .with(Unit::AnnotatedDocumentPages, self.annotated_document_pages)
            .with(Unit::InputCharacters, self.input_characters)
            .with(Unit::InputAudioSeconds, self.input_audio_seconds)
            .with(Unit::AudioSeconds, self.audio_seconds))
    }
}

/// A count with its name.
type Named = (&'static str, u64);

/// What is left of a total without its parts.
fn without(total: Named, parts: &[Named]) -> Result<u64> {
    parts
        .iter()
        .try_fold(total.1, |left, part| left.checked_sub(part.1))
        .ok_or_else(|| contradiction(total, parts))
}

fn contradiction(total: Named, parts: &[Named]) -> Error {
    let parts: Vec<_> = parts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    Error::new(
        ErrorKind::InvalidUsage,
        format!("the parts of {} {} are larger: `{}`", total.0, total.1, parts.join(", ")),
    )
    .hinted("a total includes its parts: input includes cached tokens, output includes reasoning")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_come_apart_without_loss() {
        let totals = UsageTotals {
            input_tokens: 100,
            cache_read_tokens: 40,
            cache_write_tokens: 20,
            cache_write_1h_tokens: 20,
            input_audio_tokens: 15,
            cache_audio_read_tokens: 10,
            output_tokens: 50,
            output_reasoning_tokens: 30,
            output_audio_tokens: 20,
            ..UsageTotals::default()
        };
        let usage = totals.to_usage().unwrap();
        assert_eq!(usage.input_tokens(), 100);
        assert_eq!(usage.output_tokens(), 50);
        assert_eq!(usage.cache_read_tokens(), 40);
        assert_eq!((usage[Unit::Input], usage[Unit::InputAudio]), (35, 5));
        assert_eq!((usage[Unit::CacheWrite5m], usage[Unit::CacheWrite1h]), (0, 20));
    }

    #[test]
    fn a_part_larger_than_its_total_is_refused() {
        let base = UsageTotals { input_tokens: 10, output_tokens: 10, ..UsageTotals::default() };
        for totals in [
            UsageTotals { cache_read_tokens: 11, ..base },
            UsageTotals { cache_read_tokens: 6, cache_write_tokens: 5, ..base },
            UsageTotals { cache_write_tokens: 5, cache_write_1h_tokens: 6, ..base },
            UsageTotals {
                cache_write_tokens: 5,
                cache_write_1h_tokens: 3,
                cache_write_5m_tokens: 3,
                ..base
            },
            UsageTotals { cache_audio_read_tokens: 1, ..base },
            UsageTotals { output_reasoning_tokens: 11, ..base },
            UsageTotals { output_reasoning_tokens: 6, output_audio_tokens: 5, ..base },
            UsageTotals { cache_read_tokens: u64::MAX, cache_write_tokens: u64::MAX, ..base },
        ] {
            let error = totals.to_usage().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidUsage, "{totals:?}");
        }
        let error = UsageTotals { cache_read_tokens: 11, ..base }.to_usage().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the parts of input_tokens 10 are larger: `cache_read_tokens 11`"
        );
    }
}
