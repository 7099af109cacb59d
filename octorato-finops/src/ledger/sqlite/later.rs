//! Entries of few kinds as rows: what trials would have denied, tiers, what was moved or confirmed;
//! and where imports were found.

use octorato_core::{AgentId, AttributionReason, MessageId, Precision, RequestId};
use rusqlite::types::Value;

use super::bytes::{Reader, Writer};
use super::fault::{Spoilt, spoilt};
use super::read::{Gloss, Line, decision, exact, reservation, usd};
use super::slots::{columns, slot};
use super::write::{LAYOUT, Row, Scribe, bytes, unsigned};
use crate::budget::{Action, Percent};
use crate::ledger::entry::{Entry, Fact};
use crate::ledger::keys::PublicKey;
use crate::ledger::kind::Kind;
use crate::ledger::operation::AddKey;
use crate::ledger::origin::Origin;

const PRECISIONS: [Precision; 3] =
    [Precision::Exact, Precision::SessionTotal, Precision::Estimated];

const REASONS: [AttributionReason; 7] = [
    AttributionReason::Pinned,
    AttributionReason::Root,
    AttributionReason::RealPath,
    AttributionReason::Worktree,
    AttributionReason::Remote,
    AttributionReason::Inherited,
    AttributionReason::Unattributed,
];

impl Scribe<'_> {
    pub(super) fn later(&mut self, entry: &Entry) -> Result<Row, Spoilt> {
        Ok(match &entry.fact {
            Fact::Confirmed { id, fingerprint, amount, overrun, request, metered } => {
                let flags = u8::from(request.is_some()) | u8::from(metered.is_some()) << 1;
                let mut detail = Writer::new(LAYOUT, flags);
                detail.signed(overrun.pico()).raw(fingerprint);
                self.request(&mut detail, request.as_ref())?;
                self.metered(&mut detail, metered.as_deref())?;
                Row { subject: Some(bytes(id.to_bytes())), ..Row::of(*amount, detail) }
            }
            Fact::WouldDeny { id, budgets } => {
                let mut detail = Writer::new(LAYOUT, 0);
                detail.number(u128::try_from(budgets.len()).unwrap_or(u128::MAX));
                for budget in budgets {
                    let number = self.names.budget(self.connection, *budget, "")?;
                    detail.number(unsigned(number)?);
                }
                let subject = Some(bytes(id.to_bytes()));
                Row { subject, detail: Some(detail.finish()), ..Row::default() }
            }
            Fact::Reversed { id, of, amount, reason } => {
                let mut detail = Writer::new(LAYOUT, 0);
                self.text(&mut detail, reason)?;
                self.reference(&mut detail, of)?;
                Row { subject: Some(bytes(id.to_bytes())), ..Row::of(*amount, detail) }
            }
            Fact::Rebooked { id, of, amount, fingerprint, reason } => {
                let mut detail = Writer::new(LAYOUT, 0);
                detail.raw(fingerprint);
                self.text(&mut detail, reason)?;
                self.reference(&mut detail, of)?;
                Row { subject: Some(bytes(id.to_bytes())), ..Row::of(*amount, detail) }
            }
            Fact::TierReached { budget, slot, at_pct, action, spent, cap } => {
                let number = self.names.budget(self.connection, *budget, "")?;
                let mut detail = Writer::new(LAYOUT, 0);
                detail.signed(cap.pico());
                self.text(&mut detail, &at_pct.to_string())?;
                self.text(&mut detail, action.name())?;
                let (kind, value) = columns(slot)?;
                detail.number(unsigned(kind)?);
                match &value {
                    Value::Integer(number) => detail.signed((*number).into()),
                    Value::Text(text) => detail.bytes(text.as_bytes()),
                    _ => return Err(spoilt("a slot is of an unknown kind")),
                };
                Row { subject: Some(Value::Integer(number)), ..Row::of(*spent, detail) }
            }
            Fact::KeyAdded(AddKey { id, public, replaces, signature }) => {
                let flags = u8::from(replaces.is_some()) | u8::from(signature.is_some()) << 1;
                let mut detail = Writer::new(LAYOUT, flags);
                detail.raw(&public.to_bytes());
                if let Some(replaces) = replaces {
                    detail.raw(&replaces.to_bytes());
                }
                if let Some(signature) = signature {
                    detail.bytes(signature);
                }
                let subject = Some(bytes(id.to_bytes()));
                Row { subject, detail: Some(detail.finish()), ..Row::default() }
            }
            _ => return Err(spoilt("an entry of an unknown kind")),
        })
    }

    pub(super) fn origin(&mut self, detail: &mut Writer, origin: &Origin) -> Result<(), Spoilt> {
        let Origin { agent, parent_agent, cwd, message, request, reported_cost, .. } = origin;
        let texts = [
            agent.as_ref().map(AgentId::as_str),
            parent_agent.as_ref().map(AgentId::as_str),
            cwd.as_deref(),
            Some(&*origin.file),
        ];
        let words = [
            message.as_ref().map(MessageId::as_str),
            request.as_ref().map(RequestId::as_str),
            reported_cost.as_deref(),
        ];
        let mut has = u128::from(origin.contracted.is_some()) << 7;
        for (at, is_there) in
            texts.iter().map(Option::is_some).chain(words.iter().map(Option::is_some)).enumerate()
        {
            has |= u128::from(is_there) << at;
        }
        detail.number(has).signed(origin.at.as_nanosecond());
        let place = |found: Option<usize>| found.and_then(|at| u128::try_from(at).ok());
        let precision = place(PRECISIONS.iter().position(|one| *one == origin.precision));
        let reason = place(REASONS.iter().position(|one| *one == origin.attribution));
        detail.number(precision.ok_or(spoilt("a precision is of an unknown kind"))?);
        detail.number(reason.ok_or(spoilt("an attribution is of an unknown kind"))?);
        detail.number(origin.line.into()).number(origin.offset.into());
        detail.number(origin.records.into());
        for text in texts.into_iter().flatten() {
            self.text(detail, text)?;
        }
        for word in words.into_iter().flatten() {
            detail.bytes(word.as_bytes());
        }
        if let Some(contracted) = origin.contracted {
            detail.signed(contracted.pico());
        }
        Ok(())
    }
}

