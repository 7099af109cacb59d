//! Usage out of raw responses: over a thousand cases beside the workspace, read where they are
//! there.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking")]

use std::path::Path;

use jiff::Timestamp;
use octorato_core::{ErrorKind, PriceContext, Unit, UnitKind};
use octorato_finops::price::{Catalog, Charge, ChargeLine, ResponseUsage, UsageTotals};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    provider: String,
    api_flavor: String,
    body: Value,
    expected_usage: UsageTotals,
    timestamp: Timestamp,
    resolved_model: Option<String>,
    expected_usd: Option<String>,
    expected_input_usd: Option<String>,
    expected_output_usd: Option<String>,
}

fn cases() -> Option<Vec<Case>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/extract_cases.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str::<Cases>(&text).unwrap().cases),
        Err(error) => {
            eprintln!("skipped: `{}`: {error}", path.display());
            None
        }
    }
}

/// What the lines of the units that `pick` accepts cost together.
fn sum(charge: &Charge, pick: impl Fn(Unit) -> bool) -> String {
    let lines = charge.lines().iter().filter(|line| pick(line.unit()));
    lines.map(ChargeLine::amount).sum::<Decimal>().normalize().to_string()
}

fn is_input(unit: Unit) -> bool {
    // Pages, characters and the like are read; searches are neither read nor written.
    unit.kind() == UnitKind::InputTokens || unit.name().starts_with("input")
}

/// What is wrong with a case, as lines.
fn check(case: &Case, found: &ResponseUsage) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: &str, found: &str, expected: &str| {
        if found != expected {
            let Case { id, provider, api_flavor, .. } = case;
            wrong.push(format!("{id} {provider} {api_flavor}: {what} {found}, not {expected}"));
        }
    };
    same("usage", &format!("{:?}", found.totals), &format!("{:?}", case.expected_usage));
    let Some(usd) = &case.expected_usd else {
        assert_eq!(found.model, None, "{}", case.id);
        let error = found.price(Catalog::builtin()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unpriced);
        assert!(error.to_string().starts_with("the response names no model"), "{error}");
        return wrong;
    };
    let price = found.price(Catalog::builtin()).unwrap();
    same("model", price.model().id(), case.resolved_model.as_ref().unwrap());
    let usage = match found.totals.to_usage() {
        Ok(usage) => usage,
        Err(error) => {
            same("error", &error.to_string(), "");
            return wrong;
        }
    };
    // The reference leaves units without a price, and what the body says of its tier, out of account.
    let charge = match price.charge_known(&usage, case.timestamp, &PriceContext::standard()) {
        Ok(charge) => charge,
        Err(error) => {
            same("error", &error.to_string(), "");
            return wrong;
        }
    };
    same("usd", &charge.usd().to_string(), usd);
    same("input", &sum(&charge, is_input), case.expected_input_usd.as_ref().unwrap());
    let is_output = |unit: Unit| unit.kind() == UnitKind::OutputTokens;
    same("output", &sum(&charge, is_output), case.expected_output_usd.as_ref().unwrap());
    wrong
}

#[test]
fn every_body_gives_exactly_the_expected_usage_and_price() {
    let Some(cases) = cases() else { return };
    assert_eq!(cases.len(), 1262);
    let mut wrong = Vec::new();
    let (mut unnamed, mut rateless) = (0, 0);
    let (mut marked, mut otherwise, mut refused) = (0, 0, 0);
    for case in &cases {
        let found = UsageTotals::from_response(&case.provider, Some(&case.api_flavor), &case.body);
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                wrong.push(format!("{} {} {}: {error}", case.id, case.provider, case.api_flavor));
                continue;
            }
        };
        wrong.extend(check(case, &found));
        unnamed += usize::from(found.model.is_none());
        let Some(usd) = &case.expected_usd else { continue };
        let price = found.price(Catalog::builtin()).unwrap();
        let usage = found.totals.to_usage().unwrap();
        let charge = price.charge_known(&usage, case.timestamp, &found.context).unwrap();
        // For the reference such a model is free.
        rateless += usize::from(charge.lines().is_empty() && !charge.ignored().units.is_empty());
        if !found.context.is_standard() {
            marked += 1;
            let is_priced = charge.ignored().context.is_standard();
            refused += usize::from(!is_priced);
            otherwise += usize::from(is_priced && charge.usd().to_string() != *usd);
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!((unnamed, rateless), (97, 1));
    // How many bodies name another tier, cost otherwise by it, or have no price by it.
    assert_eq!((marked, otherwise, refused), (1, 0, 1));
}

#[test]
fn a_flavor_that_is_not_given_is_told_so_that_no_count_is_lost() {
    let Some(cases) = cases() else { return };
    let (mut same, mut more, mut billed) = (0, 0, 0);
    for case in &cases {
        let told = UsageTotals::from_response(&case.provider, None, &case.body).unwrap();
        let flavor = (&*told.flavor, &*case.api_flavor);
        if told.totals == case.expected_usage {
            same += 1;
            continue;
        }
        if flavor == ("default", "tokens") {
            // Cohere bills its `billed_units`, not its `tokens`.
            billed += 1;
            continue;
        }
        // The given flavor is not that of the body: it leaves counts out that stand there.
        more += 1;
        let counts = |totals: &UsageTotals| totals.iter().count();
        assert!(counts(&told.totals) > counts(&case.expected_usage), "{} {flavor:?}", case.id);
    }
    assert_eq!((same, more, billed), (1100, 155, 7));
}
