//! Under which of the keys of a price list a unit is charged.
//!
//! A unit and a key each say something of a token: its direction, its modality, how it came
//! (plain, from a cache, into a cache, from a tool, as reasoning, as a citation) and how long a
//! cache keeps it. A key is *of* a unit if nothing that it says contradicts the unit. The more a
//! key says, the more specific it is, and **a unit is charged at the rate of the most specific key
//! that the price list has.** A unit whose own key has no rate thus falls back to what includes it:
//! cached tokens without a rate cost as much as any input, reasoning as much as any output.
//!
//! | unit (`M` is audio, image or video) | 4 things said | 3 | 2 | 1 |
//! |---|---|---|---|---|
//! | `input` | | | `input_text` | `input` |
//! | `input_M` | | | `input_M` | `input` |
//! | `cache_read` | | `cache_text_read` | `cache_read`, `input_text` | `input` |
//! | `cache_read_M` | | `cache_M_read` | `cache_read`, `input_M` | `input` |
//! | `cache_write_5m` | `cache_text_write_5m` | `cache_write_5m`, `cache_text_write` | `cache_write`, `input_text` | `input` |
//! | `cache_write_5m_M` | `cache_M_write_5m` | `cache_write_5m`, `cache_M_write` | `cache_write`, `input_M` | `input` |
//! | `cache_write_1h` | `cache_text_write_1h` | `cache_write_1h`, `cache_text_write` | `cache_write`, `input_text` | `input` |
//! | `cache_write_1h_M` | `cache_M_write_1h` | `cache_write_1h`, `cache_M_write` | `cache_write`, `input_M` | `input` |
//! | `input_tool` | | `input_text_tool` | `input_tool`, `input_text` | `input` |
//! | `input_tool_M` | | `input_M_tool` | `input_tool`, `input_M` | `input` |
//! | `output` | | | `output_text` | `output` |
//! | `output_M` | | | `output_M` | `output` |
//! | `reasoning` | | `output_text_reasoning` | `output_reasoning`, `output_text` | `output` |
//! | `reasoning_M` | | `output_M_reasoning` | `output_reasoning`, `output_M` | `output` |
//! | `output_citation` | | `output_text_citation` | `output_citation`, `output_text` | `output` |
//! | `output_citation_M` | | `output_M_citation` | `output_citation`, `output_M` | `output` |
//! | `annotated_document_pages` | | | `input_annotated_document` | `input_document` |
//! | `input_audio_seconds` | | | `input_audio` | `audio` |
//! | `output_audio_seconds` | | | `output_audio` | `audio` |
//!
//! (Keys without their `_mtok`, `_kpages` or `_hours`.) Any other unit is charged at its one key.
//!
//! Where a list has **two rates equally specific**, such as of cache reads and of audio input for
//! cached audio, but none of the two together, **the dearer one counts**. genai-prices refuses such
//! a list, so this never decides with the built-in prices; an imported or contracted list may have
//! it, and the dearer rate is the one that cannot charge too little without a word.
//!
//! A rate of text applies to all tokens that are not audio, image or video. Cache writes of an
//! unstated time are units of five minutes, the time that providers keep them unless told
//! otherwise, so a rate of five minutes applies to them too.
//!
//! Reasoning is charged inside output unless the list has a rate of reasoning.

use octorato_core::Unit;

use super::key::{KeySet, PriceKey, PriceKey as K};

/// How many things a key can say.
pub(super) const LEVELS: usize = 4;

/// The keys of each unit, the most specific first; equally specific ones are in one set.
static LATTICE: [[KeySet; LEVELS]; Unit::COUNT] = {
    let mut lattice = [[0; LEVELS]; Unit::COUNT];
    let mut at = 0;
    while at < Unit::COUNT {
        lattice[at] = levels(Unit::ALL[at]);
        at += 1;
    }
    lattice
};

/// The keys that are rates of a unit itself.
static OWN: [KeySet; Unit::COUNT] = {
    let mut own = [0; Unit::COUNT];
    let mut at = 0;
    while at < PriceKey::ALL.len() {
        let key = PriceKey::ALL[at];
        own[key.unit() as usize] |= key.bit();
        at += 1;
    }
    own
};

/// The keys at which `unit` is charged: of the first set of which the price list has any, the
/// dearest.
pub(super) fn charged_as(unit: Unit) -> &'static [KeySet; LEVELS] {
    &LATTICE[unit as usize]
}

