//! The arms, budgets and paths of the tests.

use std::sync::Arc;

use jiff::tz::TimeZone;
use octorato_core::{ArmId, Civil, ClientId, Currency, Money};
use rust_decimal::Decimal;

use crate::ledger::{Budget, BudgetIdentity, Policy, Scope, Selector, SpendPath, Window};

pub(crate) fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

pub(crate) fn cents(cents: i128) -> Money {
    Money::from_pico(cents * 10_000_000_000, Currency::USD)
}

pub(crate) fn arm(name: &str) -> Scope {
    Scope::Arm(ArmId::new(name).unwrap())
}

/// A monthly budget in UTC with a hard stop at its cap.
pub(crate) fn budget(scope: Scope, cap: &str) -> Budget {
    Budget {
        name: scope.to_string().into(),
        identity: BudgetIdentity {
            scope,
            selector: Selector::default(),
            window: Window::Civil(Civil::Month),
            zone: TimeZone::UTC,
        },
        cap: usd(cap),
        hard_stop_pct: Some(Decimal::ONE_HUNDRED),
        tiers: Vec::new(),
    }
}

pub(crate) fn over(mut budget: Budget, window: Window, zone: &str) -> Budget {
    budget.identity.window = window;
    budget.identity.zone = TimeZone::get(zone).unwrap();
    budget.name = format!("{} {} {zone}", budget.identity.scope, window.name()).into();
    budget
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
pub(crate) fn policy(number: u8) -> Arc<Policy> {
    let client = |name: &str| Scope::Client(ClientId::new(name).unwrap());
    let mut budgets = vec![
        budget(Scope::Operator, "9"),
        budget(client("acme"), "5"),
        budget(arm("acme-web"), if number == 3 { "1" } else { "3" }),
        budget(arm("acme-app"), "4"),
        budget(arm("zeta"), "4"),
    ];
    let web = || budget(arm("acme-web"), "2");
    let zeta = || budget(arm("zeta"), "2.50");
    let mut researchers = over(budget(Scope::Operator, "3"), Window::Total, "UTC");
    researchers.identity.selector.agent = Some("researcher".into());
    match number {
        0 => budgets.extend([
            over(web(), Window::Civil(Civil::Day), "America/Mexico_City"),
            over(zeta(), Window::Rolling { hours: 24 }, "UTC"),
            over(zeta(), Window::Session, "UTC"),
        ]),
        1 => budgets.extend([
            researchers,
            over(web(), Window::Civil(Civil::Week), "Europe/Rome"),
            over(web(), Window::Hour, "Australia/Lord_Howe"),
        ]),
        2 => budgets.extend([
            over(web(), Window::Civil(Civil::Day), "America/Mexico_City"),
            over(zeta(), Window::MonthFrom(31), "Africa/Cairo"),
            over(budget(Scope::Operator, "2"), Window::Run, "UTC"),
        ]),
        _ => {
            budgets.extend([researchers, over(zeta(), Window::Rolling { hours: 168 }, "UTC")]);
            let soft = over(web(), Window::Civil(Civil::Year), "Asia/Kolkata");
            budgets.push(Budget { hard_stop_pct: None, ..soft });
        }
    }
    Arc::new(Policy::new(budgets).unwrap())
}
