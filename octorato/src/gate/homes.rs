//! Where agents keep their settings and their notes, which the wall closes.

use std::path::{Path, PathBuf};

use super::protocol::{Agent, HookEvent};
use super::wall::Protected;
use crate::config::places::Places;

/// An agent's home: the variable that names it, the usual place below the user's, and the notes in
/// it that tell of the work of all arms.
const HOMES: &[(Option<&str>, &str, &[&str])] = &[
    (
        Some("CLAUDE_CONFIG_DIR"),
        ".claude",
        &[
            "projects",
            "file-history",
            "history.jsonl",
            "todos",
            "tasks",
            "paste-cache",
            "image-cache",
            "transcripts",
            "debug",
            "shell-snapshots",
            "session-env",
            "backups",
        ],
    ),
    (
        Some("CODEX_HOME"),
        ".codex",
        &["sessions", "archived_sessions", "history.jsonl", "log", "memories"],
    ),
    (None, ".gemini", &["tmp", "history"]),
    (Some("COPILOT_HOME"), ".copilot", &["session-state", "history-session-state", "logs"]),
    (None, ".cursor", &["chats"]),
];

/// All that is closed beside the roots of arms. `env` looks a variable up.
pub(super) fn protected(places: &Places, env: impl Fn(&str) -> Option<String>) -> Protected {
    let mut protected = Protected::default();
    let mut private = |path: &Path| {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        protected.private.extend(path.to_str().map(str::to_owned));
    };
    private(&places.home);
    private(&places.state);
    for (variable, usual, notes) in HOMES {
        let mut homes: Vec<PathBuf> = Vec::new();
        homes.extend(places.user_home.as_ref().map(|home| home.join(usual)));
        let named = variable.and_then(&env).unwrap_or_default();
        homes.extend(named.split(',').filter(|home| !home.is_empty()).map(PathBuf::from));
        if *usual == ".claude" {
            let config = env("XDG_CONFIG_HOME").map(PathBuf::from);
            let config = config.or_else(|| Some(places.user_home.as_ref()?.join(".config")));
            homes.extend(config.map(|config| config.join("claude")));
        }
        for home in homes {
            let Some(home) = home.to_str() else { continue };
            protected.agent_homes.push(home.to_owned());
            protected.transcripts.extend(notes.iter().map(|note| format!("{home}/{note}")));
        }
    }
    protected
}

/// What of the notes is a session's own: Claude Code's folder is of one project, Gemini's has the
/// chats of one in a folder of it; others keep the files of all beside each other.
pub(super) fn own_notes(event: &HookEvent) -> Vec<String> {
    let Some(transcript) = &event.transcript else { return Vec::new() };
    let place = match event.agent {
        Agent::Claude => transcript.parent(),
        Agent::Gemini => transcript
            .parent()
            .filter(|folder| folder.ends_with("chats"))
            .and_then(Path::parent)
            .or(Some(transcript)),
        Agent::Codex | Agent::Copilot | Agent::Cursor => Some(transcript.as_path()),
    };
    let own = place.into_iter().chain(event.agent_transcript.as_deref());
    own.filter_map(|place| place.to_str().map(str::to_owned)).collect()
}
