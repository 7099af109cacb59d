//! The hooks of Codex in a `config.toml` that has hooks already: blocks of lines at its end.

use std::fmt::Write as _;

use octorato_core::{Error, ErrorKind, Result, Span};
use toml::{Table, Value};

use super::command::recognise;
use super::document::unusable;
use super::tree::Tree;
use super::wanted::Wanted;
use crate::config::codes::hooks as codes;
use crate::gate::protocol::Agent;

/// What Codex keeps beside the events under `hooks`: marks of trust.
const STATE: &str = "state";

/// A hook of ours in a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FoundToml {
    pub(super) event: String,
    /// Its place in the list of the event, and in its group.
    pub(super) index: (usize, usize),
    pub(super) group: Value,
    pub(super) hook: Value,
    pub(super) command: String,
}

pub(super) fn read(name: &str, text: &str) -> Result<Table> {
    text.strip_prefix('\u{feff}').unwrap_or(text).parse().map_err(|error: toml::de::Error| {
        let span = error.span().map_or(Span::new(0, 0), |span| Span::new(span.start, span.end));
        let message = format!("not TOML: {}", error.message().lines().next().unwrap_or_default());
        unusable(name, text, codes::SYNTAX, span, message)
    })
}

/// Whether a table has hooks of its own.
pub(super) fn has_hooks(table: &Table) -> bool {
    let hooks = table.get("hooks").and_then(Value::as_table);
    hooks.is_some_and(|hooks| hooks.iter().any(|(key, value)| key != STATE && value.is_array()))
}

/// The hooks of ours, in the order of their events.
pub(super) fn found(table: &Table, commands: &[String]) -> Vec<FoundToml> {
    let mut all = Vec::new();
    let Some(events) = table.get("hooks").and_then(Value::as_table) else { return all };
    for (event, groups) in events {
        for (at, group) in groups.as_array().into_iter().flatten().enumerate() {
            let hooks = group.get("hooks").and_then(Value::as_array);
            for (inner, hook) in hooks.into_iter().flatten().enumerate() {
                let Some(command) = own_command(hook, commands) else { continue };
                all.push(FoundToml {
                    event: event.clone(),
                    index: (at, inner),
                    group: group.clone(),
                    hook: hook.clone(),
                    command,
                });
            }
        }
    }
    all
}

fn own_command(hook: &Value, commands: &[String]) -> Option<String> {
    let line = hook.get("command")?.as_str()?;
    let is_gate = recognise(line).is_some_and(|gate| gate.agent == Agent::Codex.name());
    (is_gate || commands.iter().any(|known| known == line)).then(|| line.to_owned())
}

/// The text with the hooks that are wanted, which stand at its end.
pub(super) fn with_hooks(
    name: &str,
    text: &str,
    wanted: &[Wanted],
    commands: &[String],
) -> Result<String> {
    let table = read(name, text)?;
    let present = found(&table, commands);
    let as_wanted = |found: &FoundToml| {
        let is =
            |wanted: &Wanted| wanted.event == found.event && group_of(wanted) == json(&found.group);
        wanted.iter().any(is)
    };
    let every = wanted.iter().all(|wanted| present.iter().any(|found| found.event == wanted.event));
    if every && present.len() == wanted.len() && present.iter().all(as_wanted) {
        return Ok(text.to_owned());
    }
    let mut edited = without_hooks(name, text, commands)?;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if !edited.is_empty() && !edited.ends_with('\n') {
        edited.push_str(newline);
    }
    for wanted in wanted {
        let block = block(wanted);
        for line in block.lines() {
            edited.push_str(line);
            edited.push_str(newline);
        }
    }
    let after = found(&read(name, &edited)?, commands);
    if after.len() == wanted.len() && after.iter().all(as_wanted) {
        return Ok(edited);
    }
    Err(by_hand(name, "added"))
}

/// The group of a hook as JSON.
pub(super) fn group_of(wanted: &Wanted) -> serde_json::Value {
    wanted.entry(super::wanted::Shape::Groups).value()
}

