//! Reads canonical bytes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use octorato_core::{ArmId, ClientId, DecisionId, ModelId, PriceContext, ReservationId, Result};
use octorato_core::{Unit, Usage};

use super::bytes::{Reader, damaged};
use super::canonical::VERSION;
use super::later;
use crate::budget::{BudgetId, InForce, Scope, SpendPath};
use crate::ledger::entry::{Amounts, Entry, Fact, Posting};
use crate::ledger::operation::{
    Close, Correct, Holder, Metered, Raise, Reference, RequestKey, SourceKey,
};

/// The entry of three parts, with its place in its chain.
///
/// Bytes that [`Canonical`](super::Canonical) did not write are an
/// [`ErrorKind::Data`](octorato_core::ErrorKind::Data), never a panic.
pub fn decode(client_view: &[u8], amounts: &[u8], operator_view: &[u8]) -> Result<(u64, Entry)> {
    let (mut c, mut a) = (versioned(client_view)?, versioned(amounts)?);
    let mut o = versioned(operator_view)?;
    let place = c.small()?;
    let at = c.time()?;
    let kind = c.text()?;
    let count: usize = c.small()?;
    let sequence = o.small()?;
    let mut postings: Vec<Posting> = Vec::new();
    for _ in 0..count {
        let (dated, posted) = (c.time()?, c.time()?);
        let amounts = Amounts { spent: a.money()?, open: a.money()?, orphaned: a.money()? };
        let path = match (o.maybe(path)?, postings.last()) {
            (Some(path), Some(before)) if path == *before.path => {
                return Err(damaged("repeats a path"));
            }
            (Some(path), _) => Arc::new(path),
            (None, Some(before)) => Arc::clone(&before.path),
            (None, None) => return Err(damaged("has a posting without a path")),
        };
        postings.push(Posting { path, dated, posted, amounts });
    }
    let counted = c.maybe(counted)?;
    let fact = fact(kind, &mut o, counted)?;
    c.end().and(a.end()).and(o.end())?;
    Ok((place, Entry { sequence, at, fact, postings }))
}

fn versioned(bytes: &[u8]) -> Result<Reader<'_>> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? == VERSION { Ok(reader) } else { Err(damaged("is of another version")) }
}

fn counted(c: &mut Reader<'_>) -> Result<(ModelId, Usage)> {
    let model = ModelId::from(c.text()?);
    let mut usage = Usage::new();
    let mut before = "";
    for _ in 0..c.small::<usize>()? {
        let name = c.text()?;
        let unit = Unit::from_name(name).ok_or_else(|| damaged("has an unknown unit"))?;
        let count = c.small()?;
        if name <= before || count == 0 {
            return Err(damaged("has its counts out of order"));
        }
        before = name;
        usage.set(unit, count);
    }
    Ok((model, usage))
}

/// The model and the counts of a client view.
pub(super) type Counted = Option<(ModelId, Usage)>;

fn fact(kind: &str, o: &mut Reader<'_>, counted: Counted) -> Result<Fact> {
    if counted.is_some() && !matches!(kind, "settled" | "confirmed" | "imported") {
        return Err(damaged("has counts where there are none"));
    }
    Ok(match kind {
        "reserved" => Fact::Reserved {
            id: reservation(o)?,
            fingerprint: o.array()?,
            amount: o.money()?,
            max_output_tokens: o.small()?,
            deadline: o.time()?,
            holder: o.maybe(holder)?,
        },
        "extended" => Fact::Extended {
            id: reservation(o)?,
            amount: o.money()?,
            max_output_tokens: o.small()?,
            deadline: o.time()?,
        },
        "settled" => Fact::Settled {
            id: reservation(o)?,
            fingerprint: o.array()?,
            amount: o.money()?,
            overrun: o.money()?,
            is_estimate: o.flag()?,
            request: o.maybe(request)?,
            metered: metered(o, counted)?,
        },
        "released" => Fact::Released { id: reservation(o)?, reason: o.shared()? },
        "orphaned" => Fact::Orphaned {
            id: reservation(o)?,
            seen: o.money()?,
            request: o.maybe(request)?,
            reason: o.shared()?,
        },
        "resolved" => Fact::Resolved {
            id: reservation(o)?,
            amount: o.money()?,
            overrun: o.money()?,
            reason: o.shared()?,
            source: o.maybe(source)?,
        },
        "corrected" => Fact::Corrected(Correct {
            id: DecisionId::from_bytes(o.array()?)?,
            of: reference(o)?,
            delta: o.money()?,
            reason: o.shared()?,
        }),
        "adjusted" => Fact::Adjusted { of: reference(o)?, request: request(o)?, delta: o.money()? },
        "imported" => Fact::Imported {
            source: source(o)?,
            revision: o.small()?,
            amount: o.maybe(Reader::money)?,
            size: o.number()?,
            request: o.maybe(request)?,
            copy_of: o.maybe(reservation)?,
            metered: metered(o, counted)?,
            origin: o.maybe(later::origin)?.map(Arc::new),
        },
        _ => match later::fact(kind, o, counted)? {
            Some(fact) => fact,
            None => governing(kind, o)?,
        },
    })
}

