//! Which file systems can hold a store.

use std::path::Path;

use octorato_core::{Error, ErrorKind, Result};

use super::system;

/// Refuses a place on a network file system, or on one in user space that may be one: the locks of
/// one machine are not those of another there, and two of them would write at once.
///
/// `path` need not exist; the nearest folder above it that does decides. Where the system does not
/// tell what a place is, it is not refused. Who knows better does not call this.
pub fn refuse_network(path: &Path) -> Result<()> {
    let place = path.ancestors().find(|place| place.exists()).unwrap_or(Path::new("."));
    match system::network(place) {
        Ok(None) => Ok(()),
        Ok(Some(kind)) => {
            let what = "a ledger cannot lie on a network file system";
            Err(Error::new(ErrorKind::Refused, format!("{what}: `{}`", path.display()))
                .with("file_system", kind)
                .hinted("keep the state on a disk of this machine"))
        }
        Err(source) => Err(Error::io("cannot tell the file system", place, source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_is_fine_and_what_is_missing_is_judged_by_what_is_above() {
        let folder = tempfile::tempdir().unwrap();
        refuse_network(folder.path()).unwrap();
        refuse_network(&folder.path().join("a/b/ledger.db")).unwrap();
    }
}
