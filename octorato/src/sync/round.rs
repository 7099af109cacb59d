//! One round of a sync: some files are read, and what they gained is booked in small commits.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use octorato_core::{Attribution, AttributionReason, Result, SessionId};
use octorato_finops::attribute::{Resolver, SessionMemory};
use octorato_finops::ledger::{
    Answer, Append, Appended, Batch, Imported, Ledger, Note, Operation, SourceKey,
};
use octorato_finops::logs::{
    Clerk, Cursor, FileRead, Gathered, LogFile, Progress, Request, Requests, Stored,
};

use super::notes::{self, FileNote};
use super::report::SyncReport;
use crate::Workspace;

/// How many operations are committed at once.
const OPERATIONS: usize = 256;
/// How many notes are.
const NOTES: usize = 1_024;
/// How many sources are looked up at once.
const LOOKUPS: usize = 1_024;

/// A file, and what is noted of it.
pub(super) type Noted = (LogFile, Option<FileNote>);

/// What a round needs.
pub(super) struct Round<'r> {
    pub(super) workspace: &'r Workspace,
    pub(super) ledger: &'r dyn Ledger,
    /// Commits may be answered before they are durable.
    pub(super) is_derivable: bool,
    pub(super) progress: &'r dyn Progress,
    pub(super) stop: &'r AtomicBool,
}

/// What is about to be committed.
#[derive(Default)]
struct Pending {
    operations: Vec<Operation>,
    /// The requests that the operations are about.
    requests: Vec<usize>,
    notes: Vec<Note>,
}

/// A session whose requests are booked.
struct Open {
    id: SessionId,
    /// What the ledger knows of it.
    noted: SessionMemory,
    /// What is known of it now, under its id.
    sessions: HashMap<SessionId, SessionMemory>,
}

/// The state of booking what was found.
struct Desk<'r, 'd> {
    round: &'r Round<'r>,
    requests: &'r Requests,
    /// The files by their paths, as they were noted before.
    before: HashMap<&'r Path, &'r Noted>,
    report: &'d mut SyncReport,
    pending: Pending,
    session: Option<Open>,
    /// The groups of requests of which something has no price.
    unpriced: HashSet<usize>,
    /// The groups of requests that somebody else booked in the meantime.
    contended: HashSet<usize>,
    /// The groups of requests that the ledger refused.
    refused: HashSet<usize>,
}

impl Round<'_> {
    /// Reads `files` and books what they gained. The answer is the files to be read again, since
    /// somebody else booked the same requests in the meantime, as their notes were before.
    pub(super) fn run(
        &self,
        files: &[Noted],
        resolver: &mut Resolver<'static>,
        report: &mut SyncReport,
    ) -> Result<Vec<Noted>> {
        let book = self.workspace.prices().id().to_string();
        let cursor = |note: &FileNote| {
            let is_current = note.unpriced.as_ref().is_none_or(|unpriced| *unpriced == book);
            is_current.then_some(note.cursor)
        };
        let cursors: Vec<(LogFile, Option<Cursor>)> = files
            .iter()
            .map(|(file, note)| (file.clone(), note.as_ref().and_then(cursor)))
            .collect();
        let found = Gathered::of(&cursors, self.progress).found();
        let stored = self.stored(&found.sources())?;
        let requests = found.requests(&stored);
        report.found(&requests.findings);
        report.stats.add(&requests.stats);
        if requests.files.is_empty() {
            return Ok(Vec::new());
        }
        let mut desk = Desk {
            round: self,
            requests: &requests,
            before: files.iter().map(|noted| (noted.0.path(), noted)).collect(),
            report,
            pending: Pending::default(),
            session: None,
            unpriced: HashSet::new(),
            contended: HashSet::new(),
            refused: HashSet::new(),
        };
        desk.book(resolver)?;
        desk.finish()
    }

    /// What the ledger has of sources.
    fn stored(&self, sources: &[SourceKey]) -> Result<HashMap<SourceKey, Stored>> {
        let mut stored = HashMap::new();
        for sources in sources.chunks(LOOKUPS) {
            for (source, imported) in sources.iter().zip(self.ledger.imported_all(sources)?) {
                if let Some(imported) = imported {
                    stored.insert(source.clone(), of_imported(imported));
                }
            }
        }
        let known: Vec<&SourceKey> = stored.keys().collect();
        for (source, text) in notes::snapshots(self.ledger, &known)? {
            if let Some(stored) = stored.get_mut(&source) {
                stored.snapshot = Some(text);
            }
        }
        Ok(stored)
    }
}

