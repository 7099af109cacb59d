//! Reading files that people and agents keep beside the logs: small, or not what they seem.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Reads a text of at most `limit` bytes. A pipe, a device or a larger file is an error, so that no
/// file of somebody else's can make the reader wait or fill the memory.
///
/// ```
/// let folder = std::env::temp_dir();
/// assert!(octorato_finops::small_file::read(&folder, 1024).is_err()); // a folder is no file
/// ```
pub fn read(path: &Path, limit: u64) -> io::Result<String> {
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8");
    String::from_utf8(bytes(path, limit)?).map_err(not_text)
}

/// Reads a file of at most `limit` bytes, as [`read`] does.
pub fn bytes(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    /// The most that is asked for before a byte is read.
    const FIRST: u64 = 1 << 20;
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidData, why.to_owned()));
    // Before it is opened: opening a pipe waits for its other end.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return refuse("not a regular file");
    }
    // One more byte than there are: the end is then seen without asking for more memory.
    let length = metadata.len().min(limit).min(FIRST).saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return refuse(&format!("larger than {limit} bytes"));
    }
    Ok(bytes)
}
