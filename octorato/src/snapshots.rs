//! The price snapshots that the operator has taken: immutable files named by their content.
//!
//! They lie in the state folder under `prices/`: one file per snapshot, `<id>.jsonl`, and `current`,
//! which names the one that new prices are from. Without it the built-in snapshot is current. A
//! file whose content is not what its name says is never used.

mod proposal;

pub use proposal::{Doubts, NEWEST_PRICES, Proposal};

use std::fs;
use std::io::ErrorKind as IoKind;
use std::path::PathBuf;
use std::sync::Arc;

use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::price::{Catalog, SnapshotId};

use crate::config::places::Places;
use crate::files::{Lock, create_private_folder, write_whole};

/// The name of the snapshot that is compiled in.
pub const BUILTIN: &str = "builtin";
/// The name of the snapshot that new prices are from.
pub const CURRENT: &str = "current";

/// The folder of snapshots.
#[derive(Clone, Debug)]
pub struct Snapshots {
    folder: PathBuf,
}

/// A snapshot in the folder.
#[derive(Debug)]
pub struct Stored {
    /// Its id, all 64 digits.
    pub id: String,
    /// Its prices, or why they cannot be used.
    pub catalog: Result<Arc<Catalog>>,
    /// Whether new prices are from it.
    pub is_current: bool,
}

impl Snapshots {
    /// The snapshots of an operator.
    pub fn of(places: &Places) -> Self {
        Self { folder: places.state.join("prices") }
    }

    /// Every snapshot in the folder, in the order of ids.
    pub fn list(&self) -> Result<Vec<Stored>> {
        let current = self.current_id()?;
        let mut ids = self.ids()?;
        ids.sort_unstable();
        Ok(ids
            .into_iter()
            .map(|id| Stored {
                catalog: self.read(&id),
                is_current: current.as_deref() == Some(&*id),
                id,
            })
            .collect())
    }

    /// The snapshot of this name: `builtin`, `current`, or an id, of which the first digits are
    /// enough where no other begins with them.
    pub fn open(&self, name: &str) -> Result<Arc<Catalog>> {
        match name {
            BUILTIN => Ok(Catalog::shared()),
            CURRENT => match self.current_id()? {
                Some(id) => self.read(&id).map_err(|error| {
                    error.hinted("`octorato prices use builtin` goes back to the built-in prices")
                }),
                None => Ok(Catalog::shared()),
            },
            id => match self.full_id(id)? {
                Some(id) => self.read(&id),
                None => Ok(Catalog::shared()),
            },
        }
    }

    /// Keeps a snapshot; one that is there already stays as it is.
    pub fn keep(&self, text: &str) -> Result<SnapshotId> {
        let catalog = Catalog::parse(text.to_owned())?;
        let id = *catalog.snapshot();
        if self.read(&id.full()).is_err() {
            create_private_folder(&self.folder)?;
            write_whole(&self.file(&id.full()), text)?;
        }
        Ok(id)
    }

