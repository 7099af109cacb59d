//! Threads, handles and processes at one file.

use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{ErrorKind, ReservationId};

use super::{Folder, filled, options};
use crate::budget::Scope;
use crate::ledger::conformance::TestClock;
use crate::ledger::conformance::races::{five_levels, race};
use crate::ledger::conformance::world::{budget, cents, in_force, path, usd};
use crate::ledger::edge::Turnstile;
use crate::ledger::{
    Decision, Durability, Ledger, Operation, Options, Reserve, Settle, SqliteLedger, SqliteReader,
};

const START: &str = "2026-10-20T12:00:00Z";

#[test]
fn sixty_four_callers_never_pass_a_dollar() {
    for policy in [in_force(vec![budget(Scope::Operator, "1.00")]), five_levels("1.00")] {
        let folder = Folder::new();
        let ledger = folder.open(TestClock::at(START));
        let finish = race(&ledger, policy, 64);
        assert!(finish.most <= usd("1.00"), "{finish:?}");
        assert!(finish.spent > usd("0.95"), "{finish:?}");
        assert_eq!(ledger.verify().unwrap().faults, Vec::<String>::new());
    }
}

#[test]
fn what_one_handle_commits_the_others_see() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    let (one, other) = (folder.open(clock.clone()), folder.open(clock.clone()));
    let reader = SqliteReader::open(&folder.ledger(), options(clock.clone())).unwrap();
    filled(&one, &clock);
    assert_eq!(other.balances().unwrap(), one.balances().unwrap());
    assert_eq!(reader.standings().unwrap(), one.standings().unwrap());
    spend(&other, 200, 4);
    assert_eq!(other.balances().unwrap(), one.balances().unwrap());
    spend(&one, 210, 4);
    assert_eq!(reader.standings().unwrap(), other.standings().unwrap());
    assert_eq!(other.verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn everything_is_there_after_it_was_opened_anew() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    let before = {
        let ledger = folder.open(clock.clone());
        filled(&ledger, &clock);
        (ledger.entries(0, usize::MAX).unwrap(), ledger.balances().unwrap())
    };
    // The log was left behind, as by a process that was killed.
    assert!(folder.ledger().with_file_name("ledger.db-wal").metadata().unwrap().len() > 0);
    let ledger = folder.open(clock);
    assert_eq!((ledger.entries(0, usize::MAX).unwrap(), ledger.balances().unwrap()), before);
}

#[test]
fn who_waits_too_long_is_told_and_nothing_is_done() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    let options = Options { deadline: Duration::from_millis(20), ..options(clock) };
    let ledger = SqliteLedger::open_or_create(&folder.ledger(), options).unwrap();
    let queue = Turnstile::open(&folder.ledger().with_file_name("ledger.db-queue")).unwrap();
    let turn = queue.enter(Duration::from_secs(10)).unwrap();
    let error = ledger.commit(&[Operation::ResetClock]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(ledger.entries(0, 10).unwrap().is_empty());
    drop(turn);
    let done = || ledger.commit(&[Operation::ResetClock]).is_ok();
    assert!((0..100).any(|_| done()), "the turn was given back");
}

#[cfg(unix)]
#[test]
fn after_a_commit_that_is_not_durable_nothing_is_answered() {
    let folder = Folder::new();
    let ledger = folder.open(TestClock::at(START));
    ledger.commit(&[Operation::ResetClock]).unwrap();
    std::fs::remove_file(folder.ledger().with_file_name("ledger.db-wal")).unwrap();
    for _ in 0..2 {
        let error = ledger.commit(&[Operation::ResetClock]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    }
}

/// A power cut may take what is only held, never what was spent or decided.
#[cfg(unix)]
#[test]
fn only_holds_are_answered_before_they_are_durable() {
    let hold = Operation::Reserve(of_a_cent(1, 1));
    let settle = Operation::Settle(costs_a_cent(1, 1));
    for waiting in [vec![settle.clone()], vec![hold.clone(), settle], vec![Operation::ResetClock]] {
        let folder = Folder::new();
        drop(folder.open(TestClock::at(START)));
        let options = Options { durability: Durability::Process, ..options(TestClock::at(START)) };
        let ledger = SqliteLedger::open(&folder.ledger(), options).unwrap();
        ledger.commit(&[Operation::ResetClock]).unwrap();
        // From here on nothing can be made durable.
        std::fs::remove_file(folder.ledger().with_file_name("ledger.db-wal")).unwrap();
        ledger.commit(std::slice::from_ref(&hold)).unwrap().remove(0).unwrap();
        let error = ledger.commit(&waiting).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{waiting:?}");
    }
}

fn of_a_cent(process: u8, number: u8) -> Reserve {
    Reserve {
        id: call(process, number),
        path: path(8 + 4),
        amount: cents(1),
        max_output_tokens: 100,
        patience: SignedDuration::from_mins(15),
        holder: None,
    }
}

fn costs_a_cent(process: u8, number: u8) -> Settle {
    let id = call(process, number);
    Settle { id, amount: cents(1), is_estimate: false, request: None, metered: None }
}

fn call(process: u8, number: u8) -> ReservationId {
    let random = [process, number, 0, 0, 0, 0, 0, 0, 0, 0];
    ReservationId::from_parts(Timestamp::UNIX_EPOCH, random)
}

/// Reserves and settles so many calls of a cent.
fn spend(ledger: &SqliteLedger, process: u8, calls: u8) -> u8 {
    let mut granted = 0;
    for number in 0..calls {
        if let Decision::Granted(_) = ledger.reserve(of_a_cent(process, number)).unwrap() {
            ledger.settle(costs_a_cent(process, number)).unwrap();
            granted += 1;
        }
    }
    granted
}

/// What another process runs; nothing where this is not one.
#[test]
fn in_another_process() {
    let Some((file, process)) =
        std::env::var_os("OCTORATO_TEST_LEDGER").zip(std::env::var("OCTORATO_TEST_PROCESS").ok())
    else {
        return;
    };
    let ledger = SqliteLedger::open(file.as_ref(), options(TestClock::at(START))).unwrap();
    println!("granted {}", spend(&ledger, process.parse().unwrap(), 40));
}

#[test]
fn processes_never_pass_a_dollar_together() {
    let folder = Folder::new();
    let ledger = folder.open(TestClock::at(START));
    ledger.commit(&[Operation::Adopt(in_force(vec![budget(Scope::Operator, "1.00")]))]).unwrap();
    let name = "ledger::sqlite::tests::together::in_another_process";
    let start = |process: u8| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env("OCTORATO_TEST_LEDGER", folder.ledger())
            .env("OCTORATO_TEST_PROCESS", process.to_string())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..3).map(start).collect();
    let mut granted = i64::from(spend(&ledger, 9, 40));
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let count = text.lines().find_map(|line| Some(line.split_once("granted ")?.1.to_owned()));
        granted += count.unwrap().trim().parse::<i64>().unwrap();
    }
    assert_eq!(granted, 100);
    let standing = ledger.standings().unwrap().remove(0);
    assert_eq!((standing.spent, standing.open), (usd("1.00"), usd("0")));
    assert_eq!(ledger.verify().unwrap().faults, Vec::<String>::new());
}
