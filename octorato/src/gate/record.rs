//! The log of what was denied, for the operator.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::local::{make_private_folder, private};

/// After this many bytes the log begins anew; the one before is kept.
const LARGEST: u64 = 8 << 20;

/// One refusal.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Record<'a> {
    pub(super) schema: u32,
    pub(super) at: Timestamp,
    pub(super) agent: &'a str,
    pub(super) event: &'a str,
    pub(super) session: &'a str,
    pub(super) arm: Option<&'a str>,
    pub(super) tool: Option<&'a str>,
    /// What refused: `wall`, `budget`, `unpriced` or `error`.
    pub(super) by: &'a str,
    /// The kind of trespass, or the reason that was given.
    pub(super) reason: &'a str,
}

/// Where the log lies.
pub(super) fn file(state: &Path) -> PathBuf {
    state.join("gate").join("denied.jsonl")
}

/// Adds a line. A log that cannot be written keeps nothing from being denied.
pub(super) fn append(path: &Path, record: &Record<'_>) {
    use std::io::Write as _;
    let Ok(mut line) = serde_json::to_string(record) else { return };
    line.push('\n');
    if !path.parent().is_some_and(make_private_folder) {
        return;
    }
    if path.metadata().is_ok_and(|file| file.len() > LARGEST) {
        let _ = std::fs::rename(path, path.with_extension("jsonl.1"));
    }
    if let Ok(mut file) = private().append(true).create(true).open(path) {
        // One write, so that lines of two processes do not mix.
        let _ = file.write_all(line.as_bytes());
    }
}
