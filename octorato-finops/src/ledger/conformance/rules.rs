//! The rules of the design that random sequences seldom reach, one short story each.

mod later;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{DecisionId, ErrorKind, Money};

use super::TestClock;
use super::steps::id;
use super::world::{arm, budget, cents, in_force, month_from, over, path, rolling, usd};
use crate::budget::{Budget, Cycle, Scope};
use crate::ledger::keys::{KeyFolder, PublicKey, rotation_statement, sign_raise};
use crate::ledger::{
    AddKey, Answer, Append, Appended, Ask, Close, Correct, Decision, Disclosed, Entry, Expire,
    Extend, Fact, Kind, Ledger, Operation, Raise, Reading, Reference, Release, RequestKey, Reserve,
    Resolve, Settle, Slot, SourceKey, Standing, State,
};

/// A rule as a test of an empty ledger, whose clock stands at 2026-10-20T12:00:00Z.
pub(crate) type Rule = fn(&dyn Ledger, &TestClock);

/// All rules, by name.
pub(crate) const RULES: &[(&str, Rule)] = &[
    ("no policy grants everything", no_policy_grants_everything),
    ("a limit holds to the last pico", later::a_limit_holds_to_the_last_pico),
    ("a release that comes again frees nothing", later::a_release_that_comes_again_frees_nothing),
    ("busy while holds could still fit", busy_while_holds_could_still_fit),
    ("a call belongs to the period of its reserve", a_call_belongs_to_the_period_of_its_reserve),
    ("a new budget starts with what was spent", a_new_budget_starts_with_what_was_spent),
    ("a closed month is adjusted later", a_closed_month_is_adjusted_later),
    ("a larger snapshot adds the difference", a_larger_snapshot_adds_the_difference),
    ("a log and the meter book one call once", a_log_and_the_meter_book_one_call_once),
    ("an orphan stays at its worst case", an_orphan_stays_at_its_worst_case),
    ("an overrun is booked in full", an_overrun_is_booked_in_full),
    ("an extension is judged like a reserve", an_extension_is_judged_like_a_reserve),
    (
        "an extension counts in every window of its bucket",
        an_extension_counts_in_every_window_of_its_bucket,
    ),
    ("a raise ends", a_raise_ends),
    ("a key is replaced by its own word", a_key_is_replaced_by_its_own_word),
    ("entries are found by their kind", entries_are_found_by_their_kind),
    ("a lowered cap revokes nothing", a_lowered_cap_revokes_nothing),
    ("an arm learns nothing of others", an_arm_learns_nothing_of_others),
    ("a leap of the clock opens no period", a_leap_of_the_clock_opens_no_period),
    ("events do not move the clock", events_do_not_move_the_clock),
    ("a rolling window forgets", a_rolling_window_forgets),
    ("an instant is in one period of six zones", an_instant_is_in_one_period_of_six_zones),
    ("the same id is not used twice", the_same_id_is_not_used_twice),
    ("what no call can cost is refused", what_no_call_can_cost_is_refused),
    ("what fails half way leaves no trace", what_fails_half_way_leaves_no_trace),
    ("a tier is told once in each period", later::a_tier_is_told_once_in_each_period),
    ("a new budget tells what is reached", later::a_new_budget_tells_what_is_reached),
    ("a rolling tier is told once in its length", later::a_rolling_tier_is_told_once_in_its_length),
    ("a trial denies nothing and says so", later::a_trial_denies_nothing_and_says_so),
    ("allocated cost keeps no balance", later::allocated_cost_keeps_no_balance),
    ("an adoption says what it changed", later::an_adoption_says_what_it_changed),
    ("what is moved is booked elsewhere", later::what_is_moved_is_booked_elsewhere),
    ("an exact cost comes after an import", later::an_exact_cost_comes_after_an_import),
    ("a price that comes late is booked once", later::a_price_that_comes_late_is_booked_once),
    ("a log that changes its request books once", later::a_log_that_changes_its_request_books_once),
    ("imports can be asked for", later::imports_can_be_asked_for),
    ("notes are kept with a commit", later::notes_are_kept_with_a_commit),
];

const WEB: u8 = 0;

