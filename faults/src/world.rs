//! The ledger of the tests: five budgets, one below the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::SignedDuration;
use octorato_core::{ArmId, Arms, ClientId, Currency, Money};
use octorato_finops::budget::{
    Action, Budget, Cycle, InForce, Policy, Scope, Selector, Selectors, Tiers,
};
use octorato_finops::ledger::edge::SystemClock;
use octorato_finops::ledger::{
    Ledger, Operation, Options, Reserve, SpendPath, SqliteLedger, fresh_reservation,
};

pub(crate) fn usd(text: &str) -> Result<Money> {
    Ok(Money::parse(text, Currency::USD)?)
}

pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("ledger.db")
}

pub(crate) fn options(deadline: Duration) -> Options {
    Options { deadline, clock: Arc::new(SystemClock::new()), ..Options::default() }
}

/// A folder for one test, in memory where there is such a place: what the disk does is simulated.
pub(crate) fn scratch() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    Ok(made?)
}

pub(crate) fn open(folder: &Path) -> octorato_core::Result<SqliteLedger> {
    SqliteLedger::open(&database(folder), options(Duration::from_secs(20)))
}

/// Makes a ledger in which operator, client, arm, project and agent each have the same cap.
pub(crate) fn make(folder: &Path, cap: &str) -> Result<SqliteLedger> {
    let ledger = SqliteLedger::create(&database(folder), options(Duration::from_secs(20)))?;
    let (client, arm) = (ClientId::new("acme")?, ArmId::new("acme-web")?);
    let over = |scope, selectors| -> Result<Budget> {
        let tiers = Tiers::new(Some(Action::HardStop), None, Vec::new())?;
        Ok(Budget::new(scope, Cycle::Total, usd(cap)?, tiers)?.matching(selectors))
    };
    let project = Selectors::default().with(Selector::Project, "site")?;
    let agent = Selectors::default().with(Selector::Project, "site")?;
    let agent = agent.with(Selector::Agent, "researcher")?;
    let budgets = vec![
        over(Scope::Operator, Selectors::default())?,
        over(Scope::Client(client), Selectors::default())?,
        over(Scope::Arm(arm.clone()), Selectors::default())?,
        over(Scope::Arm(arm.clone()), project)?,
        over(Scope::Arm(arm), agent)?,
    ];
    let policy = Policy::of(budgets, &Arms::none())?;
    let in_force = InForce::of(&policy, &Arms::none())?;
    for answer in ledger.commit(&[Operation::Adopt(Arc::new(in_force))])? {
        answer?;
    }
    Ok(ledger)
}

/// A call that all five budgets judge.
pub(crate) fn call(amount: &str) -> Result<Reserve> {
    let path = SpendPath {
        project: Some("site".into()),
        agent: Some("researcher".into()),
        ..SpendPath::of_arm(ClientId::new("acme")?, ArmId::new("acme-web")?)
    };
    Ok(Reserve {
        id: fresh_reservation(jiff::Timestamp::now())?,
        path: Arc::new(path),
        amount: usd(amount)?,
        max_output_tokens: 1_000,
        patience: SignedDuration::from_mins(15),
        holder: None,
    })
}
