//! How routers, SDKs and frameworks write a provider, before a model's name or alone.

/// A spelling and the id of the provider in price lists. Spellings are compared with `-` for `_`.
///
/// Sources: the provider names of `LiteLLM`, of `LangChain`'s `init_chat_model`, of the AI SDK, of
/// Pydantic AI, of OpenTelemetry's `gen_ai.provider.name` and of models.dev. A maker whose weights
/// others host too (`meta-llama/`, `qwen/`) names no provider.
const SPELLINGS: [(&str, &str); 76] = [
    ("amazon-bedrock", "aws"),
    ("anthropic", "anthropic"),
    ("anthropic-bedrock", "aws"),
    ("arcee", "arcee"),
    ("avian", "avian"),
    ("aws", "aws"),
    ("aws.bedrock", "aws"),
    ("azure", "azure"),
    ("azure-ai", "azure"),
    ("azure-openai", "azure"),
    ("azure-text", "azure"),
    ("azure.ai.inference", "azure"),
    ("azure.ai.openai", "azure"),
    ("baseten", "baseten"),
    ("bedrock", "aws"),
    ("bedrock-converse", "aws"),
    ("bedrock-mantle", "aws"),
    ("bigmodel", "zhipuai"),
    ("cerebras", "cerebras"),
    ("cloudflare", "cloudflare"),
    ("cloudflare-workers-ai", "cloudflare"),
    ("cohere", "cohere"),
    ("cohere-chat", "cohere"),
    ("copilot", "github-copilot"),
    ("cursor", "cursor"),
    ("databricks", "databricks"),
    ("deepseek", "deepseek"),
    ("doubleword", "doubleword"),
    ("elevenlabs", "elevenlabs"),
    ("fireworks", "fireworks"),
    ("fireworks-ai", "fireworks"),
    ("gcp.gemini", "google"),
    ("gcp.gen-ai", "google"),
    ("gcp.vertex-ai", "google"),
    ("gemini", "google"),
    ("github-copilot", "github-copilot"),
    ("google", "google"),
    ("google-ai-studio", "google"),
    ("google-anthropic-vertex", "google"),
    ("google-genai", "google"),
    ("google-gla", "google"),
    ("google-vertex", "google"),
    ("google-vertexai", "google"),
    ("groq", "groq"),
    ("meta", "meta"),
    ("minimax", "minimax"),
    ("mistral", "mistral"),
    ("mistral-ai", "mistral"),
    ("mistralai", "mistral"),
    ("modal", "modal"),
    ("moonshot", "moonshotai"),
    ("moonshotai", "moonshotai"),
    ("novita", "novita"),
    ("novita-ai", "novita"),
    ("openai", "openai"),
    ("openai-chat", "openai"),
    ("openai-responses", "openai"),
    ("openrouter", "openrouter"),
    ("ovhcloud", "ovhcloud"),
    ("perplexity", "perplexity"),
    ("text-completion-codestral", "mistral"),
    ("text-completion-openai", "openai"),
    ("together", "together"),
    ("together-ai", "together"),
    ("togetherai", "together"),
    ("vertex", "google"),
    ("vertex-ai", "google"),
    ("vertex-ai-beta", "google"),
    ("vertexai", "google"),
    ("voyage", "voyageai"),
    ("voyageai", "voyageai"),
    ("workers-ai", "cloudflare"),
    ("x-ai", "x-ai"),
    ("xai", "x-ai"),
    ("zai", "zai"),
    ("zhipuai", "zhipuai"),
];

/// The id of the provider that is spelled so.
pub(in super::super) fn spelled(spelling: &str) -> Option<&'static str> {
    const LONGEST: usize = 32;
    if spelling.len() > LONGEST {
        return None;
    }
    let spelling = spelling.replace('_', "-");
    SPELLINGS.iter().find(|(known, _)| *known == spelling).map(|(_, id)| *id)
}

/// The id of the provider of this name; the AI SDK's `xai.chat` counts as `xai`.
pub(super) fn provider(name: &str) -> Option<&'static str> {
    spelled(name).or_else(|| spelled(name.split_once('.')?.0))
}

/// The provider that is written before a model's name, with `/` or `:`, and the rest of the name.
///
/// The weights of `gpt-oss` are hosted by many, so `openai/gpt-oss-120b` names no provider; nor
/// does `mistralai/`, under which weights of Mistral's are published.
pub(super) fn split(name: &str) -> Option<(&'static str, &str)> {
    let (head, rest) = cut(name)?;
    Some((spelled(head)?, rest))
}

/// What is written before a model's name, if that can be a provider, and the rest of the name.
pub(super) fn cut(name: &str) -> Option<(&str, &str)> {
    let at = name.find(['/', ':'])?;
    let (head, rest) = (&name[..at], name[at + 1..].trim_start());
    let is_hosted = (rest.starts_with("gpt-oss") && spelled(head) == Some("openai"))
        || name.starts_with("mistralai/");
    (!rest.is_empty() && !is_hosted).then_some((head, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_written_in_many_ways() {
        for (name, expected) in [
            ("anthropic/claude-opus-5", Some(("anthropic", "claude-opus-5"))),
            ("google_genai:gemini-2.5-pro", Some(("google", "gemini-2.5-pro"))),
            ("openrouter/openai/gpt-5.5", Some(("openrouter", "openai/gpt-5.5"))),
            ("bedrock_converse:amazon.nova-pro-v1:0", Some(("aws", "amazon.nova-pro-v1:0"))),
            ("meta-llama/llama-3.3-70b-instruct", None),
            ("openai/gpt-oss-120b", None),
            ("mistralai/mixtral-8x7b-instruct-v0.1", None),
            ("mistralai:mistral-small-latest", Some(("mistral", "mistral-small-latest"))),
            ("ft:gpt-4o", None),
            ("anthropic/", None),
            ("claude-opus-5", None),
            ("cohere.command-r-v1:0", None),
        ] {
            assert_eq!(split(name), expected, "{name}");
        }
        assert_eq!(provider("xai.chat"), Some("x-ai"));
        assert_eq!(provider("azure.ai.openai"), Some("azure"));
        assert_eq!(provider("ollama"), None);
    }

    #[test]
    fn every_spelling_is_of_a_listed_provider() {
        let catalog = crate::price::Catalog::builtin();
        for (spelling, id) in SPELLINGS {
            assert!(catalog.providers().iter().any(|p| p.id() == id), "{spelling} {id}");
        }
        assert!(SPELLINGS.is_sorted());
    }
}
