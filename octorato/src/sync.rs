//! Transcripts into the ledger: what they gained since the last time, once.
//!
//! A sync may be killed, run beside another one, beside a gate and beside agents that write: each
//! request is known to the ledger by a key of its own, and how far each file was read is noted in
//! the same commit as what was found there.

mod assignments;
mod claims;
mod notes;
mod report;
mod round;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use octorato_core::Result;
use octorato_finops::ledger::Ledger;
use octorato_finops::logs::{self, Findings, LogFile, Place, Progress, Quiet};

pub use claims::{Claimed, claimed};
pub use report::{Booked, Last, ReadFile, Refused, SyncReport, Unpriced};

use crate::Workspace;
use notes::FileNote;
use round::{Noted, Round};

/// How many bytes are read in one round: what was found in them is held until it is booked.
const ROUND: u64 = 1 << 30;

/// How often files are read again because somebody else books the same requests at the same time.
const ATTEMPTS: usize = 4;

/// Books what the transcripts under `places` have gained since the last sync.
///
/// The first owner of a request stays its owner, and its first date its date; only an assignment
/// gives it to another arm. What has none is given to the arm that claims it by
/// [`Syncer::reattributing`]. What it costs is list cost, the same as in a report.
///
/// ```
/// use octorato::Workspace;
/// use octorato::config::places::{Named, Places};
/// use octorato::finops::ledger::{MemoryLedger, WallClock};
/// use octorato::finops::logs::{Place, Quiet};
/// use octorato::sync::sync;
///
/// # let folder = std::env::temp_dir().join(format!("octorato-sync-{}", std::process::id()));
/// # std::fs::create_dir_all(folder.join("logs"))?;
/// # std::fs::write(folder.join("arms.yaml"), "arms: [{ id: acme, client: acme, roots: [/w/acme] }]\n")?;
/// # std::fs::write(folder.join("logs/a.jsonl"), concat!(
/// #     r#"{"type":"assistant","timestamp":"2026-10-01T09:00:00Z","cwd":"/w/acme/web","#,
/// #     r#""message":{"id":"msg_1","model":"claude-sonnet-4-5","usage":{"input_tokens":1000}}}"#,
/// #     "\n"))?;
/// # let logs = [Place::Given(folder.join("logs"))];
/// # let named = Named { home: Some(folder.clone()), state: Some(folder.clone()), brain: None };
/// let workspace = Workspace::open(Places::from_env(named)?)?;
/// let ledger = MemoryLedger::new(WallClock);
/// let report = sync(&workspace, &ledger, &logs, &Quiet)?;
/// assert_eq!(report.total()?.amount.to_string(), "0.003");
/// assert!(sync(&workspace, &ledger, &logs, &Quiet)?.is_empty());
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sync(
    workspace: &Workspace,
    ledger: &dyn Ledger,
    places: &[Place],
    progress: &dyn Progress,
) -> Result<SyncReport> {
    Syncer::new(workspace, ledger).sync(places, progress)
}

/// Books what one session has gained: its transcript and those of its sub-agents. Where nothing is
/// new it costs a look at the files and one at the ledger.
///
/// A commit may be lost with the machine's power, together with the note of how far was read: the
/// next sync books the same again.
pub fn sync_session(
    workspace: &Workspace,
    ledger: &dyn Ledger,
    transcript: &Path,
) -> Result<SyncReport> {
    let mut syncer = Syncer::new(workspace, ledger);
    syncer.is_derivable = true;
    let (files, findings) = logs::find_session(transcript);
    syncer.book(files, &findings, &Quiet)
}

