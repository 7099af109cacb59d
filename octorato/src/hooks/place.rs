//! Where agents keep their settings.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use octorato_core::{Error, ErrorKind, Result};

use crate::gate::protocol::Agent;

/// Whose sessions the hooks are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All sessions of the user.
    User,
    /// The sessions in one project.
    Project(PathBuf),
}

/// The folders of the agents on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homes {
    /// Claude Code's: `$CLAUDE_CONFIG_DIR` (the first one of several), else `~/.claude`.
    pub claude: PathBuf,
    /// Codex's: `$CODEX_HOME`, else `~/.codex`.
    pub codex: PathBuf,
    /// Gemini CLI's: `.gemini` in `$GEMINI_CLI_HOME`, else in `~`.
    pub gemini: PathBuf,
    /// Copilot CLI's: `$COPILOT_HOME`, else `~/.copilot`.
    pub copilot: PathBuf,
    /// Cursor's: `~/.cursor`.
    pub cursor: PathBuf,
    /// The root of the file system, under which administrators put their settings.
    pub root: PathBuf,
}

impl Homes {
    /// Finds the folders; `env` looks a variable up, `user_home` is what `~` stands for.
    pub fn resolve(
        user_home: Option<&Path>,
        env: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self> {
        let home = user_home.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "the home folder of the user is not known")
                .hinted("set `HOME`")
        })?;
        let env = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let first = |list: PathBuf| match list.to_str() {
            Some(text) => PathBuf::from(text.split(',').next().unwrap_or_default().trim()),
            None => list,
        };
        Ok(Self {
            claude: env("CLAUDE_CONFIG_DIR").map_or_else(|| home.join(".claude"), first),
            codex: env("CODEX_HOME").unwrap_or_else(|| home.join(".codex")),
            gemini: env("GEMINI_CLI_HOME").unwrap_or_else(|| home.to_owned()).join(".gemini"),
            copilot: env("COPILOT_HOME").unwrap_or_else(|| home.join(".copilot")),
            cursor: home.join(".cursor"),
            root: PathBuf::from(if cfg!(windows) { r"C:\" } else { "/" }),
        })
    }

    /// An agent's folder.
    pub fn of(&self, agent: Agent) -> &Path {
        match agent {
            Agent::Claude => &self.claude,
            Agent::Codex => &self.codex,
            Agent::Gemini => &self.gemini,
            Agent::Copilot => &self.copilot,
            Agent::Cursor => &self.cursor,
        }
    }

    /// The files in which hooks of an agent may stand, the usual one first.
    pub(super) fn files(&self, agent: Agent, scope: &Scope) -> Vec<PathBuf> {
        let at = |folder: PathBuf, names: &[&str]| {
            names.iter().map(|name| folder.join(name)).collect::<Vec<_>>()
        };
        match (agent, scope) {
            (Agent::Claude, Scope::User) => at(self.claude.clone(), &["settings.json"]),
            // A path of this machine does not belong into a file that others get.
            (Agent::Claude, Scope::Project(project)) => {
                at(project.join(".claude"), &["settings.local.json"])
            }
            (Agent::Codex, Scope::User) => at(self.codex.clone(), &["hooks.json", "config.toml"]),
            (Agent::Codex, Scope::Project(project)) => {
                at(project.join(".codex"), &["hooks.json", "config.toml"])
            }
            (Agent::Gemini, Scope::User) => at(self.gemini.clone(), &["settings.json"]),
            (Agent::Gemini, Scope::Project(project)) => {
                at(project.join(".gemini"), &["settings.json"])
            }
            (Agent::Copilot, Scope::User) => at(self.copilot.join("hooks"), &["octorato.json"]),
            (Agent::Copilot, Scope::Project(project)) => {
                at(project.join(".github").join("hooks"), &["octorato.json"])
            }
            (Agent::Cursor, Scope::User) => at(self.cursor.clone(), &["hooks.json"]),
            (Agent::Cursor, Scope::Project(project)) => {
                at(project.join(".cursor"), &["hooks.json"])
            }
        }
    }
}

/// The path under which this program is best called: the name by which the shell finds it, if
/// that is this very program, since packages move what such a name leads to; else its own path.
pub fn binary_to_call(program: &Path, path: Option<&OsStr>) -> PathBuf {
    let real = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let name = if cfg!(windows) { "octorato.exe" } else { "octorato" };
    let folders = path.iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
    folders
        .map(|folder| folder.join(name))
        .find(|found| found.canonicalize().is_ok_and(|found| found == real))
        .unwrap_or(real)
}
