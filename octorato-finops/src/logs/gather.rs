//! Requests for a ledger, from what files have gained and what the ledger has of them already.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use octorato_core::{Money, Unit, Usage, UsageEvent};
use rayon::prelude::*;

use super::Stats;
use super::cursor::{Cursor, Start};
use super::increment::{self, Increment};
use super::merge::{self, Launches, Merge, Message, Part, Rank, cache_writes};
use super::skip::Findings;
use super::snapshot::Snapshot;
use super::source::{LogFile, Progress};
use crate::ledger::{Metered, SourceKey, SpendPath};

/// What several files have gained, one request at a time.
///
/// ```
/// use std::collections::HashMap;
///
/// use octorato_finops::logs::{self, Gathered, Place, Quiet};
///
/// let folder = std::env::temp_dir().join("octorato-doc-gather");
/// std::fs::create_dir_all(&folder)?;
/// let row = |output: u32| format!(
///     "{}{output}}}}}}}\n",
///     r#"{"type":"assistant","timestamp":"2026-10-01T09:00:00Z","cwd":"/home/dana/acme","message":{"id":"msg_1","model":"claude-opus-4-8","usage":{"output_tokens":"#,
/// );
/// std::fs::write(folder.join("a.jsonl"), row(1))?;
/// let (files, _) = logs::find(&[Place::Given(folder.clone())]);
/// let first = logs::news(&files[0], None, &Quiet).ok_or("nothing new")?;
/// let cursor = *first.cursor().ok_or("unreadable")?;
///
/// // The file grows: only what is new is read.
/// std::fs::write(folder.join("a.jsonl"), row(1) + &row(40))?;
/// let (files, _) = logs::find(&[Place::Given(folder)]);
/// let second = logs::news(&files[0], Some(&cursor), &Quiet).ok_or("nothing new")?;
/// assert_eq!(second.from(), cursor.offset());
/// let mut gathered = Gathered::default();
/// gathered.add(second);
/// let requests = gathered.found().requests(&HashMap::new());
/// assert_eq!(requests.list[0].source.key.as_ref(), "msg_1");
/// assert_eq!(requests.list[0].event.usage.tokens(), 40);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Gathered {
    merge: Merge,
    launches: Launches,
    findings: Findings,
    stats: Stats,
    files: Vec<(FileRead, Vec<Arc<str>>)>,
}

/// A file of which something was read.
#[derive(Clone, Debug)]
pub struct FileRead {
    /// Where it lies.
    pub path: PathBuf,
    /// Where its reading began, and why there.
    pub start: Start,
    /// The byte at which it began.
    pub from: u64,
    /// Where to read on once all of [`FileRead::groups`] is booked; nothing where it could not be
    /// read to its end.
    pub cursor: Option<Cursor>,
    /// The [`Request::group`]s of what was found in it.
    pub groups: Vec<usize>,
}

/// To start threads takes as long as to read so many bytes.
const WORTH_THREADS: u64 = 1 << 20;

impl Gathered {
    /// What `files` have gained since their cursors, read in parallel where there is much of it.
    pub fn of(files: &[(LogFile, Option<Cursor>)], progress: &dyn Progress) -> Self {
        let gains = files.iter().map(|(file, cursor)| match cursor {
            Some(cursor) if !file.has_changed_since(cursor) => 0,
            Some(cursor) => file.size().saturating_sub(cursor.offset()),
            None => file.size(),
        });
        if files.len() < 2 || gains.sum::<u64>() < WORTH_THREADS {
            let mut gathered = Self::default();
            for (file, cursor) in files {
                if let Some(news) = increment::news(file, cursor.as_ref(), progress) {
                    gathered.add(news);
                }
            }
            return gathered;
        }
        let gathered = Mutex::new(Self::default());
        files.par_iter().with_max_len(1).for_each(|(file, cursor)| {
            if let Some(news) = increment::news(file, cursor.as_ref(), progress) {
                gathered.lock().unwrap_or_else(PoisonError::into_inner).add(news);
            }
        });
        gathered.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what one file has gained. The order of files does not matter.
    pub fn add(&mut self, increment: Increment) {
        let Increment { path, start, from, cursor, batch } = increment;
        self.findings.add(batch.findings);
        self.stats.add(&batch.stats);
        self.launches.add_all(batch.launches);
        let keys = batch.messages.iter().map(|message| message.key.clone()).collect();
        self.files.push((FileRead { path, start, from, cursor, groups: Vec::new() }, keys));
        for message in batch.messages {
            self.merge.add(message);
        }
    }

    /// What was found, each request once.
    pub fn found(mut self) -> Found {
        let messages = self.merge.into_requests(&mut self.stats);
        let mut groups = HashMap::new();
        for (group, message) in messages.iter().enumerate() {
            groups.insert(message.key.clone(), group);
        }
        // What had no key of its own belongs to the message that it was given to.
        for (group, message) in messages.iter().enumerate() {
            for alias in aliases(message) {
                groups.entry(alias).or_insert(group);
            }
        }
        let files = self.files.into_iter().map(|(mut file, keys)| {
            file.groups = keys.iter().filter_map(|key| groups.get(key).copied()).collect();
            file
        });
        Found {
            files: files.collect(),
            messages,
            launches: self.launches,
            findings: self.findings,
            stats: self.stats,
        }
    }
}

/// The keys under which a request may have been booked before its message id was known.
fn aliases(message: &Message) -> impl Iterator<Item = Arc<str>> + use<> {
    let evidence = &message.event.evidence;
    let is_named = !message.is_loose && evidence.message.is_some();
    let request = evidence.request.as_ref().map(Arc::<str>::from);
    let empty = evidence.message.as_ref().filter(|id| !id.as_str().starts_with("msg_"));
    let empty = empty.map(|id| Arc::<str>::from(format!("{id} [0, 0, 0]")));
    [request, empty].into_iter().flatten().filter(move |_| is_named)
}

/// What several files say, before it is set against what a ledger has.
#[derive(Debug)]
pub struct Found {
    messages: Vec<Message>,
    launches: Launches,
    findings: Findings,
    stats: Stats,
    files: Vec<FileRead>,
}

impl Found {
    /// Every source that a ledger may know some of this by.
    pub fn sources(&self) -> Vec<SourceKey> {
        let mut sources = Vec::with_capacity(self.messages.len());
        for message in &self.messages {
            let keys = std::iter::once(message.key.clone()).chain(aliases(message));
            for key in keys {
                let inside = message.inside.iter().map(|inside| inside_key(&key, &inside.name()));
                sources.extend(inside.map(|key| source(message, key)));
                sources.push(source(message, key));
            }
        }
        sources
    }

