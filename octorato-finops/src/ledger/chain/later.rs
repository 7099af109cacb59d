//! The parts of facts that came after the first ones: confirmed costs, moves, trials, tiers; and
//! where an import was found.

use octorato_core::{AttributionReason, DecisionId, Precision, ReservationId, Result};

use super::bytes::{Reader, Writer, damaged};
use super::canonical::{spell_meter, spell_reference, spell_request};
use super::decode::{Counted, metered, reference, request};
use crate::budget::{Action, BudgetId, Percent};
use crate::ledger::entry::Fact;
use crate::ledger::keys::PublicKey;
use crate::ledger::operation::AddKey;
use crate::ledger::origin::Origin;
use crate::ledger::slot::Slot;

const REASONS: [AttributionReason; 7] = [
    AttributionReason::Pinned,
    AttributionReason::Root,
    AttributionReason::RealPath,
    AttributionReason::Worktree,
    AttributionReason::Remote,
    AttributionReason::Inherited,
    AttributionReason::Unattributed,
];

pub(super) fn spell(w: &mut Writer<'_>, fact: &Fact) {
    match fact {
        Fact::Confirmed { id, fingerprint, amount, overrun, request, metered } => {
            w.raw(&id.to_bytes()).raw(fingerprint).money(*amount).money(*overrun);
            w.maybe(request.as_ref(), spell_request).maybe(metered.as_deref(), spell_meter);
        }
        Fact::WouldDeny { id, budgets } => {
            w.raw(&id.to_bytes()).count(budgets.len());
            for budget in budgets {
                w.raw(budget.bytes());
            }
        }
        Fact::Reversed { id, of, amount, reason } => {
            spell_reference(w.raw(&id.to_bytes()), of);
            w.money(*amount).text(reason);
        }
        Fact::Rebooked { id, of, amount, fingerprint, reason } => {
            spell_reference(w.raw(&id.to_bytes()), of);
            w.money(*amount).raw(fingerprint).text(reason);
        }
        Fact::TierReached { budget, slot, at_pct, action, spent, cap } => {
            w.raw(budget.bytes());
            spell_slot(w, slot);
            w.text(&at_pct.to_string()).text(action.name()).money(*spent).money(*cap);
        }
        Fact::KeyAdded(AddKey { id, public, replaces, signature }) => {
            w.raw(&id.to_bytes()).raw(&public.to_bytes());
            w.maybe(*replaces, |w, key| {
                w.raw(&key.to_bytes());
            });
            w.maybe(signature.as_deref(), |w, signature| {
                w.bytes(signature);
            });
        }
        _ => {}
    }
}

fn spell_slot(w: &mut Writer<'_>, slot: &Slot) {
    match slot {
        Slot::From(start) => w.byte(0).time(*start),
        Slot::Bucket(number) => w.byte(1).signed((*number).into()),
        Slot::Total => w.byte(2),
        Slot::Session(session) => w.byte(3).text(session.as_str()),
        Slot::Run(run) => w.byte(4).text(run),
    };
}

pub(super) fn spell_origin(w: &mut Writer<'_>, origin: &Origin) {
    let Origin { at, agent, parent_agent, cwd, precision, attribution, .. } = origin;
    w.time(*at)
        .maybe_text(agent.as_ref().map(AsRef::as_ref))
        .maybe_text(parent_agent.as_ref().map(AsRef::as_ref))
        .maybe_text(cwd.as_deref())
        .text(precision_name(*precision))
        .text(attribution.name());
    let Origin { file, line, offset, records, message, request, reported_cost, contracted, .. } =
        origin;
    w.text(file).number(*line).number(*offset).number(*records);
    w.maybe_text(message.as_ref().map(AsRef::as_ref))
        .maybe_text(request.as_ref().map(AsRef::as_ref))
        .maybe_text(reported_cost.as_deref())
        .maybe(*contracted, |w, contracted| {
            w.money(contracted);
        });
}

fn precision_name(precision: Precision) -> &'static str {
    match precision {
        Precision::Exact => "exact",
        Precision::SessionTotal => "session_total",
        Precision::Estimated => "estimated",
    }
}