/// The keys that are rates of `unit` itself, rather than of what includes it.
pub(super) fn own_keys(unit: Unit) -> KeySet {
    OWN[unit as usize]
}

/// The row of a unit.
const fn levels(unit: Unit) -> [KeySet; LEVELS] {
    match unit {
        Unit::Input => plain(K::InputText, K::Input),
        Unit::InputAudio => plain(K::InputAudio, K::Input),
        Unit::InputImage => plain(K::InputImage, K::Input),
        Unit::InputVideo => plain(K::InputVideo, K::Input),
        Unit::CacheRead => special(K::CacheTextRead, K::CacheRead, K::InputText, K::Input),
        Unit::CacheReadAudio => special(K::CacheAudioRead, K::CacheRead, K::InputAudio, K::Input),
        Unit::CacheReadImage => special(K::CacheImageRead, K::CacheRead, K::InputImage, K::Input),
        Unit::CacheReadVideo => special(K::CacheVideoRead, K::CacheRead, K::InputVideo, K::Input),
        Unit::InputTool => special(K::InputTextTool, K::InputTool, K::InputText, K::Input),
        Unit::InputToolAudio => special(K::InputAudioTool, K::InputTool, K::InputAudio, K::Input),
        Unit::InputToolImage => special(K::InputImageTool, K::InputTool, K::InputImage, K::Input),
        Unit::InputToolVideo => special(K::InputVideoTool, K::InputTool, K::InputVideo, K::Input),
        Unit::CacheWrite5m => {
            write(K::CacheTextWrite5m, K::CacheWrite5m, K::CacheTextWrite, K::InputText)
        }
        Unit::CacheWrite5mAudio => {
            write(K::CacheAudioWrite5m, K::CacheWrite5m, K::CacheAudioWrite, K::InputAudio)
        }
        Unit::CacheWrite5mImage => {
            write(K::CacheImageWrite5m, K::CacheWrite5m, K::CacheImageWrite, K::InputImage)
        }
        Unit::CacheWrite5mVideo => {
            write(K::CacheVideoWrite5m, K::CacheWrite5m, K::CacheVideoWrite, K::InputVideo)
        }
        Unit::CacheWrite1h => {
            write(K::CacheTextWrite1h, K::CacheWrite1h, K::CacheTextWrite, K::InputText)
        }
        Unit::CacheWrite1hAudio => {
            write(K::CacheAudioWrite1h, K::CacheWrite1h, K::CacheAudioWrite, K::InputAudio)
        }
        Unit::CacheWrite1hImage => {
            write(K::CacheImageWrite1h, K::CacheWrite1h, K::CacheImageWrite, K::InputImage)
        }
        Unit::CacheWrite1hVideo => {
            write(K::CacheVideoWrite1h, K::CacheWrite1h, K::CacheVideoWrite, K::InputVideo)
        }
        _ => output_levels(unit),
    }
}

/// The row of a unit that is no input.
const fn output_levels(unit: Unit) -> [KeySet; LEVELS] {
    match unit {
        Unit::Output => plain(K::OutputText, K::Output),
        Unit::OutputAudio => plain(K::OutputAudio, K::Output),
        Unit::OutputImage => plain(K::OutputImage, K::Output),
        Unit::OutputVideo => plain(K::OutputVideo, K::Output),
        Unit::Reasoning => special(K::TextReasoning, K::Reasoning, K::OutputText, K::Output),
        Unit::ReasoningAudio => special(K::AudioReasoning, K::Reasoning, K::OutputAudio, K::Output),
        Unit::ReasoningImage => special(K::ImageReasoning, K::Reasoning, K::OutputImage, K::Output),
        Unit::ReasoningVideo => special(K::VideoReasoning, K::Reasoning, K::OutputVideo, K::Output),
        Unit::OutputCitation => special(K::TextCitation, K::Citation, K::OutputText, K::Output),
        Unit::OutputCitationAudio => {
            special(K::AudioCitation, K::Citation, K::OutputAudio, K::Output)
        }
        Unit::OutputCitationImage => {
            special(K::ImageCitation, K::Citation, K::OutputImage, K::Output)
        }
        Unit::OutputCitationVideo => {
            special(K::VideoCitation, K::Citation, K::OutputVideo, K::Output)
        }
        _ => count_levels(unit),
    }
}

