//! Sessions and messages that the operator gave to an arm by hand.
//!
//! `assignments.jsonl` in the state folder has one JSON object per line and is only ever appended
//! to; of two lines about the same session or message the later one holds. A line that cannot be
//! read is an error, since leaving it out would bill somebody else.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use octorato_brain::{LARGEST_FILE, read_file};
use octorato_core::{ArmId, Error, ErrorKind, MessageId, Result, SessionId};
use octorato_finops::attribute::Pins;
use serde::{Deserialize, Serialize};

use crate::config::places::Places;
use crate::files::Lock;

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
    pins(path, &text(path)?)
}

fn text(path: &Path) -> Result<String> {
    let bytes = match read_file(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    String::from_utf8(bytes).map_err(|error| {
        Error::new(ErrorKind::Config, format!("assignments are not UTF-8: `{}`", path.display()))
            .caused_by(error)
            .hinted("mend or remove the line; `octorato arm assign` writes such lines")
    })
}

fn pins(path: &Path, text: &str) -> Result<Pins> {
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

/// Appends one assignment to a file that can be read, and gives all of them; when it returns, the
/// line is on the disk.
pub(crate) fn append(path: &Path, assignment: &Assignment) -> Result<Pins> {
    let json = serde_json::to_string(assignment).map_err(|error| {
        Error::new(ErrorKind::Data, "an assignment has no JSON").caused_by(error)
    })?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::io("cannot make", folder, error))?;
    }
    let lock = Lock::of(path)?;
    let before = text(path)?;
    // The last line may lack its end: written by hand, or by somebody who was stopped.
    let end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let added = format!("{end}{json}\n");
    let after = before + &added;
    let pins = pins(path, &after)?;
    if after.len() as u64 > LARGEST_FILE {
        let message = format!("no more than 4 MiB of assignments: `{}`", path.display());
        return Err(Error::new(ErrorKind::Refused, message)
            .hinted("remove lines that a later line about the same session replaces"));
    }
    lock.append(&added)?;
    Ok(pins)
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

    #[test]
    fn a_line_without_its_end_is_ended_before_the_next() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.jsonl");
        fs::write(&path, r#"{"session":"s1","arm":"acme","at":"2026-10-01T00:00:00Z"}"#).unwrap();
        append(&path, &assignment(Subject::Session("s2".into()), "globex")).unwrap();
        let pins = load(&path).unwrap();
        assert_eq!(pins.sessions.len(), 2);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
    }

    #[test]
    fn nothing_is_added_to_a_file_that_cannot_be_read() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.jsonl");
        let torn = r#"{"session":"s1","arm":"ac"#;
        fs::write(&path, torn).unwrap();
        let error = append(&path, &assignment(Subject::Session("s2".into()), "a")).unwrap_err();
        assert!(error.to_string().contains("a.jsonl:1:"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), torn);

        fs::write(&path, "\n".repeat(4 * 1024 * 1024)).unwrap();
        let error = append(&path, &assignment(Subject::Session("s2".into()), "a")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        load(&path).unwrap();
    }

    #[test]
    fn assignments_at_the_same_time_are_all_kept() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.jsonl");
        std::thread::scope(|scope| {
            for number in 0..16 {
                let path = &path;
                scope.spawn(move || {
                    let subject = Subject::Session(format!("s{number}").as_str().into());
                    append(path, &assignment(subject, "acme")).unwrap();
                });
            }
        });
        assert_eq!(load(&path).unwrap().sessions.len(), 16);
    }
}
