//! A ledger in memory with a guard before it, and a store that fails when told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use octorato_core::{ArmId, Arms, ClientId, Error, ErrorKind, Money, ReservationId, Result};

use crate::budget::{Budget, Declared, InForce, OnError, Policy, SpendPath, Unpriced};
use crate::guard::{ArmGuard, Asked, CallSpec, Denial, Guard, Options, Reservation, Reserved};
use crate::ledger::conformance::TestClock;
use crate::ledger::{
    Answer, Ask, Balance, Batch, Call, Entry, Imported, Ledger, MemoryLedger, Note, Operation,
    Raise, Reading, SourceKey, Standing, Verdict, Verification,
};
use crate::price::{Overlays, PriceBook};

pub(super) use crate::ledger::conformance::world::{arm, budget, cents, client, usd};

pub(super) const START: &str = "2026-11-20T12:00:00Z";
pub(super) const SONNET: &str = "claude-sonnet-4-5";

pub(super) struct World {
    pub(super) clock: TestClock,
    pub(super) store: Arc<Flaky>,
    pub(super) policy: Arc<InForce>,
    pub(super) guard: Guard,
}

/// No pauses: a store that fails is asked again at once.
pub(super) fn options(clock: &TestClock) -> Options {
    Options {
        clock: Arc::new(clock.clone()),
        store_wait: Duration::ZERO,
        store_pause: Duration::ZERO,
        // Nothing is found by polling: what wakes is what the guard frees.
        busy_poll: Duration::from_hours(1),
        ..Options::default()
    }
}

pub(super) fn prices() -> Arc<PriceBook> {
    Arc::new(PriceBook::on_builtin(Overlays::default()).unwrap())
}

impl World {
    pub(super) fn new(budgets: Vec<Budget>) -> Self {
        Self::declared(Declared { budgets, ..Declared::default() })
    }

    pub(super) fn unpriced(budgets: Vec<Budget>, unpriced: Unpriced) -> Self {
        Self::declared(Declared { unpriced, budgets, ..Declared::default() })
    }

    pub(super) fn on_error(budgets: Vec<Budget>, on_error: OnError) -> Self {
        let on_error = Some(on_error);
        Self::declared(Declared { on_error, budgets, ..Declared::default() })
    }

    fn declared(declared: Declared) -> Self {
        let arms = Arms::none();
        let policy = Policy::new(declared, &arms).unwrap();
        let policy = Arc::new(InForce::of(&policy, &arms).unwrap());
        let clock = TestClock::at(START);
        let store = Arc::new(Flaky::new(Arc::new(MemoryLedger::new(clock.clone()))));
        store.commit(&[Operation::Adopt(policy.clone())]).unwrap();
        let guard = Guard::with(store.clone(), prices(), policy.clone(), options(&clock));
        Self { clock, store, policy, guard }
    }

    /// One dollar a month for the arm `acme-web`.
    pub(super) fn dollar() -> Self {
        Self::new(vec![budget(arm("acme-web"), "1.00")])
    }

    pub(super) fn with(&self, options: Options) -> Guard {
        Guard::with(self.store.clone(), prices(), self.policy.clone(), options)
    }

    pub(super) fn acme(&self) -> ArmGuard {
        acme(&self.guard)
    }

    /// The first budget.
    pub(super) fn standing(&self) -> Standing {
        self.store.standings().unwrap().remove(0)
    }

    /// Spent, open and orphaned of the first budget, in text.
    pub(super) fn sums(&self) -> [String; 3] {
        let Standing { spent, open, orphaned, .. } = self.standing();
        [spent.to_string(), open.to_string(), orphaned.to_string()]
    }

    pub(super) fn state(&self, id: ReservationId) -> &'static str {
        self.store.call(id).unwrap().unwrap().outcome.state.name()
    }
}

pub(super) fn acme(guard: &Guard) -> ArmGuard {
    guard.arm(ClientId::new("acme").unwrap(), ArmId::new("acme-web").unwrap())
}

