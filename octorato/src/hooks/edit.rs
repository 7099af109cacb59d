//! Edits of a JSON text that leave every other byte as its author wrote it.

use octorato_core::Span;

use super::json::{Node, skip};
use super::tree::{Style, Tree};

/// What is to be put into a list or an object.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    /// A value of a list.
    Value(&'a Tree),
    /// A member of an object.
    Member(&'a str, &'a Tree),
}

impl Item<'_> {
    fn flat(self) -> String {
        match self {
            Self::Value(value) => value.flat(),
            Self::Member(key, value) => format!("\"{key}\": {}", value.flat()),
        }
    }

    fn pretty(self, style: &Style, indent: &str) -> String {
        match self {
            Self::Value(value) => value.pretty(style, indent),
            Self::Member(key, value) => format!("\"{key}\": {}", value.pretty(style, indent)),
        }
    }
}

/// A new piece in the place of some bytes.
type Piece = (Span, String);

/// The text with something added at the end of a list or an object.
pub(super) fn append(source: &str, container: &Node, item: Item, comments: bool) -> String {
    let style = Style::of(source);
    let inner = Span::new(container.span.start + 1, container.span.end - 1);
    let content = &source[inner.start..inner.end];
    let children = container.children();
    let Some(last) = children.last() else {
        return changed(source, vec![first(source, inner, item, &style)]);
    };
    if !content.contains('\n') {
        let tight = style.flat && !source.contains(": ") && !source.contains(", ");
        let item = if tight { compact(&item.flat()) } else { item.flat() };
        let separator = if tight { "," } else { ", " };
        return changed(
            source,
            vec![(Span::new(last.end, last.end), format!("{separator}{item}"))],
        );
    }
    let indent = children
        .iter()
        .rev()
        .find_map(|child| begins_its_line(source, child.start))
        .unwrap_or_else(|| indent_of(source, last.start));
    let line = format!("{}{indent}{}", style.newline, item.pretty(&style, indent));
    let after = end_of_remark(source, last.end, comments);
    if after == last.end {
        return changed(source, vec![(Span::new(after, after), format!(",{line}"))]);
    }
    let comma = (Span::new(last.end, last.end), ",".to_owned());
    changed(source, vec![comma, (Span::new(after, after), line)])
}

/// The first thing in a list or an object.
fn first(source: &str, inner: Span, item: Item, style: &Style) -> Piece {
    let content = &source[inner.start..inner.end];
    let kept = inner.start + content.trim_end().len();
    if style.flat && kept == inner.start {
        let tight = !source.contains(": ") && !source.contains(", ");
        let item = if tight { compact(&item.flat()) } else { item.flat() };
        return (Span::new(kept, inner.end), item);
    }
    let outer = indent_of(source, inner.start);
    let indent = format!("{outer}{}", style.unit);
    let newline = style.newline;
    let text = format!("{newline}{indent}{}{newline}{outer}", item.pretty(style, &indent));
    (Span::new(kept, inner.end), text)
}

/// The text with another value in the place of one.
pub(super) fn replace(source: &str, old: Span, item: Item) -> String {
    let style = Style::of(source);
    let text = match begins_its_line(source, old.start) {
        Some(indent) => item.pretty(&style, indent),
        None => item.flat(),
    };
    changed(source, vec![(old, text)])
}

/// The text without one thing of a list or an object.
pub(super) fn remove(source: &str, container: &Node, index: usize, comments: bool) -> String {
    let children = container.children();
    let Some(own) = children.get(index).copied() else { return source.to_owned() };
    let before = match index.checked_sub(1) {
        Some(previous) => children[previous].end,
        None => container.span.start + 1,
    };
    let blank = source[..own.start].trim_end().len().max(before);
    let is_last = index + 1 == children.len();
    let end = if is_last { own.end } else { comma(source, own.end, comments) + 1 };
    // The line end after a remark is the remark's.
    let between = &source[before..blank];
    let line = &between[between.rfind('\n').map_or(0, |at| at + 1)..];
    let remarked = comments && line.contains("//");
    let start =
        if remarked && !source[end..].trim_start_matches([' ', '\t', '\r']).starts_with('\n') {
            own.start
        } else {
            blank
        };
    let mut pieces = vec![(Span::new(start, end), String::new())];
    if is_last && index > 0 {
        let comma = comma(source, before, comments);
        pieces.insert(0, (Span::new(comma, comma + 1), String::new()));
    }
    let mut text = changed(source, pieces);
    if children.len() == 1 {
        // Nothing but blanks are left between the brackets, unless there are remarks.
        let open = container.span.start + 1;
        let close = container.span.end - 1 - (end - start);
        if text[open..close].trim().is_empty() {
            text.replace_range(open..close, "");
        }
    }
    text
}

/// The place of the comma after a value.
fn comma(source: &str, after: usize, comments: bool) -> usize {
    skip(source, after, comments)
}

/// The end of a remark that stands behind a value in its line.
fn end_of_remark(source: &str, at: usize, comments: bool) -> usize {
    let rest = &source[at..];
    let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let line = line.strip_suffix('\r').unwrap_or(line);
    let remark = line.trim_start_matches([' ', '\t']);
    let is_whole = remark.starts_with("//")
        || remark.starts_with("/*")
            && remark.trim_end().ends_with("*/")
            && remark.matches("*/").count() == 1;
    if comments && is_whole { at + line.len() } else { at }
}

/// The indentation of a thing that is the first of its line.
fn begins_its_line(source: &str, at: usize) -> Option<&str> {
    let indent = &source[source[..at].rfind('\n')? + 1..at];
    indent.chars().all(|c| matches!(c, ' ' | '\t')).then_some(indent)
}

/// The indentation of the line in which a place is.
fn indent_of(source: &str, at: usize) -> &str {
    let line = &source[source[..at].rfind('\n').map_or(0, |newline| newline + 1)..at];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// JSON without blanks.
fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in json.chars() {
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        if quoted || c != ' ' {
            text.push(c);
        }
    }
    text
}

/// The text with pieces changed, which are in order.
fn changed(source: &str, pieces: Vec<Piece>) -> String {
    let mut text = source.to_owned();
    for (span, new) in pieces.into_iter().rev() {
        text.replace_range(span.start..span.end, &new);
    }
    text
}