/// The row of a unit that is no tokens.
const fn count_levels(unit: Unit) -> [KeySet; LEVELS] {
    match unit {
        Unit::AnnotatedDocumentPages => plain(K::AnnotatedDocumentPages, K::DocumentPages),
        Unit::InputAudioSeconds => plain(K::InputAudioHours, K::AudioHours),
        Unit::OutputAudioSeconds => plain(K::OutputAudioHours, K::AudioHours),
        Unit::WebSearches => only(K::WebSearches),
        Unit::StorageSearches => only(K::StorageSearches),
        Unit::SocialSearches => only(K::SocialSearches),
        Unit::RerankSearches => only(K::RerankSearches),
        Unit::CodeExecutions => only(K::CodeExecutions),
        Unit::Requests => only(K::Requests),
        Unit::Messages => only(K::TextMessages),
        Unit::DocumentPages => only(K::DocumentPages),
        Unit::InputCharacters => only(K::InputCharacters),
        Unit::InputPixels => only(K::InputPixels),
        Unit::AudioSeconds => only(K::AudioHours),
        Unit::ComputeSeconds => only(K::ComputeHours),
        _ => [0; LEVELS],
    }
}

/// The sets of these keys.
const fn row(keys: [&[PriceKey]; LEVELS]) -> [KeySet; LEVELS] {
    let mut row = [0; LEVELS];
    let mut level = 0;
    while level < LEVELS {
        let mut at = 0;
        while at < keys[level].len() {
            row[level] |= keys[level][at].bit();
            at += 1;
        }
        level += 1;
    }
    row
}

/// Text or one modality of plain input or output.
const fn plain(modal: PriceKey, any: PriceKey) -> [KeySet; LEVELS] {
    row([&[], &[], &[modal], &[any]])
}

/// The same that came in a way of its own.
const fn special(
    both: PriceKey,
    way: PriceKey,
    modal: PriceKey,
    any: PriceKey,
) -> [KeySet; LEVELS] {
    row([&[], &[both], &[way, modal], &[any]])
}

/// What is written to a cache for a time.
const fn write(
    all: PriceKey,
    time: PriceKey,
    modal_write: PriceKey,
    modal: PriceKey,
) -> [KeySet; LEVELS] {
    row([&[all], &[time, modal_write], &[K::CacheWrite, modal], &[K::Input]])
}

/// The one key of what is counted.
const fn only(key: PriceKey) -> [KeySet; LEVELS] {
    row([&[], &[], &[], &[key]])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::key::keys_of;
    use super::*;

    /// What a name says, so that the table is checked against the names of units and keys.
    fn said(name: &str) -> BTreeSet<String> {
        let name = name
            .strip_prefix("reasoning")
            .map_or_else(|| name.to_owned(), |rest| format!("output_reasoning{rest}"));
        let mut said = BTreeSet::new();
        for part in name.split('_').map(str::to_owned) {
            match part.as_str() {
                "mtok" => continue,
                "cache" => said.insert("input".to_owned()),
                _ => said.insert(part),
            };
        }
        said
    }

    #[test]
    fn the_keys_of_a_token_unit_are_those_that_do_not_contradict_it() {
        let tokens = Unit::ALL.iter().filter(|u| u.kind() != octorato_core::UnitKind::Count);
        for &unit in tokens {
            let mut unit_says = said(unit.name());
            if !["audio", "image", "video"].iter().any(|modal| unit_says.contains(*modal)) {
                unit_says.insert("text".to_owned());
            }
            for &key in PriceKey::ALL.iter().filter(|key| key.name().ends_with("_mtok")) {
                let key_says = said(key.name());
                let level = key_says.is_subset(&unit_says).then(|| LEVELS - key_says.len());
                let found = charged_as(unit).iter().position(|set| set & key.bit() != 0);
                assert_eq!(found, level, "{unit} {}", key.name());
            }
        }
    }

    #[test]
    fn every_unit_is_charged_at_its_own_keys_first() {
        for &unit in Unit::ALL {
            let own = own_keys(unit);
            let levels = charged_as(unit);
            assert_eq!(levels.iter().fold(0, |all, set| all | set) & own, own, "{unit}");
            let first = levels.iter().find(|set| **set != 0).copied().unwrap_or_default();
            assert_eq!(first & own, first, "{unit}");
        }
        assert_eq!(keys_of(own_keys(Unit::WebFetches)).count(), 0);
    }
}
