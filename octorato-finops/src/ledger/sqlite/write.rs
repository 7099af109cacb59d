//! An entry as a row of the journal.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Money, ReservationId};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::bytes::Writer;
use super::cells::{Instant, split, split_amounts};
use super::fault::{Spoilt, spoilt};
use super::names::Names;
use crate::budget::{Scope, SpendPath};
use crate::ledger::entry::{Amounts, Entry, Fact, Posting};
use crate::ledger::kind::Kind;
use crate::ledger::operation::{
    Holder, Metered, Reference, RequestKey, Reserve, Settle, SourceKey,
};

/// The layout of `detail` that is written.
pub(super) const LAYOUT: u8 = 1;

/// The reserve of a call, as far as what follows it needs it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct First {
    pub(super) sequence: i64,
    pub(super) path: Arc<SpendPath>,
    pub(super) at: Timestamp,
    pub(super) amount: Money,
}

/// One row of the journal but its postings.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) path: Option<i64>,
    pub(super) subject: Option<Value>,
    pub(super) amount: Option<Money>,
    pub(super) dated: Option<Timestamp>,
    pub(super) detail: Option<Vec<u8>>,
}

/// Writes entries of one ledger.
pub(super) struct Scribe<'s> {
    pub(super) connection: &'s Connection,
    pub(super) names: &'s mut Names,
}

