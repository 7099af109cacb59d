//! Which budgets judge a call, and what their limits are.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may fail like tests")]

use jiff::tz::TimeZone;
use octorato_core::{Arm, ArmId, Arms, Client, ClientId, Currency, ErrorKind, Money, Rounding};
use octorato_finops::budget::{
    Action, Basis, Budget, Cycle, DayOfMonth, Declared, DefaultBudget, InForce, Mismatch, OnError,
    Percent, Policy, Scope, Selector, Selectors, Sink, SpendPath, Tier, Tiers, Unpriced,
};
use proptest::prelude::*;

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

fn pct(text: &str) -> Percent {
    Percent::new(text.parse().unwrap()).unwrap()
}

fn tiers(action: Action) -> Tiers {
    Tiers::new(Some(action), None, Vec::new()).unwrap()
}

fn arm(id: &str) -> Scope {
    Scope::Arm(ArmId::new(id).unwrap())
}

fn budget(scope: Scope, cap: &str, action: Action) -> Budget {
    Budget::new(scope, Cycle::MONTHLY, usd(cap), tiers(action)).unwrap()
}

fn call(arm: &str, client: &str) -> SpendPath {
    SpendPath {
        arm: Some(ArmId::new(arm).unwrap()),
        client: Some(ClientId::new(client).unwrap()),
        ..SpendPath::default()
    }
}

/// Arms with their clients; `globex` is in Rome.
fn arms(ids: &[(&str, &str)]) -> Arms {
    let mut arms = Arms { zone: TimeZone::get("America/Mexico_City").unwrap(), ..Arms::none() };
    for (id, client) in ids {
        let client = ClientId::new(client).unwrap();
        let rome = TimeZone::get("Europe/Rome").unwrap();
        if arms.client(&client).is_none() {
            arms.clients.push(Client {
                name: client.to_string(),
                zone: (client.as_str() == "globex").then_some(rome),
                id: client.clone(),
                currency: Currency::USD,
                billing: None,
                tax: None,
                address: None,
            });
        }
        arms.arms.push(Arm {
            id: ArmId::new(id).unwrap(),
            client,
            roots: Vec::new(),
            remotes: Vec::new(),
            aliases: Vec::new(),
            zone: None,
        });
    }
    arms
}

fn titles(policy: &Policy, call: &SpendPath) -> Vec<String> {
    policy.matching(call).iter().map(|budget| budget.title()).collect()
}

#[test]
fn a_call_is_judged_by_all_that_match_and_by_none_of_another_arm() {
    let arms = arms(&[("acme-web", "acme"), ("acme-app", "acme"), ("globex", "globex")]);
    let acme = Scope::Client(ClientId::new("acme").unwrap());
    let policy = Policy::of(
        vec![
            budget(Scope::Operator, "5000", Action::HardStop).named("all"),
            budget(acme, "900", Action::Warn).named("acme"),
            budget(arm("acme-web"), "200", Action::HardStop).named("web"),
            budget(arm("globex"), "100", Action::HardStop).named("globex"),
        ],
        &arms,
    )
    .unwrap();
    assert_eq!(titles(&policy, &call("acme-web", "acme")), ["all", "acme", "web"]);
    assert_eq!(titles(&policy, &call("acme-app", "acme")), ["all", "acme"]);
    assert_eq!(titles(&policy, &call("globex", "globex")), ["all", "globex"]);
    assert_eq!(titles(&policy, &SpendPath::default()), ["all"], "nobody's work is the operator's");
    assert_eq!(
        policy.explain(&call("acme-app", "acme")).to_string(),
        "judges it: all: operator, monthly, cap $5000, limit $5000, hard_stop at 100 %\n\
         judges it: acme: client acme, monthly, cap $900, limit $900, warn at 100 %\n\
         does not: web: it is about arm acme-web\n\
         does not: globex: it is about arm globex\n"
    );
}

