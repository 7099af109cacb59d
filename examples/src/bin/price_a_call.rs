//! What one call costs, to the last digit: `price_a_call [MODEL]`.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;

use jiff::Timestamp;
use octorato::core::{PriceContext, Unit, Usage};
use octorato::finops::price::Catalog;

fn main() -> Result<(), Box<dyn Error>> {
    let model = std::env::args().nth(1).unwrap_or("claude-opus-4-8".to_owned());

    // A turn late in a session: most of the context is read from the cache. The classes do not
    // overlap, so that nothing is charged twice.
    let usage = Usage::new()
        .with(Unit::Input, 3)
        .with(Unit::CacheRead, 84_212)
        .with(Unit::CacheWrite1h, 1_908)
        .with(Unit::Output, 447);
    // Prices have dates, so a call has one too.
    let at: Timestamp = "2026-10-16T12:00:00Z".parse()?;

    let price = Catalog::builtin().find(Some("anthropic"), &model)?;
    let charge = price.charge(&usage, at, &PriceContext::standard())?;
    for line in charge.lines() {
        let rate = format!("${}", line.rate());
        println!("{:>7} {:<14} {rate:>5} a million  {}", line.count(), line.unit(), line.amount());
    }
    println!("USD {}, as {} of {}", charge.usd(), price.model().id(), price.provider().id());
    Ok(())
}
