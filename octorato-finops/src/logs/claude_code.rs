//! Claude Code's transcripts, versions 2.0 to 2.1.
//!
//! A home (`~/.claude`, `$XDG_CONFIG_HOME/claude`, `$CLAUDE_CONFIG_DIR`) holds
//! `projects/<encoded folder>/<session>.jsonl`, with sub-agents beside (`agent-<id>.jsonl`) or
//! below (`<session>/subagents/**/agent-<id>.jsonl`). The encoded folder name is lossy and never
//! decoded: each record carries its own `cwd`.
//!
//! The counting rules: one request = one `message.id`, whatever the number of rows, files and
//! sessions that repeat it; the larger count of each field holds, and the flat total of cache
//! writes is set against its split once all rows are known. An id that is not Anthropic's own
//! (`msg_…`) may be reused by a gateway, so there it stands together with the input counts. A row
//! without an id belongs to the message of its request id, else it is known by its content.
//!
//! Of `usage.iterations`, an advisor's, a compaction's and a fallback's attempt by another model
//! are requests of their own that the top-level counts leave out. An unknown type is told and not
//! counted, since the top-level counts may hold it already.

mod fields;
mod record;
mod times;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use memchr::memmem;
use octorato_core::{
    AgentId, Evidence, MessageId, ModelId, Precision, PriceContext, ProviderId, RequestId,
    SessionId, Unit, Usage, UsageEvent,
};

use crate::price::set_service_tier;
use crate::small_file;

use self::record::{Counts, Iteration, Record, Unreadable};
use super::cursor::{Cursor, Watch};
use super::lines::{self, Line};
use super::merge::{Inside, Launch, Merge, Message, Rank};
use super::source::Opened;
use super::{Batch, Environment, FindingKind, Place, Progress, Reader};

/// Reads Claude Code's transcripts.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClaudeCode;

pub(super) const NAME: &str = "claude-code";

impl Reader for ClaudeCode {
    fn homes(&self, environment: &Environment) -> Vec<Place> {
        if let Some(list) = &environment.claude_config_dir
            && !list.trim().is_empty()
        {
            let folders = list.split(',').map(str::trim).filter(|folder| !folder.is_empty());
            return folders.map(|folder| Place::Given(folder.into())).collect();
        }
        let config = environment
            .xdg_config_home
            .clone()
            .or_else(|| Some(environment.home.as_ref()?.join(".config")));
        let home = environment.home.as_ref().map(|home| home.join(".claude"));
        let homes = home.into_iter().chain(config.map(|config| config.join("claude")));
        homes.map(Place::Usual).collect()
    }

    fn transcripts(&self, folder: &Path) -> Option<PathBuf> {
        Some(folder.join("projects")).filter(|projects| projects.is_dir())
    }

    fn is_transcript(&self, path: &Path) -> bool {
        // Codex names its transcripts so; they have a reader of their own to come.
        !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rollout-"))
    }

    fn read(
        &self,
        opened: &mut Opened,
        from: &Cursor,
        batch: &mut Batch,
        progress: &dyn Progress,
    ) -> Option<Cursor> {
        batch.stats.files += 1;
        let mut watch = Watch::new(from);
        let mut transcript = Transcript::new(&opened.path, batch);
        let bytes = std::cell::Cell::new(0);
        let on_bytes = |count| {
            bytes.set(bytes.get() + count);
            progress.read(count);
        };
        let read = lines::for_each_line(&mut opened.file, from.offset(), on_bytes, |at, line| {
            let number = watch.line(at, &line);
            transcript.line(number, at, &line);
        });
        transcript.finish();
        batch.stats.bytes += bytes.get();
        if from.offset() == 0 && bytes.get() == 0 && read.is_ok() {
            batch.findings.note_file(FindingKind::EmptyFile, &opened.path, None);
        }
        match read {
            Ok(ended) => Some(watch.cursor(opened.stamp, ended, from.offset() + bytes.get())),
            Err(error) => {
                let detail = Some(error.to_string());
                batch.findings.note_file(FindingKind::Unreadable, &opened.path, detail);
                None
            }
        }
    }
}

/// The state of reading one file.
struct Transcript<'b> {
    path: Arc<Path>,
    batch: &'b mut Batch,
    requests: Merge,
    marker: memmem::Finder<'static>,
    names: Names,
    untimed: Vec<Message>,
    /// The number of the line that is read.
    number: u64,
}

/// The last text of each kind: neighbours mostly repeat it, so that it is stored once.
#[derive(Default)]
struct Names {
    model: Option<Arc<str>>,
    session: Option<Arc<str>>,
    cwd: Option<Arc<str>>,
    agent: Option<Arc<str>>,
    agent_name: Option<Arc<str>>,
    skill: Option<Arc<str>>,
    provider: Option<Arc<str>>,
}

