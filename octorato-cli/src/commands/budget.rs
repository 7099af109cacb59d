//! `octorato budget`

mod alerts;
mod check;
mod explain;
mod extend;
mod status;

use std::sync::Arc;

use jiff::Timestamp;
use octorato::Workspace;
use octorato::core::{Error, ErrorKind};
use octorato::finops::ledger::SpendPath;

use crate::Outcome;
use crate::args::{Budget, CallPath, Global};
use crate::printer::Printer;

pub(crate) fn run(
    global: &Global,
    args: &Budget,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let workspace = super::workspace(global)?;
    printer.warnings(workspace.warnings());
    let books = super::books(&workspace, printer)?;
    match args {
        Budget::Status(args) => status::run(&workspace, &books, args, printer),
        Budget::Check(args) => check::run(&workspace, &books, args, printer),
        Budget::Explain(args) => explain::run(&workspace, &books, args, printer),
        Budget::Extend(args) => extend::run(&books, args, printer),
        Budget::Alerts(args) => alerts::run(&books, args, printer),
    }
}

/// The path that is meant: that of the arm that was named, else of the current folder's.
fn path(args: &CallPath, workspace: &Workspace) -> anyhow::Result<Arc<SpendPath>> {
    let text = |text: &Option<String>| text.as_deref().map(Arc::<str>::from);
    let (arm, project) = if let Some(arm) = &args.arm {
        (Some(arm.clone()), None)
    } else {
        let folder = std::env::current_dir()
            .map_err(|error| Error::new(ErrorKind::Io, "no current folder").caused_by(error))?;
        workspace.owner_of(&folder, Timestamp::now())?
    };
    let client = match &arm {
        Some(id) => Some(workspace.declared_arm(id)?.client.clone()),
        None => None,
    };
    Ok(Arc::new(SpendPath {
        client,
        arm,
        project: text(&args.project).or(project),
        agent: text(&args.agent),
        session: args.session.as_deref().map(Into::into),
        run: text(&args.run),
        skill: text(&args.skill),
        model: args.model.as_deref().map(Into::into),
        priced_as: None,
        tags: args
            .tags
            .iter()
            .map(|(key, value)| (key.as_str().into(), value.as_str().into()))
            .collect(),
    }))
}
