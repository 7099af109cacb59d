//! One request from many records: the rule that makes the count independent of order and copies.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{AgentId, Precision, SessionId, UsageEvent};

use super::Stats;
use super::skip::{FindingKind, Findings};

/// How much a record's word on time, folder and session weighs; smaller is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rank {
    /// The request's own record.
    Own,
    /// Its own record, without its id, its folder, its session or its model.
    Incomplete,
    /// A copy that a parent keeps of its sub-agent's progress.
    Progress,
    /// A record that does not say when it was made; its time is its neighbour's, or
    /// [`Timestamp::MAX`] where no neighbour has one.
    Untimed,
}

/// What one or more records say of one request.
#[derive(Clone, Debug)]
pub struct Message {
    /// What makes records speak of the same request, across all files.
    pub key: Arc<str>,
    /// Whether the key is no message's own: the request belongs to the message with its message
    /// id, else to the one with its request id, if there is one.
    pub is_loose: bool,
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
    /// count the larger holds; time, folder, session, model and place are those of the earliest
    /// record of the strongest rank, and of two copies that of the session that ended first.
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
        // Partial records lack these; where two records differ, the smaller text holds, whatever
        // their order.
        mine.skill = smaller(mine.skill.take(), theirs.skill);
        mine.agent = smaller(mine.agent.take(), theirs.agent);
        mine.agent_name = smaller(mine.agent_name.take(), theirs.agent_name);
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

/// The types of sub-agents by session and id.
pub type AgentNames = HashMap<(SessionId, AgentId), Arc<str>>;

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
        let times = self.messages.iter().filter(|message| message.rank != Rank::Untimed);
        let ends = times.map(|message| message.event.at).max().unwrap_or(Timestamp::MAX);
        for message in &mut self.messages {
            message.file_ends = ends;
        }
        self.messages
    }

    /// One event per request, by time, then by place.
    pub(super) fn finish(
        self,
        agent_names: &AgentNames,
        stats: &mut Stats,
        findings: &mut Findings,
    ) -> Vec<UsageEvent> {
        drop(self.index);
        stats.copies += self.copies;
        let messages = with_loose_ends_tied(self.messages);
        // In one pass, so that the list of messages becomes that of events where it lies.
        let mut events: Vec<UsageEvent> = messages
            .into_iter()
            .filter_map(|message| finished(message, agent_names, stats, findings))
            .collect();
        stats.requests += events.len() as u64;
        events.sort_by_cached_key(|event| {
            let evidence = &event.evidence;
            (event.at, evidence.file.clone(), evidence.offset, event.model.clone())
        });
        events
    }
}

/// The event of a request, once all of its records are known.
fn finished(
    message: Message,
    agent_names: &AgentNames,
    stats: &mut Stats,
    findings: &mut Findings,
) -> Option<UsageEvent> {
    let (rank, mut event) = (message.rank, message.event);
    if rank == Rank::Untimed {
        let evidence = &event.evidence;
        let place = (evidence.line, evidence.offset);
        if event.at == Timestamp::MAX {
            findings.note_line(FindingKind::NoTimestamp, &evidence.file, place, None);
            return None;
        }
        findings.note_line(FindingKind::TimeFromNeighbour, &evidence.file, place, None);
    }
    if rank == Rank::Progress {
        stats.progress_only += 1;
        // The parent saw the sub-agent's answer begin, not how long it became.
        event.precision = Precision::Estimated;
    }
    if event.agent_name.is_none()
        && let (Some(session), Some(agent)) = (&event.session, &event.agent)
    {
        event.agent_name = agent_names.get(&(session.clone(), agent.clone())).cloned();
    }
    Some(event)
}

/// Gives what loose records say to the message that they belong to.
fn with_loose_ends_tied(messages: Vec<Message>) -> Vec<Message> {
    if !messages.iter().any(|message| message.is_loose) {
        return messages;
    }
    let (loose, mut firm): (Vec<_>, Vec<_>) =
        messages.into_iter().partition(|message| message.is_loose);
    // Of several messages with an id the earliest is meant.
    let mut by_order: Vec<usize> = (0..firm.len()).collect();
    by_order.sort_by(|&a, &b| firm[a].order().cmp(&firm[b].order()));
    let (mut by_message, mut by_request) = (HashMap::new(), HashMap::new());
    for at in by_order {
        let evidence = &firm[at].event.evidence;
        if let Some(id) = &evidence.message {
            by_message.entry(id.clone()).or_insert(at);
        }
        if let Some(id) = &evidence.request {
            by_request.entry(id.clone()).or_insert(at);
        }
    }
    for message in loose {
        let evidence = &message.event.evidence;
        let of_message = evidence.message.as_ref().and_then(|id| by_message.get(id));
        let of_request = || by_request.get(evidence.request.as_ref()?);
        match of_message.or_else(of_request) {
            Some(&at) => firm[at].absorb(message),
            None => firm.push(message),
        }
    }
    firm
}