fn adopt(ledger: &dyn Ledger, budgets: Vec<Budget>) {
    ledger.commit(&[Operation::Adopt(in_force(budgets))]).unwrap().pop().unwrap().unwrap();
}

fn reserve(call: u8, amount: i128) -> Reserve {
    Reserve {
        id: id(call),
        path: path(WEB),
        amount: cents(amount),
        max_output_tokens: 100,
        patience: SignedDuration::from_mins(15),
        holder: None,
    }
}

fn settle(call: u8, amount: i128) -> Settle {
    let amount = cents(amount);
    Settle { id: id(call), amount, is_estimate: false, request: None, metered: None }
}

fn import(key: &str, at: Timestamp, amount: i128, size: u128) -> Append {
    Append {
        source: SourceKey { reader: "test".into(), key: key.into() },
        at,
        path: path(WEB),
        amount: Some(cents(amount)),
        size,
        request: None,
        metered: None,
        origin: None,
    }
}

fn append(ledger: &dyn Ledger, import: Append) -> Appended {
    ledger.append(vec![import]).unwrap().pop().unwrap().unwrap()
}

fn request() -> RequestKey {
    RequestKey { provider: "anthropic".into(), request: "req_1".into() }
}

fn granted(ledger: &dyn Ledger, reserve: Reserve) -> bool {
    ledger.reserve(reserve).unwrap().granted().is_some()
}

fn standing(ledger: &dyn Ledger) -> Standing {
    ledger.standings().unwrap().swap_remove(0)
}

fn spent(ledger: &dyn Ledger) -> Money {
    standing(ledger).spent
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn web(cap: &str) -> Budget {
    budget(arm("acme-web"), cap)
}

fn journal(ledger: &dyn Ledger) -> Vec<Entry> {
    ledger.entries(0, usize::MAX).unwrap()
}

fn no_policy_grants_everything(ledger: &dyn Ledger, _: &TestClock) {
    assert!(granted(ledger, reserve(1, 99_999)));
    assert!(ledger.standings().unwrap().is_empty());
}

fn busy_while_holds_could_still_fit(ledger: &dyn Ledger, _: &TestClock) {
    adopt(ledger, vec![web("1")]);
    assert!(granted(ledger, reserve(1, 60)));
    let before = journal(ledger);
    assert!(matches!(ledger.reserve(reserve(2, 60)).unwrap(), Decision::Busy(_)));
    assert!(matches!(ledger.reserve(reserve(2, 101)).unwrap(), Decision::Exhausted(_)));
    let (path, amount, max_output_tokens) = (path(WEB), cents(60), 1);
    let verdict = ledger.check(&[Ask { path, amount, max_output_tokens }]).unwrap().remove(0);
    assert!(matches!(verdict.decision, Decision::Busy(_)));
    assert_eq!(verdict.standings[0].remaining().unwrap(), cents(40));
    assert_eq!(journal(ledger), before);
    ledger.settle(settle(1, 40)).unwrap();
    assert!(granted(ledger, reserve(2, 60)));
}

fn a_call_belongs_to_the_period_of_its_reserve(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![over(arm("acme-web"), "1", Cycle::Daily, "America/Mexico_City")]);
    clock.wait(17 * 3_600 + 59 * 60); // 23:59 of the same day in Mexico
    assert!(granted(ledger, reserve(1, 100)));
    clock.wait(120);
    assert!(granted(ledger, reserve(2, 100)), "the new day starts with nothing held");
    ledger.settle(settle(1, 70)).unwrap();
    let sums: Vec<_> = ledger.balances().unwrap().into_iter().map(|one| one.amounts).collect();
    assert_eq!((sums[0].spent, sums[0].open), (cents(70), cents(0)));
    assert_eq!((sums[1].spent, sums[1].open), (cents(0), cents(100)));
}