    /// The requests in the order of time, each as it is known now: what the files say and what was
    /// imported before, of each count the larger.
    pub fn requests(mut self, stored: &HashMap<SourceKey, Stored>) -> Requests {
        let groups = self.messages.len();
        let mut list = Vec::with_capacity(groups);
        for (group, message) in self.messages.into_iter().enumerate() {
            let key = booked_key(&message, stored);
            let of = (key != message.key).then(|| message.key.clone());
            let message = with_stored(message, &key, stored);
            let rank = message.rank;
            let reader = named(message.event.evidence.reader);
            let mut add = |part: Part| {
                let key = match &part.inside {
                    Some(name) => inside_key(&key, name),
                    None => key.clone(),
                };
                let source = SourceKey { reader: reader.clone(), key };
                let known = stored.get(&source).cloned();
                let at = known.as_ref().map_or(part.event.at, |known| known.at);
                let snapshot = Snapshot {
                    rank,
                    rest: part.rest,
                    at: (at != part.event.at).then_some(part.event.at),
                    of: of.clone(),
                };
                list.push(Request {
                    group,
                    size: size(&part, rank),
                    known,
                    snapshot: snapshot.to_text(),
                    source,
                    event: part.event,
                });
            };
            let own = merge::finished(
                message,
                &self.launches,
                &mut self.stats,
                &mut self.findings,
                &mut add,
            );
            if let Some(part) = own {
                add(part);
            }
        }
        self.stats.requests += list.len() as u64;
        list.sort_by_cached_key(|request| merge::by_time(&request.event));
        self.findings.sort();
        Requests { list, groups, files: self.files, findings: self.findings, stats: self.stats }
    }
}

fn source(message: &Message, key: Arc<str>) -> SourceKey {
    SourceKey { reader: named(message.event.evidence.reader), key }
}

/// The name of a reader, stored once.
fn named(reader: &'static str) -> Arc<str> {
    thread_local! {
        static LAST: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some(name) if name.as_ref() == reader => name.clone(),
        _ => last.insert(reader.into()).clone(),
    })
}

/// The key of a request inside of another.
fn inside_key(around: &str, name: &str) -> Arc<str> {
    format!("{around} + {name}").into()
}

/// The key under which a request is booked: its own, or that of a record which was booked before
/// its message id was known, unless that is another message's.
fn booked_key(message: &Message, stored: &HashMap<SourceKey, Stored>) -> Arc<str> {
    if stored.contains_key(&source(message, message.key.clone())) {
        return message.key.clone();
    }
    let is_its_own = |alias: &Arc<str>| {
        let known = stored.get(&source(message, alias.clone()));
        known.is_some_and(|known| match Snapshot::parse(known.snapshot.as_deref()).of {
            Some(of) => of == message.key,
            None => true,
        })
    };
    aliases(message).find(is_its_own).unwrap_or_else(|| message.key.clone())
}

