//! Where logs lie: the edge between the readers and the file system.

use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::cursor::{Cursor, Stamp};
use super::skip::{FindingKind, Findings};
use super::{READERS, Reader};

/// Where to look for logs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// An agent's usual home; nothing is said where it does not exist.
    Usual(PathBuf),
    /// A home, a folder of transcripts or one transcript that the user named; it must exist.
    Given(PathBuf),
}

impl Place {
    /// The homes of every agent on this machine.
    pub fn usual(environment: &Environment) -> Vec<Self> {
        READERS.iter().flat_map(|reader| reader.homes(environment)).collect()
    }

    fn path(&self) -> &Path {
        match self {
            Self::Usual(path) | Self::Given(path) => path,
        }
    }
}

/// The few facts about the machine that decide where agents keep their logs.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<PathBuf>,
    /// `$CLAUDE_CONFIG_DIR`: one or more folders between commas.
    pub claude_config_dir: Option<String>,
}

impl Environment {
    /// Reads the process's environment.
    pub fn of_process() -> Self {
        let path = |name: &str| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        Self {
            home: path("HOME").or_else(|| path("USERPROFILE")),
            xdg_config_home: path("XDG_CONFIG_HOME"),
            claude_config_dir: std::env::var("CLAUDE_CONFIG_DIR").ok(),
        }
    }
}

/// A file and the reader that knows its kind.
#[derive(Clone)]
pub struct LogFile {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    /// What was known of it when it was found.
    pub(super) stamp: Option<Stamp>,
    /// Who can read it.
    pub(super) reader: &'static dyn Reader,
    identity: Identity,
}

impl LogFile {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes when it was found.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// When it was last written to, in nanoseconds since 1970; 0 where that is not known.
    pub fn modified(&self) -> u64 {
        self.stamp.map_or(0, |stamp| stamp.modified())
    }

    /// Whether its name, length or date tell that it is not as it was at `cursor`.
    pub fn has_changed_since(&self, cursor: &Cursor) -> bool {
        self.stamp.is_none_or(|stamp| !cursor.is_current(&stamp))
    }

    fn new(path: &Path, metadata: Option<&Metadata>, reader: &'static dyn Reader) -> Self {
        Self {
            path: path.to_owned(),
            size: metadata.map_or(0, Metadata::len),
            stamp: metadata.map(Stamp::of),
            reader,
            identity: Identity::of(path, metadata),
        }
    }

    /// Opens it, to be read from its beginning.
    pub(super) fn open(&self) -> io::Result<Opened> {
        let file = File::open(&self.path)?;
        let stamp = Stamp::of(&file.metadata()?);
        Ok(Opened { path: self.path.as_path().into(), file, stamp })
    }
}

impl std::fmt::Debug for LogFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// An open file.
pub(super) struct Opened {
    /// Where it was found.
    pub(super) path: Arc<Path>,
    /// Stands where reading begins.
    pub(super) file: File,
    /// As it was before anything was read.
    pub(super) stamp: Stamp,
}

/// What makes two paths the same file.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Identity {
    /// A device and a number on it.
    #[cfg(unix)]
    Inode(u64, u64),
    Path(PathBuf),
}

impl Identity {
    fn of(path: &Path, metadata: Option<&Metadata>) -> Self {
        #[cfg(unix)]
        if let Some(metadata) = metadata {
            use std::os::unix::fs::MetadataExt;
            return Self::Inode(metadata.dev(), metadata.ino());
        }
        let _ = metadata;
        Self::Path(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
    }
}

/// Hears how far reading has come. Called from several threads.
pub trait Progress: Sync {
    /// So many files of so many bytes in all are about to be read.
    fn found(&self, files: u64, bytes: u64) {
        let _ = (files, bytes);
    }

    /// So many more bytes have been read.
    fn read(&self, bytes: u64) {
        let _ = bytes;
    }
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {}

/// The transcripts under `places`, each path once.
pub(super) fn find(places: &[Place], findings: &mut Findings) -> Vec<LogFile> {
    let mut files: Vec<LogFile> = Vec::new();
    for place in places {
        let path = place.path();
        if let Err(error) = path.metadata() {
            if matches!(place, Place::Given(_)) || error.kind() != io::ErrorKind::NotFound {
                findings.note_file(FindingKind::Unreadable, path, Some(error.to_string()));
            }
            continue;
        }
        if path.is_file() && path.extension().is_none_or(|extension| extension != "jsonl") {
            findings.note_file(FindingKind::UnknownFormat, path, None);
            continue;
        }
        // A home names its transcripts' folder; any other folder that the user names is one.
        let home = READERS.iter().find_map(|&reader| Some((reader, reader.transcripts(path)?)));
        match (home, place) {
            (Some((reader, folder)), _) => walk(&folder, &[reader], findings, &mut files),
            (None, Place::Given(_)) => walk(path, READERS, findings, &mut files),
            (None, Place::Usual(_)) => {}
        }
    }
    // A file that several places or links lead to is one file, known by its first path.
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.identity.clone()));
    files
}

fn walk(
    folder: &Path,
    readers: &[&'static dyn Reader],
    findings: &mut Findings,
    files: &mut Vec<LogFile>,
) {
    for entry in WalkDir::new(folder).follow_links(true) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                let detail = error.io_error().map_or_else(
                    || "a link leads back to its own folder".into(),
                    ToString::to_string,
                );
                findings.note_file(FindingKind::Unreadable, &path, Some(detail));
                continue;
            }
        };
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        if !entry.file_type().is_file() {
            findings.note_file(FindingKind::NotAFile, path, None);
            continue;
        }
        let Some(&reader) = readers.iter().find(|reader| reader.is_transcript(path)) else {
            findings.note_file(FindingKind::UnknownFormat, path, None);
            continue;
        };
        files.push(LogFile::new(path, entry.metadata().ok().as_ref(), reader));
    }
}
