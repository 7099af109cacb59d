//! One request from many records: the rule that makes the count independent of order and copies.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{
    AgentId, Evidence, ModelId, Precision, PriceContext, ProviderId, SessionId, Unit, Usage,
    UsageEvent,
};

use super::Stats;
use super::skip::{FindingKind, Findings};

/// How much a record's word on time, folder and session weighs; smaller is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
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

impl Rank {
    /// Larger the more a record's word weighs.
    pub(super) const fn strength(self) -> u128 {
        match self {
            Self::Own => 3,
            Self::Incomplete => 2,
            Self::Progress => 1,
            Self::Untimed => 0,
        }
    }

    /// The stable name; nothing for the usual one.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Own => None,
            Self::Incomplete => Some("incomplete"),
            Self::Progress => Some("progress"),
            Self::Untimed => Some("untimed"),
        }
    }

    /// The rank of a name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Own, Self::Incomplete, Self::Progress, Self::Untimed];
        all.into_iter().find(|rank| rank.name() == Some(name))
    }
}

/// What one or more records say of one request.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// What makes records speak of the same request, across all files.
    pub(super) key: Arc<str>,
    /// Whether the key is no message's own: the request belongs to the message with its message
    /// id, else to the one with its request id, if there is one.
    pub(super) is_loose: bool,
    /// The strongest rank among the records.
    pub(super) rank: Rank,
    /// When the file of the record that holds was last written to, as far as its records tell. A
    /// resumed session repeats records to the letter; the session that ended first made them.
    pub(super) file_ends: Timestamp,
    /// All tokens written to a cache, where the record gives a total beside its parts. What the
    /// parts leave over is counted once all records are known: one may lack the parts.
    pub(super) cache_writes: u64,
    /// Requests inside of the request.
    pub(super) inside: Vec<Inside>,
    /// The request as known so far.
    pub(super) event: UsageEvent,
}

/// A request that the counts of the one around it leave out: an advisor's, a compaction's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inside {
    /// What it is for, and which of that kind and model it is.
    pub(super) kind: (Arc<str>, usize),
    /// Its model where it has one of its own, with who bills for it.
    pub(super) model: Option<(ModelId, Option<ProviderId>)>,
    /// What it consumed.
    pub(super) usage: Usage,
    /// As in [`Message`].
    pub(super) cache_writes: u64,
}

impl Inside {
    /// What tells it from the others in the same request.
    pub(super) fn name(&self) -> String {
        let (kind, place) = &self.kind;
        let model = self.model.as_ref().map_or("*", |(model, _)| model.as_str());
        format!("{kind} {model} {place}")
    }
}

impl Message {
    /// Takes over what another record of the same request says.
    ///
    /// Commutative and associative, so that any order of records gives the same request: of each
    /// count the larger holds; time, folder, session, model and place are those of the earliest
    /// record of the strongest rank, and of two copies that of the session that ended first.
    pub(super) fn absorb(&mut self, mut other: Self) {
        if other.order() < self.order() {
            std::mem::swap(self, &mut other);
        }
        if self.is_loose && !other.is_loose {
            (self.key, self.is_loose) = (other.key, false);
        }
        let (mine, theirs) = (&mut self.event, other.event);
        mine.usage.take_larger(&theirs.usage);
        self.cache_writes = self.cache_writes.max(other.cache_writes);
        for inside in other.inside {
            let is_same =
                |known: &&mut Inside| (&known.kind, &known.model) == (&inside.kind, &inside.model);
            match self.inside.iter_mut().find(is_same) {
                Some(known) => {
                    known.usage.take_larger(&inside.usage);
                    known.cache_writes = known.cache_writes.max(inside.cache_writes);
                }
                None => self.inside.push(inside),
            }
        }
        // One that is loose may have none.
        mine.evidence.message = mine.evidence.message.take().or(theirs.evidence.message);
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
        mine.parent_agent = smaller(mine.parent_agent.take(), theirs.parent_agent);
    }

    fn order(&self) -> impl Ord + '_ {
        let UsageEvent { at, session, model, cwd, evidence, .. } = &self.event;
        // What a record says before where it lies, so that no file's name decides.
        let says = (session, model, cwd);
        (self.rank, *at, self.file_ends, says, &evidence.file, evidence.offset)
    }
}

fn smaller<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// What a parent says of a sub-agent that it called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Launch {
    /// The sub-agent's type.
    pub(super) name: Option<Arc<str>>,
    /// The parent, where it is a sub-agent itself.
    pub(super) parent: Option<AgentId>,
}

/// Sub-agents by session and id, as their parents name them.
#[derive(Debug, Default)]
pub(super) struct Launches(HashMap<(SessionId, AgentId), Launch>);

impl Launches {
    /// Adds what one record says. Of two that differ the smaller text holds, whatever their order.
    pub(super) fn add(&mut self, session: SessionId, agent: AgentId, launch: Launch) {
        let known = self.0.entry((session, agent)).or_default();
        known.name = smaller(known.name.take(), launch.name);
        known.parent = smaller(known.parent.take(), launch.parent);
    }

