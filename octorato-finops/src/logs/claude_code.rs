//! Claude Code's transcripts, versions 2.0 to 2.1.
//!
//! A home (`~/.claude`, `$XDG_CONFIG_HOME/claude`, `$CLAUDE_CONFIG_DIR`) holds
//! `projects/<encoded folder>/<session>.jsonl`, with sub-agents beside (`agent-<id>.jsonl`) or
//! below (`<session>/subagents/**/agent-<id>.jsonl`). The encoded folder name is lossy and never
//! decoded: each record carries its own `cwd`.
//!
//! The counting rules: one request = one `message.id`, whatever the number of rows, files and
//! sessions that repeat it; the larger count of each unit holds. An id that is not Anthropic's own
//! (`msg_…`) may be reused by a gateway, so there it stands together with the input counts.
//! `usage.iterations` of a type other than `message` (an advisor, a compaction) are requests of
//! their own that the top-level counts leave out.

mod record;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use memchr::memmem;
use octorato_core::{
    AgentId, Evidence, MessageId, ModelId, Precision, PriceContext, ProviderId, RequestId, Unit,
    Usage, UsageEvent,
};

use self::record::{Counts, Iteration, Record, Unreadable};
use super::lines::{self, Line};
use super::merge::Merge;
use super::{Batch, Environment, FindingKind, LogFile, Message, Progress, Rank, Reader};

/// Reads Claude Code's transcripts.
#[derive(Clone, Copy, Debug)]
pub struct ClaudeCode;

const NAME: &str = "claude-code";

impl Reader for ClaudeCode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn homes(&self, environment: &Environment) -> Vec<PathBuf> {
        if let Some(list) = &environment.claude_config_dir
            && !list.trim().is_empty()
        {
            return list.split(',').map(|folder| PathBuf::from(folder.trim())).collect();
        }
        let config = environment
            .xdg_config_home
            .clone()
            .or_else(|| Some(environment.home.as_ref()?.join(".config")));
        let home = environment.home.as_ref().map(|home| home.join(".claude"));
        home.into_iter().chain(config.map(|config| config.join("claude"))).collect()
    }

    fn transcripts(&self, folder: &Path) -> Option<PathBuf> {
        Some(folder.join("projects")).filter(|projects| projects.is_dir())
    }

    fn is_transcript(&self, path: &Path) -> bool {
        // Codex names its transcripts so; they have a reader of their own to come.
        !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rollout-"))
    }

    fn read(&self, file: &LogFile, batch: &mut Batch, progress: &dyn Progress) {
        let opened = match File::open(&file.path) {
            Ok(opened) => opened,
            Err(error) => {
                let detail = Some(error.to_string());
                batch.findings.note_file(FindingKind::Unreadable, &file.path, detail);
                return;
            }
        };
        batch.stats.files += 1;
        let mut transcript = Transcript::new(&file.path, batch);
        let bytes = std::cell::Cell::new(0);
        let on_bytes = |count| {
            bytes.set(bytes.get() + count);
            progress.read(count);
        };
        let read = lines::for_each_line(opened, on_bytes, |at, line| {
            transcript.line(at, &line);
        });
        let untimed = transcript.finish();
        batch.stats.bytes += bytes.get();
        if bytes.get() == 0 && read.is_ok() {
            batch.findings.note_file(FindingKind::EmptyFile, &file.path, None);
        }
        if let Err(error) = read {
            let detail = Some(error.to_string());
            batch.findings.note_file(FindingKind::Unreadable, &file.path, detail);
        }
        if !untimed.is_empty() {
            place_in_time(&file.path, untimed, batch);
        }
        name_agent_of(&file.path, batch);
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
    gateway: Gateway,
}

/// Requests under ids that are not Anthropic's own. A gateway may stream a first snapshot without
/// input counts, which then belongs to the request of the same id that has them.
#[derive(Default)]
struct Gateway {
    keys: HashMap<String, Arc<str>>,
    heads: Vec<(String, Message)>,
}

/// The last text of each kind: neighbours mostly repeat it, so that it is stored once.
#[derive(Default)]
struct Names {
    model: Option<Arc<str>>,
    session: Option<Arc<str>>,
    cwd: Option<Arc<str>>,
    agent: Option<Arc<str>>,
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
    fn new(path: &Path, batch: &'b mut Batch) -> Self {
        Self {
            path: path.into(),
            batch,
            requests: Merge::default(),
            // Every record with token counts has this key; inside of a JSON string its quotes
            // would be escaped, so that no quoted transcript is taken for a record.
            marker: memmem::Finder::new(b"\"usage\""),
            names: Names::default(),
            untimed: Vec::new(),
            gateway: Gateway::default(),
        }
    }