/// The facts that are not about spend.
fn governing(kind: &str, o: &mut Reader<'_>) -> Result<Fact> {
    Ok(match kind {
        "adopted" => {
            let text = o.text()?;
            let in_force = InForce::from_stored(text)?;
            if in_force.to_stored()? != text {
                return Err(damaged("has budgets in another spelling"));
            }
            Fact::Adopted(Arc::new(in_force))
        }
        "opened" => Fact::Opened {
            budget: BudgetId::from_bytes(o.array()?),
            start: o.time()?,
            end: o.time()?,
            label: o.shared()?,
        },
        "raised" => Fact::Raised(Raise {
            id: DecisionId::from_bytes(o.array()?)?,
            budget: BudgetId::from_bytes(o.array()?),
            amount: o.money()?,
            until: o.time()?,
            reason: o.shared()?,
            signature: o.maybe(|o| Ok((o.shared()?, Arc::from(o.bytes()?))))?,
        }),
        "closed" => Fact::Closed(Close {
            scope: match o.byte()? {
                0 => Scope::Operator,
                1 => Scope::Client(ClientId::new(o.text()?)?),
                2 => Scope::Arm(ArmId::new(o.text()?)?),
                _ => return Err(damaged("has an unknown scope")),
            },
            start: o.time()?,
            end: o.time()?,
            label: o.shared()?,
        }),
        "clock_reset" => Fact::ClockReset { before: o.maybe(Reader::time)? },
        _ => return Err(damaged("is of an unknown kind").with("kind", kind)),
    })
}

fn path(o: &mut Reader<'_>) -> Result<SpendPath> {
    Ok(SpendPath {
        client: o.maybe(|o| ClientId::new(o.text()?))?,
        arm: o.maybe(|o| ArmId::new(o.text()?))?,
        project: o.maybe(Reader::shared)?,
        agent: o.maybe(Reader::shared)?,
        session: o.maybe(|o| o.text().map(Into::into))?,
        run: o.maybe(Reader::shared)?,
        skill: o.maybe(Reader::shared)?,
        model: o.maybe(|o| o.text().map(Into::into))?,
        priced_as: o.maybe(|o| o.text().map(Into::into))?,
        tags: {
            let mut tags = BTreeMap::<Arc<str>, Arc<str>>::new();
            for _ in 0..o.small::<usize>()? {
                let (name, value) = (o.shared()?, o.shared()?);
                if tags.last_key_value().is_some_and(|(last, _)| *last >= name) {
                    return Err(damaged("has its tags out of order"));
                }
                tags.insert(name, value);
            }
            tags
        },
    })
}

fn reservation(o: &mut Reader<'_>) -> Result<ReservationId> {
    ReservationId::from_bytes(o.array()?)
}

fn holder(o: &mut Reader<'_>) -> Result<Holder> {
    Ok(Holder { boot: o.array()?, process: o.small()?, started: o.small()? })
}

pub(super) fn request(o: &mut Reader<'_>) -> Result<RequestKey> {
    Ok(RequestKey { provider: o.text()?.into(), request: o.text()?.into() })
}

fn source(o: &mut Reader<'_>) -> Result<SourceKey> {
    Ok(SourceKey { reader: o.shared()?, key: o.shared()? })
}

pub(super) fn reference(o: &mut Reader<'_>) -> Result<Reference> {
    match o.byte()? {
        0 => reservation(o).map(Reference::Call),
        1 => source(o).map(Reference::Source),
        _ => Err(damaged("refers to an unknown thing")),
    }
}

pub(super) fn metered(o: &mut Reader<'_>, counted: Counted) -> Result<Option<Arc<Metered>>> {
    let meter = o.maybe(|o| {
        let provider = o.maybe(|o| o.text().map(Into::into))?;
        let book = o.shared()?;
        let mut context = PriceContext::standard();
        let count: usize = o.small()?;
        let mut before = "";
        for _ in 0..count {
            let (name, value) = (o.text()?, o.text()?);
            context.set(name, value);
            if before >= name && !before.is_empty() || context.get(name) != Some(value) {
                return Err(damaged("has its context out of order"));
            }
            before = name;
        }
        Ok((provider, context, book))
    })?;
    match (meter, counted) {
        (Some((provider, context, book)), Some((model, usage))) => {
            Ok(Some(Arc::new(Metered { provider, model, usage, context, book })))
        }
        (None, None) => Ok(None),
        _ => Err(damaged("has counts in one part only")),
    }
}
