//! How large a call is, and how fast things are.

use std::fs;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use octorato_core::ReservationId;
use rusqlite::Connection;

use super::{Folder, options};
use crate::budget::Scope;
use crate::ledger::conformance::TestClock;
use crate::ledger::conformance::races::five_levels;
use crate::ledger::conformance::world::{budget, cents, in_force, path};
use crate::ledger::{Ask, Ledger, Operation, Reserve, Settle, SqliteLedger, SqliteReader};

const START: &str = "2026-10-20T12:00:00Z";

fn id(number: u32) -> ReservationId {
    let [a, b, c, d] = number.to_be_bytes();
    let at = Timestamp::from_millisecond(1_760_000_000_000 + i64::from(number / 20)).unwrap();
    ReservationId::from_parts(at, [d ^ 0x5a, c, b, a, d, 7, 7, 7, 7, 7])
}

fn reserve(number: u32) -> Operation {
    Operation::Reserve(Reserve {
        id: id(number),
        path: path(u8::try_from(number % 32).unwrap()),
        amount: cents(5),
        max_output_tokens: 4_096,
        patience: SignedDuration::from_mins(15),
        holder: None,
    })
}

fn settle(number: u32) -> Operation {
    let amount = cents(i128::from(number % 5));
    let id = id(number);
    Operation::Settle(Settle { id, amount, is_estimate: false, request: None, metered: None })
}

fn fill(ledger: &SqliteLedger, from: u32, to: u32) {
    let numbers: Vec<u32> = (from..to).collect();
    for batch in numbers.chunks(64) {
        let reserves: Vec<_> = batch.iter().map(|number| reserve(*number)).collect();
        let settles: Vec<_> = batch.iter().map(|number| settle(*number)).collect();
        for answers in [ledger.commit(&reserves), ledger.commit(&settles)] {
            assert!(answers.unwrap().iter().all(Result::is_ok));
        }
    }
}

fn size(folder: &Folder) -> u64 {
    let connection = Connection::open(folder.ledger()).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    fs::metadata(folder.ledger()).unwrap().len()
}

#[test]
fn a_call_takes_at_most_165_bytes() {
    let folder = Folder::new();
    let ledger = folder.open(TestClock::at(START));
    ledger.commit(&[Operation::Adopt(in_force(vec![budget(Scope::Operator, "90000")]))]).unwrap();
    fill(&ledger, 0, 500);
    let before = size(&folder);
    fill(&ledger, 500, 2_500);
    let bytes = (size(&folder) - before) / 2_000;
    println!("{bytes} bytes for each call: two entries with their links and the row of its id");
    assert!(bytes <= 165, "{bytes}");
}

/// Not a test: prints what it measures. Run it optimised and alone.
#[test]
#[ignore = "measures"]
fn speeds() {
    for (name, policy) in [
        ("one level", in_force(vec![budget(Scope::Operator, "90000000")])),
        ("five levels", five_levels("90000000")),
    ] {
        let folder = Folder::new();
        let ledger = folder.open(TestClock::at(START));
        ledger.commit(&[Operation::Adopt(policy)]).unwrap();
        let started = Instant::now();
        fill(&ledger, 0, 100_000);
        println!("{name}: {:?} for 100000 pairs in batches of 64", started.elapsed());
        let threads = 64_u32;
        let started = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let ledger = &ledger;
                scope.spawn(move || {
                    for number in 0..100 {
                        let number = 1_000_000 + thread * 1_000 + number;
                        ledger.commit(&[reserve(number)]).unwrap();
                        ledger.commit(&[settle(number)]).unwrap();
                    }
                });
            }
        });
        println!("{name}: {:?} for 6400 pairs of 64 threads", started.elapsed());
        let mut fastest = Duration::MAX;
        for _ in 0..50 {
            let started = Instant::now();
            let reader =
                SqliteReader::open(&folder.ledger(), options(TestClock::at(START))).unwrap();
            let ask = Ask { path: path(4), amount: cents(1), max_output_tokens: 1 };
            reader.check(&[ask]).unwrap();
            fastest = fastest.min(started.elapsed());
        }
        println!("{name}: {fastest:?} to open and check");
        let started = Instant::now();
        let replayed = ledger.replay().unwrap();
        println!("{name}: {:?} to replay 212000 entries", started.elapsed());
        assert_eq!(replayed, ledger.balances().unwrap());
        let started = Instant::now();
        assert!(ledger.verify().unwrap().faults.is_empty());
        println!("{name}: {:?} to verify them", started.elapsed());
    }
}
