//! An entry of a row of the journal.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{ArmId, ClientId, Currency, DecisionId, Money, ReservationId};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::bytes::Reader;
use super::cells::{amounts, instant, join, sixteen};
use super::fault::{Spoilt, spoilt};
use super::names::Names;
use super::write::{
    First, LAYOUT, deadline, ended_postings, imported_posting, more_than, reserved_posting,
    usual_reserve, usual_settle,
};
use crate::budget::{Scope, SpendPath};
use crate::ledger::entry::{Entry, Fact, Posting};
use crate::ledger::kind::{FIRST_OF_CALLS, Kind, LAST_OF_CALLS};
use crate::ledger::operation::{
    Close, Correct, Holder, Metered, Raise, Reference, RequestKey, SourceKey,
};

/// The columns of one entry, and of the reserve of the call that it is about.
const COLUMNS: &str = "e.sequence, e.at, e.kind, e.path, e.subject, e.micro, e.pico, e.dated, \
                       e.detail, e.link, r.sequence, r.subject, r.path, r.at, r.micro, r.pico";

/// Selects entries with the reserves that they are about; a condition and an order follow.
pub(super) fn select(rest: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM journal e LEFT JOIN journal r ON r.sequence = CASE WHEN e.kind \
         BETWEEN {FIRST_OF_CALLS} AND {LAST_OF_CALLS} THEN e.subject END {rest}"
    )
}

/// A row of the journal, not yet understood.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) sequence: i64,
    pub(super) at: Timestamp,
    pub(super) kind: Kind,
    pub(super) has_postings: bool,
    pub(super) path: Option<i64>,
    subject: Subject,
    pub(super) amount: Option<Money>,
    pub(super) dated: Option<Timestamp>,
    detail: Option<Vec<u8>>,
    pub(super) link: Option<[u8; 16]>,
    /// The reserve: the id of the call, the number of its path.
    reserve: Option<(ReservationId, i64, Opening)>,
}

/// When a call was reserved, and what was held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub(super) sequence: i64,
    pub(super) at: Timestamp,
    pub(super) amount: Money,
}

#[derive(Debug)]
enum Subject {
    None,
    Number(i64),
    Id([u8; 16]),
}

impl Line {
    /// Takes the columns of [`select`].
    pub(super) fn of(row: &Row<'_>) -> Result<Self, Spoilt> {
        let (kind, has_postings) =
            Kind::of_column(row.get(2)?).ok_or(spoilt("an entry is of an unknown kind"))?;
        let subject = match row.get_ref(4)? {
            ValueRef::Null => Subject::None,
            ValueRef::Integer(number) => Subject::Number(number),
            id => Subject::Id(sixteen(id)?),
        };
        let reserve = match row.get::<_, Option<i64>>(10)? {
            None if kind.follows_a_reserve() => {
                return Err(spoilt("the reserve of a call is missing"));
            }
            None => None,
            Some(sequence) => {
                let opening = Opening {
                    sequence,
                    at: instant(row.get_ref(13)?)?,
                    amount: join(row.get(14)?, row.get(15)?)?,
                };
                Some((reservation(sixteen(row.get_ref(11)?)?)?, row.get(12)?, opening))
            }
        };
        Ok(Self {
            sequence: row.get(0)?,
            at: instant(row.get_ref(1)?)?,
            kind,
            has_postings,
            path: row.get(3)?,
            subject,
            amount: match (row.get::<_, Option<i64>>(5)?, row.get::<_, Option<i64>>(6)?) {
                (Some(micro), Some(pico)) => Some(join(micro, pico)?),
                (None, None) => None,
                _ => return Err(spoilt("an amount is cut")),
            },
            dated: match row.get_ref(7)? {
                ValueRef::Null => None,
                dated => Some(instant(dated)?),
            },
            detail: row.get(8)?,
            link: match row.get_ref(9)? {
                ValueRef::Null => None,
                link => Some(sixteen(link)?),
            },
            reserve,
        })
    }

    pub(super) fn amount(&self) -> Result<Money, Spoilt> {
        self.amount.ok_or(spoilt("an amount is missing"))
    }

