//! Makes the private folders, and refuses places where they would not stay private.

use std::io::Write;
use std::path::{Path, PathBuf};

use octorato_brain::Brain;
use octorato_core::{Error, ErrorKind, Result};

use super::places::{Places, git_work_tree, lies_in, variables};
use super::zones;
use crate::files::create_private_folder;

/// What [`init`] made and what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitReport {
    /// Folders and files that are new.
    pub created: Vec<PathBuf>,
    /// Folders and files that were there and were left as they are.
    pub existing: Vec<PathBuf>,
}

/// Makes what is missing of the places: the private folders (only for their owner), a commented
/// `arms.yaml`, the ledger and a signing key, the folders of the brain. Nothing that exists is changed, so it may run again.
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
    let created = create_private_file(&arms, &starter())?;
    report.add(arms, created);
    let ledger = places.ledger();
    let is_new = ledger.symlink_metadata().is_err();
    let created = crate::books::make(places)?;
    report.add(ledger, is_new);
    report.add(places.keys(), created);
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

/// Makes the folder of the state where it is missing, unless what is in it would not stay private.
pub(crate) fn make_state(places: &Places) -> Result<()> {
    refuse_public(&places.state, variables::STATE, places.brain.as_deref())?;
    create_private_folder(&places.state).map(drop)
}

/// The `arms.yaml` of a new operator: no arm, and how to write one.
pub(super) const STARTER: &str = include_str!("starter.yaml");

/// The starter with the zone of this machine, where it is known.
fn starter() -> String {
    let zone = zones::of_machine().unwrap_or_else(|| "UTC".to_owned());
    STARTER.replacen("timezone: UTC", &format!("timezone: {zone}"), 1)
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::arms;
    use octorato_core::SourceText;

    struct Disk {
        _dir: tempfile::TempDir,
        root: PathBuf,
    }

    impl Disk {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().canonicalize().unwrap();
            std::fs::create_dir_all(root.join("clone/.git")).unwrap();
            Self { _dir: dir, root }
        }

        fn places(&self, home: &str, state: &str, brain: Option<&str>) -> Places {
            Places {
                home: self.root.join(home),
                state: self.root.join(state),
                brain: brain.map(|brain| self.root.join(brain)),
                user_home: None,
            }
        }

        fn entries(&self) -> usize {
            walk(&self.root)
        }
    }

    fn walk(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| 1 + if path.is_dir() { walk(&path) } else { 0 }).sum()
    }

    #[test]
    fn the_starter_is_read_without_a_finding_and_declares_nothing() {
        let (read, findings) =
            arms::parse(&SourceText::new("arms.yaml", STARTER), Some("/home/me"));
        assert_eq!(findings, []);
        assert!(read.unwrap().arms.is_empty());
    }

    #[test]
    fn the_examples_in_the_starter_are_read_without_a_finding() {
        let text = STARTER.replace("arms: []", "").replace("# `octorato arm", "arms:\n## ");
        let uncommented: Vec<&str> = text
            .lines()
            .map(|line| line.strip_prefix("# ").or(line.strip_prefix("#")).unwrap_or(line))
            .filter(|line| line.starts_with(' ') || line.ends_with(':') && !line.contains(' '))
            .collect();
        let text = uncommented.join("\n");
        let (read, findings) = arms::parse(&SourceText::new("arms.yaml", text), Some("/home/me"));
        assert_eq!(findings, []);
        let read = read.unwrap();
        assert_eq!((read.clients.len(), read.arms.len()), (1, 1));
        assert!(read.clients[0].billing.is_some());
    }

    #[test]
    fn init_makes_what_is_missing_and_a_second_run_changes_nothing() {
        let disk = Disk::new();
        let places = disk.places("a/home", "b/state", Some("clone/brain"));
        let first = init(&places).unwrap();
        assert_eq!(first.created[..3], [places.home.clone(), places.state.clone(), places.arms()]);
        assert_eq!((first.created.len(), first.existing.len()), (10, 0));
        assert_eq!(arms::load(&places.arms(), None).unwrap().0.arms, []);

        std::fs::write(places.arms(), "arms: [{ id: a, client: b }]\n").unwrap();
        let second = init(&places).unwrap();
        assert_eq!(second, InitReport { created: vec![], existing: first.created });
        assert_eq!(arms::load(&places.arms(), None).unwrap().0.arms.len(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn private_places_are_their_owner_s_alone() {
        use std::os::unix::fs::PermissionsExt;
        let disk = Disk::new();
        let places = disk.places("home", "state", None);
        init(&places).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&places.home), mode(&places.state)), (0o700, 0o700));
        assert_eq!(mode(&places.arms()), 0o600);
    }

    fn refusal(disk: &Disk, places: &Places) -> String {
        let before = disk.entries();
        let error = init(places).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert_eq!(disk.entries(), before, "nothing is made before a refusal");
        format!("{error}; {}", error.hint().unwrap()).replace(disk.root.to_str().unwrap(), "")
    }

    #[test]
    fn private_places_in_a_git_work_tree_are_refused() {
        let disk = Disk::new();
        assert_eq!(
            refusal(&disk, &disk.places("clone/deep/home", "state", None)),
            "private files would lie in a git work tree: `/clone/deep/home`, work tree: `/clone`; \
             set `OCTORATO_HOME` to a folder outside of it"
        );
        let state = refusal(&disk, &disk.places("home", "clone", None));
        assert!(state.ends_with("set `OCTORATO_STATE` to a folder outside of it"), "{state}");
    }

    #[test]
    fn private_places_in_the_brain_are_refused() {
        let disk = Disk::new();
        for places in [
            disk.places("brain/home", "state", Some("brain")),
            disk.places("home", "brain", Some("brain")),
        ] {
            assert!(refusal(&disk, &places).starts_with("private files would lie in the brain"));
        }
        // A brain among private files gives nothing away.
        init(&disk.places("home", "state", Some("home/brain"))).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_symbolic_link_does_not_get_round_a_refusal() {
        use std::os::unix::fs::symlink;
        let disk = Disk::new();
        symlink("clone", disk.root.join("link")).unwrap();
        symlink("clone/later", disk.root.join("dangling")).unwrap();
        for home in ["link", "link/home", "dangling", "dangling/home"] {
            refusal(&disk, &disk.places(home, "state", None));
        }
        std::fs::create_dir(disk.root.join("home")).unwrap();
        symlink("../clone/arms.yaml", disk.root.join("home/arms.yaml")).unwrap();
        refusal(&disk, &disk.places("home", "state", None));
    }
}
