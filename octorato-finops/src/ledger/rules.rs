//! The rules of a ledger, once for every store: what is granted, booked, refused and written.
//!
//! Pure, over [`Records`]: a decision looks up, and what it drafts is staged ([`staged`]) and written
//! as one [`Changes`](super::records::Changes).

mod absorb;
mod calls;
mod expire;
mod govern;
mod imports;
mod judge;
mod keys;
mod reading;
mod reassign;
mod spend;
mod staged;
mod tiers;

pub(crate) use self::keys::key_faults;
pub(crate) use self::reading::{
    balances, call, check, imported_all, in_force, outstanding, raises, standings, time,
};

use jiff::Timestamp;
use octorato_core::{Currency, Error, ErrorKind, Money, Result};

use self::staged::Staged;
use super::answer::Answer;
use super::clock::{LedgerTime, Tick};
use super::entry::{Entry, Fact, Posting};
use super::operation::Operation;
use super::records::{Failure, Records};

/// Why an operation goes no further.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The store failed.
    Failed(Error),
    /// A rule refuses it.
    Refused(Error),
}

impl From<Failure> for Stop {
    fn from(Failure(error): Failure) -> Self {
        Self::Failed(error)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Failed(error) | Stop::Refused(error) => error,
        }
    }
}

/// What a rule comes to.
pub(crate) type Ruled<T> = std::result::Result<T, Stop>;

/// An answer, and the entries that it needs.
type Decided = Ruled<(Answer, Vec<Draft>)>;

/// An entry that is not yet in the journal.
#[derive(Debug)]
pub(super) struct Draft {
    fact: Fact,
    postings: Vec<Posting>,
}

/// The rules beside the records that they look at.
#[derive(Debug)]
pub(super) struct Rules<'r, R> {
    records: &'r R,
}

/// The most that one operation can be about: 10^12 USD, which every store can hold.
const MOST: i128 = 1_000_000_000_000_000_000_000_000;

const NOTHING: Money = Money::zero(Currency::USD);

/// Does operations one after the other; see [`super::Ledger::commit`]. The outer error is the
/// store's, after which nothing of it may be kept.
pub(crate) fn commit<R: Records>(
    records: &mut R,
    operations: &[Operation],
    tick: Tick,
) -> Result<Vec<Result<Answer>>> {
    let mut answers = Vec::with_capacity(operations.len());
    for operation in operations {
        answers.push(match operate(records, operation, tick) {
            Ok(answer) => Ok(answer),
            Err(Stop::Refused(error)) => Err(error),
            Err(Stop::Failed(error)) => return Err(error),
        });
    }
    Ok(answers)
}

/// The ledger's time now.
pub(crate) fn now<R: Records>(records: &R, tick: Tick) -> Result<Timestamp> {
    let time = records.time().map_err(|Failure(error)| error)?;
    Ok(time.read(tick).now)
}

/// Takes an entry of a journal that was written before.
pub(crate) fn absorb<R: Records>(records: &mut R, entry: Entry) -> Result<()> {
    let absorbed = |records: &mut R| -> Ruled<()> {
        let time = LedgerTime::of(entry.at, None);
        let mut staged = Staged::new(records, time, entry.sequence)?;
        staged.absorb(entry)?;
        let changes = staged.finish();
        Ok(records.apply(changes)?)
    };
    Ok(absorbed(records)?)
}

fn operate<R: Records>(records: &mut R, operation: &Operation, tick: Tick) -> Ruled<Answer> {
    let mut time = records.time()?;
    let (now, answer, drafts) = if matches!(operation, Operation::ResetClock) {
        let before = time.last();
        time.reset(tick);
        let draft = Draft { fact: Fact::ClockReset { before }, postings: Vec::new() };
        (time.read(tick).now, Answer::Done, vec![draft])
    } else {
        let now = time.read(tick).now;
        let (answer, drafts) = Rules { records }.decide(operation, now)?;
        time.commit(tick);
        (now, answer, drafts)
    };
    if !drafts.is_empty() {
        let next = records.last_sequence()?.saturating_add(1);
        let mut staged = Staged::new(records, time, next)?;
        drafts.into_iter().try_for_each(|draft| staged.write(draft, now))?;
        let changes = staged.finish();
        records.apply(changes)?;
    }
    Ok(answer)
}

impl<'r, R: Records> Rules<'r, R> {
    /// The rules over these records.
    pub(super) fn over(records: &'r R) -> Self {
        Self { records }
    }

    fn decide(&self, operation: &Operation, now: Timestamp) -> Decided {
        match operation {
            Operation::Reserve(reserve) => self.reserve(reserve, now),
            Operation::Extend(extend) => self.extend(extend, now),
            Operation::Settle(settle) => self.settle(settle),
            Operation::Release(release) => self.release(release),
            Operation::Expire(expire) => self.expire(expire, now),
            Operation::Resolve(resolve) => self.resolve(resolve),
            Operation::Correct(correct) => self.correct(correct),
            Operation::Reassign(reassign) => self.reassign(reassign),
            Operation::Append(append) => self.append(append),
            Operation::Adopt(in_force) => self.adopt(in_force),
            Operation::Raise(raise) => self.raise(raise),
            Operation::Close(close) => self.close(close, now),
            Operation::AddKey(add) => self.add_key(add),
            Operation::ResetClock => Ok((Answer::Done, Vec::new())),
        }
    }
}

/// Refuses an amount that no call can cost.
fn amount(amount: Money) -> Result<()> {
    if amount.pico() < 0 {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("an amount is negative: `{amount}`"),
        ));
    }
    any_amount(amount)
}

/// Refuses an amount that is not in USD or that no store could hold.
fn any_amount(amount: Money) -> Result<()> {
    NOTHING.checked_add(amount)?;
    if amount.pico().unsigned_abs() > MOST.unsigned_abs() {
        return Err(Error::new(ErrorKind::Overflow, format!("amount out of range: `{amount}`"))
            .hinted("one entry holds at most 1000000000000 USD"));
    }
    Ok(())
}

fn other_content(id: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Conflict, format!("the id was used for something else: `{id}`"))
        .hinted("a retry must bring the same content, a new operation a new id")
}
