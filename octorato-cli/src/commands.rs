//! One file per command.

pub(crate) mod arm;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod init;
pub(crate) mod price;
pub(crate) mod report;
pub(crate) mod scan;
pub(crate) mod schema;
pub(crate) mod why;

use octorato::Workspace;
use octorato::config::places::{Named, Places};
use octorato::core::{Error, Result};
use octorato::finops::logs::{Environment, Place};

use crate::args::{Global, Logs};

/// The places that were named, or those of the environment.
fn places(global: &Global) -> Result<Places> {
    Places::from_env(Named {
        home: global.home.clone(),
        state: global.state.clone(),
        brain: global.brain.clone(),
    })
}

fn workspace(global: &Global) -> Result<Workspace> {
    Workspace::open(places(global)?)
}

/// The logs that were named, which must be there, or the agents' homes on this machine.
fn logs(args: &Logs) -> Result<Vec<Place>> {
    if args.logs.is_empty() {
        return Ok(Place::usual(&Environment::of_process()));
    }
    for path in &args.logs {
        if let Err(error) = path.metadata() {
            return Err(Error::io("cannot read the logs at", path, error)
                .hinted("name an agent's home, a folder of transcripts or one transcript"));
        }
    }
    Ok(args.logs.iter().cloned().map(Place::Given).collect())
}
