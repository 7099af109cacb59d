//! The names of the rewritings.

use std::fmt;

use serde::Serialize;

/// A rewriting of a model's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// `%3A` became `:`.
    Unescaped,
    /// Spaces became hyphens.
    Hyphenated,
    /// A provider before the name was removed.
    Prefix,
    /// A region, a zone or an interface before the name was removed.
    Place,
    /// An ARN became the id in it.
    Arn,
    /// A path became its last part.
    Path,
    /// The size of the context window was removed.
    Context,
    /// A router's suffix was removed.
    Route,
    /// The version of an interface was removed.
    Version,
    /// A date was written as the list has it.
    PlainDate,
    /// A date was written with dashes.
    DashedDate,
    /// `gpt-35` became `gpt-3.5`.
    DottedGpt,
    /// Claude's version was written with a dot.
    DottedVersion,
    /// Claude's version was written with a hyphen.
    DashedVersion,
    /// The geography of a Bedrock id was removed.
    Geography,
    /// A Bedrock id was looked up as that of the United States.
    UnitedStates,
    /// The date was removed.
    Undated,
    /// An organisation's part of a fine-tune's name was left out.
    FineTune,
    /// The name is the id of an entry that the entry's own rule does not match.
    EntryId,
}

impl Step {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unescaped => "unescaped",
            Self::Hyphenated => "hyphenated",
            Self::Prefix => "prefix",
            Self::Place => "place",
            Self::Arn => "arn",
            Self::Path => "path",
            Self::Context => "context",
            Self::Route => "route",
            Self::Version => "version",
            Self::PlainDate => "plain_date",
            Self::DashedDate => "dashed_date",
            Self::DottedGpt => "dotted_gpt",
            Self::DottedVersion => "dotted_version",
            Self::DashedVersion => "dashed_version",
            Self::Geography => "geography",
            Self::UnitedStates => "united_states",
            Self::Undated => "undated",
            Self::FineTune => "fine_tune",
            Self::EntryId => "entry_id",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