    /// Takes new prices from the snapshot of this name from now on.
    pub fn make_current(&self, name: &str) -> Result<Arc<Catalog>> {
        let catalog = self.open(name)?;
        create_private_folder(&self.folder)?;
        let file = self.folder.join(CURRENT);
        let lock = Lock::of(&file)?;
        if catalog.snapshot() == Catalog::builtin().snapshot() {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != IoKind::NotFound => {
                    return Err(Error::io("cannot remove", &file, error));
                }
                _ => {}
            }
        } else {
            lock.replace(&format!("{}\n", catalog.snapshot().full()))?;
        }
        Ok(catalog)
    }

    /// The id of the current snapshot; nothing where it is the built-in one.
    fn current_id(&self) -> Result<Option<String>> {
        let file = self.folder.join(CURRENT);
        let id = match fs::read_to_string(&file) {
            Ok(text) => text.trim().to_owned(),
            Err(error) if error.kind() == IoKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("cannot read", &file, error)),
        };
        if is_id(&id) {
            return Ok(Some(id));
        }
        Err(Error::new(ErrorKind::Data, format!("not the id of a snapshot: `{id}`"))
            .with("file", file.display())
            .hinted("`octorato prices use builtin` goes back to the built-in prices"))
    }

    /// The id that begins like `start`; nothing where it is the built-in snapshot's.
    fn full_id(&self, start: &str) -> Result<Option<String>> {
        const ENOUGH: usize = 4;
        let unknown = |why: String| {
            Error::new(ErrorKind::NotFound, why)
                .hinted("`octorato prices list` shows the snapshots")
        };
        if start.len() < ENOUGH {
            return Err(unknown(format!("too short for the id of a snapshot: `{start}`")));
        }
        let builtin = Catalog::builtin().snapshot().full();
        let mut found: Vec<_> =
            self.ids()?.into_iter().filter(|id| id.starts_with(start)).collect();
        if builtin.starts_with(start) && !found.contains(&builtin) {
            found.push(builtin.clone());
        }
        match found.as_slice() {
            [id] => Ok((*id != builtin).then(|| id.clone())),
            [] => Err(unknown(format!("no such snapshot: `{start}`"))),
            _ => Err(unknown(format!("more than one snapshot begins with: `{start}`"))),
        }
    }

    fn ids(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == IoKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("cannot read", &self.folder, error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| Error::io("cannot read", &self.folder, error))?;
            let name = entry.file_name();
            ids.extend(
                name.to_str()
                    .and_then(|name| name.strip_suffix(".jsonl"))
                    .filter(|id| is_id(id))
                    .map(str::to_owned),
            );
        }
        Ok(ids)
    }

    /// Reads a snapshot and checks that it is what its name says.
    fn read(&self, id: &str) -> Result<Arc<Catalog>> {
        let file = self.file(id);
        let text =
            fs::read_to_string(&file).map_err(|error| Error::io("cannot read", &file, error))?;
        let catalog = Catalog::parse(text).map_err(|error| error.with("file", file.display()))?;
        if catalog.snapshot().full() != id {
            return Err(Error::new(ErrorKind::Data, "the snapshot was changed after it was taken")
                .with("file", file.display())
                .hinted("remove the file and import the prices again"));
        }
        Ok(Arc::new(catalog))
    }

    fn file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.jsonl"))
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const OTHER: &str = concat!(
        r#"{"schema":1,"source":"test","version":"1","licence":"MIT","made":"2026-01-01","#,
        r#""normalised":0,"providers":[{"id":"p","name":"P","api_pattern":"p"}]}"#,
        "\n{\"id\":\"p\",\"models\":[]}\n"
    );

    fn empty() -> (TempDir, Snapshots) {
        let folder = TempDir::new().unwrap();
        let snapshots = Snapshots { folder: folder.path().join("prices") };
        (folder, snapshots)
    }

    #[test]
    fn without_any_snapshot_the_builtin_one_is_current() {
        let (_folder, snapshots) = empty();
        assert!(snapshots.list().unwrap().is_empty());
        for name in [BUILTIN, CURRENT, &Catalog::builtin().snapshot().to_string()] {
            assert_eq!(snapshots.open(name).unwrap().snapshot(), Catalog::builtin().snapshot());
        }
        assert_eq!(snapshots.open("abc").unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(snapshots.open("ffff0000").unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_kept_snapshot_is_found_by_its_first_digits_and_can_be_made_current() {
        let (_folder, snapshots) = empty();
        let id = snapshots.keep(OTHER).unwrap();
        assert_eq!(snapshots.keep(OTHER).unwrap(), id);
        assert_eq!(snapshots.open(CURRENT).unwrap().snapshot(), Catalog::builtin().snapshot());
        snapshots.make_current(&id.to_string()[..8]).unwrap();
        assert_eq!(*snapshots.open(CURRENT).unwrap().snapshot(), id);
        let [stored] = &snapshots.list().unwrap()[..] else { panic!() };
        assert!(stored.is_current && stored.id == id.full());
        snapshots.make_current(BUILTIN).unwrap();
        assert_eq!(snapshots.open(CURRENT).unwrap().snapshot(), Catalog::builtin().snapshot());
        snapshots.make_current(BUILTIN).unwrap();
    }

    #[test]
    fn a_changed_snapshot_is_never_used() {
        let (_folder, snapshots) = empty();
        let id = snapshots.keep(OTHER).unwrap();
        snapshots.make_current(&id.full()).unwrap();
        fs::write(snapshots.file(&id.full()), OTHER.replace("\"MIT\"", "\"MTI\"")).unwrap();
        let error = snapshots.open(CURRENT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(error.hint().unwrap().contains("prices use builtin"));
        assert!(snapshots.list().unwrap()[0].catalog.is_err());
        snapshots.keep(OTHER).unwrap();
        assert_eq!(*snapshots.open(CURRENT).unwrap().snapshot(), id);
    }

    #[test]
    fn a_damaged_word_for_the_current_one_is_an_error_not_the_builtin_prices() {
        let (_folder, snapshots) = empty();
        fs::create_dir_all(&snapshots.folder).unwrap();
        for text in ["", "builtin", "../../etc/passwd"] {
            fs::write(snapshots.folder.join(CURRENT), text).unwrap();
            assert_eq!(snapshots.open(CURRENT).unwrap_err().kind(), ErrorKind::Data, "{text}");
            snapshots.make_current(BUILTIN).unwrap();
        }
    }
}
