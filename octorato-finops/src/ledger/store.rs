//! The ledger as a trait: what every store of it promises.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{ReservationId, Result};

use super::answer::{Answer, Appended, Ask, Call, Decision, Imported, Outcome, Standing, Verdict};
use super::batch::{Batch, Note};
use super::clock::Reading;
use super::entry::{Balance, Entry};
use super::kind::Kind;
use super::operation::{
    Append, Correct, Expire, Extend, Operation, Raise, Release, Reserve, Resolve, Settle, SourceKey,
};
use super::single;
use crate::budget::InForce;

/// How many entries are looked at at once.
const PAGE: usize = 1_000;

/// A book of what calls may cost and did cost, with caps that hold.
///
/// The journal is only ever added to, and every balance is the sum of the postings of the journal
/// that it covers. A store is shared by threads and, where it can be, by processes; all of them see
/// one order of commits.
///
/// # What every operation keeps
///
/// - It takes effect as a whole or not at all, and an answer is given only once it is durable.
/// - `spent + reserved <= limit` for every budget that denies, after every commit, save where a call
///   cost more than was held, by imports, resolves and corrections, and where a limit was lowered:
///   money that was spent is booked, and what is over its limit grants nothing more.
/// - An operation that is tried again with the same id and the same content has no further effect
///   and gets the stored answer; with other content it is an [`ErrorKind::Conflict`].
/// - Only commits move the ledger's clock, and it never goes back; dates of events do not move it.
/// - All amounts are USD; another currency is an [`ErrorKind::CurrencyMismatch`].
///
/// [`ErrorKind::Conflict`]: octorato_core::ErrorKind::Conflict
/// [`ErrorKind::CurrencyMismatch`]: octorato_core::ErrorKind::CurrencyMismatch
pub trait Ledger: Send + Sync {
    /// Does operations one after the other, each seeing what those before it did, in one durable
    /// commit with one commit time, and keeps the notes with it.
    ///
    /// A note that is too large is an error before anything is done. A batch that is derivable may
    /// be answered before it is durable.
    ///
    /// The answers are in the order of the operations. One that is refused (the inner error) leaves
    /// no trace and does not keep the others from taking effect. The outer error is the store's own:
    /// it cannot be read or written, or did not answer in time
    /// ([`ErrorKind::Unavailable`](octorato_core::ErrorKind::Unavailable)); then nothing is
    /// acknowledged, the effect of each operation is unknown, and trying again by id is safe.
    ///
    /// What each operation does:
    ///
    /// - [`Reserve`]: judged by every budget in force that matches the path, by all of them or none.
    ///   It fits where `spent + reserved + amount <= limit` for each that denies. Granted: the amount
    ///   is held in the periods of this moment. Denied: nothing at all is kept, the answer names
    ///   every budget that failed, and the same id may be tried again.
    /// - [`Extend`]: what is held becomes the larger of before and asked for, in the periods of the
    ///   reserve, if the difference fits there; the deadline becomes the later one. Denied (busy only
    ///   where the calls of others could make room): all stays as it was. Only for open calls.
    /// - [`Settle`]: what was held is freed and what the call cost is booked in full, in the periods
    ///   of the reserve. More than was held is recorded as an overrun, never refused or clamped.
    ///   For open calls and for orphans. Where an import with the same request booked the call
    ///   before, its owner keeps it: the import is adjusted to the exact amount (an estimate
    ///   changes nothing) and only the hold ends here. Where an import has resolved the call, an
    ///   exact amount takes the place of what it told, and an estimate changes nothing. A request
    ///   that belongs to another call is a conflict.
    /// - [`Release`]: what was held is freed. Only for open calls.
    /// - [`Expire`]: open calls become orphans. What was seen is booked, the rest of the worst case
    ///   stays held against the caps until a settle, a resolve or an import. Of an orphan a larger
    ///   `seen` is booked; a smaller or equal one changes nothing. Of a call that has ended nothing
    ///   changes, and the answer says how it ended. Where an import with the request has a price,
    ///   that is what the call cost: it ends as resolved, and the import keeps what it booked.
    /// - [`Resolve`]: an orphan is booked at what it cost. Only for orphans.
    /// - [`Correct`]: the delta is booked at the owner and date of what it corrects. Not for calls
    ///   that are open or orphans.
    /// - [`Reassign`](super::Reassign): all that was booked of a call that has ended, or of an import,
    ///   is reversed at its owner and booked at the new one, at its own date; what comes later of it
    ///   goes there as well. It is never denied.
    /// - [`Append`]: a source that is not known is booked at its own date, opening past periods where
    ///   needed; one that is known adds the difference, as the next revision, if more was counted or
    ///   if it had no price and now has one. With the request of a call that is booked exactly,
    ///   nothing is booked; of an orphan, that is resolved to the amount; of a settled estimate, it
    ///   is adjusted to the amount. An import is never denied.
    /// - [`Operation::Adopt`]: replaces the policy. A budget whose identity is new starts with the
    ///   fold of the journal for its current period, as does every period that is opened later: a
    ///   balance never starts at zero because it was opened late. The answer says what changed; a
    ///   retry changes nothing.
    /// - [`Operation::Raise`]: adds to a budget's limit while the clock is before `until`. Where
    ///   the ledger has a key, it must be signed with it
    ///   ([`ErrorKind::Refused`](octorato_core::ErrorKind::Refused)).
    /// - [`Operation::Close`]: what is dated in a closed month from now on, and in the scope, is
    ///   posted to the first moment after it as a prior-period adjustment; holds are still freed
    ///   where they were made.
    /// - [`AddKey`](super::AddKey): the operator signs with it from here on. The first key is taken
    ///   as it is; a later one must be signed by the one that signs, which it replaces
    ///   ([`ErrorKind::Refused`](octorato_core::ErrorKind::Refused)).
    /// - [`Operation::ResetClock`]: the wall clock is trusted again, for the operations after this
    ///   one and from the next commit on.
    ///
    /// A budget with a hard stop that is a trial never denies: the call is granted, and
    /// [`Fact::WouldDeny`](super::Fact::WouldDeny) is written beside it. After every entry that adds
    /// to what is spent, and after an adoption, each tier that is reached is told by one
    /// [`Fact::TierReached`](super::Fact::TierReached) for each period; sessions and runs are told at
    /// their next spend, rolling periods once in their length.
    ///
    /// A settle, release, extend, expire, resolve or correct of what the ledger does not know is an
    /// [`ErrorKind::NotFound`](octorato_core::ErrorKind::NotFound).
    fn commit_batch(&self, batch: &Batch<'_>) -> Result<Vec<Result<Answer>>>;

    /// [`Ledger::commit_batch`] of operations alone, durable before it answers.
    fn commit(&self, operations: &[Operation]) -> Result<Vec<Result<Answer>>> {
        self.commit_batch(&Batch::of(operations))
    }

    /// What reserves would be answered now, each by itself, and how it stands with the budgets that
    /// judge them. It changes nothing and opens no period.
    fn check(&self, asks: &[Ask]) -> Result<Vec<Verdict>>;

    /// How it stands with every budget in force at this moment, in the order of the policy; budgets
    /// by session or run have one for each that has a balance.
    fn standings(&self) -> Result<Vec<Standing>>;

    /// The budgets in force.
    fn in_force(&self) -> Result<Arc<InForce>>;

    /// The extensions in force at this moment, in the order of the policy.
    fn raises(&self) -> Result<Vec<Raise>>;

    /// The ledger's time, and whether the machine's clock is believed.
    fn time(&self) -> Result<Reading>;

    /// Every balance that was opened, in the order of budget and slot; those of budgets that are no
    /// longer in force are not kept.
    fn balances(&self) -> Result<Vec<Balance>>;

    /// At most `limit` entries after the sequence `after` (0 for the first), in their order.
    /// Whoever has seen an entry is never shown a later one with a smaller sequence, so that a reader
    /// may go on from the last that it saw.
    fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>>;

    /// At most `limit` entries of these kinds after the sequence `after`, in their order. A store may
    /// know where they are; else it looks at all that come after.
    fn entries_of(&self, kinds: &[Kind], after: u64, limit: usize) -> Result<Vec<Entry>> {
        let (mut after, mut found) = (after, Vec::new());
        while found.len() < limit {
            let entries = self.entries(after, PAGE)?;
            let Some(last) = entries.last() else { break };
            after = last.sequence;
            found.extend(entries.into_iter().filter(|one| kinds.contains(&Kind::of(&one.fact))));
        }
        found.truncate(limit);
        Ok(found)
    }

    /// How it stands with one call; nothing where the ledger does not know it.
    fn call(&self, id: ReservationId) -> Result<Option<Call>>;

    /// The calls that are open and the orphans, in the order of their ids.
    fn outstanding(&self) -> Result<Vec<Call>>;

    /// What was imported of sources, in their order; nothing for those that are not known.
    fn imported_all(&self, sources: &[SourceKey]) -> Result<Vec<Option<Imported>>>;

    /// The value of a note; nothing where there is none.
    fn note(&self, name: &str) -> Result<Option<Arc<[u8]>>>;

    /// The first `limit` notes whose names start with `prefix`, in the order of their names.
    fn notes(&self, prefix: &str, limit: usize) -> Result<Vec<Note>>;

    /// What [`balances`](Ledger::balances) must be, computed from the journal alone.
    fn replay(&self) -> Result<Vec<Balance>>;

    /// Checks the store against its journal: the fold, the order of times and sequences, at most one
    /// end of each call, and the store's own proofs.
    fn verify(&self) -> Result<Verification>;

    /// [`Ledger::imported_all`] of one source.
    fn imported(&self, source: &SourceKey) -> Result<Option<Imported>> {
        let found = self.imported_all(std::slice::from_ref(source))?;
        Ok(found.into_iter().next().flatten())
    }

    /// [`Ledger::commit`] of one reserve.
    fn reserve(&self, reserve: Reserve) -> Result<Decision> {
        single::decision(self, Operation::Reserve(reserve))
    }

    /// [`Ledger::commit`] of one extend.
    fn extend(&self, extend: Extend) -> Result<Decision> {
        single::decision(self, Operation::Extend(extend))
    }

    /// [`Ledger::commit`] of one settle.
    fn settle(&self, settle: Settle) -> Result<Outcome> {
        single::outcome(self, Operation::Settle(settle))
    }

    /// [`Ledger::commit`] of one release.
    fn release(&self, release: Release) -> Result<Outcome> {
        single::outcome(self, Operation::Release(release))
    }

    /// [`Ledger::commit`] of one expiry: the calls that became orphans.
    fn expire(&self, expire: Expire) -> Result<Vec<ReservationId>> {
        single::orphaned(self, expire)
    }

    /// [`Ledger::commit`] of one resolve.
    fn resolve(&self, resolve: Resolve) -> Result<Outcome> {
        single::outcome(self, Operation::Resolve(resolve))
    }

    /// [`Ledger::commit`] of one correction.
    fn correct(&self, correct: Correct) -> Result<()> {
        single::answer(self, Operation::Correct(correct)).map(drop)
    }

    /// [`Ledger::commit`] of imports: the answers in their order.
    fn append(&self, imports: Vec<Append>) -> Result<Vec<Result<Appended>>> {
        single::appended(self, imports)
    }
}

/// What [`Ledger::verify`] found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verification {
    /// How many entries were read.
    pub entries: u64,
    /// The time of the last one.
    pub last: Option<Timestamp>,
    /// What is wrong, one sentence each; empty where all is as it must be.
    pub faults: Vec<String>,
}
