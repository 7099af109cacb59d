//! What the ledger keeps of a sync, beside what it books: small notes with names of their own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use octorato_core::{Result, SessionId};
use octorato_finops::attribute::SessionMemory;
use octorato_finops::ledger::{Ledger, Note, SourceKey};
use octorato_finops::logs::Cursor;

use super::claims::Claimed;

/// Above so many odd sources all notes about such are read at once.
const FEW: usize = 64;

/// A name of fixed length for a text of any.
fn name(kind: &str, parts: &[&[u8]]) -> Arc<str> {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    format!("sync/{kind}/{}", &hasher.finalize().to_hex()[..32]).into()
}

fn note(name: Arc<str>, value: &str) -> Note {
    Note { name, value: Some(value.as_bytes().into()) }
}

fn text(ledger: &dyn Ledger, name: &str) -> Result<Option<String>> {
    let value = ledger.note(name)?;
    // What is no text was written by nobody who is known: as if it were not there.
    Ok(value.and_then(|value| String::from_utf8(value.to_vec()).ok()))
}

/// How far a file was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FileNote {
    /// Where to read on.
    pub(super) cursor: Cursor,
    /// The prices by which something in it had none: with other prices it is read again.
    pub(super) unpriced: Option<String>,
}

impl FileNote {
    fn name(file: &Path) -> Arc<str> {
        name("file", &[file.as_os_str().as_encoded_bytes()])
    }

    /// What is noted of a file; nothing where another version wrote it.
    pub(super) fn of(ledger: &dyn Ledger, file: &Path) -> Result<Option<Self>> {
        let Some(text) = text(ledger, &Self::name(file))? else { return Ok(None) };
        let mut lines = text.lines();
        let cursor = lines.next().and_then(|line| line.parse().ok());
        let unpriced = lines.next().and_then(|line| line.strip_prefix("unpriced ")).map(Into::into);
        Ok(cursor.map(|cursor| Self { cursor, unpriced }))
    }

    pub(super) fn note(&self, file: &Path) -> Note {
        let unpriced = self.unpriced.as_ref().map(|book| format!("\nunpriced {book}"));
        note(Self::name(file), &format!("{}{}", self.cursor, unpriced.unwrap_or_default()))
    }
}

fn session_name(session: &SessionId) -> Arc<str> {
    name("session", &[session.as_str().as_bytes()])
}

/// What a session was last known to work for.
pub(super) fn session(ledger: &dyn Ledger, session: &SessionId) -> Result<SessionMemory> {
    let text = text(ledger, &session_name(session))?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// The note of what a session is known to work for now; nothing where it is too long, which takes
/// sub-agents with names of hundreds of bytes.
pub(super) fn of_session(session: &SessionId, memory: SessionMemory) -> Option<Note> {
    let text = serde_json::to_string(&memory.shortened()).ok()?;
    (text.len() <= Note::MOST_VALUE).then(|| note(session_name(session), &text))
}

fn snapshot_name(source: &SourceKey) -> Arc<str> {
    name("snapshot", &[source.reader.as_bytes(), source.key.as_bytes()])
}

/// What is noted of snapshots of sources, where there is anything to note.
pub(super) fn snapshots(
    ledger: &dyn Ledger,
    sources: &[&SourceKey],
) -> Result<HashMap<SourceKey, Arc<str>>> {
    let mut found = HashMap::new();
    let all = if sources.len() > FEW {
        let notes = ledger.notes("sync/snapshot/", usize::MAX)?;
        Some(notes.into_iter().map(|note| (note.name, note.value)).collect::<HashMap<_, _>>())
    } else {
        None
    };
    for &source in sources {
        let name = snapshot_name(source);
        let value = match &all {
            Some(all) => all.get(&name).cloned().flatten(),
            None => ledger.note(&name)?,
        };
        if let Some(text) = value.and_then(|value| String::from_utf8(value.to_vec()).ok()) {
            found.insert(source.clone(), text.into());
        }
    }
    Ok(found)
}

/// The note of a snapshot, where there is anything to note now or was before.
pub(super) fn of_snapshot(
    source: &SourceKey,
    before: Option<&str>,
    snapshot: Option<&str>,
) -> Option<Note> {
    (before != snapshot).then(|| note(snapshot_name(source), snapshot.unwrap_or_default()))
}

/// The name under which it is noted what arms claim of what is booked without one.
const CLAIMS: &str = "sync/claims";

/// What is noted for these claims of arms; nothing where it is of others.
pub(super) fn claims(ledger: &dyn Ledger, hash: &str) -> Result<Option<Vec<Claimed>>> {
    let text = text(ledger, CLAIMS)?;
    let rows = text.as_ref().and_then(|text| text.split_once('\n'));
    Ok(rows.filter(|(of, _)| *of == hash).and_then(|(_, rows)| serde_json::from_str(rows).ok()))
}

/// The note of what arms claim; nothing where it is too long, which takes dozens of arms.
pub(super) fn of_claims(hash: &str, rows: &[Claimed]) -> Option<Note> {
    let text = format!("{hash}\n{}", serde_json::to_string(rows).ok()?);
    (text.len() <= Note::MOST_VALUE).then(|| note(CLAIMS.into(), &text))
}

/// The name under which the assignments are noted that the ledger follows.
const ASSIGNMENTS: &str = "sync/assignments";

/// The assignments that the ledger follows, by their hash.
pub(super) fn assignments(ledger: &dyn Ledger) -> Result<Option<String>> {
    text(ledger, ASSIGNMENTS)
}

/// The note that the ledger follows these assignments.
pub(super) fn of_assignments(hash: &str) -> Note {
    note(ASSIGNMENTS.into(), hash)
}
