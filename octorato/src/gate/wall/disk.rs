//! What only the disk knows of a path: the edge of the wall.

use std::path::Path;

use octorato_finops::attribute::{self, LocalDisk};

use crate::files::followed;

/// One file or folder, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The file system.
    pub device: u64,
    /// The number on it.
    pub number: u64,
    /// How many names it has; a folder counts as having one.
    pub links: u64,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: String,
    /// The number on the file system; nothing where it is not told.
    pub number: Option<u64>,
    /// Whether it is a folder, not one behind a link.
    pub is_folder: bool,
    /// Whether it is a link.
    pub is_link: bool,
}

/// Answers the wall's questions about paths.
pub trait Disk: attribute::Disk {
    /// The path with all links followed, those to what does not exist included, as far as it
    /// exists. Nothing where it cannot be told.
    fn real(&self, path: &str) -> Option<String>;

    /// What the path leads to, if it exists.
    fn identity(&self, path: &str) -> Option<Identity>;

    /// Whether the path itself is a link.
    fn is_link(&self, path: &str) -> bool;

    /// The names in a folder; nothing where it cannot be read.
    fn names(&self, folder: &str) -> Vec<Name>;
}

impl Disk for LocalDisk {
    fn real(&self, path: &str) -> Option<String> {
        let path = Path::new(path);
        if !path.is_absolute() {
            return None;
        }
        followed(path).into_os_string().into_string().ok()
    }

    fn identity(&self, path: &str) -> Option<Identity> {
        let found = Path::new(path).metadata().ok()?;
        let is_folder = found.is_dir();
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let links = if is_folder { 1 } else { found.nlink() };
            Some(Identity { device: found.dev(), number: found.ino(), links, is_folder })
        }
        // Two paths are one file there if both have one canonical form.
        #[cfg(not(unix))]
        {
            let real = Path::new(path).canonicalize().ok()?;
            let hash = blake3::hash(real.as_os_str().as_encoded_bytes());
            let number = hash.as_bytes().iter().take(8).fold(0, |sum, b| sum << 8 | u64::from(*b));
            Some(Identity { device: 0, number, links: 1, is_folder })
        }
    }

    fn is_link(&self, path: &str) -> bool {
        Path::new(path).symlink_metadata().is_ok_and(|found| found.is_symlink())
    }

    fn names(&self, folder: &str) -> Vec<Name> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let named = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            #[cfg(unix)]
            let number = Some(std::os::unix::fs::DirEntryExt::ino(&entry));
            #[cfg(not(unix))]
            let number = None;
            let kind = entry.file_type().ok()?;
            let name = entry.file_name().into_string().ok()?;
            Some(Name { name, number, is_folder: kind.is_dir(), is_link: kind.is_symlink() })
        });
        named.collect()
    }
}