pub(super) fn acme_path() -> SpendPath {
    SpendPath::of_arm(ClientId::new("acme").unwrap(), ArmId::new("acme-web").unwrap())
}

pub(super) fn at_most(amount: Money) -> CallSpec {
    CallSpec::of(Asked::at_most(amount))
}

/// A call that can cost 0.06 at least and `0.000015` for each token of output.
pub(super) fn sonnet(output: u64) -> CallSpec {
    CallSpec::of(Asked::tokens(SONNET, 10_000, output))
}

pub(super) fn granted(reserved: Result<Reserved>) -> Reservation {
    match reserved.unwrap() {
        Reserved::Granted(reservation) => reservation,
        other => panic!("{other:?}"),
    }
}

pub(super) fn denied(reserved: Result<Reserved>) -> Denial {
    match reserved.unwrap() {
        Reserved::Busy(denial) | Reserved::Exhausted(denial) => denial,
        other => panic!("{other:?}"),
    }
}

/// A store that fails when it is told to.
pub(super) struct Flaky {
    inner: Arc<dyn Ledger>,
    is_down: AtomicBool,
    /// So many commits still fail.
    failures: AtomicU32,
    /// Whether a commit takes effect before it fails.
    takes_effect: AtomicBool,
}

impl Flaky {
    fn new(inner: Arc<dyn Ledger>) -> Self {
        Self {
            inner,
            is_down: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            takes_effect: AtomicBool::new(false),
        }
    }

    pub(super) fn down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// The next commits fail, after they took effect or without that.
    pub(super) fn fails(&self, times: u32, takes_effect: bool) {
        self.failures.store(times, Ordering::SeqCst);
        self.takes_effect.store(takes_effect, Ordering::SeqCst);
    }

    fn up(&self) -> Result<()> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "the disk is gone"));
        }
        Ok(())
    }
}

impl Ledger for Flaky {
    fn commit_batch(&self, batch: &Batch<'_>) -> Result<Vec<Result<Answer>>> {
        self.up()?;
        let less = |left: u32| left.checked_sub(1);
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            if self.takes_effect.load(Ordering::SeqCst) {
                self.inner.commit_batch(batch)?;
            }
            return Err(Error::new(ErrorKind::Unavailable, "the answer is lost"));
        }
        self.inner.commit_batch(batch)
    }

    fn check(&self, asks: &[Ask]) -> Result<Vec<Verdict>> {
        self.up()?;
        self.inner.check(asks)
    }

    fn standings(&self) -> Result<Vec<Standing>> {
        self.inner.standings()
    }

    fn in_force(&self) -> Result<Arc<InForce>> {
        self.up()?;
        self.inner.in_force()
    }

    fn raises(&self) -> Result<Vec<Raise>> {
        self.inner.raises()
    }

    fn time(&self) -> Result<Reading> {
        self.inner.time()
    }

    fn balances(&self) -> Result<Vec<Balance>> {
        self.inner.balances()
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>> {
        self.inner.entries(after, limit)
    }

    fn call(&self, id: ReservationId) -> Result<Option<Call>> {
        self.up()?;
        self.inner.call(id)
    }

    fn outstanding(&self) -> Result<Vec<Call>> {
        self.up()?;
        self.inner.outstanding()
    }

    fn imported_all(&self, sources: &[SourceKey]) -> Result<Vec<Option<Imported>>> {
        self.inner.imported_all(sources)
    }

    fn note(&self, name: &str) -> Result<Option<Arc<[u8]>>> {
        self.inner.note(name)
    }

    fn notes(&self, prefix: &str, limit: usize) -> Result<Vec<Note>> {
        self.inner.notes(prefix, limit)
    }

    fn replay(&self) -> Result<Vec<Balance>> {
        self.inner.replay()
    }

    fn verify(&self) -> Result<Verification> {
        self.inner.verify()
    }
}