fn a_new_budget_starts_with_what_was_spent(ledger: &dyn Ledger, clock: &TestClock) {
    assert!(granted(ledger, reserve(1, 30)));
    ledger.settle(settle(1, 30)).unwrap();
    assert!(granted(ledger, reserve(2, 20)));
    append(ledger, import("old", at("2026-09-03T00:00:00Z"), 500, 1));
    let cycles = [Cycle::MONTHLY, Cycle::from_name("yearly").unwrap(), rolling(24), Cycle::Total];
    let budgets = cycles.map(|cycle| over(arm("acme-web"), "9", cycle, "UTC"));
    adopt(ledger, budgets.to_vec());
    let seen = |ledger: &dyn Ledger| -> Vec<_> {
        let standings = ledger.standings().unwrap();
        standings.into_iter().map(|one| (one.spent, one.open)).collect()
    };
    let (short, long) = ((cents(30), cents(20)), (cents(530), cents(20)));
    assert_eq!(seen(ledger), [short, long, short, long]);
    // Another cap, and a budget that comes back, start with the same.
    adopt(ledger, vec![over(arm("acme-web"), "1", Cycle::Total, "UTC")]);
    assert!(!granted(ledger, reserve(3, 1)));
    clock.wait(60);
    adopt(ledger, budgets.to_vec());
    assert_eq!(seen(ledger), [short, long, short, long]);
}

fn a_closed_month_is_adjusted_later(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("9")]);
    assert!(granted(ledger, reserve(1, 50)));
    let close = |start: &str, end: &str| {
        let (scope, label) = (Scope::Operator, start.into());
        let close = Close { scope, start: at(start), end: at(end), label };
        ledger.commit(&[Operation::Close(close)]).unwrap().pop().unwrap()
    };
    let october = ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z");
    assert_eq!(close(october.0, october.1).unwrap_err().kind(), ErrorKind::InvalidArgument);
    clock.wait(20 * 86_400);
    close(october.0, october.1).unwrap();
    let overlapping = close("2026-10-31T00:00:00Z", "2026-11-02T00:00:00Z");
    assert_eq!(overlapping.unwrap_err().kind(), ErrorKind::Conflict);
    ledger.settle(settle(1, 40)).unwrap();
    append(ledger, import("late", at("2026-10-05T00:00:00Z"), 7, 1));
    let balances = ledger.balances().unwrap();
    let month = |start: &str| {
        let slot = Slot::From(at(start));
        balances.iter().find(|balance| balance.slot == slot).unwrap().amounts
    };
    assert_eq!((month(october.0).spent, month(october.0).open), (cents(0), cents(0)));
    assert_eq!(month(october.1).spent, cents(47));
    let last = journal(ledger).pop().unwrap();
    assert_eq!(last.postings[0].dated, at("2026-10-05T00:00:00Z"));
    assert_eq!(last.postings[0].posted, at(october.1));
}

fn a_larger_snapshot_adds_the_difference(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("9")]);
    let now = clock.now();
    let unpriced = Append { amount: None, ..import("m", now, 0, 5) };
    assert_eq!(append(ledger, unpriced), Appended::Booked { revision: 1, delta: None });
    let booked = |revision, delta| Appended::Booked { revision, delta: Some(cents(delta)) };
    assert_eq!(append(ledger, import("m", now, 10, 5)), booked(2, 10));
    assert_eq!(append(ledger, import("m", now, 11, 5)), Appended::Known { revision: 2 });
    assert_eq!(append(ledger, import("m", now, 4, 3)), Appended::Known { revision: 2 });
    // A larger snapshot that another arm shows does not change the owner.
    let moved = Append { path: path(2), ..import("m", now, 25, 9) };
    assert_eq!(append(ledger, moved), booked(3, 15));
    assert_eq!(spent(ledger), cents(25));
}