fn keep(known: &mut Option<Arc<str>>, text: &str) -> Arc<str> {
    match known {
        Some(known) if known.as_ref() == text => known.clone(),
        _ => known.insert(text.into()).clone(),
    }
}

impl<'b> Transcript<'b> {
    fn new(path: &Arc<Path>, batch: &'b mut Batch) -> Self {
        Self {
            path: path.clone(),
            batch,
            requests: Merge::default(),
            // Every record with token counts has this key; inside of a JSON string its quotes
            // would be escaped, so that no quoted transcript is taken for a record.
            marker: memmem::Finder::new(b"\"usage\""),
            names: Names::default(),
            untimed: Vec::new(),
            number: 0,
        }
    }

    fn line(&mut self, number: u64, offset: u64, line: &Line<'_>) {
        self.number = number;
        self.batch.stats.lines += 1;
        let (bytes, ended) = match line {
            Line::Whole(bytes) => (bytes.trim_ascii(), true),
            Line::Unended(bytes) => (bytes.trim_ascii(), false),
            Line::TooLong => return self.note(FindingKind::LineTooLong, offset, None),
        };
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        // A crash can leave zeros before what is written next.
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let bytes = if zeros < bytes.len() { &bytes[zeros..] } else { bytes };
        if bytes.is_empty() {
            return;
        }
        let broken = if ended { FindingKind::InvalidJson } else { FindingKind::TornLine };
        if bytes[0] != b'{' || bytes[bytes.len() - 1] != b'}' {
            return self.note(broken, offset, None);
        }
        if self.marker.find(bytes).is_none() {
            return;
        }
        let text = match str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        };
        if let Cow::Owned(_) = text {
            self.note(FindingKind::InvalidUtf8, offset, None);
        }
        match Record::parse(&text, |record| self.record(offset, record)) {
            Ok(()) => {}
            Err(Unreadable::Json(detail)) => self.note(broken, offset, Some(detail)),
            Err(Unreadable::Count) => self.note(FindingKind::InvalidCount, offset, None),
        }
    }

    fn record(&mut self, offset: u64, record: &Record<'_>) {
        if let Some((agent, name)) = record.launched()
            && let Some(session) = record.session_id.map(|id| SessionId::from(id))
        {
            let name = (!name.is_empty()).then(|| name.into());
            let parent = record.agent_id.map(|id| AgentId::from(id));
            self.batch.launches.add(session, agent.into(), Launch { name, parent });
        }
        let Some(counts) = &record.counts else { return };
        self.batch.stats.records += 1;
        let model = record.model.as_str();
        if model == "<synthetic>" {
            self.batch.stats.synthetic += 1;
            return;
        }
        let iterations = record::iterations(counts, model).unwrap_or_else(|| {
            self.note(FindingKind::UnreadableIterations, offset, None);
            Vec::new()
        });
        let (usage, cache_writes) = usage_of(counts);
        if usage.is_zero() && cache_writes == 0 && iterations.is_empty() {
            return;
        }
        let at = record::time(record.timestamp.as_str());
        let id = record.message_id.as_str();
        let names = &mut self.names;
        let event = UsageEvent {
            at: at.unwrap_or(Timestamp::MAX),
            provider: provider_of(model, id)
                .map(|provider| ProviderId::from(keep(&mut names.provider, provider))),
            model: ModelId::from(keep(&mut names.model, model)),
            usage,
            context: context_of(counts),
            session: record.session_id.map(|session| keep(&mut names.session, session).into()),
            agent: record.agent_id.map(|agent| keep(&mut names.agent, agent).into()),
            agent_name: record.agent.map(|name| keep(&mut names.agent_name, name)),
            parent_agent: record.parent_agent_id.map(|id| AgentId::from(id)),
            skill: record.skill.map(|skill| keep(&mut names.skill, skill)),
            cwd: record.cwd.map(|cwd| keep(&mut names.cwd, cwd)),
            evidence: Evidence {
                reader: NAME,
                file: self.path.clone(),
                line: self.number,
                offset,
                records: 1,
                message: record.message_id.map(|id| MessageId::from(id)),
                request: record.request_id.map(|id| RequestId::from(id)),
                reported_cost: (!record.reported_cost.is_empty())
                    .then(|| record.reported_cost.as_ref().into()),
            },
            precision: Precision::Exact,
        };
        let is_complete = event.evidence.message.is_some()
            && event.cwd.is_some()
            && event.session.is_some()
            && !event.model.as_str().is_empty();
        let rank = match (at, record.is_progress) {
            (None, _) => Rank::Untimed,
            (_, true) => Rank::Progress,
            (_, false) if is_complete => Rank::Own,
            _ => Rank::Incomplete,
        };
        let (key, is_loose) = key_of(&event, cache_writes);
        let inside = inside(&iterations, id);
        let file_ends = event.at;
        let message = Message { key, is_loose, rank, file_ends, cache_writes, inside, event };
        if rank == Rank::Untimed {
            self.untimed.push(message);
        } else {
            self.requests.add(message);
        }
    }

    fn note(&mut self, kind: FindingKind, offset: u64, detail: Option<String>) {
        let place = (self.number, offset);
        self.batch.findings.note_line(kind, &self.path, place, detail);
    }

    /// Gives the batch its requests.
    fn finish(self) {
        let mut messages = self.requests.into_messages();
        if !self.untimed.is_empty() {
            messages.extend(times::from_neighbours(&self.path, self.untimed));
        }
        if let Some((agent, name)) = agent_of(&self.path) {
            for UsageEvent { agent: id, agent_name, .. } in
                messages.iter_mut().map(|m| &mut m.event)
            {
                if *id.get_or_insert_with(|| agent.clone()) == agent && agent_name.is_none() {
                    agent_name.clone_from(&name);
                }
            }
        }
        self.batch.messages = messages;
    }
}

