//! Tiers, trials, moves, late costs, and what is kept beside the books.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{AttributionReason, DecisionId, ErrorKind, Money, Precision};

use super::{
    WEB, adopt, append, granted, import, journal, request, reserve, settle, spent, standing, web,
};
use crate::budget::{Action, Basis, Budget, Cycle, Percent, Scope, Tier, Tiers};
use crate::ledger::conformance::TestClock;
use crate::ledger::conformance::steps::id;
use crate::ledger::conformance::world::{arm, budget, cents, in_force, path, rolling, tiers, usd};
use crate::ledger::{
    Answer, Append, Appended, Batch, Correct, Expire, Fact, Ledger, Level, Metered, Note,
    Operation, Origin, Reassign, Reference, Release, RequestKey, Reserve, Settle, SourceKey, State,
};

/// An alert at half of the cap, a hard stop at the cap.
fn two_tiers(cap: &str, cycle: Cycle) -> Budget {
    let half = Tier { at: Percent::new(50.into()).unwrap(), action: Action::Alert };
    let tiers = Tiers::new(Some(Action::HardStop), None, vec![half]).unwrap();
    Budget::new(arm("acme-web"), cycle, usd(cap), tiers).unwrap()
}

/// What was told: the action, what was spent.
fn told(ledger: &dyn Ledger) -> Vec<(Action, Money)> {
    let entries = journal(ledger).into_iter();
    entries
        .filter_map(|entry| match entry.fact {
            Fact::TierReached { action, spent, .. } => Some((action, spent)),
            _ => None,
        })
        .collect()
}

fn spend(ledger: &dyn Ledger, clock: &TestClock, key: &str, amount: i128) {
    append(ledger, import(key, clock.now(), amount, 1));
}

pub(super) fn a_limit_holds_to_the_last_pico(ledger: &dyn Ledger, _: &TestClock) {
    adopt(ledger, vec![web("1")]);
    let pico = |more: i128| Money::from_pico(cents(100).pico() + more, cents(0).currency());
    let of = |call, more| Reserve { amount: pico(more), ..reserve(call, 0) };
    assert!(!granted(ledger, of(1, 1)));
    assert!(granted(ledger, of(1, 0)));
    assert!(!granted(ledger, of(2, 1 - cents(100).pico())));
}

pub(super) fn a_release_that_comes_again_frees_nothing(ledger: &dyn Ledger, _: &TestClock) {
    adopt(ledger, vec![web("1")]);
    assert!(granted(ledger, reserve(1, 30)) && granted(ledger, reserve(2, 50)));
    let release = Release { id: id(1), reason: "not sent".into() };
    let first = ledger.release(release.clone()).unwrap();
    let before = journal(ledger);
    assert_eq!(ledger.release(release).unwrap(), first);
    assert_eq!(journal(ledger), before);
    assert_eq!(standing(ledger).open, cents(50));
}

pub(super) fn a_tier_is_told_once_in_each_period(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![two_tiers("1", Cycle::Daily)]);
    spend(ledger, clock, "a", 49);
    assert!(granted(ledger, reserve(1, 51)), "what is held reaches no tier");
    assert!(told(ledger).is_empty());
    assert_eq!(standing(ledger).level, Level::Ok);
    spend(ledger, clock, "b", 1);
    assert_eq!(told(ledger), [(Action::Alert, cents(50))]);
    assert_eq!(standing(ledger).level, Level::Alert);
    // A correction goes below it; reached again, it is not told again.
    let correct = Correct {
        id: DecisionId::from_parts(Timestamp::UNIX_EPOCH, [1; 10]),
        of: Reference::Source(SourceKey { reader: "test".into(), key: "a".into() }),
        delta: cents(-20),
        reason: "a credit".into(),
    };
    ledger.correct(correct).unwrap();
    ledger.settle(settle(1, 90)).unwrap();
    assert_eq!(told(ledger), [(Action::Alert, cents(50)), (Action::HardStop, cents(120))]);
    assert_eq!(standing(ledger).level, Level::Over);
    clock.wait(86_400);
    spend(ledger, clock, "c", 60);
    assert_eq!(told(ledger).len(), 3, "a new day");
}

