//! Where the private files and the brain lie.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use octorato_core::{Error, ErrorKind, Result};

use crate::files::followed;

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
    /// The user's home folder, which `~` stands for.
    pub user_home: Option<PathBuf>,
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
        let user_home = env("HOME").or_else(|| env("USERPROFILE"));
        let place = |named: Option<PathBuf>, variable: &str, base: Base| {
            let usual = || base.folder(&env, user_home.as_deref());
            named
                .or_else(|| env(variable))
                .or_else(|| usual().map(|folder| folder.join("octorato")))
                .ok_or_else(|| {
                    Error::new(ErrorKind::NotFound, "the home folder of the user is not known")
                        .hinted(format!("set `{variable}`"))
                })
        };
        Ok(Self {
            home: place(named.home, variables::HOME, Base::Config)?,
            state: place(named.state, variables::STATE, Base::Data)?,
            brain: named.brain.or_else(|| env(variables::BRAIN)),
            user_home,
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

    /// The file of budgets.
    pub fn budgets(&self) -> PathBuf {
        self.home.join("budgets.yaml")
    }

    /// The file of the operator's own prices.
    pub fn prices(&self) -> PathBuf {
        self.home.join("prices.yaml")
    }

    /// The file of the ledger.
    pub fn ledger(&self) -> PathBuf {
        self.state.join("ledger.db")
    }

    /// The folder of the keys that sign decisions.
    pub fn keys(&self) -> PathBuf {
        self.state.join("keys")
    }

    /// The last good policy, for the time when `budgets.yaml` cannot be used.
    pub fn last_policy(&self) -> PathBuf {
        self.state.join("last-policy.json")
    }

    /// The user's home folder as text; nothing where it is not known or not UTF-8.
    pub fn home_text(&self) -> Option<&str> {
        self.user_home.as_deref().and_then(Path::to_str)
    }
}

/// What a system keeps apart for each user.
#[derive(Clone, Copy)]
enum Base {
    Config,
    Data,
}

impl Base {
    fn folder(
        self,
        env: &impl Fn(&str) -> Option<PathBuf>,
        user_home: Option<&Path>,
    ) -> Option<PathBuf> {
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
            .or_else(|| user_home.map(|home| home.join(default)))
    }
}

/// The git work tree in which `path` really lies: symbolic links are followed, and what does not
/// exist yet counts as lying in its nearest ancestor that does.
pub fn git_work_tree(path: &Path) -> Option<PathBuf> {
    let real = followed(path);
    real.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf)
}

/// Whether `path` really lies in `folder` or is it.
pub(crate) fn lies_in(path: &Path, folder: &Path) -> bool {
    followed(path).starts_with(followed(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(named: Named, variables: &[(&str, &str)]) -> Result<Places> {
        Places::resolve(named, |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    #[cfg(not(windows))]
    fn a_named_place_wins_over_its_variable_and_that_over_the_convention() {
        let none = Named::default;
        let places = resolve(none(), &[("HOME", "/home/me"), ("OCTORATO_HOME", "")]).unwrap();
        assert_eq!(places.home, Path::new("/home/me/.config/octorato"));
        assert_eq!(places.state, Path::new("/home/me/.local/share/octorato"));
        assert_eq!((places.brain.as_deref(), places.home_text()), (None, Some("/home/me")));

        let xdg = [("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("XDG_DATA_HOME", "relative")];
        let places = resolve(none(), &xdg).unwrap();
        assert_eq!(places.home, Path::new("/c/octorato"));
        assert_eq!(places.state, Path::new("/h/.local/share/octorato"));

        let own = [("OCTORATO_HOME", "/o"), ("OCTORATO_STATE", "/s"), ("OCTORATO_BRAIN", "/b")];
        let places = resolve(none(), &own).unwrap();
        assert_eq!(places.arms(), Path::new("/o/arms.yaml"));
        assert_eq!((places.state, places.brain), ("/s".into(), Some("/b".into())));

        let named =
            Named { home: Some("/1".into()), state: Some("/2".into()), brain: Some("/3".into()) };
        let places = resolve(named, &own).unwrap();
        assert_eq!(places.home, Path::new("/1"));
        assert_eq!((places.state, places.brain), ("/2".into(), Some("/3".into())));
    }

    #[test]
    fn without_any_home_folder_the_hint_names_the_variable() {
        let error = resolve(Named::default(), &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.hint(), Some("set `OCTORATO_HOME`"));
    }

    #[test]
    fn a_work_tree_is_found_from_any_depth_and_for_what_does_not_exist_yet() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (clone, linked) = (root.join("clone"), root.join("linked"));
        std::fs::create_dir_all(clone.join(".git")).unwrap();
        std::fs::create_dir_all(clone.join("a/b")).unwrap();
        std::fs::create_dir_all(linked.join("c")).unwrap();
        std::fs::write(linked.join(".git"), "gitdir: ../clone/.git/worktrees/linked\n").unwrap();

        for inside in ["clone", "clone/a/b", "clone/new/deep", "none/../clone/a", "clone/none/../x"]
        {
            assert_eq!(git_work_tree(&root.join(inside)), Some(clone.clone()), "{inside}");
        }
        assert_eq!(git_work_tree(&linked.join("c/new")), Some(linked));
        for outside in ["", "other", "clone/../other", "clone/new/../../other"] {
            assert_ne!(git_work_tree(&root.join(outside)), Some(clone.clone()), "{outside}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_work_tree_is_seen_through_symbolic_links() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("clone/.git")).unwrap();
        std::os::unix::fs::symlink(root.join("clone"), root.join("link")).unwrap();
        std::os::unix::fs::symlink("link/later", root.join("dangling")).unwrap();
        for path in ["link", "link/new", "dangling", "dangling/new"] {
            assert_eq!(git_work_tree(&root.join(path)), Some(root.join("clone")), "{path}");
        }
        std::os::unix::fs::symlink("b", root.join("a")).unwrap();
        std::os::unix::fs::symlink("a", root.join("b")).unwrap();
        assert_eq!(git_work_tree(&root.join("a/x")), git_work_tree(&root)); // a loop ends
    }
}