    /// Adds what another file says.
    pub(super) fn add_all(&mut self, other: Self) {
        for ((session, agent), launch) in other.0 {
            self.add(session, agent, launch);
        }
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
        let times = self.messages.iter().filter(|message| message.rank != Rank::Untimed);
        let ends = times.map(|message| message.event.at).max().unwrap_or(Timestamp::MAX);
        for message in &mut self.messages {
            message.file_ends = ends;
        }
        self.messages
    }

    /// The requests of all files, in any order.
    pub(super) fn into_requests(self, stats: &mut Stats) -> Vec<Message> {
        drop(self.index);
        stats.copies += self.copies;
        with_loose_ends_tied(self.messages)
    }

    /// One event per request, by time, then by place.
    pub(super) fn finish(
        self,
        launches: &Launches,
        stats: &mut Stats,
        findings: &mut Findings,
    ) -> Vec<UsageEvent> {
        let messages = self.into_requests(stats);
        // In place, so that the list of messages becomes that of events where it lies.
        let mut beside = Vec::new();
        let mut to_beside = |part: Part| beside.push(part.event);
        let mut events: Vec<UsageEvent> = messages
            .into_iter()
            .filter_map(|message| finished(message, launches, stats, findings, &mut to_beside))
            .map(|part| part.event)
            .collect();
        events.append(&mut beside);
        stats.requests += events.len() as u64;
        events.sort_by_cached_key(by_time);
        events
    }
}

/// The order of events: by time, then by what they say, then by place.
pub(super) fn by_time(event: &UsageEvent) -> impl Ord + use<> {
    let evidence = &event.evidence;
    let says = (event.session.clone(), evidence.message.clone(), event.model.clone());
    (event.at, says, evidence.file.clone(), evidence.offset)
}

/// A request once all of its records are known.
#[derive(Debug)]
pub(super) struct Part {
    /// The request.
    pub(super) event: UsageEvent,
    /// How much of its five-minute cache writes is what the parts leave over of their total.
    pub(super) rest: u64,
    /// [`Inside::name`] of a request inside of a request.
    pub(super) inside: Option<String>,
}

/// The event of a request, once all of its records are known; those inside of it go `beside`.
pub(super) fn finished(
    message: Message,
    launches: &Launches,
    stats: &mut Stats,
    findings: &mut Findings,
    beside: &mut impl FnMut(Part),
) -> Option<Part> {
    let Message { rank, cache_writes, inside, mut event, .. } = message;
    let mut note = |kind, evidence: &Evidence| {
        findings.note_line(kind, &evidence.file, (evidence.line, evidence.offset), None);
    };
    if rank == Rank::Untimed {
        if event.at == Timestamp::MAX {
            note(FindingKind::NoTimestamp, &event.evidence);
            return None;
        }
        note(FindingKind::TimeFromNeighbour, &event.evidence);
    }
    if event.evidence.message.is_none() {
        note(FindingKind::NoMessageId, &event.evidence);
    }
    if rank == Rank::Progress {
        stats.progress_only += 1;
        // The parent saw the sub-agent's answer begin, not how long it became.
        event.precision = Precision::Estimated;
    }
    if let (Some(session), Some(agent)) = (&event.session, &event.agent)
        && let Some(launch) = launches.0.get(&(session.clone(), agent.clone()))
    {
        event.agent_name = event.agent_name.or_else(|| launch.name.clone());
        event.parent_agent = event.parent_agent.or_else(|| launch.parent.clone());
    }
    let rest = rest(&event.usage, cache_writes);
    event.usage = with_rest(&event.usage, rest);
    for inside in inside {
        let mut request = event.clone();
        let name = inside.name();
        let rest = self::rest(&inside.usage, inside.cache_writes);
        request.usage = with_rest(&inside.usage, rest);
        if let Some((model, provider)) = inside.model {
            (request.model, request.provider) = (model, provider);
            // Speed and tier belong to the model that was asked for; the region holds for all.
            let region = request.context.get("inference_geo").map(str::to_owned);
            request.context = PriceContext::standard();
            request.context.set("inference_geo", region.as_deref().unwrap_or_default());
        }
        beside(Part { event: request, rest, inside: Some(name) });
    }
    (!event.usage.is_zero()).then_some(Part { event, rest, inside: None })
}

/// What the parts of the cache writes leave over of their total.
fn rest(usage: &Usage, total: u64) -> u64 {
    total.saturating_sub(cache_writes(usage))
}

/// All cache writes of a usage.
pub(super) fn cache_writes(usage: &Usage) -> u64 {
    usage[Unit::CacheWrite5m].saturating_add(usage[Unit::CacheWrite1h])
}

/// What is left over lives five minutes.
fn with_rest(usage: &Usage, rest: u64) -> Usage {
    usage.with(Unit::CacheWrite5m, usage[Unit::CacheWrite5m].saturating_add(rest))
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
