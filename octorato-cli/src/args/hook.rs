//! What can be typed after `octorato hook`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use octorato::gate::protocol;
use octorato::hooks::Scope;

#[derive(Debug, Subcommand)]
pub(crate) enum Hook {
    /// Make agents call the gate: add its hooks to their settings.
    ///
    /// Everything else in the settings stays as it is, byte for byte; a copy of what was there is
    /// kept in the private state. Hooks of ours that are there already are corrected.
    Install(HookChange),
    /// Take the hooks out again; settings that nobody changed since are as they were before.
    Uninstall(HookChange),
    /// Whether agents really call the gate, and what keeps them from it.
    Status(HookStatus),
}

/// A coding agent with hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Agent {
    /// Claude Code.
    Claude,
    /// Codex CLI; review the hooks there with `/hooks`, else it skips them.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// GitHub Copilot CLI.
    Copilot,
    /// Cursor.
    Cursor,
}

impl Agent {
    pub(crate) fn known(self) -> protocol::Agent {
        match self {
            Self::Claude => protocol::Agent::Claude,
            Self::Codex => protocol::Agent::Codex,
            Self::Gemini => protocol::Agent::Gemini,
            Self::Copilot => protocol::Agent::Copilot,
            Self::Cursor => protocol::Agent::Cursor,
        }
    }
}

/// Whose sessions are meant.
#[derive(Args, Debug)]
pub(crate) struct HookScope {
    /// All sessions of this user [default].
    #[arg(long, conflicts_with = "project")]
    pub(crate) user: bool,
    /// Only sessions in this folder. The hooks name a path of this machine: keep them out of git.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) project: Option<PathBuf>,
}

impl HookScope {
    pub(crate) fn scope(&self) -> std::io::Result<Scope> {
        match &self.project {
            Some(folder) => Ok(Scope::Project(folder.canonicalize()?)),
            None => Ok(Scope::User),
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct HookChange {
    /// The agents.
    #[arg(value_name = "AGENT", required = true)]
    pub(crate) agents: Vec<Agent>,
    #[command(flatten)]
    pub(crate) scope: HookScope,
    /// Show what would change, as a diff, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct HookStatus {
    /// The agents [default: all].
    #[arg(value_name = "AGENT")]
    pub(crate) agents: Vec<Agent>,
    #[command(flatten)]
    pub(crate) scope: HookScope,
    /// Run each hook as its agent would, with a made-up call over a made-up cap, and one below it.
    #[arg(long)]
    pub(crate) self_test: bool,
    /// Exit with 1 if anything is wrong, or an agent that is named here has no hooks.
    #[arg(long)]
    pub(crate) strict: bool,
}