#[test]
fn the_default_is_for_each_arm_that_no_budget_names() {
    let arms = arms(&[("acme-web", "acme"), ("acme-app", "acme"), ("globex", "globex")]);
    let default = budget(Scope::Operator, "100", Action::Warn);
    let research = Selectors::default().with(Selector::Agent, "researcher").unwrap();
    let policy = Policy::new(
        Declared {
            budgets: vec![
                budget(arm("acme-web"), "10", Action::HardStop).matching(research),
                budget(Scope::Client(ClientId::new("acme").unwrap()), "900", Action::Warn),
            ],
            default: Some(DefaultBudget::new(default, None)),
            ..Declared::default()
        },
        &arms,
    )
    .unwrap();
    let web = call("acme-web", "acme");
    assert_eq!(titles(&policy, &web), ["client acme, monthly"], "a budget names it");
    let app = titles(&policy, &call("acme-app", "acme"));
    assert_eq!(app, ["client acme, monthly", "arm acme-app, monthly"]);
    let [globex] = &policy.matching(&call("globex", "globex"))[..] else { panic!("one") };
    assert_eq!(globex.zone().iana_name(), Some("Europe/Rome"), "its client's zone");
    // An arm that nobody declared does not slip through.
    let unknown = call("new", "new");
    let [new] = &policy.matching(&unknown)[..] else { panic!("one") };
    assert_eq!(new.title(), "arm new, monthly");
    assert_eq!(new.zone().iana_name(), Some("America/Mexico_City"));
    assert!(policy.explain(&unknown).to_string().contains("judges it: arm new, monthly"));
    assert!(policy.matching(&SpendPath::default()).is_empty(), "nobody's work is no arm's");
    // Written out, it is the same budget.
    let written = budget(arm("globex"), "70", Action::HardStop);
    assert_eq!(written.in_zone(TimeZone::get("Europe/Rome").unwrap()).id(), globex.id());
}

#[test]
fn a_budget_per_session_judges_calls_in_a_session() {
    let of = |cycle| Budget::new(Scope::Operator, cycle, usd("5"), tiers(Action::HardStop));
    let (session, run) = (of(Cycle::Session).unwrap(), of(Cycle::Run).unwrap());
    let call = SpendPath { session: Some("s1".into()), ..SpendPath::default() };
    assert!(session.matches(&call));
    assert_eq!(run.mismatch(&call), Some(Mismatch::OutsideOf("run")));
    assert_eq!(session.mismatch(&SpendPath::default()), Some(Mismatch::OutsideOf("session")));
}

#[test]
fn only_an_enforced_hard_stop_denies_and_only_above_the_limit() {
    let hard = budget(arm("a"), "1", Action::HardStop);
    let denies =
        |budget: &Budget, request| budget.denies(usd("0.9"), usd("0.05"), usd(request)).unwrap();
    assert!(!denies(&hard, "0.05"));
    assert!(denies(&hard, "0.050000000001"));
    let trial = hard.clone().in_shadow(true);
    assert!(!denies(&trial, "1"));
    assert!(trial.exceeds(usd("0.9"), usd("0.05"), usd("1")).unwrap(), "it would have denied");
    assert!(!denies(&budget(arm("a"), "1", Action::Warn), "1"));
    let none = budget(arm("a"), "0", Action::HardStop);
    assert!(denies(&none, "0.000000000001"));
    assert!(!none.denies(usd("0"), usd("0"), usd("0")).unwrap());
    let most = Money::from_pico(i128::MAX, Currency::USD);
    assert_eq!(hard.denies(most, most, usd("0")).unwrap_err().kind(), ErrorKind::Overflow);
    let euros = Money::zero(Currency::new("EUR").unwrap());
    assert_eq!(hard.reached(euros).unwrap_err().kind(), ErrorKind::CurrencyMismatch);
}

#[test]
fn tiers_are_reached_at_their_amount_and_once() {
    let tier = |at, action| Tier { at: pct(at), action };
    let steps =
        vec![tier("50", Action::Alert), tier("90", Action::Warn), tier("100", Action::HardStop)];
    let steps = Tiers::new(None, None, steps).unwrap();
    let budget = Budget::new(arm("a"), Cycle::Daily, usd("10"), steps).unwrap();
    let reached = |spent| budget.reached(usd(spent)).unwrap().len();
    assert_eq!(["0", "4.999999999999", "5", "9", "10", "99"].map(reached), [0, 0, 1, 2, 3, 3]);
    let new = |before, after| budget.newly_reached(usd(before), usd(after)).unwrap().to_vec();
    assert_eq!(new("4", "9.5"), budget.tiers().list()[..2]);
    assert_eq!(new("9", "9.5"), []);
    assert_eq!(new("9", "1"), [], "a correction takes no alert back and gives none");
    let nothing = budget_of_nothing();
    assert_eq!(nothing.reached(usd("0")).unwrap(), []);
    assert_eq!(nothing.reached(usd("0.01")).unwrap().len(), 1);
}

