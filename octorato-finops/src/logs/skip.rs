//! What could not be read: counted by reason, with the first places.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

/// How many places are kept for each kind.
const EXAMPLES: usize = 3;

macro_rules! finding_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $repaired:literal, $sentence:literal;)*) => {
        /// Why a line or a file was not counted, or only with a repair.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum FindingKind {
            $($(#[$doc])* $kind,)*
        }

        impl FindingKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// The stable name, as in JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// Whether the tokens were counted all the same.
            pub const fn is_repaired(self) -> bool {
                match self { $(Self::$kind => $repaired,)* }
            }

            /// What it means, for people.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$kind => $sentence,)* }
            }
        }
    };
}

finding_kinds! {
    /// The file or folder could not be opened or read.
    Unreadable = "unreadable", false, "cannot be opened or read";
    /// A folder, a socket or the like has the name of a transcript.
    NotAFile = "not_a_file", false, "has the name of a transcript but is not a file";
    /// The file holds nothing.
    EmptyFile = "empty_file", false, "empty file";
    /// No reader knows this kind of file.
    UnknownFormat = "unknown_format", false, "no reader for this kind of log yet";
    /// The last line has no end: it is still being written, or its writer was stopped.
    TornLine = "torn_line", false, "last line is cut off (still being written, or interrupted)";
    /// The line is not a JSON object.
    InvalidJson = "invalid_json", false, "line is not a JSON object";
    /// The line is longer than any record can be.
    LineTooLong = "line_too_long", false, "line is longer than 32 MiB";
    /// A token count is negative, fractional, no number or above 10^12.
    InvalidCount = "invalid_count", false, "a token count is not a whole number, or beyond reason";
    /// No record of the file says when it was made.
    NoTimestamp = "no_timestamp", false, "record has tokens but no time, nor has any record near it";
    /// The time of the nearest earlier record was taken.
    TimeFromNeighbour = "time_from_neighbour", true, "record has no usable time; its neighbour's was taken";
    /// The line holds bytes that are not UTF-8 outside of what is counted.
    InvalidUtf8 = "invalid_utf8", true, "line is not valid UTF-8; its counts were readable";
    /// What the record says of requests inside of the request cannot be read.
    UnreadableIterations = "unreadable_iterations", true,
        "requests inside of the request are of an unknown kind; the request itself was counted";
    /// The record has no message id; it is known by its content.
    NoMessageId = "no_message_id", true, "record has no message id; known by time, model and counts";
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A reason, how often, and where first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The reason.
    #[serde(rename = "reason")]
    pub kind: FindingKind,
    /// How many lines or files.
    pub count: u64,
    /// The first places by path and byte.
    pub examples: Vec<Example>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Example {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; nothing where the whole file is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The byte at which the line starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// What the system or the parser said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Reasons and counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Counts one more file or folder.
    pub fn note_file(&mut self, kind: FindingKind, file: &Path, detail: Option<String>) {
        let example = Example { file: file.to_owned(), line: None, offset: None, detail };
        self.merge(Finding { kind, count: 1, examples: vec![example] });
    }

    /// Counts one more file that cannot be opened or read.
    pub(super) fn unreadable(&mut self, file: &Path, error: &std::io::Error) {
        self.note_file(FindingKind::Unreadable, file, Some(error.to_string()));
    }

    /// Counts one more line: its number from 1, and the byte at which it starts.
    pub fn note_line(
        &mut self,
        kind: FindingKind,
        file: &Path,
        (line, offset): (u64, u64),
        detail: Option<String>,
    ) {
        let (line, offset) = (Some(line), Some(offset));
        let example = Example { file: file.to_owned(), line, offset, detail };
        self.merge(Finding { kind, count: 1, examples: vec![example] });
    }

    /// Those whose tokens were not counted.
    pub fn skipped(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(|finding| !finding.kind.is_repaired())
    }

    /// Those whose tokens were counted with a repair.
    pub fn repaired(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(|finding| finding.kind.is_repaired())
    }

    /// How many of `kind`.
    pub fn count(&self, kind: FindingKind) -> u64 {
        self.0.iter().find(|finding| finding.kind == kind).map_or(0, |finding| finding.count)
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: Self) {
        for finding in other.0 {
            self.merge(finding);
        }
    }

    pub(super) fn sort(&mut self) {
        self.0.sort_by_key(|finding| finding.kind);
    }

    fn merge(&mut self, finding: Finding) {
        let Some(known) = self.0.iter_mut().find(|known| known.kind == finding.kind) else {
            self.0.push(finding);
            return;
        };
        known.count += finding.count;
        known.examples.extend(finding.examples);
        known.examples.sort();
        known.examples.truncate(EXAMPLES);
    }
}
