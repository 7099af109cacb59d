//! Prices against two independent engines: about a thousand cases beside the workspace, read where
//! they are there.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use octorato_core::{ErrorKind, PriceContext};
use octorato_finops::price::{Catalog, UsageTotals};
use serde::Deserialize;

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    provider: String,
    model: String,
    timestamp: Timestamp,
    usage: UsageTotals,
    context: BTreeMap<String, String>,
    expected_usd: String,
    resolved_model: Option<String>,
}

/// The cases of a file, or nothing and a word on stderr where it is not there.
fn cases(name: &str) -> Option<Vec<Case>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str::<Cases>(&text).unwrap().cases),
        Err(error) => {
            eprintln!("skipped: `{}`: {error}", path.display());
            None
        }
    }
}

/// Charges every case and returns how many asked for a variant, or for a unit, without a price.
///
/// The reference leaves such things out of account. Here that is refused unless asked for, and
/// then it is flagged.
fn check(cases: &[Case]) -> (usize, usize) {
    let (mut variants, mut units) = (0, 0);
    let mut wrong = Vec::new();
    for case in cases {
        let mut context = PriceContext::standard();
        for (name, value) in &case.context {
            context.set(name, value);
        }
        let usage = case.usage.to_usage().unwrap();
        let price = Catalog::builtin().find(Some(&case.provider), &case.model).unwrap();
        if let Some(model) = &case.resolved_model {
            assert_eq!(price.model().id(), model, "{}", case.id);
        }
        let known = price.charge_known(&usage, case.timestamp, &context).unwrap();
        match price.charge(&usage, case.timestamp, &context) {
            Ok(charge) => {
                assert!(known.ignored().is_empty(), "{}", case.id);
                assert_eq!(charge, known, "{}", case.id);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unpriced, "{}", case.id);
                variants += usize::from(!known.ignored().context.is_standard());
                units += usize::from(!known.ignored().units.is_empty());
                assert!(!known.ignored().is_empty(), "{}", case.id);
            }
        }
        assert!(known.is_exact());
        let found = known.usd().to_string();
        if found != case.expected_usd {
            wrong.push(format!("{}: {found}, not {}", case.id, case.expected_usd));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    (variants, units)
}

#[test]
fn every_case_has_exactly_the_expected_price() {
    let Some(cases) = cases("price_cases.json") else { return };
    assert_eq!(cases.len(), 809);
    assert_eq!(check(&cases), (25, 3));
}

#[test]
fn every_price_change_happens_at_its_second() {
    let Some(cases) = cases("price_history_cases.json") else { return };
    assert_eq!(cases.len(), 119);
    assert_eq!(check(&cases), (0, 12));
}