/// Whether [`sync_session`] would read anything: needs no configuration and no prices.
///
/// What was booked without a price is not looked at again for new prices; the next [`sync`] does.
pub fn has_news(ledger: &dyn Ledger, transcript: &Path) -> Result<bool> {
    let (files, _) = logs::find_session(transcript);
    for file in &files {
        let note = FileNote::of(ledger, file.path())?;
        if note.is_none_or(|note| file.has_changed_since(&note.cursor)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Books what transcripts gain, again and again.
pub struct Syncer<'s> {
    workspace: &'s Workspace,
    ledger: &'s dyn Ledger,
    is_derivable: bool,
    reattributes: bool,
    stop: &'s AtomicBool,
    /// Length and time of change of the files that were booked.
    seen: HashMap<PathBuf, (u64, u64)>,
}

/// Never asks anybody to stop.
static ON_AND_ON: AtomicBool = AtomicBool::new(false);

impl<'s> Syncer<'s> {
    /// Books into `ledger`.
    pub fn new(workspace: &'s Workspace, ledger: &'s dyn Ledger) -> Self {
        let seen = HashMap::new();
        Self { workspace, ledger, is_derivable: false, reattributes: false, stop: &ON_AND_ON, seen }
    }

    /// Stops after the commit in hand once `stop` is set.
    #[must_use]
    pub fn stopped_by(mut self, stop: &'s AtomicBool) -> Self {
        self.stop = stop;
        self
    }

    /// Also gives what is booked without an arm to the arms that claim it now, since they were
    /// declared later.
    #[must_use]
    pub fn reattributing(mut self, reattributes: bool) -> Self {
        self.reattributes = reattributes;
        self
    }

    /// Books what the transcripts under `places` have gained. A second call looks only at files
    /// whose length or date changed since the first.
    pub fn sync(&mut self, places: &[Place], progress: &dyn Progress) -> Result<SyncReport> {
        let (files, findings) = logs::find(places);
        self.book(files, &findings, progress)
    }

    fn book(
        &mut self,
        files: Vec<LogFile>,
        findings: &Findings,
        progress: &dyn Progress,
    ) -> Result<SyncReport> {
        let mut report = SyncReport { files: files.len() as u64, ..SyncReport::default() };
        report.found(findings);
        let look = |file: &LogFile| (file.size(), file.modified());
        let is_new = |file: &LogFile| self.seen.get(file.path()) != Some(&look(file));
        let mut noted: Vec<Noted> = Vec::new();
        for file in files.into_iter().filter(is_new) {
            let note = FileNote::of(self.ledger, file.path())?;
            noted.push((file, note));
        }
        // Of two copies of a request the one in the session that ended first holds.
        noted.sort_by(|(a, _), (b, _)| (a.modified(), a.path()).cmp(&(b.modified(), b.path())));
        let bytes = noted.iter().map(gained).sum();
        progress.found(noted.len() as u64, bytes);

        let mut resolver = self.workspace.resolver()?;
        let round = Round {
            workspace: self.workspace,
            ledger: self.ledger,
            is_derivable: self.is_derivable,
            progress,
            stop: self.stop,
        };
        let mut left = noted.as_slice();
        while !left.is_empty() && !report.is_stopped {
            let (files, rest) = left.split_at(round_of(left));
            left = rest;
            let mut again = round.run(files, &mut resolver, &mut report)?;
            for _ in 1..ATTEMPTS {
                if again.is_empty() || report.is_stopped {
                    break;
                }
                again = round.run(&again, &mut resolver, &mut report)?;
            }
            if !report.is_stopped {
                let seen = files.iter().map(|(file, _)| (file.path().to_owned(), look(file)));
                self.seen.extend(seen);
                // What could not be read may become readable without a change.
                let unread = report.read.iter().filter(|file| file.to.is_none());
                let unread = unread.map(|file| file.path.as_path());
                for path in unread.chain(again.iter().map(|(file, _)| file.path())) {
                    self.seen.remove(path);
                }
            }
            report.is_stopped |= self.stop.load(Ordering::Relaxed);
        }
        if !self.is_derivable && !report.is_stopped {
            report.reassigned = assignments::follow(self.workspace, self.ledger)?;
            if self.reattributes {
                report.reattributed = claims::reattribute(self.workspace, self.ledger)?;
            } else {
                let is_other = report.reassigned > 0;
                report.claimed = claims::known(self.workspace, self.ledger, is_other)?;
            }
        }
        report.sort();
        Ok(report)
    }
}

/// How many bytes are to be read of a file, as far as its length tells.
fn gained((file, note): &Noted) -> u64 {
    let offset = note.as_ref().map_or(0, |note| note.cursor.offset());
    file.size().checked_sub(offset).unwrap_or(file.size())
}

/// How many of the next files are read in one round: at least one.
fn round_of(files: &[Noted]) -> usize {
    let mut bytes = 0_u64;
    let fits = |file: &&Noted| {
        bytes = bytes.saturating_add(gained(file));
        bytes <= ROUND
    };
    files.iter().take_while(fits).count().clamp(1, files.len().max(1))
}
