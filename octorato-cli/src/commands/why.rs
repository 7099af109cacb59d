//! `octorato why`

use octorato::core::{AttributionReason, Error, ErrorKind, UsageEvent};
use octorato::finops::logs;
use octorato::finops::price::ChargeLine;
use octorato::{Why, Workspace};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{Global, Why as Args};
use crate::printer::{BOLD, Printer};
use crate::progress::Bar;
use crate::render::charge::classes;
use crate::render::foreign;
use crate::render::numbers::{counted, grouped};

pub(crate) fn run(global: &Global, args: &Args, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let workspace = super::workspace(global)?;
    let bar = Bar::new(printer.is_quiet());
    let reading = logs::read(&super::logs(&args.logs)?, &bar);
    drop(bar);
    let found = workspace.why(&reading, &args.message.as_str().into())?;
    if found.is_empty() {
        let error = format!("no such message in the transcripts: `{}`", args.message);
        return Err(Error::new(ErrorKind::NotFound, error)
            .hinted("message ids look like `msg_…`; --logs names other transcripts")
            .into());
    }
    if printer.is_json() {
        let requests: Vec<_> = found.iter().map(document).collect();
        printer.document(&json!({"schema": 1, "requests": requests}))?;
        return Ok(Outcome::Fine);
    }
    for (at, why) in found.iter().enumerate() {
        if at > 0 {
            printer.line("")?;
        }
        show(&workspace, why, printer)?;
    }
    Ok(Outcome::Fine)
}

fn show(workspace: &Workspace, why: &Why, printer: &mut Printer) -> anyhow::Result<()> {
    let UsageEvent { evidence, .. } = &why.event;
    let zone = &workspace.arms().zone;
    let local = why.event.at.to_zoned(zone.clone());
    let id = evidence.message.as_ref().map_or("", |id| id.as_str());
    printer.line(format_args!("{BOLD}{}{BOLD:#}", foreign::shown(id)))?;
    let mut fact = |name: &str, text: String| {
        printer.line(format_args!("  {name:<9} {}", foreign::shown(&text)))
    };
    fact("arm", whose(why))?;
    if let Some(cwd) = &why.event.cwd {
        fact("folder", cwd.to_string())?;
    }
    if let Some(session) = &why.event.session {
        fact("session", session.to_string())?;
    }
    let agent = why.event.agent.as_ref().map(|id| match &why.event.agent_name {
        Some(name) => format!("{name} ({id})"),
        None => id.to_string(),
    });
    if let Some(agent) = agent {
        fact("agent", agent)?;
    }
    if let Some(skill) = &why.event.skill {
        fact("skill", skill.to_string())?;
    }
    fact("made", format!("{}, {}", local.strftime("%Y-%m-%d %H:%M:%S %Z"), why.event.at))?;
    let place = format!("{}:{}, byte {}", evidence.file.display(), evidence.line, evidence.offset);
    fact("evidence", format!("{place}, {}", counted(evidence.records.into(), "record")))?;
    if let Some(request) = &evidence.request {
        fact("request", request.to_string())?;
    }
    if let Some(cost) = &evidence.reported_cost {
        fact("agent says", format!("{cost} USD; kept as evidence, not as the price"))?;
    }
    match &why.price {
        Ok((price, charge)) => {
            let matched = price.matched();
            let exact = if matched.exact { "" } else { ", which it only resembles" };
            let (list, entry) = (price.list().id(), price.model().id());
            let rule = format!("{} `{}`", matched.rule, matched.pattern);
            fact("price", format!("{}: {list}'s {entry}{exact}, by {rule}", why.event.model))?;
            if !why.event.context.is_standard() {
                fact("variant", why.event.context.to_string())?;
            }
            let table = classes(charge, ChargeLine::booked, charge.booked());
            printer.line(format_args!("\n{table}"))?;
        }
        Err(error) => {
            fact("price", format!("none: {error}"))?;
            let counts = why.event.usage.iter();
            let counts: Vec<_> =
                counts.map(|(unit, n)| format!("{unit} {}", grouped(&n))).collect();
            fact("usage", counts.join(", "))?;
        }
    }
    Ok(())
}

fn whose(why: &Why) -> String {
    let Some(arm) = &why.attribution.arm else {
        return "nobody's: its folder is under no root, and nothing else names an arm".to_owned();
    };
    let client = why.client.as_ref().map_or(String::new(), |client| format!(" of {client}"));
    let rule = match why.attribution.reason {
        AttributionReason::Pinned => "assigned by hand",
        AttributionReason::Root => "its folder is under a root",
        AttributionReason::RealPath => "its folder is under a root once links are followed",
        AttributionReason::Worktree => "its folder is a worktree of a repository under a root",
        AttributionReason::Remote => "the git remote of its folder is the arm's",
        AttributionReason::Inherited => "inherited: what its session was last known to work for",
        other => other.name(),
    };
    format!("{arm}{client}: {rule}")
}

fn document(why: &Why) -> Value {
    let UsageEvent { at, model, context, session, agent, agent_name, skill, cwd, evidence, .. } =
        &why.event;
    let price = why.price.as_ref().ok().map(|(price, charge)| {
        let lines: Vec<_> = charge
            .lines()
            .iter()
            .map(|line| {
                json!({"class": line.unit().name(), "count": line.count(),
                    "rate": line.rate().to_string(), "per": line.per(), "cost": line.booked()})
            })
            .collect();
        json!({
            "provider": price.list().id(), "model": price.model().id(),
            "matched_by": price.matched().rule, "pattern": price.matched().pattern,
            "exact": price.matched().exact, "lines": lines, "list_cost": charge.booked(),
        })
    });
    json!({
        "at": at, "model": model, "provider": why.event.provider, "context": context,
        "session": session, "agent": agent, "agent_name": agent_name,
        "parent_agent": why.event.parent_agent, "skill": skill, "cwd": cwd,
        "precision": why.event.precision,
        "arm": why.attribution.arm, "client": why.client, "reason": why.attribution.reason,
        "usage": why.event.usage, "price": price,
        "unpriced": why.price.as_ref().err().map(ToString::to_string),
        "evidence": {
            "reader": evidence.reader, "file": evidence.file, "line": evidence.line,
            "offset": evidence.offset, "records": evidence.records,
            "message": evidence.message, "request": evidence.request,
            "reported_cost": evidence.reported_cost,
        },
    })
}