pub(super) fn a_new_budget_tells_what_is_reached(ledger: &dyn Ledger, clock: &TestClock) {
    spend(ledger, clock, "a", 60);
    adopt(ledger, vec![two_tiers("1", Cycle::MONTHLY), two_tiers("1", Cycle::Session)]);
    assert_eq!(told(ledger), [(Action::Alert, cents(60))]);
    // A lowered cap reaches more; the tier that was told stays told.
    adopt(ledger, vec![two_tiers("0.6", Cycle::MONTHLY)]);
    assert_eq!(told(ledger), [(Action::Alert, cents(60)), (Action::HardStop, cents(60))]);
    adopt(ledger, vec![two_tiers("0.5", Cycle::MONTHLY)]);
    assert_eq!(told(ledger).len(), 2);
}

pub(super) fn a_rolling_tier_is_told_once_in_its_length(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![two_tiers("1", rolling(1))]);
    spend(ledger, clock, "a", 50);
    clock.wait(1_800);
    spend(ledger, clock, "b", 10);
    assert_eq!(told(ledger), [(Action::Alert, cents(50))]);
    clock.wait(3_000);
    spend(ledger, clock, "c", 45);
    assert_eq!(told(ledger), [(Action::Alert, cents(50)), (Action::Alert, cents(55))]);
    // What is older than the window is told to nobody.
    append(ledger, import("old", clock.now() - SignedDuration::from_hours(5), 500, 1));
    assert_eq!(told(ledger).len(), 2);
}

pub(super) fn a_trial_denies_nothing_and_says_so(ledger: &dyn Ledger, _: &TestClock) {
    let trial = web("1").in_shadow(true);
    let id_of = trial.id();
    adopt(ledger, vec![trial, budget(Scope::Operator, "2")]);
    assert!(granted(ledger, reserve(1, 100)));
    assert!(granted(ledger, reserve(2, 10)));
    let written = journal(ledger);
    let last = written.last().unwrap();
    assert_eq!(last.fact, Fact::WouldDeny { id: id(2), budgets: vec![id_of] });
    let one = standing(ledger);
    assert!(one.is_shadow && !one.is_enforced && one.action == Action::HardStop);
    assert_eq!(one.remaining().unwrap(), cents(-10));
    // A retry says nothing more, and the other budget denies as ever.
    assert!(granted(ledger, reserve(2, 10)));
    assert!(!granted(ledger, reserve(3, 91)));
    assert_eq!(journal(ledger), written);
}

