//! Whether a document is what its JSON Schema says, key by key.

use serde_json::{Map, Value};

/// A schema, of whose language only the words that our schemas use are known.
pub(crate) struct Schema {
    root: Value,
}

/// Words that say nothing that could be checked here.
const SILENT: [&str; 7] = ["$schema", "$id", "$defs", "title", "description", "format", "default"];
const KNOWN: [&str; 14] = [
    "$ref",
    "allOf",
    "oneOf",
    "const",
    "enum",
    "type",
    "minimum",
    "pattern",
    "items",
    "required",
    "propertyNames",
    "properties",
    "additionalProperties",
    "unevaluatedProperties",
];

type Fits = Result<(), String>;

impl Schema {
    pub(crate) fn parse(text: &str) -> Self {
        Self { root: serde_json::from_str(text).unwrap() }
    }

    /// Whether a document fits, or the first place where it does not.
    pub(crate) fn check(&self, value: &Value) -> Fits {
        self.fits(&self.root, value, "document")
    }

    fn fits(&self, schema: &Value, value: &Value, at: &str) -> Fits {
        let words = match schema {
            Value::Bool(true) => return Ok(()),
            schema => schema.as_object().unwrap(),
        };
        if let Some(word) = words.keys().find(|word| !is_known(word)) {
            return Err(format!(
                "{at}: `{word}` is a word of schemas that this check does not know"
            ));
        }
        if let Some(target) = self.target(words) {
            self.fits(target, value, at)?;
        }
        for part in list(words, "allOf") {
            self.fits(part, value, at)?;
        }
        if words.contains_key("oneOf") {
            let tried: Vec<_> =
                list(words, "oneOf").iter().map(|part| self.fits(part, value, at)).collect();
            let misfits: Vec<_> = tried.iter().filter_map(|fit| fit.as_ref().err()).collect();
            if misfits.len() + 1 != tried.len() {
                return Err(format!("{at} fits not one of {}: {misfits:?}", tried.len()));
            }
        }
        expect(words.get("const").is_none_or(|constant| value == constant), at, value)?;
        expect(!words.contains_key("enum") || list(words, "enum").contains(value), at, value)?;
        if let Some(types) = words.get("type") {
            let name = type_of(value);
            let fits = types == name || types.as_array().is_some_and(|t| t.contains(&name.into()));
            if !fits {
                return Err(format!("{at}: {value} is {name}, not {types}"));
            }
        }
        if let (Some(minimum), Some(number)) = (words.get("minimum"), value.as_u64()) {
            expect(number >= minimum.as_u64().unwrap(), at, value)?;
        }
        if let (Some(pattern), Some(text)) = (words.get("pattern"), value.as_str()) {
            expect(matches(text, pattern.as_str().unwrap()), at, value)?;
        }
        if let (Some(list), Some(items)) = (value.as_array(), words.get("items")) {
            for (number, item) in list.iter().enumerate() {
                self.fits(items, item, &format!("{at}[{number}]"))?;
            }
        }
        match value.as_object() {
            Some(object) => self.object_fits(words, object, at),
            None => Ok(()),
        }
    }

    fn object_fits(
        &self,
        words: &Map<String, Value>,
        object: &Map<String, Value>,
        at: &str,
    ) -> Fits {
        for key in list(words, "required") {
            if !object.contains_key(key.as_str().unwrap()) {
                return Err(format!("{at} lacks {key}"));
            }
        }
        if let Some(names) = words.get("propertyNames") {
            for key in object.keys() {
                self.fits(names, &key.as_str().into(), &format!("{at}: name"))?;
            }
        }
        let own = words.get("properties").and_then(Value::as_object);
        for (key, value) in object {
            let at = format!("{at}.{key}");
            if let Some(schema) = own.and_then(|own| own.get(key)) {
                self.fits(schema, value, &at)?;
            } else if let Some(other) = words.get("additionalProperties") {
                if other == false {
                    return Err(format!("{at} is not in the schema"));
                }
                self.fits(other, value, &at)?;
            }
        }
        if words.get("unevaluatedProperties") == Some(&Value::Bool(false)) {
            let known = self.properties(words);
            if let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) {
                return Err(format!("{at}.{key} is not in the schema"));
            }
        }
        Ok(())
    }

    /// The keys that a schema and those that it is made of know.
    fn properties<'s>(&'s self, words: &'s Map<String, Value>) -> Vec<&'s str> {
        let own = words.get("properties").and_then(Value::as_object);
        let mut known: Vec<&str> = own.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        for part in list(words, "allOf").iter().chain(self.target(words)) {
            known.extend(self.properties(part.as_object().unwrap()));
        }
        known
    }

    fn target(&self, words: &Map<String, Value>) -> Option<&Value> {
        let reference = words.get("$ref")?.as_str().unwrap();
        let place = reference.strip_prefix('#').unwrap();
        Some(self.root.pointer(place).unwrap_or_else(|| panic!("no {reference}")))
    }
}

fn is_known(word: &str) -> bool {
    KNOWN.contains(&word) || SILENT.contains(&word)
}

fn expect(holds: bool, at: &str, value: &Value) -> Fits {
    if holds { Ok(()) } else { Err(format!("{at}: {value}")) }
}

fn list<'s>(words: &'s Map<String, Value>, name: &str) -> &'s [Value] {
    words.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether a text is what one of the patterns of our schemas wants.
fn matches(text: &str, pattern: &str) -> bool {
    let (signed, places) = match pattern {
        r"^-?[0-9]+(\.[0-9]{1,12})?$" => (true, 0..=12),
        r"^-?[0-9]+(\.[0-9]+)?$" => (true, 0..=28),
        r"^[0-9]+(\.[0-9]+)?$" => (false, 0..=28),
        r"^[0-9]+\.[0-9]{4}$" => (false, 4..=4),
        "^[0-9a-f]{16}$" => return is_id(text, 16),
        "^[0-9a-f]{64}$" => return is_id(text, 64),
        other => panic!("a pattern that this check does not know: {other}"),
    };
    let digits = text.strip_prefix('-').filter(|_| signed).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !whole.is_empty()
        && all_digits(whole)
        && all_digits(fraction)
        && places.contains(&fraction.len())
        && !text.ends_with('.')
}

fn is_id(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
