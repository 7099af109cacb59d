//! `octorato arm`

use std::path::Path;

use jiff::Timestamp;
use octorato::config::edit::NewArm;
use octorato::config::roots::{self, Fault};
use octorato::core::{ClientId, Error, ErrorKind, Root};
use octorato::finops::attribute::FolderPath;
use octorato::finops::logs;
use octorato::{Assignment, Subject, Workspace};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{Arm, ArmAdd, ArmAssign, Global};
use crate::printer::Printer;
use crate::progress::Bar;
use crate::render::foreign::shown;
use crate::render::numbers::counted;
use crate::render::table::{Align, Table};

pub(crate) fn run(global: &Global, args: &Arm, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let mut workspace = super::workspace(global)?;
    match args {
        Arm::Add(args) => add(&mut workspace, args, printer)?,
        Arm::List => list(&workspace, printer)?,
        Arm::Show { arm } => {
            let Some(found) = workspace.arms().arm(arm) else {
                return Err(Error::new(ErrorKind::NotFound, format!("no such arm: `{arm}`"))
                    .hinted("`octorato arm list` shows all arms")
                    .into());
            };
            show(&workspace, found, printer)?;
        }
        Arm::Assign(args) => assign(&mut workspace, args, printer)?,
    }
    Ok(Outcome::Fine)
}

fn add(workspace: &mut Workspace, args: &ArmAdd, printer: &mut Printer) -> anyhow::Result<()> {
    if args.roots.is_empty() && args.remotes.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("the arm would cover nothing: `{}`", args.id),
        )
        .hinted("name at least one folder with --root or one git remote with --remote")
        .into());
    }
    let client = match &args.client {
        Some(client) => client.clone(),
        None => ClientId::new(args.id.as_str())?,
    };
    let home = workspace.places().home_text().map(str::to_owned);
    let roots = args.roots.iter().map(|root| as_root(root, home.as_deref()));
    let roots = roots.collect::<Result<_, _>>()?;
    let arm = NewArm { id: args.id.clone(), client, roots, remotes: args.remotes.clone() };
    workspace.add_arms(std::slice::from_ref(&arm))?;
    let added = workspace.arms().arm(&arm.id);
    if printer.is_json() {
        let added = added.map(|arm| arm_json(workspace, arm));
        printer.document(&json!({"schema": 1, "added": added}))?;
    } else {
        let file = workspace.places().arms();
        let file = shown(&file.display().to_string());
        printer.line(format_args!("added arm {} to {file}", arm.id))?;
    }
    for root in added.map_or(&[][..], |arm| &arm.roots) {
        if let Some(oddity) = oddity(root, home.as_deref()) {
            printer.remark(format_args!("note: `{}` {oddity}", shown(&root.path)));
        }
    }
    printer.warnings(workspace.warnings());
    Ok(())
}

/// A folder as it is to be written: as it was typed, unless it is relative to the current one.
fn as_root(path: &Path, home: Option<&str>) -> Result<Root, Error> {
    let not_utf8 = |path: &Path| {
        let message = format!("the folder's name is not UTF-8: `{}`", path.display());
        Error::new(ErrorKind::InvalidArgument, message)
    };
    let text = path.to_str().ok_or_else(|| not_utf8(path))?;
    let path = match roots::resolve(text, home) {
        Ok(_) => text.to_owned(),
        // `C:acme` and `\acme` are relative too, but only Windows knows to what.
        Err(Fault::Relative) if cfg!(windows) || !text.contains(['\\', ':']) => {
            let absolute = std::path::absolute(path)
                .map_err(|error| Error::io("cannot find the current folder for", path, error))?;
            absolute.to_str().ok_or_else(|| not_utf8(&absolute))?.to_owned()
        }
        Err(fault) => {
            let (message, hint) = fault.explain(text);
            return Err(Error::new(ErrorKind::InvalidArgument, message).hinted(hint));
        }
    };
    Ok(Root { path, from: None })
}

/// What is odd about a root; it may be meant all the same.
fn oddity(root: &Root, home: Option<&str>) -> Option<&'static str> {
    let folder = FolderPath::new(&root.path);
    if folder.depth() == 0 {
        return Some("is all of this machine: what no other root covers belongs to the arm");
    }
    if home.is_some_and(|home| folder.contains(&FolderPath::new(home))) {
        return Some("holds your home folder: what no other root covers belongs to the arm");
    }
    (!Path::new(&root.path).is_dir()).then_some("is no folder on this machine, or not yet")
}

