//! Typed names, so that an arm is never passed where a client is meant.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl From<&$name> for Arc<str> {
            fn from(name: &$name) -> Self {
                name.0.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

/// A name that a provider or an agent chose: any text, compared byte by byte.
macro_rules! foreign_name {
    ($(#[$doc:meta])* $name:ident) => {
        name_type!($(#[$doc])* $name);

        impl<T: Into<Arc<str>>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

/// A name that the operator chose: `[a-z0-9][a-z0-9._-]{0,63}`.
macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $noun:literal) => {
        name_type!($(#[$doc])* $name);

        impl $name {
            /// Checks and takes a name of the form `[a-z0-9][a-z0-9._-]{0,63}`.
            pub fn new(text: &str) -> Result<Self> {
                if is_slug(text) {
                    return Ok(Self(text.into()));
                }
                let error = Error::new(
                    ErrorKind::InvalidArgument,
                    format!(concat!("not ", $noun, " id: `{}`"), text),
                );
                Err(match suggest_slug(text) {
                    Some(slug) => error.hinted(format!(
                        "use a-z, 0-9, `.`, `_` and `-`, at most 64 characters, such as `{slug}`"
                    )),
                    None => error
                        .hinted("use a-z, 0-9, `.`, `_` and `-`, at most 64 characters"),
                })
            }

            /// Makes the nearest valid id of any text (`Acme Corp.` becomes `acme-corp`); nothing
            /// where the text has no letter or digit to keep.
            pub fn suggest(text: &str) -> Option<Self> {
                suggest_slug(text).map(|slug| Self(slug.into()))
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

fn is_slug(text: &str) -> bool {
    let byte_ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 64
        && text.bytes().next().is_some_and(byte_ok)
        && text.bytes().all(|b| byte_ok(b) || matches!(b, b'.' | b'_' | b'-'))
}

fn suggest_slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            '.' | '_' if !slug.is_empty() => slug.push(c),
            _ => {
                if let Some(base) = unaccented(c) {
                    slug.push_str(base);
                } else if !slug.is_empty() && !slug.ends_with('-') {
                    slug.push('-');
                }
            }
        }
    }
    slug.truncate(64);
    let slug = slug.trim_end_matches(['-', '.', '_']);
    (!slug.is_empty()).then(|| slug.to_owned())
}

/// The ASCII spelling of the accented Latin letters that names of firms have most.
fn unaccented(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'č' | 'ć' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'ē' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ñ' | 'ń' => "n",
        'ò' | 'ó' | 'ô' | 'õ' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ß' => "ss",
        'š' => "s",
        'ù' | 'ú' | 'û' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ž' => "z",
        _ => return None,
    })
}

slug!(
    /// One client's sealed cell: the unit of attribution and of caps.
    ArmId,
    "an arm"
);
slug!(
    /// Who is billed.
    ClientId,
    "a client"
);
foreign_name!(
    /// A session of an agent, as the agent names it.
    SessionId
);
foreign_name!(
    /// A message of a provider's API (`msg_…`); the unit of billing in Claude Code's logs.
    MessageId
);
foreign_name!(
    /// A request to a provider's API (`req_…`).
    RequestId
);
foreign_name!(
    /// A model as it was named where the event was recorded (`gen_ai.response.model`).
    ModelId
);
foreign_name!(
    /// Who ran the model and bills for it, as the price catalog names it (`anthropic`, `aws`).
    ProviderId
);
foreign_name!(
    /// A sub-agent by its id in its session.
    AgentId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arm_ids_are_slugs() {
        for good in ["acme", "acme-web", "0a", "a.b_c-d", &"a".repeat(64)] {
            assert!(ArmId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "Acme", "a b", "café", &"a".repeat(65)] {
            assert!(ArmId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_suggestion_is_always_valid() {
        for (text, slug) in [
            ("Acme Corp.", "acme-corp"),
            ("Café Zürich", "cafe-zuerich"),
            ("--x--", "x"),
            ("客户 7", "7"),
        ] {
            let suggested = ArmId::suggest(text).unwrap();
            assert_eq!(suggested.as_str(), slug);
            assert!(ArmId::new(slug).is_ok());
        }
        assert_eq!(ArmId::suggest("客户"), None);
    }
}
