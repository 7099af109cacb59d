//! Maps with known keys, and lists.

use octorato_core::Span;

use super::findings::Findings;
use super::yaml::{Node, Value};

/// The entries of a map, each key once.
pub(super) struct Fields<'n> {
    what: &'static str,
    at: Span,
    entries: Vec<Entry<'n>>,
}

/// A key that is text, and its value.
#[derive(Clone, Copy)]
pub(super) struct Entry<'n> {
    pub(super) name: &'n str,
    pub(super) key: &'n Node,
    pub(super) value: &'n Node,
}

impl<'n> Fields<'n> {
    /// Reads a map with free keys. `what` is the map in words: `an arm`.
    pub(super) fn any(
        node: &'n Node,
        what: &'static str,
        findings: &mut Findings<'_>,
    ) -> Option<Self> {
        let Value::Map(pairs) = &node.value else {
            findings.wrong_type(node, what, "a map");
            return None;
        };
        let mut entries: Vec<Entry<'n>> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let Value::Text(name) = &key.value else {
                findings.wrong_type(key, &format!("a key of {what}"), "text");
                continue;
            };
            match entries.iter().find(|entry| entry.name == name) {
                Some(first) => findings.duplicate_key(key, name, first.key.span),
                None => entries.push(Entry { name, key, value }),
            }
        }
        let at = entries.first().map_or(node.span, |entry| entry.key.span);
        Some(Self { what, at, entries })
    }

    /// Reads a map that has only `known` keys.
    pub(super) fn known(
        node: &'n Node,
        what: &'static str,
        known: &[&str],
        findings: &mut Findings<'_>,
    ) -> Option<Self> {
        let fields = Self::any(node, what, findings)?;
        fields.refuse_others(known, findings);
        Some(fields)
    }

    /// Reports the keys that are not `known`.
    pub(super) fn refuse_others(&self, known: &[&str], findings: &mut Findings<'_>) {
        for entry in &self.entries {
            if !known.contains(&entry.name) {
                findings.unknown_key(entry.key, entry.name, self.what, known);
            }
        }
    }

    /// The value of a key that may be left out.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|entry| entry.name == name).map(|entry| entry.value)
    }

    /// The value of a key that must be there.
    pub(super) fn require(&self, name: &str, findings: &mut Findings<'_>) -> Option<&'n Node> {
        let value = self.get(name);
        if value.is_none() {
            findings.missing_key(self.at, self.what, name);
        }
        value
    }

    /// The entries in the order of the file.
    pub(super) fn entries(&self) -> &[Entry<'n>] {
        &self.entries
    }
}

/// The items of a list; none where it is not one, which is reported.
pub(super) fn list<'n>(node: &'n Node, what: &str, findings: &mut Findings<'_>) -> &'n [Node] {
    if let Value::List(items) = &node.value {
        return items;
    }
    findings.wrong_type(node, what, "a list");
    &[]
}
