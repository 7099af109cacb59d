//! One file per command.

pub(crate) mod arm;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod init;
pub(crate) mod report;
pub(crate) mod scan;
pub(crate) mod schema;

use octorato::Workspace;
use octorato::config::places::{Named, Places};
use octorato::finops::logs::{Environment, Place};

use crate::args::{Global, Logs};

/// The places that were named, or those of the environment.
fn places(global: &Global) -> octorato::core::Result<Places> {
    Places::from_env(Named {
        home: global.home.clone(),
        state: global.state.clone(),
        brain: global.brain.clone(),
    })
}

fn workspace(global: &Global) -> octorato::core::Result<Workspace> {
    Workspace::open(places(global)?)
}

/// The logs that were named, or the agents' homes on this machine.
fn logs(args: &Logs) -> Vec<Place> {
    if args.logs.is_empty() {
        return Place::usual(&Environment::of_process());
    }
    args.logs.iter().cloned().map(Place::Given).collect()
}
