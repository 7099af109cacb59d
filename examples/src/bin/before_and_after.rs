//! What a call can cost before it is sent, and what it did cost: `before_and_after`.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;

use jiff::Timestamp;
use octorato::finops::price::{Catalog, Request, UsageTotals, WorstCase};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let catalog = Catalog::builtin();
    let at: Timestamp = "2026-10-16T12:00:00Z".parse()?;

    // What a program is about to send. A hard cap reserves what this can cost at most.
    let request = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 1000,
        "system": "You review invoices.",
        "messages": [{"role": "user", "content": "Is 3 x 14.10 = 42.30?"}],
    });
    let price = catalog.find(Some("anthropic"), "claude-sonnet-4-5")?;
    match price.worst_case(at, &Request::from_body("anthropic", None, &request)?)? {
        WorstCase::Bounded(bound) => println!("at most   USD {}", bound.amount()),
        WorstCase::Unbounded(reasons) => println!("unbounded: {}", reasons.join("; ")),
    }

    // What the provider answered.
    let response = json!({
        "model": "claude-sonnet-4-5-20250929",
        "usage": {"input_tokens": 31, "cache_read_input_tokens": 0, "output_tokens": 9},
    });
    let usage = UsageTotals::from_response("anthropic", None, &response)?;
    let price = usage.price(catalog)?;
    let charge = price.charge(&usage.totals.to_usage()?, at, &usage.context)?;
    println!("in fact   USD {}", charge.usd());
    Ok(())
}
