//! `octorato why`

use octorato::core::{AttributionReason, Error, ErrorKind, Money, UsageEvent};
use octorato::finops::logs;
use octorato::finops::price::{BookPrice, Charge, ChargeLine, ModelPrice};
use octorato::finops::recost::Standing;
use octorato::{Why, Workspace};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{Global, Why as Args};
use crate::printer::{BOLD, Printer};
use crate::progress::Bar;
use crate::render::charge::classes;
use crate::render::foreign;
use crate::render::numbers::{amount, counted, grouped};

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

fn show(workspace: &Workspace, why: &Why<'_>, printer: &mut Printer) -> anyhow::Result<()> {
    evidence(workspace, why, printer)?;
    price(why, printer)?;
    match &why.corrections {
        Some(standing) => corrections(standing, printer),
        None => Ok(()),
    }
}

/// What was restated of the request, and what of it is added to its amounts.
fn corrections(standing: &Standing<'_>, printer: &mut Printer) -> anyhow::Result<()> {
    printer.line("")?;
    for held in &standing.made {
        let made = held.correction;
        let signed = |money: Money| {
            let sign = if money.pico() < 0 { "" } else { "+" };
            format!("{sign}{money}")
        };
        let books = [&made.from, &made.to].map(|id| id.chars().take(16).collect::<String>());
        let mut text = format!(
            "list {}, contracted {} USD; prices {} to {}",
            signed(made.list_cost()?),
            signed(made.contracted_cost),
            books[0],
            books[1],
        );
        text += match (held.list, held.contracted) {
            (true, true) => "",
            (true, false) => "; the contracted part is of another amount and not added",
            (false, true) => "; the list part is of another amount and not added",
            (false, false) => "; of other amounts and not added",
        };
        if let Some(reason) = &made.reason {
            text = format!("{text}; {reason}");
        }
        printer.line(format_args!("  restated  {}", foreign::shown(&text)))?;
    }
    Ok(())
}

fn evidence(workspace: &Workspace, why: &Why<'_>, printer: &mut Printer) -> anyhow::Result<()> {
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
    Ok(())
}

fn price(why: &Why<'_>, printer: &mut Printer) -> anyhow::Result<()> {
    let mut fact = |name: &str, text: String| {
        printer.line(format_args!("  {name:<9} {}", foreign::shown(&text)))
    };
    match &why.price {
        Ok((price, priced)) => {
            fact("price", format!("{}: {}", why.event.model, found(price)))?;
            if !why.event.context.is_standard() {
                fact("variant", why.event.context.to_string())?;
            }
            if let Some((plan, share)) = why.plan {
                fact("plan", format!("{plan}; {} of its fee for the month", amount(share)))?;
            }
            let list = priced.list();
            let table = classes("List cost", list, ChargeLine::booked, list.booked());
            printer.line(format_args!("\n{table}"))?;
            if priced.applied().is_empty() {
                return Ok(());
            }
            printer.line("")?;
            for applied in priced.applied() {
                let units: Vec<_> = applied.units.iter().map(|unit| unit.name()).collect();
                let text = format!("{applied}: {}", units.join(", "));
                let kind = applied.kind.name();
                printer.line(format_args!("  {kind:<9} {}", foreign::shown(&text)))?;
            }
            let agreed = priced.contracted();
            let table = classes("Contracted", agreed, ChargeLine::booked, agreed.booked());
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

/// What the model is priced as, and why.
fn found(price: &BookPrice<'_>) -> String {
    let Some(listed) = price.listed() else {
        return format!("{}'s {}, an own model of prices.yaml", price.provider(), price.entry());
    };
    let matched = listed.matched();
    let exact = if matched.exact { "" } else { ", which it only resembles" };
    let (list, entry) = (listed.list().id(), listed.model().id());
    format!("{list}'s {entry}{exact}, by {} `{}`", matched.rule, matched.pattern)
}

fn whose(why: &Why<'_>) -> String {
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

fn document(why: &Why<'_>) -> Value {
    let UsageEvent { at, model, context, session, agent, agent_name, skill, cwd, evidence, .. } =
        &why.event;
    let price = why.price.as_ref().ok().map(|(price, priced)| {
        let listed = price.listed();
        let matched = listed.map(ModelPrice::matched);
        let agreements: Vec<_> = priced
            .applied()
            .iter()
            .map(|applied| {
                let units: Vec<_> = applied.units.iter().map(|unit| unit.name()).collect();
                json!({"kind": applied.kind.name(), "name": applied.to_string(), "classes": units})
            })
            .collect();
        json!({
            "provider": listed.map_or(price.provider(), |listed| listed.list().id()),
            "model": price.entry(),
            "matched_by": matched.map_or("own_model", |matched| matched.rule.name()),
            "pattern": matched.map_or(price.entry(), |matched| matched.pattern),
            "exact": price.is_exact(),
            "lines": lines(priced.list()), "list_cost": priced.list().booked(),
            "contracted_lines": lines(priced.contracted()),
            "contracted_cost": priced.contracted().booked(), "agreements": agreements,
        })
    });
    json!({
        "at": at, "model": model, "provider": why.event.provider, "context": context,
        "session": session, "agent": agent, "agent_name": agent_name,
        "parent_agent": why.event.parent_agent, "skill": skill, "cwd": cwd,
        "precision": why.event.precision,
        "arm": why.attribution.arm, "client": why.client, "reason": why.attribution.reason,
        "usage": why.event.usage, "price": price,
        "plan": why.plan.map(|(plan, share)| json!({"id": plan, "allocated_cost": share})),
        "corrections": why.corrections.as_ref().map_or_else(Vec::new, restated),
        "unpriced": why.price.as_ref().err().map(ToString::to_string),
        "evidence": {
            "reader": evidence.reader, "file": evidence.file, "line": evidence.line,
            "offset": evidence.offset, "records": evidence.records,
            "message": evidence.message, "request": evidence.request,
            "reported_cost": evidence.reported_cost,
        },
    })
}

/// Each correction as it was kept, and whether its parts are added to the amounts.
fn restated(standing: &Standing<'_>) -> Vec<Value> {
    let made = standing.made.iter();
    made.map(|held| {
        json!({"correction": held.correction, "list_holds": held.list,
            "contracted_holds": held.contracted})
    })
    .collect()
}

fn lines(charge: &Charge) -> Vec<Value> {
    let line = |line: &ChargeLine| {
        json!({"class": line.unit().name(), "count": line.count(),
            "rate": line.rate().to_string(), "per": line.per(), "cost": line.booked()})
    };
    charge.lines().iter().map(line).collect()
}
