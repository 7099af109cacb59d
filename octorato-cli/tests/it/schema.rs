//! The report's document is what its schema says, key by key.

use serde_json::{Map, Value};

use crate::sandbox::Sandbox;

/// The few words of JSON Schema that our schemas use.
struct Schema {
    root: Value,
}

impl Schema {
    fn named(name: &str) -> Self {
        let text = Sandbox::new().stdout(&format!("schema {name}"));
        Self { root: serde_json::from_str(&text).unwrap() }
    }

    fn check(&self, value: &Value) {
        self.fits(&self.root, value, "document");
    }

    fn fits(&self, schema: &Value, value: &Value, at: &str) {
        let words = schema.as_object().unwrap();
        if let Some(target) = self.target(words) {
            self.fits(target, value, at);
        }
        for part in list(words, "allOf") {
            self.fits(part, value, at);
        }
        if let Some(constant) = words.get("const") {
            assert_eq!(value, constant, "{at}");
        }
        if words.contains_key("enum") {
            assert!(list(words, "enum").contains(value), "{at}: {value}");
        }
        if let Some(types) = words.get("type") {
            let name = type_of(value);
            let fits = types == name || types.as_array().is_some_and(|t| t.contains(&name.into()));
            assert!(fits, "{at}: {value} is {name}, not {types}");
        }
        if let (Some(minimum), Some(number)) = (words.get("minimum"), value.as_u64()) {
            assert!(number >= minimum.as_u64().unwrap(), "{at}: {number}");
        }
        if let (Some(pattern), Some(text)) = (words.get("pattern"), value.as_str()) {
            assert!(is_decimal(text, pattern.as_str().unwrap()), "{at}: {text}");
        }
        if let Some(list) = value.as_array()
            && let Some(items) = words.get("items")
        {
            for (number, item) in list.iter().enumerate() {
                self.fits(items, item, &format!("{at}[{number}]"));
            }
        }
        if let Some(object) = value.as_object() {
            self.object_fits(words, object, at);
        }
    }

    fn object_fits(&self, words: &Map<String, Value>, object: &Map<String, Value>, at: &str) {
        for key in list(words, "required") {
            assert!(object.contains_key(key.as_str().unwrap()), "{at} lacks {key}");
        }
        if let Some(names) = words.get("propertyNames") {
            for key in object.keys() {
                self.fits(names, &key.as_str().into(), &format!("{at}: name"));
            }
        }
        let own = words.get("properties").and_then(Value::as_object);
        for (key, value) in object {
            let at = format!("{at}.{key}");
            if let Some(schema) = own.and_then(|own| own.get(key)) {
                self.fits(schema, value, &at);
            } else if let Some(other) = words.get("additionalProperties") {
                assert_ne!(other, false, "{at} is not in the schema");
                self.fits(other, value, &at);
            }
        }
        if words.get("unevaluatedProperties") == Some(&Value::Bool(false)) {
            let known = self.properties(words);
            for key in object.keys() {
                assert!(known.contains(&key.as_str()), "{at}.{key} is not in the schema");
            }
        }
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
        Some(self.root.pointer(reference.strip_prefix('#').unwrap()).unwrap())
    }
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

/// Whether a text is a decimal as one of the two patterns of amounts and shares wants it.
fn is_decimal(text: &str, pattern: &str) -> bool {
    let (signed, places) = match pattern {
        r"^-?[0-9]+(\.[0-9]{1,12})?$" => (true, 0..=12),
        r"^[0-9]+\.[0-9]{4}$" => (false, 4..=4),
        other => panic!("a pattern that this test does not know: {other}"),
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

#[test]
fn reports_are_what_their_schema_says() {
    let schema = Schema::named("report");
    let sandbox = Sandbox::agency();
    for line in [
        "report",
        "report --by client,model,day,week,month,session,agent,skill,reason,project,provider,arm",
        "report --month 2026-10 --client globex",
        "report --month 2020-01",
        "report --since 2026-10-01 --timezone UTC",
        "report --logs .claude/projects",
    ] {
        schema.check(&sandbox.json(line));
    }
    sandbox.write(
        ".config/octorato/prices.yaml",
        "fx: { MXN: { 2026-10-15: 0.05 } }
discounts: [{ provider: anthropic, pct: 10 }]
plans: [{ id: max, provider: anthropic, monthly: 100, homes: [~/.claude], from: 2026-10-01 }]
models: [{ provider: acme, model: 'acme-*', rates: { input: 1, output: 2 } }]
",
    );
    schema.check(&sandbox.json("report --by client,month"));
    schema.check(&sandbox.json("report --client globex"));
    schema.check(&Sandbox::new().json("report"));
}

#[test]
#[should_panic(expected = "document.surprise is not in the schema")]
fn the_check_finds_a_key_that_is_not_in_the_schema() {
    let mut report = Sandbox::agency().json("report");
    report["surprise"] = 1.into();
    Schema::named("report").check(&report);
}

#[test]
#[should_panic(expected = "document.rows[0].surprise is not in the schema")]
fn the_check_finds_it_in_a_row_too() {
    let mut report = Sandbox::agency().json("report");
    report["rows"][0]["surprise"] = 1.into();
    Schema::named("report").check(&report);
}

#[test]
#[should_panic(expected = "document.total lacks \"tokens\"")]
fn the_check_finds_a_key_that_is_missing() {
    let mut report = Sandbox::agency().json("report");
    report["total"].as_object_mut().unwrap().remove("tokens");
    Schema::named("report").check(&report);
}
