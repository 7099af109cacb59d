//! The formats of price lists, and how one is told from another.

use std::fmt;
use std::str::FromStr;

use octorato_core::{Error, ErrorKind, Result};

use super::json::Object;
use super::refused;

/// A format of price lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A snapshot of our own.
    Octorato,
    /// The JSON of genai-prices, version 2.
    GenaiPrices,
    /// The table of `LiteLLM`, `model_prices_and_context_window.json`.
    Litellm,
    /// The JSON of models.dev, `api.json`.
    ModelsDev,
}

/// How many entries are looked at to tell a format.
const LOOKED_AT: usize = 16;

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] =
        &[Self::Octorato, Self::GenaiPrices, Self::Litellm, Self::ModelsDev];

    /// The name, such as `genai-prices`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Octorato => "octorato",
            Self::GenaiPrices => "genai-prices",
            Self::Litellm => "litellm",
            Self::ModelsDev => "models.dev",
        }
    }

    /// The format that a text looks like.
    pub fn detect(text: &str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
        let refuse = |why: &str| {
            let names: Vec<_> = Self::ALL.iter().map(|format| format.name()).collect();
            Err(refused("the whole text", why).hinted(format!("use one of {}", names.join(", "))))
        };
        match text.as_bytes().first() {
            None => return refuse("it is empty"),
            Some(b'<') => return refuse("it is a web page, not JSON"),
            Some(b'[') => return Ok(Self::GenaiPrices),
            Some(b'{') => {}
            Some(_) => return refuse("it is not JSON"),
        }
        let head = text.lines().next().unwrap_or_default();
        if Object::parse(head).is_ok_and(|head| head.get("schema").is_some()) {
            return Ok(Self::Octorato);
        }
        // Only a whole object is a list; what is in it is read later.
        let list = Object::parse(text).map_err(|why| refused("the whole text", why))?;
        for (name, value) in list.0.iter().take(LOOKED_AT) {
            let Ok(entry) = Object::parse(value.get()) else { continue };
            if name == "sample_spec" || entry.get("litellm_provider").is_some() {
                return Ok(Self::Litellm);
            }
            if entry.get("models").is_some_and(|models| models.starts_with('{')) {
                return Ok(Self::ModelsDev);
            }
        }
        refuse("its format is not known")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|format| format.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|format| format.name()).collect();
            Error::new(ErrorKind::InvalidArgument, format!("no such price format: `{name}`"))
                .hinted(format!("use one of {}", names.join(", ")))
        })
    }
}
