//! Other names of one file.

use octorato_finops::attribute::FolderPath;

use super::disk::{Disk, Identity};

/// How many names are looked at in search of another name of a file.
const MOST: usize = 200_000;

/// Folders of what can be made again: packages and builds, whose files are often linked to a store.
const REMADE: &[&str] = &["node_modules", "objects", "target", ".venv", "__pycache__"];

/// Whether a file lies where tools link files to a store of their own.
pub(super) fn is_remade(file: &FolderPath) -> bool {
    file.names().iter().any(|name| REMADE.contains(&name.as_str()))
}

/// Whether a file has another name in one of these folders. Where there is too much to look through
/// it counts as having one.
pub(super) fn has_a_name_in<'f>(
    file: Identity,
    folders: impl Iterator<Item = &'f FolderPath>,
    disk: &dyn Disk,
) -> bool {
    let mut open: Vec<String> = folders.map(ToString::to_string).collect();
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        // A name on another file system is another file.
        match disk.identity(&folder) {
            Some(found) if found.device == file.device && found.is_folder => {}
            Some(found) if (found.device, found.number) == (file.device, file.number) => {
                return true;
            }
            _ => continue,
        }
        for name in disk.names(&folder) {
            seen += 1;
            if seen > MOST {
                return true;
            }
            if name.is_folder {
                if !REMADE.contains(&name.name.as_str()) {
                    open.push(format!("{folder}/{}", name.name));
                }
            } else if name.number.is_none_or(|number| number == file.number) {
                return true;
            }
        }
    }
    false
}
