//! `octorato price --request`

use std::path::Path;

use jiff::Timestamp;
use octorato::core::{Error, ErrorKind, UnitKind};
use octorato::finops::price::{Bound, Modality, ModelPrice, PriceBook, Term, WorstCase};
use octorato::quote::{Estimate, Question};

use crate::Outcome;
use crate::args::Price as Args;
use crate::printer::{BOLD, FAINT, Printer, WARN};
use crate::render::foreign::shown;
use crate::render::numbers::{amounts, counted, grouped};
use crate::render::table::{Align, Table};

/// Shows the most that a request can cost; exits with 1 where there is no such amount.
pub(super) fn run(
    book: &PriceBook,
    file: &Path,
    args: &Args,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let text = super::super::read(file)?;
    let body = serde_json::from_str(&text).map_err(|error| {
        Error::new(ErrorKind::InvalidArgument, format!("not JSON: `{}`", file.display()))
            .caused_by(error)
            .hinted("give the body of a request as it goes to the provider")
    })?;
    let question = Question {
        provider: args.provider.clone(),
        model: args.model.clone(),
        timestamp: args.at,
        request: Some(body),
        api_flavor: args.api_flavor.clone(),
        context: args.variant.iter().cloned().collect(),
        ..Question::default()
    };
    let estimate = question.estimate(book, Timestamp::now())?;
    if args.strict {
        estimate.refuse_doubts()?;
    }
    if printer.is_json() {
        printer.document(&estimate)?;
    } else {
        show(&estimate, printer)?;
    }
    Ok(match estimate.worst {
        WorstCase::Bounded(_) => Outcome::Fine,
        WorstCase::Unbounded(_) => Outcome::Findings,
    })
}

fn show(estimate: &Estimate<'_>, printer: &mut Printer) -> anyhow::Result<()> {
    let Estimate { price, worst, request, at, book } = estimate;
    match worst {
        WorstCase::Bounded(bound) => {
            printer.line(format_args!("{BOLD}at most ${}{BOLD:#}", bound.amount()))?;
        }
        WorstCase::Unbounded(_) => printer.line(format_args!("{WARN}no limit{WARN:#}"))?,
    }
    let found = super::found(price);
    printer.line(format_args!("{FAINT}{}{FAINT:#}", shown(&found)))?;
    let second = at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let snapshot = book.catalog().snapshot();
    printer.line(format_args!("{FAINT}sent at {second}, prices {snapshot}{FAINT:#}"))?;
    match worst {
        WorstCase::Bounded(bound) => {
            printer.line(format_args!("\n{}", terms(bound)))?;
            for line in why(estimate, bound) {
                printer.line(shown(&line))?;
            }
        }
        WorstCase::Unbounded(reasons) => {
            printer.line("")?;
            for reason in reasons {
                printer.line(format_args!("{WARN}unbounded:{WARN:#} {}", shown(reason)))?;
            }
            printer
                .remark("no cap can hold for such a request: limit what is named, or leave it out");
        }
    }
    let unknown = request.unknown_fields.iter().map(|name| format!("`{name}`"));
    let unknown: Vec<_> = unknown.collect();
    if !unknown.is_empty() {
        let fields = shown(&unknown.join(", "));
        printer.line(format_args!(
            "{WARN}note:{WARN:#} fields that no documentation names, counted as text: {fields}"
        ))?;
    }
    if let Some(note) = super::similar(price) {
        printer.line(format_args!("{WARN}note:{WARN:#} {}", shown(&note)))?;
    }
    Ok(())
}

fn terms(bound: &Bound) -> Table {
    let mut table = Table::new(&[
        ("Part", Align::Left),
        ("At most", Align::Right),
        ("Dearest rate", Align::Right),
        ("Cost", Align::Right),
    ]);
    let mut costs: Vec<_> =
        bound.terms().iter().map(|term| Some(term.amount.to_string())).collect();
    costs.push(Some(bound.amount().to_string()));
    let mut costs = amounts(&costs).into_iter();
    for (term, cost) in bound.terms().iter().zip(costs.by_ref()) {
        let name = term.unit.name().replace('_', " ");
        let part = match term.kind {
            UnitKind::InputTokens => "input tokens",
            UnitKind::OutputTokens => "output tokens",
            _ => &name,
        };
        let rate = format!("{name} ${} / {}", term.rate, grouped(&term.per));
        let rate = if term.kind == UnitKind::Count { rate.replacen(&name, "", 1) } else { rate };
        table.row([part.to_owned(), grouped(&term.count), rate.trim().to_owned(), cost]);
    }
    let total = costs.next().unwrap_or_default();
    table.total(["Total".to_owned(), String::new(), String::new(), total]);
    table
}

