//! What can be asked of a ledger. Each operation changes everything that it changes, or nothing.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{
    DecisionId, ModelId, Money, PriceContext, ProviderId, RequestId, ReservationId, Usage,
};

use super::keys::PublicKey;
use super::origin::Origin;
use super::spelling::Spelling;
use crate::budget::{BudgetId, InForce, Scope, SpendPath};

/// One operation of a batch; see [`super::Ledger::commit`].
#[derive(Clone, Debug)]
pub enum Operation {
    /// Hold the worst case of a call that is about to be sent.
    Reserve(Reserve),
    /// Hold more, or for longer.
    Extend(Extend),
    /// Book what a call cost, and end its hold.
    Settle(Settle),
    /// End the hold of a call that cost nothing.
    Release(Release),
    /// Give up on calls whose outcome nobody will tell.
    Expire(Expire),
    /// Say what an orphan cost.
    Resolve(Resolve),
    /// Add to what was booked, or take from it.
    Correct(Correct),
    /// Book elsewhere what was booked in the wrong place.
    Reassign(Reassign),
    /// Book usage that was found in a log.
    Append(Append),
    /// Put budgets in force, in place of those before.
    Adopt(Arc<InForce>),
    /// Raise the limit of a budget for a while.
    Raise(Raise),
    /// Close a month, so that its statement never changes.
    Close(Close),
    /// Say with which key the operator signs from now on.
    AddKey(AddKey),
    /// Trust the wall clock again after it leapt.
    ResetClock,
}

/// Hold the worst case of a call that is about to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Reserve {
    /// The caller's id, kept by the caller before the call is sent.
    pub id: ReservationId,
    /// Where the call belongs.
    pub path: Arc<SpendPath>,
    /// The most that it can cost, in USD; never negative.
    pub amount: Money,
    /// The output tokens that the amount covers.
    pub max_output_tokens: u64,
    /// How long from now the outcome may take before the call counts as an orphan.
    pub patience: SignedDuration,
    /// The process that holds it, where its death can be told.
    pub holder: Option<Holder>,
}

impl Reserve {
    /// What must be equal for a retry to be one: path, amount and output tokens. A retry may come
    /// from another process and with another patience.
    pub fn fingerprint(&self) -> [u8; 16] {
        Spelling::of("octorato reserve 1")
            .path(&self.path)
            .money(self.amount)
            .number(self.max_output_tokens)
            .hash()
    }
}

/// A process, so that no later one with its number is taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Holder {
    /// The boot of the machine in which it runs.
    pub boot: [u8; 16],
    /// Its number.
    pub process: u32,
    /// When it started, in the system's own count since the boot.
    pub started: u64,
}

/// Hold more, or for longer. Both are totals, not additions, so that a retry has no effect; neither
/// ever shrinks.
#[derive(Clone, Debug, PartialEq)]
pub struct Extend {
    /// The open reservation.
    pub id: ReservationId,
    /// The most that the call can cost now, in USD.
    pub amount: Money,
    /// The output tokens that the amount covers.
    pub max_output_tokens: u64,
    /// How long from now the outcome may take.
    pub patience: SignedDuration,
}

/// Book what a call cost, and end its hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Settle {
    /// The reservation; open, or an orphan.
    pub id: ReservationId,
    /// What the call cost, in USD; never negative. More than was held is booked in full.
    pub amount: Money,
    /// Whether the amount is not final: an import with the same request sets it right.
    pub is_estimate: bool,
    /// The provider's name for the call, by which a log's copy is known.
    pub request: Option<RequestKey>,
    /// What was counted and at which prices.
    pub metered: Option<Arc<Metered>>,
}

impl Settle {
    /// What must be equal for a retry to be one: amount, estimate and request.
    pub fn fingerprint(&self) -> [u8; 16] {
        let mut spelling = Spelling::of("octorato settle 1");
        spelling.money(self.amount).number(u64::from(self.is_estimate));
        RequestKey::spell(self.request.as_ref(), &mut spelling);
        spelling.hash()
    }
}

/// A provider's name for one call, the same on the wire and in a log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestKey {
    /// The provider.
    pub provider: ProviderId,
    /// Its id of the request.
    pub request: RequestId,
}

impl RequestKey {
    fn spell(key: Option<&Self>, spelling: &mut Spelling) {
        spelling
            .maybe(key.map(|key| key.provider.as_str()))
            .maybe(key.map(|key| key.request.as_str()));
    }
}

/// What was counted of a call, and at which prices it was charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metered {
    /// Who bills.
    pub provider: Option<ProviderId>,
    /// The model that answered.
    pub model: ModelId,
    /// The counts.
    pub usage: Usage,
    /// What selects a price other than the standard one.
    pub context: PriceContext,
    /// The price book, by its full id.
    pub book: Arc<str>,
}

/// End the hold of a call that cost nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// The open reservation.
    pub id: ReservationId,
    /// Why it cost nothing: it was not sent, or the provider refused it.
    pub reason: Arc<str>,
}

/// Give up on open calls: they become orphans, and what they can cost at most stays held.
#[derive(Clone, Debug, PartialEq)]
pub enum Expire {
    /// All whose patience has run out by the ledger's clock; 10,000 at once, the rest when asked
    /// again.
    Overdue,
    /// All of a process that the caller knows to be dead; 10,000 at once as well.
    Holder(Holder),
    /// One whose outcome its holder will never learn: cut, cancelled, or answered by nobody.
    Call {
        /// The reservation; open, or already an orphan of which less was seen.
        id: ReservationId,
        /// What was seen of its cost, in USD: booked as an estimate. The rest stays held.
        seen: Money,
        /// The provider's name for the call, where it was told.
        request: Option<RequestKey>,
        /// What happened.
        reason: Arc<str>,
    },
}

