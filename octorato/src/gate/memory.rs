//! What is kept of a session from one hook to the next.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use octorato_core::ArmId;
use serde::{Deserialize, Serialize};

/// The most that such a file has.
const LARGEST: u64 = 256 << 10;

/// What a session was last known to be. Losing it loses no money: it is learnt again at the next
/// hook, and what is said may be said twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// The arm that the session last worked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) arm: Option<ArmId>,
    /// The model that it last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    /// A model that it used and that has no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unpriced: Option<String>,
    /// How its transcripts were when they were booked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<String>,
    /// What was said of which budget: its period and how far it had come.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) told: BTreeMap<String, String>,
}

/// Where the memory of a session lies; its name says nothing of it.
pub(super) fn file(state: &Path, session: &str) -> PathBuf {
    let name = blake3::hash(session.as_bytes()).to_hex();
    state.join("gate").join("sessions").join(format!("{}.json", &name[..32]))
}

impl Memory {
    /// Reads it; nothing is remembered where that fails.
    pub(super) fn read(path: &Path) -> Self {
        let text = octorato_finops::small_file::read(path, LARGEST);
        text.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }
}
