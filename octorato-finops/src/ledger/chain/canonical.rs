//! The bytes of an entry that are hashed, equal in every store.

use std::sync::Arc;

use octorato_core::{ArmId, Result};

use super::bytes::Writer;
use super::later;
use crate::budget::{Scope, SpendPath};
use crate::ledger::entry::{Entry, Fact};
use crate::ledger::operation::{Holder, Metered, Reference, RequestKey, SourceKey};

/// The version of the spelling, the first byte of each part.
pub const VERSION: u8 = 1;

/// The arm in whose chain an entry stands: that of all its postings. Nothing where it has none, or
/// more than one: then it stands in the operator's own chain.
pub fn arm_of(entry: &Entry) -> Option<&ArmId> {
    let mut arms = entry.postings.iter().map(|posting| posting.path.arm.as_ref());
    let first = arms.next()??;
    arms.all(|arm| arm == Some(first)).then_some(first)
}

/// The canonical bytes of one entry at a time, in a buffer that is used again.
#[derive(Debug, Default)]
pub struct Canonical {
    buffer: Vec<u8>,
    client_end: usize,
    amounts_end: usize,
    counts: Vec<(&'static str, u64)>,
}

impl Canonical {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Spells `entry`, which is the one at `place` (from 1) of its chain.
    ///
    /// An error where it has adopted budgets that cannot be stored.
    pub fn spell(&mut self, place: u64, entry: &Entry) -> Result<()> {
        self.buffer.clear();
        self.client(place, entry);
        self.client_end = self.buffer.len();
        let mut w = Writer(&mut self.buffer);
        w.byte(VERSION);
        for posting in &entry.postings {
            let amounts = posting.amounts;
            w.money(amounts.spent).money(amounts.open).money(amounts.orphaned);
        }
        self.amounts_end = self.buffer.len();
        self.operator(entry)
    }

    /// What a client may be shown.
    pub fn client_view(&self) -> &[u8] {
        self.buffer.get(..self.client_end).unwrap_or_default()
    }

    /// What the postings add, in their order; for a client that pays by use.
    pub fn amounts(&self) -> &[u8] {
        self.buffer.get(self.client_end..self.amounts_end).unwrap_or_default()
    }

    /// Everything else.
    pub fn operator_view(&self) -> &[u8] {
        self.buffer.get(self.amounts_end..).unwrap_or_default()
    }

    fn client(&mut self, place: u64, entry: &Entry) {
        let mut w = Writer(&mut self.buffer);
        w.byte(VERSION).number(place).time(entry.at).text(kind_of(&entry.fact));
        w.count(entry.postings.len());
        for posting in &entry.postings {
            w.time(posting.dated).time(posting.posted);
        }
        let metered = match &entry.fact {
            Fact::Settled { metered, .. }
            | Fact::Confirmed { metered, .. }
            | Fact::Imported { metered, .. } => metered.as_deref(),
            _ => None,
        };
        // By name and in the order of the names, so that a new unit changes no old entry.
        self.counts.clear();
        self.counts.extend(metered.iter().flat_map(|m| m.usage.iter()).map(|(u, n)| (u.name(), n)));
        self.counts.sort_unstable();
        w.maybe(metered, |w, metered| {
            w.text(metered.model.as_str()).count(self.counts.len());
            for (unit, count) in &self.counts {
                w.text(unit).number(*count);
            }
        });
    }

    fn operator(&mut self, entry: &Entry) -> Result<()> {
        let mut w = Writer(&mut self.buffer);
        w.byte(VERSION).number(entry.sequence);
        let mut before: Option<&Arc<SpendPath>> = None;
        for posting in &entry.postings {
            // Most entries have one path, if more than one posting.
            let is_new = before.is_none_or(|path| **path != *posting.path);
            w.maybe(is_new.then_some(&posting.path), |w, path| spell_path(w, path));
            before = Some(&posting.path);
        }
        spell_fact(&mut w, &entry.fact)
    }
}

/// The name of the kind of a fact, which never changes.
pub(super) fn kind_of(fact: &Fact) -> &'static str {
    match fact {
        Fact::Reserved { .. } => "reserved",
        Fact::Extended { .. } => "extended",
        Fact::Settled { .. } => "settled",
        Fact::Released { .. } => "released",
        Fact::Orphaned { .. } => "orphaned",
        Fact::Resolved { .. } => "resolved",
        Fact::Corrected(_) => "corrected",
        Fact::Adjusted { .. } => "adjusted",
        Fact::Imported { .. } => "imported",
        Fact::Adopted(_) => "adopted",
        Fact::Opened { .. } => "opened",
        Fact::Raised(_) => "raised",
        Fact::Closed(_) => "closed",
        Fact::ClockReset { .. } => "clock_reset",
        Fact::Confirmed { .. } => "confirmed",
        Fact::WouldDeny { .. } => "would_deny",
        Fact::Reversed { .. } => "reversed",
        Fact::Rebooked { .. } => "rebooked",
        Fact::TierReached { .. } => "tier_reached",
        Fact::KeyAdded(_) => "key_added",
    }
}

