//! What was written into which settings file, so that it can be taken out exactly.

use std::fs;
use std::path::{Path, PathBuf};

use octorato_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::config::places::git_work_tree;
use crate::files::{Lock, create_private_folder};
use crate::gate::protocol::Agent;

/// What is known of one settings file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) schema: u32,
    pub(super) agent: String,
    /// The settings file.
    pub(super) file: PathBuf,
    /// What it held without our hooks; nothing where it was not there.
    pub(super) before: Option<String>,
    /// The hash of what was written.
    pub(super) after: String,
    /// The command lines that were written.
    pub(super) commands: Vec<String>,
    /// Lists and objects that were made for the hooks.
    pub(super) made: Vec<Vec<String>>,
    /// Folders that were made for the file, the innermost first.
    pub(super) folders: Vec<PathBuf>,
}

/// The folder of the records, which is private: settings may hold keys.
#[derive(Clone, Debug)]
pub(super) struct Records {
    folder: PathBuf,
}

impl Records {
    pub(super) fn of(state: &Path) -> Self {
        Self { folder: state.join("hooks") }
    }

    fn path(&self, agent: Agent, file: &Path) -> PathBuf {
        let key = blake3::hash(file.as_os_str().as_encoded_bytes()).to_hex();
        self.folder.join(format!("{agent}-{}.json", &key[..12]))
    }

    /// The record of a settings file. One that cannot be read counts as none: the hooks are known
    /// by their commands as well.
    pub(super) fn read(&self, agent: Agent, file: &Path) -> Option<Record> {
        let text = fs::read_to_string(self.path(agent, file)).ok()?;
        serde_json::from_str(&text).ok().filter(|record: &Record| record.schema == 1)
    }

    /// The right to change a settings file and its record.
    pub(super) fn lock(&self, agent: Agent, file: &Path) -> Result<Lock> {
        if let Some(tree) = git_work_tree(&self.folder) {
            return Err(Error::new(
                ErrorKind::Refused,
                "private files would lie in a git work tree",
            )
            .with("folder", self.folder.display())
            .with("work tree", tree.display())
            .hinted("set `OCTORATO_STATE` to a folder outside of it"));
        }
        create_private_folder(&self.folder)?;
        Lock::of(&self.path(agent, file))
    }

    pub(super) fn write(lock: &Lock, record: &Record) -> Result<()> {
        let text = serde_json::to_string_pretty(record).map_err(|error| {
            Error::new(ErrorKind::Data, "the record of the hooks cannot be written")
                .caused_by(error)
        })?;
        lock.replace(&text)
    }

    pub(super) fn forget(&self, agent: Agent, file: &Path) {
        // A record that stays is of a text that is not there any more, which is found out.
        let _ = fs::remove_file(self.path(agent, file));
    }

    /// Keeps a copy of a settings file; the same text is kept once.
    pub(super) fn back_up(&self, agent: Agent, file: &Path, text: &str) -> Result<PathBuf> {
        let folder = self.folder.join("backup");
        create_private_folder(&folder)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = folder.join(format!("{agent}-{}-{name}", &hash(text)[..12]));
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            crate::files::write_whole(&path, text)?;
        }
        Ok(path)
    }
}

pub(super) fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}
