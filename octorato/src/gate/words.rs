//! What the gate says of budgets: to an agent of one arm, about nothing but that arm.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use octorato_core::{Error, Money, Result};
use octorato_finops::ledger::{Disclosed, Level, Shortage, Standing};

/// Why a call is denied. Of the budgets that it fails, one of the arm's own is told in full; of an
/// operator's or a client's only that there is one and when it resets.
pub(super) fn denial(shortage: &Shortage, zone: &TimeZone) -> Result<String> {
    let disclosed = shortage.for_an_arm();
    let own = disclosed.iter().find_map(|disclosed| match disclosed {
        Disclosed::Own(standing) => Some(*standing),
        Disclosed::OperatorLimit { .. } => None,
    });
    let Some(standing) = own else {
        let resets = disclosed.iter().find_map(|disclosed| match disclosed {
            Disclosed::OperatorLimit { resets } => Some(*resets),
            Disclosed::Own(_) => None,
        });
        let resets = resets_at(resets.flatten(), zone);
        return Ok(format!("the operator limit leaves nothing for this call{resets}"));
    };
    let Standing { name, cap, limit, spent, .. } = standing;
    let reserved = standing.reserved()?;
    let held = match reserved.pico() {
        0 => String::new(),
        _ => format!(", {} held", dollars(reserved)),
    };
    let limit = if limit == cap { String::new() } else { format!(", limit {}", dollars(*limit)) };
    Ok(format!(
        "budget `{name}`: {} spent{held} of {}{limit}{}; `octorato budget extend` raises it",
        dollars(*spent),
        dollars(*cap),
        resets_at(standing.resets, zone),
    ))
}

/// What is left of the arm's own budgets that have come far; nothing where none has.
///
/// Far is what the operator says by a tier that warns; under a limit that is enforced it is the last
/// fifth as well.
pub(super) fn left<'s>(
    standings: impl IntoIterator<Item = &'s Standing>,
    zone: &TimeZone,
) -> Result<Option<String>> {
    let mut parts = Vec::new();
    for standing in standings {
        let left = standing.remaining()?;
        let left = if left.pico() < 0 { Money::zero(left.currency()) } else { left };
        parts.push(format!(
            "{} left of the {} of budget `{}`{}",
            dollars(left),
            dollars(standing.limit),
            standing.name,
            resets_at(standing.resets, zone),
        ));
    }
    Ok((!parts.is_empty()).then(|| format!("Octorato: {}.", parts.join("; "))))
}

/// Whether the agent is told how much is left.
pub(super) fn is_told(standing: &Standing) -> Result<bool> {
    if !matches!(standing.for_an_arm(), Disclosed::Own(_)) || standing.is_shadow {
        return Ok(false);
    }
    let is_warned = standing.level >= Level::Warn;
    let left = standing.remaining()?.pico();
    let is_last_fifth = standing.is_enforced && left <= standing.limit.pico() / 5;
    Ok(is_warned || is_last_fifth)
}

/// Why nothing can be said. It tells the operator where to look, and nothing of what is there: a
/// finding may quote another client's name.
pub(super) fn unknown(error: &Error) -> String {
    let place = error.diagnostics().iter().find_map(|finding| {
        let (source, span) = finding.place.as_ref()?;
        let at = source.line_column(span.start);
        let name = source.name().rsplit(['/', '\\']).next().unwrap_or_default();
        Some(format!("{name}:{}:{} {}", at.line, at.column, finding.code))
    });
    match place {
        Some(place) => format!("the configuration cannot be used ({place})"),
        None => format!("the budgets cannot be checked now ({})", error.kind().name()),
    }
}

/// `; resets 2026-12-01 00:00 Europe/Rome`
fn resets_at(at: Option<Timestamp>, zone: &TimeZone) -> String {
    at.map_or_else(String::new, |at| {
        let at = at.to_zoned(zone.clone());
        let name = zone.iana_name().unwrap_or("UTC");
        format!("; resets {} {name}", at.strftime("%Y-%m-%d %H:%M"))
    })
}

/// `$1234.50`: to the last digit, at least two decimals.
fn dollars(amount: Money) -> String {
    let text = amount.to_string();
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => ("-", text),
        None => ("", text.as_str()),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{sign}${whole}.{fraction:0<2}")
}
