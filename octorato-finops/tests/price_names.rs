//! Names of models as logs, routers and SDKs write them: which entry they reach, how sure that is,
//! and by which steps.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests fail loudly")]

use std::fs;
use std::path::Path;

use octorato_core::ErrorKind;
use octorato_finops::price::{Catalog, Certainty, MatchPolicy, Matched};
use proptest::prelude::*;
use serde_json::Value;

/// Provider (`-` for none), name, then list and entry, certainty, reason and steps, or `-` where
/// the name has no price.
const NAMES: &str = "
anthropic | claude-opus-4-8 | anthropic/claude-opus-4-8 | exact | named
anthropic | claude-opus-4-5-20251101 | anthropic/claude-opus-4-5 | equivalent | same_model
anthropic | claude-sonnet-4-5-20250929 | anthropic/claude-sonnet-4-5 | equivalent | same_model
anthropic | claude-haiku-4-5-20251001 | anthropic/claude-haiku-4-5 | equivalent | same_model
anthropic | claude-sonnet-4-20250514 | anthropic/claude-sonnet-4-0 | equivalent | same_model
anthropic | claude-3-5-haiku-20241022 | anthropic/claude-3-5-haiku-latest | equivalent | same_model
anthropic | claude-3-7-sonnet-latest | anthropic/claude-3-7-sonnet-latest | exact | named
anthropic | claude-opus-5[1m] | anthropic/claude-opus-5 | equivalent | named | context
anthropic | claude-sonnet-4-5@20250929 | anthropic/claude-sonnet-4-5 | equivalent | same_model
anthropic | claude-opus-5-2026-07-01 | anthropic/claude-opus-5 | equivalent | same_model
anthropic | Claude Sonnet 4.6 | anthropic/claude-sonnet-4-6 | equivalent | named | hyphenated
anthropic | claude-fable-5.1 | anthropic/claude-fable-5-1 | equivalent | named | dashed_version
anthropic | claude-opus-5-20991231 | anthropic/claude-opus-5 | similar | other_version
anthropic | claude-opus-4-8-20991231 | anthropic/claude-opus-4-8 | similar | other_version
anthropic | claude-opus-4-8-20269999 | anthropic/claude-opus-4-8 | similar | other_version
anthropic | claude-opus-5-2099-12-31 | anthropic/claude-opus-5 | similar | other_version
aws | us.anthropic.claude-opus-5-20991231-v1:0 | aws/regional.anthropic.claude-opus-5 | similar | other_version | version undated
openai | gpt-5-2099-12-31 | openai/gpt-5 | similar | other_version | undated
anthropic | claude-opus-5-turbo | -
anthropic | claude-mythos-preview | -
anthropic | <synthetic> | -
- | claude-sonnet-4.6 | anthropic/claude-sonnet-4-6 | exact | named
- | claude-sonnet-5 | anthropic/claude-sonnet-5 | exact | named
- | anthropic/claude-opus-4-8 | anthropic/claude-opus-4-8 | equivalent | named | prefix
- | anthropic:claude-sonnet-4-5 | anthropic/claude-sonnet-4-5 | equivalent | named | prefix
- | anthropic/claude-fable-5 | anthropic/claude-fable-5 | equivalent | named | prefix
- | anthropic/claude-opus-5-5-20260901 | anthropic/claude-opus-5-5 | equivalent | same_model | prefix
- | openai/gpt-5.5 | openai/gpt-5.5 | equivalent | named | prefix
- | openai:gpt-4o | openai/gpt-4o | equivalent | named | prefix
- | openai/gpt-oss-120b | -
- | openai/responses/gpt-5.5 | openai/gpt-5.5 | equivalent | named | prefix place
openai | gpt-4o-2024-08-06 | openai/gpt-4o | exact | named
openai | gpt-4o-20240806 | openai/gpt-4o | equivalent | named | dashed_date
openai | gpt-4o-2024-05-13 | openai/gpt-4o-2024-05-13 | exact | named
openai | gpt-4o-2099-01-01 | openai/gpt-4o | similar | other_version | undated
openai | gpt-4-0613 | openai/gpt-4 | exact | named
openai | gpt-4-0125-preview | openai/gpt-4-turbo | exact | named
openai | gpt-3.5-turbo-0125 | openai/gpt-3.5-turbo | exact | named
openai | gpt-35-turbo | openai/gpt-3.5-turbo | exact | named
openai | chatgpt-4o-latest | openai/chatgpt-4o-latest | exact | named
openai | gpt-5-codex | openai/gpt-5 | exact | named
openai | gpt-5-chat-latest | openai/gpt-5 | exact | named
openai | gpt-5.4-mini | openai/gpt-5.4-mini | exact | named
openai | o3-mini-2025-01-31 | openai/o3-mini | exact | named
openai | o4-mini-high | openai/o4-mini | exact | named
openai | gpt-5-1 | openai/gpt-5.1 | exact | named
openai | GPT-5.2 | openai/gpt-5.2 | exact | named
openai | gpt 4o mini | openai/gpt-4o-mini | equivalent | named | hyphenated
openai | gpt-6-astra-law | -
openai | text-embedding-3-small | openai/text-embedding-3-small | exact | named
openai | omni-moderation-latest | openai/moderation | similar | pattern
openai | ft:gpt-4o-2024-08-06:acme::abc123 | openai/ft:gpt-4o | equivalent | same_model | fine_tune
openai | ft:gpt-4o-mini-2024-07-18:acme:support:9xYz | openai/ft:gpt-4o-mini | equivalent | same_model | fine_tune
openai | ft:gpt-3.5-turbo-0125:acme::id | openai/ft:gpt-3.5-turbo- | equivalent | same_model | fine_tune
openai | ft:gpt-4-0613:acme::id | openai/gpt-4 | similar | fine_tune | fine_tune
openai | ft:gpt-4.1-2025-04-14:acme:moderation:id | -
- | ft:gpt-4o-2024-08-06:acme::abc123 | openai/ft:gpt-4o | equivalent | same_model | fine_tune
openai | ft:babbage-002:acme::id | -
mistral | ft:open-mistral-7b:daf5e488:20240430:c1bed559 | -
azure | gpt-4o-mini-2024-07-18.ft-0e208cf3 | openai/gpt-4o-mini-2024-07-18.ft- | equivalent | same_model | fine_tune
azure | o4-mini-2025-04-16.ft-0e208cf3 | -
azure | gpt-4o | openai/gpt-4o | exact | named
azure | gpt-35-turbo | openai/gpt-3.5-turbo | exact | named
azure | gpt-35-turbo-0125 | openai/gpt-3.5-turbo | equivalent | named | dotted_gpt
azure | gpt-35-turbo-instruct | openai/gpt-3.5-turbo-instruct | equivalent | named | dotted_gpt
azure | my-deployment | -
azure | claude-opus-4-8 | anthropic/claude-opus-4-8 | exact | named
- | azure/gpt-4.1 | openai/gpt-4.1 | equivalent | named | prefix
- | azure/eu/gpt-4o-2024-08-06 | openai/gpt-4o | similar | data_zone | prefix place
- | azure/global/gpt-5.1 | openai/gpt-5.1 | equivalent | named | prefix place
- | azure/global-standard/gpt-4o-2024-08-06 | openai/gpt-4o | equivalent | named | prefix place
- | azure_ai/phi-4 | azure/phi-4 | equivalent | named | prefix
azure.ai.openai | gpt-4o | openai/gpt-4o | exact | named
azure_ai | grok-4.5 | x-ai/grok-4.5 | similar | resold
azure | DeepSeek-R1 | deepseek/deepseek-reasoner | similar | resold
bedrock | us.anthropic.claude-sonnet-4-5-20250929-v1:0 | aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0 | equivalent | same_model
aws | global.anthropic.claude-opus-4-8-v1:0 | aws/global.anthropic.claude-opus-4-8-v1:0 | exact | named
aws | global.anthropic.claude-opus-4-8 | aws/global.anthropic.claude-opus-4-8-v1:0 | exact | named
- | eu.anthropic.claude-haiku-4-5-20251001-v1:0 | aws/regional.anthropic.claude-haiku-4-5-20251001-v1:0 | equivalent | same_model
- | apac.anthropic.claude-sonnet-4-20250514-v1:0 | aws/regional.anthropic.claude-sonnet-4-20250514-v1:0 | equivalent | same_model
- | jp.anthropic.claude-fable-5 | aws/regional.anthropic.claude-fable-5-v1:0 | equivalent | named | geography
- | au.anthropic.claude-sonnet-5 | aws/regional.anthropic.claude-sonnet-5-v1:0 | exact | named
- | ca.anthropic.claude-sonnet-4-6 | aws/regional.anthropic.claude-sonnet-4-6-v1:0 | equivalent | named | geography
- | sa.anthropic.claude-sonnet-4-5-20250929-v1:0 | aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0 | equivalent | named | version geography
- | us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0 | aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0 | similar | region
- | us-gov.anthropic.claude-3-5-sonnet-20240620-v1:0 | aws/regional.anthropic.claude-3-5-sonnet-20240620-v1:0 | similar | region
- | anthropic.claude-opus-5 | aws/regional.anthropic.claude-opus-5 | similar | region
- | anthropic.claude-opus-4-8-v1:0 | aws/regional.anthropic.claude-opus-4-8-v1:0 | similar | region
- | anthropic.claude-3-5-sonnet-20241022-v2:0 | aws/regional.anthropic.claude-3-5-sonnet-20241022-v2:0 | similar | region
- | anthropic.claude-3-sonnet-20240229-v1:0:200k | aws/regional.anthropic.claude-3-sonnet-20240229-v1:0 | similar | region | united_states
- | anthropic.claude-haiku-4-5@20251001 | aws/regional.anthropic.claude-haiku-4-5-20251001-v1:0 | similar | region | plain_date
- | anthropic.claude-v2:1 | -
- | global.anthropic.claude-3-5-haiku-20241022-v1:0 | aws/regional.anthropic.claude-3-5-haiku-20241022-v1:0 | similar | region
- | amazon.nova-pro-v1:0 | aws/amazon.nova-pro-v1:0 | exact | named
- | us.amazon.nova-lite-v1:0 | aws/amazon.nova-lite-v1:0 | equivalent | same_model
- | eu.amazon.nova-micro-v1:0 | aws/amazon.nova-micro-v1:0 | similar | region
- | eu.amazon.nova-2-lite-v1:0 | aws/regional.amazon.nova-2-lite-v1:0 | equivalent | same_model
- | apac.amazon.nova-2-lite-v1:0 | aws/regional.amazon.nova-2-lite-v1:0 | similar | region | version geography united_states
- | eu.openai.gpt-6-sol | aws/regional.openai.gpt-6-sol | similar | region | geography
- | in.openai.gpt-6-sol | aws/regional.openai.gpt-6-sol | exact | named
- | us.amazon.nova-2-lite-v1:0 | aws/regional.amazon.nova-2-lite-v1:0 | equivalent | same_model
- | amazon.nova-2-lite-v1:0 | aws/regional.amazon.nova-2-lite-v1:0 | similar | region | version united_states
- | amazon.titan-embed-text-v2:0 | aws/amazon.titan-embed-text-v2:0 | exact | named
- | amazon.titan-embed-text-v3:0 | aws/amazon.titan-embed-text-v1 | similar | other_version | version
- | us.deepseek.r1-v1:0 | aws/deepseek.r1-v1:0 | equivalent | same_model
- | meta.llama3-3-70b-instruct-v1:0 | aws/meta.llama3-3-70b-instruct-v1:0 | exact | named
- | us.meta.llama4-scout-17b-instruct-v1:0 | aws/meta.llama4-scout-17b-instruct-v1:0 | equivalent | same_model
- | openai.gpt-oss-120b-1:0 | aws/openai.gpt-oss-120b-1:0 | exact | named
- | openai.gpt-5.5 | aws/openai.gpt-5.5 | exact | named
- | us.openai.gpt-5.5 | aws/openai.gpt-5.5 | equivalent | named | geography
- | global.openai.gpt-5.5 | aws/openai.gpt-5.5 | similar | region | geography
- | global.openai.gpt-6-sol | aws/global.openai.gpt-6-sol | exact | named
- | qwen.qwen3-32b-v1:0 | aws/qwen.qwen3-32b-v1:0 | exact | named
- | cohere.command-r-v1:0 | -
- | bedrock/us.anthropic.claude-opus-4-6-v1 | aws/regional.anthropic.claude-opus-4-6-v1:0 | equivalent | same_model | prefix
- | bedrock/us-east-1/anthropic.claude-3-haiku-20240307-v1:0 | aws/regional.anthropic.claude-3-haiku-20240307-v1:0 | equivalent | same_model | prefix place
- | bedrock/us-gov-west-1/anthropic.claude-3-haiku-20240307-v1:0 | aws/regional.anthropic.claude-3-haiku-20240307-v1:0 | similar | region | prefix place
- | bedrock/eu-west-1/amazon.nova-pro-v1:0 | aws/amazon.nova-pro-v1:0 | similar | region | prefix place
- | bedrock/converse/us.anthropic.claude-sonnet-4-6 | aws/regional.anthropic.claude-sonnet-4-6-v1:0 | equivalent | named | prefix place
- | bedrock_converse:us.anthropic.claude-sonnet-5 | aws/regional.anthropic.claude-sonnet-5-v1:0 | equivalent | named | prefix
- | bedrock/us-east-1/1-month-commitment/anthropic.claude-3-haiku-20240307-v1:0 | -
- | arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0 | aws/regional.anthropic.claude-3-haiku-20240307-v1:0 | equivalent | same_model | arn
- | arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.anthropic.claude-opus-5 | aws/regional.anthropic.claude-opus-5 | equivalent | named | arn
- | arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Famazon.nova-lite-v1%3A0 | aws/amazon.nova-lite-v1:0 | equivalent | named | unescaped arn
aws | arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4 | -
- | bedrock/converse/arn:aws:bedrock:us-east-1:123456789012:provisioned-model/xyz | -
aws | arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0 | aws/regional.anthropic.claude-3-haiku-20240307-v1:0 | similar | region | arn
google | gemini-2.5-pro | google/gemini-2.5-pro | exact | named
google | gemini-2.0-flash-001 | google/gemini-2.0-flash | equivalent | same_model
google | gemini-3.8-flash-cyber | google/gemini-3.8-flash | similar | pattern
google | gemini-2.5-pro-preview-05-06 | google/gemini-2.5-pro | similar | pattern
google | gemini-flash-latest | google/gemini-3.8-flash | similar | moving_alias
google | models/gemini-2.5-flash | google/gemini-2.5-flash | equivalent | named | path
- | models/gemini-2.5-flash | google/gemini-2.5-flash | equivalent | named | path
- | gemini/gemini-2.5-flash | google/gemini-2.5-flash | equivalent | named | prefix
- | google_genai:gemini-3.5-flash | google/gemini-3.5-flash | equivalent | named | prefix
- | google-gla:gemini-2.5-flash-lite | google/gemini-2.5-flash-lite | equivalent | named | prefix
- | vertex_ai/gemini-2.5-pro | google/gemini-2.5-pro | equivalent | named | prefix
- | vertex_ai/claude-sonnet-4-5@20250929 | google/claude-sonnet-4-5 | equivalent | same_model | prefix
- | vertex_ai/claude-opus-4-8@default | google/claude-opus-4-8 | equivalent | same_model | prefix
google | publishers/google/models/gemini-2.5-flash | google/gemini-2.5-flash | equivalent | named | path
- | publishers/google/models/gemini-2.5-pro | google/gemini-2.5-pro | equivalent | named | path
- | projects/acme/locations/global/publishers/anthropic/models/claude-opus-4-5@20251101 | google/claude-opus-4-5 | equivalent | same_model | path
- | projects/acme/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929 | google/claude-sonnet-4-5 | similar | region | path
- | projects/acme/locations/us-east5/publishers/anthropic/models/claude-3-5-haiku@20241022 | google/claude-3-5-haiku | equivalent | same_model | path
- | projects/acme/locations/us-central1/endpoints/1234567890 | -
google | tunedModels/support-abc | -
gcp.gen_ai | gemini-2.5-flash | google/gemini-2.5-flash | exact | named
openrouter | anthropic/claude-opus-4.8 | openrouter/anthropic/claude-opus-4.8 | exact | named
openrouter | anthropic/claude-opus-4-8 | openrouter/anthropic/claude-opus-4.8 | equivalent | named | dotted_version
openrouter | openrouter/openai/gpt-5.5 | openrouter/openai/gpt-5.5 | equivalent | named | prefix
- | openrouter/anthropic/claude-sonnet-4.5 | openrouter/anthropic/claude-sonnet-4.5 | equivalent | named | prefix
- | openai/gpt-5.5:nitro | openrouter/openai/gpt-5.5 | similar | routed | route
openrouter | deepseek/deepseek-r1:floor | openrouter/deepseek/deepseek-r1 | similar | routed | route
openrouter | openai/gpt-5.5:online | openrouter/openai/gpt-5.5 | similar | web_search | route
openrouter | openai/gpt-5.5:nitro:online | openrouter/openai/gpt-5.5 | similar | web_search | route route
openrouter | deepseek/deepseek-r1:free | openrouter/deepseek/deepseek-r1:free | exact | named
openrouter | openai/gpt-5.5:free | -
- | anthropic/claude-opus-5:batch | openrouter/anthropic/claude-opus-5:batch | exact | named
openrouter | anthropic/claude-3.7-sonnet:thinking | openrouter/anthropic/claude-3.7-sonnet | exact | named
openrouter | openrouter/auto | -
github-copilot | claude-sonnet-4.6 | github-copilot/claude-sonnet-4.6 | exact | named
github-copilot | claude-sonnet-4-6 | github-copilot/claude-sonnet-4.6 | equivalent | named | dotted_version
- | github_copilot/gpt-4o | github-copilot/gpt-4o | equivalent | named | prefix
- | copilot/gpt-5.5 | github-copilot/gpt-5.5 | equivalent | named | prefix
fireworks | accounts/fireworks/models/deepseek-v3p2 | fireworks/deepseek-v3p2 | exact | named
fireworks | deepseek-v3p2 | fireworks/deepseek-v3p2 | exact | named | entry_id
- | fireworks_ai/accounts/fireworks/models/glm-4p7 | fireworks/glm-4p7 | equivalent | named | prefix
- | fireworks_ai/glm-4p7 | fireworks/glm-4p7 | equivalent | named | prefix entry_id
fireworks | accounts/acme/models/my-tune | -
- | together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo | together/meta-llama/Llama-3.3-70B-Instruct-Turbo | equivalent | named | prefix
together_ai | openai/gpt-oss-120b | together/openai/gpt-oss-120b | exact | named
- | xai/grok-4.5 | x-ai/grok-4.5 | equivalent | named | prefix
xai.chat | grok-4-latest | x-ai/grok-4-0709 | exact | named
x-ai | grok-latest | x-ai/grok-4.5 | similar | moving_alias
- | groq/llama-3.3-70b-versatile | groq/llama-3.3-70b-versatile | equivalent | named | prefix
groq | openai/gpt-oss-20b | groq/openai/gpt-oss-20b | exact | named
- | mistral/mistral-large-latest | mistral/mistral-large | similar | moving_alias | prefix
mistral | mistral-medium-latest | mistral/mistral-medium-latest | similar | moving_alias
mistral | ministral-8b-latest | mistral/ministral-8b-latest | similar | moving_alias
mistral | mistral-large-2411 | mistral/mistral-large | exact | named
mistral | codestral-latest | mistral/codestral | similar | moving_alias
- | mistralai:mistral-small-latest | mistral/mistral-small-latest | similar | moving_alias | prefix
- | deepseek/deepseek-chat | deepseek/deepseek-chat | equivalent | named | prefix
deepseek | deepseek-reasoner | deepseek/deepseek-reasoner | exact | named
- | moonshot/kimi-k2-thinking | moonshotai/kimi-k2-thinking | equivalent | named | prefix
moonshotai | kimi-k2.5-preview | moonshotai/kimi-k2.5 | similar | pattern
- | cohere/command-r-plus | cohere/command-r-plus | equivalent | named | prefix
- | cerebras/gpt-oss-120b | cerebras/gpt-oss-120b | exact | named
- | perplexity/sonar | perplexity/perplexity/sonar | exact | named
- | voyage/voyage-3-large | voyageai/voyage-3-large | equivalent | named | prefix
- | qwen/qwen3-32b | -
- | meta-llama/llama-3.3-70b-instruct | -
- | kyma/claude-fable-5 | -
- | ollama/llama3.2 | -
- | zai/glm-4.6 | zai/GLM-4.6 | equivalent | named | prefix
- | databricks/databricks-gpt-oss-120b | databricks/databricks-gpt-oss-120b | equivalent | named | prefix
- | us.anthropic.claude-opus-5-20260701-v1:0 | aws/regional.anthropic.claude-opus-5 | equivalent | named | version undated
openrouter | anthropic/claude-opus-4-8-20260101 | openrouter/anthropic/claude-opus-4.8 | equivalent | named | undated dotted_version
google | gemini-1.5-pro-002 | google/gemini-1.5-pro | equivalent | same_model
- | mistralai/mixtral-8x7b-instruct-v0.1 | -
- | claude-sonnet-4-5-20250929-v1:0 | anthropic/claude-sonnet-4-5 | equivalent | same_model
amazon-bedrock | eu.anthropic.claude-opus-5-5 | aws/regional.anthropic.claude-opus-5-5 | exact | named
bedrock | Anthropic.Claude-3-Haiku-20240307-V1:0 | aws/regional.anthropic.claude-3-haiku-20240307-v1:0 | similar | region
google | gemma-3-4b-it | google/gemma-3 | similar | pattern
huggingface_together | qwen/qwen3.5-9b | huggingface_together/Qwen/Qwen3.5-9B | exact | named
novita | deepseek/deepseek-r1-0528 | novita/deepseek/deepseek-r1-0528 | exact | named
aws | bedrock/us-west-2/openai.gpt-6-sol | aws/regional.openai.gpt-6-sol | similar | region | prefix place
";

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    NAMES.lines().filter(|line| !line.is_empty()).map(|line| line.split(" | ").collect())
}

