//! One request from many records: the rule that makes the count independent of order and copies.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{AgentId, Precision, UsageEvent};

use super::Stats;

/// How much a record's word on time, folder and session weighs; smaller is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The request's own record.
    Own,
    /// A copy that a parent keeps of its sub-agent's progress.
    Progress,
}

/// What one or more records say of one request.
#[derive(Clone, Debug)]
pub struct Message {
    /// What makes records speak of the same request, across all files.
    pub key: Arc<str>,
    /// The strongest rank among the records.
    pub rank: Rank,
    /// When the file of the record that holds was last written to, as far as its records tell. A
    /// resumed session repeats records to the letter; the session that ended first made them.
    pub file_ends: Timestamp,
    /// The request as known so far.
    pub event: UsageEvent,
}

impl Message {
    /// Takes over what another record of the same request says.
    ///
    /// Commutative and associative, so that any order of records gives the same request: of each
    /// count the larger holds; time, folder, session and place are those of the earliest record of
    /// the strongest rank, and of two copies that of the session that ended first.
    pub fn absorb(&mut self, mut other: Self) {
        if other.order() < self.order() {
            std::mem::swap(self, &mut other);
        }
        let (mine, theirs) = (&mut self.event, other.event);
        mine.usage.max(&theirs.usage);
        mine.evidence.records = mine.evidence.records.saturating_add(theirs.evidence.records);
        for (name, value) in theirs.context.iter() {
            if mine.context.get(name).is_none_or(|known| known < value) {
                mine.context.set(name, value);
            }
        }
        // Records of one request agree on these where they have them; partial ones lack them.
        mine.skill = smaller(mine.skill.take(), theirs.skill);
        mine.agent = smaller(mine.agent.take(), theirs.agent);
        mine.repeated_in.extend(theirs.session);
        mine.repeated_in.extend(theirs.repeated_in);
        mine.repeated_in.retain(|session| mine.session.as_ref() != Some(session));
        mine.repeated_in.sort_unstable();
        mine.repeated_in.dedup();
    }

    fn order(&self) -> impl Ord + '_ {
        let evidence = &self.event.evidence;
        (self.rank, self.event.at, self.file_ends, &evidence.file, evidence.offset)
    }
}

fn smaller<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Requests by key.
#[derive(Debug, Default)]
pub(super) struct Merge {
    messages: Vec<Message>,
    index: HashMap<Arc<str>, usize>,
    copies: u64,
}

impl Merge {
    /// Adds what a file says of a request.
    pub(super) fn add(&mut self, message: Message) {
        match self.index.entry(message.key.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(self.messages.len());
                self.messages.push(message);
            }
            Entry::Occupied(known) => {
                let known = &mut self.messages[*known.get()];
                if known.event.evidence.file != message.event.evidence.file {
                    self.copies += 1;
                }
                known.absorb(message);
            }
        }
    }

    /// The requests of one file, in the order in which they were first seen.
    pub(super) fn into_messages(mut self) -> Vec<Message> {
        let ends = self.messages.iter().map(|message| message.event.at).max().unwrap_or_default();
        for message in &mut self.messages {
            message.file_ends = ends;
        }
        self.messages
    }

    /// One event per request, by time, then by place.
    pub(super) fn finish(
        self,
        agent_names: &HashMap<String, AgentId>,
        stats: &mut Stats,
    ) -> Vec<UsageEvent> {
        drop(self.index);
        stats.copies += self.copies;
        stats.requests += self.messages.len() as u64;
        let mut events: Vec<UsageEvent> = self
            .messages
            .into_iter()
            .map(|message| {
                let mut event = message.event;
                if message.rank == Rank::Progress {
                    stats.progress_only += 1;
                    // The parent saw the sub-agent's answer begin, not how long it became.
                    event.precision = Precision::Estimated;
                }
                if let Some(agent) = &mut event.agent
                    && let Some(name) = agent_names.get(agent.as_str())
                {
                    *agent = name.clone();
                }
                event
            })
            .collect();
        events.sort_by_cached_key(|event| {
            let evidence = &event.evidence;
            (event.at, evidence.file.clone(), evidence.offset, event.model.clone())
        });
        events
    }
}
