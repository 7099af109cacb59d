//! What a file has gained since it was last read.

use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::cursor::{Cursor, Start};
use super::skip::Findings;
use super::source::{self, LogFile, Opened, Place, Progress};
use super::{Batch, Stats};

/// The transcripts under `places`, each once, in the order of their paths.
pub fn find(places: &[Place]) -> (Vec<LogFile>, Findings) {
    let mut findings = Findings::default();
    let files = source::find(places, &mut findings);
    (files, findings)
}

/// The transcript of one session and those of its sub-agents, as far as they are there.
pub fn find_session(transcript: &Path) -> (Vec<LogFile>, Findings) {
    let agents = transcript.with_extension("").join("subagents");
    let places = [transcript.to_owned(), agents].into_iter().filter(|path| path.exists());
    find(&places.map(Place::Given).collect::<Vec<_>>())
}

/// What a file has gained: see [`news`].
#[derive(Debug)]
pub struct Increment {
    pub(super) path: PathBuf,
    pub(super) start: Start,
    pub(super) from: u64,
    pub(super) cursor: Option<Cursor>,
    pub(super) batch: Batch,
}

impl Increment {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its reading began, and why there.
    pub fn start(&self) -> Start {
        self.start
    }

    /// The byte at which its reading began.
    pub fn from(&self) -> u64 {
        self.from
    }

    /// Where to read on, once all that was found is booked; nothing where the file could not be
    /// read to its end, so that it is tried again from where it was.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// What was counted on the way.
    pub fn stats(&self) -> &Stats {
        &self.batch.stats
    }

    /// What could not be read, or only with a repair. A line that is not ended yet is told and read
    /// again next time.
    pub fn findings(&self) -> &Findings {
        &self.batch.findings
    }
}

/// Reads what `file` has gained since `known`, the cursor of the last reading; nothing where no look
/// at its name, length and date tells that it has changed.
///
/// - A last line without its end is read again next time; what it holds is known already where it
///   is a whole record, since what books requests knows each by its own key.
/// - A file that was cut, replaced or written anew is read from its beginning: the same requests are
///   found again, and known again.
/// - So is a file that gains a record which only the rest of the file can tell from others: one
///   without a message id.
pub fn news(file: &LogFile, known: Option<&Cursor>, progress: &dyn Progress) -> Option<Increment> {
    if known.is_some_and(|known| !file.has_changed_since(known)) {
        return None;
    }
    let mut found = Increment {
        path: file.path.clone(),
        start: Start::First,
        from: 0,
        cursor: None,
        batch: Batch::default(),
    };
    if let Err(error) = found.read(file, known, progress) {
        found.batch.findings.unreadable(&file.path, &error);
    }
    Some(found)
}

impl Increment {
    fn read(
        &mut self,
        file: &LogFile,
        known: Option<&Cursor>,
        progress: &dyn Progress,
    ) -> std::io::Result<()> {
        let mut opened = file.open()?;
        let mut from = Cursor::default();
        if let Some(known) = known {
            self.start = known.start_in(&mut opened.file, &opened.stamp)?;
            if self.start == Start::Continued {
                from = *known;
            }
        }
        self.read_from(file, &mut opened, &from, progress)?;
        if from.offset() > 0 && self.batch.messages.iter().any(|message| message.is_loose) {
            self.start = Start::Reconsidered;
            self.batch = Batch::default();
            self.read_from(file, &mut opened, &Cursor::default(), progress)?;
        }
        // Where no record has a time, one that is still to come may give it to all.
        if self.batch.messages.iter().any(|message| message.event.at == Timestamp::MAX) {
            self.cursor = self.cursor.map(Cursor::rewound);
        }
        Ok(())
    }

    fn read_from(
        &mut self,
        file: &LogFile,
        opened: &mut Opened,
        from: &Cursor,
        progress: &dyn Progress,
    ) -> std::io::Result<()> {
        self.from = from.offset();
        opened.file.seek(SeekFrom::Start(from.offset()))?;
        self.cursor = file.reader.read(opened, from, &mut self.batch, progress);
        Ok(())
    }
}