fn a_log_and_the_meter_book_one_call_once(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("9")]);
    let from_log = |key: &str, amount, size| Append {
        request: Some(request()),
        ..import(key, clock.now(), amount, size)
    };
    // Exactly metered: the log only enriches.
    assert!(granted(ledger, reserve(1, 50)));
    ledger.settle(Settle { request: Some(request()), ..settle(1, 30) }).unwrap();
    assert_eq!(append(ledger, from_log("m1", 28, 5)), Appended::Enriched(id(1)));
    assert_eq!(append(ledger, from_log("m1", 29, 6)), Appended::Enriched(id(1)));
    assert_eq!(spent(ledger), cents(30));
    // Two calls cannot be one request.
    assert!(granted(ledger, reserve(2, 50)));
    let again = ledger.settle(Settle { request: Some(request()), ..settle(2, 30) });
    assert_eq!(again.unwrap_err().kind(), ErrorKind::Conflict);
    // An estimate: the log sets it right, also where it tells the call in two parts.
    let other = RequestKey { provider: "anthropic".into(), request: "req_2".into() };
    let is_estimate = true;
    let request = Some(other.clone());
    ledger.settle(Settle { is_estimate, request: request.clone(), ..settle(2, 5) }).unwrap();
    let told = |key: &str, amount, size| Append {
        request: Some(other.clone()),
        ..import(key, clock.now(), amount, size)
    };
    assert_eq!(append(ledger, told("m2", 20, 5)), Appended::Resolved(id(2)));
    assert_eq!(append(ledger, told("m3", 8, 5)), Appended::Resolved(id(2)));
    assert_eq!(append(ledger, told("m2", 22, 6)), Appended::Resolved(id(2)));
    assert_eq!(spent(ledger), cents(30 + 22 + 8));
    // The log came first: it keeps what it booked, and the meter sets it right.
    let third = RequestKey { provider: "anthropic".into(), request: "req_3".into() };
    let request = Some(third);
    let early = Append { request: request.clone(), ..import("m4", clock.now(), 10, 5) };
    append(ledger, early.clone());
    assert!(granted(ledger, reserve(3, 50)));
    ledger.settle(Settle { request, ..settle(3, 12) }).unwrap();
    assert_eq!(spent(ledger), cents(60 + 12));
    assert_eq!(append(ledger, Append { size: 9, ..early }), Appended::Enriched(id(3)));
    assert_eq!((spent(ledger), standing(ledger).open), (cents(72), cents(0)));
}

fn an_orphan_stays_at_its_worst_case(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("1")]);
    for call in 1..=3 {
        assert!(granted(ledger, reserve(call, 30)));
    }
    clock.wait(15 * 60 - 1);
    assert!(ledger.expire(Expire::Overdue).unwrap().is_empty());
    let (seen, reason) = (cents(10), "cut".into());
    ledger.expire(Expire::Call { id: id(1), seen, request: Some(request()), reason }).unwrap();
    clock.wait(1);
    assert_eq!(ledger.expire(Expire::Overdue).unwrap(), [id(2), id(3)]);
    let now = standing(ledger);
    assert_eq!((now.spent, now.open, now.orphaned), (cents(10), cents(0), cents(80)));
    // Nothing that orphans hold comes back by waiting.
    assert!(matches!(ledger.reserve(reserve(4, 11)).unwrap(), Decision::Exhausted(_)));
    let log = Append { request: Some(request()), ..import("m", clock.now(), 25, 1) };
    assert_eq!(append(ledger, log), Appended::Resolved(id(1)));
    ledger.settle(settle(2, 30)).unwrap();
    let resolve = Resolve { id: id(3), amount: cents(0), reason: "not on the bill".into() };
    assert_eq!(ledger.resolve(resolve.clone()).unwrap().state, State::Resolved);
    assert_eq!(ledger.resolve(resolve.clone()).unwrap().state, State::Resolved);
    let other = ledger.resolve(Resolve { amount: cents(1), ..resolve });
    assert_eq!(other.unwrap_err().kind(), ErrorKind::Conflict);
    let now = standing(ledger);
    assert_eq!((now.spent, now.orphaned), (cents(55), cents(0)));
    assert!(ledger.outstanding().unwrap().is_empty());
}

fn an_overrun_is_booked_in_full(ledger: &dyn Ledger, _: &TestClock) {
    adopt(ledger, vec![web("1")]);
    assert!(granted(ledger, reserve(1, 50)));
    let outcome = ledger.settle(settle(1, 130)).unwrap();
    assert_eq!((outcome.amount, outcome.overrun), (cents(130), cents(80)));
    let Decision::Exhausted(shortage) = ledger.reserve(reserve(2, 0)).unwrap() else { panic!() };
    assert_eq!(shortage.failed[0].remaining().unwrap(), cents(-30));
    // A correction makes room again.
    let correct = Correct {
        id: DecisionId::from_parts(Timestamp::UNIX_EPOCH, [1; 10]),
        of: Reference::Call(id(1)),
        delta: cents(-60),
        reason: "a credit".into(),
    };
    ledger.correct(correct).unwrap();
    assert!(granted(ledger, reserve(2, 30)));
    assert_eq!(ledger.call(id(1)).unwrap().unwrap().corrected, cents(-60));
}