fn list(workspace: &Workspace, printer: &mut Printer) -> anyhow::Result<()> {
    printer.warnings(workspace.warnings());
    let arms = &workspace.arms().arms;
    if printer.is_json() {
        let list: Vec<_> = arms.iter().map(|arm| arm_json(workspace, arm)).collect();
        printer.document(&json!({"schema": 1, "arms": list}))?;
        return Ok(());
    }
    if arms.is_empty() {
        printer.remark("no arms yet: `octorato scan` proposes some");
        return Ok(());
    }
    let mut table = Table::new(&[
        ("Arm", Align::Left),
        ("Client", Align::Left),
        ("Roots", Align::Left),
        ("Remotes", Align::Left),
    ]);
    for arm in arms {
        let roots: Vec<_> = arm.roots.iter().map(root_text).collect();
        let remotes: Vec<_> = arm.remotes.iter().map(|remote| shown(remote)).collect();
        table.row([
            arm.id.to_string(),
            arm.client.to_string(),
            roots.join("\n"),
            remotes.join("\n"),
        ]);
    }
    printer.line(table)?;
    Ok(())
}

fn show(
    workspace: &Workspace,
    arm: &octorato::core::Arm,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    if printer.is_json() {
        printer.document(&json!({"schema": 1, "arm": arm_json(workspace, arm)}))?;
        return Ok(());
    }
    let client = workspace.arms().client(&arm.client);
    let name = client.map_or(arm.client.as_str(), |client| &client.name);
    printer.line(format_args!("arm       {}", arm.id))?;
    printer.line(format_args!("client    {} ({})", arm.client, shown(name)))?;
    if let Some(client) = client {
        printer.line(format_args!("currency  {}", client.currency))?;
    }
    printer.line(format_args!("timezone  {}", zone_of(workspace, arm)))?;
    for root in &arm.roots {
        printer.line(format_args!("root      {}", root_text(root)))?;
    }
    for remote in &arm.remotes {
        printer.line(format_args!("remote    {}", shown(remote)))?;
    }
    if !arm.aliases.is_empty() {
        printer.line(format_args!("aliases   {}", shown(&arm.aliases.join(", "))))?;
    }
    Ok(())
}

fn assign(
    workspace: &mut Workspace,
    args: &ArmAssign,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let subject = match (&args.subject.session, &args.subject.message) {
        (Some(session), _) => Subject::Session(session.as_str().into()),
        (None, message) => Subject::Message(message.as_deref().unwrap_or_default().into()),
    };
    let assignment = Assignment {
        subject,
        arm: args.arm.clone(),
        at: Timestamp::now(),
        reason: args.reason.clone(),
    };
    let bar = Bar::new(printer.is_quiet());
    let reading = logs::read(&super::logs(&args.logs)?, &bar);
    drop(bar);
    let requests = workspace.assign(&assignment, &reading)?;
    if printer.is_json() {
        let document = json!({"schema": 1, "assigned": assignment, "requests": requests});
        printer.document(&document)?;
        return Ok(());
    }
    let what = match &assignment.subject {
        Subject::Session(session) => format!("session {}", shown(session.as_str())),
        Subject::Message(message) => format!("message {}", shown(message.as_str())),
    };
    let requests = counted(requests, "request");
    printer.line(format_args!("{what} belongs to arm {} now: {requests}", assignment.arm))?;
    Ok(())
}

fn root_text(root: &Root) -> String {
    let path = shown(&root.path);
    match root.from {
        Some(from) => format!("{path} (from {from})"),
        None => path,
    }
}

/// The zone that is in force for an arm: its own, its client's, the operator's.
fn zone_of<'w>(workspace: &'w Workspace, arm: &'w octorato::core::Arm) -> &'w str {
    let of_client = || workspace.arms().client(&arm.client)?.zone.as_ref();
    let zone = arm.zone.as_ref().or_else(of_client).unwrap_or(&workspace.arms().zone);
    zone.iana_name().unwrap_or("UTC")
}

fn arm_json(workspace: &Workspace, arm: &octorato::core::Arm) -> Value {
    let roots: Vec<_> = arm
        .roots
        .iter()
        .map(|root| json!({"path": root.path, "from": root.from.map(|day| day.to_string())}))
        .collect();
    json!({
        "id": arm.id, "client": arm.client, "roots": roots, "remotes": arm.remotes,
        "aliases": arm.aliases, "timezone": zone_of(workspace, arm),
    })
}
