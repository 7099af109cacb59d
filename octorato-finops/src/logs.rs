//! Agents' local logs: bytes in, usage events out.
//!
//! A reader knows one agent's files. [`read`] finds the files under the given places, reads
//! them in parallel, merges what several records or several files say of one request, and counts
//! whatever could not be read. It never stops at a bad line or a bad file.
//!
//! To add an agent, write one file beside `claude_code.rs` and name it in `READERS`.

mod booking;
mod claude_code;
mod cursor;
mod gather;
mod increment;
mod lines;
mod merge;
mod skip;
mod snapshot;
mod source;

pub use booking::{Booking, Clerk};
pub use cursor::{Cursor, Start};
pub use gather::{FileRead, Found, Gathered, Request, Requests, Stored};
pub use increment::{Increment, find, find_session, news};
pub use skip::{Example, Finding, FindingKind, Findings};
pub use source::{Environment, LogFile, Place, Progress, Quiet};

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use octorato_core::UsageEvent;
use rayon::prelude::*;
use serde::Serialize;

use merge::{Launches, Message};
use source::Opened;

/// The agents whose logs can be read.
const READERS: &[&dyn Reader] = &[&claude_code::ClaudeCode];

/// Knows one agent's log files.
trait Reader: Sync {
    /// Where the agent keeps its logs on this machine, whether or not it has been used. A home that
    /// the user chose by a variable is [`Place::Given`].
    fn homes(&self, environment: &Environment) -> Vec<Place>;

    /// The folder of transcripts, where `folder` is a home of this agent.
    fn transcripts(&self, folder: &Path) -> Option<std::path::PathBuf>;

    /// Whether a file of this name can be one of the agent's transcripts.
    fn is_transcript(&self, path: &Path) -> bool;

    /// Reads one file to its end. It stands where `from` ends, which is its beginning for the
    /// default; the answer is where it was read to, nothing where it could not be.
    fn read(
        &self,
        opened: &mut Opened,
        from: &Cursor,
        batch: &mut Batch,
        progress: &dyn Progress,
    ) -> Option<Cursor>;
}

/// The name of a reader as events carry it; one that this version does not know is `other`.
pub(crate) fn reader_name(name: &str) -> &'static str {
    [claude_code::NAME].into_iter().find(|known| *known == name).unwrap_or("other")
}

/// What one file held.
#[derive(Debug, Default)]
struct Batch {
    /// The requests, each once, in the order in which they were first seen.
    messages: Vec<Message>,
    /// Sub-agents, as their parents name them.
    launches: Launches,
    /// What could not be read, or only with a repair.
    findings: Findings,
    /// What was counted on the way.
    stats: Stats,
}

/// What was counted while reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Files that were opened.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Lines that were read.
    pub lines: u64,
    /// Records with token counts.
    pub records: u64,
    /// Requests that these records are about.
    pub requests: u64,
    /// How often a request was seen again in a further file, and not counted again.
    pub copies: u64,
    /// Records that the agent made up itself; they cost nothing.
    pub synthetic: u64,
    /// Requests of sub-agents that only their parent's progress rows show.
    pub progress_only: u64,
}

impl Stats {
    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.lines += other.lines;
        self.records += other.records;
        self.requests += other.requests;
        self.copies += other.copies;
        self.synthetic += other.synthetic;
        self.progress_only += other.progress_only;
    }
}

/// All that the logs under some places say.
#[derive(Debug, Default)]
pub struct Reading {
    /// One event per request, by time.
    pub events: Vec<UsageEvent>,
    /// What could not be read, or only with a repair.
    pub findings: Findings,
    /// What was counted on the way.
    pub stats: Stats,
}

/// Reads every transcript under `places`, in parallel.
///
/// The result does not depend on the order of places, files or lines: of several records of one
/// request the larger count of each unit holds, and the earliest record says when it was made and
/// in which folder. The same request in several files is counted once.
///
/// ```
/// use octorato_finops::logs::{self, Place, Quiet};
///
/// let folder = std::env::temp_dir().join("octorato-doc-read");
/// std::fs::create_dir_all(&folder)?;
/// std::fs::write(folder.join("a.jsonl"), concat!(
///     r#"{"type":"assistant","timestamp":"2026-10-01T09:00:00Z","cwd":"/home/dana/acme","#,
///     r#""message":{"id":"msg_1","model":"claude-opus-4-8","usage":{"input_tokens":3,"#,
///     r#""output_tokens":40}}}"#,
///     "\n",
/// ))?;
/// let reading = logs::read(&[Place::Given(folder)], &Quiet);
/// assert_eq!(reading.events.len(), 1);
/// assert_eq!(reading.events[0].usage.tokens(), 43);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read(places: &[Place], progress: &dyn Progress) -> Reading {
    let mut total = Batch::default();
    let mut files = source::find(places, &mut total.findings);
    progress.found(files.len() as u64, files.iter().map(|file| file.size).sum());
    // The largest first, so that no thread is left alone with one at the end.
    files.sort_by(|a, b| (b.size, &a.path).cmp(&(a.size, &b.path)));

    let merged = Mutex::new((merge::Merge::default(), total));
    files.par_iter().with_max_len(1).for_each(|file| {
        let mut batch = Batch::default();
        match file.open() {
            Ok(mut opened) => {
                file.reader.read(&mut opened, &Cursor::default(), &mut batch, progress);
            }
            Err(error) => batch.findings.unreadable(&file.path, &error),
        }
        let mut merged = merged.lock().unwrap_or_else(PoisonError::into_inner);
        let (merge, total) = &mut *merged;
        total.findings.add(batch.findings);
        total.stats.add(&batch.stats);
        total.launches.add_all(batch.launches);
        for message in batch.messages {
            merge.add(message);
        }
    });

    let (merge, mut total) = merged.into_inner().unwrap_or_else(PoisonError::into_inner);
    let events = merge.finish(&total.launches, &mut total.stats, &mut total.findings);
    total.findings.sort();
    Reading { events, findings: total.findings, stats: total.stats }
}