fn an_extension_is_judged_like_a_reserve(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("1")]);
    assert!(granted(ledger, reserve(1, 50)));
    let extend = |amount, minutes| Extend {
        id: id(1),
        amount: cents(amount),
        max_output_tokens: 200,
        patience: SignedDuration::from_mins(minutes),
    };
    assert!(matches!(ledger.extend(extend(101, 15)).unwrap(), Decision::Exhausted(_)));
    assert_eq!(standing(ledger).open, cents(50));
    assert_eq!(ledger.extend(extend(90, 60)).unwrap().granted().unwrap().amount, cents(90));
    // It never takes away.
    let grant = ledger.extend(extend(10, 1)).unwrap().granted().unwrap();
    assert_eq!((grant.amount, standing(ledger).open), (cents(90), cents(90)));
    clock.wait(59 * 60);
    assert!(ledger.expire(Expire::Overdue).unwrap().is_empty());
}

fn an_extension_counts_in_every_window_of_its_bucket(ledger: &dyn Ledger, clock: &TestClock) {
    let windows = || vec![over(arm("acme-web"), "1", rolling(24), "UTC")];
    adopt(ledger, windows());
    assert!(granted(ledger, reserve(1, 10)));
    let extend = |call, amount| {
        let patience = SignedDuration::from_hours(2);
        let id = id(call);
        let extend = Extend { id, amount: cents(amount), max_output_tokens: 200, patience };
        ledger.extend(extend).unwrap().granted().is_some()
    };
    // What was held later is in the window of now, though not in that which ended with the reserve.
    clock.wait(3_600);
    assert!(granted(ledger, reserve(2, 80)));
    assert!(!extend(1, 21));
    assert!(extend(1, 20));
    // The first call has left the window of now, and not that of its reserve.
    clock.wait(30 * 3_600);
    assert!(!extend(1, 21));
    // A budget that is adopted again counts what its old windows held.
    adopt(ledger, vec![web("9")]);
    adopt(ledger, windows());
    assert!(!extend(1, 21) && !extend(2, 81));
    ledger.release(Release { id: id(2), reason: "not sent".into() }).unwrap();
    assert!(extend(1, 100) && !extend(1, 101));
    assert!(granted(ledger, reserve(3, 100)), "the window of now is empty");
}

fn a_raise_ends(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("1")]);
    let raise = Raise {
        id: DecisionId::from_parts(Timestamp::UNIX_EPOCH, [1; 10]),
        budget: web("1").id(),
        amount: cents(50),
        until: clock.now() + SignedDuration::from_hours(1),
        reason: "launch day".into(),
        signature: None,
    };
    for _ in 0..2 {
        ledger.commit(&[Operation::Raise(raise.clone())]).unwrap().pop().unwrap().unwrap();
    }
    assert_eq!(standing(ledger).limit, cents(150));
    assert_eq!(ledger.raises().unwrap(), [raise]);
    assert!(granted(ledger, reserve(1, 150)));
    clock.wait(3_600);
    assert_eq!(standing(ledger).limit, cents(100));
    assert_eq!(ledger.raises().unwrap(), []);
    assert_eq!(ledger.in_force().unwrap(), in_force(vec![web("1")]));
    assert!(!granted(ledger, reserve(2, 1)));
}

