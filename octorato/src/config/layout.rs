//! Where in an `arms.yaml` a new arm goes, and how it looks there.

use std::ops::Range;

use octorato_core::{Root, SourceText};

use super::edit::NewArm;
use super::quote::quoted;
use super::yaml::{self, Node, Value};

/// The texts that `text` and `arm` may become, the likeliest first. Who uses one reads it again:
/// places are found by the characters around them, and only a reader is certain.
pub(super) fn edits(text: &str, arm: &NewArm) -> Vec<String> {
    let Ok(file) = yaml::read(&SourceText::new("arms.yaml", text)) else { return Vec::new() };
    let entries = match &file.value {
        Value::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    let indent = entries.first().map_or(0, |(key, _)| column(text, key.span.start));
    let is_arms =
        |(key, _): &(Node, Node)| matches!(&key.value, Value::Text(name) if name == "arms");
    let Some(index) = entries.iter().position(is_arms) else {
        let block = Block { indent: indent + 2, gap: 1 };
        let mut lines = vec![format!("{}arms:", " ".repeat(indent))];
        lines.extend(block.lines(arm));
        return vec![with_lines(text, end_of_content(text), &lines)];
    };
    let (key, list) = &entries[index];
    let next = entries.get(index + 1).map(|(key, _)| key.span.start);
    let starts_with_bracket = text[list.span.start..].starts_with('[');
    match &list.value {
        Value::List(items) if starts_with_bracket && items.is_empty() => {
            empty_list(text, list.span.start, indent, arm)
        }
        Value::List(_) if starts_with_bracket => flow_list(text, list.span.start, next, arm),
        _ => block_list(text, end_of_line(text, key.span.end), next, arm),
    }
}

/// Nothing between brackets: they give way to lines.
fn empty_list(text: &str, open: usize, indent: usize, arm: &NewArm) -> Vec<String> {
    let Some(length) = text[open..].find(']') else { return Vec::new() };
    let start = text[..open].trim_end_matches([' ', '\t']).len();
    let without = without(text, start..open + length + 1);
    let block = Block { indent: indent + 2, gap: 1 };
    vec![with_lines(&without, end_of_line(&without, start), &block.lines(arm))]
}

/// Arms between brackets: one more before the closing one. What stands around it cannot be told
/// from its characters alone (a bracket or a comma in a comment, in quotes), so the last few
/// brackets are tried, with and without a comma, behind the last arm and on a line of its own.
fn flow_list(text: &str, open: usize, next: Option<usize>, arm: &NewArm) -> Vec<String> {
    const BRACKETS: usize = 8;
    let item = format!("{{ {} }}", pairs(arm).join(", "));
    let newline = newline(text);
    let end = next.unwrap_or(text.len());
    let mut edits = Vec::new();
    for (close, _) in text[open..end].rmatch_indices(']').take(BRACKETS) {
        let (before, after) = text.split_at(open + close);
        let last = before.trim_end();
        let space = &before[last.len()..];
        for comma in [",", ""] {
            edits.push(format!("{last}{comma} {item}{space}{after}"));
            edits.push(format!("{before}{comma} {item}{newline}{after}"));
        }
    }
    edits
}

/// Lines that start with a dash, somewhere after `start`: one more after the last arm and its
/// comments.
fn block_list(text: &str, start: usize, next: Option<usize>, arm: &NewArm) -> Vec<String> {
    let mut dash = start;
    for line in text[start..].split_inclusive('\n') {
        let content = line.trim_start();
        if !content.is_empty() && !content.starts_with('#') {
            dash += line.len() - content.len();
            break;
        }
        dash += line.len();
    }
    if !text[dash..].starts_with('-') {
        return Vec::new(); // an alias
    }
    let indent = column(text, dash);
    let after_dash = &text[dash + 1..];
    let spaces = after_dash.len() - after_dash.trim_start_matches(' ').len();
    let key_follows = after_dash[spaces..].starts_with(|c: char| !matches!(c, '\r' | '\n' | '#'));
    let block = Block { indent, gap: if key_follows { spaces } else { 1 } };

    let limit = next.map_or_else(|| end_of_content(text), |next| start_of_line(text, next));
    if limit <= dash {
        return Vec::new(); // keys that share a line
    }
    let mut at = limit;
    for line in text[dash..limit].split_inclusive('\n').rev() {
        let content = line.trim_start_matches(' ');
        let is_outer_comment = content.starts_with('#') && line.len() - content.len() <= indent;
        if !content.trim_end().is_empty() && !is_outer_comment {
            break;
        }
        at -= line.len();
    }
    vec![with_lines(text, at, &block.lines(arm))]
}

/// The indentation of a list of lines.
struct Block {
    /// Spaces before the dash.
    indent: usize,
    /// Spaces between the dash and the first key.
    gap: usize,
}

impl Block {
    fn lines(&self, arm: &NewArm) -> Vec<String> {
        let first = format!("{}-{}", " ".repeat(self.indent), " ".repeat(self.gap));
        let others = " ".repeat(first.len());
        let starts = std::iter::once(&first).chain(std::iter::repeat(&others));
        starts.zip(pairs(arm)).map(|(start, pair)| format!("{start}{pair}")).collect()
    }
}

/// The arm as `key: value`.
fn pairs(arm: &NewArm) -> Vec<String> {
    let mut pairs = vec![
        format!("id: {}", quoted(arm.id.as_str())),
        format!("client: {}", quoted(arm.client.as_str())),
    ];
    if !arm.roots.is_empty() {
        let roots: Vec<String> = arm.roots.iter().map(root).collect();
        pairs.push(format!("roots: [{}]", roots.join(", ")));
    }
    if !arm.remotes.is_empty() {
        let remotes: Vec<String> = arm.remotes.iter().map(|text| quoted(text)).collect();
        pairs.push(format!("remotes: [{}]", remotes.join(", ")));
    }
    pairs
}

fn root(root: &Root) -> String {
    match root.from {
        Some(from) => format!("{{ path: {}, from: {from} }}", quoted(&root.path)),
        None => quoted(&root.path),
    }
}

fn without(text: &str, cut: Range<usize>) -> String {
    [&text[..cut.start], &text[cut.end..]].concat()
}

/// `text` with whole lines at `at`, which is the start of a line or the end.
fn with_lines(text: &str, at: usize, lines: &[String]) -> String {
    let newline = newline(text);
    let (before, after) = text.split_at(at);
    let mut edited = before.to_owned();
    if !matches!(before, "" | "\u{feff}") && !before.ends_with('\n') {
        edited.push_str(newline);
    }
    for line in lines {
        edited.push_str(line);
        edited.push_str(newline);
    }
    edited.push_str(after);
    edited
}

/// The line end that the text uses.
fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn start_of_line(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// After the newline of the line in which `at` lies.
fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// Before a `...` that ends the document, else the end.
fn end_of_content(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "..." {
            return at;
        }
        at += line.len();
    }
    at
}

/// Characters between the start of the line and `at`, a byte-order mark not counted.
fn column(text: &str, at: usize) -> usize {
    text[start_of_line(text, at)..at].trim_start_matches('\u{feff}').chars().count()
}