fn budget_of_nothing() -> Budget {
    budget(arm("a"), "0", Action::Alert)
}

#[test]
fn identity_is_scope_match_period_zone_and_anchor_and_nothing_else() {
    let base = || budget(arm("a"), "200", Action::HardStop);
    let same = [
        base().named("other"),
        base().in_shadow(true),
        base().on_basis(Basis::Allocated),
        base().telling(vec![]),
        budget(arm("a"), "7", Action::Alert),
    ];
    assert!(same.iter().all(|budget| budget.id() == base().id()));
    let cycle = |cycle| Budget::new(arm("a"), cycle, usd("200"), tiers(Action::HardStop)).unwrap();
    let agent = Selectors::default().with(Selector::Agent, "x").unwrap();
    let rome = || TimeZone::get("Europe/Rome").unwrap();
    let mut ids = vec![
        base().id(),
        base().matching(agent).id(),
        base().in_zone(rome()).id(),
        budget(arm("b"), "200", Action::HardStop).id(),
        budget(Scope::Client(ClientId::new("a").unwrap()), "200", Action::HardStop).id(),
        budget(Scope::Operator, "200", Action::HardStop).id(),
        cycle(Cycle::Daily).id(),
        cycle(Cycle::Total).id(),
        cycle(Cycle::Monthly(DayOfMonth::new(15).unwrap())).id(),
    ];
    ids.sort_by_key(octorato_finops::budget::BudgetId::full);
    ids.dedup();
    assert_eq!(ids.len(), 9);
    // A zone does not cut what has no calendar.
    assert_eq!(cycle(Cycle::Total).in_zone(rome()).id(), cycle(Cycle::Total).id());
}

#[test]
fn two_declarations_of_one_budget_and_a_sink_that_is_not_there_are_refused() {
    let base = || budget(arm("a"), "200", Action::HardStop);
    let twice = Policy::of(vec![base(), base().named("again")], &Arms::none()).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::InvalidArgument);
    let none = Policy::of(vec![base().telling(vec!["ops".into()])], &Arms::none()).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound);
}

#[test]
fn what_cannot_be_known_is_denied_under_a_cap_that_holds_and_allowed_elsewhere() {
    let budgets =
        || vec![budget(arm("a"), "1", Action::HardStop), budget(arm("b"), "1", Action::Warn)];
    let policy = Policy::of(budgets(), &Arms::none()).unwrap();
    assert_eq!(policy.on_error(&call("a", "x")), OnError::Deny);
    assert_eq!(policy.on_error(&call("b", "x")), OnError::Allow);
    assert_eq!(Policy::none().on_error(&call("a", "x")), OnError::Allow);
    let declared = |on_error| {
        let declared = Declared { on_error, budgets: budgets(), ..Declared::default() };
        Policy::new(declared, &Arms::none()).unwrap()
    };
    assert_eq!(declared(Some(OnError::Allow)).on_error(&call("a", "x")), OnError::Allow);
    assert_eq!(declared(Some(OnError::Deny)).on_error(&call("b", "x")), OnError::Deny);
    assert_eq!(policy.unpriced(), Unpriced::Refuse);
}

#[test]
fn another_arm_learns_neither_name_nor_amount() {
    let acme = ArmId::new("acme").unwrap();
    let own = budget(arm("acme"), "1", Action::HardStop).named("mine");
    assert_eq!(own.title_for(&acme), "mine");
    for scope in [Scope::Operator, Scope::Client(ClientId::new("acme").unwrap()), arm("globex")] {
        let other = budget(scope, "1", Action::HardStop).named("Globex, total");
        assert_eq!(other.title_for(&acme), "operator limit");
    }
}

#[test]
fn the_id_of_a_policy_is_its_content_in_any_order() {
    let web = || budget(arm("web"), "1", Action::HardStop);
    let app = || budget(arm("app"), "2", Action::Warn);
    let of = |budgets| Policy::of(budgets, &Arms::none()).unwrap().id();
    assert_eq!(of(vec![web(), app()]), of(vec![app(), web()]));
    let others = [
        of(vec![web()]),
        of(vec![web(), app().named("x")]),
        of(vec![web(), budget(arm("app"), "2.01", Action::Warn)]),
        of(vec![web(), app().in_shadow(true)]),
        of(vec![web(), app().on_basis(Basis::Allocated)]),
        of(vec![web(), app().telling(vec![])]),
    ];
    assert!(others.iter().all(|id| *id != of(vec![web(), app()])));
    let sink = |url: &str| {
        let sinks = [("ops".to_owned(), Sink::webhook(url).unwrap())].into();
        Policy::new(Declared { sinks, ..Declared::default() }, &Arms::none()).unwrap().id()
    };
    assert_ne!(sink("https://a.example/1"), sink("https://a.example/2"));
}

