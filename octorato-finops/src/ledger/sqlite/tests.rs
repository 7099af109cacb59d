//! The store in a file passes what every ledger must.

mod conformance;

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::{Options, SqliteLedger};
use crate::ledger::Clock;

/// A folder with a ledger in it.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.0.path().join("ledger.db")
    }

    pub(super) fn open(&self, clock: impl Clock + 'static) -> SqliteLedger {
        SqliteLedger::open_or_create(&self.ledger(), options(clock)).unwrap()
    }
}

pub(super) fn options(clock: impl Clock + 'static) -> Options {
    Options { clock: Arc::new(clock), ..Options::default() }
}
