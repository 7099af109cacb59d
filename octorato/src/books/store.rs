//! The file in which the ledger is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::ledger::edge::SystemClock;
use octorato_finops::ledger::{Options, SqliteLedger, Verification};

use super::{Access, Books};
use crate::config::init::make_state;
use crate::config::places::Places;

fn options() -> Options {
    Options { clock: Arc::new(SystemClock::new()), ..Options::default() }
}

/// Opens the ledger of these places.
pub(super) fn open(places: &Places, access: Access) -> Result<Arc<SqliteLedger>> {
    let path = places.ledger();
    let ledger = match access {
        Access::Existing if path.symlink_metadata().is_err() => return Err(no_ledger(&path)),
        Access::Existing => SqliteLedger::open(&path, options())?,
        Access::Make => {
            make_state(places)?;
            SqliteLedger::open_or_create(&path, options())?
        }
    };
    Ok(Arc::new(ledger))
}

/// What is said where a ledger is needed and there is none.
fn no_ledger(path: &Path) -> Error {
    Error::new(ErrorKind::NotFound, format!("no ledger yet: `{}`", path.display()))
        .hinted("run `octorato init`; `octorato sync` makes it too, and fills it")
}

impl Books {
    /// Copies the ledger to a new file while it is in use, and verifies the copy.
    ///
    /// Fails with [`ErrorKind::AlreadyExists`] where there is a file.
    pub fn backup(&self, to: &Path) -> Result<Verification> {
        let Some(store) = &self.store else {
            return Err(Error::new(ErrorKind::InvalidArgument, "this ledger is in no file"));
        };
        store.backup(to)
    }
}

/// Puts a copy in the place of the ledger, after it was verified. What was there is kept beside it
/// under a name of its own, which is answered.
///
/// Whoever has the ledger open meanwhile must open it anew.
pub fn restore(places: &Places, from: &Path) -> Result<(Verification, Option<PathBuf>)> {
    make_state(places)?;
    let path = places.ledger();
    let second = Timestamp::now().strftime("%Y-%m-%dT%H%M%SZ").to_string();
    let keep = path.symlink_metadata().is_ok().then(|| {
        let mut name = path.clone().into_os_string();
        name.push(format!(".{second}"));
        PathBuf::from(name)
    });
    let found = SqliteLedger::restore(from, &path, keep.as_deref(), &options())?;
    Ok((found, keep))
}
