//! Writes the operator's private files, one writer at a time, and follows links to where files lie.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use octorato_core::{Error, ErrorKind, Result};

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);

/// As many links as operating systems follow.
const MOST_LINKS: usize = 40;

/// The path without symbolic links, as far as it exists; a link to what does not exist counts as
/// its target, since whoever writes to it makes the target.
pub(crate) fn followed(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    followed_within(&path, MOST_LINKS)
}

fn followed_within(path: &Path, links: usize) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let (Some(parent), Some(last)) = (path.parent(), path.components().next_back()) else {
        return path.to_path_buf();
    };
    let mut real = followed_within(parent, links);
    if last == Component::ParentDir {
        real.pop();
        return real;
    }
    real.push(last);
    match fs::read_link(&real) {
        Ok(target) if links > 0 => {
            real.pop();
            followed_within(&real.join(target), links - 1)
        }
        _ => real,
    }
}

/// The right to read, edit and replace a file; given back when it is dropped.
///
/// The lock is on a file of its own beside the one that is meant, since that one is replaced.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    target: PathBuf,
}

impl Lock {
    /// Waits a while for the right to write `path`. A link counts as the file that it leads to.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        Self::within(path, PATIENCE)
    }

    /// The right to write `path` if nobody has it now; nothing where somebody has.
    pub(crate) fn at_once(path: &Path) -> Result<Option<Self>> {
        match Self::within(path, Duration::ZERO) {
            Ok(lock) => Ok(Some(lock)),
            Err(error) if error.kind() == ErrorKind::Unavailable => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn within(path: &Path, patience: Duration) -> Result<Self> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut name = target.clone().into_os_string();
        name.push(".lock");
        let name = PathBuf::from(name);
        let failed = |error| Error::io("cannot lock", &name, error);
        let file = private().create(true).truncate(false).open(&name).map_err(failed)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file, target }),
                Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(
                        ErrorKind::Unavailable,
                        format!("another octorato is writing: `{}`", path.display()),
                    )
                    .hinted("try again when it has ended"));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// Puts a new text in the place of the file, whole or not at all, with its permissions.
    pub(crate) fn replace(&self, text: &str) -> Result<()> {
        write_whole(&self.target, text)
    }

    /// Adds `text` to the end of the file; when it returns, the text is on the disk. Where that
    /// fails the file is as it was.
    pub(crate) fn append(&self, text: &str) -> Result<()> {
        let write = || {
            let mut file = private().create(true).append(true).open(&self.target)?;
            let before = file.metadata()?.len();
            let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
            if written.is_err() {
                let _ = file.set_len(before);
            }
            written
        };
        write().map_err(|error| Error::io("cannot write", &self.target, error))
    }
}

/// Writes a file whole or not at all. A new one is its owner's alone, an old one keeps its
/// permissions.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let failed = |error| Error::io("cannot write", path, error);
    let (beside, mut file) = new_beside(path).map_err(failed)?;
    let mut write = || {
        file.write_all(text.as_bytes())?;
        if let Ok(old) = fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })?;
    sync_folder_of(path).map_err(failed)
}

/// A new, empty file beside `path`. It is never one that is there, be it a link that somebody has
/// put in its place or what a process of the same number has left.
fn new_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    const TRIES: u32 = 100;
    let mut attempt = 0;
    loop {
        let mut beside = path.to_path_buf().into_os_string();
        beside.push(format!(".{}-{attempt}", std::process::id()));
        let beside = PathBuf::from(beside);
        match private().create_new(true).open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < TRIES => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Puts the names in the folder of a file on the disk; only after that a new name outlasts a loss
/// of power.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Makes a folder that only its owner may enter; false where it was there. One that was there and
/// that others may enter is closed to them.
pub(crate) fn create_private_folder(folder: &Path) -> Result<bool> {
    if folder.is_dir() {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let failed = |error| Error::io("cannot close to others", folder, error);
            let mut permissions = fs::metadata(folder).map_err(failed)?.permissions();
            if permissions.mode() & 0o077 != 0 {
                permissions.set_mode(permissions.mode() & !0o077);
                fs::set_permissions(folder, permissions).map_err(failed)?;
            }
        }
        return Ok(false);
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|source| Error::io("cannot make the folder", folder, source))?;
    Ok(true)
}

/// A new file is its owner's alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writer_at_a_time_and_the_next_one_after_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("f");
        let first = Lock::of(&path).unwrap();
        let error = Lock::within(&path, Duration::from_millis(20)).unwrap_err();
        assert!(error.to_string().starts_with("another octorato is writing"), "{error}");
        drop(first);
        Lock::within(&path, Duration::ZERO).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn what_lies_where_a_new_file_is_written_first_is_never_written_through() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::TempDir::new().unwrap();
        let (path, precious) = (folder.path().join("f"), folder.path().join("precious"));
        fs::write(&precious, "precious").unwrap();
        let id = std::process::id();
        for name in [format!("f.{id}"), format!("f.{id}-0"), format!("f.{id}-1")] {
            symlink(&precious, folder.path().join(name)).unwrap();
        }
        write_whole(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(!path.is_symlink());
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_that_others_may_enter_is_closed_to_them() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::TempDir::new().unwrap();
        let inner = folder.path().join("state");
        let mode = || fs::metadata(&inner).unwrap().permissions().mode() & 0o777;
        assert!(create_private_folder(&inner).unwrap());
        assert_eq!(mode(), 0o700);
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!create_private_folder(&inner).unwrap());
        assert_eq!(mode(), 0o700);
    }

    #[test]
    #[cfg(unix)]
    fn a_link_stays_a_link_and_its_file_keeps_its_permissions() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::TempDir::new().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        let lock = Lock::of(&link).unwrap();
        Lock::within(&file, Duration::ZERO).unwrap_err();
        lock.replace("new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