fn named(provider: &str) -> Option<&str> {
    (provider != "-").then_some(provider)
}

fn steps(matched: &Matched<'_>) -> String {
    let names: Vec<_> = matched.steps.iter().map(|step| step.name()).collect();
    names.join(" ")
}

/// What a row says of a name, made of what the catalog says.
fn row(provider: &str, name: &str) -> String {
    let Ok(price) = Catalog::builtin().find(named(provider), name) else {
        return format!("{provider} | {name} | -");
    };
    let matched = price.matched();
    let (list, id) = (price.list().id(), price.model().id());
    let row = format!(
        "{provider} | {name} | {list}/{id} | {} | {} | {}",
        matched.certainty,
        matched.reason,
        steps(matched)
    );
    row.trim_end_matches([' ', '|']).to_owned()
}

#[test]
fn names_as_they_are_written_reach_their_entry_or_none() {
    assert!(rows().count() >= 120);
    let wrong: Vec<_> = rows()
        .map(|expected| (expected.join(" | "), row(expected[0], expected[1])))
        .filter(|(expected, found)| expected != found)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_only_similar_can_be_refused() {
    let catalog = Catalog::builtin();
    for expected in rows() {
        let (provider, name) = (named(expected[0]), expected[1]);
        let strict = catalog.find_with(provider, name, MatchPolicy::ExactOnly);
        match catalog.find(provider, name) {
            Ok(price) if price.matched().exact => {
                assert_ne!(price.matched().certainty, Certainty::Similar, "{name}");
                assert_eq!(strict.unwrap().matched(), price.matched(), "{name}");
            }
            Ok(price) => {
                let error = strict.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unpriced, "{name}");
                assert!(error.to_string().contains(price.model().id()), "{error}");
                assert!(error.hint().unwrap().contains("similar_models: price"), "{error:?}");
            }
            Err(_) => assert_eq!(strict.unwrap_err().kind(), ErrorKind::Unpriced, "{name}"),
        }
    }
}