impl Scribe<'_> {
    /// Appends an entry; `first` is the reserve of the call that it is about.
    pub(super) fn append(
        &mut self,
        entry: &Entry,
        first: Option<&First>,
        link: [u8; 16],
    ) -> Result<(), Spoilt> {
        let row = self.row(entry, first)?;
        let has_postings = derived(entry, first) != entry.postings;
        let kind = Kind::of(&entry.fact).column(has_postings);
        let sequence = number(entry.sequence)?;
        let (micro, pico) = row.amount.map(split).transpose()?.unzip();
        self.connection
            .prepare_cached(
                "INSERT INTO journal (sequence, at, kind, path, subject, micro, pico, dated, \
                 detail, link) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                sequence,
                Instant(entry.at),
                kind,
                row.path,
                row.subject,
                micro,
                pico,
                row.dated.map(Instant),
                row.detail,
                link,
            ])?;
        if has_postings {
            for (place, posting) in entry.postings.iter().enumerate() {
                self.post(sequence, place, posting)?;
            }
        }
        Ok(())
    }

    fn post(&mut self, entry: i64, place: usize, posting: &Posting) -> Result<(), Spoilt> {
        let path = self.names.path(self.connection, &posting.path)?;
        let [spent, spent_pico, open, open_pico, orphaned, orphaned_pico] =
            split_amounts(posting.amounts)?;
        self.connection
            .prepare_cached(
                "INSERT INTO postings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                entry,
                number(place)?,
                path,
                Instant(posting.dated),
                Instant(posting.posted),
                spent,
                spent_pico,
                open,
                open_pico,
                orphaned,
                orphaned_pico,
            ])?;
        Ok(())
    }

    fn row(&mut self, entry: &Entry, first: Option<&First>) -> Result<Row, Spoilt> {
        let call = || match first {
            Some(first) => Ok(Some(Value::Integer(first.sequence))),
            None => Err(spoilt("a call was never reserved")),
        };
        Ok(match &entry.fact {
            Fact::Reserved { .. } => self.reserved(entry)?,
            Fact::Extended { amount, max_output_tokens, deadline, .. } => {
                let mut detail = Writer::new(LAYOUT, 0);
                detail.number((*max_output_tokens).into());
                detail.signed(patience(entry.at, *deadline));
                Row { subject: call()?, ..Row::of(*amount, detail) }
            }
            Fact::Settled { .. } => Row { subject: call()?, ..self.settled(entry, first)? },
            Fact::Released { reason, .. } => {
                let mut detail = Writer::new(LAYOUT, 0);
                self.text(&mut detail, reason)?;
                Row { subject: call()?, detail: Some(detail.finish()), ..Row::default() }
            }
            Fact::Orphaned { seen, request, reason, .. } => {
                let mut detail = Writer::new(LAYOUT, u8::from(request.is_some()));
                self.text(&mut detail, reason)?;
                self.request(&mut detail, request.as_ref())?;
                Row { subject: call()?, ..Row::of(*seen, detail) }
            }
            Fact::Resolved { amount, overrun, reason, source, .. } => {
                let mut detail = Writer::new(LAYOUT, u8::from(source.is_some()));
                detail.signed(overrun.pico());
                self.text(&mut detail, reason)?;
                if let Some(source) = source {
                    detail.number(self.source(source)?);
                }
                Row { subject: call()?, ..Row::of(*amount, detail) }
            }
            _ => self.other(entry)?,
        })
    }

    fn reserved(&mut self, entry: &Entry) -> Result<Row, Spoilt> {
        let Fact::Reserved { id, fingerprint, amount, max_output_tokens, deadline, holder } =
            &entry.fact
        else {
            return Err(spoilt("not a reserve"));
        };
        let posting = entry.postings.first().ok_or(spoilt("a reserve posts nothing"))?;
        let path = self.names.path(self.connection, &posting.path)?;
        let is_usual =
            usual_reserve(*id, &posting.path, *amount, *max_output_tokens) == *fingerprint;
        let flags = u8::from(!is_usual) | u8::from(holder.is_some()) << 1;
        let mut detail = Writer::new(LAYOUT, flags);
        detail.number((*max_output_tokens).into());
        detail.signed(patience(entry.at, *deadline));
        if let Some(holder) = holder {
            detail.number(self.holder(*holder)?);
        }
        if !is_usual {
            detail.raw(fingerprint);
        }
        Ok(Row {
            path: Some(path),
            subject: Some(Value::Blob(id.to_bytes().to_vec())),
            ..Row::of(*amount, detail)
        })
    }

    fn settled(&mut self, entry: &Entry, first: Option<&First>) -> Result<Row, Spoilt> {
        let Fact::Settled { id, fingerprint, amount, overrun, is_estimate, request, metered } =
            &entry.fact
        else {
            return Err(spoilt("not a settle"));
        };
        let usual = usual_settle(*id, *amount, *is_estimate, request.clone());
        let is_usual = usual == *fingerprint
            && first.is_some_and(|first| more_than(*amount, first.amount) == Some(*overrun));
        let flags = u8::from(*is_estimate)
            | u8::from(request.is_some()) << 1
            | u8::from(metered.is_some()) << 2
            | u8::from(!is_usual) << 3;
        if flags == 0 {
            return Ok(Row { amount: Some(*amount), ..Row::default() });
        }
        let mut detail = Writer::new(LAYOUT, flags);
        self.request(&mut detail, request.as_ref())?;
        self.metered(&mut detail, metered.as_deref())?;
        if !is_usual {
            detail.signed(overrun.pico()).raw(fingerprint);
        }
        Ok(Row::of(*amount, detail))
    }

    /// What is about no call that was reserved before.
    fn other(&mut self, entry: &Entry) -> Result<Row, Spoilt> {
        Ok(match &entry.fact {
            Fact::Corrected(correct) => {
                let mut detail = Writer::new(LAYOUT, 0);
                self.text(&mut detail, &correct.reason)?;
                self.reference(&mut detail, &correct.of)?;
                Row {
                    subject: Some(bytes(correct.id.to_bytes())),
                    ..Row::of(correct.delta, detail)
                }
            }
            Fact::Adjusted { of, request, delta } => {
                let mut detail = Writer::new(LAYOUT, 1);
                self.request(&mut detail, Some(request))?;
                self.reference(&mut detail, of)?;
                Row::of(*delta, detail)
            }
            Fact::Imported { .. } => self.imported(entry)?,
            Fact::Adopted(policy) => {
                let number = self.names.policy(self.connection, policy)?;
                Row { subject: Some(Value::Integer(number)), ..Row::default() }
            }
            Fact::Opened { budget, start, end, label } => {
                let number = self.names.budget(self.connection, *budget, label)?;
                let mut detail = Writer::new(LAYOUT, 0);
                detail.signed(start.as_nanosecond()).signed(end.as_nanosecond());
                detail.bytes(label.as_bytes());
                Row {
                    subject: Some(Value::Integer(number)),
                    dated: Some(*start),
                    detail: Some(detail.finish()),
                    ..Row::default()
                }
            }
            Fact::Raised(raise) => {
                let number = self.names.budget(self.connection, raise.budget, "")?;
                let mut detail = Writer::new(LAYOUT, u8::from(raise.signature.is_some()));
                detail.number(unsigned(number)?).signed(raise.until.as_nanosecond());
                self.text(&mut detail, &raise.reason)?;
                if let Some((key, signature)) = &raise.signature {
                    detail.bytes(key.as_bytes()).bytes(signature);
                }
                Row { subject: Some(bytes(raise.id.to_bytes())), ..Row::of(raise.amount, detail) }
            }
            Fact::Closed(close) => {
                let (scope, name) = match &close.scope {
                    Scope::Operator => (0, ""),
                    Scope::Client(client) => (1, client.as_str()),
                    Scope::Arm(arm) => (2, arm.as_str()),
                };
                let mut detail = Writer::new(LAYOUT, scope);
                detail.signed(close.start.as_nanosecond()).signed(close.end.as_nanosecond());
                detail.bytes(close.label.as_bytes()).bytes(name.as_bytes());
                Row { dated: Some(close.start), detail: Some(detail.finish()), ..Row::default() }
            }
            Fact::ClockReset { before } => {
                let mut detail = Writer::new(LAYOUT, u8::from(before.is_some()));
                if let Some(before) = before {
                    detail.signed(before.as_nanosecond());
                }
                Row { detail: Some(detail.finish()), ..Row::default() }
            }
            _ => self.later(entry)?,
        })
    }

    fn imported(&mut self, entry: &Entry) -> Result<Row, Spoilt> {
        let Fact::Imported { source, revision, amount, size, request, copy_of, metered, origin } =
            &entry.fact
        else {
            return Err(spoilt("not an import"));
        };
        let flags = u8::from(copy_of.is_some())
            | u8::from(request.is_some()) << 1
            | u8::from(metered.is_some()) << 2
            | u8::from(origin.is_some()) << 3;
        let mut detail = Writer::new(LAYOUT, flags);
        detail.number((*revision).into()).number(*size);
        if let Some(id) = copy_of {
            detail.raw(&id.to_bytes());
        }
        self.request(&mut detail, request.as_ref())?;
        self.metered(&mut detail, metered.as_deref())?;
        if let Some(origin) = origin {
            self.origin(&mut detail, origin)?;
        }
        let number = self.source(source)?;
        let number = i64::try_from(number).map_err(|_| spoilt("a number is out of range"))?;
        let posting = entry.postings.first();
        Ok(Row {
            path: posting
                .map(|posting| self.names.path(self.connection, &posting.path))
                .transpose()?,
            subject: Some(Value::Integer(number)),
            amount: *amount,
            dated: posting.map(|posting| posting.dated),
            detail: Some(detail.finish()),
        })
    }

    pub(super) fn text(&mut self, detail: &mut Writer, text: &str) -> Result<(), Spoilt> {
        let number = self.names.text(self.connection, text)?;
        detail.number(unsigned(number)?);
        Ok(())
    }

    pub(super) fn request(
        &mut self,
        detail: &mut Writer,
        key: Option<&RequestKey>,
    ) -> Result<(), Spoilt> {
        if let Some(key) = key {
            let number = self.names.request(self.connection, key)?;
            detail.number(unsigned(number)?);
        }
        Ok(())
    }

    pub(super) fn metered(
        &mut self,
        detail: &mut Writer,
        metered: Option<&Metered>,
    ) -> Result<(), Spoilt> {
        if let Some(metered) = metered {
            let (number, counts) = self.names.meter(self.connection, metered)?;
            detail.number(unsigned(number)?);
            for count in counts {
                detail.number(count.into());
            }
        }
        Ok(())
    }

    pub(super) fn reference(&mut self, detail: &mut Writer, of: &Reference) -> Result<(), Spoilt> {
        match of {
            Reference::Call(id) => detail.number(0).raw(&id.to_bytes()),
            Reference::Source(source) => detail.number(1).number(self.source(source)?),
        };
        Ok(())
    }

    fn source(&mut self, key: &SourceKey) -> Result<u128, Spoilt> {
        let number = self.names.find_source(self.connection, key)?;
        unsigned(number.ok_or(spoilt("a source was never imported"))?)
    }

    fn holder(&mut self, holder: Holder) -> Result<u128, Spoilt> {
        unsigned(self.names.holder(self.connection, holder)?)
    }
}