fn a_key_is_replaced_by_its_own_word(ledger: &dyn Ledger, clock: &TestClock) {
    let folder = tempfile::tempdir().unwrap();
    let keys = KeyFolder::make(&folder.path().join("keys")).unwrap();
    let [one, two, three] = [(); 3].map(|()| keys.make_key().unwrap());
    let number = |number| DecisionId::from_parts(Timestamp::UNIX_EPOCH, [number; 10]);
    let add = |add: &AddKey| {
        let answer = ledger.commit(&[Operation::AddKey(add.clone())]).unwrap().pop().unwrap();
        answer.map_err(|error| error.kind())
    };
    let plain = |id, public| AddKey { id: number(id), public, replaces: None, signature: None };
    let signed = |id, by: &PublicKey, replaces: PublicKey, public| {
        let statement = rotation_statement(&number(1).to_bytes(), &replaces, &public);
        let signature = keys.signer(&by.id()).unwrap().sign(&statement).unwrap();
        let signature = Some(Arc::from(signature.as_slice()));
        AddKey { id: number(id), public, replaces: Some(replaces), signature }
    };
    assert_eq!(add(&signed(1, &one, one, two)), Err(ErrorKind::NotFound), "there is none");
    for _ in 0..2 {
        assert_eq!(add(&plain(1, one)), Ok(Answer::Done));
    }
    // Another process made the same the first one.
    assert_eq!(add(&plain(2, one)), Ok(Answer::Done));
    assert_eq!(add(&plain(1, two)), Err(ErrorKind::Conflict), "another content of the same id");
    assert_eq!(add(&plain(3, two)), Err(ErrorKind::Refused), "nobody hands over");
    assert_eq!(add(&signed(3, &two, one, two)), Err(ErrorKind::Refused), "signed by another");
    let elsewhere = AddKey { public: three, ..signed(3, &one, one, two) };
    assert_eq!(add(&elsewhere), Err(ErrorKind::Refused), "signed for another");
    for _ in 0..2 {
        assert_eq!(add(&signed(3, &one, one, two)), Ok(Answer::Done));
    }
    assert_eq!(add(&signed(4, &one, one, three)), Err(ErrorKind::Conflict), "it signs no more");
    assert_eq!(add(&signed(4, &two, two, one)), Err(ErrorKind::Conflict), "it was replaced");
    let entries = ledger.entries_of(&[Kind::KeyAdded], 0, 10).unwrap();
    let facts: Vec<Fact> = entries.into_iter().map(|entry| entry.fact).collect();
    assert_eq!(facts, [plain(1, one), signed(3, &one, one, two)].map(Fact::KeyAdded));
    a_raise_is_signed_with_the_key_that_signs(ledger, clock, &keys, [one, two]);
}

fn a_raise_is_signed_with_the_key_that_signs(
    ledger: &dyn Ledger,
    clock: &TestClock,
    keys: &KeyFolder,
    [before, now]: [PublicKey; 2],
) {
    let number = |number| DecisionId::from_parts(Timestamp::UNIX_EPOCH, [number; 10]);
    adopt(ledger, vec![web("1")]);
    let mut raise = Raise {
        id: number(5),
        budget: web("1").id(),
        amount: cents(1),
        until: clock.now() + SignedDuration::from_hours(1),
        reason: "launch day".into(),
        signature: None,
    };
    let name = number(1).to_bytes();
    sign_raise(&name, &mut raise, &keys.signer(&now.id()).unwrap()).unwrap();
    let add = |raise: &Raise| {
        let answer = ledger.commit(&[Operation::Raise(raise.clone())]).unwrap().pop().unwrap();
        answer.map_err(|error| error.kind())
    };
    assert_eq!(add(&raise), Ok(Answer::Done));
    raise.id = number(6);
    assert_eq!(add(&raise), Err(ErrorKind::Refused), "signed as another raise");
    sign_raise(&name, &mut raise, &keys.signer(&before.id()).unwrap()).unwrap();
    assert_eq!(add(&raise), Err(ErrorKind::Refused), "signed with a key of before");
    raise.signature = None;
    assert_eq!(add(&raise), Err(ErrorKind::Refused), "not signed");
    assert_eq!(ledger.verify().unwrap().faults, Vec::<String>::new());
}

fn entries_are_found_by_their_kind(ledger: &dyn Ledger, clock: &TestClock) {
    for limit in ["1", "2", "3"] {
        adopt(ledger, vec![web(limit)]);
    }
    assert!(granted(ledger, reserve(1, 50)));
    append(ledger, import("other", clock.now(), 5, 1));
    let all = ledger.entries(0, usize::MAX).unwrap();
    let of = |kinds: &[Kind]| -> Vec<_> {
        all.iter().filter(|entry| kinds.contains(&Kind::of(&entry.fact))).cloned().collect()
    };
    for kinds in [&[Kind::Adopted][..], &[Kind::Reserved, Kind::Adopted, Kind::Imported], &[]] {
        let wanted = of(kinds);
        assert_eq!(ledger.entries_of(kinds, 0, usize::MAX).unwrap(), wanted);
        assert_eq!(ledger.entries_of(kinds, 0, 2).unwrap(), wanted[..wanted.len().min(2)]);
        let Some(first) = wanted.first() else { continue };
        assert_eq!(ledger.entries_of(kinds, first.sequence, usize::MAX).unwrap(), wanted[1..]);
    }
    assert_eq!(of(&[Kind::Adopted]).len(), 3);
}

