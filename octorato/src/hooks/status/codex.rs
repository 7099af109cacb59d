//! What Codex has been told of trust: `config.toml` has a mark for each hook that was reviewed.
//!
//! The mark is a hash of what the hook was then, by a rule that is Codex's own and may change. So
//! a missing mark is known to mean that the hook is skipped, and one that is there means that
//! *some* hook in this place was trusted.

use octorato_core::Diagnostic;
use serde_json::Value;

use super::super::install::read;
use super::super::place::{Homes, Scope};
use super::super::toml_text;
use super::Installed;
use crate::config::codes::hooks as codes;

pub(super) fn judge(
    homes: &Homes,
    scope: &Scope,
    hooks: &[Installed],
    findings: &mut Vec<Diagnostic>,
) {
    let file = homes.codex.join("config.toml");
    let text = read(&file).ok().flatten().unwrap_or_default();
    let Ok(table) = toml_text::read(&file.display().to_string(), &text) else { return };
    let config = toml_text::json(&toml::Value::Table(table));
    if let Scope::Project(project) = scope {
        let level = config.get("projects").and_then(|all| all.get(project.display().to_string()));
        let level = level.and_then(|project| project.get("trust_level")).and_then(Value::as_str);
        if level != Some("trusted") {
            let message = format!("Codex does not trust the project: `{}`", project.display());
            findings.push(
                Diagnostic::error(codes::UNTRUSTED, message)
                    .hinted("start Codex there and trust the folder"),
            );
        }
    }
    let marks = config.get("hooks").and_then(|hooks| hooks.get("state"));
    let mut marked = false;
    let mut unmarked = Vec::new();
    for hook in hooks {
        let mark = marks.and_then(|marks| keys(hook).find_map(|key| marks.get(key)));
        let event = &hook.event;
        if mark.and_then(|mark| mark.get("enabled")).and_then(Value::as_bool) == Some(false) {
            let message = format!("the hook is switched off in Codex: `{event}`");
            findings.push(
                Diagnostic::error(codes::DISABLED, message)
                    .hinted("switch it on with `/hooks` in Codex"),
            );
        } else if mark.and_then(|mark| mark.get("trusted_hash")).is_some() {
            marked = true;
        } else {
            unmarked.push(event.as_str());
        }
    }
    if !unmarked.is_empty() {
        let message = format!("Codex was not told to trust the hooks: `{}`", unmarked.join("`, `"));
        findings.push(
            Diagnostic::error(codes::UNTRUSTED, message)
                .hinted("review them with `/hooks` in Codex, which skips them until then"),
        );
    }
    if marked {
        let message = "whether Codex trusts the hooks as they are now is unknown";
        findings.push(
            Diagnostic::warning(codes::TRUST_UNKNOWN, message)
                .hinted("`/hooks` in Codex shows it; a changed hook is skipped until reviewed"),
        );
    }
}

/// The names of a hook's mark: file, event, and its place in the lists.
fn keys(hook: &Installed) -> impl Iterator<Item = String> {
    let mut event = String::new();
    for c in hook.event.chars() {
        if c.is_ascii_uppercase() && !event.is_empty() {
            event.push('_');
        }
        event.push(c.to_ascii_lowercase());
    }
    let (group, handler) = hook.index;
    let files = [Some(hook.file.clone()), hook.file.canonicalize().ok()];
    files
        .into_iter()
        .flatten()
        .map(move |file| format!("{}:{event}:{group}:{handler}", file.display()))
}
