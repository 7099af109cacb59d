//! How a provider and a model name find their entry in a price list.

use std::fmt;

use octorato_core::Result;
use regex_lite::Regex;
use serde::{Deserialize, Serialize};

/// How a provider was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderMatch {
    /// The given name is the provider's id.
    Given,
    /// The given name is another spelling of the provider (`bedrock` for `aws`).
    Alias,
    /// The price is that of another provider whose models the given one resells (`azure` sells
    /// those of `openai`).
    Fallback,
    /// None was given; the model name belongs to the provider.
    InferredFromModel,
}

/// The kind of comparison that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchRule {
    /// The whole name.
    Equals,
    /// How the name begins.
    StartsWith,
    /// How the name ends.
    EndsWith,
    /// A part of the name.
    Contains,
    /// A regular expression.
    Regex,
    /// What the name is not.
    Not,
}

impl ProviderMatch {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Alias => "alias",
            Self::Fallback => "fallback",
            Self::InferredFromModel => "inferred_from_model",
        }
    }
}

impl fmt::Display for ProviderMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl MatchRule {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::Contains => "contains",
            Self::Regex => "regex",
            Self::Not => "not",
        }
    }
}

impl fmt::Display for MatchRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a name was given this price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Matched<'c> {
    /// The comparison that decided; in a conjunction the one that says most.
    pub rule: MatchRule,
    /// What the name was compared with.
    pub pattern: &'c str,
    /// Whether a date in the name had to be written with dashes first.
    pub date_rewritten: bool,
    /// How the provider was found.
    pub provider: ProviderMatch,
    /// Whether the price list names this very model, a release date or `-latest` aside. Otherwise
    /// a pattern matched, and the model may be a cheaper or dearer sibling.
    pub exact: bool,
}

/// A comparison with a lower-case name.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rule {
    Equals(Box<str>),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Contains(Box<str>),
    Regex(Pattern),
    Or(Vec<Rule>),
    And(Vec<Rule>),
    Not(Box<Rule>),
}

/// A regular expression that was checked when it was read.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex_lite::Error;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Regex::new(&text).map(Self)
    }
}

/// The comparison that decided and its text.
pub(super) type Decision<'r> = (MatchRule, &'r str);

impl Rule {
    /// Whether `name` passes, and by what.
    pub(super) fn decide(&self, name: &str) -> Option<Decision<'_>> {
        let (rule, pattern, passes) = match self {
            Self::Equals(text) => (MatchRule::Equals, text, name == &**text),
            Self::StartsWith(text) => (MatchRule::StartsWith, text, name.starts_with(&**text)),
            Self::EndsWith(text) => (MatchRule::EndsWith, text, name.ends_with(&**text)),
            Self::Contains(text) => (MatchRule::Contains, text, name.contains(&**text)),
            Self::Regex(Pattern(regex)) => {
                return regex.is_match(name).then(|| (MatchRule::Regex, regex.as_str()));
            }
            Self::Or(rules) => return rules.iter().find_map(|rule| rule.decide(name)),
            Self::And(rules) => {
                return rules.iter().try_fold(None, |best: Option<Decision<'_>>, rule| {
                    let next = rule.decide(name)?;
                    Some(Some(best.filter(|best| says_more(*best, next)).unwrap_or(next)))
                })?;
            }
            Self::Not(rule) => {
                return rule.decide(name).is_none().then(|| (MatchRule::Not, rule.pattern()));
            }
        };
        passes.then_some((rule, &**pattern))
    }

    /// Whether `name` passes.
    pub(super) fn is_match(&self, name: &str) -> bool {
        self.decide(name).is_some()
    }

    /// Whether the rule names exactly this text somewhere.
    pub(super) fn names(&self, text: &str) -> bool {
        match self {
            Self::Equals(own)
            | Self::StartsWith(own)
            | Self::EndsWith(own)
            | Self::Contains(own) => **own == *text,
            Self::Or(rules) | Self::And(rules) => rules.iter().any(|rule| rule.names(text)),
            Self::Regex(_) | Self::Not(_) => false,
        }
    }

    /// The text of the first comparison.
    fn pattern(&self) -> &str {
        match self {
            Self::Equals(text)
            | Self::StartsWith(text)
            | Self::EndsWith(text)
            | Self::Contains(text) => text,
            Self::Regex(Pattern(regex)) => regex.as_str(),
            Self::Or(rules) | Self::And(rules) => rules.first().map_or("", Self::pattern),
            Self::Not(rule) => rule.pattern(),
        }
    }
}