fn a_lowered_cap_revokes_nothing(ledger: &dyn Ledger, _: &TestClock) {
    adopt(ledger, vec![web("1")]);
    assert!(granted(ledger, reserve(1, 80)));
    adopt(ledger, vec![web("0.5")]);
    assert!(granted(ledger, reserve(1, 80)), "the stored answer");
    assert!(!granted(ledger, reserve(2, 1)));
    ledger.settle(settle(1, 20)).unwrap();
    assert!(granted(ledger, reserve(2, 30)));
}

fn an_arm_learns_nothing_of_others(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![budget(Scope::Operator, "1"), web("0.9")]);
    append(ledger, Append { path: path(2), ..import("other", clock.now(), 95, 1) });
    let Decision::Exhausted(shortage) = ledger.reserve(reserve(1, 91)).unwrap() else { panic!() };
    let resets = Some(at("2026-11-01T00:00:00Z"));
    let disclosed = shortage.for_an_arm();
    assert_eq!(disclosed[0], Disclosed::OperatorLimit { resets });
    assert!(matches!(disclosed[1], Disclosed::Own(own) if own.spent == cents(0)));
}

fn a_leap_of_the_clock_opens_no_period(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("1")]);
    assert!(granted(ledger, reserve(1, 100)));
    clock.wait(46 * 86_400);
    assert!(!granted(ledger, reserve(2, 1)), "still October");
    assert!(!ledger.time().unwrap().is_trusted);
    ledger.commit(&[Operation::ResetClock]).unwrap().pop().unwrap().unwrap();
    assert_eq!(ledger.time().unwrap(), Reading { now: clock.now(), is_trusted: true });
    assert!(granted(ledger, reserve(2, 1)));
    clock.wait(-60 * 86_400);
    assert!(granted(ledger, reserve(3, 99)), "time does not go back to October");
    assert_eq!(standing(ledger).start, Some(at("2026-12-01T00:00:00Z")));
}

