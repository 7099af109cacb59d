//! Copies, and what verifying finds.

use std::fs;
use std::path::Path;

use octorato_core::ErrorKind;
use rusqlite::Connection;

use super::{Folder, filled, options};
use crate::ledger::conformance::TestClock;
use crate::ledger::conformance::world::{cents, path};
use crate::ledger::{Ask, Balance, Entry, Ledger, Operation, SqliteLedger, SqliteReader, Verdict};

const START: &str = "2026-10-20T12:00:00Z";

#[test]
fn a_copy_is_the_ledger_of_its_moment() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    let ledger = folder.open(clock.clone());
    filled(&ledger, &clock);
    let copy = folder.ledger().with_file_name("copy.db");
    assert_eq!(ledger.backup(&copy).unwrap(), ledger.verify().unwrap());
    assert_eq!(ledger.backup(&copy).unwrap_err().kind(), ErrorKind::AlreadyExists);

    let entries = ledger.entries(0, usize::MAX).unwrap();
    ledger.commit(&[Operation::ResetClock]).unwrap();
    let restored = folder.ledger().with_file_name("restored.db");
    SqliteLedger::restore(&copy, &restored, None, &options(clock.clone())).unwrap();
    let restored = SqliteLedger::open(&restored, options(clock)).unwrap();
    assert_eq!(restored.entries(0, usize::MAX).unwrap(), entries);
}

#[test]
fn a_restore_replaces_nothing_silently_and_the_old_one_is_kept() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    let ledger = folder.open(clock.clone());
    filled(&ledger, &clock);
    let copy = folder.ledger().with_file_name("copy.db");
    ledger.backup(&copy).unwrap();
    let entries = ledger.entries(0, usize::MAX).unwrap();
    ledger.commit(&[Operation::ResetClock]).unwrap();

    let options = options(clock.clone());
    let refused = SqliteLedger::restore(&copy, &folder.ledger(), None, &options).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    let kept = folder.ledger().with_file_name("before.db");
    SqliteLedger::restore(&copy, &folder.ledger(), Some(&kept), &options).unwrap();
    // Who has the old one open cannot commit to it any more.
    let error = ledger.commit(&[Operation::ResetClock]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(folder.open(clock.clone()).entries(0, usize::MAX).unwrap(), entries);
    drop(ledger);
    let old = SqliteLedger::open(&kept, options).unwrap();
    assert!(old.entries(0, usize::MAX).unwrap().len() > entries.len());
}

/// A ledger without a log, and its bytes.
fn at_rest(folder: &Folder, clock: &TestClock) -> Vec<u8> {
    filled(&folder.open(clock.clone()), clock);
    let connection = Connection::open(folder.ledger()).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(connection);
    let _ = fs::remove_file(folder.ledger().with_file_name("ledger.db-wal"));
    let _ = fs::remove_file(folder.ledger().with_file_name("ledger.db-shm"));
    fs::read(folder.ledger()).unwrap()
}

/// All that a ledger answers.
#[derive(Debug, PartialEq)]
struct Said {
    entries: Vec<Entry>,
    balances: Vec<Balance>,
    verdicts: Vec<Verdict>,
}

/// What a ledger answers, and whether verifying finds something; nothing where it refuses.
fn said(file: &Path, clock: &TestClock) -> Option<(bool, Said)> {
    let ledger = SqliteLedger::open(file, options(clock.clone())).ok()?;
    let is_found = !ledger.verify().is_ok_and(|found| found.faults.is_empty());
    let ask = |number| Ask { path: path(number), amount: cents(1), max_output_tokens: 1 };
    let asks: Vec<Ask> = (0..32).map(ask).collect();
    let said = Said {
        entries: ledger.entries(0, usize::MAX).ok()?,
        balances: ledger.balances().ok()?,
        verdicts: ledger.check(&asks).ok()?,
    };
    Some((is_found, said))
}

