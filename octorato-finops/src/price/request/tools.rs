//! Tools that a request offers: those that the caller runs cost what their schemas say, those that
//! the provider runs have fees and feed results back.

use octorato_core::Unit;
use serde_json::Value;

use super::Request;

/// Tokens that a tool of Anthropic's own may add with a prompt that the request does not carry:
/// 245 are documented for `bash`, 700 for `text_editor`, 735 and 499 more for `computer`
/// (<https://platform.claude.com/docs/en/about-claude/pricing#specific-tool-pricing>).
const OWN_TOOL_TOKENS: u64 = 2_048;

/// How often the loop of Anthropic's server tools runs before it pauses a turn
/// (<https://platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools>), and once more.
const ANTHROPIC_ROUNDS: u64 = 11;

/// The versions of the search and of the fetch that are not filtered by code that the model runs,
/// which would be further rounds.
const PLAIN_SEARCH: &str = "web_search_20250305";
const PLAIN_FETCH: &str = "web_fetch_20250910";

/// The `type` of a tool: nothing where there is none.
fn kind_of(tool: &Value) -> &str {
    match &tool["type"] {
        Value::String(kind) => kind,
        Value::Null => "",
        _ => "without a name",
    }
}

/// Tools of Anthropic's Messages.
///
/// Source: <https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview>. Types end with
/// a date; a type without a rule here is taken for one that has no limit.
pub(super) fn anthropic(tools: &[&Value], request: &mut Request) {
    let is_own = |tool: &Value| matches!(&tool["type"], Value::Null) || tool["type"] == "custom";
    let is_only = tools.iter().filter(|tool| !is_own(tool)).count() == 1;
    for tool in tools {
        let kind = kind_of(tool);
        let uses = tool["max_uses"].as_u64();
        let is = |name: &str| {
            kind.strip_prefix(name).is_some_and(|rest| rest.is_empty() || is_dated(rest))
        };
        if is_own(tool) {
            continue;
        }
        if ["bash", "text_editor", "computer", "memory"].into_iter().any(is) {
            request.overhead_tokens = request.overhead_tokens.saturating_add(OWN_TOOL_TOKENS);
        } else if is("web_search") {
            request.counts.push((Unit::WebSearches, uses));
            feed_back(uses, "web search results", is_only && kind == PLAIN_SEARCH, request);
        } else if is("web_fetch") {
            feed_back(uses, "fetched pages", is_only && kind == PLAIN_FETCH, request);
        } else if is("tool_search_tool_regex") || is("tool_search_tool_bm25") {
            // What it finds are tools that the body carries; it only makes more rounds.
            request.rounds = request.rounds.map(|rounds| rounds.max(ANTHROPIC_ROUNDS));
        } else {
            request.unbind(format!("the provider's tool `{kind}` has no limit that is known"));
        }
    }
}

/// Whether it is `_20250305` or the like.
fn is_dated(rest: &str) -> bool {
    rest.strip_prefix('_')
        .is_some_and(|date| date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Results of at most `uses` uses come back to the model, or of any number.
///
/// A tool that is alone makes one round per use and one to answer: with `max_uses`, further searches
/// are refused (<https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool>).
/// The context window that is taken for the first round, in which there are no results yet, stands
/// for the round after such a refusal.
fn feed_back(uses: Option<u64>, what: &str, is_alone: bool, request: &mut Request) {
    request.hide(what);
    request.rounds = match (request.rounds, uses) {
        (Some(rounds), Some(uses)) if is_alone => Some(rounds.max(uses.saturating_add(1))),
        (Some(rounds), Some(uses)) => {
            // A use beyond the limit comes back as an error, which is a round too.
            Some(rounds.max(ANTHROPIC_ROUNDS).max(uses.saturating_add(2)))
        }
        _ => None,
    };
    if uses.is_none() {
        request.unbind(format!("no `max_uses` bounds {what}"));
    }
}

/// Tools of chat completions: functions, which the caller runs
/// (<https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools>). Hosts that run
/// tools of their own give them other types.
pub(super) fn chat(tools: &[&Value], request: &mut Request) {
    for tool in tools {
        match kind_of(tool) {
            "" | "function" | "custom" => {}
            kind => {
                request.unbind(format!("the provider's tool `{kind}` has no limit that is known"));
            }
        }
    }
}

/// Tools of responses (<https://platform.openai.com/docs/guides/tools>); `calls` is
/// `max_tool_calls`, which holds for all of the provider's own tools together.
///
/// Code interpreters and shells are billed by the container, images by their size, and a remote MCP
/// server may be asked any number of times, so these have no bound.
pub(super) fn responses(
    tools: &[&Value],
    calls: Option<u64>,
    is_openai: bool,
    request: &mut Request,
) {
    for tool in tools {
        let kind = kind_of(tool);
        let own_fee = match kind {
            "function" | "custom" | "local_shell" | "apply_patch" => continue,
            "computer" | "computer_use_preview" => {
                request.overhead_tokens = request.overhead_tokens.saturating_add(OWN_TOOL_TOKENS);
                continue;
            }
            _ if !is_openai => None,
            "file_search" => Some(Unit::StorageSearches),
            _ if kind.starts_with("web_search") => Some(Unit::WebSearches),
            _ => None,
        };
        let Some(unit) = own_fee else {
            request.unbind(format!("the provider's tool `{kind}` has no limit that is known"));
            continue;
        };
        request.counts.push((unit, calls));
        request.hide(format!("results of `{kind}`"));
        match calls {
            // Calls beyond the limit are ignored, which may be a round too.
            Some(calls) => request.rounds = Some(calls.saturating_add(2)),
            None => request.unbind(format!("no `max_tool_calls` bounds `{kind}`")),
        }
    }
}

/// Tools of Gemini (<https://ai.google.dev/api/caching#Tool>): only functions and `computerUse` are
/// run by the caller; how often the others search or run is not limited by the request.
pub(super) fn gemini(tools: &[&Value], request: &mut Request) {
    let own = ["functionDeclarations", "function_declarations", "computerUse", "computer_use"];
    for name in tools.iter().filter_map(|tool| tool.as_object()).flat_map(|tool| tool.keys()) {
        if !own.contains(&name.as_str()) {
            request.unbind(format!("the provider's tool `{name}` has no limit that is known"));
        }
    }
}

/// Tools of Bedrock's Converse
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Tool.html>): `systemTool`
/// is run by the provider.
pub(super) fn converse(tools: &[&Value], request: &mut Request) {
    for name in tools.iter().filter_map(|tool| tool.as_object()).flat_map(|tool| tool.keys()) {
        if !["toolSpec", "cachePoint"].contains(&name.as_str()) {
            request.unbind(format!("the provider's tool `{name}` has no limit that is known"));
        }
    }
}
