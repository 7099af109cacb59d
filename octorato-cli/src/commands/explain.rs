//! `octorato explain`

use octorato::config::codes;
use octorato::core::{Error, ErrorKind};
use serde_json::json;

use crate::Outcome;
use crate::args::Explain;
use crate::printer::Printer;

pub(crate) fn run(args: &Explain, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let wanted = args.code.as_ref().map(|code| code.to_uppercase());
    let shown: Vec<_> = codes::ALL
        .iter()
        .filter(|entry| wanted.as_ref().is_none_or(|code| entry.code == code))
        .collect();
    if shown.is_empty() {
        let code = args.code.as_deref().unwrap_or_default();
        return Err(Error::new(ErrorKind::NotFound, format!("no such code: `{code}`"))
            .hinted("`octorato explain` lists all codes")
            .into());
    }
    if printer.is_json() {
        let list: Vec<_> = shown
            .iter()
            .map(|entry| json!({"code": entry.code, "explanation": entry.explanation}))
            .collect();
        printer.document(&json!({"schema": 1, "codes": list}))?;
        return Ok(Outcome::Fine);
    }
    for entry in shown {
        printer.line(format_args!("{}  {}", entry.code, entry.explanation))?;
    }
    Ok(Outcome::Fine)
}