/// Say what an orphan cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolve {
    /// The orphan.
    pub id: ReservationId,
    /// What it cost, in USD; never negative.
    pub amount: Money,
    /// How that is known.
    pub reason: Arc<str>,
}

/// What a correction is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// A call whose hold has ended.
    Call(ReservationId),
    /// Imported usage.
    Source(SourceKey),
}

impl Reference {
    fn spell(&self, spelling: &mut Spelling) {
        match self {
            Self::Call(id) => spelling.text("call").bytes(&id.to_bytes()),
            Self::Source(source) => spelling.text("source").text(&source.reader).text(&source.key),
        };
    }
}

/// Add to what was booked, or take from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Correct {
    /// The caller's id of this correction.
    pub id: DecisionId,
    /// What is corrected.
    pub of: Reference,
    /// What is added, in USD; negative takes away.
    pub delta: Money,
    /// Why.
    pub reason: Arc<str>,
}

impl Correct {
    /// What must be equal for a retry to be one: all of it.
    pub fn fingerprint(&self) -> [u8; 16] {
        let mut spelling = Spelling::of("octorato correct 1");
        self.of.spell(&mut spelling);
        spelling.money(self.delta).text(&self.reason).hash()
    }
}

/// Book elsewhere what was booked in the wrong place.
#[derive(Clone, Debug, PartialEq)]
pub struct Reassign {
    /// The caller's id of this decision.
    pub id: DecisionId,
    /// What is moved, with its adjustments and corrections.
    pub of: Reference,
    /// Where it belongs.
    pub to: Arc<SpendPath>,
    /// Why. Both owners can be shown it: it should name neither.
    pub reason: Arc<str>,
}

impl Reassign {
    /// What must be equal for a retry to be one: all of it.
    pub fn fingerprint(&self) -> [u8; 16] {
        let mut spelling = Spelling::of("octorato reassign 1");
        self.of.spell(&mut spelling);
        spelling.path(&self.to).text(&self.reason).hash()
    }
}

/// One source of imported usage: what a reader calls the same message in every copy of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceKey {
    /// The reader, such as `claude-code`.
    pub reader: Arc<str>,
    /// The message by that reader's own rule: its id and what tells it from others with this id.
    pub key: Arc<str>,
}

/// Book usage that was found in a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    /// Its source. A later, larger snapshot of the same source adds the difference.
    pub source: SourceKey,
    /// When it was used. It may lie in a period that has ended.
    pub at: Timestamp,
    /// Where it belongs. Only the first snapshot's counts: an owner is not changed by an import.
    pub path: Arc<SpendPath>,
    /// All that it cost, in USD; nothing where it has no price, which is never zero.
    pub amount: Option<Money>,
    /// How much was counted (all tokens and things): what makes one snapshot larger than another.
    pub size: u128,
    /// The provider's name for the call, by which the live meter's entry is known.
    pub request: Option<RequestKey>,
    /// What was counted and at which prices.
    pub metered: Option<Arc<Metered>>,
    /// Where it was found, and why it is whose it is.
    pub origin: Option<Arc<Origin>>,
}

/// Raise the limit of a budget for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Raise {
    /// The caller's id of this decision.
    pub id: DecisionId,
    /// The budget.
    pub budget: BudgetId,
    /// What is added to the limit, in USD; positive.
    pub amount: Money,
    /// Until when, by the ledger's clock.
    pub until: Timestamp,
    /// Why.
    pub reason: Arc<str>,
    /// The signature of whoever decided, with the id of the key. A ledger that has a key takes none
    /// but that key's, and no raise without.
    pub signature: Option<(Arc<str>, Arc<[u8]>)>,
}

impl Raise {
    /// What must be equal for a retry to be one: all but the signature.
    pub fn fingerprint(&self) -> [u8; 16] {
        Spelling::of("octorato raise 1")
            .bytes(self.budget.bytes())
            .money(self.amount)
            .bytes(&self.until.as_nanosecond().to_be_bytes())
            .text(&self.reason)
            .hash()
    }
}

/// Close a month, so that its statement never changes: what is dated in it later keeps its date and
/// counts in what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Close {
    /// Whose.
    pub scope: Scope,
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it; not after the ledger's clock.
    pub end: Timestamp,
    /// Its name, such as `2026-10`.
    pub label: Arc<str>,
}

/// Say with which key the operator signs from now on: the first key of a ledger, or one in the place
/// of the last.
#[derive(Clone, Debug, PartialEq)]
pub struct AddKey {
    /// The caller's id of this decision. That of the first key is the name of the ledger in all that
    /// is signed of it.
    pub id: DecisionId,
    /// The key.
    pub public: PublicKey,
    /// The key in whose place it comes; nothing for the first.
    pub replaces: Option<PublicKey>,
    /// The signature of that key over
    /// [`rotation_statement`](super::keys::rotation_statement); nothing for the first.
    pub signature: Option<Arc<[u8]>>,
}

impl AddKey {
    /// What must be equal for a retry to be one: the two keys.
    pub fn fingerprint(&self) -> [u8; 16] {
        let mut spelling = Spelling::of("octorato key 1");
        spelling.bytes(&self.public.to_bytes());
        if let Some(replaces) = self.replaces {
            spelling.bytes(&replaces.to_bytes());
        }
        spelling.hash()
    }
}