#[test]
fn an_error_says_what_can_be_done() {
    for (provider, name, part) in [
        ("azure", "my-deployment", "a deployment's name does not tell the model"),
        ("openai", "ft:gpt-4.1-2025-04-14:acme::id", "never has the price of its base"),
        (
            "-",
            "arn:aws:bedrock:us-east-1:1:application-inference-profile/x",
            "`prices.yaml` `models`",
        ),
        (
            "-",
            "bedrock/eu-west-1/6-month-commitment/amazon.nova-pro-v1:0",
            "`prices.yaml` `models`",
        ),
        ("google", "tunedModels/x", "`prices.yaml` `models`"),
        ("anthropic", "anthropic/claude-opus-9", "claude-opus-"),
        ("-", "qwen/qwen3-32b", "name the provider"),
    ] {
        let error = Catalog::builtin().find(named(provider), name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unpriced);
        assert!(error.hint().unwrap().contains(part), "{error:?}");
    }
}

#[test]
fn ids_of_the_catalog_lead_to_themselves_under_their_provider() {
    let catalog = Catalog::builtin();
    let (mut all, mut same, mut other) = (0, 0, Vec::new());
    for provider in catalog.providers() {
        for model in catalog.models(provider.id()).unwrap() {
            let found = catalog.find(Some(provider.id()), model.id()).unwrap();
            all += 1;
            if found.model().id() == model.id() && found.list().id() == provider.id() {
                same += 1;
            } else {
                other.push(format!("{}/{} -> {}", provider.id(), model.id(), found.model().id()));
            }
        }
    }
    assert_eq!((all, same), (2267, SAME), "{other:#?}");
}

