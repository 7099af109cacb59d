//! One commit: operations, and small notes that are kept with them.

use std::sync::Arc;

use octorato_core::{Error, ErrorKind, Result};

use super::operation::Operation;

/// What is committed at once; see [`super::Ledger::commit_batch`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Batch<'b> {
    /// What is done, one after the other.
    pub operations: &'b [Operation],
    /// What is noted beside it, whether or not an operation is refused.
    pub notes: &'b [Note],
    /// The commit can be made again from elsewhere, such as a transcript: a store need not make it
    /// durable before it answers. If it is lost, its notes are lost with it.
    pub is_derivable: bool,
}

/// A small named value in the ledger's file, such as how far a log was read. It is no entry: no
/// journal tells what it was before.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Note {
    /// Its name: 1 to [`Note::MOST_NAME`] bytes. A prefix that ends in `/` says whose it is.
    pub name: Arc<str>,
    /// Its value of at most [`Note::MOST_VALUE`] bytes; nothing removes it.
    pub value: Option<Arc<[u8]>>,
}

impl Note {
    /// The longest name in bytes.
    pub const MOST_NAME: usize = 4_096;
    /// The longest value in bytes.
    pub const MOST_VALUE: usize = 65_536;
}

impl<'b> Batch<'b> {
    /// Operations alone.
    pub fn of(operations: &'b [Operation]) -> Self {
        Self { operations, notes: &[], is_derivable: false }
    }

    /// Refuses a note that no store keeps, before anything is done.
    pub(crate) fn validate(&self) -> Result<()> {
        for note in self.notes {
            let length = note.value.as_ref().map_or(0, |value| value.len());
            if note.name.is_empty() || note.name.len() > Note::MOST_NAME {
                return Err(Error::new(ErrorKind::InvalidArgument, "not the name of a note")
                    .with("bytes", note.name.len()));
            }
            if length > Note::MOST_VALUE {
                return Err(Error::new(ErrorKind::InvalidArgument, "the note is too large")
                    .with("note", &note.name)
                    .with("bytes", length));
            }
        }
        Ok(())
    }
}