    pub(super) fn number(&self) -> Result<i64, Spoilt> {
        match self.subject {
            Subject::Number(number) => Ok(number),
            _ => Err(spoilt("an entry is about nothing")),
        }
    }

    pub(super) fn id(&self) -> Result<[u8; 16], Spoilt> {
        match self.subject {
            Subject::Id(id) => Ok(id),
            _ => Err(spoilt("an entry has no id")),
        }
    }

    /// The call that it reserves or is about.
    pub(super) fn call(&self) -> Result<ReservationId, Spoilt> {
        match &self.reserve {
            Some((id, ..)) => Ok(*id),
            None => reservation(self.id()?),
        }
    }

    /// The path of the reserve that it is about, by number, and the rest of it.
    pub(super) fn opening(&self) -> Option<(i64, Opening)> {
        self.reserve.as_ref().map(|(_, path, opening)| (*path, *opening))
    }
}

/// Reads entries of one ledger.
pub(super) struct Gloss<'g> {
    pub(super) connection: &'g Connection,
    pub(super) names: &'g mut Names,
}

impl Gloss<'_> {
    pub(super) fn entry(&mut self, line: &Line) -> Result<Entry, Spoilt> {
        let sequence =
            u64::try_from(line.sequence).map_err(|_| spoilt("a sequence is negative"))?;
        let fact = self.fact(line)?;
        let postings = self.postings(line)?;
        Ok(Entry { sequence, at: line.at, fact, postings })
    }

    /// The reserve that a line is about.
    pub(super) fn first(&mut self, line: &Line) -> Result<First, Spoilt> {
        let (path, opening) = line.opening().ok_or(spoilt("the reserve of a call is missing"))?;
        let Opening { sequence, at, amount } = opening;
        Ok(First { sequence, path: self.path(path)?, at, amount })
    }

    pub(super) fn postings(&mut self, line: &Line) -> Result<Vec<Posting>, Spoilt> {
        if line.has_postings {
            return self.rows(line.sequence);
        }
        Ok(match line.kind {
            Kind::Reserved => {
                let path = line.path.ok_or(spoilt("a reserve has no path"))?;
                vec![reserved_posting(self.path(path)?, line.at, line.amount()?)]
            }
            Kind::Settled => ended_postings(&self.first(line)?, Some(line.amount()?)),
            Kind::Released => ended_postings(&self.first(line)?, None),
            // A copy of what was booked elsewhere posts nothing.
            Kind::Imported => match line.path.zip(line.dated) {
                Some((path, dated)) => {
                    vec![imported_posting(self.path(path)?, dated, line.amount)]
                }
                None => Vec::new(),
            },
            _ => Vec::new(),
        })
    }

    fn rows(&mut self, entry: i64) -> Result<Vec<Posting>, Spoilt> {
        let mut statement = self.connection.prepare_cached(
            "SELECT path, dated, posted, spent_micro, spent_pico, open_micro, open_pico, \
             orphaned_micro, orphaned_pico FROM postings WHERE entry = ?1 ORDER BY number",
        )?;
        let mut rows = statement.query([entry])?;
        let mut postings = Vec::new();
        while let Some(row) = rows.next()? {
            postings.push(Posting {
                path: self.names.path_of(self.connection, row.get(0)?)?,
                dated: instant(row.get_ref(1)?)?,
                posted: instant(row.get_ref(2)?)?,
                amounts: amounts(row, 3)?,
            });
        }
        Ok(postings)
    }

    /// What happened.
    pub(super) fn fact(&mut self, line: &Line) -> Result<Fact, Spoilt> {
        let no_detail = [LAYOUT << 4];
        let (flags, mut detail) =
            Reader::new(line.detail.as_deref().unwrap_or(&no_detail), LAYOUT)?;
        let fact = match line.kind {
            Kind::Reserved => self.reserved(line, flags, &mut detail)?,
            Kind::Extended => Fact::Extended {
                id: line.call()?,
                amount: line.amount()?,
                max_output_tokens: detail.small()?,
                deadline: deadline(line.at, detail.signed()?)?,
            },
            Kind::Settled => self.settled(line, flags, &mut detail)?,
            Kind::Released => Fact::Released { id: line.call()?, reason: self.text(&mut detail)? },
            Kind::Orphaned => Fact::Orphaned {
                id: line.call()?,
                seen: line.amount()?,
                reason: self.text(&mut detail)?,
                request: self.request(flags & 1 != 0, &mut detail)?,
            },
            Kind::Resolved => Fact::Resolved {
                id: line.call()?,
                amount: line.amount()?,
                overrun: usd(detail.signed()?),
                reason: self.text(&mut detail)?,
                source: match flags & 1 {
                    0 => None,
                    _ => Some(self.source(&mut detail)?),
                },
            },
            Kind::Corrected => Fact::Corrected(Correct {
                id: decision(line.id()?)?,
                reason: self.text(&mut detail)?,
                of: self.reference(&mut detail)?,
                delta: line.amount()?,
            }),
            Kind::Adjusted => Fact::Adjusted {
                request: self
                    .request(true, &mut detail)?
                    .ok_or(spoilt("an adjustment names no request"))?,
                of: self.reference(&mut detail)?,
                delta: line.amount()?,
            },
            Kind::Imported => self.imported(line, flags, &mut detail)?,
            Kind::Adopted => Fact::Adopted(self.names.policy_of(self.connection, line.number()?)?),
            Kind::Opened => Fact::Opened {
                budget: self.names.budget_of(self.connection, line.number()?)?,
                start: exact(detail.signed()?)?,
                end: exact(detail.signed()?)?,
                label: detail.text()?.into(),
            },
            Kind::Raised => self.raised(line, flags, &mut detail)?,
            Kind::Closed => closed(flags, &mut detail)?,
            Kind::ClockReset => {
                let before = (flags & 1 != 0).then(|| detail.signed()).transpose()?;
                Fact::ClockReset { before: before.map(exact).transpose()? }
            }
            Kind::Confirmed
            | Kind::WouldDeny
            | Kind::Reversed
            | Kind::Rebooked
            | Kind::TierReached
            | Kind::KeyAdded => self.later(line, flags, &mut detail)?,
        };
        detail.end()?;
        Ok(fact)
    }

    fn reserved(
        &mut self,
        line: &Line,
        flags: u8,
        detail: &mut Reader<'_>,
    ) -> Result<Fact, Spoilt> {
        let (id, amount) = (line.call()?, line.amount()?);
        let max_output_tokens = detail.small()?;
        let deadline = deadline(line.at, detail.signed()?)?;
        let holder = (flags & 2 != 0).then(|| self.holder(detail)).transpose()?;
        let fingerprint = if flags & 1 == 0 {
            let path = self.path(line.path.ok_or(spoilt("a reserve has no path"))?)?;
            usual_reserve(id, &path, amount, max_output_tokens)
        } else {
            detail.array()?
        };
        Ok(Fact::Reserved { id, fingerprint, amount, max_output_tokens, deadline, holder })
    }

    fn settled(&mut self, line: &Line, flags: u8, detail: &mut Reader<'_>) -> Result<Fact, Spoilt> {
        let (id, amount, is_estimate) = (line.call()?, line.amount()?, flags & 1 != 0);
        let request = self.request(flags & 2 != 0, detail)?;
        let metered = self.metered(flags & 4 != 0, detail)?;
        let (overrun, fingerprint) = if flags & 8 == 0 {
            let (_, opening) = line.opening().ok_or(spoilt("the reserve of a call is missing"))?;
            let overrun = more_than(amount, opening.amount).ok_or(spoilt("a sum overflows"))?;
            (overrun, usual_settle(id, amount, is_estimate, request.clone()))
        } else {
            (usd(detail.signed()?), detail.array()?)
        };
        Ok(Fact::Settled { id, fingerprint, amount, overrun, is_estimate, request, metered })
    }

    fn imported(
        &mut self,
        line: &Line,
        flags: u8,
        detail: &mut Reader<'_>,
    ) -> Result<Fact, Spoilt> {
        let (revision, size) = (detail.small()?, detail.number()?);
        let copy_of = match flags & 1 {
            0 => None,
            _ => Some(reservation(detail.array()?)?),
        };
        Ok(Fact::Imported {
            source: self.names.source_of(self.connection, line.number()?)?,
            revision,
            amount: line.amount,
            size,
            request: self.request(flags & 2 != 0, detail)?,
            copy_of,
            metered: self.metered(flags & 4 != 0, detail)?,
            origin: match flags & 8 {
                0 => None,
                _ => Some(Arc::new(self.origin(detail)?)),
            },
        })
    }

    fn raised(&mut self, line: &Line, flags: u8, detail: &mut Reader<'_>) -> Result<Fact, Spoilt> {
        Ok(Fact::Raised(Raise {
            id: decision(line.id()?)?,
            budget: self.names.budget_of(self.connection, detail.small()?)?,
            amount: line.amount()?,
            until: exact(detail.signed()?)?,
            reason: self.text(detail)?,
            signature: match flags & 1 {
                0 => None,
                _ => Some((detail.text()?.into(), detail.bytes()?.into())),
            },
        }))
    }

    pub(super) fn path(&mut self, number: i64) -> Result<Arc<SpendPath>, Spoilt> {
        self.names.path_of(self.connection, number)
    }

    pub(super) fn text(&mut self, detail: &mut Reader<'_>) -> Result<Arc<str>, Spoilt> {
        self.names.text_of(self.connection, detail.small()?)
    }

    fn holder(&mut self, detail: &mut Reader<'_>) -> Result<Holder, Spoilt> {
        self.names.holder_of(self.connection, detail.small()?)
    }

    fn source(&mut self, detail: &mut Reader<'_>) -> Result<SourceKey, Spoilt> {
        self.names.source_of(self.connection, detail.small()?)
    }

    pub(super) fn request(
        &mut self,
        has_one: bool,
        detail: &mut Reader<'_>,
    ) -> Result<Option<RequestKey>, Spoilt> {
        if !has_one {
            return Ok(None);
        }
        self.names.request_of(self.connection, detail.small()?).map(Some)
    }

    pub(super) fn metered(
        &mut self,
        has_one: bool,
        detail: &mut Reader<'_>,
    ) -> Result<Option<Arc<Metered>>, Spoilt> {
        if !has_one {
            return Ok(None);
        }
        let meter = detail.small()?;
        let units = self.names.units_of(self.connection, meter)?;
        let counts = (0..units).map(|_| detail.small()).collect::<Result<Vec<u64>, _>>()?;
        self.names.metered(self.connection, meter, &counts).map(|metered| Some(Arc::new(metered)))
    }

    pub(super) fn reference(&mut self, detail: &mut Reader<'_>) -> Result<Reference, Spoilt> {
        Ok(match detail.number()? {
            0 => Reference::Call(reservation(detail.array()?)?),
            _ => Reference::Source(self.source(detail)?),
        })
    }
}

