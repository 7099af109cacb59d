//! The shared conformance file, through the Rust API.
#![allow(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

use std::sync::Arc;

use octorato::finops::price::{Catalog, Overlays, PriceBook};
use octorato::quote::Answer;
use serde_json::Value;

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../conformance/{name}", env!("CARGO_MANIFEST_DIR")))
        .unwrap()
}

/// Whether `found` has all that `wanted` has, and the same classes.
fn fits(found: &Value, wanted: &Value) -> bool {
    wanted.as_object().unwrap().iter().all(|(key, value)| match &**key {
        "exact" => found["price"]["exact"] == *value,
        key => found[key] == *value,
    })
}

#[test]
fn every_price_is_as_agreed() {
    let cases: Value = serde_json::from_str(&read("cases.json")).unwrap();
    let catalog = Catalog::parse(read("prices.jsonl")).unwrap();
    let book = PriceBook::new(Arc::new(catalog), Overlays::default()).unwrap();
    let now = "2026-03-15T12:00:00Z".parse().unwrap();
    let prices = cases["prices"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in prices {
        let line = case["question"].to_string();
        let answer = Answer::to_line(line.as_bytes(), &book, now, false);
        let found = serde_json::to_value(&answer).unwrap();
        let is_right = match case.get("error") {
            Some(error) => {
                let text = found["error"].as_str().unwrap_or_default();
                found["kind"] == error["kind"] && text.contains(error["contains"].as_str().unwrap())
            }
            None => fits(&found, &case["answer"]),
        };
        if !is_right {
            wrong.push(format!("{}: {found}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), prices.len(), wrong.join("\n"));
}