fn selector() -> impl Strategy<Value = (Selector, String)> {
    let names = prop::sample::select(vec!["project", "agent", "skill", "run", "tag.k", "tag.l"]);
    let values = prop::sample::select(vec!["a", "b", "ab", "a*", "*"]);
    (names, values).prop_map(|(name, value)| (Selector::from_name(name).unwrap(), value.to_owned()))
}

fn calls() -> impl Strategy<Value = SpendPath> {
    let text = || prop::option::of(prop::sample::select(vec!["a", "b", "ab", "c"]));
    (text(), text(), text(), text(), text(), text(), text(), text()).prop_map(
        |(arm, client, project, agent, skill, run, k, l)| SpendPath {
            arm: arm.map(|id| ArmId::new(id).unwrap()),
            client: client.map(|id| ClientId::new(id).unwrap()),
            project: project.map(Into::into),
            agent: agent.map(Into::into),
            skill: skill.map(Into::into),
            run: run.map(Into::into),
            tags: [("k", k), ("l", l)]
                .into_iter()
                .filter_map(|(key, value)| value.map(|value| (key.into(), value.into())))
                .collect(),
            ..SpendPath::default()
        },
    )
}

/// The reference: scope and each condition, by hand.
fn should_match(scope: &Scope, conditions: &[(Selector, String)], call: &SpendPath) -> bool {
    let in_scope = match scope {
        Scope::Operator => true,
        Scope::Client(id) => call.client.as_ref() == Some(id),
        Scope::Arm(id) => call.arm.as_ref() == Some(id),
    };
    let met = |(selector, wanted): &(Selector, String)| {
        let found = match selector {
            Selector::Project => call.project.clone(),
            Selector::Agent => call.agent.clone(),
            Selector::Skill => call.skill.clone(),
            Selector::Run => call.run.clone(),
            Selector::Tag(key) => call.tags.get(key).cloned(),
            _ => None,
        };
        found.is_some_and(|found| match wanted.strip_suffix('*') {
            Some(stem) => found.starts_with(stem),
            None => *found == **wanted,
        })
    };
    in_scope && conditions.iter().all(met)
}

proptest! {
    #[test]
    fn a_budget_judges_what_its_scope_and_every_condition_say(
        call in calls(),
        scope in prop::sample::select(vec!["operator", "client", "arm"]),
        id in prop::sample::select(vec!["a", "b"]),
        conditions in prop::collection::vec(selector(), 0..4),
    ) {
        let scope = match scope {
            "operator" => Scope::Operator,
            "client" => Scope::Client(ClientId::new(id).unwrap()),
            _ => arm(id),
        };
        let mut selectors = Selectors::default();
        let mut taken: Vec<(Selector, String)> = Vec::new();
        for (selector, value) in conditions {
            if let Ok(more) = selectors.clone().with(selector.clone(), &value) {
                selectors = more;
                taken.push((selector, value));
            }
        }
        let budget = budget(scope.clone(), "1", Action::HardStop).matching(selectors);
        let expected = should_match(&scope, &taken, &call);
        prop_assert_eq!(budget.matches(&call), expected);
        prop_assert_eq!(budget.mismatch(&call).is_none(), expected);
        let policy = Policy::of(vec![budget], &Arms::none()).unwrap();
        prop_assert_eq!(policy.matching(&call).len(), usize::from(expected));
        prop_assert_eq!(policy.explain(&call).matching().count(), usize::from(expected));
    }

    /// The limit is the exact product rounded down, and denying is exactly being above it.
    #[test]
    fn the_limit_is_cap_times_grace(
        cap in 0_i64..i64::MAX,
        grace in 1_000_000_i64..1_000_000_000,
        over in 0_i64..1000,
    ) {
        let grace_pct = Percent::new(rust_decimal::Decimal::new(grace, 4)).unwrap();
        let steps = Tiers::new(Some(Action::HardStop), Some(grace_pct), Vec::new()).unwrap();
        let cap = Money::from_pico(i128::from(cap), Currency::USD);
        let budget = Budget::new(arm("a"), Cycle::Daily, cap, steps).unwrap();
        let exact = cap.mul_ratio(i128::from(grace), 1_000_000, Rounding::Down).unwrap();
        prop_assert_eq!(budget.limit(), exact);
        prop_assert!(budget.limit() >= cap);
        let zero = Money::zero(Currency::USD);
        let above = Money::from_pico(exact.pico() + i128::from(over), Currency::USD);
        prop_assert_eq!(budget.denies(above, zero, zero).unwrap(), over > 0);
        prop_assert_eq!(budget.denies(zero, above, zero).unwrap(), over > 0);
        prop_assert_eq!(budget.denies(zero, zero, above).unwrap(), over > 0);
    }

    /// However an amount grows, each tier is newly reached exactly once.
    #[test]
    fn each_tier_fires_once_in_a_period(
        steps in prop::collection::vec(0_i64..3_000_000, 1..20),
        places in prop::collection::btree_set(1_i64..400, 1..6),
    ) {
        let list = places.iter().map(|at| Tier { at: pct(&at.to_string()), action: Action::Alert });
        let list = Tiers::new(None, None, list.collect()).unwrap();
        let budget = Budget::new(arm("a"), Cycle::Daily, usd("0.00001"), list).unwrap();
        let (mut spent, mut fired) = (Money::zero(Currency::USD), Vec::new());
        for step in steps {
            let after = spent.checked_add(Money::from_pico(i128::from(step), Currency::USD)).unwrap();
            fired.extend_from_slice(budget.newly_reached(spent, after).unwrap());
            spent = after;
        }
        prop_assert_eq!(&fired[..], budget.reached(spent).unwrap());
    }
}

