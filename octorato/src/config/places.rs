//! Where the private files and the brain lie.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use octorato_core::{Error, ErrorKind, Result};

pub use super::init::{InitReport, init};

/// The variables that name a place.
pub mod variables {
    /// The folder of the configuration.
    pub const HOME: &str = "OCTORATO_HOME";
    /// The folder of the ledger.
    pub const STATE: &str = "OCTORATO_STATE";
    /// The folder of the brain.
    pub const BRAIN: &str = "OCTORATO_BRAIN";
}

/// Places that were named on the command line or by a caller; they win over the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The folder of the configuration.
    pub home: Option<PathBuf>,
    /// The folder of the ledger.
    pub state: Option<PathBuf>,
    /// The folder of the brain.
    pub brain: Option<PathBuf>,
}

/// Where everything of one operator lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The configuration: `arms.yaml`, `budgets.yaml`, `prices.yaml`.
    pub home: PathBuf,
    /// The ledger, price snapshots and statements.
    pub state: PathBuf,
    /// The brain, where there is one.
    pub brain: Option<PathBuf>,
}

impl Places {
    /// Finds each place: as it was named, else by its variable, else by the convention of the
    /// system. `env` looks a variable up; an empty one counts as not set.
    ///
    /// ```
    /// use octorato::config::places::{Named, Places};
    ///
    /// let env = |name: &str| (name == "OCTORATO_STATE").then(|| "/var/octorato".into());
    /// let named = Named { home: Some("/etc/octorato".into()), ..Named::default() };
    /// let places = Places::resolve(named, env)?;
    /// assert_eq!(places.arms(), std::path::Path::new("/etc/octorato/arms.yaml"));
    /// assert_eq!(places.state, std::path::Path::new("/var/octorato"));
    /// assert_eq!(places.brain, None);
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn resolve(named: Named, env: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let env = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let place = |named: Option<PathBuf>, variable: &str, base: Base| {
            named
                .or_else(|| env(variable))
                .or_else(|| base.folder(&env).map(|folder| folder.join("octorato")))
                .ok_or_else(|| {
                    Error::new(ErrorKind::NotFound, "the home folder of the user is not known")
                        .hinted(format!("set `{variable}`"))
                })
        };
        Ok(Self {
            home: place(named.home, variables::HOME, Base::Config)?,
            state: place(named.state, variables::STATE, Base::Data)?,
            brain: named.brain.or_else(|| env(variables::BRAIN)),
        })
    }

    /// Finds each place with the environment of this process.
    pub fn from_env(named: Named) -> Result<Self> {
        Self::resolve(named, |name| std::env::var_os(name))
    }

    /// The file of the arms.
    pub fn arms(&self) -> PathBuf {
        self.home.join("arms.yaml")
    }
}

/// What a system keeps apart for each user.
#[derive(Clone, Copy)]
enum Base {
    Config,
    Data,
}

impl Base {
    fn folder(self, env: &impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
        if cfg!(windows) {
            return env(match self {
                Self::Config => "APPDATA",
                Self::Data => "LOCALAPPDATA",
            });
        }
        let (variable, default) = match self {
            Self::Config => ("XDG_CONFIG_HOME", ".config"),
            Self::Data => ("XDG_DATA_HOME", ".local/share"),
        };
        // The XDG specification: a path that is not absolute is to be ignored.
        env(variable)
            .filter(|path| path.is_absolute())
            .or_else(|| env("HOME").map(|home| home.join(default)))
    }
}

/// The git work tree in which `path` really lies: symbolic links are followed, and what does not
/// exist yet counts as lying in its nearest ancestor that does.
pub fn git_work_tree(path: &Path) -> Option<PathBuf> {
    let real = real(path);
    real.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf)
}

/// Whether `path` really lies in `folder` or is it.
pub(super) fn lies_in(path: &Path, folder: &Path) -> bool {
    real(path).starts_with(real(folder))
}

/// The path without symbolic links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut missing = Vec::new();
    let mut existing = path.as_path();
    loop {
        if let Ok(mut real) = existing.canonicalize() {
            for part in missing.iter().rev() {
                match part {
                    std::path::Component::ParentDir => {
                        real.pop();
                    }
                    part => real.push(part),
                }
            }
            return real;
        }
        let Some(last) = existing.components().next_back() else { return path };
        let Some(parent) = existing.parent() else { return path };
        missing.push(last);
        existing = parent;
    }
}
