//! Comparisons of names, in the form of the snapshot.

use std::collections::BTreeSet;

use octorato_core::{Error, ErrorKind, Result};
use regex_lite::RegexBuilder;
use serde::{Deserialize, Serialize};

use super::findings::shortened;

/// What a compiled regular expression may take, in bytes: a list may not fill the memory with a
/// few letters such as `(a{1000}){1000}`.
const REGEX_BYTES: usize = 64 << 10;

/// How many regular expressions a list may have; the largest known list has about 70.
const MOST_EXPRESSIONS: usize = 4_000;

/// A comparison; the form of the source and that of the snapshot are one, save `not`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::price) enum Rule {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Regex(String),
    Or(Vec<Rule>),
    And(Vec<Rule>),
    Not(Box<Rule>),
}

impl Rule {
    /// Adds the texts that names are compared with, save what they must not be.
    pub(in crate::price) fn literals(&self, found: &mut BTreeSet<String>) {
        match self {
            Self::Equals(text)
            | Self::StartsWith(text)
            | Self::EndsWith(text)
            | Self::Contains(text) => {
                found.insert(text.clone());
            }
            Self::Or(rules) | Self::And(rules) => {
                for rule in rules {
                    rule.literals(found);
                }
            }
            Self::Regex(_) | Self::Not(_) => {}
        }
    }

    /// The same for lower-case names and without look-ahead, which the snapshot's reader has not.
    pub(super) fn translate(self) -> Result<Self> {
        let all = |rules: Vec<Self>| -> Result<Vec<Self>> {
            rules.into_iter().map(Self::translate).collect()
        };
        Ok(match self {
            Self::Equals(text) => Self::Equals(text.to_lowercase()),
            Self::StartsWith(text) => Self::StartsWith(text.to_lowercase()),
            Self::EndsWith(text) => Self::EndsWith(text.to_lowercase()),
            Self::Contains(text) => Self::Contains(text.to_lowercase()),
            Self::Regex(text) => without_look_ahead(&text)?,
            Self::Or(rules) => Self::Or(all(rules)?),
            Self::And(rules) => Self::And(all(rules)?),
            Self::Not(rule) => Self::Not(Box::new(rule.translate()?)),
        })
    }
}

/// Refuses rules that would fill the memory once they are compiled, of a list that is read as it
/// stands.
pub(super) fn check<'a>(rules: impl Iterator<Item = &'a Rule>) -> Result<()> {
    let mut rules: Vec<_> = rules.collect();
    let mut expressions = 0_usize;
    while let Some(rule) = rules.pop() {
        match rule {
            Rule::Regex(text) => {
                expressions += 1;
                if expressions > MOST_EXPRESSIONS {
                    let why = format!("more than {MOST_EXPRESSIONS} regular expressions");
                    return Err(Error::new(ErrorKind::Data, why));
                }
                checked(text)?;
            }
            Rule::Or(all) | Rule::And(all) => rules.extend(all),
            Rule::Not(rule) => rules.push(rule),
            _ => {}
        }
    }
    Ok(())
}

fn checked(regex: &str) -> Result<()> {
    match RegexBuilder::new(regex).size_limit(REGEX_BYTES).build() {
        Ok(_) => Ok(()),
        Err(why) => Err(refuse("not a regular expression", regex).caused_by(why)),
    }
}

/// `^(?!A)B` is "not `^A`, and `^B`".
fn without_look_ahead(regex: &str) -> Result<Rule> {
    let Some(rest) = regex.strip_prefix("^(?!") else {
        if regex.contains("(?!") || regex.contains("(?=") || regex.contains("(?<") {
            return Err(refuse("a look-around that cannot be translated", regex));
        }
        return Ok(Rule::Regex(regex.to_owned()));
    };
    let Some(end) = closing(rest) else { return Err(refuse("an open group", regex)) };
    let (denied, wanted) = (&rest[..end], &rest[end + 1..]);
    let not = Rule::Not(Box::new(without_look_ahead(&format!("^(?:{denied})"))?));
    Ok(match wanted {
        "" => not,
        wanted => Rule::And(vec![not, without_look_ahead(&format!("^(?:{wanted})"))?]),
    })
}

fn refuse(why: &str, regex: &str) -> Error {
    Error::new(ErrorKind::Data, format!("{why}: `{}`", shortened(regex)))
}

/// Where the group ends in which `text` begins.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut escaped, mut class) = (0_u32, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => class = true,
            b']' => class = false,
            _ if class => {}
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(at),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(regex: &str) -> String {
        let rule = Rule::Regex(regex.to_owned()).translate().unwrap();
        serde_json::to_string(&rule).unwrap()
    }

    #[test]
    fn a_negative_look_ahead_becomes_a_negation() {
        assert_eq!(translated("^(?!.*-t(?:$|-))"), r#"{"not":{"regex":"^(?:.*-t(?:$|-))"}}"#);
        assert_eq!(
            translated("^(?![^/)]+/)(?:a|b)"),
            r#"{"and":[{"not":{"regex":"^(?:[^/)]+/)"}},{"regex":"^(?:(?:a|b))"}]}"#
        );
        assert_eq!(translated(r"^o[134]"), r#"{"regex":"^o[134]"}"#);
    }

    #[test]
    fn other_look_arounds_are_refused() {
        for regex in ["a(?!b)", "(?=a)", "(?<=a)b", "^(?!a", "^(?!(?=a))b"] {
            assert!(Rule::Regex(regex.to_owned()).translate().is_err(), "{regex}");
        }
    }

    #[test]
    fn expressions_that_fill_the_memory_are_refused() {
        for regex in ["(a{1000}){1000}", "(a", "^(?!(a{1000}){1000})b"] {
            let rule = Rule::Regex(regex.to_owned()).translate();
            assert!(rule.and_then(|rule| check(std::iter::once(&rule))).is_err(), "{regex}");
        }
        let rule = Rule::Not(Box::new(Rule::Or(vec![Rule::Regex("^a".to_owned())])));
        assert!(check(std::iter::repeat_n(&rule, MOST_EXPRESSIONS)).is_ok());
        assert!(check(std::iter::repeat_n(&rule, MOST_EXPRESSIONS + 1)).is_err());
    }

    #[test]
    fn names_are_lower_case() {
        let rule = Rule::Or(vec![Rule::StartsWith("GLM-".into())]).translate().unwrap();
        assert_eq!(rule, Rule::Or(vec![Rule::StartsWith("glm-".into())]));
    }
}
