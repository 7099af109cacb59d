//! Reads the files that people write.

use std::io::Read;
use std::path::Path;

use octorato_core::{Error, ErrorKind, Result};

/// The length of the largest file that is read, in bytes.
pub const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// Reads the whole file at `path`, with links followed.
///
/// Where it is no regular file the answer is an error before it is opened (a pipe would never
/// end), and a file above [`LARGEST_FILE`] is refused before it fills the memory.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    const HINT: &str = "it must be a file that you may read";
    let failed = |error: std::io::Error| {
        let is_missing = error.kind() == std::io::ErrorKind::NotFound;
        let error = Error::io("cannot read", path, error);
        if is_missing { error } else { error.hinted(HINT) }
    };
    let metadata = path.metadata().map_err(failed)?;
    if !metadata.is_file() {
        let message = format!("not a regular file: `{}`", path.display());
        return Err(Error::new(ErrorKind::Io, message).hinted(HINT));
    }
    // One more than there are: the end is then seen without asking for more memory.
    let length = metadata.len().min(LARGEST_FILE).saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST_FILE {
        let message = format!("file is larger than 4 MiB: `{}`", path.display());
        return Err(Error::new(ErrorKind::Config, message).hinted("is it the right file?"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_largest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        assert_eq!(read_file(&path).unwrap_err().kind(), ErrorKind::NotFound);
        std::fs::write(&path, "text").unwrap();
        assert_eq!(read_file(&path).unwrap(), b"text");

        let file = std::fs::File::create(&path).unwrap();
        file.set_len(LARGEST_FILE).unwrap();
        assert_eq!(read_file(&path).unwrap().len() as u64, LARGEST_FILE);
        file.set_len(1 << 40).unwrap(); // sparse
        assert_eq!(read_file(&path).unwrap_err().kind(), ErrorKind::Config);
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_file_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for path in [dir.path(), &link] {
            let error = read_file(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io);
            assert!(error.to_string().starts_with("not a regular file"), "{error}");
        }
    }
}