    fn line(&mut self, offset: u64, line: &Line<'_>) {
        self.batch.stats.lines += 1;
        let (bytes, ended) = match line {
            Line::Whole(bytes) => (bytes.trim_ascii(), true),
            Line::Unended(bytes) => (bytes.trim_ascii(), false),
            Line::TooLong => return self.note(FindingKind::LineTooLong, offset, None),
        };
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
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

    fn record(&mut self, offset: u64, record: &Record<'_>) -> Result<(), Unreadable> {
        if let Some((id, name)) = record.launched() {
            self.batch.agent_names.insert(id.to_owned(), AgentId::from(name));
        }
        let Some(counts) = &record.counts else { return Ok(()) };
        let iterations = record::iterations(counts)?;
        self.batch.stats.records += 1;
        let model = record.model.as_str();
        if model == "<synthetic>" {
            self.batch.stats.synthetic += 1;
            return Ok(());
        }
        let usage = usage_of(counts);
        if usage.is_zero() && iterations.is_empty() {
            return Ok(());
        }
        let at = match record.timestamp.as_str().parse::<Timestamp>() {
            Ok(at) => Some(at),
            Err(_) if record.timestamp.is_none() => None,
            Err(error) => {
                self.note(FindingKind::NoTimestamp, offset, Some(error.to_string()));
                return Ok(());
            }
        };
        let id = record.message_id.as_str();
        let key = key_of(id, record.request_id.as_str(), at, model, &usage);
        if id.is_empty() {
            self.note(FindingKind::NoMessageId, offset, None);
        }
        let agent = record.agent.or(record.agent_id.as_str());
        let event = UsageEvent {
            at: at.unwrap_or_default(),
            provider: provider_of(model, id)
                .map(|provider| ProviderId::from(keep(&mut self.names.provider, provider))),
            model: ModelId::from(keep(&mut self.names.model, model)),
            usage,
            context: context_of(counts),
            session: record.session_id.map(|session| keep(&mut self.names.session, session).into()),
            repeated_in: Vec::new(),
            agent: agent.map(|agent| keep(&mut self.names.agent, agent).into()),
            skill: record.skill.map(|skill| keep(&mut self.names.skill, skill)),
            cwd: record.cwd.map(|cwd| keep(&mut self.names.cwd, cwd)),
            evidence: Evidence {
                reader: NAME,
                file: self.path.clone(),
                offset,
                records: 1,
                message: record.message_id.map(|id| MessageId::from(id)),
                request: record.request_id.map(|id| RequestId::from(id)),
            },
            precision: Precision::Exact,
        };
        let rank = if record.is_progress { Rank::Progress } else { Rank::Own };
        for (number, iteration) in iterations.into_iter().enumerate() {
            let message = beside(&event, &key, rank, number, &iteration);
            self.keep(at, message);
        }
        let message = Message { key, rank, file_ends: event.at, event };
        if id.is_empty() || id.starts_with("msg_") || at.is_none() {
            self.keep(at, message);
        } else if INPUTS.iter().all(|&unit| usage[unit] == 0) {
            self.gateway.heads.push((id.to_owned(), message));
        } else {
            self.gateway.keys.entry(id.to_owned()).or_insert_with(|| message.key.clone());
            self.keep(at, message);
        }
        Ok(())
    }

    fn keep(&mut self, at: Option<Timestamp>, message: Message) {
        match at {
            Some(_) => self.requests.add(message),
            None => self.untimed.push(message),
        }
    }

    fn note(&mut self, kind: FindingKind, offset: u64, detail: Option<String>) {
        let place = (self.batch.stats.lines, offset);
        self.batch.findings.note_line(kind, &self.path, place, detail);
    }

    /// Gives the batch its requests; returns those whose records have no time.
    fn finish(mut self) -> Vec<Message> {
        for (id, mut message) in self.gateway.heads {
            if let Some(key) = self.gateway.keys.get(&id) {
                message.key = key.clone();
            }
            self.requests.add(message);
        }
        self.batch.messages = self.requests.into_messages();
        self.untimed
    }
}

/// The counts that no streamed snapshot of a request changes.
const INPUTS: [Unit; 4] = [Unit::Input, Unit::CacheRead, Unit::CacheWrite5m, Unit::CacheWrite1h];

/// What makes records speak of the same request.
fn key_of(id: &str, request: &str, at: Option<Timestamp>, model: &str, usage: &Usage) -> Arc<str> {
    if id.starts_with("msg_") {
        return id.into();
    }
    if !id.is_empty() {
        let inputs = INPUTS.map(|unit| usage[unit]);
        return format!("{id} {inputs:?}").into();
    }
    if !request.is_empty() {
        return request.into();
    }
    let at = at.map(|at| at.to_string()).unwrap_or_default();
    format!("{at} {model} {usage:?}").into()
}

/// A request that the top-level counts leave out: same time and place, own model and counts.
fn beside(
    event: &UsageEvent,
    key: &str,
    rank: Rank,
    number: usize,
    iteration: &Iteration<'_>,
) -> Message {
    let mut event = event.clone();
    if let Some(model) = iteration.model.map(|model| ModelId::from(model)) {
        let id = event.evidence.message.as_ref().map_or("", |id| id.as_str());
        event.provider = provider_of(model.as_str(), id).map(ProviderId::from);
        event.model = model;
        // Speed belongs to the model that was asked for; the region holds for all.
        let mut context = PriceContext::standard();
        if let Some(region) = event.context.get("inference_geo") {
            context.set("inference_geo", region);
        }
        event.context = context;
    }
    event.usage = usage_of(&iteration.counts);
    let kind = iteration.kind.as_str();
    Message { key: format!("{key} {kind} {number}").into(), rank, file_ends: event.at, event }
}

fn usage_of(counts: &Counts<'_>) -> Usage {
    let (five_minutes, one_hour) = (counts.cache_write_5m, counts.cache_write_1h);
    // The flat total and its split can each be missing; what the split leaves over is 5 m.
    let split = five_minutes.saturating_add(one_hour);
    let rest = counts.cache_write.saturating_sub(split);
    Usage::new()
        .with(Unit::Input, counts.input)
        .with(Unit::CacheRead, counts.cache_read)
        .with(Unit::CacheWrite5m, five_minutes.saturating_add(rest))
        .with(Unit::CacheWrite1h, one_hour)
        .with(Unit::Output, counts.output)
        .with(Unit::Reasoning, counts.thinking.min(counts.output))
        .with(Unit::WebSearches, counts.web_searches)
        .with(Unit::WebFetches, counts.web_fetches)
}

fn context_of(counts: &Counts<'_>) -> PriceContext {
    let mut context = PriceContext::standard();
    match counts.service_tier.as_str() {
        // The price catalog files batches under how a request was processed.
        "batch" => context.set("processing", "batch"),
        tier => context.set("service_tier", tier),
    }
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

/// Gives records without a time that of the nearest earlier line that has one.
fn place_in_time(path: &Path, mut untimed: Vec<Message>, batch: &mut Batch) {
    untimed.sort_by_key(|message| message.event.evidence.offset);
    let offsets: Vec<u64> = untimed.iter().map(|m| m.event.evidence.offset).collect();
    let mut timed = Merge::default();
    for (mut message, (line, time)) in untimed.into_iter().zip(times_before(path, &offsets)) {
        let place = (line, message.event.evidence.offset);
        match time {
            Some(time) => {
                (message.event.at, message.file_ends) = (time, time);
                batch.findings.note_line(FindingKind::TimeFromNeighbour, path, place, None);
                timed.add(message);
            }
            None => batch.findings.note_line(FindingKind::NoTimestamp, path, place, None),
        }
    }
    batch.messages.extend(timed.into_messages());
}

/// For each of the ascending `offsets` the number of its line and the last time before it.
fn times_before(path: &Path, offsets: &[u64]) -> Vec<(u64, Option<Timestamp>)> {
    let mut found = Vec::with_capacity(offsets.len());
    let mut last = None;
    let mut number = 0;
    // The file was read a moment ago; where it cannot be read again, nothing is known.
    if let Ok(file) = File::open(path) {
        let _ = lines::for_each_line(
            file,
            |_| {},
            |offset, line| {
                number += 1;
                while offsets.get(found.len()).is_some_and(|&wanted| wanted <= offset) {
                    found.push((number, last));
                }
                if let Line::Whole(bytes) | Line::Unended(bytes) = line {
                    last = record::timestamp(bytes).or(last);
                }
            },
        );
    }
    found.resize(offsets.len(), (number, None));
    found
}

/// A sub-agent's transcript has its type in a small file beside it.
fn name_agent_of(path: &Path, batch: &mut Batch) {
    let Some(id) = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .and_then(|stem| stem.strip_prefix("agent-"))
    else {
        return;
    };
    let Ok(text) = std::fs::read_to_string(path.with_extension("meta.json")) else { return };
    if let Some(name) = record::agent_type(&text) {
        batch.agent_names.insert(id.to_owned(), AgentId::from(name));
    }
}
