//! The folder of a brain: finding one, making one.

use std::io::Write;
use std::path::{Path, PathBuf};

use octorato_core::{Error, ErrorKind, Result, SourceText};

use crate::{Settings, read_file};

/// The folders of a brain.
pub const FOLDERS: [&str; 4] = ["rules", "skills", "agents", "commands"];

/// The file of the settings that everybody who uses a brain shares.
pub const SETTINGS: &str = "octorato.toml";

/// A folder with rules, skills, agents and commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brain {
    root: PathBuf,
    settings: Settings,
}

/// What [`Brain::create`] made and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The brain, with the settings that it has now.
    pub brain: Brain,
    /// Folders and files that are new.
    pub created: Vec<PathBuf>,
    /// Folders and files that were there and were left as they are.
    pub existing: Vec<PathBuf>,
}

impl Brain {
    /// Opens the brain in `root`: a folder with an `octorato.toml` or any of [`FOLDERS`].
    ///
    /// Another folder is not found; settings that cannot be used are an error with findings.
    pub fn open(root: &Path) -> Result<Self> {
        // Whatever has that name is meant as the settings; reading it says what is wrong with it.
        let is_brain =
            root.join(SETTINGS).exists() || FOLDERS.iter().any(|folder| root.join(folder).is_dir());
        if !is_brain {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("not a brain: `{}`", root.display()),
            )
            .hinted(format!(
                "a brain has `{SETTINGS}` or a folder `rules`, `skills`, `agents` or `commands`; \
                 `octorato init` makes one"
            )));
        }
        let settings = read_settings(&root.join(SETTINGS))?;
        Ok(Self { root: root.to_path_buf(), settings })
    }

    /// Makes what is missing of a brain in `root`, and opens it. Nothing that exists is changed.
    pub fn create(root: &Path) -> Result<Created> {
        let (mut created, mut existing) = (Vec::new(), Vec::new());
        for folder in FOLDERS.map(|folder| root.join(folder)) {
            if folder.is_dir() {
                existing.push(folder);
                continue;
            }
            std::fs::create_dir_all(&folder)
                .map_err(|source| Error::io("cannot make the folder", &folder, source))?;
            created.push(folder);
        }
        let settings = root.join(SETTINGS);
        if create_file(&settings, STARTER)? { &mut created } else { &mut existing }.push(settings);
        Ok(Created { brain: Self::open(root)?, created, existing })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The shared settings; where there is no file, the defaults.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// The settings of a new brain: the defaults, spelt out.
const STARTER: &str = include_str!("starter.toml");

fn read_settings(path: &Path) -> Result<Settings> {
    let name = path.display().to_string();
    let bytes = match read_file(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Settings::default()),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8(bytes).map_err(|source| {
        Error::new(ErrorKind::Config, format!("settings are not UTF-8: `{name}`"))
            .caused_by(source)
            .hinted("save the file as UTF-8")
    })?;
    let (settings, findings) = Settings::parse(&SourceText::new(name.as_str(), text));
    settings.ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("settings cannot be used: `{name}`"))
            .with_diagnostics(findings)
            .hinted("correct the file, or remove it to use the defaults")
    })
}

/// Writes a new file; false where it was there.
fn create_file(path: &Path, text: &str) -> Result<bool> {
    let mut file = match std::fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(false),
        Err(source) => return Err(Error::io("cannot make the file", path, source)),
    };
    file.write_all(text.as_bytes())
        .map_err(|source| Error::io("cannot write the file", path, source))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use octorato_core::ErrorKind;

    #[test]
    fn a_folder_is_a_brain_by_its_settings_or_by_any_of_its_folders() {
        let dir = tempfile::tempdir().unwrap();
        let error = Brain::open(dir.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.hint().unwrap().contains("octorato init"));
        for folder in FOLDERS {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join(folder)).unwrap();
            let brain = Brain::open(dir.path()).unwrap();
            assert_eq!(brain.root(), dir.path());
            assert_eq!(*brain.settings(), Settings::default());
        }
        std::fs::write(dir.path().join(SETTINGS), "[report]\nby = [\"day\"]\n").unwrap();
        assert_eq!(Brain::open(dir.path()).unwrap().settings().report.by, ["day"]);
    }

    #[test]
    fn creating_twice_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/brain");
        let first = Brain::create(&root).unwrap();
        assert_eq!((first.created.len(), first.existing.len()), (5, 0));
        assert_eq!(*first.brain.settings(), Settings::default());

        std::fs::write(root.join(SETTINGS), "[report]\nby = [\"arm\"]\n").unwrap();
        let second = Brain::create(&root).unwrap();
        assert_eq!(second.created, Vec::<PathBuf>::new());
        assert_eq!(second.existing, first.created);
        assert_eq!(second.brain.settings().report.by, ["arm"]);
    }

    #[test]
    fn settings_that_cannot_be_used_name_their_place() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(SETTINGS), "[report]\nbye = []\n").unwrap();
        let error = Brain::open(dir.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.diagnostics()[0].code, "SET002");

        std::fs::write(dir.path().join(SETTINGS), b"\xff").unwrap();
        assert_eq!(Brain::open(dir.path()).unwrap_err().kind(), ErrorKind::Config);
    }
}
