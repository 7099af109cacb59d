//! What a model or its host does on its own: search, pass a request on, choose the price.

use serde_json::Value;

use super::Request;
use super::fields::Fields;

/// Fields at one host or another that add input, fees or another model's price without a limit:
/// searches of `OpenAI` and Perplexity, xAI's live search, `OpenRouter`'s plugins, presets and other
/// models, agents of Mistral's, Azure's and Cohere's data sources, Alibaba's search, Groq's tools.
const UNBOUNDED: &[&str] = &[
    "agent_id",
    "compound_custom",
    "connectors",
    "dataSources",
    "data_sources",
    "enable_search",
    "models",
    "plugins",
    "preset",
    "route",
    "search_options",
    "search_parameters",
    "search_settings",
    "tool_resources",
    "web_search_options",
];

/// What in `OpenRouter`'s `provider` leaves the host of the listed price in place
/// (<https://openrouter.ai/docs/features/provider-routing>).
const KEEPS_THE_HOST: &[&str] = &["allow_fallbacks", "max_price"];

impl Request {
    /// Notes fields that have no bound at any host.
    pub(super) fn extensions(&mut self, provider: Option<&str>, fields: &Fields<'_>) {
        for name in UNBOUNDED {
            if fields.get(name).is_some_and(|value| *value != false) {
                self.unbind(format!("`{name}` has no limit"));
            }
        }
        if matches!(provider, Some("openrouter") | None)
            && let Some(routing) = fields.get("provider")
        {
            let keys = routing.as_object().map(|routing| routing.keys());
            let keeps = |name: &String| KEEPS_THE_HOST.contains(&name.as_str());
            if !keys.is_some_and(|mut keys| keys.all(keeps)) {
                self.unbind("`provider` may choose a host with other prices");
            }
        }
        let model = self.model.as_deref().unwrap_or_default().to_lowercase();
        if let Some(why) = acts_alone(provider, &model) {
            self.unbind(why);
        }
    }
}

/// Why a model of this name, in lower case, has no bound at a provider: it searches whenever it is
/// asked, or another model or host answers.
///
/// Perplexity's own price list says what its models search; elsewhere their searches are billed as
/// the host likes.
pub(in super::super) fn acts_alone(provider: Option<&str>, model: &str) -> Option<&'static str> {
    let names = ["-search-", "-search:", "-search@", "deep-research", ":online"];
    let hosted = ["groq/compound", "compound-beta", "compound-mini"];
    if names.iter().chain(&hosted).any(|name| model.contains(name))
        || ["-search", "-online"].iter().any(|end| model.ends_with(end))
        || (provider != Some("perplexity") && model.contains("sonar"))
    {
        return Some("the model searches by itself, without a limit");
    }
    let routes = [":nitro", ":floor", ":exacto"];
    if routes.iter().any(|route| model.ends_with(route)) {
        return Some("the name of the model may choose a host with other prices");
    }
    // `openrouter/auto` and the like, also behind a router's prefix of the same name.
    if model.rsplit_once('/').is_some_and(|(start, _)| start.ends_with("openrouter")) {
        return Some("the provider chooses the model");
    }
    model.contains("@preset/").then_some("a preset may hold anything")
}

/// Tokens to think that a request allows beside its limit.
///
/// At Anthropic a budget is less than `max_tokens`, except where thinking is interleaved with tools:
/// "you can exceed this limit as the token limit becomes your entire context window"
/// (<https://docs.claude.com/en/docs/build-with-claude/extended-thinking>). Nothing documents that
/// `max_tokens` then includes the budget, so both are taken. A budget that is no count has no
/// limit.
pub(super) fn think(budget: &Value, request: &mut Request) {
    let Some(limit) = request.max_output else { return };
    match budget.as_u64() {
        _ if budget.is_null() => {}
        Some(budget) if budget < limit => {}
        Some(budget) => request.extra_output = request.extra_output.saturating_add(budget),
        None => request.unbind("the budget of thinking is no count"),
    }
}

#[cfg(test)]
mod tests {
    use super::acts_alone;

    #[test]
    fn models_that_search_are_told_by_their_names() {
        for name in [
            "gpt-4o-search-preview",
            "perplexity/sonar-pro-search",
            "perplexity/sonar",
            "llama-3.1-sonar-small-128k-online",
            "openai/gpt-4o:online",
            "openai/gpt-4o:nitro",
            "a/b:floor",
            "openrouter/auto",
            "openrouter/openrouter/auto",
            "@preset/mine",
            "o3-deep-research",
        ] {
            assert!(acts_alone(Some("openrouter"), name).is_some(), "{name}");
        }
        for name in
            ["", "gpt-5.4", "openai/gpt-4o", "openrouter/anthropic/claude-opus-4.8", "command-r"]
        {
            assert!(acts_alone(Some("openrouter"), name).is_none(), "{name}");
        }
        assert!(acts_alone(Some("perplexity"), "sonar-pro").is_none());
    }
}