/// How many ids of the catalog lead to themselves; an earlier rule of the source takes the others.
const SAME: usize = 2267;

/// Every case's model, as the source of the prices resolves it.
#[test]
fn the_answers_of_the_source_stay() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let (mut checked, mut missing) = (0, 0);
    for file in ["price_cases.json", "extract_cases.json"] {
        let Ok(text) = fs::read_to_string(data.join(file)) else {
            eprintln!("not there, so not checked: {file}");
            return;
        };
        let value: Value = serde_json::from_str(&text).unwrap();
        let cases = value.as_array().or_else(|| value["cases"].as_array()).unwrap();
        for case in cases {
            let Some(resolved) = case["resolved_model"].as_str() else {
                missing += 1;
                continue;
            };
            let name = case["model"].as_str().or_else(|| case["body"]["model"].as_str());
            let Some(name) = name else {
                missing += 1;
                continue;
            };
            let provider = case["provider"].as_str();
            let found = Catalog::builtin().find(provider, name).unwrap();
            assert_eq!(found.model().id(), resolved, "{provider:?} {name}");
            checked += 1;
        }
    }
    assert_eq!((checked, missing), (CHECKED, MISSING));
}

/// How many cases name a model that has a price, and how many do not.
const CHECKED: usize = 1807;
const MISSING: usize = 264;

