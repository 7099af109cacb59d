//! A YAML text as a tree in which every key and value knows its bytes.
//!
//! Numbers stay where they are: a [`Value::Number`] says only that the scalar looks like one, and
//! [`Node::raw`] gives its source text, so that no amount ever passes through a float.

use std::fmt;

use octorato_core::{SourceText, Span};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::NonFiniteFloatPolicy;
use serde_saphyr::{DuplicateKeyPolicy, Error, Location, Spanned};

/// A key or a value.
#[derive(Debug)]
pub(super) struct Node {
    /// What it is.
    pub(super) value: Value,
    /// Where it is used: the alias, where it is one. Of a list or a map, only where it starts.
    pub(super) span: Span,
    /// Where its text stands.
    defined: Span,
}

/// What a node is, as YAML 1.2 sees it (`no` and `on` are texts).
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool,
    Number,
    Text(String),
    List(Vec<Node>),
    /// Pairs in the order of the file; keys may repeat.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text of a scalar as it stands in the file.
    pub(super) fn raw<'s>(&self, source: &'s SourceText) -> &'s str {
        source.text().get(self.defined.start..self.defined.end).unwrap_or_default()
    }

    /// What it is, for people: `a list`.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool => "a truth value",
            Value::Number => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// Why a text is not YAML.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) span: Span,
    pub(super) message: String,
}

/// What is said of an alias inside of what it stands for.
pub(super) const LOOP: &str = "an alias that holds itself";

/// Reads one document. A text without any value (empty, only comments) is [`Value::Null`].
pub(super) fn read(source: &SourceText) -> Result<Node, SyntaxError> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(source.text(), options)
        .map_err(|error| syntax_error(source.text(), &error))
}

fn syntax_error(text: &str, error: &Error) -> SyntaxError {
    let message = match error {
        Error::MultipleDocuments { .. } => "a second document after `---`".to_owned(),
        other => {
            let message = other.to_string();
            let message = message.split_once(" at line ").map_or(&*message, |(what, _)| what);
            if message.contains("recursive references") {
                LOOP.to_owned()
            } else if message.contains("budget") || message.contains("limit exceeded") {
                "more values or levels than a configuration can hold".to_owned()
            } else {
                message.replace('\'', "`") // `@', '[' and the like
            }
        }
    };
    let start = error.location().map_or(text.len(), |location| offset(text, &location));
    let length = text[start..].chars().next().filter(|c| !c.is_control()).map_or(0, char::len_utf8);
    SyntaxError { span: Span::new(start, start + length), message }
}

/// The byte of a place. The scanner's own errors know only line and column, in characters.
fn offset(text: &str, location: &Location) -> usize {
    let known = location.span().byte_offset().and_then(|offset| usize::try_from(offset).ok());
    if let Some(offset) = known.filter(|&offset| text.is_char_boundary(offset)) {
        return offset;
    }
    let below = |place: u64| usize::try_from(place.saturating_sub(1)).unwrap_or(usize::MAX);
    let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut line_start = bom;
    for _ in 0..below(location.line()) {
        match text[line_start..].find('\n') {
            Some(newline) => line_start += newline + 1,
            None => return text.len(),
        }
    }
    let line = text[line_start..].split('\n').next().unwrap_or_default();
    let within = line.char_indices().nth(below(location.column())).map_or(line.len(), |(at, _)| at);
    line_start + within
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { value, span: span(&referenced), defined: span(&defined) })
    }
}

fn span(location: &Location) -> Span {
    let byte = |place: Option<u64>| place.and_then(|byte| usize::try_from(byte).ok()).unwrap_or(0);
    let start = byte(location.span().byte_offset());
    Span::new(start, start.saturating_add(byte(location.span().byte_len())))
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    #[expect(clippy::disallowed_types, reason = "serde names the type; its value is not used")]
    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(text: &str) -> (String, String) {
        let source = SourceText::new("f", text);
        let error = read(&source).unwrap_err();
        let place = source.line_column(error.span.start);
        (format!("{}:{}", place.line, place.column), error.message)
    }

    #[test]
    fn a_number_keeps_its_source_text() {
        for number in ["30", "12.50", "1e999", ".nan", "123456789012345678901234567890", "0x1f"] {
            let source = SourceText::new("f", format!("é: &a {number} # note\nb: *a\n"));
            let Value::Map(entries) = read(&source).unwrap().value else { panic!("{number}") };
            for (_, value) in &entries {
                assert!(matches!(value.value, Value::Number), "{number}");
                assert_eq!(value.raw(&source), number);
            }
            assert_ne!(entries[0].1.span, entries[1].1.span);
        }
    }

    #[test]
    fn every_key_and_value_is_underlined_in_bytes() {
        let source = SourceText::new("f", "\u{feff}é: 'ü x'\r\nb: [\"c\", d]\r\n");
        let Value::Map(entries) = read(&source).unwrap().value else { panic!("a map") };
        let raw = |node: &Node| node.raw(&source).to_owned();
        assert_eq!((raw(&entries[0].0), raw(&entries[0].1)), ("é".into(), "'ü x'".into()));
        let Value::List(items) = &entries[1].1.value else { panic!("a list") };
        assert_eq!(items.iter().map(raw).collect::<Vec<_>>(), ["\"c\"", "d"]);
    }

    #[test]
    fn the_place_of_a_scanner_error_is_derived_from_line_and_column() {
        assert_eq!(failure("é: ü\nä: x: y\n").0, "2:5");
        assert_eq!(failure("\u{feff}ä: x: y\n").0, "1:6"); // the mark counts as a character
        assert_eq!(failure("a:\r\n\t- b\r\n").0, "2:2");
        assert_eq!(failure("arms:\n  - id: x\n    cli").0, "3:5");
    }

    #[test]
    fn bombs_and_deep_nesting_are_refused() {
        let level = |n: usize| {
            let items =
                if n == 0 { "x, x".to_owned() } else { vec![format!("*a{}", n - 1); 9].join(", ") };
            format!("a{n}: &a{n} [{items}]\n")
        };
        let bomb: String = (0..9).map(level).collect();
        assert!(failure(&bomb).1.contains("more values or levels"));
        assert!(failure(&"[".repeat(100_000)).1.contains("more values or levels"));
    }
}
