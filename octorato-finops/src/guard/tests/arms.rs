//! The handle of an arm: what it may do and what it may learn.

use octorato_core::{ArmId, ClientId, ErrorKind, SessionId};

use super::world::{World, acme_path, arm, at_most, budget, client, denied, granted, sonnet, usd};
use crate::budget::{Scope, SpendPath};
use crate::guard::{CallSpec, Counted, Failed, Reserved};

pub(super) fn zeta(world: &World) -> crate::guard::ArmGuard {
    world.guard.arm(ClientId::new("zeta").unwrap(), ArmId::new("zeta").unwrap())
}

#[test]
fn a_handle_reserves_for_its_own_arm_alone() {
    let world = World::new(vec![budget(arm("acme-web"), "1"), budget(arm("zeta"), "1")]);
    let other_client = SpendPath { client: ClientId::new("zeta").ok(), ..SpendPath::default() };
    let other_arm = SpendPath { arm: ArmId::new("zeta").ok(), ..SpendPath::default() };
    for path in [other_client, other_arm] {
        let error = world.acme().within(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(!error.to_string().contains("zeta"), "{error}");
        let error = world.acme().reserve(&at_most(usd("0.10")).at(path)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
    }
    // Its own is fine, said or not.
    drop(granted(world.acme().reserve(&at_most(usd("0.10")).at(acme_path()))));
    let held = granted(world.acme().reserve(&at_most(usd("0.10"))));
    assert_eq!(held.path().arm, acme_path().arm);
}

#[test]
fn what_a_handle_says_holds_where_a_call_says_nothing_else() {
    let world = World::dollar();
    let base = SpendPath {
        agent: Some("planner".into()),
        session: Some("s1".into()),
        tags: [("team".into(), "blue".into()), ("step".into(), "1".into())].into(),
        ..SpendPath::default()
    };
    let here = SpendPath {
        agent: Some("writer".into()),
        tags: [("step".into(), "2".into())].into(),
        ..SpendPath::default()
    };
    let handle = world.acme().within(&base).unwrap();
    let held = granted(handle.reserve(&at_most(usd("0.1")).at(here)));
    let path = held.path();
    assert_eq!(path.agent.as_deref(), Some("writer"));
    assert_eq!(path.session.as_ref().map(SessionId::as_str), Some("s1"));
    assert_eq!(path.tags.get("team").map(|value| &**value), Some("blue"));
    assert_eq!(path.tags.get("step").map(|value| &**value), Some("2"));
}

#[test]
fn a_denial_names_every_budget_and_nothing_of_other_clients() {
    let world = World::new(vec![
        budget(arm("acme-web"), "1.00").named("web"),
        budget(client("acme"), "1.00").named("all of acme"),
        budget(Scope::Operator, "1.00").named("everything"),
    ]);
    let spent = granted(zeta(&world).reserve(&at_most(usd("0.777"))));
    spent.settle(&Counted::amount(usd("0.777"))).unwrap();
    granted(world.acme().reserve(&at_most(usd("0.1"))))
        .settle(&Counted::amount(usd("0.1")))
        .unwrap();
    let denial = denied(world.acme().reserve(&CallSpec { at_least: Some(1), ..sonnet(60_000) }));
    assert_eq!(denial.failed.len(), 3);
    let limits = denial.failed.iter().filter(|one| matches!(one, Failed::OperatorLimit { .. }));
    assert_eq!(limits.count(), 2);
    let shown = format!("{denial} {denial:?}");
    for secret in ["0.777", "0.877", "0.123", "everything", "all of acme", "zeta"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    // What is left under the operator's limit would tell what others spent.
    assert_eq!(denial.would_fit_with, None);
    let operator = denied(world.guard.reserve(&sonnet(60_000).at(acme_path())));
    assert!(format!("{operator}").contains("`everything`: 0.877 of 1 USD spent"));
    assert!(operator.would_fit_with.is_some());
}

#[test]
fn a_denial_is_a_sentence_that_tells_what_to_do() {
    let world = World::new(vec![
        budget(arm("acme-web"), "1.00").named("web"),
        budget(Scope::Operator, "0.50"),
    ]);
    let held = granted(world.acme().reserve(&at_most(usd("0.40"))));
    let Reserved::Busy(denial) = world.acme().reserve(&at_most(usd("0.20"))).unwrap() else {
        panic!()
    };
    assert_eq!(
        denial.to_string(),
        "budget held by calls under way: operator limit, resets 2026-12-01T00:00:00Z, \
         the operator can extend it"
    );
    held.settle(&Counted::amount(usd("0.40"))).unwrap();
    let open = granted(world.acme().reserve(&at_most(usd("0.05"))));
    let reserved = world.acme().reserve(&at_most(usd("0.70"))).unwrap();
    let Reserved::Exhausted(denial) = &reserved else { panic!() };
    assert_eq!(
        denial.to_string(),
        "budget exhausted: operator limit, resets 2026-12-01T00:00:00Z, the operator can extend \
         it; `web`: 0.4 of 1 USD spent, 0.05 held, 0.7 needed, resets 2026-12-01T00:00:00Z, \
         extend it with `octorato budget extend web`"
    );
    assert_eq!(denial.resets(), Some("2026-12-01T00:00:00Z".parse().unwrap()));
    // Words by which frameworks know what to send again.
    let text = denial.to_string().to_lowercase();
    for word in ["rate limit", "429", "quota", "too many", "retry", "overloaded", "try again"] {
        assert!(!text.contains(word), "{word}");
    }
    let error = reserved.granted().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    drop(open);
}
