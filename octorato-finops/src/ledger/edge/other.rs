//! What the ledger asks of a system that is not of the Unix family: Windows.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Component, Path, Prefix};

use jiff::SignedDuration;

use super::super::operation::Holder;

/// Opens a file and makes it where it is missing. Who may read it is what the folder says.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Makes a file; one that is there is an error.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Makes a folder. In a user's own folders nobody else may enter it.
pub(super) fn make_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Not asked: access lists say it.
pub(super) fn is_private(path: &Path) -> io::Result<bool> {
    path.metadata().map(|_| true)
}

/// Nothing: the journal of NTFS keeps names, and a folder cannot be synced there.
#[expect(clippy::unnecessary_wraps, reason = "it can fail on other systems")]
pub(super) fn sync_folder_of(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether `path` still names a file; one that is open cannot be replaced here.
pub(super) fn is_named(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

pub(super) fn since_boot() -> Option<SignedDuration> {
    None
}

pub(super) fn boot() -> Option<[u8; 16]> {
    None
}

pub(super) fn origin() -> Option<[u8; 16]> {
    None
}

pub(super) fn started(_: u32) -> Option<u64> {
    None
}

pub(super) fn is_dead(_: &Holder) -> bool {
    false
}

/// Whether `place` is a share by its own path. A share behind a drive letter is not seen.
pub(super) fn network(place: &Path) -> io::Result<Option<&'static str>> {
    let full = place.canonicalize()?;
    Ok(match full.components().next() {
        Some(Component::Prefix(prefix)) => match prefix.kind() {
            Prefix::UNC(..) | Prefix::VerbatimUNC(..) => Some("a network share"),
            _ => None,
        },
        _ => None,
    })
}
