//! How a provider and a model name find their entry in a price list.

mod index;
mod prefixes;

use std::fmt;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use super::certainty::{Certainty, Reason};
use super::lookup::Step;
pub(super) use index::{Index, Sought};

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
    /// None was given; the model's name says it: a prefix, an ARN, the form of a Bedrock id.
    NamedInModel,
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
            Self::NamedInModel => "named_in_model",
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
    /// Whether the price is the model's own: [`Self::certainty`] is exact or equivalent. Otherwise
    /// a pattern matched, and the model may be a cheaper or dearer sibling.
    pub exact: bool,
    /// How sure the answer is.
    pub certainty: Certainty,
    /// Why it is no surer.
    pub reason: Reason,
    /// How the name was rewritten until the list had it, in order; none for most names.
    pub steps: Vec<Step>,
    /// The name that the rule matched.
    pub name: Box<str>,
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
pub(super) struct Pattern {
    regex: Regex,
    /// A name that matches begins with one of these; nothing is known where there is none.
    prefixes: Box<[Box<str>]>,
}

impl Pattern {
    /// Whether the name begins as a match must. The expression itself takes far longer.
    fn may_match(&self, name: &str) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|text| name.starts_with(&**text))
    }

    fn is_match(&self, name: &str) -> bool {
        self.may_match(name) && self.regex.is_match(name)
    }
}

impl TryFrom<String> for Pattern {
    type Error = regex_lite::Error;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let regex = Regex::new(&text)?;
        Ok(Self { regex, prefixes: prefixes::prefixes(&text) })
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
            Self::Regex(pattern) => {
                return pattern.is_match(name).then(|| (MatchRule::Regex, pattern.regex.as_str()));
            }
            Self::Or(rules) => return rules.iter().find_map(|rule| rule.decide(name)),
            Self::And(rules) => {
                if !rules.iter().all(|rule| rule.may_match(name)) {
                    return None;
                }
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

    /// Whether the rule may match, told cheaply.
    fn may_match(&self, name: &str) -> bool {
        match self {
            Self::Regex(pattern) => pattern.may_match(name),
            Self::StartsWith(text) => name.starts_with(&**text),
            _ => true,
        }
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
            Self::Regex(pattern) => pattern.regex.as_str(),
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
}