impl Row {
    pub(super) fn of(amount: Money, detail: Writer) -> Self {
        Self { amount: Some(amount), detail: Some(detail.finish()), ..Self::default() }
    }
}

/// The postings that follow from an entry itself: of a call that was reserved, settled or released
/// and nothing else, and of the first snapshot of an import.
fn derived(entry: &Entry, first: Option<&First>) -> Vec<Posting> {
    match (&entry.fact, first, entry.postings.first()) {
        (Fact::Reserved { amount, .. }, _, Some(posting)) => {
            vec![reserved_posting(posting.path.clone(), entry.at, *amount)]
        }
        (Fact::Settled { amount, .. }, Some(first), _) => ended_postings(first, Some(*amount)),
        (Fact::Released { .. }, Some(first), _) => ended_postings(first, None),
        (Fact::Imported { amount, .. }, _, Some(posting)) => {
            vec![imported_posting(posting.path.clone(), posting.dated, *amount)]
        }
        _ => Vec::new(),
    }
}

/// What a reserve adds: its amount is open.
pub(super) fn reserved_posting(path: Arc<SpendPath>, at: Timestamp, amount: Money) -> Posting {
    Posting { path, dated: at, posted: at, amounts: Amounts::open(amount) }
}

/// What the end of a call adds that was reserved before and nothing else: what was open is freed,
/// and what it cost is booked.
pub(super) fn ended_postings(first: &First, cost: Option<Money>) -> Vec<Posting> {
    let posting =
        |amounts| Posting { path: first.path.clone(), dated: first.at, posted: first.at, amounts };
    let free = Money::from_pico(-first.amount.pico(), first.amount.currency());
    let mut postings = vec![posting(Amounts::open(free))];
    postings.extend(cost.filter(|cost| !cost.is_zero()).map(|cost| posting(Amounts::spent(cost))));
    postings
}