pub(super) fn allocated_cost_keeps_no_balance(ledger: &dyn Ledger, clock: &TestClock) {
    let shared = |action| {
        Budget::new(arm("acme-web"), Cycle::MONTHLY, usd("0.1"), tiers(action))
            .unwrap()
            .on_basis(Basis::Allocated)
    };
    adopt(ledger, vec![shared(Action::Warn)]);
    spend(ledger, clock, "a", 60);
    assert!(granted(ledger, reserve(1, 100)));
    assert!(ledger.balances().unwrap().is_empty() && ledger.standings().unwrap().is_empty());
    assert!(told(ledger).is_empty());
    assert_eq!(ledger.in_force().unwrap().allocated().len(), 1);
    let policy = crate::budget::Policy::none();
    let hard = vec![shared(Action::HardStop)];
    let refused = crate::budget::InForce::new(policy.id(), None, policy.unpriced(), hard);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

pub(super) fn an_adoption_says_what_it_changed(ledger: &dyn Ledger, _: &TestClock) {
    let commit = |budgets: Vec<Budget>| {
        let adopt = Operation::Adopt(in_force(budgets));
        match ledger.commit(&[adopt]).unwrap().pop().unwrap().unwrap() {
            Answer::Adopted(adopted) => adopted,
            other => panic!("{other:?}"),
        }
    };
    let operator = || budget(Scope::Operator, "9");
    let first = commit(vec![web("1"), operator()]);
    assert_eq!((first.added.len(), first.changed.len(), first.removed.len()), (2, 0, 0));
    let again = commit(vec![web("1"), operator()]);
    assert_eq!((again.added.len(), again.changed.len(), again.removed.len()), (0, 0, 0));
    let second = commit(vec![web("2")]);
    assert_eq!(second.weakened().count(), 1, "a higher cap");
    let gone: Vec<_> = second.removed_enforcing().map(|judge| judge.id).collect();
    assert_eq!(gone, [operator().id()]);
    let third = commit(vec![web("1").in_shadow(true)]);
    assert_eq!(third.weakened().count(), 1, "a trial denies no longer");
    let fourth = commit(vec![web("0.5")]);
    assert_eq!((fourth.changed.len(), fourth.weakened().count()), (1, 0));
}

pub(super) fn what_is_moved_is_booked_elsewhere(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("9"), budget(arm("zeta"), "9")]);
    let spent_by = |ledger: &dyn Ledger| -> Vec<Money> {
        ledger.standings().unwrap().into_iter().map(|one| one.spent).collect()
    };
    spend(ledger, clock, "a", 60);
    let source = SourceKey { reader: "test".into(), key: "a".into() };
    let decision = |number: u8| DecisionId::from_parts(Timestamp::UNIX_EPOCH, [number; 10]);
    let of = Reference::Source(source.clone());
    let reason: Arc<str> = "the folder is another client's".into();
    ledger
        .correct(Correct {
            id: decision(1),
            of: of.clone(),
            delta: cents(-10),
            reason: reason.clone(),
        })
        .unwrap();
    let reassign = Reassign { id: decision(2), of, to: path(2), reason };
    let commit = |reassign: &Reassign| {
        ledger.commit(&[Operation::Reassign(reassign.clone())]).unwrap().pop().unwrap()
    };
    for _ in 0..2 {
        commit(&reassign).unwrap();
    }
    assert_eq!(spent_by(ledger), [cents(0), cents(50)]);
    let written = journal(ledger);
    let [.., reversed, rebooked] = &written[..] else { panic!("two entries") };
    assert!(matches!(&reversed.fact, Fact::Reversed { id, .. } if *id == decision(2)));
    assert!(matches!(&rebooked.fact, Fact::Rebooked { id, .. } if *id == decision(2)));
    for (entry, arm, other) in [(reversed, "acme-web", "zeta"), (rebooked, "zeta", "acme")] {
        let shown = format!("{entry:?}");
        assert!(shown.contains(arm) && !shown.contains(other), "{shown}");
    }
    let other = Reassign { to: path(1), ..reassign.clone() };
    assert_eq!(commit(&other).unwrap_err().kind(), ErrorKind::Conflict);
    // What comes later goes where it is now.
    append(ledger, import("a", clock.now(), 65, 2));
    assert_eq!(spent_by(ledger), [cents(0), cents(55)]);
    // A call is moved once it has ended.
    assert!(granted(ledger, reserve(1, 30)));
    let call = Reassign { id: decision(3), of: Reference::Call(id(1)), ..reassign };
    assert_eq!(commit(&call).unwrap_err().kind(), ErrorKind::Conflict);
    ledger.settle(settle(1, 20)).unwrap();
    commit(&call).unwrap();
    assert_eq!(spent_by(ledger), [cents(0), cents(75)]);
    assert_eq!(ledger.call(id(1)).unwrap().unwrap().path, path(2));
}

pub(super) fn an_exact_cost_comes_after_an_import(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("9")]);
    let give_up = |call: u8| {
        let (request, reason) = (Some(request()), "cut".into());
        ledger.expire(Expire::Call { id: id(call), seen: cents(0), request, reason }).unwrap();
    };
    let log = |key: &str, amount| Append {
        request: Some(request()),
        ..import(key, clock.now(), amount, 1)
    };
    assert!(granted(ledger, reserve(1, 50)));
    give_up(1);
    assert_eq!(append(ledger, log("m", 25)), Appended::Resolved(id(1)));
    let estimate = Settle { is_estimate: true, ..settle(1, 33) };
    assert_eq!(ledger.settle(estimate).unwrap().amount, cents(25));
    for _ in 0..2 {
        let outcome = ledger.settle(settle(1, 30)).unwrap();
        assert_eq!((outcome.state, outcome.amount), (State::Resolved, cents(30)));
    }
    assert_eq!(spent(ledger), cents(30));
    assert_eq!(ledger.settle(settle(1, 31)).unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(append(ledger, Append { size: 2, ..log("m", 26) }), Appended::Enriched(id(1)));
    assert_eq!(spent(ledger), cents(30));
}

/// An import that had no price until the call was known is a copy of the call.
pub(super) fn a_price_that_comes_late_is_booked_once(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("9")]);
    let log = Append { request: Some(request()), ..import("m", clock.now(), 25, 4) };
    append(ledger, Append { amount: None, size: 1, ..log.clone() });
    assert!(granted(ledger, reserve(1, 50)));
    let (request, reason) = (Some(request()), "cut".into());
    ledger.expire(Expire::Call { id: id(1), seen: cents(3), request, reason }).unwrap();
    assert_eq!(append(ledger, log), Appended::Resolved(id(1)));
    ledger.settle(settle(1, 30)).unwrap();
    assert_eq!(spent(ledger), cents(30));
}