pub(super) fn fact(kind: &str, o: &mut Reader<'_>, counted: Counted) -> Result<Option<Fact>> {
    Ok(Some(match kind {
        "confirmed" => Fact::Confirmed {
            id: reservation(o)?,
            fingerprint: o.array()?,
            amount: o.money()?,
            overrun: o.money()?,
            request: o.maybe(request)?,
            metered: metered(o, counted)?,
        },
        "would_deny" => {
            let id = reservation(o)?;
            let mut budgets = Vec::new();
            for _ in 0..o.small::<usize>()? {
                budgets.push(BudgetId::from_bytes(o.array()?));
            }
            Fact::WouldDeny { id, budgets }
        }
        "reversed" => Fact::Reversed {
            id: DecisionId::from_bytes(o.array()?)?,
            of: reference(o)?,
            amount: o.money()?,
            reason: o.shared()?,
        },
        "rebooked" => Fact::Rebooked {
            id: DecisionId::from_bytes(o.array()?)?,
            of: reference(o)?,
            amount: o.money()?,
            fingerprint: o.array()?,
            reason: o.shared()?,
        },
        "tier_reached" => Fact::TierReached {
            budget: BudgetId::from_bytes(o.array()?),
            slot: slot(o)?,
            at_pct: percent(o.text()?)?,
            action: Action::from_name(o.text()?).ok_or_else(|| damaged("has an unknown action"))?,
            spent: o.money()?,
            cap: o.money()?,
        },
        "key_added" => Fact::KeyAdded(AddKey {
            id: DecisionId::from_bytes(o.array()?)?,
            public: public(o)?,
            replaces: o.maybe(public)?,
            signature: o.maybe(|o| o.bytes().map(Into::into))?,
        }),
        _ => return Ok(None),
    }))
}

fn reservation(o: &mut Reader<'_>) -> Result<ReservationId> {
    ReservationId::from_bytes(o.array()?)
}

fn public(o: &mut Reader<'_>) -> Result<PublicKey> {
    PublicKey::from_bytes(&o.array()?)
        .map_err(|error| damaged("has a key that is none").caused_by(error))
}

fn percent(text: &str) -> Result<Percent> {
    let percent = text.parse().ok().and_then(|percent| Percent::new(percent).ok());
    let same = percent.filter(|percent| percent.to_string() == text);
    same.ok_or_else(|| damaged("has a part of a cap that is no number"))
}

fn slot(o: &mut Reader<'_>) -> Result<Slot> {
    let out = |_| damaged("has a bucket out of range");
    Ok(match o.byte()? {
        0 => Slot::From(o.time()?),
        1 => Slot::Bucket(i64::try_from(o.signed()?).map_err(out)?),
        2 => Slot::Total,
        3 => Slot::Session(o.text()?.into()),
        4 => Slot::Run(o.shared()?),
        _ => return Err(damaged("has an unknown slot")),
    })
}

pub(super) fn origin(o: &mut Reader<'_>) -> Result<Origin> {
    Ok(Origin {
        at: o.time()?,
        agent: o.maybe(|o| o.text().map(Into::into))?,
        parent_agent: o.maybe(|o| o.text().map(Into::into))?,
        cwd: o.maybe(Reader::shared)?,
        precision: precision(o.text()?)?,
        attribution: attribution(o.text()?)?,
        file: o.shared()?,
        line: o.small()?,
        offset: o.small()?,
        records: o.small()?,
        message: o.maybe(|o| o.text().map(Into::into))?,
        request: o.maybe(|o| o.text().map(Into::into))?,
        reported_cost: o.maybe(Reader::shared)?,
        contracted: o.maybe(Reader::money)?,
    })
}

fn precision(name: &str) -> Result<Precision> {
    let all = [Precision::Exact, Precision::SessionTotal, Precision::Estimated];
    let known = all.into_iter().find(|one| precision_name(*one) == name);
    known.ok_or_else(|| damaged("has an unknown precision"))
}

fn attribution(name: &str) -> Result<AttributionReason> {
    let known = REASONS.into_iter().find(|reason| reason.name() == name);
    known.ok_or_else(|| damaged("has an unknown rule of attribution"))
}