fn events_do_not_move_the_clock(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![web("1")]);
    append(ledger, import("future", at("2027-03-01T00:00:00Z"), 100, 1));
    append(ledger, import("past", at("2026-03-01T00:00:00Z"), 100, 1));
    assert_eq!(journal(ledger).pop().unwrap().at, clock.now());
    assert!(granted(ledger, reserve(1, 100)), "October has no spend");
    let absurd = ledger.append(vec![import("absurd", Timestamp::MAX, 1, 1)]).unwrap().remove(0);
    assert_eq!(absurd.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

fn a_rolling_window_forgets(ledger: &dyn Ledger, clock: &TestClock) {
    adopt(ledger, vec![over(arm("acme-web"), "1", rolling(1), "UTC")]);
    assert!(granted(ledger, reserve(1, 100)));
    ledger.settle(settle(1, 100)).unwrap();
    assert_eq!(standing(ledger).resets, Some(clock.now() + SignedDuration::from_mins(61)));
    clock.wait(3_659);
    assert!(!granted(ledger, reserve(2, 1)), "the oldest bucket counts whole");
    clock.wait(1);
    assert!(granted(ledger, reserve(2, 100)));
}

/// Instants around every change of the clock and every end of a month, in six zones at once.
fn an_instant_is_in_one_period_of_six_zones(ledger: &dyn Ledger, _: &TestClock) {
    let zones = [
        "America/Mexico_City",
        "Europe/Rome",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "Asia/Kolkata",
        "America/Havana",
    ];
    let named = ["hourly", "daily", "weekly", "monthly", "yearly"];
    let cycles = named.map(|name| Cycle::from_name(name).unwrap()).into_iter();
    let cycles: Vec<Cycle> = cycles.chain([month_from(31)]).collect();
    let budgets: Vec<Budget> = zones
        .iter()
        .flat_map(|zone| cycles.iter().map(|cycle| over(Scope::Operator, "1", *cycle, zone)))
        .collect();
    adopt(ledger, budgets.clone());
    let mut instants = Vec::new();
    for budget in &budgets {
        let zone = budget.zone();
        let start = at("2024-02-28T00:00:00Z");
        instants.extend(zone.following(start).take(2).map(|moved| moved.timestamp()));
        for month in [start, at("2024-04-30T12:00:00Z")] {
            instants.push(Cycle::MONTHLY.period(month, zone).unwrap().unwrap().end().unwrap());
        }
    }
    let around = [-1, 0, 1].map(SignedDuration::from_nanos);
    let mut instants: Vec<_> =
        instants.into_iter().flat_map(|instant| around.map(|around| instant + around)).collect();
    instants.sort_unstable();
    instants.dedup();
    let imports = instants.iter().enumerate();
    let imports = imports.map(|(number, instant)| import(&number.to_string(), *instant, 1, 1));
    ledger.append(imports.collect()).unwrap().into_iter().for_each(|one| assert!(one.is_ok()));
    let balances = ledger.balances().unwrap();
    let whole = cents(i128::try_from(instants.len()).unwrap());
    for budget in &budgets {
        let id = budget.id();
        let own: Vec<_> = balances.iter().filter(|balance| balance.budget == id).collect();
        for instant in &instants {
            let covering = own.iter().filter(|balance| balance.covers(*instant)).count();
            assert_eq!(covering, 1, "{instant} {budget}");
        }
        let total = Money::sum(usd("0").currency(), own.iter().map(|one| one.amounts.spent));
        assert_eq!(total.unwrap(), whole, "{budget}");
    }
}

fn the_same_id_is_not_used_twice(ledger: &dyn Ledger, _: &TestClock) {
    adopt(ledger, vec![web("1")]);
    assert!(granted(ledger, reserve(1, 50)));
    let conflict = |result: octorato_core::Result<()>| {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Conflict);
    };
    conflict(ledger.reserve(reserve(1, 51)).map(drop));
    let other_path = Reserve { path: path(2), ..reserve(1, 50) };
    conflict(ledger.reserve(other_path).map(drop));
    let another_patience = Reserve { patience: SignedDuration::ZERO, ..reserve(1, 50) };
    assert!(granted(ledger, another_patience), "a retry may be less patient");
    ledger.settle(settle(1, 20)).unwrap();
    conflict(ledger.settle(settle(1, 21)).map(drop));
    conflict(ledger.settle(Settle { request: Some(request()), ..settle(1, 20) }).map(drop));
    assert_eq!(ledger.settle(settle(1, 20)).unwrap().amount, cents(20));
    let unknown = ledger.settle(settle(9, 20)).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    assert_eq!(spent(ledger), cents(20));
}

fn what_no_call_can_cost_is_refused(ledger: &dyn Ledger, _: &TestClock) {
    let refused = |amount: Money| {
        let reserve = Reserve { amount, ..reserve(1, 1) };
        ledger.reserve(reserve).unwrap_err().kind()
    };
    assert_eq!(refused(cents(-1)), ErrorKind::InvalidArgument);
    assert_eq!(refused(usd("1000000000000.01")), ErrorKind::Overflow);
    let euros = Money::zero(octorato_core::Currency::new("EUR").unwrap());
    assert_eq!(refused(euros), ErrorKind::CurrencyMismatch);
    assert!(!journal(ledger).iter().any(|entry| matches!(entry.fact, Fact::Reserved { .. })));
}

fn what_fails_half_way_leaves_no_trace(ledger: &dyn Ledger, clock: &TestClock) {
    // The year has no end that can be written.
    clock.wait(at("9999-12-30T12:00:00Z").as_second() - clock.now().as_second());
    let policy = |name: &str| {
        let cycle = Cycle::from_name(name).unwrap();
        Operation::Adopt(in_force(vec![over(arm("acme-web"), "1", cycle, "UTC")]))
    };
    let mut answers = ledger.commit(&[policy("yearly"), policy("total")]).unwrap();
    assert!(answers.pop().unwrap().is_ok());
    assert_eq!(answers.pop().unwrap().unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(journal(ledger).len(), 1);
    assert_eq!(ledger.standings().unwrap().len(), 1);
}