/// A byte is turned in every page, at several places: the file is refused, or verifying finds it, or
/// it was a byte that means nothing and every answer is as before.
#[test]
fn a_turned_byte_is_found_or_means_nothing() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    let whole = at_rest(&folder, &clock);
    let (is_found, good) = said(&folder.ledger(), &clock).unwrap();
    assert!(!is_found);
    let (mut refused, mut found, mut idle) = (0, 0, 0);
    for page in 0..whole.len() / 4096 {
        // In the header of a page, in its middle, and in its first cell, which is its last bytes.
        for at in [5, 700 + page * 31 % 2_000, 4_090] {
            let folder = Folder::new();
            let mut bytes = whole.clone();
            bytes[page * 4096 + at] ^= 0x10;
            fs::write(folder.ledger(), &bytes).unwrap();
            match said(&folder.ledger(), &clock) {
                None => refused += 1,
                Some((true, _)) => found += 1,
                Some((false, seen)) => {
                    assert!(seen == good, "page {page}, byte {at}");
                    idle += 1;
                }
            }
        }
    }
    println!("{} pages: {refused} refused, {found} found, {idle} idle", whole.len() / 4096);
    assert!(refused + found > idle, "{refused} {found} {idle}");
}

/// Every number of the rows that a check reads is sealed: what was changed is refused at once.
#[test]
fn a_changed_balance_is_never_answered_from() {
    let (template, clock) = (Folder::new(), TestClock::at(START));
    let whole = at_rest(&template, &clock);
    for sql in [
        "UPDATE balance_rows SET spent_micro = 0 WHERE spent_micro > 0",
        "UPDATE balance_rows SET open_pico = open_pico + 1",
        "UPDATE state SET last = last - 1",
        "UPDATE policies SET policy = replace(policy, '9', '8')",
    ] {
        let folder = Folder::new();
        fs::write(folder.ledger(), &whole).unwrap();
        Connection::open(folder.ledger()).unwrap().execute_batch(sql).unwrap();
        let reader = SqliteReader::open(&folder.ledger(), options(clock.clone())).unwrap();
        assert_eq!(reader.standings().unwrap_err().kind(), ErrorKind::Data, "{sql}");
    }
}

#[test]
fn verifying_finds_what_was_changed_and_says_where() {
    let (template, clock) = (Folder::new(), TestClock::at(START));
    let whole = at_rest(&template, &clock);
    for (sql, place) in [
        ("UPDATE sums SET spent_micro = spent_micro + 1", "sum"),
        ("DELETE FROM sums", "missing"),
        ("UPDATE call_rows SET more = NULL", "call"),
        ("DELETE FROM call_rows WHERE last IS NOT NULL", "call"),
        ("UPDATE sources SET revision = revision + 1", "source"),
        ("UPDATE requests SET call = NULL, sources = NULL", "request"),
        ("UPDATE decisions SET fingerprint = zeroblob(16)", "decision"),
        ("DELETE FROM raises", "raise"),
        ("DELETE FROM closed", "closed"),
        ("DELETE FROM balance_rows", "balance"),
        ("UPDATE balance_rows SET spent_micro = spent_micro + 1", "is not the fold"),
        ("UPDATE paths SET agent = 'other' WHERE agent IS NOT NULL", "path"),
        ("UPDATE texts SET text = text || 'x'", "breaks its chain"),
        ("DROP INDEX sources_by_key", "sources_by_key"),
        (
            "DROP TRIGGER journal_is_never_changed; UPDATE journal SET micro = micro + 1",
            "breaks its chain",
        ),
        (
            "DROP TRIGGER journal_is_never_changed; UPDATE journal SET at = 0 WHERE sequence = 9",
            "9",
        ),
        ("DROP TRIGGER journal_is_never_deleted; DELETE FROM journal WHERE sequence = 9", "chain"),
        ("UPDATE chains SET head = zeroblob(32)", "does not end"),
        ("DELETE FROM chains WHERE arm = 'zeta'", "no chain"),
    ] {
        let folder = Folder::new();
        fs::write(folder.ledger(), &whole).unwrap();
        let connection = Connection::open(folder.ledger()).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        connection.execute_batch(sql).unwrap();
        let ledger = folder.open(clock.clone());
        let faults = ledger.verify().unwrap().faults;
        assert!(faults.iter().any(|fault| fault.contains(place)), "{sql}: {faults:?}");
    }
}