/// What the counts are made of, and which rates were taken.
fn why(estimate: &Estimate<'_>, bound: &Bound) -> Vec<String> {
    let request = &estimate.request;
    let of = |kind: UnitKind| bound.terms().iter().find(|term| term.kind == kind);
    let rounds = request.rounds.unwrap_or(1);
    let mut lines = Vec::new();
    if let Some(term) = of(UnitKind::InputTokens) {
        lines.push(format!("input: {}{}", input(estimate, term, rounds), again(rounds)));
    }
    if of(UnitKind::OutputTokens).is_some() {
        let most = grouped(&bound.max_output_tokens());
        let limit = match request.max_output {
            Some(_) if request.reasoning_apart => {
                format!(
                    "{most} tokens, the request's own limit and reasoning, which it does not limit"
                )
            }
            Some(_) => format!("{most} tokens, the request's own limit"),
            None => {
                format!(
                    "{most} tokens, the most that the model can write, since the request sets no limit"
                )
            }
        };
        let mut parts = vec![format!("output: {limit}")];
        if request.extra_output > 0 {
            parts.push(format!("and {} of a prediction", grouped(&request.extra_output)));
        }
        if request.answers > 1 {
            parts.push(format!("in each of {} answers", grouped(&request.answers)));
        }
        lines.push(parts.join(", ") + &again(rounds));
    }
    let (open, asked): (Vec<_>, Vec<_>) =
        bound.context().iter().partition(|(name, value)| request.context.get(name) != Some(*value));
    let pairs = |pairs: Vec<(&str, &str)>| {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join(", ")
    };
    if !asked.is_empty() {
        lines.push(format!("rates: of {}, as asked for", pairs(asked)));
    }
    if !open.is_empty() {
        let open = pairs(open);
        lines
            .push(format!("rates: of {open}, the dearest that the request leaves to the provider"));
    }
    let passed = |(name, value): &(&str, &str)| bound.context().get(name) != Some(*value);
    let cheaper: Vec<_> = request.context.iter().filter(passed).collect();
    if !cheaper.is_empty() {
        let cheaper = pairs(cheaper);
        lines.push(format!("rates: not of {cheaper}, which the provider may not grant"));
    }
    if bound.is_agreed() {
        lines
            .push("rates: as agreed in your prices.yaml, which is dearer than the list".to_owned());
    }
    lines
}

/// What the input of one round is made of.
fn input(estimate: &Estimate<'_>, term: &Term, rounds: u64) -> String {
    let request = &estimate.request;
    let bytes = grouped(&request.text_bytes);
    let mut parts = vec![format!("{bytes} for the text, one for each byte")];
    if request.overhead_tokens > 0 {
        parts.push(format!("{} that the provider may add", grouped(&request.overhead_tokens)));
    }
    let known = request.text_bytes.saturating_add(request.overhead_tokens);
    let rest = (term.count / rounds.max(1)).saturating_sub(known);
    let mut what: Vec<String> = Vec::new();
    for modality in [Modality::Image, Modality::Audio, Modality::Video, Modality::Document] {
        let count = request.media.iter().filter(|media| media.modality == modality).count() as u64;
        match modality {
            _ if count == 0 => {}
            Modality::Audio => what.push(counted(count, "sound")),
            _ => what.push(counted(count, modality.name())),
        }
    }
    what.extend(request.hidden.iter().map(ToString::to_string));
    let model = estimate.price.listed().map(ModelPrice::model);
    let window = model.and_then(|model| model.context_window().max(model.max_input()));
    if rest > 0 {
        let most = match window {
            Some(window) if rest >= window => ", of which only the model's context window is known",
            _ => "",
        };
        parts.push(format!("{} for {}{most}", grouped(&rest), what.join(" and ")));
    }
    parts.join("; ")
}

fn again(rounds: u64) -> String {
    if rounds == 1 {
        return String::new();
    }
    format!("; in each of {} rounds of the provider's own tools", grouped(&rounds))
}