fn closed(flags: u8, detail: &mut Reader<'_>) -> Result<Fact, Spoilt> {
    let (start, end) = (exact(detail.signed()?)?, exact(detail.signed()?)?);
    let (label, name) = (detail.text()?.into(), detail.text()?);
    let none = |_| spoilt("a name is none");
    let scope = match flags {
        0 => Scope::Operator,
        1 => Scope::Client(ClientId::new(name).map_err(none)?),
        2 => Scope::Arm(ArmId::new(name).map_err(none)?),
        _ => return Err(spoilt("a scope is unknown")),
    };
    Ok(Fact::Closed(Close { scope, start, end, label }))
}

pub(super) fn usd(pico: i128) -> Money {
    Money::from_pico(pico, Currency::USD)
}

pub(super) fn exact(nanoseconds: i128) -> Result<Timestamp, Spoilt> {
    Timestamp::from_nanosecond(nanoseconds).map_err(|_| spoilt("an instant is out of range"))
}

pub(super) fn reservation(id: [u8; 16]) -> Result<ReservationId, Spoilt> {
    ReservationId::from_bytes(id).map_err(|_| spoilt("an id of a call is none"))
}

pub(super) fn decision(id: [u8; 16]) -> Result<DecisionId, Spoilt> {
    DecisionId::from_bytes(id).map_err(|_| spoilt("an id of a decision is none"))
}
