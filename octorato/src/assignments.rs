//! Sessions and messages that the operator gave to an arm by hand.
//!
//! `assignments.jsonl` in the state folder has one JSON object per line and is only ever appended
//! to; of two lines about the same session or message the later one holds. A line that cannot be
//! read is an error, since leaving it out would bill somebody else.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use octorato_core::{ArmId, Error, ErrorKind, MessageId, Result, SessionId};
use octorato_finops::attribute::Pins;
use serde::{Deserialize, Serialize};

use crate::config::places::Places;

/// What is given to an arm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All requests of a session, those of its sub-agents included.
    Session(SessionId),
    /// One request, by the provider's message id; stronger than its session's assignment.
    Message(MessageId),
}

/// One decision of the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Line", into = "Line")]
pub struct Assignment {
    /// What is given.
    pub subject: Subject,
    /// To whom.
    pub arm: ArmId,
    /// When it was decided.
    pub at: Timestamp,
    /// Why, for whoever asks later.
    pub reason: Option<String>,
}

/// An assignment as it is written: one of the first two is there.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<MessageId>,
    arm: ArmId,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Assignment> for Line {
    fn from(assignment: Assignment) -> Self {
        let (session, message) = match assignment.subject {
            Subject::Session(session) => (Some(session), None),
            Subject::Message(message) => (None, Some(message)),
        };
        Self { session, message, arm: assignment.arm, at: assignment.at, reason: assignment.reason }
    }
}

impl TryFrom<Line> for Assignment {
    type Error = &'static str;

    fn try_from(line: Line) -> Result<Self, Self::Error> {
        let subject = match (line.session, line.message) {
            (Some(session), None) => Subject::Session(session),
            (None, Some(message)) => Subject::Message(message),
            _ => return Err("one of `session` and `message` is needed"),
        };
        Ok(Self { subject, arm: line.arm, at: line.at, reason: line.reason })
    }
}

/// Where assignments are kept.
pub(crate) fn file(places: &Places) -> PathBuf {
    places.state.join("assignments.jsonl")
}

/// Reads every assignment; none where there is no file.
pub(crate) fn load(path: &Path) -> Result<Pins> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Pins::default()),
        Err(error) => return Err(Error::io("cannot read", path, error)),
    };
    let mut pins = Pins::default();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let assignment: Assignment = serde_json::from_str(line).map_err(|error| {
            let place = format!("{}:{}:{}", path.display(), number + 1, error.column());
            Error::new(ErrorKind::Config, format!("not an assignment: `{place}`"))
                .caused_by(error)
                .hinted("mend or remove the line; `octorato arm assign` writes such lines")
        })?;
        match assignment.subject {
            Subject::Session(session) => pins.sessions.insert(session, assignment.arm),
            Subject::Message(message) => pins.messages.insert(message, assignment.arm),
        };
    }
    Ok(pins)
}

/// Appends one assignment; when it returns, the line is on the disk.
pub(crate) fn append(path: &Path, assignment: &Assignment) -> Result<()> {
    let failed = |error| Error::io("cannot write", path, error);
    let mut line = serde_json::to_string(assignment).map_err(|error| {
        Error::new(ErrorKind::Data, "an assignment has no JSON").caused_by(error)
    })?;
    line.push('\n');
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(subject: Subject, arm: &str) -> Assignment {
        Assignment {
            subject,
            arm: ArmId::new(arm).unwrap(),
            at: "2026-10-01T00:00:00Z".parse().unwrap(),
            reason: None,
        }
    }

    #[test]
    fn the_later_of_two_assignments_holds() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("state/assignments.jsonl");
        assert!(load(&path).unwrap().sessions.is_empty());
        append(&path, &assignment(Subject::Session("s1".into()), "acme")).unwrap();
        append(&path, &assignment(Subject::Session("s1".into()), "globex")).unwrap();
        append(&path, &assignment(Subject::Message("msg_1".into()), "acme")).unwrap();
        let pins = load(&path).unwrap();
        assert_eq!(pins.sessions[&SessionId::from("s1")].as_str(), "globex");
        assert_eq!(pins.messages[&MessageId::from("msg_1")].as_str(), "acme");
    }

    #[test]
    fn a_line_that_cannot_be_read_is_an_error_with_its_place() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.jsonl");
        fs::write(&path, "\n{\"session\":\"s\",\"arm\":\"NOT A SLUG\"}\n").unwrap();
        let error = load(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("a.jsonl:2:"), "{error}");
    }
}
