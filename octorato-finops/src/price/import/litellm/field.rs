//! The names of `LiteLLM`'s cost fields: a unit, then perhaps a threshold and a service tier.
//!
//! `cache_read_input_token_cost_above_272k_tokens_priority` is the rate of cache reads of a request
//! that reads more than 272,000 tokens, at priority.

use super::super::taker::Scale;

/// The pair of a price context under which a field counts.
pub(super) type Service = (&'static str, &'static str);

/// What a cost field is a rate of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The price key.
    pub(super) key: &'static str,
    pub(super) scale: Scale,
    /// Under which condition, if any.
    pub(super) service: Option<Service>,
    /// Above how many input tokens, if any.
    pub(super) above: Option<u64>,
}

/// The rates of tokens, which may have thresholds and service tiers.
const TOKENS: &[(&str, &str)] = &[
    ("input_cost_per_token", "input_mtok"),
    ("output_cost_per_token", "output_mtok"),
    ("cache_read_input_token_cost", "cache_read_mtok"),
    ("input_cost_per_token_cache_hit", "cache_read_mtok"),
    ("cache_creation_input_token_cost", "cache_write_mtok"),
    ("cache_creation_input_token_cost_above_1hr", "cache_write_1h_mtok"),
    ("output_cost_per_reasoning_token", "output_reasoning_mtok"),
    ("input_cost_per_audio_token", "input_audio_mtok"),
    ("output_cost_per_audio_token", "output_audio_mtok"),
    ("input_cost_per_image_token", "input_image_mtok"),
    ("output_cost_per_image_token", "output_image_mtok"),
    ("input_cost_per_video_token", "input_video_mtok"),
    ("output_cost_per_video_token", "output_video_mtok"),
    ("cache_read_input_audio_token_cost", "cache_audio_read_mtok"),
    ("cache_read_input_token_cost_per_audio_token", "cache_audio_read_mtok"),
    ("cache_read_input_image_token_cost", "cache_image_read_mtok"),
    ("cache_creation_input_audio_token_cost", "cache_audio_write_mtok"),
    ("citation_cost_per_token", "output_citation_mtok"),
];

/// Other rates: the power of ten from the source's unit to ours.
const COUNTS: &[(&str, &str, i32)] = &[
    ("input_cost_per_character", "input_mchars", 6),
    ("input_cost_per_request", "requests_kcount", 3),
    ("ocr_cost_per_page", "input_document_kpages", 3),
    ("annotation_cost_per_page", "input_annotated_document_kpages", 3),
    ("file_search_cost_per_1k_calls", "storage_searches_kcount", 0),
];

/// What the name ends with, and what that says.
const SERVICES: &[(&str, Service)] = &[
    ("_batches", ("processing", "batch")),
    ("_priority", ("service_tier", "priority")),
    ("_flex", ("service_tier", "flex")),
    ("_ultrafast", ("service_tier", "ultrafast")),
    ("_balanced", ("service_tier", "balanced")),
];

impl Field {
    /// Reads the name of a field of a model of this mode; nothing where it has no unit of ours.
    ///
    /// What a second, a query or a pixel is depends on the mode: a second of a rented machine is no
    /// second of audio, and a query of a search engine is not one of a model that ranks.
    pub(super) fn parse(name: &str, mode: &str) -> Option<Self> {
        let (mut rest, mut service, mut above) = (name, None, None);
        loop {
            if let Some((stem, found)) = SERVICES
                .iter()
                .find_map(|(suffix, found)| Some((rest.strip_suffix(suffix)?, *found)))
                && service.replace(found).is_none()
            {
                rest = stem;
            } else if let Some((stem, found)) = threshold(rest)
                && above.replace(found).is_none()
            {
                rest = stem;
            } else {
                break;
            }
        }
        let known = TOKENS.iter().find(|(field, _)| *field == rest);
        let (key, scale) = if let Some((_, key)) = known {
            (*key, Scale::Ten(6))
        } else if above.is_some() {
            return None; // Only tokens have thresholds of tokens.
        } else if let Some((_, key, places)) = COUNTS.iter().find(|(field, ..)| *field == rest) {
            (*key, Scale::Ten(*places))
        } else {
            match (rest, mode) {
                ("input_cost_per_second" | "output_cost_per_second", "audio_transcription")
                | ("input_cost_per_audio_per_second", _) => {
                    ("input_audio_hours", Scale::SecondToHour)
                }
                ("output_cost_per_second", "audio_speech") => {
                    ("output_audio_hours", Scale::SecondToHour)
                }
                ("input_cost_per_query", "rerank") => ("rerank_searches_kcount", Scale::Ten(3)),
                ("input_cost_per_pixel", "embedding" | "chat") => ("input_gpixels", Scale::Ten(9)),
                _ => return None,
            }
        };
        Some(Self { key, scale, service, above })
    }
}

/// The stem and the number of a name that ends with `_above_272k_tokens` or `_above_100_tokens`.
fn threshold(name: &str) -> Option<(&str, u64)> {
    let (stem, number) = name.strip_suffix("_tokens")?.rsplit_once("_above_")?;
    let (digits, thousand) = match number.strip_suffix('k') {
        Some(digits) => (digits, 1000),
        None => (number, 1),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((stem, digits.parse::<u64>().ok()?.checked_mul(thousand)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_table_is_a_unit_of_ours() {
        for key in TOKENS.iter().map(|(_, key)| key).chain(COUNTS.iter().map(|(_, key, _)| key)) {
            assert!(super::super::super::snapshot::is_known(key), "{key}");
        }
        for (name, mode) in [
            ("input_cost_per_second", "audio_transcription"),
            ("output_cost_per_second", "audio_speech"),
            ("input_cost_per_query", "rerank"),
            ("input_cost_per_pixel", "embedding"),
        ] {
            let field = Field::parse(name, mode).unwrap();
            assert!(super::super::super::snapshot::is_known(field.key), "{name}");
        }
    }

    #[test]
    fn thresholds_and_services_are_read_in_any_order() {
        let field = |name| Field::parse(name, "chat").map(|f| (f.key, f.above, f.service));
        let priority = Some(("service_tier", "priority"));
        for (name, key, above, service) in [
            ("input_cost_per_token", "input_mtok", None, None),
            ("input_cost_per_token_batches", "input_mtok", None, Some(("processing", "batch"))),
            ("output_cost_per_token_above_272k_tokens", "output_mtok", Some(272_000), None),
            (
                "cache_creation_input_token_cost_above_1hr_above_200k_tokens_priority",
                "cache_write_1h_mtok",
                Some(200_000),
                priority,
            ),
            ("input_cost_per_token_priority_above_100_tokens", "input_mtok", Some(100), priority),
        ] {
            assert_eq!(field(name), Some((key, above, service)), "{name}");
        }
    }

    #[test]
    fn what_is_no_unit_of_ours_is_not_understood() {
        for name in [
            "input_cost_per_token_slow",
            "input_cost_per_token_flex_flex",
            "input_cost_per_token_above_1k_tokens_above_2k_tokens",
            "input_cost_per_token_above_k_tokens",
            "input_cost_per_token_above_99999999999999999999k_tokens",
            "input_cost_per_character_above_128k_tokens",
            "cache_creation_input_token_cost_above_12hr",
            "input_cost_per_second",
            "input_cost_per_query",
            "output_cost_per_image",
            "mode",
        ] {
            assert_eq!(Field::parse(name, "chat"), None, "{name}");
        }
    }
}