#[test]
fn what_is_in_force_outlives_file_and_arms() {
    let both = arms(&[("acme-web", "acme"), ("globex", "globex")]);
    let research = Selectors::default().with(Selector::Agent, "researcher").unwrap();
    let trial = budget(arm("acme-web"), "7", Action::HardStop).in_shadow(true);
    let total = Budget::new(Scope::Operator, Cycle::Total, usd("50"), tiers(Action::Warn)).unwrap();
    let declared = Declared {
        on_error: Some(OnError::Allow),
        unpriced: Unpriced::Flag,
        budgets: vec![
            trial.named("trial").matching(research),
            total.in_zone(TimeZone::get("Asia/Kolkata").unwrap()),
        ],
        default: Some(DefaultBudget::new(budget(Scope::Operator, "100", Action::Warn), None)),
        ..Declared::default()
    };
    let policy = Policy::new(declared, &both).unwrap();
    let in_force = InForce::of(&policy, &both).unwrap();
    assert_eq!(in_force.policy(), policy.id());
    assert!(in_force.budgets().map(Budget::id).eq(policy.budgets().map(Budget::id)));
    let again = InForce::from_stored(&in_force.to_stored().unwrap()).unwrap();
    assert_eq!(again, in_force);
    let titles: Vec<_> = again.judges().iter().map(|judge| judge.title.to_string()).collect();
    assert_eq!(titles, ["trial", "operator, total", "arm globex, monthly"]);
    let globex = &again.judges()[2];
    assert_eq!(globex.budget.zone().iana_name(), Some("Europe/Rome"));
    assert_eq!(again.find(globex.id), Some(globex));
    // The arms of later have the default too, under the same policy.
    let more = arms(&[("acme-web", "acme"), ("globex", "globex"), ("new", "new")]);
    assert_eq!(policy.in_force(&more).len(), 4);
    for damaged in ["", "{}", &in_force.to_stored().unwrap().replace("warn", "shout")] {
        assert_eq!(InForce::from_stored(damaged).unwrap_err().kind(), ErrorKind::Data);
    }
}

#[test]
fn only_what_can_be_kept_comes_into_force() {
    let none = Arms::none();
    let new =
        |budgets| InForce::new(Policy::none().id(), None, Unpriced::Refuse, budgets).map(|_| ());
    let month = || budget(arm("a"), "1", Action::Warn);
    assert!(new(vec![month(), month().named("again")]).is_err());
    let nameless = || TimeZone::fixed(jiff::tz::offset(3));
    assert!(new(vec![month().in_zone(nameless())]).is_err());
    let total = Budget::new(Scope::Operator, Cycle::Total, usd("1"), tiers(Action::Warn)).unwrap();
    assert!(new(vec![total.in_zone(nameless())]).is_ok(), "no zone cuts all time");
    assert_eq!(InForce::of(&Policy::none(), &none).unwrap(), InForce::none());
}
