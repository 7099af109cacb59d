//! How large a call is; how fast things are, the benchmarks tell.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use octorato_core::ReservationId;
use rusqlite::Connection;

use super::Folder;
use crate::budget::Scope;
use crate::ledger::conformance::TestClock;
use crate::ledger::conformance::world::{budget, cents, in_force, path};
use crate::ledger::{Ledger, Operation, Reserve, Settle, SqliteLedger};

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
