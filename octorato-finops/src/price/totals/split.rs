//! From totals that overlap to units that do not.
//!
//! A total of tokens is a table: how they came (plain, from a cache, into a cache, from a tool)
//! across what they are (text, audio, images, video). Providers report the sums of its rows and
//! columns, and of its cells only some. What they leave out is filled in so:
//!
//! - **Tokens are one special thing only, unless the counts force them to be two.** Of 100 input
//!   tokens of which 80 were cached and 30 were audio, no cached ones were audio; with 50 of audio
//!   at least 30 were both, and no more are taken to be. For cached audio this is the dearest of all
//!   readings wherever caching saves at least as much of a token of audio as of one of text, as
//!   it does in every built-in price list that has both rates, so nothing is charged too little;
//!   and it refuses no counts that can be true. (genai-prices refuses them where both have rates;
//!   where only one has, every reading costs the same.)
//! - What is forced is taken first from tool tokens, then from cache writes, then from cache reads,
//!   and of each first from video, then images, then audio: where being both saves least.
//! - Cache writes of an unstated time are of five minutes.
//! - Where pages or seconds are given as a part only, the total is that part.
//!
//! Counts that cannot be true at once are an error: a part that is larger than its whole, or parts
//! of which no token can be two and that are larger together.

use octorato_core::{Error, ErrorKind, Result, Unit, Usage};

use super::UsageTotals;

