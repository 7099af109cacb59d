//! Both engines behind one face: reserve, settle, and the sums at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use jiff::SignedDuration;
use octorato::core::{ArmId, Arms, ClientId, Currency, Money, ReservationId};
use octorato::finops::budget::{
    Action, Budget, Cycle, InForce, Percent, Policy, Scope, Selector, Selectors, SpendPath, Tiers,
};
use octorato::finops::ledger::{
    Ledger, Operation, Options, Reserve, Settle, SqliteLedger, fresh_reservation,
};

use super::naive::Naive;
use super::run::{ARMS, COST, HELD};

/// A store that is open in this process.
pub(super) enum Engine {
    Octorato { ledger: Arc<SqliteLedger>, depth: usize },
    Naive(PathBuf),
}

impl Engine {
    pub(super) fn create(name: &str, path: &Path, depth: usize) -> Result<()> {
        if name == "naive" {
            return Naive::create(path, ARMS);
        }
        let ledger = SqliteLedger::create(path, options())?;
        let in_force = InForce::of(&policy(depth)?, &Arms::none())?;
        for answer in ledger.commit(&[Operation::Adopt(Arc::new(in_force))])? {
            answer?;
        }
        Ok(())
    }

    pub(super) fn open(name: &str, path: &Path, depth: usize) -> Result<Self> {
        Ok(match name {
            "naive" => Self::Naive(path.to_owned()),
            "octorato" => {
                let ledger = Arc::new(SqliteLedger::open(path, options())?);
                Self::Octorato { ledger, depth }
            }
            _ => bail!("no such engine: {name}"),
        })
    }

    /// What one thread works with.
    pub(super) fn worker(&self) -> Result<Worker> {
        Ok(match self {
            Self::Naive(path) => Worker::Naive(Naive::open(path)?),
            Self::Octorato { ledger, depth } => {
                let paths = (0..ARMS).map(|arm| path(arm, *depth)).collect::<Result<_>>()?;
                Worker::Octorato { ledger: ledger.clone(), paths }
            }
        })
    }

    /// All that is booked and all that is held, in microdollars.
    pub(super) fn sums(&self) -> Result<(i128, i128)> {
        let (ledger, depth) = match self {
            Self::Naive(path) => return Naive::open(path)?.sums(),
            Self::Octorato { ledger, depth } => (ledger, depth),
        };
        let mut sums = (0, 0);
        for standing in ledger.standings()? {
            let held = standing.open.checked_add(standing.orphaned)?;
            sums.0 += standing.spent.pico();
            sums.1 += held.pico();
        }
        let levels = i128::try_from(*depth)?;
        ensure!(sums.0 % levels == 0, "the levels of the hierarchy differ");
        Ok((sums.0 / levels / 1_000_000, sums.1 / levels / 1_000_000))
    }
}

/// A thread's hand on a store.
pub(super) enum Worker {
    Octorato { ledger: Arc<SqliteLedger>, paths: Vec<Arc<SpendPath>> },
    Naive(Naive),
}

impl Worker {
    /// Reserves and settles one call; keeps how long each took.
    pub(super) fn pair(&mut self, arm: u64, times: &mut Vec<Duration>) -> Result<()> {
        let id = fresh_reservation(jiff::Timestamp::now())?;
        let started = Instant::now();
        match self {
            Self::Naive(naive) => naive.reserve(id.to_bytes(), arm, HELD, 0)?,
            Self::Octorato { ledger, paths } => {
                let path = paths.get(usize::try_from(arm)?).context("no such arm")?;
                let decision = ledger.reserve(reserve(id, path))?;
                ensure!(decision.granted().is_some(), "denied: {decision:?}");
            }
        }
        times.push(started.elapsed());
        let started = Instant::now();
        match self {
            Self::Naive(naive) => naive.settle(id.to_bytes(), arm, (HELD, COST), 0)?,
            Self::Octorato { ledger, .. } => drop(ledger.settle(settle(id))?),
        }
        times.push(started.elapsed());
        Ok(())
    }
}

/// A reserve as a runtime makes it.
pub(super) fn reserve(id: ReservationId, path: &Arc<SpendPath>) -> Reserve {
    Reserve {
        id,
        path: path.clone(),
        amount: micros(HELD),
        max_output_tokens: 4_096,
        patience: SignedDuration::from_mins(15),
        holder: None,
    }
}

/// A settle for less than was held.
pub(super) fn settle(id: ReservationId) -> Settle {
    Settle { id, amount: micros(COST), is_estimate: false, request: None, metered: None }
}

pub(super) fn micros(amount: i64) -> Money {
    Money::from_pico(i128::from(amount) * 1_000_000, Currency::USD)
}

fn options() -> Options {
    Options { deadline: Duration::from_mins(1), ..Options::default() }
}

fn arm(number: u64) -> Result<(ClientId, ArmId)> {
    Ok((ClientId::new(&format!("client-{}", number / 10))?, ArmId::new(&format!("arm-{number}"))?))
}

/// Where calls of an arm belong.
pub(super) fn path(number: u64, depth: usize) -> Result<Arc<SpendPath>> {
    let (client, arm) = arm(number)?;
    let mut path = SpendPath::of_arm(client, arm);
    if depth > 1 {
        path.project = Some("site".into());
        path.agent = Some("researcher".into());
    }
    Ok(Arc::new(path))
}

/// A hard cap for every arm; five levels are operator, client, arm, project and agent.
pub(super) fn policy(depth: usize) -> Result<Policy> {
    let cap = Money::parse("1000000000", Currency::USD)?;
    let budget = |scope| -> Result<Budget> {
        let tiers = Tiers::new(Some(Action::HardStop), None::<Percent>, Vec::new())?;
        Ok(Budget::new(scope, Cycle::MONTHLY, cap, tiers)?)
    };
    let mut budgets = Vec::new();
    if depth > 1 {
        budgets.push(budget(Scope::Operator)?);
    }
    for number in 0..ARMS {
        let (client, arm) = arm(number)?;
        if depth > 1 && number % 10 == 0 {
            budgets.push(budget(Scope::Client(client))?);
        }
        budgets.push(budget(Scope::Arm(arm.clone()))?);
        if depth > 1 {
            for (selector, value) in [(Selector::Project, "site"), (Selector::Agent, "researcher")]
            {
                let matching = Selectors::default().with(selector, value)?;
                budgets.push(budget(Scope::Arm(arm.clone()))?.matching(matching));
            }
        }
    }
    Ok(Policy::of(budgets, &Arms::none())?)
}
