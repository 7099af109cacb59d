//! Which calls in its scope a budget is about.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Arc;

use octorato_core::{Error, ErrorKind, ModelId, Result};

use super::path::SpendPath;
use super::scope::Scope;
use crate::price::ModelPattern;

/// What a call is selected by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// The project in the arm: by its path, or by the name at the end of that.
    Project,
    /// The agent's session.
    Session,
    /// The run of a pipeline or a batch.
    Run,
    /// The type of the agent.
    Agent,
    /// The active skill.
    Skill,
    /// The model: as it was named, or the entry of the price list. Case does not count.
    Model,
    /// A tag of the caller, by its key.
    Tag(Arc<str>),
}

impl Selector {
    /// The names of all selectors but tags, which are named `tag.` and their key.
    pub const NAMES: &[&str] = &["project", "session", "run", "agent", "skill", "model"];

    /// The selector of a name, such as `agent` or `tag.team`; a tag's key has no space and is not
    /// empty.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "project" => Self::Project,
            "session" => Self::Session,
            "run" => Self::Run,
            "agent" => Self::Agent,
            "skill" => Self::Skill,
            "model" => Self::Model,
            _ => {
                let key = name.strip_prefix("tag.")?;
                let is_key = !key.is_empty() && !key.contains(char::is_whitespace);
                return is_key.then(|| Self::Tag(key.into()));
            }
        })
    }

    /// What a call has of it.
    fn of<'c>(&self, call: &'c SpendPath) -> Option<&'c str> {
        match self {
            Self::Project => call.project.as_deref(),
            Self::Session => call.session.as_ref().map(AsRef::as_ref),
            Self::Run => call.run.as_deref(),
            Self::Agent => call.agent.as_deref(),
            Self::Skill => call.skill.as_deref(),
            Self::Model => call.model.as_ref().map(ModelId::as_str),
            Self::Tag(key) => call.tags.get(key).map(AsRef::as_ref),
        }
    }
}

/// `agent`, `tag.team`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Project => "project",
            Self::Session => "session",
            Self::Run => "run",
            Self::Agent => "agent",
            Self::Skill => "skill",
            Self::Model => "model",
            Self::Tag(key) => return write!(f, "tag.{key}"),
        })
    }
}

/// What a call must be to count in a budget. All must match; none at all matches every call.
///
/// A value is a whole text, or the beginning of texts and a `*` at the end. Texts are compared byte
/// by byte, save models. Logs name a project by its folder or repository: a value without a slash is also
/// compared with the last part of that, so that `web` means `/home/dana/acme/web`. A call without a value matches no selector of it, not even `*`.
///
/// ```
/// use octorato_finops::budget::{SpendPath, Selector, Selectors};
///
/// let research = Selectors::default().with(Selector::Agent, "research*")?;
/// let call = SpendPath { agent: Some("researcher".into()), ..SpendPath::default() };
/// assert!(research.matches(&call));
/// assert!(!research.matches(&SpendPath::default()));
/// # Ok::<(), octorato_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selectors(BTreeMap<Selector, Arc<str>>);

impl Selectors {
    /// The same with one more condition; a second one for the same selector is an error, as is a
    /// blank value and a `*` that is not at the end.
    pub fn with(mut self, selector: Selector, value: &str) -> Result<Self> {
        let refuse = |what: &str, hint: &str| {
            Error::new(ErrorKind::InvalidArgument, format!("{what}: `{value}`"))
                .with("selector", &selector)
                .hinted(hint)
        };
        let stem = value.strip_suffix('*').unwrap_or(value);
        if value.trim().is_empty() || stem.contains('*') {
            return Err(refuse(
                "not a value to match",
                "write a text, or the beginning of texts and a `*` at the end",
            ));
        }
        if self.0.contains_key(&selector) {
            return Err(refuse("a second value to match", "write one budget for each"));
        }
        let value = match selector {
            Selector::Model => ModelPattern::new(value)?.as_str().into(),
            _ => value.into(),
        };
        self.0.insert(selector, value);
        Ok(self)
    }

    /// Whether every call matches.
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// The conditions, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&Selector, &str)> {
        self.0.iter().map(|(selector, value)| (selector, value.as_ref()))
    }

    /// Whether a call matches.
    pub fn matches(&self, call: &SpendPath) -> bool {
        self.mismatch(call).is_none()
    }

    /// The first condition that a call does not meet.
    pub fn mismatch(&self, call: &SpendPath) -> Option<Mismatch> {
        let (selector, wanted) = self.0.iter().find(|(selector, wanted)| {
            let met = match selector {
                Selector::Model => [&call.model, &call.priced_as]
                    .into_iter()
                    .flatten()
                    .any(|model| fits(wanted, &model.as_str().trim().to_lowercase())),
                Selector::Project => call.project.as_deref().is_some_and(|project| {
                    fits(wanted, project)
                        || !wanted.contains(SLASHES) && fits(wanted, last(project))
                }),
                _ => selector.of(call).is_some_and(|value| fits(wanted, value)),
            };
            !met
        })?;
        let found = selector.of(call).map(Arc::from);
        Some(Mismatch::Selector { selector: selector.clone(), wanted: wanted.clone(), found })
    }

    /// A text that is equal for equal conditions.
    pub(super) fn canonical(&self, text: &mut String) -> fmt::Result {
        for (selector, value) in self.iter() {
            write!(text, " {:?}={value:?}", selector.to_string())?;
        }
        Ok(())
    }
}

