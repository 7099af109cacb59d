//! What each client's agents spent in a month: `last_month FOLDER [MONTH]`.
//!
//! The clients are those of your `arms.yaml` (`$OCTORATO_HOME`), the folder is an agent's home or
//! any folder of transcripts, the month is last month unless one is named.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;

use jiff::Timestamp;
use octorato::Workspace;
use octorato::config::places::{Named, Places};
use octorato::core::{Civil, Period};
use octorato::finops::logs::{Place, Quiet};
use octorato::finops::report::{Dimension, Query};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let folder = words.next().ok_or("name a folder of transcripts")?;

    let workspace = Workspace::open(Places::from_env(Named::default())?)?;
    let zone = &workspace.arms().zone;
    let period = match words.next() {
        Some(month) => Period::month(&month, zone)?,
        None => Civil::Month.before(Timestamp::now(), zone)?,
    };
    let query = Query { by: vec![Dimension::Client], period, ..Query::all(zone) };
    let report = workspace.report(&[Place::Given(folder.into())], &query, &Quiet)?;

    for row in &report.rows {
        let client = row.key[0].as_deref().unwrap_or("(nobody)");
        // Usage without a price has no amount; it is never shown as nothing.
        let cost = row.sums.list_cost().map_or("?".to_owned(), |cost| cost.to_string());
        println!("{client:<16} {:>5} requests  {cost:>12} USD", row.sums.events);
    }
    for model in &report.unpriced {
        println!("no price for {}: {} tokens", model.model, model.sums.usage.tokens());
    }
    Ok(())
}
