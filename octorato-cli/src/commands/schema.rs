//! `octorato schema`

use octorato::core::{Error, ErrorKind};
use octorato::schema;
use serde_json::json;

use crate::Outcome;
use crate::args::Schema;
use crate::printer::Printer;

pub(crate) fn run(args: &Schema, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let Some(name) = &args.name else {
        if printer.is_json() {
            let names: Vec<_> = schema::ALL.iter().map(|schema| schema.name).collect();
            printer.document(&json!({"schema": 1, "schemas": names}))?;
            return Ok(Outcome::Fine);
        }
        let width = schema::ALL.iter().map(|schema| schema.name.len()).max().unwrap_or_default();
        for schema in schema::ALL {
            printer.line(format_args!("{:<width$} {}", schema.name, schema.about))?;
        }
        return Ok(Outcome::Fine);
    };
    let Some(found) = schema::find(name) else {
        let names: Vec<_> = schema::ALL.iter().map(|schema| schema.name).collect();
        return Err(Error::new(ErrorKind::NotFound, format!("no such schema: `{name}`"))
            .hinted(format!("known: {}", names.join(", ")))
            .into());
    };
    printer.line(found.json.trim_end())?;
    Ok(Outcome::Fine)
}