impl Gloss<'_> {
    pub(super) fn later(
        &mut self,
        line: &Line,
        flags: u8,
        detail: &mut Reader<'_>,
    ) -> Result<Fact, Spoilt> {
        Ok(match line.kind {
            Kind::Confirmed => Fact::Confirmed {
                id: reservation(line.id()?)?,
                amount: line.amount()?,
                overrun: usd(detail.signed()?),
                fingerprint: detail.array()?,
                request: self.request(flags & 1 != 0, detail)?,
                metered: self.metered(flags & 2 != 0, detail)?,
            },
            Kind::WouldDeny => {
                let count: usize = detail.small()?;
                let mut budgets = Vec::new();
                for _ in 0..count {
                    budgets.push(self.names.budget_of(self.connection, detail.small()?)?);
                }
                Fact::WouldDeny { id: reservation(line.id()?)?, budgets }
            }
            Kind::Reversed => Fact::Reversed {
                id: decision(line.id()?)?,
                amount: line.amount()?,
                reason: self.text(detail)?,
                of: self.reference(detail)?,
            },
            Kind::Rebooked => Fact::Rebooked {
                id: decision(line.id()?)?,
                amount: line.amount()?,
                fingerprint: detail.array()?,
                reason: self.text(detail)?,
                of: self.reference(detail)?,
            },
            Kind::TierReached => self.tier_reached(line, detail)?,
            Kind::KeyAdded => Fact::KeyAdded(AddKey {
                id: decision(line.id()?)?,
                public: PublicKey::from_bytes(&detail.array()?)?,
                replaces: (flags & 1 != 0)
                    .then(|| Ok::<_, Spoilt>(PublicKey::from_bytes(&detail.array()?)?))
                    .transpose()?,
                signature: (flags & 2 != 0).then(|| detail.bytes().map(Into::into)).transpose()?,
            }),
            _ => return Err(spoilt("an entry of an unknown kind")),
        })
    }

    fn tier_reached(&mut self, line: &Line, detail: &mut Reader<'_>) -> Result<Fact, Spoilt> {
        let none = || spoilt("a tier is none");
        let cap = usd(detail.signed()?);
        let at_pct = self.text(detail)?.parse().ok().and_then(|pct| Percent::new(pct).ok());
        let action = Action::from_name(&self.text(detail)?);
        let kind = detail.small()?;
        let value = match kind {
            4 | 5 => Value::Text(detail.text()?.to_owned()),
            _ => Value::Integer(i64::try_from(detail.signed()?).map_err(|_| none())?),
        };
        Ok(Fact::TierReached {
            budget: self.names.budget_of(self.connection, line.number()?)?,
            slot: slot(kind, (&value).into())?,
            at_pct: at_pct.ok_or_else(none)?,
            action: action.ok_or_else(none)?,
            spent: line.amount()?,
            cap,
        })
    }

    pub(super) fn origin(&mut self, detail: &mut Reader<'_>) -> Result<Origin, Spoilt> {
        let has: u8 = detail.small()?;
        let at = exact(detail.signed()?)?;
        let precision: usize = detail.small()?;
        let reason: usize = detail.small()?;
        let (line, offset, records) = (detail.small()?, detail.small()?, detail.small()?);
        let is_there = |bit: u8| has & (1 << bit) != 0;
        let mut texts = [None, None, None, None];
        for (bit, text) in (0..).zip(&mut texts) {
            if is_there(bit) {
                *text = Some(self.text(detail)?);
            }
        }
        let mut words = [None, None, None];
        for (bit, word) in (4..).zip(&mut words) {
            if is_there(bit) {
                *word = Some(std::sync::Arc::<str>::from(detail.text()?));
            }
        }
        let contracted = is_there(7).then(|| detail.signed()).transpose()?;
        let ([agent, parent_agent, cwd, file], [message, request, reported_cost]) = (texts, words);
        Ok(Origin {
            at,
            agent: agent.map(Into::into),
            parent_agent: parent_agent.map(Into::into),
            cwd,
            precision: *PRECISIONS
                .get(precision)
                .ok_or(spoilt("a precision is of an unknown kind"))?,
            attribution: *REASONS.get(reason).ok_or(spoilt("an attribution is none"))?,
            file: file.ok_or(spoilt("an import has no file"))?,
            line,
            offset,
            records,
            message: message.map(Into::into),
            request: request.map(Into::into),
            reported_cost,
            contracted: contracted.map(usd),
        })
    }
}