/// Whether the first of two comparisons says as much or more about the name.
fn says_more(first: Decision<'_>, second: Decision<'_>) -> bool {
    let weight = |(rule, pattern): Decision<'_>| match rule {
        MatchRule::Equals => usize::MAX,
        MatchRule::Not => 0,
        _ => pattern.len(),
    };
    weight(first) >= weight(second)
}

/// The name without a release date (`-20251001`, `-2025-10-01`, `@20251001`) or `-latest`.
pub(super) fn without_date(name: &str) -> &str {
    if let Some(stem) = name.strip_suffix("-latest") {
        return stem;
    }
    ["-dddd-dd-dd", "-dddddddd", "@dddddddd"]
        .into_iter()
        .find_map(|shape| {
            let (stem, suffix) = name.split_at_checked(name.len().checked_sub(shape.len())?)?;
            has_shape(suffix, shape).then_some(stem)
        })
        .unwrap_or(name)
}

/// A model's name without what does not change its price: a release date or `-latest`, the size of
/// the context window (`[1m]`), Bedrock's version (`-v1:0`) and Vertex's `@default`. The region of a
/// Bedrock id becomes the price list's word for all of them.
pub(super) fn bare(name: &str) -> String {
    let name = name.strip_suffix("[1m]").unwrap_or(name);
    let name = name.strip_suffix("@default").unwrap_or(name);
    let version = name.rfind("-v").map(|at| name.split_at(at));
    let is_version = |text: &str| {
        has_shape(text, "-vd") || has_shape(text, "-vd:d") || has_shape(text, "-vdd:d")
    };
    let name = match version {
        Some((stem, suffix)) if is_version(suffix) => stem,
        _ => name,
    };
    let name = without_date(name);
    match name.split_once('.') {
        Some(("us" | "eu" | "apac" | "jp" | "au" | "global" | "us-gov", rest)) => {
            format!("regional.{rest}")
        }
        _ => name.to_owned(),
    }
}

/// The name with a date at its end written with dashes: `gpt-4o-20240806` is `gpt-4o-2024-08-06`.
pub(super) fn with_dashed_date(name: &str) -> Option<String> {
    let (stem, suffix) = name.split_at_checked(name.len().checked_sub(9)?)?;
    has_shape(suffix, "-dddddddd")
        .then(|| format!("{stem}{}-{}-{}", &suffix[..5], &suffix[5..7], &suffix[7..]))
}

/// Whether `text` has the letters of `shape`, where `d` is any digit.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Rule {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_comparison_says_what_decided() {
        let all = rule(
            r#"{"or":[{"equals":"a"},{"starts_with":"b-"},{"ends_with":"-c"},{"contains":"-d-"},
                {"regex":"^e\\d$"},{"and":[{"not":{"contains":"x"}},{"starts_with":"f"}]}]}"#,
        );
        for (name, decision) in [
            ("a", Some((MatchRule::Equals, "a"))),
            ("b-1", Some((MatchRule::StartsWith, "b-"))),
            ("1-c", Some((MatchRule::EndsWith, "-c"))),
            ("1-d-1", Some((MatchRule::Contains, "-d-"))),
            ("e5", Some((MatchRule::Regex, r"^e\d$"))),
            ("fa", Some((MatchRule::StartsWith, "f"))),
            ("fx", None),
            ("e55", None),
        ] {
            assert_eq!(all.decide(name), decision, "{name}");
        }
    }

    #[test]
    fn an_empty_conjunction_matches_nothing() {
        assert!(!rule(r#"{"and":[]}"#).is_match("a"));
        assert!(!rule(r#"{"or":[]}"#).is_match("a"));
    }

    #[test]
    fn a_bad_expression_is_refused_when_read() {
        assert!(serde_json::from_str::<Rule>(r#"{"regex":"(?!a)b"}"#).is_err());
    }

    #[test]
    fn dates_are_told_from_names() {
        for (name, stem) in [
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("mistral-large-latest", "mistral-large"),
            ("gemini-2.5-pro", "gemini-2.5-pro"),
            ("gpt-4-0613", "gpt-4-0613"),
            ("日本-20251001", "日本"),
            ("本本本", "本本本"),
        ] {
            assert_eq!(without_date(name), stem);
        }
        assert_eq!(with_dashed_date("gpt-4o-20240806").as_deref(), Some("gpt-4o-2024-08-06"));
        assert_eq!(with_dashed_date("gpt-4o-2024-08-06"), None);
        assert_eq!(with_dashed_date("gpt"), None);
    }
}
