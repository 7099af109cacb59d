//! `octorato ledger backup` and `octorato ledger restore`

use std::path::Path;

use octorato::books::{Books, restore as put_back};
use octorato::config::places::Places;
use octorato::finops::ledger::Verification;
use serde_json::json;

use crate::Outcome;
use crate::printer::Printer;
use crate::render::foreign::shown;
use crate::render::numbers::grouped;

pub(super) fn backup(books: &Books, file: &Path, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let copied = books.backup(file)?;
    let what = format!("copied {} to {}", entries(&copied), shown(&file.display().to_string()));
    tell(&copied, &what, file, None, printer)
}

pub(super) fn restore(
    places: &Places,
    file: &Path,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let (restored, kept) = put_back(places, file)?;
    let what =
        format!("put back {} from {}", entries(&restored), shown(&file.display().to_string()));
    tell(&restored, &what, file, kept.as_deref(), printer)
}

fn entries(found: &Verification) -> String {
    match found.entries {
        1 => "1 entry".to_owned(),
        count => format!("{} entries", grouped(&count)),
    }
}

fn tell(
    found: &Verification,
    what: &str,
    file: &Path,
    kept: Option<&Path>,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    if printer.is_json() {
        printer.document(&json!({
            "schema": 1, "file": file, "entries": found.entries,
            "last": found.last.map(|at| at.to_string()), "kept": kept,
        }))?;
        return Ok(Outcome::Fine);
    }
    printer.line(what)?;
    if let Some(kept) = kept {
        let kept = shown(&kept.display().to_string());
        printer.line(format_args!("the ledger of before is {kept}"))?;
    }
    Ok(Outcome::Fine)
}
