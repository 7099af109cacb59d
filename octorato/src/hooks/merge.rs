//! Puts the hooks into the text of a settings file, and takes them out again.

use octorato_core::{Error, ErrorKind, Result, Span};

use super::command::recognise;
use super::document::Document;
use super::edit::{Item, append, remove, replace};
use super::json::{Kind, Member, Node};
use super::tree::{Style, Tree};
use super::wanted::{Shape, Wanted, shape};
use crate::gate::protocol::Agent;

/// How many edits one merge may take; each settles one hook, so more are a mistake of ours.
const EDITS: usize = 10_000;

/// What a merge counts as its own, and what it may leave behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Own<'a> {
    /// Command lines that were written, as they are recorded.
    pub(super) commands: &'a [String],
    /// Lists and objects that were made for the hooks, by their keys; nothing is known where it
    /// is `None`.
    pub(super) made: Option<&'a [Vec<String>]>,
}

/// A hook of ours in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The event under which it stands.
    pub(super) event: String,
    /// Its place in the list of the event, and in its group.
    pub(super) index: (usize, usize),
    /// Whether nothing else stands in its group.
    pub(super) alone: bool,
    /// What stands in the list of the event.
    pub(super) entry: Node,
    /// The hook itself.
    pub(super) hook: Node,
    /// Its command line.
    pub(super) command: String,
}

/// The hooks of an agent that a document has, in order.
pub(super) fn found(root: &Node, agent: Agent, own: &Own) -> Vec<Found> {
    let mut all = Vec::new();
    for Member { key: event, value: list, .. } in root.get("hooks").map_or(&[][..], Node::members) {
        for (at, entry) in list.items().iter().enumerate() {
            let hooks = match shape(agent) {
                Shape::Flat => std::slice::from_ref(entry),
                Shape::Groups => entry.get("hooks").map_or(&[][..], Node::items),
            };
            for (inner, hook) in hooks.iter().enumerate() {
                let Some(command) = command_of(hook, agent, own) else { continue };
                all.push(Found {
                    event: event.clone(),
                    index: (at, inner),
                    alone: hooks.len() == 1,
                    entry: entry.clone(),
                    hook: hook.clone(),
                    command,
                });
            }
        }
    }
    all
}

/// The command line of a hook, if it is one of ours.
fn command_of(hook: &Node, agent: Agent, own: &Own) -> Option<String> {
    ["command", "bash", "powershell"].into_iter().find_map(|key| {
        let line = hook.get(key)?.text()?;
        let is_gate = recognise(line).is_some_and(|gate| gate.agent == agent.name());
        (is_gate || own.commands.iter().any(|known| known == line)).then(|| line.to_owned())
    })
}

/// A text with all hooks that are wanted and none of ours else, and what had to be made for them.
pub(super) fn with_hooks(
    document: &Document,
    agent: Agent,
    wanted: &[Wanted],
    own: &Own,
) -> Result<(String, Vec<Vec<String>>)> {
    let mut document = document.clone();
    let mut made = Vec::new();
    for _ in 0..EDITS {
        match next_step(&document, agent, wanted, own, &mut made)? {
            Some(text) => document = document.with(text)?,
            None => return Ok((document.text, made)),
        }
    }
    Err(stuck(&document))
}

fn next_step(
    document: &Document,
    agent: Agent,
    wanted: &[Wanted],
    own: &Own,
    made: &mut Vec<Vec<String>>,
) -> Result<Option<String>> {
    let Some(root) = &document.root else {
        made.push(Vec::new());
        return Ok(Some(new_text(&document.text, agent)));
    };
    check(document, root, wanted)?;
    let text = &document.text;
    let comments = document.comments;
    let all = found(root, agent, own);
    let is_wanted = |found: &Found, wanted: &Wanted| {
        found.event == wanted.event && found.entry.value(text) == wanted.entry(shape(agent)).value()
    };
    for wanted in wanted {
        let mut here = all.iter().filter(|found| found.event == wanted.event);
        if all.iter().any(|found| is_wanted(found, wanted)) {
            continue;
        }
        let entry = wanted.entry(shape(agent));
        if let Some(old) = here.find(|found| found.alone) {
            return Ok(Some(replace(text, old.entry.span, Item::Value(&entry))));
        }
        let Some(hooks) = root.get("hooks") else {
            made.push(vec!["hooks".to_owned()]);
            let empty = Tree::Map(Vec::new());
            return Ok(Some(append(text, root, Item::Member("hooks", &empty), comments)));
        };
        let Some(list) = hooks.get(wanted.event) else {
            made.push(vec!["hooks".to_owned(), wanted.event.to_owned()]);
            let list = Tree::List(vec![entry]);
            return Ok(Some(append(text, hooks, Item::Member(wanted.event, &list), comments)));
        };
        return Ok(Some(append(text, list, Item::Value(&entry), comments)));
    }
    // What is ours and is not the first of its kind that is wanted goes.
    let mut kept: Vec<&Wanted> = Vec::new();
    for found in &all {
        let same = wanted.iter().find(|wanted| is_wanted(found, wanted));
        match same.filter(|wanted| !kept.contains(wanted)) {
            Some(wanted) => kept.push(wanted),
            None => return Ok(Some(without(document, root, agent, found))),
        }
    }
    if agent == Agent::Cursor && root.get("version").is_none() {
        made.push(vec!["version".to_owned()]);
        let version = Tree::Number(1);
        return Ok(Some(append(text, root, Item::Member("version", &version), comments)));
    }
    Ok(None)
}

