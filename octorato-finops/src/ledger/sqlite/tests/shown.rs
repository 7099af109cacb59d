//! What stock tools see.

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Currency, Money, ReservationId};
use rusqlite::Connection;

use super::{Folder, filled};
use crate::budget::Scope;
use crate::ledger::conformance::TestClock;
use crate::ledger::conformance::world::{arm, budget, in_force, path};
use crate::ledger::{Correct, Ledger, Operation, Reference, Reserve, Settle, fresh_decision};

const START: &str = "2026-10-20T12:00:00Z";

fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut texts = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let text = |column| match row.get_ref(column).unwrap() {
            rusqlite::types::ValueRef::Null => "-".to_owned(),
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            value => value.as_str().unwrap().to_owned(),
        };
        texts.push((0..columns).map(text).collect::<Vec<_>>().join(" | "));
    }
    texts
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

#[test]
fn the_views_show_dollars() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    let ledger = folder.open(clock.clone());
    let policy = in_force(vec![budget(Scope::Operator, "9"), budget(arm("acme-app"), "1")]);
    ledger.commit(&[Operation::Adopt(policy)]).unwrap();
    let id = ReservationId::from_parts(Timestamp::UNIX_EPOCH, [7; 10]);
    let reserve = Reserve {
        id,
        path: path(1),
        amount: usd("0.5"),
        max_output_tokens: 100,
        patience: SignedDuration::from_mins(15),
        holder: None,
    };
    ledger.reserve(reserve).unwrap();
    clock.wait(5);
    let amount = usd("0.123456789012");
    ledger.settle(Settle { id, amount, is_estimate: false, request: None, metered: None }).unwrap();
    for delta in ["-0.0000005", "-1.5"] {
        let id = fresh_decision(Timestamp::UNIX_EPOCH).unwrap();
        let of = Reference::Call(ReservationId::from_parts(Timestamp::UNIX_EPOCH, [7; 10]));
        ledger.correct(Correct { id, of, delta: usd(delta), reason: "credit".into() }).unwrap();
    }
    let connection = Connection::open(folder.ledger()).unwrap();
    assert_eq!(
        rows(&connection, "SELECT sequence, at, kind, arm, usd FROM entries WHERE usd IS NOT NULL"),
        [
            "4 | 2026-10-20T12:00:00.000Z | reserved | acme-app | 0.500000000000",
            "5 | 2026-10-20T12:00:05.000Z | settled | acme-app | 0.123456789012",
            "6 | 2026-10-20T12:00:05.000Z | corrected | - | -0.000000500000",
            "7 | 2026-10-20T12:00:05.000Z | corrected | - | -1.500000000000",
        ]
    );
    let call = "SELECT id, state, reserved_usd, last_usd FROM calls";
    assert_eq!(
        rows(&connection, call),
        [format!("{id} | settled | 0.500000000000 | 0.123456789012")]
    );
    assert_eq!(
        rows(&connection, "SELECT budget, kind, slot, label, spent_usd, open_usd FROM balances"),
        [
            "operator, monthly | from | 2026-10-01T00:00:00.000Z | 2026-10 | -1.376543710988 | 0.000000000000",
            "arm acme-app, monthly | from | 2026-10-01T00:00:00.000Z | 2026-10 | -1.376543710988 | 0.000000000000",
        ]
    );
    assert_eq!(
        rows(&connection, "SELECT * FROM spend_by_arm_month"),
        ["acme | acme-app | 2026-10 | -1.376543710988"]
    );
}

#[test]
fn the_views_show_every_entry_and_call() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    let ledger = folder.open(clock.clone());
    filled(&ledger, &clock);
    let connection = Connection::open(folder.ledger()).unwrap();
    for (view, table) in
        [("entries", "journal"), ("calls", "call_rows"), ("balances", "balance_rows")]
    {
        let count = |name| rows(&connection, &format!("SELECT count(*) FROM {name}"));
        assert_eq!(count(view), count(table));
    }
    let open = ledger.outstanding().unwrap().len();
    let shown = "SELECT count(*) FROM calls WHERE state IN ('open', 'orphaned')";
    assert_eq!(rows(&connection, shown), [open.to_string()]);
    assert!(rows(&connection, "SELECT at FROM entries WHERE at IS NULL").is_empty());
}
