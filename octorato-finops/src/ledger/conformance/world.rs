//! The arms, budgets and paths of the tests.

use std::sync::Arc;

use jiff::tz::TimeZone;
use octorato_core::{ArmId, Arms, ClientId, Currency, Money};

use crate::budget::{
    Action, Basis, Budget, Cycle, DayOfMonth, InForce, Percent, Policy, Rolling, Scope, Selector,
    Selectors, SpendPath, Tier, Tiers,
};

pub(crate) fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

pub(crate) fn cents(cents: i128) -> Money {
    Money::from_pico(cents * 10_000_000_000, Currency::USD)
}

pub(crate) fn arm(name: &str) -> Scope {
    Scope::Arm(ArmId::new(name).unwrap())
}

pub(crate) fn client(name: &str) -> Scope {
    Scope::Client(ClientId::new(name).unwrap())
}

pub(crate) fn rolling(hours: u32) -> Cycle {
    Cycle::Rolling(Rolling::new(hours).unwrap())
}

pub(crate) fn month_from(day: u64) -> Cycle {
    Cycle::Monthly(DayOfMonth::new(day).unwrap())
}

/// What happens at the cap, and nothing before.
pub(crate) fn tiers(action: Action) -> Tiers {
    Tiers::new(Some(action), None, Vec::new()).unwrap()
}

/// A monthly budget in UTC with a hard stop at its cap.
pub(crate) fn budget(scope: Scope, cap: &str) -> Budget {
    over(scope, cap, Cycle::MONTHLY, "UTC")
}

/// A budget with a hard stop at its cap.
pub(crate) fn over(scope: Scope, cap: &str, cycle: Cycle, zone: &str) -> Budget {
    let zone = TimeZone::get(zone).unwrap();
    Budget::new(scope, cycle, usd(cap), tiers(Action::HardStop)).unwrap().in_zone(zone)
}

/// The same with an alert at so many per cent.
pub(crate) fn with_an_alert(budget: &Budget, at_pct: i64) -> Budget {
    let alert = Tier { at: Percent::new(at_pct.into()).unwrap(), action: Action::Alert };
    let tiers = Tiers::new(Some(Action::HardStop), None, vec![alert]).unwrap();
    let (scope, cycle) = (budget.scope().clone(), budget.cycle());
    let zone = budget.zone().clone();
    Budget::new(scope, cycle, budget.cap(), tiers).unwrap().in_zone(zone)
}

pub(crate) fn of_researchers(budget: Budget) -> Budget {
    budget.matching(Selectors::default().with(Selector::Agent, "researcher").unwrap())
}

pub(crate) fn in_force(budgets: Vec<Budget>) -> Arc<InForce> {
    let arms = Arms::none();
    Arc::new(InForce::of(&Policy::of(budgets, &arms).unwrap(), &arms).unwrap())
}

/// Three arms of two clients, and spend of nobody; below them two sessions and two kinds of agents.
pub(crate) fn path(number: u8) -> Arc<SpendPath> {
    let names = [("acme", "acme-web"), ("acme", "acme-app"), ("zeta", "zeta")];
    let mut path = match names.get(usize::from(number % 4)) {
        Some((client, arm)) => {
            SpendPath::of_arm(ClientId::new(client).unwrap(), ArmId::new(arm).unwrap())
        }
        None => SpendPath::default(),
    };
    path.session = (number & 4 != 0).then(|| format!("s{}", number % 3).into());
    path.agent = (number & 8 != 0).then(|| "researcher".into());
    path.run = (number & 16 != 0).then(|| "run".into());
    Arc::new(path)
}

/// Four policies: the tree of all arms by month is in each, with other budgets beside it.
pub(crate) fn policy(number: u8) -> Arc<InForce> {
    let mut budgets = vec![
        budget(Scope::Operator, "9"),
        with_an_alert(&budget(client("acme"), "5"), 40),
        budget(arm("acme-web"), if number == 3 { "1" } else { "3" }),
        budget(arm("acme-app"), "4"),
        budget(arm("zeta"), "4"),
    ];
    let web = |cycle, zone| over(arm("acme-web"), "2", cycle, zone);
    let zeta = |cycle, zone| over(arm("zeta"), "2.50", cycle, zone);
    let researchers = of_researchers(over(Scope::Operator, "3", Cycle::Total, "UTC"));
    match number {
        0 => budgets.extend([
            web(Cycle::Daily, "America/Mexico_City"),
            with_an_alert(&zeta(rolling(24), "UTC"), 50),
            with_an_alert(&zeta(Cycle::Session, "UTC"), 30),
            over(Scope::Operator, "1.50", Cycle::Daily, "UTC").in_shadow(true),
        ]),
        1 => budgets.extend([
            researchers,
            web(Cycle::from_name("weekly").unwrap(), "Europe/Rome"),
            web(Cycle::Hourly, "Australia/Lord_Howe"),
            Budget::new(client("zeta"), Cycle::MONTHLY, usd("1"), tiers(Action::Warn))
                .unwrap()
                .on_basis(Basis::Allocated),
        ]),
        2 => budgets.extend([
            web(Cycle::Daily, "America/Mexico_City"),
            zeta(month_from(31), "Africa/Cairo"),
            over(Scope::Operator, "2", Cycle::Run, "UTC"),
        ]),
        _ => {
            budgets.extend([researchers, zeta(rolling(168), "UTC")]);
            let yearly = Cycle::from_name("yearly").unwrap();
            let soft = Budget::new(arm("acme-web"), yearly, usd("2"), tiers(Action::Warn));
            budgets.push(soft.unwrap().in_zone(TimeZone::get("Asia/Kolkata").unwrap()));
        }
    }
    in_force(budgets)
}
