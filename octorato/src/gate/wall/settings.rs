//! Files that say which hooks an agent runs: whoever writes them turns the gate off.

use octorato_finops::attribute::FolderPath;

/// The last names of such files, in lower case; `*` stands for any name.
const FILES: &[&[&str]] = &[
    &[".claude", "settings.json"],
    &[".claude", "settings.local.json"],
    &["claude-code", "managed-settings.json"],
    &[".codex", "hooks.json"],
    &[".codex", "config.toml"],
    &[".gemini", "settings.json"],
    &[".cursor", "hooks.json"],
    &[".copilot", "config.json"],
    &[".copilot", "settings.json"],
    &[".copilot", "hooks", "*"],
    &[".github", "hooks", "*"],
];

/// The folders that hold them.
const FOLDERS: &[&str] = &[".claude", ".codex", ".gemini", ".cursor", ".copilot"];

/// Names of such files in an agent's home, wherever that is.
pub(super) const IN_A_HOME: &[&str] =
    &["settings.json", "settings.local.json", "hooks.json", "config.toml", "config.json", "hooks"];

/// Whether a path is such a file by its last names.
pub(super) fn is_hook_settings(path: &FolderPath) -> bool {
    let names: Vec<String> = path.names().iter().map(|name| name.to_lowercase()).collect();
    FILES.iter().any(|file| {
        names.len() >= file.len()
            && file
                .iter()
                .zip(&names[names.len() - file.len()..])
                .all(|(wanted, name)| *wanted == "*" || wanted == name)
    })
}

/// Whether a path is a folder that holds such files.
pub(super) fn holds_hook_settings(path: &FolderPath) -> bool {
    let last = path.names().last().map(|name| name.to_lowercase());
    last.is_some_and(|last| FOLDERS.contains(&last.as_str()))
}