fn of_imported(imported: Imported) -> Stored {
    let Imported { path, at, revision, amount, size, metered, .. } = imported;
    Stored { at, path, revision, amount, size, metered, snapshot: None }
}

impl Desk<'_, '_> {
    /// Books session by session, each in the order of time. With every commit it is noted what the
    /// session in hand is known to work for, and with the last request of a file how far that was
    /// read: after a kill the next sync goes on as this one would have.
    fn book(&mut self, resolver: &mut Resolver<'static>) -> Result<()> {
        let requests = self.requests;
        let workspace = self.round.workspace;
        let mut clerk = Clerk::new(workspace.prices(), workspace.arms());
        let mut order: Vec<usize> = (0..requests.list.len()).collect();
        order.sort_by_key(|&at| requests.list[at].event.session.clone());
        let mut files = ends(requests, &order).into_iter().peekable();
        for (position, &at) in order.iter().enumerate() {
            let request = &requests.list[at];
            self.enter(request.event.session.as_ref())?;
            let attribution = self.attribution(resolver, request);
            let project = resolver.project(&request.event);
            let booking = clerk.booking(request, &attribution, project);
            let owner = request.known.as_ref().map_or(&attribution.arm, |known| &known.path.arm);
            self.report.saw(&request.event, owner.as_ref(), booking.unpriced.is_some());
            if let Some(reason) = &booking.unpriced {
                self.unpriced.insert(request.group);
                if booking.append.is_some() {
                    self.report.unpriced(&request.event, reason);
                }
            }
            match booking.append {
                Some(append) => self.put(at, append),
                None => self.report.known += 1,
            }
            while let Some((_, file)) = files.next_if(|(end, _)| *end <= Some(position)) {
                self.note(file);
            }
            if self.pending.operations.len() >= OPERATIONS || self.pending.notes.len() >= NOTES {
                self.commit()?;
                if self.round.stop.load(Ordering::Relaxed) {
                    self.report.is_stopped = true;
                    return Ok(());
                }
            }
        }
        for (_, file) in files {
            self.note(file);
        }
        self.commit()
    }

    /// Goes over to the requests of a session.
    fn enter(&mut self, session: Option<&SessionId>) -> Result<()> {
        if self.session.as_ref().map(|open| &open.id) == session {
            return Ok(());
        }
        self.note_session();
        self.session = match session {
            Some(session) => {
                let memory = notes::session(self.round.ledger, session)?;
                let id = session.clone();
                Some(Open {
                    id,
                    noted: memory.clone(),
                    sessions: [(session.clone(), memory)].into(),
                })
            }
            None => None,
        };
        Ok(())
    }

    /// Whose a request is. One that is booked already teaches nothing of its session: what it had to
    /// say was learnt when it was booked.
    fn attribution(&mut self, resolver: &mut Resolver<'static>, request: &Request) -> Attribution {
        let mut none = HashMap::new();
        let mut copy;
        let sessions = match &mut self.session {
            Some(open) if request.known.is_none() => &mut open.sessions,
            Some(open) => {
                copy = open.sessions.clone();
                &mut copy
            }
            None => &mut none,
        };
        let attribution = resolver.resolve_from([&request.event], sessions).pop();
        attribution.unwrap_or(Attribution { arm: None, reason: AttributionReason::Unattributed })
    }

    /// Puts an import before the ledger, with what the next one must know of it.
    fn put(&mut self, at: usize, append: Append) {
        let request = &self.requests.list[at];
        let before = request.known.as_ref().and_then(|known| known.snapshot.as_deref());
        let after = request.snapshot.as_deref();
        self.pending.notes.extend(notes::of_snapshot(&append.source, before, after));
        self.pending.operations.push(Operation::Append(append));
        self.pending.requests.push(at);
    }