/// What makes records speak of the same request, and whether that is for want of a better.
fn key_of(event: &UsageEvent, cache_writes: u64) -> (Arc<str>, bool) {
    let UsageEvent { usage, evidence, .. } = event;
    match (&evidence.message, &evidence.request) {
        (Some(id), _) if id.as_str().starts_with("msg_") => (id.into(), false),
        (Some(id), _) => {
            // The counts that no streamed snapshot of a request changes. A gateway may stream a
            // first snapshot without them.
            let split = usage[Unit::CacheWrite5m].saturating_add(usage[Unit::CacheWrite1h]);
            let inputs = [usage[Unit::Input], usage[Unit::CacheRead], split.max(cache_writes)];
            (format!("{id} {inputs:?}").into(), inputs == [0; 3])
        }
        (None, Some(request)) => (request.into(), true),
        (None, None) => (key_by_content(event, cache_writes), false),
    }
}

/// The key of a record without any id.
fn key_by_content(event: &UsageEvent, cache_writes: u64) -> Arc<str> {
    let UsageEvent { at, model, usage, .. } = event;
    format!("{at} {model} {usage:?} {cache_writes}").into()
}

/// The requests inside of a request, each known by its kind, its model and its place among these.
fn inside(iterations: &[Iteration<'_>], message_id: &str) -> Vec<Inside> {
    let mut found: Vec<Inside> = Vec::with_capacity(iterations.len());
    for iteration in iterations {
        let (usage, cache_writes) = usage_of(&iteration.counts);
        if usage.is_zero() && cache_writes == 0 {
            continue;
        }
        let model = iteration.model.map(|model| {
            let provider = provider_of(model, message_id).map(ProviderId::from);
            (ModelId::from(model), provider)
        });
        let kind = iteration.kind.as_str();
        let is_like = |known: &&Inside| known.kind.0.as_ref() == kind && known.model == model;
        let place = found.iter().filter(is_like).count();
        found.push(Inside { kind: (kind.into(), place), model, usage, cache_writes });
    }
    found
}

/// The counts of a record, and its flat total of cache writes.
fn usage_of(counts: &Counts<'_>) -> (Usage, u64) {
    let usage = Usage::new()
        .with(Unit::Input, counts.input)
        .with(Unit::CacheRead, counts.cache_read)
        .with(Unit::CacheWrite5m, counts.cache_write_5m)
        .with(Unit::CacheWrite1h, counts.cache_write_1h)
        .with(Unit::Output, counts.output)
        .with(Unit::Reasoning, counts.thinking.min(counts.output))
        .with(Unit::WebSearches, counts.web_searches)
        .with(Unit::WebFetches, counts.web_fetches);
    (usage, counts.cache_write)
}

fn context_of(counts: &Counts<'_>) -> PriceContext {
    let mut context = PriceContext::standard();
    set_service_tier(&mut context, counts.service_tier.as_str());
    context.set("speed", counts.speed.as_str());
    context.set("inference_geo", counts.inference_geo.as_str());
    context
}

/// Who bills, as far as ids tell: Bedrock and Vertex mark their message ids and model names.
fn provider_of(model: &str, message_id: &str) -> Option<&'static str> {
    if message_id.starts_with("msg_bdrk_") || model.contains("anthropic.") {
        Some("aws")
    } else if message_id.starts_with("msg_vrtx_")
        || (model.starts_with("claude") && model.contains('@'))
    {
        Some("google")
    } else if model.starts_with("claude") {
        Some("anthropic")
    } else {
        None
    }
}

/// A sub-agent's transcript is named by its id, and has its type in a small file beside it.
fn agent_of(path: &Path) -> Option<(AgentId, Option<Arc<str>>)> {
    let id = path.file_stem()?.to_str()?.strip_prefix("agent-")?;
    let meta = small_file::read(&path.with_extension("meta.json"), 64 << 10);
    let name = meta.ok().and_then(|text| record::agent_type(&text));
    Some((id.into(), name.map(Into::into)))
}