pub(super) fn a_log_that_changes_its_request_books_once(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("1")]);
    let metered =
        |request: &str| Some(RequestKey { provider: "test".into(), request: request.into() });
    // The meter knows one call to the cent; a log first names another request, then that call's.
    assert!(granted(ledger, reserve(1, 30)));
    ledger.settle(Settle { request: metered("a"), ..settle(1, 3) }).unwrap();
    let log = |request, amount, size| Append {
        request: metered(request),
        ..import("m", clock.now(), amount, size)
    };
    append(ledger, log("b", 2, 1));
    assert_eq!(append(ledger, log("a", 9, 2)), Appended::Enriched(id(1)));
    assert_eq!(spent(ledger), cents(5));
    // Of the other request the log has told what was booked, no more.
    assert!(granted(ledger, reserve(2, 30)));
    let (seen, request) = (cents(1), metered("b"));
    let expire = Expire::Call { id: id(2), seen, request, reason: "cut".into() };
    ledger.commit(&[Operation::Expire(expire)]).unwrap().pop().unwrap().unwrap();
    ledger.settle(settle(2, 2)).unwrap();
    assert_eq!(spent(ledger), cents(5));
}

pub(super) fn imports_can_be_asked_for(ledger: &dyn Ledger, clock: &TestClock) {
    let metered = Some(Arc::new(Metered {
        provider: None,
        model: "claude-opus-4-8".into(),
        usage: octorato_core::Usage::new().with(octorato_core::Unit::Input, 7),
        context: octorato_core::PriceContext::standard(),
        book: "book".into(),
    }));
    let origin = Some(Arc::new(Origin {
        at: clock.now(),
        agent: Some("a1".into()),
        parent_agent: None,
        cwd: Some("/work".into()),
        precision: Precision::Estimated,
        attribution: AttributionReason::Worktree,
        file: "s.jsonl".into(),
        line: 3,
        offset: 400,
        records: 2,
        message: Some("msg_1".into()),
        request: None,
        reported_cost: Some("0.25".into()),
        contracted: Some(cents(20)),
    }));
    let full = Append {
        metered: metered.clone(),
        origin: origin.clone(),
        ..import("a", clock.now(), 25, 7)
    };
    append(ledger, full.clone());
    let unknown = SourceKey { reader: "test".into(), key: "b".into() };
    let found = ledger.imported_all(&[unknown, full.source.clone()]).unwrap();
    let [None, Some(known)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((known.revision, known.amount, known.size), (1, Some(cents(25)), 7));
    assert_eq!((&known.path, known.at, &known.metered), (&path(WEB), clock.now(), &metered));
    assert_eq!(ledger.imported(&full.source).unwrap().as_ref(), Some(known));
    let last = journal(ledger).pop().unwrap().fact;
    assert!(matches!(last, Fact::Imported { origin: kept, .. } if kept == origin));
}

pub(super) fn notes_are_kept_with_a_commit(ledger: &dyn Ledger, _: &TestClock) {
    let note =
        |name: &str, value: Option<&[u8]>| Note { name: name.into(), value: value.map(Into::into) };
    let keep = |notes: &[Note]| {
        ledger.commit_batch(&Batch { notes, is_derivable: true, ..Batch::default() }).map(drop)
    };
    keep(&[note("log/b", Some(b"2")), note("log/a", Some(b"1")), note("alert/x", Some(b""))])
        .unwrap();
    keep(&[note("log/b", Some(b"3")), note("log/", Some(b"0"))]).unwrap();
    let names = |prefix: &str, limit| -> Vec<String> {
        let notes = ledger.notes(prefix, limit).unwrap();
        notes.into_iter().map(|note| note.name.to_string()).collect()
    };
    assert_eq!(names("log/", 9), ["log/", "log/a", "log/b"]);
    assert_eq!(names("log/", 2), ["log/", "log/a"]);
    assert_eq!(ledger.note("log/b").unwrap().as_deref(), Some(&b"3"[..]));
    assert_eq!(ledger.note("alert/x").unwrap().as_deref(), Some(&b""[..]));
    keep(&[note("log/b", None)]).unwrap();
    assert_eq!(ledger.note("log/b").unwrap(), None);
    let large = vec![0; Note::MOST_VALUE + 1];
    for refused in [note("", None), note("log/c", Some(&large))] {
        let error = keep(&[note("log/d", Some(b"4")), refused]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    assert_eq!(ledger.note("log/d").unwrap(), None, "nothing was done");
    assert!(journal(ledger).is_empty(), "a note is no entry");
}
