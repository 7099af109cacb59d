//! How many tokens models take and give at most, by `LiteLLM`'s names, kept by the catalog's entries.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use octorato_finops::price::Catalog;
use serde::{Deserialize, Serialize};

/// The catalog's ids of the providers that `LiteLLM` names so, or begins so with a `-`.
const PROVIDERS: &[(&str, &[&str])] = &[
    ("amazon_nova", &["aws"]),
    ("anthropic", &["anthropic"]),
    ("azure", &["azure"]),
    ("azure_ai", &["azure"]),
    ("azure_text", &["azure"]),
    ("baseten", &["baseten"]),
    ("bedrock", &["aws"]),
    ("bedrock_converse", &["aws"]),
    ("bedrock_mantle", &["aws"]),
    ("bigmodel", &["zhipuai"]),
    ("cerebras", &["cerebras", "huggingface_cerebras"]),
    ("cloudflare", &["cloudflare"]),
    ("codestral", &["mistral"]),
    ("cohere", &["cohere"]),
    ("cohere_chat", &["cohere"]),
    ("databricks", &["databricks"]),
    ("deepseek", &["deepseek"]),
    ("fireworks_ai", &["fireworks", "huggingface_fireworks-ai"]),
    ("gemini", &["google"]),
    ("github_copilot", &["github-copilot"]),
    ("groq", &["groq", "huggingface_groq"]),
    ("hyperbolic", &["huggingface_hyperbolic"]),
    ("meta", &["meta"]),
    ("minimax", &["minimax"]),
    ("mistral", &["mistral"]),
    ("moonshot", &["moonshotai"]),
    ("nebius", &["huggingface_nebius"]),
    ("novita", &["novita", "huggingface_novita"]),
    ("openai", &["openai"]),
    ("openrouter", &["openrouter"]),
    ("ovhcloud", &["ovhcloud", "huggingface_ovhcloud"]),
    ("perplexity", &["perplexity"]),
    ("publicai", &["huggingface_publicai"]),
    ("sambanova", &["huggingface_sambanova"]),
    ("text-completion-codestral", &["mistral"]),
    ("text-completion-openai", &["openai"]),
    ("together_ai", &["together", "huggingface_together"]),
    ("typesafe", &["typesafe"]),
    ("vertex_ai", &["google"]),
    ("voyage", &["voyageai"]),
    ("xai", &["x-ai"]),
    ("zai", &["zai"]),
];

/// The limits of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_input: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output: Option<u64>,
}

impl Limits {
    /// The larger of both, since a limit is there to be an upper bound.
    fn larger(self, other: Self) -> Self {
        Self {
            max_input: self.max_input.max(other.max_input),
            max_output: self.max_output.max(other.max_output),
        }
    }
}

/// By provider, then by the id of the entry.
type ByEntry = BTreeMap<String, BTreeMap<String, Limits>>;

/// The committed file, made of `LiteLLM`'s names: each is resolved by the catalog itself, and an
/// entry takes the largest limit of all names that reach it, exactly or not: it is there to be an
/// upper bound for whatever is charged at the entry's price.
pub(super) fn convert(text: &str, catalog: &Catalog) -> Result<String> {
    #[derive(Deserialize)]
    struct Source {
        source: String,
        models: BTreeMap<String, Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        provider: String,
        max_input_tokens: Option<u64>,
        max_output_tokens: Option<u64>,
    }
    let source: Source = serde_json::from_str(text)?;
    let mut by_entry = ByEntry::new();
    for (name, row) in &source.models {
        let limits = Limits { max_input: row.max_input_tokens, max_output: row.max_output_tokens };
        for provider in providers(&row.provider) {
            let found = spellings(name).find_map(|name| catalog.find(Some(provider), name).ok());
            let Some(found) = found else { continue };
            let list = by_entry.entry(found.list().id().to_owned()).or_default();
            let known = list.entry(found.model().id().to_owned()).or_default();
            *known = known.larger(limits);
        }
    }
    to_text(&source.source, &by_entry)
}

/// The catalog's ids of a provider that `LiteLLM` names.
fn providers(name: &str) -> &'static [&'static str] {
    let is_named = |known: &str| {
        name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    PROVIDERS.iter().find_map(|(known, ids)| is_named(known).then_some(*ids)).unwrap_or(&[])
}

/// The name without each of the words before a slash (provider, region), the shortest cut last.
fn spellings(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('/').map(|(_, rest)| rest))
}

/// One line per model.
fn to_text(source: &str, models: &ByEntry) -> Result<String> {
    let mut text = format!("{{\n\"source\": {},\n\"models\": {{", serde_json::to_string(source)?);
    for (at, (provider, models)) in models.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(text, "{comma}\n{}: {{", serde_json::to_string(provider)?)?;
        for (at, (id, limits)) in models.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let (id, limits) = (serde_json::to_string(id)?, serde_json::to_string(limits)?);
            write!(text, "{comma}\n  {id}: {limits}")?;
        }
        text.push_str("\n}");
    }
    text.push_str("\n}\n}\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAPSHOT: &str = concat!(
        r#"{"schema":1,"source":"s","version":"1","licence":"MIT","made":"2026-01-01","#,
        r#""normalised":0,"providers":[{"id":"aws","name":"A","api_pattern":"a"}]}"#,
        "\n",
        r#"{"id":"aws","models":[{"id":"m","match":{"starts_with":"m"},"prices":[{"rates":{}}]}]}"#,
        "\n",
    );

    fn source(rows: &str) -> String {
        format!(r#"{{"source":"x, MIT","models":{{{rows}}}}}"#)
    }

    fn row(name: &str, input: u64, output: u64) -> String {
        format!(
            r#""{name}":{{"provider":"bedrock_converse","mode":"chat","max_input_tokens":{input},
                "max_output_tokens":{output}}}"#
        )
    }

    #[test]
    fn the_largest_limit_of_all_names_that_reach_an_entry_wins() {
        let catalog = Catalog::parse(SNAPSHOT).unwrap();
        let rows = [row("bedrock/us-east-1/m", 5, 9), row("m", 7, 3), row("m-other", 2, 10)];
        let text = convert(&source(&rows.join(",")), &catalog).unwrap();
        assert!(text.contains(r#""m": {"max_input":7,"max_output":10}"#), "{text}");
        let unknown = convert(&source(&row("x", 1, 1)), &catalog).unwrap();
        assert!(!unknown.contains("max_input"), "{unknown}");
    }

    #[test]
    fn providers_are_told_by_whole_words() {
        assert_eq!(providers("vertex_ai-anthropic_models"), ["google"]);
        assert_eq!(providers("azure_ai"), ["azure"]);
        assert!(providers("meta_llama").is_empty());
    }
}
