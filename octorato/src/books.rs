//! The ledger of one operator, with the budgets that are in force in it.
//!
//! [`Books::open`] is the one way in: it opens the ledger and puts what `budgets.yaml` says in force
//! where that has changed.
//!
//! ```
//! use octorato::Workspace;
//! use octorato::books::{Books, Filter};
//! use octorato::config::places::{Named, Places};
//! use octorato::finops::ledger::{MemoryLedger, WallClock};
//!
//! # let folder = std::env::temp_dir().join(format!("octorato-books-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # std::fs::write(folder.join("budgets.yaml"),
//! #     "budgets: [{ operator: true, monthly_usd_cap: 5, action_on_breach: hard_stop }]\n")?;
//! # let named = Named { home: Some(folder.clone()), state: Some(folder.clone()), brain: None };
//! let workspace = Workspace::open(Places::from_env(named)?)?;
//! let ledger = std::sync::Arc::new(MemoryLedger::new(WallClock));
//! let books = Books::over(ledger, &workspace)?;
//! let status = books.status(&Filter::default())?;
//! assert_eq!(status.lines[0].standings[0].limit.to_string(), "5");
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod apply;
mod extend;
mod lines;
mod regime;
mod removals;
mod replies;
mod sign;
mod status;
mod store;
mod trials;

use std::sync::Arc;

use octorato_core::{Arms, Result};
use octorato_finops::ledger::{Ledger, SqliteLedger};

use crate::Workspace;
use crate::config::places::Places;

pub use apply::{Applied, apply};
pub use regime::{Origin, Regime};
pub use removals::Removal;
pub use replies::{call as call_row, path as path_row, standing as standing_row};
pub use sign::KeptKey;
pub use status::{Filter, Line, State, Status, raise_row};
pub use store::restore;

pub(crate) use status::{conditions, is_counted, label, parties, scope_name};

/// Whether a ledger that is not there is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It must be there.
    Existing,
    /// It is made, where private files may lie, with a signing key.
    Make,
}

/// A ledger beside the budgets that are in force.
pub struct Books {
    ledger: Arc<dyn Ledger>,
    store: Option<Arc<SqliteLedger>>,
    places: Places,
    arms: Arms,
    regime: Regime,
}

impl Books {
    /// Opens the ledger that lies where the workspace keeps its state.
    ///
    /// Fails with [`ErrorKind::NotFound`](octorato_core::ErrorKind::NotFound) where there is none and none is to be made.
    pub fn open(workspace: &Workspace, access: Access) -> Result<Self> {
        let store = store::open(workspace.places(), access)?;
        if access == Access::Make {
            sign::establish(&*store, workspace.places())?;
        }
        let books = Self::over(store.clone(), workspace)?;
        Ok(Self { store: Some(store), ..books })
    }

    /// Books over a ledger that is open: puts in force what `budgets.yaml` says now, if that is
    /// not what is in force.
    ///
    /// A file that cannot be used lifts no cap: see [`Origin`].
    pub fn over(ledger: Arc<dyn Ledger>, workspace: &Workspace) -> Result<Self> {
        let places = workspace.places().clone();
        let regime = Regime::establish(&*ledger, &places, workspace.arms())?;
        Ok(Self { ledger, store: None, places, arms: workspace.arms().clone(), regime })
    }

    /// The ledger.
    pub fn ledger(&self) -> &dyn Ledger {
        &*self.ledger
    }

    /// The ledger, for whoever keeps it.
    pub fn shared(&self) -> Arc<dyn Ledger> {
        self.ledger.clone()
    }

    /// The arms that the budgets are about.
    pub fn arms(&self) -> &Arms {
        &self.arms
    }

    /// Where everything lies.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The budgets in force, and whence they are.
    pub fn regime(&self) -> &Regime {
        &self.regime
    }
}

/// Makes the ledger where it is missing, and its first signing key: whether that is new.
pub(crate) fn make(places: &Places) -> Result<bool> {
    let store = store::open(places, Access::Make)?;
    sign::establish(&*store, places)
}
