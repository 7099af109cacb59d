//! Foreign price lists become snapshots, and what is not understood of them is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "a test may say that its data is not there")]

use std::path::Path;

use octorato_finops::price::Catalog;
use octorato_finops::price::import::{Format, Origin, import, with_limits, with_supplement};

const BUILTIN: &str = include_str!("../data/prices.jsonl");

fn origin() -> Origin {
    Origin { version: "0.2.1".into(), made: jiff::civil::date(2026, 11, 23) }
}

#[test]
fn the_shared_source_becomes_the_built_in_snapshot() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/prices-genai.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: there is no shared data");
        return;
    };
    let imported = import(&text, None, &origin()).unwrap();
    assert_eq!(imported.format, Format::GenaiPrices);
    assert_eq!((&imported.unknown[..], &imported.skipped[..]), (&[][..], &[][..]));
    assert_eq!(imported.normalised.len(), 5);
    let text = with_supplement(&imported.text, include_str!("../data/supplement.json")).unwrap();
    let text = with_limits(&text, include_str!("../data/limits.json")).unwrap();
    assert!(text == BUILTIN, "the source does not become the committed snapshot");
}

#[test]
fn a_snapshot_of_our_own_is_taken_as_it_is() {
    let imported = import(BUILTIN, None, &origin()).unwrap();
    assert_eq!(imported.format, Format::Octorato);
    assert!(imported.text == BUILTIN);
    assert_eq!(imported.catalog.snapshot(), Catalog::builtin().snapshot());
    assert!(imported.models >= imported.priced && imported.priced > 1000);
    let again = import(&format!("\u{feff}{BUILTIN}"), None, &origin()).unwrap();
    assert!(again.text == BUILTIN, "a byte order mark is no part of it");
}

#[test]
fn what_is_no_price_list_is_refused_and_told() {
    let deep = "[".repeat(100 << 20);
    for (text, why) in [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("<!doctype html><html>", "it is a web page"),
        ("price: 1", "it is not JSON"),
        ("{}", "its format is not known"),
        (r#"{"a":1}"#, "its format is not known"),
        (r#"{"a":{"#, "EOF while parsing"),
        (&deep, "cannot use the price list"),
        ("[1]", "place: `the list of providers`"),
        (r#"{"schema":2,"providers":[]}"#, "cannot use the price list"),
    ] {
        let error = import(text, None, &origin()).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert!(error.len() < 300, "{}", error.len());
    }
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().unwrap(), *format);
        assert!(import("7", Some(*format), &origin()).is_err());
        assert!(import(&deep, Some(*format), &origin()).is_err());
    }
    assert!("csv".parse::<Format>().is_err());
}

#[test]
fn deep_nesting_costs_no_stack() {
    let deep = format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    let table = format!(r#"{{"m":{{"litellm_provider":"p","metadata":{deep},"odd":{deep}}}}}"#);
    let imported = import(&table, None, &origin()).unwrap();
    assert_eq!(imported.format, Format::Litellm);
    assert!(imported.unknown[0].value.len() < 100);
    let rule = format!(r#"{}{{"equals":"m"}}{}"#, r#"{"not":"#.repeat(1000), "}".repeat(1000));
    let list = format!(
        r#"[{{"id":"p","name":"P","api_pattern":"p","models":[{{"id":"m","match":{rule}}}]}}]"#
    );
    assert!(import(&list, None, &origin()).unwrap_err().to_string().contains("p/m: match"));
}