/// What the first snapshot of an import adds.
pub(super) fn imported_posting(
    path: Arc<SpendPath>,
    dated: Timestamp,
    amount: Option<Money>,
) -> Posting {
    let amounts = amount.map_or(Amounts::ZERO, Amounts::spent);
    Posting { path, dated, posted: dated, amounts }
}

/// The fingerprint that a reserve of this content has.
pub(super) fn usual_reserve(
    id: ReservationId,
    path: &Arc<SpendPath>,
    amount: Money,
    max_output_tokens: u64,
) -> [u8; 16] {
    let path = path.clone();
    let patience = jiff::SignedDuration::ZERO;
    Reserve { id, path, amount, max_output_tokens, patience, holder: None }.fingerprint()
}

/// The fingerprint that a settle of this content has.
pub(super) fn usual_settle(
    id: ReservationId,
    amount: Money,
    is_estimate: bool,
    request: Option<RequestKey>,
) -> [u8; 16] {
    Settle { id, amount, is_estimate, request, metered: None }.fingerprint()
}

/// By how much an amount is more than another; never negative.
pub(super) fn more_than(amount: Money, other: Money) -> Option<Money> {
    let over = amount.checked_sub(other).ok()?;
    Some(if over.pico() < 0 { Money::zero(over.currency()) } else { over })
}

/// From the commit to the deadline: milliseconds, doubled, where these are whole, else nanoseconds,
/// doubled and one more.
fn patience(at: Timestamp, deadline: Timestamp) -> i128 {
    let nanoseconds = deadline.as_nanosecond() - at.as_nanosecond();
    if nanoseconds % 1_000_000 == 0 { nanoseconds / 500_000 } else { nanoseconds * 2 + 1 }
}

/// The deadline that [`patience`] spelled.
pub(super) fn deadline(at: Timestamp, patience: i128) -> Result<Timestamp, Spoilt> {
    let nanoseconds =
        if patience & 1 == 0 { patience.checked_mul(500_000) } else { Some((patience - 1) / 2) };
    let deadline = nanoseconds.and_then(|passed| at.as_nanosecond().checked_add(passed));
    let deadline = deadline.and_then(|deadline| Timestamp::from_nanosecond(deadline).ok());
    deadline.ok_or(spoilt("a deadline is out of range"))
}

pub(super) fn bytes(id: [u8; 16]) -> Value {
    Value::Blob(id.to_vec())
}

fn number<T: TryInto<i64>>(number: T) -> Result<i64, Spoilt> {
    number.try_into().map_err(|_| spoilt("a number is out of range"))
}

pub(super) fn unsigned(number: i64) -> Result<u128, Spoilt> {
    u128::try_from(number).map_err(|_| spoilt("a number is negative"))
}