/// A count with its name.
type Named = (&'static str, u64);

/// Video, images, audio: the columns beside text, in the order in which overlaps are taken.
const MODALS: usize = 3;

/// Tokens that came in one way, by what they are.
struct Row {
    total: Named,
    /// Those that are said to be text.
    text: Named,
    cells: [Named; MODALS],
}

impl UsageTotals {
    /// The same counts, each token in one unit only.
    ///
    /// Providers seldom report every overlap, such as how much of the cached input is audio. What
    /// is not reported is taken as small as the other counts allow, which is the dearest reading
    /// of them by every built-in price.
    ///
    /// Counts that cannot be true at once, such as more cached than input tokens, are an error of
    /// kind [`ErrorKind::InvalidUsage`] that names them.
    pub fn to_usage(&self) -> Result<Usage> {
        let mut usage = Usage::new()
            .with(Unit::WebSearches, self.web_searches)
            .with(Unit::WebFetches, self.web_fetches)
            .with(Unit::StorageSearches, self.storage_searches)
            .with(Unit::SocialSearches, self.social_searches)
            .with(Unit::RerankSearches, self.rerank_searches)
            .with(Unit::CodeExecutions, self.code_executions)
            .with(Unit::Requests, self.requests)
            .with(Unit::Messages, self.input_text_messages)
            .with(Unit::InputCharacters, self.input_characters)
            .with(Unit::InputPixels, self.input_pixels)
            .with(Unit::ComputeSeconds, self.compute_seconds);
        self.split_input(&mut usage)?;
        self.split_output(&mut usage)?;
        self.split_pages_and_seconds(&mut usage)?;
        Ok(usage)
    }

    fn split_input(&self, usage: &mut Usage) -> Result<()> {
        let writes = self.writes()?;
        let [five_minutes, hour] = writes;
        let tool = Row {
            total: ("input_tool_tokens", self.input_tool_tokens),
            text: ("input_text_tool_tokens", self.input_text_tool_tokens),
            cells: [
                ("input_video_tool_tokens", self.input_video_tool_tokens),
                ("input_image_tool_tokens", self.input_image_tool_tokens),
                ("input_audio_tool_tokens", self.input_audio_tool_tokens),
            ],
        };
        let read = Row {
            total: ("cache_read_tokens", self.cache_read_tokens),
            text: ("cache_text_read_tokens", self.cache_text_read_tokens),
            cells: [
                ("cache_video_read_tokens", self.cache_video_read_tokens),
                ("cache_image_read_tokens", self.cache_image_read_tokens),
                ("cache_audio_read_tokens", self.cache_audio_read_tokens),
            ],
        };
        let columns = [
            ("input_video_tokens", self.input_video_tokens),
            ("input_image_tokens", self.input_image_tokens),
            ("input_audio_tokens", self.input_audio_tokens),
        ];
        let text = ("input_text_tokens", self.input_text_tokens);
        let rows = [tool, five_minutes, hour, read];
        let (plain, rows) = fill(("input_tokens", self.input_tokens), text, columns, &rows)?;
        let units = [
            [Unit::InputTool, Unit::InputToolVideo, Unit::InputToolImage, Unit::InputToolAudio],
            [
                Unit::CacheWrite5m,
                Unit::CacheWrite5mVideo,
                Unit::CacheWrite5mImage,
                Unit::CacheWrite5mAudio,
            ],
            [
                Unit::CacheWrite1h,
                Unit::CacheWrite1hVideo,
                Unit::CacheWrite1hImage,
                Unit::CacheWrite1hAudio,
            ],
            [Unit::CacheRead, Unit::CacheReadVideo, Unit::CacheReadImage, Unit::CacheReadAudio],
        ];
        let of_plain = [Unit::Input, Unit::InputVideo, Unit::InputImage, Unit::InputAudio];
        for (units, counts) in units.iter().zip(rows).chain([(&of_plain, plain)]) {
            for (unit, count) in units.iter().zip(counts) {
                usage.set(*unit, count);
            }
        }
        Ok(())
    }

    /// The cache writes of five minutes or an unstated time, and those of an hour.
    fn writes(&self) -> Result<[Row; 2]> {
        let total = ("cache_write_tokens", self.cache_write_tokens);
        let hour = ("cache_write_1h_tokens", self.cache_write_1h_tokens);
        let five_minutes = ("cache_write_5m_tokens", self.cache_write_5m_tokens);
        without(total, &[five_minutes, hour])?;
        let rest = without(total, &[hour])?;
        // What is said of a modality but not of a time is of five minutes as far as these go.
        let modals = [
            (
                ("cache_video_write_tokens", self.cache_video_write_tokens),
                ("cache_video_write_5m_tokens", self.cache_video_write_5m_tokens),
                ("cache_video_write_1h_tokens", self.cache_video_write_1h_tokens),
            ),
            (
                ("cache_image_write_tokens", self.cache_image_write_tokens),
                ("cache_image_write_5m_tokens", self.cache_image_write_5m_tokens),
                ("cache_image_write_1h_tokens", self.cache_image_write_1h_tokens),
            ),
            (
                ("cache_audio_write_tokens", self.cache_audio_write_tokens),
                ("cache_audio_write_5m_tokens", self.cache_audio_write_5m_tokens),
                ("cache_audio_write_1h_tokens", self.cache_audio_write_1h_tokens),
            ),
        ];
        without(total, &modals.map(|(all, ..)| all))?;
        let text = ("cache_text_write_tokens", self.cache_text_write_tokens);
        let text_of_minutes = ("cache_text_write_5m_tokens", self.cache_text_write_5m_tokens);
        let text_of_hour = ("cache_text_write_1h_tokens", self.cache_text_write_1h_tokens);
        if text.1 > 0 {
            without(text, &[text_of_minutes, text_of_hour])?;
            let [(video, ..), (image, ..), (audio, ..)] = modals;
            without(total, &[text, video, image, audio])?;
        }
        let five_cells = modals.map(|(_, cell, _)| cell);
        let mut rows = [
            Row { total: (total.0, rest), text: text_of_minutes, cells: five_cells },
            Row { total: hour, text: text_of_hour, cells: modals.map(|(.., cell)| cell) },
        ];
        let mut room = [0, 0];
        for (room, row) in room.iter_mut().zip(&rows) {
            let [video, image, audio] = row.cells;
            *room = without(row.total, &[row.text, video, image, audio])?;
        }
        for (at, (all, five_minutes, hour)) in modals.into_iter().enumerate() {
            let mut unstated = without(all, &[five_minutes, hour])?;
            for (room, row) in room.iter_mut().zip(&mut rows) {
                let taken = unstated.min(*room);
                row.cells[at].1 += taken;
                *room -= taken;
                unstated -= taken;
            }
            if unstated > 0 {
                return Err(contradiction(total, &[all, text, five_minutes, hour]));
            }
        }
        Ok(rows)
    }

    fn split_output(&self, usage: &mut Usage) -> Result<()> {
        let reasoning = Row {
            total: ("output_reasoning_tokens", self.output_reasoning_tokens),
            text: ("output_text_reasoning_tokens", self.output_text_reasoning_tokens),
            cells: [
                ("output_video_reasoning_tokens", self.output_video_reasoning_tokens),
                ("output_image_reasoning_tokens", self.output_image_reasoning_tokens),
                ("output_audio_reasoning_tokens", self.output_audio_reasoning_tokens),
            ],
        };
        let citation = Row {
            total: ("output_citation_tokens", self.output_citation_tokens),
            text: ("output_text_citation_tokens", self.output_text_citation_tokens),
            cells: [
                ("output_video_citation_tokens", self.output_video_citation_tokens),
                ("output_image_citation_tokens", self.output_image_citation_tokens),
                ("output_audio_citation_tokens", self.output_audio_citation_tokens),
            ],
        };
        let columns = [
            ("output_video_tokens", self.output_video_tokens),
            ("output_image_tokens", self.output_image_tokens),
            ("output_audio_tokens", self.output_audio_tokens),
        ];
        let text = ("output_text_tokens", self.output_text_tokens);
        let total = ("output_tokens", self.output_tokens);
        let (plain, [reasoning, citation]) = fill(total, text, columns, &[reasoning, citation])?;
        let units = [
            (Unit::Output, Unit::Reasoning, Unit::OutputCitation),
            (Unit::OutputVideo, Unit::ReasoningVideo, Unit::OutputCitationVideo),
            (Unit::OutputImage, Unit::ReasoningImage, Unit::OutputCitationImage),
            (Unit::OutputAudio, Unit::ReasoningAudio, Unit::OutputCitationAudio),
        ];
        for (at, (unit, of_reasoning, of_citation)) in units.into_iter().enumerate() {
            // Reasoning is a part of its output unit; both are parts of one total.
            usage.set(unit, plain[at] + reasoning[at]);
            usage.set(of_reasoning, reasoning[at]);
            usage.set(of_citation, citation[at]);
        }
        Ok(())
    }

    fn split_pages_and_seconds(&self, usage: &mut Usage) -> Result<()> {
        let pages = ("input_document_pages", self.input_document_pages);
        let annotated = ("input_annotated_document_pages", self.input_annotated_document_pages);
        let seconds = ("audio_seconds", self.audio_seconds);
        let read = ("input_audio_seconds", self.input_audio_seconds);
        let written = ("output_audio_seconds", self.output_audio_seconds);
        let rest = |total: Named, parts: &[Named]| match total.1 {
            0 => Ok(0),
            _ => without(total, parts),
        };
        usage.set(Unit::DocumentPages, rest(pages, &[annotated])?);
        usage.set(Unit::AnnotatedDocumentPages, annotated.1);
        usage.set(Unit::AudioSeconds, rest(seconds, &[read, written])?);
        usage.set(Unit::InputAudioSeconds, read.1);
        usage.set(Unit::OutputAudioSeconds, written.1);
        Ok(())
    }
}

/// Text, then the modals.
type Cells = [u64; 1 + MODALS];

/// The cells of a table of tokens: those of the plain row, and those of each other row.
fn fill<const N: usize>(
    total: Named,
    text: Named,
    columns: [Named; MODALS],
    rows: &[Row; N],
) -> Result<(Cells, [Cells; N])> {
    without(total, &rows.each_ref().map(|row| row.total))?;
    without(total, &[text, columns[0], columns[1], columns[2]])?;
    let mut cells = [[0; 1 + MODALS]; N];
    for (cells, row) in cells.iter_mut().zip(rows) {
        cells[0] = without(row.total, &row.cells)?;
        if row.text.1 > cells[0] {
            let [video, image, audio] = row.cells;
            return Err(contradiction(row.total, &[row.text, video, image, audio]));
        }
        for (cell, given) in cells[1..].iter_mut().zip(row.cells) {
            *cell = given.1;
        }
    }
    let mut plain = [0; 1 + MODALS];
    for (at, column) in columns.iter().enumerate() {
        let of_rows = rows.each_ref().map(|row| row.cells[at]);
        plain[1 + at] = without(*column, &of_rows)?;
    }
    // What is special in one way only, so far, and what of it must be special in two.
    let sum = |counts: &[u64]| counts.iter().map(|&count| u128::from(count)).sum::<u128>();
    let in_rows: u128 = cells.iter().map(|row| sum(row)).sum();
    let excess = (in_rows + sum(&plain)).saturating_sub(u128::from(total.1));
    // Neither the rows nor the columns are larger than the total, so the excess is no larger.
    let mut excess = u64::try_from(excess).unwrap_or(u64::MAX);
    for (row, given) in cells.iter_mut().zip(rows) {
        for at in 1..=MODALS {
            let both = excess.min(plain[at]).min(row[0] - given.text.1);
            row[0] -= both;
            plain[at] -= both;
            row[at] += both;
            excess -= both;
        }
    }
    let in_rows: u128 = cells.iter().map(|row| sum(row)).sum();
    let all = in_rows + sum(&plain);
    let Some(rest) = u64::try_from(all).ok().and_then(|all| total.1.checked_sub(all)) else {
        let of_rows = rows.iter().flat_map(|row| [row.total, row.text]);
        let parts: Vec<_> = columns.into_iter().chain(of_rows).collect();
        return Err(contradiction(total, &parts));
    };
    plain[0] = rest;
    Ok((plain, cells))
}

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
    use octorato_core::UnitKind;
    use proptest::prelude::*;

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
            input_tool_tokens: 7,
            input_image_tool_tokens: 2,
            input_image_tokens: 3,
            output_tokens: 50,
            output_reasoning_tokens: 30,
            output_audio_tokens: 20,
            ..UsageTotals::default()
        };
        let usage = totals.to_usage().unwrap();
        assert_eq!(usage.input_tokens(), 100);
        assert_eq!(usage.output_tokens(), 50);
        assert_eq!(usage.cache_read_tokens(), 40);
        assert_eq!((usage[Unit::Input], usage[Unit::InputAudio]), (27, 5));
        assert_eq!((usage[Unit::CacheWrite5m], usage[Unit::CacheWrite1h]), (0, 20));
        assert_eq!((usage[Unit::InputTool], usage[Unit::InputToolImage]), (5, 2));
        assert_eq!((usage[Unit::InputImage], usage[Unit::CacheRead]), (1, 30));
        assert_eq!((usage[Unit::Output], usage[Unit::Reasoning]), (30, 30));
    }

    #[test]
    fn an_overlap_that_is_not_reported_is_as_small_as_it_can_be() {
        let heard = |audio| {
            let totals = UsageTotals {
                input_tokens: 100,
                cache_read_tokens: 80,
                input_audio_tokens: audio,
                ..UsageTotals::default()
            };
            let usage = totals.to_usage().unwrap();
            assert_eq!((usage.input_tokens(), usage.cache_read_tokens()), (100, 80));
            (usage[Unit::InputAudio], usage[Unit::CacheReadAudio])
        };
        assert_eq!(heard(20), (20, 0));
        assert_eq!(heard(50), (20, 30));
        assert_eq!(heard(100), (20, 80));
        let spoken = UsageTotals {
            output_tokens: 10,
            output_reasoning_tokens: 6,
            output_audio_tokens: 5,
            ..UsageTotals::default()
        };
        let usage = spoken.to_usage().unwrap();
        assert_eq!((usage[Unit::Output], usage[Unit::Reasoning]), (5, 5));
        assert_eq!((usage[Unit::OutputAudio], usage[Unit::ReasoningAudio]), (5, 1));
        assert_eq!(usage.output_tokens(), 10);
    }

    #[test]
    fn writes_of_a_modality_without_a_time_are_of_five_minutes_first() {
        let totals = UsageTotals {
            input_tokens: 100,
            input_audio_tokens: 60,
            cache_write_tokens: 50,
            cache_write_1h_tokens: 30,
            cache_audio_write_tokens: 40,
            cache_audio_write_1h_tokens: 10,
            ..UsageTotals::default()
        };
        let usage = totals.to_usage().unwrap();
        assert_eq!(usage[Unit::CacheWrite5mAudio], 20);
        assert_eq!(usage[Unit::CacheWrite1hAudio], 20);
        assert_eq!((usage[Unit::CacheWrite5m], usage[Unit::CacheWrite1h]), (0, 10));
        assert_eq!((usage[Unit::InputAudio], usage[Unit::Input]), (20, 30));
    }

    #[test]
    fn pages_and_seconds_include_their_parts_where_a_total_is_given() {
        let totals = UsageTotals {
            input_document_pages: 5,
            input_annotated_document_pages: 2,
            input_audio_seconds: 9,
            ..UsageTotals::default()
        };
        let usage = totals.to_usage().unwrap();
        assert_eq!((usage[Unit::DocumentPages], usage[Unit::AnnotatedDocumentPages]), (3, 2));
        assert_eq!((usage[Unit::AudioSeconds], usage[Unit::InputAudioSeconds]), (0, 9));
        let more = UsageTotals { audio_seconds: 8, ..totals };
        assert_eq!(more.to_usage().unwrap_err().kind(), ErrorKind::InvalidUsage);
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
            UsageTotals { input_text_tokens: 6, input_audio_tokens: 5, ..base },
            UsageTotals { cache_read_tokens: 4, cache_text_read_tokens: 5, ..base },
            // All that is cached is text, so no audio can be.
            UsageTotals {
                cache_read_tokens: 8,
                cache_text_read_tokens: 8,
                input_audio_tokens: 3,
                ..base
            },
            UsageTotals { output_reasoning_tokens: 11, ..base },
            UsageTotals { output_text_tokens: 6, output_audio_tokens: 5, ..base },
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

    #[test]
    fn caching_saves_at_least_as_much_of_audio_as_of_text_in_every_built_in_list() {
        use super::super::super::Catalog;
        use super::super::super::key::PriceKey as K;

        let at = "2026-11-20T12:00:00Z".parse().unwrap();
        let mut compared = 0;
        for provider in Catalog::builtin().providers() {
            for model in Catalog::builtin().models(provider.id()).unwrap() {
                let rates = model.rates_at(at);
                let rate = |key| rates.get(key).map(|tiered| tiered.at(0).to_decimal());
                let Some((input, read)) = rate(K::Input).zip(rate(K::CacheRead)) else { continue };
                for (modal, both) in [
                    (K::InputAudio, K::CacheAudioRead),
                    (K::InputImage, K::CacheImageRead),
                    (K::InputVideo, K::CacheVideoRead),
                    (K::InputText, K::CacheTextRead),
                ] {
                    let Some(modal) = rate(modal) else { continue };
                    let both = rate(both).unwrap_or(read);
                    assert!(modal - both >= input - read, "{} {}", provider.id(), model.id());
                    compared += 1;
                }
            }
        }
        assert!(compared >= 20, "{compared}");
    }

    proptest! {
        #[test]
        fn no_token_is_lost_or_counted_twice(
            input in 0_u64..60,
            output in 0_u64..40,
            parts in proptest::collection::vec(0_u64..25, 14),
        ) {
            let totals = UsageTotals {
                input_tokens: input,
                cache_read_tokens: parts[0],
                cache_write_tokens: parts[1],
                cache_write_1h_tokens: parts[2] / 4,
                cache_write_5m_tokens: parts[3] / 8,
                input_tool_tokens: parts[4] / 2,
                input_audio_tokens: parts[5],
                input_image_tokens: parts[6] / 2,
                cache_audio_read_tokens: parts[7] / 8,
                cache_audio_write_tokens: parts[8] / 8,
                output_tokens: output,
                output_reasoning_tokens: parts[9],
                output_citation_tokens: parts[10] / 4,
                output_audio_tokens: parts[11],
                output_text_tokens: parts[12] / 4,
                cache_text_read_tokens: parts[13] / 8,
                ..UsageTotals::default()
            };
            let Ok(usage) = totals.to_usage() else { return Ok(()) };
            prop_assert_eq!(usage.input_tokens(), u128::from(input));
            prop_assert_eq!(usage.output_tokens(), u128::from(output));
            prop_assert_eq!(usage.cache_read_tokens(), u128::from(parts[0]));
            prop_assert_eq!(usage.sum_where(Unit::is_cache_write), u128::from(parts[1]));
            let named = |part: &'static str| usage.sum_where(|unit| unit.name().contains(part));
            prop_assert_eq!(named("1h"), u128::from(parts[2] / 4));
            prop_assert_eq!(named("tool"), u128::from(parts[4] / 2));
            prop_assert_eq!(named("reasoning"), u128::from(parts[9]));
            prop_assert_eq!(named("citation"), u128::from(parts[10] / 4));
            let input_audio = usage.sum_where(|unit| {
                unit.kind() == UnitKind::InputTokens && unit.name().contains("audio")
            });
            prop_assert_eq!(input_audio, u128::from(parts[5]));
            let output_audio = usage[Unit::OutputAudio] + usage[Unit::OutputCitationAudio];
            prop_assert_eq!(output_audio, parts[11]);
            prop_assert!(usage[Unit::Reasoning] <= usage[Unit::Output]);
            prop_assert!(usage[Unit::CacheReadAudio] >= parts[7] / 8);
        }
    }
}
