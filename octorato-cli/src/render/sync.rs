//! What a sync did, for people.

use octorato::core::{ArmId, Currency, Money, Result};
use octorato::sync::{Booked, Claimed, SyncReport};

use super::foreign::shown;
use super::numbers::{amount, amounts, counted, grouped};
use super::report::found;
use super::table::{Align, Table};

/// How what belongs to nobody is called.
fn named(arm: Option<&ArmId>) -> String {
    arm.map_or_else(|| "(unattributed)".to_owned(), ToString::to_string)
}

/// What was booked, by arm.
pub(crate) fn rows(report: &SyncReport) -> Result<Table> {
    let mut table = Table::new(&[
        ("Arm", Align::Left),
        ("New requests", Align::Right),
        ("Grown", Align::Right),
        ("List cost", Align::Right),
    ]);
    let total = report.total()?;
    let all: Vec<&Booked> = report.arms.values().chain([&total]).collect();
    let costs = amounts(&all.iter().map(|booked| Some(booked.amount)).collect::<Vec<_>>());
    let cells = |booked: &Booked, cost: &str| {
        [grouped(&booked.requests), grouped(&booked.revisions), cost.to_owned()]
    };
    for ((arm, booked), cost) in report.arms.iter().zip(&costs) {
        table.row([named(arm.as_ref())].into_iter().chain(cells(booked, cost)));
    }
    if let Some(cost) = costs.last() {
        table.total(["Total".to_owned()].into_iter().chain(cells(&total, cost)));
    }
    Ok(table)
}

/// What was read and what became of it, in one line.
pub(crate) fn summary(report: &SyncReport) -> String {
    let mut parts = vec![
        counted(report.files, "transcript"),
        format!("{} of them with news", grouped(&report.read.len())),
    ];
    if report.is_empty() {
        parts.push("nothing to book".to_owned());
    }
    if report.known > 0 {
        parts.push(format!("{} known already", counted(report.known, "request")));
    }
    if report.metered > 0 {
        parts.push(format!("{} metered live", counted(report.metered, "request")));
    }
    if report.reassigned > 0 {
        parts.push(format!("{} moved to another arm", counted(report.reassigned, "request")));
    }
    if !report.reattributed.is_empty() {
        parts.push(format!("given to arms declared later: {}", claims(&report.reattributed)));
    }
    if report.is_stopped {
        parts.push("stopped before the end".to_owned());
    }
    parts.join(", ")
}

/// So many requests of each arm.
pub(crate) fn claims(rows: &[Claimed]) -> String {
    let row = |row: &Claimed| {
        format!("{}, {} to `{}`", counted(row.requests, "request"), amount(row.list_cost), row.arm)
    };
    rows.iter().map(row).collect::<Vec<_>>().join("; ")
}

/// What was not booked as one would expect, and why, a line each.
pub(crate) fn notes(report: &SyncReport) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(booked) = report.arms.get(&None) {
        notes.push(format!(
            "unattributed: {}, {}, in folders of no arm; `octorato arm assign` gives a session to one",
            counted(booked.requests, "request"),
            amount(booked.amount),
        ));
    }
    for Claimed { arm, requests, list_cost } in &report.claimed {
        notes.push(format!(
            "without an arm: {}, {}, though arm `{arm}` claims {} now; `octorato sync --reattribute` gives {} to it",
            counted(*requests, "request"),
            amount(*list_cost),
            if *requests == 1 { "it" } else { "them" },
            if *requests == 1 { "it" } else { "them" },
        ));
    }
    for row in &report.unpriced {
        notes.push(format!(
            "booked without an amount: {} of {}, {} tokens: {}",
            counted(row.requests, "request"),
            if row.model.as_str().is_empty() { "(no model)" } else { row.model.as_str() },
            grouped(&row.tokens),
            row.reason,
        ));
    }
    for row in &report.refused {
        notes.push(format!("not booked: {}: {}", row.key, row.reason));
    }
    notes.extend(report.findings.skipped().map(|finding| found("not counted", finding)));
    notes.extend(report.findings.repaired().map(|finding| found("counted all the same", finding)));
    notes.iter().map(|note| shown(note)).collect()
}

/// What changed, a line for each arm and each thing to know.
pub(crate) fn lines(report: &SyncReport) -> Vec<String> {
    let mut lines = Vec::new();
    for (arm, booked) in &report.arms {
        let Booked { requests, revisions, amount: cost } = booked;
        let sign = if *cost < Money::zero(Currency::USD) { "" } else { "+" };
        let grown = match revisions {
            0 => String::new(),
            count => format!(", {} grown", grouped(count)),
        };
        let (arm, cost) = (named(arm.as_ref()), amount(*cost));
        lines.push(format!("{arm}: {sign}{cost}, {}{grown}", counted(*requests, "request")));
    }
    if report.reassigned > 0 {
        lines.push(format!("{} moved to another arm", counted(report.reassigned, "request")));
    }
    if report.metered > 0 {
        lines.push(format!("{} metered live", counted(report.metered, "request")));
    }
    for row in &report.unpriced {
        lines.push(format!("{} without a price: {}", counted(row.requests, "request"), row.reason));
    }
    for row in &report.refused {
        lines.push(format!("not booked: {}: {}", row.key, row.reason));
    }
    lines.iter().map(|line| shown(line)).collect()
}