/// What is between the parts of a folder's path.
const SLASHES: [char; 2] = ['/', '\\'];

/// The name at the end of a path.
fn last(path: &str) -> &str {
    path.rsplit(SLASHES).find(|name| !name.is_empty()).unwrap_or(path)
}

fn fits(wanted: &str, value: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(stem) => value.starts_with(stem),
        None => wanted == value,
    }
}

/// `agent=researcher, tag.team=web`; `all` where there is no condition.
impl fmt::Display for Selectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any() {
            return f.write_str("all");
        }
        for (at, (selector, value)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{selector}={value}")?;
        }
        Ok(())
    }
}

/// Why a budget does not judge a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The call is another's, or nobody's.
    Scope(Scope),
    /// A condition is not met.
    Selector {
        /// Which one.
        selector: Selector,
        /// What the budget selects.
        wanted: Arc<str>,
        /// What the call has.
        found: Option<Arc<str>>,
    },
    /// The budget is per session or per run, and the call is in none.
    OutsideOf(&'static str),
}

/// `` it is about arm `acme` ``.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(scope) => write!(f, "it is about {scope}"),
            Self::Selector { selector, wanted, found: Some(found) } => {
                write!(f, "it is about {selector} `{wanted}`, the call's is `{found}`")
            }
            Self::Selector { selector, wanted, found: None } => {
                write!(f, "it is about {selector} `{wanted}`, the call has none")
            }
            Self::OutsideOf(what) => write!(f, "it is per {what}, and the call is in none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> Selectors {
        Selectors::default().with(Selector::from_name(name).unwrap(), value).unwrap()
    }

    #[test]
    fn a_name_is_read_as_it_is_printed() {
        for name in Selector::NAMES.iter().chain(&["tag.team", "tag.a.b"]) {
            assert_eq!(Selector::from_name(name).unwrap().to_string(), *name);
        }
        for name in ["", "tag", "tag.", "tag.a b", "Agent", "arm"] {
            assert_eq!(Selector::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_model_is_compared_by_both_of_its_names_and_without_case() {
        let call = SpendPath {
            model: Some("Claude-Opus-4-8-20260115".into()),
            priced_as: Some("claude-opus-4-8".into()),
            ..SpendPath::default()
        };
        for value in ["claude-opus-4-8", "CLAUDE-opus-*", "claude-opus-4-8-20260115", "*"] {
            assert!(one("model", value).matches(&call), "{value}");
        }
        assert!(!one("model", "claude-opus").matches(&call));
    }

    #[test]
    fn a_project_is_named_by_its_path_or_by_the_end_of_it() {
        for path in ["/home/dana/acme/web", "/home/dana/acme/web/", r"C:\acme\web", "web"] {
            let call = SpendPath { project: Some(path.into()), ..SpendPath::default() };
            for value in [path, "web", "we*", "*"] {
                assert!(one("project", value).matches(&call), "{path} {value}");
            }
            for value in ["acme", "acme/web", "/web", "eb", "Web"] {
                assert!(!one("project", value).matches(&call), "{path} {value}");
            }
        }
    }

    #[test]
    fn other_texts_are_compared_byte_by_byte() {
        let call = SpendPath { agent: Some("Plan".into()), ..SpendPath::default() };
        assert!(one("agent", "Plan").matches(&call) && one("agent", "P*").matches(&call));
        assert!(!one("agent", "plan").matches(&call));
        assert!(!one("skill", "*").matches(&call), "a call without a skill has no skill");
    }

    #[test]
    fn all_conditions_must_be_met_and_the_first_that_is_not_is_told() {
        let both = one("agent", "a").with(Selector::Tag("team".into()), "web").unwrap();
        let mut call = SpendPath { agent: Some("a".into()), ..SpendPath::default() };
        assert_eq!(
            both.mismatch(&call).unwrap().to_string(),
            "it is about tag.team `web`, the call has none"
        );
        call.tags.insert("team".into(), "web".into());
        assert!(both.matches(&call));
        assert_eq!(both.to_string(), "agent=a, tag.team=web");
    }

    #[test]
    fn a_value_is_a_text_or_its_beginning() {
        for value in ["", " ", "a*b", "**"] {
            assert!(Selectors::default().with(Selector::Agent, value).is_err(), "{value}");
        }
        assert!(one("agent", "a").with(Selector::Agent, "b").is_err());
    }
}
