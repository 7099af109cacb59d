//! How sure it is that an entry is the named model's, and why.

use std::fmt;

use octorato_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use super::matching::MatchRule;
use super::model_price::ModelPrice;

/// How sure an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Only a pattern matched, or something in the name changes the price in a way that the list
    /// does not tell: the model may be a cheaper or dearer sibling.
    Similar,
    /// The list names this model in another spelling: a provider's prefix, a release date, a
    /// version of the interface aside.
    Equivalent,
    /// The list has this very name.
    Exact,
}

impl Certainty {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Similar => "similar",
            Self::Equivalent => "equivalent",
            Self::Exact => "exact",
        }
    }

    /// Whether the price is the model's own: exact or equivalent.
    pub const fn is_own_price(self) -> bool {
        !matches!(self, Self::Similar)
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why an answer is as sure as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The list has the name.
    Named,
    /// The list has the name in another spelling.
    SameModel,
    /// A pattern of the list matches a part of the name.
    Pattern,
    /// An alias such as `mistral-large-latest` that moves from model to model.
    MovingAlias,
    /// The region is not named, or the list has only the price of another one.
    Region,
    /// A deployment in a data zone (`azure/eu/...`), which costs more than the global one.
    DataZone,
    /// A router's `:nitro`, `:floor` or `:exacto`: another host, at another price.
    Routed,
    /// A router's `:online`: a fee for the web search comes on top.
    WebSearch,
    /// A fine-tune of a model for which the list has no price of fine-tunes of its own.
    FineTune,
    /// A version or date that the list does not name, or a date after the list was made.
    OtherVersion,
    /// The price is that of the maker's own list, and the seller is not known to charge it.
    Resold,
}

impl Reason {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::SameModel => "same_model",
            Self::Pattern => "pattern",
            Self::MovingAlias => "moving_alias",
            Self::Region => "region",
            Self::DataZone => "data_zone",
            Self::Routed => "routed",
            Self::WebSearch => "web_search",
            Self::FineTune => "fine_tune",
            Self::OtherVersion => "other_version",
            Self::Resold => "resold",
        }
    }

    /// The reason as a sentence without its end.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Named => "the price list has this name",
            Self::SameModel => "the price list has this model in another spelling",
            Self::Pattern => "only a pattern of the price list matches the name",
            Self::MovingAlias => "the alias moves from model to model",
            Self::Region => "the price list has no price for this region, or none is named",
            Self::DataZone => "a data zone costs more than the global deployment that is listed",
            Self::Routed => "the router chooses a host, and each host has a price of its own",
            Self::WebSearch => "the fee for the web search is not in the price",
            Self::FineTune => "the price list has no price for fine-tunes of this model",
            Self::OtherVersion => "the price list has the model, but not this version or date",
            Self::Resold => "the price is the maker's, and the seller may charge another",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which answers are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchPolicy {
    /// All, each marked with its [`Certainty`].
    #[default]
    Any,
    /// None that is only [`Certainty::Similar`].
    ExactOnly,
}

impl MatchPolicy {
    /// The price, unless the policy refuses it: then an error of kind [`ErrorKind::Unpriced`] that
    /// says what the name resembles and how to allow it.
    pub fn admit<'c>(self, model: &str, price: ModelPrice<'c>) -> Result<ModelPrice<'c>> {
        let matched = price.matched();
        if self == Self::Any || matched.certainty.is_own_price() {
            return Ok(price);
        }
        let how = match matched.rule {
            MatchRule::Equals => "is listed as",
            _ => "only resembles",
        };
        Err(Error::new(ErrorKind::Unpriced, format!("no certain price for model: `{model}`"))
            .with("provider", price.provider().id())
            .with(how, price.model().id())
            .with("why", matched.reason.sentence())
            .hinted(
                "give it a price in `prices.yaml` `models`, or allow the similar one with \
                 `similar_models: price`",
            ))
    }
}
