//! JSON read with the place of every value, so that a text can be edited where it stands.

use octorato_core::Span;
use serde_json::Value;

/// How deep lists and objects may nest.
const DEPTH: usize = 100;

/// A value and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object(Vec<Member>),
    Array(Vec<Node>),
    Text(String),
    /// A number, a truth value or `null`.
    Other,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) key: String,
    /// From the key's first quote to the end of the value.
    pub(super) span: Span,
    pub(super) value: Node,
}

/// What is wrong with a text, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: &'static str,
}

impl Node {
    pub(super) fn members(&self) -> &[Member] {
        match &self.kind {
            Kind::Object(members) => members,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::Array(items) => items,
            _ => &[],
        }
    }

    /// The value of a key; the last one where it stands more than once, as agents read it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.members().iter().rev().find(|member| member.key == key).map(|member| &member.value)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value without its place.
    pub(super) fn value(&self, source: &str) -> Value {
        match &self.kind {
            Kind::Object(members) => {
                let pair = |member: &Member| (member.key.clone(), member.value.value(source));
                Value::Object(members.iter().map(pair).collect())
            }
            Kind::Array(items) => items.iter().map(|item| item.value(source)).collect(),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::Other => {
                serde_json::from_str(&source[self.span.start..self.span.end]).unwrap_or(Value::Null)
            }
        }
    }

    /// The bytes of what a list or an object holds, in order.
    pub(super) fn children(&self) -> Vec<Span> {
        match &self.kind {
            Kind::Object(members) => members.iter().map(|member| member.span).collect(),
            Kind::Array(items) => items.iter().map(|item| item.span).collect(),
            _ => Vec::new(),
        }
    }
}

/// Reads a text, with a byte order mark or without; `comments` says whether `//` and `/* */` are
/// taken. A text without anything in it is no value.
pub(super) fn parse(source: &str, comments: bool) -> Result<Option<Node>, Fault> {
    let mut reader = Reader { source, at: 0, comments };
    if source.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    reader.skip()?;
    if reader.rest().is_empty() {
        return Ok(None);
    }
    let node = reader.value(0)?;
    reader.skip()?;
    if reader.rest().is_empty() { Ok(Some(node)) } else { Err(reader.fault("text after the end")) }
}

