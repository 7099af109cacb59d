//! The hooks in the settings of coding agents: they are put in, taken out and looked at.
//!
//! Settings belong to their owner. Only entries that call `octorato gate --agent X` are ours; all
//! other bytes stay as they are, in place, with their comments, order and line ends. What was
//! written is recorded in the private state, so that taking it out gives the very file that was
//! there before; without the record the entries are known by their commands.

mod command;
mod diff;
mod document;
mod edit;
mod install;
mod json;
mod merge;
mod place;
mod record;
mod self_test;
mod status;
mod toml_text;
mod tree;
mod wanted;

use std::path::PathBuf;

pub use install::Change;
pub use place::{Homes, Scope, binary_to_call};
pub use self_test::{Call, Ran, SelfTest, run_in_shell};
pub use status::{State, Status};
pub use wanted::TIMEOUT_SECONDS;

use crate::config::places::Places;
use record::Records;

/// The hooks of the agents on this machine.
#[derive(Clone, Debug)]
pub struct Hooks {
    homes: Homes,
    records: Records,
    binary: PathBuf,
    named_places: bool,
}

impl Hooks {
    /// The hooks of the agents in `homes`, which call `binary` (see [`binary_to_call`]). What is
    /// written is recorded in the state of `places`.
    pub fn new(places: &Places, homes: Homes, binary: PathBuf) -> Self {
        Self { homes, records: Records::of(&places.state), binary, named_places: false }
    }

    /// Says that the private places were named by a variable or on a command line, which agents
    /// that are started elsewhere do not know.
    #[must_use]
    pub fn with_named_places(mut self, named: bool) -> Self {
        self.named_places = named;
        self
    }
}

#[cfg(test)]
mod tests;