/// A text that had nothing in it, with an empty object of settings.
fn new_text(text: &str, agent: Agent) -> String {
    let root = match agent {
        Agent::Copilot | Agent::Cursor => {
            Tree::Map(vec![("version", Tree::Number(1)), ("hooks", Tree::Map(Vec::new()))])
        }
        _ => Tree::Map(Vec::new()),
    };
    let mark = if text.starts_with('\u{feff}') { "\u{feff}" } else { "" };
    let style = Style::of(text);
    format!("{mark}{}{}", root.pretty(&style, ""), style.newline)
}

/// Whether a text has the shape that hooks can be put into.
fn check(document: &Document, root: &Node, wanted: &[Wanted]) -> Result<()> {
    let object = |node: &Node| matches!(node.kind, Kind::Object(_));
    let refuse = |span: Span, what: &str| Err(document.unfit(span, what));
    if !object(root) {
        return refuse(root.span, "settings are an object");
    }
    once(document, root, "hooks")?;
    let Some(hooks) = root.get("hooks") else { return Ok(()) };
    if !object(hooks) {
        return refuse(hooks.span, "`hooks` is an object of events");
    }
    for wanted in wanted {
        once(document, hooks, wanted.event)?;
        let Some(list) = hooks.get(wanted.event) else { continue };
        if !matches!(list.kind, Kind::Array(_)) {
            return refuse(list.span, "the hooks of an event are a list");
        }
        if let Some(item) = list.items().iter().find(|item| !object(item)) {
            return refuse(item.span, "a hook is an object");
        }
    }
    Ok(())
}

fn once(document: &Document, node: &Node, key: &str) -> Result<()> {
    let mut same = node.members().iter().filter(|member| member.key == key).skip(1);
    match same.next() {
        Some(twice) => Err(document.unfit(twice.span, "this key stands twice in one object")),
        None => Ok(()),
    }
}

/// The text without one hook; its group goes with the last hook in it.
fn without(document: &Document, root: &Node, agent: Agent, found: &Found) -> String {
    let text = &document.text;
    let list = root.get("hooks").and_then(|hooks| hooks.get(&found.event));
    let group = found.entry.get("hooks").filter(|_| shape(agent) == Shape::Groups && !found.alone);
    match (group, list) {
        (Some(hooks), _) => remove(text, hooks, found.index.1, document.comments),
        (None, Some(list)) => remove(text, list, found.index.0, document.comments),
        (None, None) => text.clone(),
    }
}

/// A text without any hook of ours. Lists and objects that were made for them and have nothing in
/// them any more go too.
pub(super) fn without_hooks(document: &Document, agent: Agent, own: &Own) -> Result<String> {
    let mut document = document.clone();
    let mut emptied: Vec<String> = Vec::new();
    for _ in 0..EDITS {
        let Some(root) = &document.root else { break };
        let Some(first) = found(root, agent, own).into_iter().next() else { break };
        let text = without(&document, root, agent, &first);
        emptied.push(first.event);
        document = document.with(text)?;
    }
    let is_ours = |path: &[&str]| own.made.is_none_or(|made| made.iter().any(|key| key == path));
    emptied.sort();
    emptied.dedup();
    let had_any = !emptied.is_empty();
    for event in emptied.iter().filter(|event| is_ours(&["hooks", event])) {
        document = pruned(document, &["hooks", event])?;
    }
    if had_any && is_ours(&["hooks"]) {
        document = pruned(document, &["hooks"])?;
    }
    let version = own.made.is_some_and(|made| made.iter().any(|key| *key == ["version"]));
    if let (true, Some(root)) = (had_any && version, &document.root)
        && let Some(at) = root.members().iter().position(|member| member.key == "version")
    {
        return Ok(remove(&document.text, root, at, document.comments));
    }
    Ok(document.text)
}

/// The document without an empty list or object.
fn pruned(document: Document, path: &[&str]) -> Result<Document> {
    let Some(root) = &document.root else { return Ok(document) };
    let (Some(key), parents) = (path.last(), &path[..path.len().saturating_sub(1)]) else {
        return Ok(document);
    };
    let Some(parent) = parents.iter().try_fold(root, |node, key| node.get(key)) else {
        return Ok(document);
    };
    let Some(at) = parent.members().iter().position(|member| member.key == *key) else {
        return Ok(document);
    };
    let value = &parent.members()[at].value;
    let inner = &document.text[value.span.start + 1..value.span.end - 1];
    if matches!(value.kind, Kind::Text(_) | Kind::Other) || !inner.trim().is_empty() {
        return Ok(document);
    }
    let text = remove(&document.text, parent, at, document.comments);
    document.with(text)
}

fn stuck(document: &Document) -> Error {
    Error::new(ErrorKind::Config, format!("the hooks cannot be merged into `{}`", document.name))
        .hinted("add them by hand")
}