    /// Notes what the session in hand is known to work for, where that has changed.
    fn note_session(&mut self) {
        let Some(open) = &mut self.session else { return };
        if let Some(memory) = open.sessions.get(&open.id)
            && *memory != open.noted
        {
            open.noted.clone_from(memory);
            self.pending.notes.extend(notes::of_session(&open.id, memory.clone()));
        }
    }

    /// Notes how far a file was read, once all of it is booked.
    fn note(&mut self, file: usize) {
        let file = &self.requests.files[file];
        self.report.read(file);
        let Some(cursor) = file.cursor else { return };
        let before = self.before.get(file.path.as_path());
        let unpriced_before =
            before.and_then(|(_, note)| note.as_ref()?.unpriced.clone()).filter(|_| file.from > 0);
        let is_unpriced = file.groups.iter().any(|group| self.unpriced.contains(group));
        let book = || self.round.workspace.prices().id().to_string();
        let unpriced = if is_unpriced { Some(book()) } else { unpriced_before };
        self.pending.notes.push(FileNote { cursor, unpriced }.note(&file.path));
    }

    fn commit(&mut self) -> Result<()> {
        self.note_session();
        let Pending { operations, requests, notes } = std::mem::take(&mut self.pending);
        if operations.is_empty() && notes.is_empty() {
            return Ok(());
        }
        let is_derivable = self.round.is_derivable;
        let batch = Batch { operations: &operations, notes: &notes, is_derivable };
        let answers = self.round.ledger.commit_batch(&batch)?;
        for ((operation, at), answer) in operations.iter().zip(requests).zip(answers) {
            let (Operation::Append(append), request) = (operation, &self.requests.list[at]) else {
                continue;
            };
            match answer {
                Ok(Answer::Appended(appended)) => {
                    if !is_expected(appended, request.known.as_ref()) {
                        self.contended.insert(request.group);
                    }
                    self.report.appended(append, appended)?;
                }
                Ok(_) => {}
                Err(error) => {
                    self.refused.insert(request.group);
                    self.report.refused(&append.source.key, &error);
                }
            }
        }
        Ok(())
    }

    /// Files whose requests somebody else booked in the meantime, or the ledger refused, are noted
    /// as they were: the former are read again at once, the latter by the next sync.
    fn finish(self) -> Result<Vec<Noted>> {
        let has =
            |of: &HashSet<usize>, file: &FileRead| file.groups.iter().any(|at| of.contains(at));
        let mut again = Vec::new();
        let mut notes = Vec::new();
        for file in &self.requests.files {
            let is_contended = has(&self.contended, file);
            let Some(&before) = self.before.get(file.path.as_path()) else { continue };
            if is_contended || has(&self.refused, file) {
                notes.push(before.1.clone().unwrap_or_default().note(&file.path));
            }
            if is_contended {
                again.push(before.clone());
            }
        }
        if !notes.is_empty() {
            let is_derivable = self.round.is_derivable;
            let batch = Batch { operations: &[], notes: &notes, is_derivable };
            self.round.ledger.commit_batch(&batch)?;
        }
        Ok(again)
    }
}

/// Whether the ledger had what was taken for known when the request was made of it.
fn is_expected(appended: Appended, known: Option<&Stored>) -> bool {
    let before = known.map_or(0, |known| known.revision);
    match appended {
        Appended::Booked { revision, .. } => revision == before.saturating_add(1),
        Appended::Known { revision } => revision == before,
        Appended::Enriched(_) | Appended::Resolved(_) => true,
    }
}

/// The files by the last place in `order` of what they told; first those that told nothing.
fn ends(requests: &Requests, order: &[usize]) -> Vec<(Option<usize>, usize)> {
    let mut last = vec![None; requests.groups];
    for (position, &at) in order.iter().enumerate() {
        last[requests.list[at].group] = Some(position);
    }
    let end = |groups: &[usize]| groups.iter().filter_map(|&group| last[group]).max();
    let files = requests.files.iter().enumerate();
    let mut ends: Vec<_> = files.map(|(at, file)| (end(&file.groups), at)).collect();
    ends.sort_unstable();
    ends
}
