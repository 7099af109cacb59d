//! `octorato price`

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;

use jiff::Timestamp;
use octorato::core::{Error, Unit, Usage};
use octorato::finops::price::{Catalog, ChargeLine};
use octorato::quote::{Answer, Consumed, Question, Quote};

use crate::Outcome;
use crate::args::{Classes, Price as Args};
use crate::printer::{BOLD, FAINT, Printer, WARN};
use crate::render::charge::classes;
use crate::render::foreign;
use crate::render::numbers::grouped;

pub(crate) fn run(args: &Args, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let catalog = Catalog::builtin();
    if let Some(file) = &args.batch {
        return batch(catalog, file, args.strict, printer);
    }
    let now = Timestamp::now();
    let question = Question {
        provider: args.provider.clone(),
        model: args.model.clone(),
        timestamp: args.at,
        usage: Consumed::Classes(usage(&args.classes)),
        context: args.variant.iter().cloned().collect(),
        ..Question::default()
    };
    let quote = question.quote(catalog, now)?;
    if args.strict {
        quote.refuse_doubts()?;
    }
    if printer.is_json() {
        printer.document(&quote)?;
    } else {
        show(&quote, args.at.unwrap_or(now), printer)?;
    }
    Ok(Outcome::Fine)
}

fn usage(classes: &Classes) -> Usage {
    let mut usage = Usage::new()
        .with(Unit::Input, classes.input)
        .with(Unit::Output, classes.output)
        .with(Unit::Reasoning, classes.reasoning)
        .with(Unit::CacheRead, classes.cache_read)
        .with(Unit::CacheWrite5m, classes.cache_write_5m)
        .with(Unit::CacheWrite1h, classes.cache_write_1h)
        .with(Unit::WebSearches, classes.web_searches);
    for &(unit, count) in &classes.unit {
        usage.set(unit, count);
    }
    usage
}

fn show(quote: &Quote<'_>, at: Timestamp, printer: &mut Printer) -> anyhow::Result<()> {
    let (price, charge) = (&quote.price, &quote.charge);
    let matched = price.matched();
    let (provider, list, entry) = (price.provider().id(), price.list().id(), price.model().id());
    printer.line(format_args!("{BOLD}${}{BOLD:#}", charge.usd()))?;
    let sold = if provider == list { String::new() } else { format!(", sold by {provider}") };
    let found = format!("{list}'s {entry}{sold}, by {} `{}`", matched.rule, matched.pattern);
    printer.line(format_args!("{FAINT}{}{FAINT:#}", foreign::shown(&found)))?;
    let second = at.strftime("%Y-%m-%d %H:%M:%S UTC");
    printer.line(format_args!("{FAINT}at {second}, prices {}{FAINT:#}", quote.snapshot))?;
    if !charge.lines().is_empty() {
        let table = classes("List cost", charge, ChargeLine::amount, charge.usd());
        printer.line(format_args!("\n{table}"))?;
    }
    let mut mark =
        |text: String| printer.line(format_args!("{WARN}note:{WARN:#} {}", foreign::shown(&text)));
    if !charge.is_exact() {
        mark("no decimal is exact for a rate per hour; the amount has 28 digits".to_owned())?;
    }
    if !matched.exact {
        mark(format!("the name only resembles {entry}, which may be dearer or cheaper"))?;
    }
    for (name, value) in charge.ignored().context.iter() {
        mark(format!("there is no price for {name}={value}; the amount leaves it out of account"))?;
    }
    for (unit, count) in &charge.ignored().units {
        mark(format!("there is no price for {unit}; {} are not in the amount", grouped(count)))?;
    }
    Ok(())
}

/// Answers line by line; whoever asks through a pipe has an answer before the next question.
fn batch(
    catalog: &Catalog,
    file: &Path,
    strict: bool,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let mut lines: BufReader<Box<dyn io::Read>> = if file == Path::new("-") {
        BufReader::new(Box::new(io::stdin()))
    } else {
        let opened = File::open(file).map_err(|error| Error::io("cannot read", file, error))?;
        BufReader::new(Box::new(opened))
    };
    let now = Timestamp::now();
    let (mut answered, mut failed) = (0_u64, 0_u64);
    let mut line = Vec::new();
    while {
        line.clear();
        lines.read_until(b'\n', &mut line).map_err(|error| Error::io("cannot read", file, error))?
            > 0
    } {
        let question = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
        if question.is_empty() {
            continue;
        }
        let answer = Answer::to_line(question, catalog, now, strict);
        answered += 1;
        failed += u64::from(answer.quote.is_err());
        serde_json::to_writer(printer.out(), &answer).map_err(io::Error::from)?;
        printer.line("")?;
        if lines.buffer().is_empty() {
            printer.out().flush()?;
        }
    }
    if failed > 0 {
        let of = format!("{} of {} lines have no price", grouped(&failed), grouped(&answered));
        printer.remark(of);
    }
    Ok(if strict && failed > 0 { Outcome::Findings } else { Outcome::Fine })
}
