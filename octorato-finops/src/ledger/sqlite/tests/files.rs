//! What is no ledger is an error that says so, and never an empty ledger.

use std::fs;

use octorato_core::ErrorKind;
use rusqlite::Connection;

use super::{Folder, filled, options};
use crate::ledger::conformance::TestClock;
use crate::ledger::conformance::world::{cents, path};
use crate::ledger::sqlite::format::{Formats, Step};
use crate::ledger::{Ask, Ledger, SqliteLedger, SqliteReader};

const START: &str = "2026-10-20T12:00:00Z";

fn ask() -> Ask {
    Ask { path: path(1), amount: cents(1), max_output_tokens: 10 }
}

/// The kinds with which a writer and a reader refuse a file.
fn refused(folder: &Folder) -> (ErrorKind, ErrorKind) {
    let clock = TestClock::at(START);
    let written = SqliteLedger::open_or_create(&folder.ledger(), options(clock.clone()))
        .and_then(|ledger| ledger.check(&[ask()]));
    let read = SqliteReader::open(&folder.ledger(), options(clock))
        .and_then(|reader| reader.check(&[ask()]));
    (written.unwrap_err().kind(), read.unwrap_err().kind())
}

#[test]
fn what_is_no_ledger_is_refused() {
    let garbage: Vec<u8> = (0..8_192_u32).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
    for content in [&b""[..], b"SQLite format 3", b"{}", &garbage] {
        let folder = Folder::new();
        fs::write(folder.ledger(), content).unwrap();
        assert_eq!(refused(&folder), (ErrorKind::Data, ErrorKind::Data), "{}", content.len());
        assert_eq!(fs::read(folder.ledger()).unwrap(), content);
    }
    let folder = Folder::new();
    Connection::open(folder.ledger()).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    assert_eq!(refused(&folder), (ErrorKind::Data, ErrorKind::Data));
    let folder = Folder::new();
    fs::create_dir(folder.ledger()).unwrap();
    assert_eq!(refused(&folder), (ErrorKind::Data, ErrorKind::Data));
}

#[test]
fn a_missing_ledger_is_not_made_by_looking() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    let read = SqliteReader::open(&folder.ledger(), options(clock.clone())).unwrap_err();
    let opened = SqliteLedger::open(&folder.ledger(), options(clock)).unwrap_err();
    assert_eq!((read.kind(), opened.kind()), (ErrorKind::NotFound, ErrorKind::NotFound));
    assert!(!folder.ledger().exists());
}

#[test]
fn a_ledger_is_made_for_its_owner_alone_and_never_over_another() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    drop(SqliteLedger::create(&folder.ledger(), options(clock.clone())).unwrap());
    let again = SqliteLedger::create(&folder.ledger(), options(clock)).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    let left = fs::read_dir(folder.ledger().parent().unwrap()).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains(".new-")), "{names:?}");
    #[cfg(unix)]
    for name in names {
        use std::os::unix::fs::PermissionsExt;
        let file = folder.ledger().with_file_name(name);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "{file:?}");
    }
}

#[test]
fn a_newer_format_is_neither_written_nor_read() {
    let folder = Folder::new();
    drop(folder.open(TestClock::at(START)));
    Connection::open(folder.ledger()).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
    assert_eq!(refused(&folder), (ErrorKind::Unavailable, ErrorKind::Unavailable));
    let error = SqliteLedger::open(&folder.ledger(), options(TestClock::at(START))).unwrap_err();
    assert!(error.to_string().contains("newer octorato"), "{error}");
    assert!(error.hint().unwrap().contains("update"), "{error}");
}

#[test]
fn an_older_format_is_brought_up_after_a_copy_is_kept() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    filled(&folder.open(clock.clone()), &clock);
    let older = |sql: &'static str| {
        let step = Step { from: 1, sql };
        Formats { current: 2, steps: Box::leak(Box::new([step])) }
    };
    // A step that fails changes nothing.
    let failing = older("CREATE TABLE fresh (x); DELETE FROM journal");
    let error = SqliteLedger::open_as(&folder.ledger(), options(clock.clone()), failing);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Data);
    let before = folder.open(clock.clone()).entries(0, usize::MAX).unwrap();
    assert!(!before.is_empty());

    let good = older("CREATE TABLE fresh (x)");
    let ledger = SqliteLedger::open_as(&folder.ledger(), options(clock.clone()), good).unwrap();
    assert_eq!(ledger.entries(0, usize::MAX).unwrap(), before);
    let kept = folder.ledger().with_file_name("ledger.db.format-1");
    let copy = SqliteReader::open(&kept, options(clock.clone())).unwrap();
    assert_eq!(copy.standings().unwrap(), ledger.standings().unwrap());
    // The program of before refuses it from now on.
    let error = SqliteLedger::open(&folder.ledger(), options(clock)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[test]
fn the_journal_is_never_changed() {
    let folder = Folder::new();
    let clock = TestClock::at(START);
    filled(&folder.open(clock.clone()), &clock);
    let connection = Connection::open(folder.ledger()).unwrap();
    for sql in [
        "UPDATE journal SET micro = 0",
        "DELETE FROM journal",
        "UPDATE postings SET spent_micro = 0",
        "DELETE FROM postings",
    ] {
        let error = connection.execute(sql, []).unwrap_err();
        assert!(error.to_string().contains("only added to"), "{sql}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_or_folder_that_may_not_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let clock = TestClock::at(START);
    filled(&folder.open(clock.clone()), &clock);
    let parent = folder.ledger().parent().unwrap().to_owned();
    let allow = |file: &std::path::Path, mode| {
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(&folder.ledger(), 0o400);
    allow(&parent, 0o500);
    // Who may do everything, as root in a container, is not refused.
    let may_all = fs::write(parent.join("probe"), b"").is_ok();
    if !may_all {
        let error = SqliteLedger::open(&folder.ledger(), options(clock)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Io), "{error:?}");
        assert!(error.to_string().contains("ledger.db"), "{error:?}");
    }
    allow(&parent, 0o700);
}