/// How many of the names of `LiteLLM`'s table have a price where no provider is named beside them.
#[test]
fn the_names_of_a_router_are_mostly_understood() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/limits.json");
    let Ok(text) = fs::read_to_string(data) else {
        eprintln!("not there, so not checked: limits.json");
        return;
    };
    let value: Value = serde_json::from_str(&text).unwrap();
    let names = value["models"].as_object().unwrap();
    let (mut own, mut similar) = (0, 0);
    for name in names.keys() {
        match Catalog::builtin().find(None, name) {
            Ok(price) if price.matched().exact => own += 1,
            Ok(_) => similar += 1,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unpriced),
        }
    }
    assert_eq!((names.len(), own, similar), (3667, OWN, SIMILAR));
}

const OWN: usize = 1087;
const SIMILAR: usize = 300;

#[test]
fn a_name_of_a_megabyte_is_refused_at_once() {
    for name in ["a".repeat(1 << 20), "\u{130}".repeat(1 << 20), "us.anthropic.".repeat(1 << 17)] {
        for provider in [None, Some("aws"), Some(&*name)] {
            let error = Catalog::builtin().find(provider, &name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unpriced);
            assert!(error.to_string().len() < 1024);
        }
    }
}

/// A name of the table, or made of their parts.
fn names() -> impl Strategy<Value = String> {
    let parts: Vec<&str> = rows()
        .flat_map(|row| row[1].split_inclusive(['/', ':', '.', '-', '@']).collect::<Vec<_>>())
        .collect();
    let whole: Vec<&str> = rows().map(|row| row[1]).collect();
    prop_oneof![
        prop::sample::select(whole).prop_map(str::to_owned),
        prop::collection::vec(prop::sample::select(parts), 1..8).prop_map(|parts| parts.concat()),
        "\\PC{0,40}",
    ]
}