/// The end of the blanks and comments that begin at a place.
pub(super) fn skip(source: &str, at: usize, comments: bool) -> usize {
    let mut reader = Reader { source, at, comments };
    // A text that was read has no comment without an end.
    let _ = reader.skip();
    reader.at
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    comments: bool,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn fault(&self, message: &'static str) -> Fault {
        Fault { at: self.at, message }
    }

    fn take(&mut self, sign: char) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    fn skip(&mut self) -> Result<(), Fault> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            self.at += blank;
            let rest = self.rest();
            if !self.comments || !rest.starts_with('/') {
                return Ok(());
            }
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let Some(end) = rest.find("*/") else {
                    return Err(self.fault("a comment without an end"));
                };
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        let start = self.at;
        let kind = match self.rest().chars().next() {
            Some('{' | '[') if depth >= DEPTH => return Err(self.fault("nested too deeply")),
            Some('{') => self.object(depth)?,
            Some('[') => self.array(depth)?,
            Some('"') => Kind::Text(self.string()?),
            Some(_) => self.other()?,
            None => return Err(self.fault("the text ends in the middle")),
        };
        Ok(Node { span: Span::new(start, self.at), kind })
    }

    fn object(&mut self, depth: usize) -> Result<Kind, Fault> {
        let mut members = Vec::new();
        self.at += 1;
        self.skip()?;
        while !self.take('}') {
            if !members.is_empty() {
                self.comma()?;
            }
            let start = self.at;
            if !self.rest().starts_with('"') {
                return Err(self.fault("a key in double quotes is expected"));
            }
            let key = self.string()?;
            self.skip()?;
            if !self.take(':') {
                return Err(self.fault("`:` is expected"));
            }
            self.skip()?;
            let value = self.value(depth + 1)?;
            members.push(Member { key, span: Span::new(start, self.at), value });
            self.skip()?;
        }
        Ok(Kind::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Kind, Fault> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip()?;
        while !self.take(']') {
            if !items.is_empty() {
                self.comma()?;
            }
            items.push(self.value(depth + 1)?);
            self.skip()?;
        }
        Ok(Kind::Array(items))
    }

    fn comma(&mut self) -> Result<(), Fault> {
        if !self.take(',') {
            return Err(self.fault("`,` or the end of the list or object is expected"));
        }
        self.skip()?;
        if self.rest().starts_with(['}', ']']) {
            return Err(self.fault("a value is expected after `,`"));
        }
        Ok(())
    }

    fn string(&mut self) -> Result<String, Fault> {
        let bytes = self.rest().as_bytes();
        let mut end = 1;
        while let Some(byte) = bytes.get(end) {
            match byte {
                b'"' => {
                    let raw = &self.rest()[..=end];
                    let text = serde_json::from_str(raw);
                    let text = text.map_err(|_| self.fault("not a text of JSON"))?;
                    self.at += end + 1;
                    return Ok(text);
                }
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        Err(self.fault("a text without an end"))
    }

    fn other(&mut self) -> Result<Kind, Fault> {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let length = rest.len() - rest.trim_start_matches(is_part).len();
        if serde_json::from_str::<serde::de::IgnoredAny>(&rest[..length]).is_err() {
            return Err(self.fault("not a value of JSON"));
        }
        self.at += length;
        Ok(Kind::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_have_their_places() {
        let text = "\u{feff}{ \"a\": [1, {\"b\": \"c\\n\"}], \"d\": null }\n";
        let node = parse(text, false).unwrap().unwrap();
        let a = &node.members()[0];
        assert_eq!(&text[a.span.start..a.span.end], "\"a\": [1, {\"b\": \"c\\n\"}]");
        assert_eq!(a.value.items()[1].get("b").and_then(Node::text), Some("c\n"));
        assert_eq!(node.value(text), serde_json::json!({"a": [1, {"b": "c\n"}], "d": null}));
        assert_eq!(parse(" \n", false), Ok(None));
    }

    #[test]
    fn what_is_no_json_has_a_place() {
        for (text, at) in [
            ("{", 1),
            ("{\"a\" 1}", 5),
            ("{\"a\": 1,}", 8),
            ("[1 2]", 3),
            ("{a: 1}", 1),
            ("[1] x", 4),
            ("[01]", 1),
            ("\"\\q\"", 0),
            ("\"a", 0),
            ("// no\n{}", 0),
            ("[\"\n\"]", 1),
        ] {
            assert_eq!(parse(text, false).unwrap_err().at, at, "{text}");
        }
        parse("// yes\n{ /* a */ } // b", true).unwrap();
        assert!(parse("/* no end", true).is_err());
        assert!(parse(&"[".repeat(100_000), false).is_err());
    }

    proptest! {
        #[test]
        fn what_serde_reads_is_read_as_serde_reads_it(text in "[\\[\\]{}\",:0-9a\\\\n. e/*\n-]{0,24}") {
            let serde = serde_json::from_str::<Value>(&text);
            let ours = parse(&text, false);
            // An empty text is no value here; keys that stand twice are the last one in both.
            match (serde, ours) {
                (Ok(value), Ok(Some(node))) => prop_assert_eq!(node.value(&text), value),
                (Err(_), Ok(None)) => prop_assert!(text.trim().is_empty()),
                (Err(error), Ok(Some(_))) => prop_assert!(error.to_string().contains("range")),
                (Ok(_), other) => prop_assert!(false, "{other:?}"),
                (Err(_), Err(_)) => {}
            }
        }
    }
}
