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
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidData, why.to_owned()));
    // Before it is opened: opening a pipe waits for its other end.
    if !fs::metadata(path)?.is_file() {
        return refuse("not a regular file");
    }
    let mut text = String::new();
    File::open(path)?.take(limit + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        return refuse(&format!("larger than {limit} bytes"));
    }
    Ok(text)
}
