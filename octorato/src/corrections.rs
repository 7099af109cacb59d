//! Restatements that the operator has taken over: one immutable file each.
//!
//! They lie in the state folder under `corrections/`, a JSON line per corrected request, and are
//! named by their content. A file is there whole or not at all. One that cannot be read is an
//! error, since leaving it out would change amounts silently.

use std::fs;
use std::io::ErrorKind as IoKind;
use std::path::{Path, PathBuf};

use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::recost::{Correction, Corrections};

use crate::config::places::Places;
use crate::files::{Lock, create_private_folder, write_whole};

/// Where restatements are kept.
pub(crate) fn folder(places: &Places) -> PathBuf {
    places.state.join("corrections")
}

/// Reads every restatement; none where there is no folder.
pub(crate) fn load(folder: &Path) -> Result<Corrections> {
    let mut files = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == IoKind::NotFound => return Ok(Corrections::default()),
        Err(error) => return Err(Error::io("cannot read", folder, error)),
    };
    for entry in entries {
        let path = entry.map_err(|error| Error::io("cannot read", folder, error))?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
    files.sort_unstable();
    let mut all = Vec::new();
    for file in files {
        read(&file, &mut all)?;
    }
    Ok(Corrections::new(all))
}

fn read(file: &Path, all: &mut Vec<Correction>) -> Result<()> {
    let text = fs::read_to_string(file).map_err(|error| Error::io("cannot read", file, error))?;
    let changed = |why: String| {
        Error::new(ErrorKind::Data, why).with("file", file.display()).hinted(
            "put the file back as it was; `octorato prices recost --write` makes such files",
        )
    };
    if file.file_stem().and_then(|stem| stem.to_str()) != Some(&name(&text)) {
        return Err(changed("a restatement was changed after it was made".to_owned()));
    }
    for (number, line) in text.lines().enumerate() {
        let correction = serde_json::from_str(line)
            .map_err(|error| changed(format!("line {} is no correction: {error}", number + 1)))?;
        all.push(correction);
    }
    Ok(())
}

/// The right to read restatements and add one, so that none is made twice.
pub(crate) fn lock(folder: &Path) -> Result<Lock> {
    create_private_folder(folder)?;
    Lock::of(&folder.join("all"))
}

/// Keeps a restatement and says where; when it returns, it is on the disk.
pub(crate) fn keep(folder: &Path, corrections: &[Correction], _lock: &Lock) -> Result<PathBuf> {
    let mut text = String::new();
    for correction in corrections {
        let line = serde_json::to_string(correction).map_err(|error| {
            Error::new(ErrorKind::Data, "a correction has no JSON").caused_by(error)
        })?;
        text += &line;
        text.push('\n');
    }
    let file = folder.join(format!("{}.jsonl", name(&text)));
    write_whole(&file, &text)?;
    Ok(file)
}

/// What a restatement is called: the BLAKE3 hash of its content.
fn name(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}
