//! `LiteLLM`'s table (`model_prices_and_context_window.json`): one entry per name of a model.
//!
//! An entry is found by its name and, where that begins with its provider, by the rest of it. Its
//! cost fields become rates where we have the unit; every other field is either known to have no
//! part in a price, or reported.

mod entry;
mod field;

use jiff::civil::Date;
use octorato_core::Result;
use serde_json::value::RawValue;

use self::entry::Terms;
use super::decimal::normalise;
use super::findings::{Findings, SkippedModel};
use super::json::{self, Object};
use super::listing::{Listings, snapshot};
use super::rule::Rule;
use super::snapshot::{Model, Snapshot};
use super::taker::Taker;
use super::{Origin, refused};

/// Keys of the table that are no models.
const NO_MODELS: &[&str] = &["sample_spec", "fallback_generalizations"];

/// Fields that are read apart from the rates.
const STRUCTURE: &[&str] =
    &["litellm_provider", "mode", "max_input_tokens", "max_output_tokens", "deprecation_date"];

/// Fields that are known and have no part in a price, beside `supports_..` and `supported_..`.
const METADATA: &[&str] = &[
    "audio_transcription_config",
    "bedrock_converse_supports_strict_tools",
    "bedrock_output_config_effort_ceiling",
    "comment",
    "default_reasoning_effort",
    "gemini_audio_only_live",
    "gemini_native_audio",
    "inference_geo",
    "max_audio_length_hours",
    "max_audio_per_prompt",
    "max_document_chunks_per_query",
    "max_images_per_prompt",
    "max_pdf_size_mb",
    "max_query_tokens",
    "max_tokens",
    "max_tokens_per_document_chunk",
    "max_video_length",
    "max_videos_per_prompt",
    "metadata",
    "output_vector_size",
    "prompt_cache_min_tokens",
    "reasoning_effort_levels",
    "rpd",
    "rpm",
    "source",
    "thinking_always_on",
    "tool_use_system_prompt_tokens",
    "tpm",
    "use_openai_responses_path",
    "uses_embed_content",
    "vertex_ai_audio_api",
];

/// Our ids of providers that `LiteLLM` names so, or begins so with a `-`. Any other is one of its
/// own.
const PROVIDERS: &[(&str, &str)] = &[
    ("anthropic", "anthropic"),
    ("azure", "azure"),
    ("azure_ai", "azure"),
    ("azure_text", "azure"),
    ("baseten", "baseten"),
    ("bedrock", "aws"),
    ("bedrock_converse", "aws"),
    ("bedrock_mantle", "aws"),
    ("cerebras", "cerebras"),
    ("cloudflare", "cloudflare"),
    ("codestral", "mistral"),
    ("cohere", "cohere"),
    ("cohere_chat", "cohere"),
    ("databricks", "databricks"),
    ("deepseek", "deepseek"),
    ("elevenlabs", "elevenlabs"),
    ("fireworks_ai", "fireworks"),
    ("gemini", "google"),
    ("github_copilot", "github-copilot"),
    ("groq", "groq"),
    ("minimax", "minimax"),
    ("mistral", "mistral"),
    ("moonshot", "moonshotai"),
    ("novita", "novita"),
    ("openai", "openai"),
    ("openrouter", "openrouter"),
    ("ovhcloud", "ovhcloud"),
    ("perplexity", "perplexity"),
    ("text-completion-codestral", "mistral"),
    ("text-completion-openai", "openai"),
    ("together_ai", "together"),
    ("vertex_ai", "google"),
    ("voyage", "voyageai"),
    ("xai", "x-ai"),
    ("zai", "zai"),
];

/// Converts the whole table.
pub(super) fn convert(text: &str, origin: &Origin, findings: &mut Findings) -> Result<Snapshot> {
    let table: Object<'_> = json::read(text, "the table of models")?;
    let mut listings = Listings::new();
    for (name, value) in &table.0 {
        if NO_MODELS.contains(&&**name) {
            continue;
        }
        model(name, value, origin, findings, &mut listings)?;
    }
    snapshot("litellm", listings, origin, findings)
}

/// Whether a field is known to have no part in a price.
fn is_metadata(name: &str) -> bool {
    name.starts_with("supports_") || name.starts_with("supported_") || METADATA.contains(&name)
}

/// A number without decimals.
fn whole(text: &str) -> Option<u64> {
    normalise(text).ok()?.0.parse().ok()
}

fn model(
    name: &str,
    value: &RawValue,
    origin: &Origin,
    findings: &mut Findings,
    listings: &mut Listings,
) -> Result<()> {
    let source: Object<'_> = json::read(value.get(), name)?;
    let word = |field: &str| -> Option<String> { serde_json::from_str(source.get(field)?).ok() };
    let Some(provider) = word("litellm_provider").filter(|provider| !provider.trim().is_empty())
    else {
        let (provider, place) = ("(none)".to_owned(), "litellm_provider".to_owned());
        let why = "no provider, so there is no list to put it in".to_owned();
        findings.skipped.push(SkippedModel { provider, model: name.to_owned(), place, why });
        return Ok(());
    };
    if name.trim().is_empty() {
        return Err(refused(name, "a model without a name"));
    }
    let (provider, mode) = (provider.to_lowercase(), word("mode").unwrap_or_default());
    let id = PROVIDERS.iter().find(|(known, _)| is_or_begins(&provider, known, "-"));
    let id = id.map_or(&*provider, |(_, id)| id);
    let mut number = |field: &str| {
        let text = source.get(field).filter(|text| *text != "null")?;
        let number = whole(text);
        if number.is_none() {
            findings.note_unknown(field, &format!("{id}/{name}"), text);
        }
        number.filter(|number| *number > 0)
    };
    let (max_input, max_output) = (number("max_input_tokens"), number("max_output_tokens"));
    let retired: Option<Date> = word("deprecation_date").and_then(|date| date.parse().ok());
    let terms = Terms { provider: &provider, mode: &mode };
    let mut taker = Taker { provider: id, model: name, findings };
    let (prices, variants) = taker.or_unpriced(|taker| entry::read(taker, &source, &terms));
    let prefix = name.split_once('/');
    let rest = prefix.filter(|(prefix, rest)| {
        !rest.is_empty() && is_or_begins(&provider, &prefix.to_lowercase(), "-_")
    });
    let model = Model {
        id: name.to_owned(),
        name: None,
        rule: Rule::Or(Vec::new()),
        context_window: None,
        max_input,
        max_output,
        deprecated: retired.is_some_and(|retired| retired <= origin.made),
        prices,
        minimums: super::snapshot::Minimums::new(),
        variants,
    };
    let listing = listings.entry(id.to_owned()).or_default();
    listing.models.push((model, rest.map(|(_, rest)| rest.to_owned())));
    listing.names.insert(provider);
    Ok(())
}

/// Whether `name` is `known`, or goes on after it with one of `marks`.
fn is_or_begins(name: &str, known: &str, marks: &str) -> bool {
    name.strip_prefix(known)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c| marks.contains(c)))
}

#[cfg(test)]
mod tests;
