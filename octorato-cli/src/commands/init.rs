//! `octorato init`

use octorato::config::places::init;
use serde_json::json;

use crate::Outcome;
use crate::args::Global;
use crate::printer::Printer;

pub(crate) fn run(global: &Global, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let places = super::places(global)?;
    let report = init(&places)?;
    if printer.is_json() {
        let document = json!({"schema": 1, "created": report.created, "existing": report.existing});
        printer.document(&document)?;
        return Ok(Outcome::Fine);
    }
    for path in &report.created {
        printer.line(format_args!("made    {}", path.display()))?;
    }
    for path in &report.existing {
        printer.line(format_args!("kept    {}", path.display()))?;
    }
    printer.remark("next: `octorato scan` proposes arms, `octorato arm add` declares one");
    Ok(Outcome::Fine)
}
