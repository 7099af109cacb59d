//! Files and folders for this user only.

use std::io::{self, Write};
use std::path::Path;

use super::system;

/// Makes a folder, and those above it where they are missing, for this user only.
pub(in super::super) fn make_folder(path: &Path) -> io::Result<()> {
    system::make_private_folder(path)
}

/// Writes a new file, durable with its name; one that is there is an error.
pub(in super::super) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = system::create_private(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    system::sync_folder_of(path)
}

/// Whether nobody but the owner may read it, as far as the system tells.
pub(in super::super) fn is_private(path: &Path) -> io::Result<bool> {
    system::is_private(path)
}
