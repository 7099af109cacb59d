//! Other settings of an agent that switch its hooks off.

use std::path::{Path, PathBuf};

use octorato_core::Diagnostic;
use serde_json::Value;

use super::super::install::read;
use super::super::json::parse;
use super::super::place::Homes;
use super::super::toml_text;
use super::super::wanted::NAME;
use crate::config::codes::hooks as codes;
use crate::config::places::variables;
use crate::gate::protocol::Agent;

/// A settings file and what it holds.
struct Layer {
    file: PathBuf,
    value: Value,
}

/// Finds what switches the hooks of an agent off, in all settings that it reads.
pub(super) fn judge(
    homes: &Homes,
    agent: Agent,
    project: Option<&Path>,
    commands: &[&str],
    findings: &mut Vec<Diagnostic>,
) {
    let mut read = |files: Vec<PathBuf>| -> Vec<Layer> {
        files.into_iter().filter_map(|file| layer(file, findings)).collect()
    };
    let below = |folder: &str, names: &[&str]| -> Vec<PathBuf> {
        let folder = project.map(|project| project.join(folder));
        folder.iter().flat_map(|folder| names.iter().map(|name| folder.join(name))).collect()
    };
    match agent {
        Agent::Claude => {
            let managed =
                read(managed(homes, ["claude-code", "ClaudeCode"], "managed-settings.json"));
            let mut own = read(below(".claude", &["settings.local.json", "settings.json"]));
            let redirects = own.iter().filter(|layer| names_places(layer)).map(|layer| &layer.file);
            let redirected: Vec<_> = redirects.map(|file| redirected(file)).collect();
            own.extend(read(vec![homes.claude.join("settings.json")]));
            findings.extend(redirected);
            for layer in managed.iter().filter(|layer| is(layer, "/allowManagedHooksOnly", true)) {
                findings.push(managed_only(layer));
            }
            let all = managed.iter().chain(&own);
            findings.extend(all.filter(|layer| is(layer, "/disableAllHooks", true)).map(disabled));
        }
        Agent::Codex => {
            let managed = read(vec![homes.root.join("etc/codex/requirements.toml")]);
            let mut files = below(".codex", &["config.toml"]);
            files.push(homes.codex.join("config.toml"));
            let own = read(files);
            for layer in managed.iter().filter(|layer| is(layer, "/allow_managed_hooks_only", true))
            {
                findings.push(managed_only(layer));
            }
            let off = |layer: &&Layer| {
                is(layer, "/features/hooks", false) || is(layer, "/features/codex_hooks", false)
            };
            findings.extend(managed.iter().chain(&own).filter(off).map(disabled));
        }
        Agent::Gemini => {
            let mut files = managed(homes, ["gemini-cli", "GeminiCli"], "settings.json");
            files.extend(below(".gemini", &["settings.json"]));
            files.push(homes.gemini.join("settings.json"));
            let layers = read(files);
            // The first one that says something counts.
            for key in ["/hooksConfig/enabled", "/hooks/enabled", "/tools/enableHooks"] {
                let first = layers.iter().find(|layer| layer.value.pointer(key).is_some());
                findings.extend(first.filter(|layer| is(layer, key, false)).map(disabled));
            }
            // Lists of all settings are added up.
            let named = |list: &Value| {
                let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
                names.into_iter().any(|name| name == NAME || commands.contains(&name))
            };
            let off = |layer: &&Layer| {
                let lists = ["/hooksConfig/disabled", "/hooks/disabled"];
                lists.into_iter().filter_map(|key| layer.value.pointer(key)).any(named)
            };
            findings.extend(layers.iter().filter(off).map(disabled));
            // It reads the first of these into its environment, and so into that of its hooks.
            let mut files = below(".gemini", &[".env"]);
            files.extend(project.map(|project| project.join(".env")));
            findings
                .extend(files.iter().filter(|file| sets_places(file)).map(|file| redirected(file)));
        }
        Agent::Copilot => {
            let mut files = below(".github/copilot", &["settings.json", "settings.local.json"]);
            files.extend(below(".github/hooks", &["octorato.json"]));
            let names = ["settings.json", "config.json", "hooks/octorato.json"];
            files.extend(names.map(|name| homes.copilot.join(name)));
            let layers = read(files);
            findings.extend(
                layers.iter().filter(|layer| is(layer, "/disableAllHooks", true)).map(disabled),
            );
        }
        // No setting is known that switches its hooks off.
        Agent::Cursor => {}
    }
}

/// Whether settings give the commands that an agent runs other private places.
fn names_places(layer: &Layer) -> bool {
    let names = [variables::HOME, variables::STATE];
    names.into_iter().any(|name| layer.value.get("env").is_some_and(|env| env.get(name).is_some()))
}

/// Whether a file of variables names other private places.
fn sets_places(file: &Path) -> bool {
    let Ok(Some(text)) = read(file) else { return false };
    text.lines().any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let name = line.split('=').next().unwrap_or_default().trim_end();
        line.contains('=') && matches!(name, variables::HOME | variables::STATE)
    })
}

fn redirected(file: &Path) -> Diagnostic {
    let message = format!("the project names other private places: `{}`", file.display());
    let hint = format!("take `{}` and `{}` out", variables::HOME, variables::STATE);
    Diagnostic::error(codes::REDIRECTED, message).hinted(hint)
}

/// Where administrators put settings: in the folders of Linux, of macOS and of Windows.
fn managed(homes: &Homes, names: [&str; 2], file: &str) -> Vec<PathBuf> {
    let [unix, title] = names;
    [
        homes.root.join("etc").join(unix),
        homes.root.join("Library/Application Support").join(title),
        homes.root.join("Program Files").join(title),
        homes.root.join("ProgramData").join(unix),
    ]
    .map(|folder| folder.join(file))
    .into()
}

fn layer(file: PathBuf, findings: &mut Vec<Diagnostic>) -> Option<Layer> {
    let unreadable = |message: String| {
        let shown = file.display();
        Diagnostic::warning(codes::UNREADABLE, format!("{message}: `{shown}`"))
    };
    let Ok(text) = read(&file) else {
        findings.push(unreadable("settings cannot be read".to_owned()));
        return None;
    };
    let text = text?;
    let value = if file.extension().is_some_and(|extension| extension == "toml") {
        let table = toml_text::read(&file.display().to_string(), &text).ok();
        table.map(|table| toml_text::json(&toml::Value::Table(table)))
    } else {
        let root = parse(&text, true).ok();
        root.map(|root| root.map_or(Value::Null, |root| root.value(&text)))
    };
    if value.is_none() {
        findings.push(unreadable("settings are not understood".to_owned()));
    }
    Some(Layer { value: value?, file })
}

fn is(layer: &Layer, key: &str, value: bool) -> bool {
    layer.value.pointer(key).and_then(Value::as_bool) == Some(value)
}

fn disabled(layer: &Layer) -> Diagnostic {
    let message = format!("hooks are switched off: `{}`", layer.file.display());
    Diagnostic::error(codes::DISABLED, message).hinted("switch them on there")
}

fn managed_only(layer: &Layer) -> Diagnostic {
    let message = format!("only managed hooks run: `{}`", layer.file.display());
    Diagnostic::error(codes::MANAGED_ONLY, message)
        .hinted("ask the machine's administrator to put the hooks into the managed settings")
}
