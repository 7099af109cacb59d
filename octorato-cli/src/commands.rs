//! One file per command.

pub(crate) mod arm;
pub(crate) mod budget;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod gate;
pub(crate) mod hook;
pub(crate) mod init;
pub(crate) mod ledger;
pub(crate) mod price;
pub(crate) mod prices;
pub(crate) mod report;
pub(crate) mod scan;
pub(crate) mod schema;
pub(crate) mod sync;
pub(crate) mod why;

use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use octorato::Workspace;
use octorato::books::{Access, Books};
use octorato::config;
use octorato::config::places::{Named, Places};
use octorato::config::zones;
use octorato::core::{Civil, Error, Period, Result};
use octorato::finops::logs::{Environment, Place};
use octorato::finops::price::PriceBook;
use octorato::finops::report::{Dimension, Query};
use octorato::snapshots::Snapshots;

use crate::args::{Global, Logs, Selection};
use crate::printer::Printer;

/// The places that were named, or those of the environment.
fn places(global: &Global) -> Result<Places> {
    Places::from_env(Named {
        home: global.home.clone(),
        state: global.state.clone(),
        brain: global.brain.clone(),
    })
}

/// The prices that are in force, without any need of arms.
fn price_book(global: &Global, printer: &mut Printer) -> Result<PriceBook> {
    let places = places(global)?;
    let snapshots = Snapshots::of(&places);
    let file = places.prices();
    let open = |name: &str| snapshots.open(name);
    let (book, warnings) = config::prices::load(&file, places.home_text(), &open)?;
    printer.warnings(&warnings);
    Ok(book)
}

fn workspace(global: &Global) -> Result<Workspace> {
    Workspace::open(places(global)?)
}

/// The ledger with the budgets in force, which must be there; what is to be said of them is said.
fn books(workspace: &Workspace, printer: &mut Printer) -> Result<Books> {
    let books = Books::open(workspace, Access::Existing)?;
    printer.warnings(books.regime().findings());
    Ok(books)
}

/// The requests that are meant, told apart by some columns.
fn query(selection: &Selection, workspace: &Workspace, by: Vec<Dimension>) -> Result<Query> {
    let zone = match &selection.timezone {
        Some(name) => zones::find(name)?,
        None => workspace.arms().zone.clone(),
    };
    let period = match selection.month.as_deref() {
        Some("this") => Civil::Month.containing(Timestamp::now(), &zone),
        Some("last") => Civil::Month.before(Timestamp::now(), &zone),
        Some(month) => Period::month(month, &zone),
        None => Period::days(selection.since, selection.until, &zone),
    };
    let Selection { arm, client, .. } = selection;
    Ok(Query { by, period: period?, arm: arm.clone(), client: client.clone() })
}

/// The logs that were named, which must be there, or the agents' homes on this machine.
fn logs(args: &Logs) -> Result<Vec<Place>> {
    if args.logs.is_empty() {
        return Ok(Place::usual(&Environment::of_process()));
    }
    for path in &args.logs {
        if let Err(error) = path.metadata() {
            return Err(Error::io("cannot read the logs at", path, error)
                .hinted("name an agent's home, a folder of transcripts or one transcript"));
        }
    }
    Ok(args.logs.iter().cloned().map(Place::Given).collect())
}

/// The text of a file, or of stdin for `-`.
fn read(file: &Path) -> Result<String> {
    let read = || {
        if file == Path::new("-") {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            return Ok(text);
        }
        std::fs::read_to_string(file)
    };
    read().map_err(|error| Error::io("cannot read", file, error))
}