/// The request with all that is stored of it and of those inside of it.
fn with_stored(mut message: Message, key: &str, stored: &HashMap<SourceKey, Stored>) -> Message {
    for inside in &mut message.inside {
        let reader = named(message.event.evidence.reader);
        let source = SourceKey { reader, key: inside_key(key, &inside.name()) };
        if let Some(known) = stored.get(&source) {
            let (usage, cache_writes) = counts(known);
            inside.usage.take_larger(&usage);
            inside.cache_writes = inside.cache_writes.max(cache_writes);
        }
    }
    if let Some(known) = stored.get(&source(&message, key.into())) {
        let (evidence, cwd) = (message.event.evidence.clone(), message.event.cwd.clone());
        message.absorb(restored(&message, known));
        // Of what is booked only the counts change; where it was seen now is what is new.
        message.event.evidence = evidence;
        message.event.cwd = message.event.cwd.or(cwd);
    }
    message
}

/// What is stored of a request, as if another record told it.
fn restored(message: &Message, stored: &Stored) -> Message {
    let Snapshot { rank, at, .. } = Snapshot::parse(stored.snapshot.as_deref());
    let (usage, cache_writes) = counts(stored);
    let mut event = UsageEvent {
        at: at.unwrap_or(stored.at),
        usage,
        session: stored.path.session.clone(),
        agent: None,
        agent_name: None,
        parent_agent: None,
        cwd: None,
        ..message.event.clone()
    };
    if let Some(metered) = &stored.metered {
        event.provider.clone_from(&metered.provider);
        event.model.clone_from(&metered.model);
        event.context.clone_from(&metered.context);
    }
    // Of copies to the letter the one that was booked holds.
    let file_ends = Timestamp::MIN;
    Message { rank, file_ends, cache_writes, inside: Vec::new(), event, ..message.clone() }
}

/// The counts that are stored, as records wrote them.
fn counts(stored: &Stored) -> (Usage, u64) {
    let Some(metered) = &stored.metered else { return (Usage::new(), 0) };
    let Snapshot { rest, .. } = Snapshot::parse(stored.snapshot.as_deref());
    let five_minutes = metered.usage[Unit::CacheWrite5m].saturating_sub(rest);
    let cache_writes = if rest > 0 { cache_writes(&metered.usage) } else { 0 };
    (metered.usage.with(Unit::CacheWrite5m, five_minutes), cache_writes)
}

/// How much is known: larger whenever a record adds anything, be it only which part of a count is
/// which, or of the request itself a weightier word on its price and time.
fn size(part: &Part, rank: Rank) -> u128 {
    let UsageEvent { usage, context, .. } = &part.event;
    let split = cache_writes(usage).saturating_sub(part.rest);
    let counted = usage.sum_where(|_| true) + u128::from(split);
    match part.inside {
        Some(_) => counted,
        None => counted + context.iter().count() as u128 + rank.strength(),
    }
}

/// What logs say of one request, ready to be given to its arm, priced and booked.
#[derive(Clone, Debug)]
pub struct Request {
    /// What the ledger knows it by.
    pub source: SourceKey,
    /// The request as it is known now.
    pub event: UsageEvent,
    /// Larger than that of every snapshot that says less.
    pub size: u128,
    /// What the next snapshot must know of this one beside its counts.
    pub snapshot: Option<Arc<str>>,
    /// What the ledger has of it.
    pub known: Option<Stored>,
    /// Requests that one record told together have the same number, below [`Requests::groups`].
    pub group: usize,
}

impl Request {
    /// Whether its counts, or which part of them is which, are other ones than what is stored.
    pub(super) fn counts_more(&self) -> bool {
        let Some(known) = &self.known else { return true };
        let rest = |text: Option<&str>| Snapshot::parse(text).rest;
        known.metered.as_ref().is_none_or(|metered| {
            let Metered { usage, context, .. } = &**metered;
            (usage, context) != (&self.event.usage, &self.event.context)
        }) || rest(known.snapshot.as_deref()) != rest(self.snapshot.as_deref())
    }
}

/// What a ledger has of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The date that it is booked at.
    pub at: Timestamp,
    /// Where it is booked.
    pub path: Arc<SpendPath>,
    /// The last revision.
    pub revision: u32,
    /// All that it cost as of that; nothing where it had no price.
    pub amount: Option<Money>,
    /// How much was counted.
    pub size: u128,
    /// What was counted.
    pub metered: Option<Arc<Metered>>,
    /// [`Request::snapshot`] of the last revision.
    pub snapshot: Option<Arc<str>>,
}

/// Requests, and the files that told them.
#[derive(Debug)]
pub struct Requests {
    /// In the order of time.
    pub list: Vec<Request>,
    /// The files of which something was read, in the order in which they were added.
    pub files: Vec<FileRead>,
    /// One more than the largest [`Request::group`].
    pub groups: usize,
    /// What could not be read, or only with a repair.
    pub findings: Findings,
    /// What was counted on the way.
    pub stats: Stats,
}
