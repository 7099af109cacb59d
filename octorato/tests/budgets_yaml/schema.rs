//! The JSON Schema and the reader say the same.

use super::*;
use serde_json::Value;

fn schema() -> Value {
    serde_json::from_str(budgets::SCHEMA).unwrap()
}

fn sorted<'k>(keys: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
    let mut keys: Vec<&str> = keys.into_iter().collect();
    keys.sort_unstable();
    keys
}

fn words<'s>(schema: &'s Value, pointer: &str) -> Vec<&'s str> {
    let list = schema.pointer(pointer).unwrap().as_array().unwrap();
    list.iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn it_has_the_keys_of_the_reader_and_no_others() {
    let schema = schema();
    for (pointer, keys) in [
        ("", [keys::FILE, keys::OLD_FILE].concat()),
        ("/$defs/budget", [keys::SCOPE, keys::BUDGET, keys::OLD_BUDGET].concat()),
        ("/$defs/default", [keys::BUDGET, keys::OLD_BUDGET].concat()),
        ("/$defs/tier", keys::TIER.to_vec()),
        ("/$defs/sink", keys::SINK.to_vec()),
    ] {
        let map = schema.pointer(pointer).unwrap();
        assert_eq!(map["additionalProperties"], false, "{pointer} is open");
        let found = map["properties"].as_object().unwrap().keys().map(String::as_str);
        assert_eq!(sorted(found), sorted(keys), "{pointer}");
    }
}

#[test]
fn it_has_the_words_of_the_reader() {
    let schema = schema();
    let names = |all: Vec<&'static str>| all;
    for (pointer, known) in [
        ("/properties/on_error/enum", names(OnError::ALL.iter().map(|w| w.name()).collect())),
        ("/properties/unpriced/enum", names(Unpriced::ALL.iter().map(|w| w.name()).collect())),
        ("/$defs/action/enum", names(Action::ALL.iter().map(|w| w.name()).collect())),
        ("/$defs/basis/enum", names(Basis::ALL.iter().map(|w| w.name()).collect())),
    ] {
        assert_eq!(words(&schema, pointer), known, "{pointer}");
    }
    let periods = schema.pointer("/$defs/period/pattern").unwrap().as_str().unwrap();
    assert_eq!(periods, format!("^({}|rolling:[1-9][0-9]*[hd])$", Cycle::NAMES.join("|")));
    let selectors = schema.pointer("/$defs/match/propertyNames/pattern").unwrap();
    let known = format!("^({}|tag\\.\\S+)$", Selector::NAMES.join("|"));
    assert_eq!(selectors.as_str(), Some(known.as_str()));
}

#[test]
fn what_it_requires_the_reader_misses() {
    let tier = "budgets: [{ operator: true, monthly_usd_cap: 1, tiers: [{}] }]\n";
    for key in words(&schema(), "/$defs/tier/required") {
        assert!(findings(tier).contains(&format!("missing key in a tier: `{key}`")), "{key}");
    }
    let none = findings("budgets: [{ name: x }]\n");
    for code in ["BUD010", "BUD005"] {
        assert!(none.contains(code), "{none}");
    }
}
