//! The rewritings of a name, each a noun of [`Step`].

use super::{Rewritten, bedrock, name, prefix};
use crate::price::catalog::Provider;
use crate::price::certainty::Reason;

/// `%3A`, `%2F` and `%40`, as ARNs stand in addresses.
pub(super) fn unescaped(name: &str, _: &Provider) -> Option<Rewritten> {
    let text = || name.replace("%3a", ":").replace("%2f", "/").replace("%40", "@");
    name.contains('%').then(text).filter(|text| text != name).map(Rewritten::new)
}

/// Spaces, as in the names for people.
pub(super) fn hyphenated(name: &str, _: &Provider) -> Option<Rewritten> {
    let words = || name.split_whitespace().collect::<Vec<_>>().join("-");
    name.contains(char::is_whitespace).then(words).map(Rewritten::new)
}

/// The prefix of the provider itself or of one whose models it sells.
pub(super) fn unprefixed(name: &str, seller: &Provider) -> Option<Rewritten> {
    let is_known =
        |id: &str| id == seller.id() || seller.resells.iter().any(|resold| **resold == *id);
    let spelled = prefix::split(name).filter(|(id, _)| is_known(id));
    let (_, rest) = spelled.or_else(|| prefix::cut(name).filter(|(id, _)| is_known(id)))?;
    Some(Rewritten::new(rest.to_owned()))
}

/// A region or an interface before a Bedrock id, a zone before an Azure model.
pub(super) fn unplaced(name: &str, seller: &Provider) -> Option<Rewritten> {
    let (head, rest) = name.split_once('/')?;
    let rewritten = Rewritten::new(rest.to_owned());
    match (seller.id(), head) {
        ("aws", region) if bedrock::is_region(region) => Some(rewritten.at(region)),
        ("aws", "invoke" | "converse" | "converse_like" | "mantle")
        | ("azure", "global" | "global-standard" | "responses")
        | ("openai", "responses") => Some(rewritten),
        ("azure", "eu" | "us" | "apac" | "us-gov") => Some(rewritten.with(Reason::DataZone)),
        _ => None,
    }
}

/// The model of an ARN.
pub(super) fn resource(name: &str, seller: &Provider) -> Option<Rewritten> {
    if seller.id() != "aws" {
        return None;
    }
    let bedrock::Arn::Model { id, region } = bedrock::arn(name)? else { return None };
    let rewritten = Rewritten::new(id.to_owned());
    Some(match region {
        Some(region) if bedrock::geography(id).is_none() => rewritten.at(region),
        _ => rewritten,
    })
}

/// The last part of a path of Google's: `publishers/google/models/gemini-2.5-pro`.
///
/// Claude costs a tenth more at a regional endpoint of Vertex AI, from Sonnet 4.5 on (Claude on
/// Vertex AI, global and regional endpoints).
pub(super) fn last_of_path(name: &str, seller: &Provider) -> Option<Rewritten> {
    const BEFORE: [&str; 5] =
        ["claude-3", "claude-opus-4@", "claude-opus-4-1", "claude-opus-4-2", "claude-sonnet-4@"];
    if seller.id() != "google" {
        return None;
    }
    if let Some(model) = name.strip_prefix("models/") {
        return Some(Rewritten::new(model.to_owned()));
    }
    if !name.starts_with("projects/") && !name.starts_with("publishers/") {
        return None;
    }
    let (path, model) = name.rsplit_once("/models/")?;
    let rewritten = Rewritten::new(model.to_owned());
    let location = path.split_once("/locations/").and_then(|(_, rest)| rest.split('/').next());
    let is_dearer = location.is_some_and(|location| location != "global")
        && model.starts_with("claude-")
        && !BEFORE.iter().any(|before| model.starts_with(before));
    Some(if is_dearer { rewritten.with(Reason::Region) } else { rewritten })
}

/// Claude Code's mark for a context of a million tokens; the tiers of a price tell what that costs.
pub(super) fn without_context(name: &str, _: &Provider) -> Option<Rewritten> {
    name.strip_suffix("[1m]").map(|rest| Rewritten::new(rest.trim_end().to_owned()))
}

/// A suffix that only routes. Others (`:free`, `:batch`, `:extended`, `:thinking`) are models of
/// their own with prices of their own, and are never dropped.
///
/// Source: `OpenRouter`, model variants: catalog variants and routing variants.
pub(super) fn unrouted(name: &str, seller: &Provider) -> Option<Rewritten> {
    if seller.id() != "openrouter" {
        return None;
    }
    let (rest, suffix) = name.rsplit_once(':')?;
    let rewritten = Rewritten::new(rest.to_owned());
    match suffix {
        "nitro" | "floor" | "exacto" => Some(rewritten.with(Reason::Routed)),
        "online" => Some(rewritten.with(Reason::WebSearch)),
        _ => None,
    }
}

/// The version of an interface.
pub(super) fn unversioned(name: &str, _: &Provider) -> Option<Rewritten> {
    name::without_version(name).map(|rest| Rewritten::new(rest.to_owned()))
}

/// Another spelling of the date.
pub(super) fn plain_date(name: &str, _: &Provider) -> Option<Rewritten> {
    name::with_plain_date(name).map(Rewritten::new)
}

/// Azure's `gpt-35-turbo`.
pub(super) fn dotted_gpt(name: &str, _: &Provider) -> Option<Rewritten> {
    name.strip_prefix("gpt-35-").map(|rest| Rewritten::new(format!("gpt-3.5-{rest}")))
}

/// The date of a model of Anthropic's, whose dated names all cost what the model costs.
pub(super) fn undated_claude(name: &str, _: &Provider) -> Option<Rewritten> {
    let rest = name::undated(name).filter(|rest| rest.contains("claude-"))?;
    Some(Rewritten::new(rest.to_owned()))
}

/// Copilot's and `OpenRouter`'s spelling of Claude's versions.
pub(super) fn dotted_claude(name: &str, _: &Provider) -> Option<Rewritten> {
    name::with_dotted_version(name).map(Rewritten::new)
}

/// Anthropic's spelling of Claude's versions.
pub(super) fn dashed_claude(name: &str, _: &Provider) -> Option<Rewritten> {
    name::with_dashed_version(name).map(Rewritten::new)
}

/// A Bedrock id without its geography, which [`judge`](super::verdict::judge) compares.
pub(super) fn without_geography(name: &str, seller: &Provider) -> Option<Rewritten> {
    let (geography, rest) = bedrock::geography(name).filter(|_| seller.id() == "aws")?;
    Some(Rewritten::new(rest.to_owned()).at(geography))
}

/// A Bedrock id of the United States.
pub(super) fn of_us(name: &str, seller: &Provider) -> Option<Rewritten> {
    let is_plain =
        seller.id() == "aws" && bedrock::is_id(name) && bedrock::geography(name).is_none();
    is_plain.then(|| Rewritten::new(format!("us.{name}")).with(Reason::Region))
}

/// Any model without its date. Where it is not Anthropic's, it may have had another price.
pub(super) fn undated(name: &str, _: &Provider) -> Option<Rewritten> {
    let rest = name::undated(name)?;
    let rewritten = Rewritten::new(rest.to_owned());
    Some(if rest.contains("claude-") { rewritten } else { rewritten.with(Reason::OtherVersion) })
}
