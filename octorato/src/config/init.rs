//! Makes the private folders, and refuses places where they would not stay private.

use std::io::Write;
use std::path::{Path, PathBuf};

use octorato_brain::Brain;
use octorato_core::{Error, ErrorKind, Result};

use super::places::{Places, git_work_tree, lies_in, variables};

/// What [`init`] made and what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitReport {
    /// Folders and files that are new.
    pub created: Vec<PathBuf>,
    /// Folders and files that were there and were left as they are.
    pub existing: Vec<PathBuf>,
}

/// Makes what is missing of the places: the private folders (only for their owner), a commented
/// `arms.yaml`, the folders of the brain. Nothing that exists is changed, so it may run again.
///
/// Before anything is made, each private place is checked: in a git work tree or in the brain,
/// also by way of a symbolic link, the answer is [`ErrorKind::Refused`].
pub fn init(places: &Places) -> Result<InitReport> {
    let arms = places.arms();
    let private = [
        (&places.home, variables::HOME),
        (&places.state, variables::STATE),
        (&arms, variables::HOME),
    ];
    for (place, variable) in private {
        refuse_public(place, variable, places.brain.as_deref())?;
    }
    let mut report = InitReport::default();
    for folder in [&places.home, &places.state] {
        let created = create_private_folder(folder)?;
        report.add(folder.clone(), created);
    }
    let created = create_private_file(&arms, STARTER)?;
    report.add(arms, created);
    if let Some(folder) = &places.brain {
        let made = Brain::create(folder)?;
        report.created.extend(made.created);
        report.existing.extend(made.existing);
    }
    Ok(report)
}

impl InitReport {
    fn add(&mut self, path: PathBuf, created: bool) {
        if created { &mut self.created } else { &mut self.existing }.push(path);
    }
}

/// The `arms.yaml` of a new operator: no arm, and how to write one.
pub(super) const STARTER: &str = include_str!("starter.yaml");

fn refuse_public(place: &Path, variable: &str, brain: Option<&Path>) -> Result<()> {
    if let Some(brain) = brain.filter(|brain| lies_in(place, brain)) {
        return Err(Error::new(
            ErrorKind::Refused,
            format!("private files would lie in the brain: `{}`", place.display()),
        )
        .with("brain", brain.display())
        .hinted(format!("set `{variable}` to a folder outside of it")));
    }
    if let Some(tree) = git_work_tree(place) {
        return Err(Error::new(
            ErrorKind::Refused,
            format!("private files would lie in a git work tree: `{}`", place.display()),
        )
        .with("work tree", tree.display())
        .hinted(format!("set `{variable}` to a folder outside of it")));
    }
    Ok(())
}

/// Makes a folder that only its owner may enter; false where it was there.
fn create_private_folder(folder: &Path) -> Result<bool> {
    if folder.is_dir() {
        return Ok(false);
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|source| Error::io("cannot make the folder", folder, source))?;
    Ok(true)
}

/// Makes a file that only its owner may read; false where it was there.
fn create_private_file(path: &Path, text: &str) -> Result<bool> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(false),
        Err(source) => return Err(Error::io("cannot make the file", path, source)),
    };
    file.write_all(text.as_bytes())
        .map_err(|source| Error::io("cannot write the file", path, source))?;
    Ok(true)
}