/// A value as JSON.
pub(super) fn json(value: &Value) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The lines of a hook, after an empty one.
fn block(wanted: &Wanted) -> String {
    let event = wanted.event;
    let mut text = format!("\n[[hooks.{event}]]\n");
    if let Some(matcher) = wanted.matcher {
        let _ = writeln!(text, "matcher = {}", Tree::text(matcher).flat());
    }
    let _ = writeln!(text, "\n[[hooks.{event}.hooks]]");
    if let Tree::Map(fields) = &wanted.hook {
        for (key, value) in fields {
            // A text in JSON is a basic string of TOML.
            let _ = writeln!(text, "{key} = {}", value.flat());
        }
    }
    text
}

/// The text without any hook of ours.
pub(super) fn without_hooks(name: &str, text: &str, commands: &[String]) -> Result<String> {
    let before = read(name, text)?;
    if found(&before, commands).is_empty() {
        return Ok(text.to_owned());
    }
    let mut kept = String::with_capacity(text.len());
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut at = 0;
    while at < lines.len() {
        let end = block_end(&lines, at);
        let is_ours = end.is_some_and(|end| {
            let table: Option<Table> = lines[at..end].concat().parse().ok();
            table.is_some_and(|table| all_ours(&table, commands))
        });
        let Some(end) = end.filter(|_| is_ours) else {
            kept.push_str(lines[at]);
            at += 1;
            continue;
        };
        // The empty line before it came with it.
        if let Some(blank) = ["\r\n\r\n", "\n\n"].into_iter().find(|blank| kept.ends_with(blank)) {
            kept.truncate(kept.len() - blank.len() / 2);
        }
        at = end;
    }
    if without(before, commands) == pruned(read(name, &kept)?) {
        Ok(kept)
    } else {
        Err(by_hand(name, "taken out"))
    }
}

/// The end of the lines that belong to a group of hooks, if one begins here.
fn block_end(lines: &[&str], at: usize) -> Option<usize> {
    let event = lines[at].trim().strip_prefix("[[hooks.")?.strip_suffix("]]")?;
    if event.contains(['.', '"', '\'', ' ']) {
        return None;
    }
    let inner = format!("[[hooks.{event}.hooks]]");
    let rest = lines[at + 1..].iter().position(|line| {
        let line = line.trim();
        line.starts_with('[') && line != inner
    });
    let mut end = rest.map_or(lines.len(), |rest| at + 1 + rest);
    // Remarks before the next heading are about that one.
    while end > at + 1
        && (lines[end - 1].trim().is_empty() || lines[end - 1].trim().starts_with('#'))
    {
        end -= 1;
    }
    Some(end)
}

fn all_ours(table: &Table, commands: &[String]) -> bool {
    let groups = table.get("hooks").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let hooks = groups
        .flat_map(|groups| groups.as_array().into_iter().flatten())
        .flat_map(|group| group.get("hooks").and_then(Value::as_array).into_iter().flatten());
    let count = hooks.count();
    count > 0 && count == found(table, commands).len()
}

/// The table without what is ours, for comparison with what an edit has made.
fn without(mut table: Table, commands: &[String]) -> Table {
    if let Some(events) = table.get_mut("hooks").and_then(Value::as_table_mut) {
        for (_, groups) in events.iter_mut() {
            let Some(groups) = groups.as_array_mut() else { continue };
            groups.retain_mut(|group| {
                let Some(hooks) = group.get_mut("hooks").and_then(Value::as_array_mut) else {
                    return true;
                };
                let before = hooks.len();
                hooks.retain(|hook| own_command(hook, commands).is_none());
                hooks.len() == before || !hooks.is_empty()
            });
        }
    }
    pruned(table)
}

/// The table without empty lists of hooks.
fn pruned(mut table: Table) -> Table {
    if let Some(events) = table.get_mut("hooks").and_then(Value::as_table_mut) {
        events.retain(|_, groups| groups.as_array().is_none_or(|groups| !groups.is_empty()));
        if events.is_empty() {
            table.remove("hooks");
        }
    }
    table
}

fn by_hand(name: &str, done: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the hooks cannot be {done} in `{name}`"))
        .hinted("its hooks are written in a way that cannot be edited; do it by hand")
}
