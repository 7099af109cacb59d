//! The wall: what a session may not touch, whichever tool it uses.
//!
//! A pure decision over a small [`Disk`]. A session of an arm, and one of none, is kept out of
//!
//! - the roots of every other arm, the worktrees of repositories that lie there, and repositories
//!   elsewhere whose remotes are another arm's (the deepest root that contains a path owns it, so
//!   that nested roots of one's own stay open);
//! - Octorato's own files: configuration, ledger, keys, and the commands of `octorato` that show or
//!   change what is in them;
//! - transcripts, apart from those in the folder of the session's own;
//! - for writing: the files that say which hooks an agent runs.
//!
//! A search through a folder (`Grep`, `Glob`, `rg`, `find`, `ls -R` ...) is refused where any of
//! that lies below it. Paths are judged as they are written and as they really lie: `..` taken out
//! by name and by the disk, `~`, links (to what does not exist yet as well), other names of one
//! file, `/proc/<process>/root` and `cwd`. A path that is another arm's but for case is that arm's,
//! unless a different file of that name exists.
//!
//! An unattributed session owns nothing: every declared root is closed to it. Whoever works in
//! several arms' folders at once declares an arm for that.
//!
//! # Shell commands
//!
//! The words of the command are read as a shell reads them: quotes, escapes, `;`, `&&`, pipes,
//! redirections, here-documents, `$(...)`, `cd` and what it means for the rest, `git -C`, values of
//! options, assignments, patterns and braces, nested `sh -c`, `eval` and text in code. **What only
//! running it would tell is let through**: variables that were set elsewhere, the output of other
//! commands, encoded text, programs that read their paths from a file. Without a seal an agent can
//! get around the wall; it is there so that none does by mistake.

mod disk;
mod globs;
mod judge;
mod lexer;
mod links;
mod lookups;
mod patch;
mod plots;
mod settings;
mod shell;
mod spelling;
mod tools;

#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;
use octorato_core::{ArmId, Arms, Result};
use octorato_finops::attribute::FolderPath;
use serde_json::Value;

pub use disk::{Disk, Identity, Name};
pub(super) use lookups::Lookups;

use plots::{Owner, Plots};

/// Places that are closed beside the roots of arms; all absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protected {
    /// Octorato's own folders: configuration, state, keys.
    pub private: Vec<String>,
    /// Folders and files in which agents keep notes of the work for everybody.
    pub transcripts: Vec<String>,
    /// Homes of agents, with their settings.
    pub agent_homes: Vec<String>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asker<'a> {
    /// The arm of the session; nothing where it belongs to none.
    pub arm: Option<&'a ArmId>,
    /// What is the session's own among the notes that agents keep: its transcript, its folder.
    pub own: &'a [String],
    /// The user's home folder.
    pub home: Option<&'a str>,
}

/// What a tool is about to do.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The name of the tool, as the agent calls it.
    pub tool: &'a str,
    /// Its arguments.
    pub input: &'a Value,
    /// The current folder, absolute.
    pub cwd: &'a str,
}

/// Why a tool may not do it. Its text is for the agent: it names no client, arm or path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trespass {
    /// It reaches what belongs to other work.
    Outside,
    /// It searches through a folder in which other work lies.
    Search,
    /// It reaches Octorato's own files.
    Octorato,
    /// It runs a command of Octorato that shows or changes what belongs to all arms.
    Operator,
    /// It changes which hooks run.
    HookSettings,
    /// It has more parts than can be judged.
    TooLarge,
}

impl Trespass {
    /// The stable name, for the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Search => "search",
            Self::Octorato => "octorato",
            Self::Operator => "operator",
            Self::HookSettings => "hook_settings",
            Self::TooLarge => "too_large",
        }
    }
}

impl fmt::Display for Trespass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outside => {
                "this reaches files outside of what this session may use; stay within its own folders"
            }
            Self::Search => {
                "this searches folders that this session may not use; search its own folders instead"
            }
            Self::Octorato => "Octorato's own files are for the operator only",
            Self::Operator => "this command is for the operator only; ask them to run it",
            Self::HookSettings => {
                "hook settings are changed by the operator only, with `octorato hook install`"
            }
            Self::TooLarge => "this call is too large to be checked; split it into smaller ones",
        })
    }
}

/// Keeps one session within its own folders.
pub struct Wall<'d> {
    plots: Plots,
    arm: Option<ArmId>,
    home: Option<String>,
    agent_homes: Vec<String>,
    disk: &'d dyn Disk,
}

impl<'d> Wall<'d> {
    /// The wall around a session of `asker`, as arms are at `now`. Fails where a root's date is out
    /// of the calendar.
    pub fn new(
        arms: &Arms,
        protected: &Protected,
        asker: Asker<'_>,
        now: Timestamp,
        disk: &'d dyn Disk,
    ) -> Result<Self> {
        let mut plots = Plots::of(arms, now, disk)?;
        for path in &protected.private {
            plots.add(path, &Owner::Octorato, disk);
        }
        for path in &protected.transcripts {
            plots.add(path, &Owner::Transcripts, disk);
        }
        for place in asker.own {
            if plots.is_transcripts(place, disk) {
                plots.add(place, &Owner::OwnTranscripts, disk);
            }
        }
        Ok(Self {
            plots,
            arm: asker.arm.cloned(),
            home: asker.home.map(str::to_owned),
            agent_homes: protected.agent_homes.clone(),
            disk,
        })
    }

    /// The arm whose root contains a folder in all but case, where no other folder of that name
    /// exists: what a session there would spend is that arm's.
    pub fn arm_in_any_case(&self, folder: &str) -> Option<ArmId> {
        match self.plots.owner(&FolderPath::new(folder), self.disk)? {
            Owner::Arm(arm) => Some(arm.clone()),
            _ => None,
        }
    }

    /// The same wall around a session of this arm.
    #[must_use]
    pub fn around(mut self, arm: Option<ArmId>) -> Self {
        self.arm = arm;
        self
    }

    /// Whether a tool may do what it is about to do; nothing where it may.
    pub fn trespass(&self, call: Use<'_>) -> Option<Trespass> {
        judge::Judge::new(self, call.cwd).of_tool(call.tool, call.input)
    }
}