/// All of a fact but its kind, the model and the counts.
fn spell_fact(w: &mut Writer<'_>, fact: &Fact) -> Result<()> {
    match fact {
        Fact::Reserved { id, fingerprint, amount, max_output_tokens, deadline, holder } => {
            w.raw(&id.to_bytes()).raw(fingerprint).money(*amount).number(*max_output_tokens);
            w.time(*deadline).maybe(holder.as_ref(), spell_holder);
        }
        Fact::Extended { id, amount, max_output_tokens, deadline } => {
            w.raw(&id.to_bytes()).money(*amount).number(*max_output_tokens).time(*deadline);
        }
        Fact::Settled { id, fingerprint, amount, overrun, is_estimate, request, metered } => {
            w.raw(&id.to_bytes()).raw(fingerprint).money(*amount).money(*overrun);
            w.flag(*is_estimate).maybe(request.as_ref(), spell_request);
            w.maybe(metered.as_deref(), spell_meter);
        }
        Fact::Released { id, reason } => {
            w.raw(&id.to_bytes()).text(reason);
        }
        Fact::Orphaned { id, seen, request, reason } => {
            w.raw(&id.to_bytes()).money(*seen).maybe(request.as_ref(), spell_request).text(reason);
        }
        Fact::Resolved { id, amount, overrun, reason, source } => {
            w.raw(&id.to_bytes()).money(*amount).money(*overrun).text(reason);
            w.maybe(source.as_ref(), spell_source);
        }
        Fact::Corrected(correct) => {
            w.raw(&correct.id.to_bytes());
            spell_reference(w, &correct.of);
            w.money(correct.delta).text(&correct.reason);
        }
        Fact::Adjusted { of, request, delta } => {
            spell_reference(w, of);
            spell_request(w, request);
            w.money(*delta);
        }
        Fact::Imported { source, revision, amount, size, request, copy_of, metered, origin } => {
            spell_source(w, source);
            w.number(*revision)
                .maybe(*amount, |w, amount| {
                    w.money(amount);
                })
                .number(*size);
            w.maybe(request.as_ref(), spell_request);
            w.maybe(*copy_of, |w, id| {
                w.raw(&id.to_bytes());
            });
            w.maybe(metered.as_deref(), spell_meter);
            w.maybe(origin.as_deref(), later::spell_origin);
        }
        Fact::Adopted(in_force) => {
            w.text(&in_force.to_stored()?);
        }
        Fact::Opened { budget, start, end, label } => {
            w.raw(budget.bytes()).time(*start).time(*end).text(label);
        }
        Fact::Raised(raise) => {
            w.raw(&raise.id.to_bytes()).raw(raise.budget.bytes()).money(raise.amount);
            w.time(raise.until).text(&raise.reason).maybe(
                raise.signature.as_ref(),
                |w, (key, signature)| {
                    w.text(key).bytes(signature);
                },
            );
        }
        Fact::Closed(close) => {
            match &close.scope {
                Scope::Operator => w.byte(0),
                Scope::Client(client) => w.byte(1).text(client.as_str()),
                Scope::Arm(arm) => w.byte(2).text(arm.as_str()),
            };
            w.time(close.start).time(close.end).text(&close.label);
        }
        Fact::ClockReset { before } => {
            w.maybe(*before, |w, before| {
                w.time(before);
            });
        }
        Fact::Confirmed { .. }
        | Fact::WouldDeny { .. }
        | Fact::Reversed { .. }
        | Fact::Rebooked { .. }
        | Fact::TierReached { .. }
        | Fact::KeyAdded(_) => later::spell(w, fact),
    }
    Ok(())
}

fn spell_path(w: &mut Writer<'_>, path: &SpendPath) {
    let SpendPath { client, arm, project, agent, session, run, skill, model, priced_as, tags } =
        path;
    w.maybe_text(client.as_ref().map(AsRef::as_ref))
        .maybe_text(arm.as_ref().map(AsRef::as_ref))
        .maybe_text(project.as_deref())
        .maybe_text(agent.as_deref())
        .maybe_text(session.as_ref().map(AsRef::as_ref))
        .maybe_text(run.as_deref())
        .maybe_text(skill.as_deref())
        .maybe_text(model.as_ref().map(AsRef::as_ref))
        .maybe_text(priced_as.as_ref().map(AsRef::as_ref))
        .count(tags.len());
    for (name, value) in tags {
        w.text(name).text(value);
    }
}

fn spell_holder(w: &mut Writer<'_>, holder: &Holder) {
    w.raw(&holder.boot).number(holder.process).number(holder.started);
}

pub(super) fn spell_request(w: &mut Writer<'_>, key: &RequestKey) {
    w.text(key.provider.as_str()).text(key.request.as_str());
}

fn spell_source(w: &mut Writer<'_>, source: &SourceKey) {
    w.text(&source.reader).text(&source.key);
}

pub(super) fn spell_reference(w: &mut Writer<'_>, of: &Reference) {
    match of {
        Reference::Call(id) => {
            w.byte(0).raw(&id.to_bytes());
        }
        Reference::Source(source) => spell_source(w.byte(1), source),
    }
}

/// What the client view does not say of a metered call: who bills, the context and the prices.
pub(super) fn spell_meter(w: &mut Writer<'_>, metered: &Metered) {
    w.maybe_text(metered.provider.as_ref().map(AsRef::as_ref)).text(&metered.book);
    w.count(metered.context.iter().count());
    for (name, value) in metered.context.iter() {
        w.text(name).text(value);
    }
}