fn providers() -> impl Strategy<Value = Option<String>> {
    let known: Vec<String> =
        Catalog::builtin().providers().iter().map(|p| p.id().to_owned()).collect();
    prop_oneof![Just(None), prop::sample::select(known).prop_map(Some), "\\PC{0,20}".prop_map(Some),]
}

proptest! {
    #[test]
    fn any_name_has_one_answer_in_any_case_and_with_any_space(
        provider in providers(),
        name in names(),
    ) {
        let catalog = Catalog::builtin();
        let answer = |name: &str| {
            let found = catalog.find(provider.as_deref(), name).ok()?;
            let matched = found.matched();
            Some((found.list().id(), found.model().id(), matched.certainty, matched.reason))
        };
        let first = answer(&name);
        prop_assert_eq!(first, answer(&format!(" {name}\n")));
        prop_assert_eq!(first, answer(&name.to_lowercase()));
        prop_assert_eq!(first, answer(&name.to_ascii_uppercase()));
        let path = catalog.explain(provider.as_deref(), &name).unwrap();
        prop_assert_eq!(first.map(|(_, id, ..)| id), path.found.as_ref().map(|found| &*found.id));
        prop_assert_eq!(path.found.is_none(), path.error.is_some());
    }

    /// The plain name of an exact match leads there again.
    #[test]
    fn the_name_that_matched_is_a_name_of_the_entry(provider in providers(), name in names()) {
        let catalog = Catalog::builtin();
        if let Ok(first) = catalog.find(provider.as_deref(), &name) {
            let again = catalog.find(Some(first.provider().id()), &first.matched().name).unwrap();
            prop_assert_eq!(first.model().id(), again.model().id());
        }
    }
}
