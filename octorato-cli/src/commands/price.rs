//! `octorato price`

mod request;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;

use jiff::Timestamp;
use octorato::core::{Error, ErrorKind, Unit, Usage};
use octorato::finops::price::{BookPrice, ChargeLine, ModelPrice, PriceBook};
use octorato::quote::{Answer, Consumed, Inside, Question, Quote};
use serde_json::Value;

use crate::Outcome;
use crate::args::{Classes, Global, Price as Args};
use crate::printer::{BOLD, FAINT, Printer, WARN};
use crate::render::charge::classes;
use crate::render::foreign::shown;
use crate::render::numbers::grouped;

pub(crate) fn run(global: &Global, args: &Args, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let book = &super::price_book(global, printer)?;
    if let Some(file) = &args.batch {
        return batch(book, file, args.strict, printer);
    }
    if let Some(file) = &args.request {
        return request::run(book, file, args, printer);
    }
    let now = Timestamp::now();
    let body = args.response.as_deref().map(response).transpose()?;
    let question = Question {
        provider: args.provider.clone(),
        model: args.model.clone(),
        timestamp: args.at,
        usage: usage(&args.classes).map(Consumed::Classes),
        body,
        api_flavor: args.api_flavor.clone(),
        context: args.variant.iter().cloned().collect(),
        ..Question::default()
    };
    if question.usage.is_none() && question.body.is_none() {
        return Err(Error::new(ErrorKind::InvalidArgument, "nothing says what was used")
            .hinted(
                "give counts, such as --input 1200 --output 400; `octorato prices show` has rates",
            )
            .into());
    }
    let quote = question.quote(book, now)?;
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

/// The JSON of a file, or of stdin for `-`.
fn response(file: &Path) -> Result<Value, Error> {
    let text = super::read(file)?;
    serde_json::from_str(&text).map_err(|error| {
        Error::new(ErrorKind::InvalidArgument, format!("not JSON: `{}`", file.display()))
            .caused_by(error)
            .hinted("give a response as the provider sent it")
    })
}

/// The counts that were given; nothing where there is none.
fn usage(classes: &Classes) -> Option<Usage> {
    let given = [
        (Unit::Input, classes.input),
        (Unit::Output, classes.output),
        (Unit::Reasoning, classes.reasoning),
        (Unit::CacheRead, classes.cache_read),
        (Unit::CacheWrite5m, classes.cache_write_5m),
        (Unit::CacheWrite1h, classes.cache_write_1h),
        (Unit::WebSearches, classes.web_searches),
    ];
    let given = given.into_iter().filter_map(|(unit, count)| Some((unit, count?)));
    let mut usage = None;
    for (unit, count) in given.chain(classes.unit.iter().copied()) {
        usage.get_or_insert_with(Usage::new).set(unit, count);
    }
    usage
}

fn show(quote: &Quote<'_>, at: Timestamp, printer: &mut Printer) -> anyhow::Result<()> {
    let (price, list) = (&quote.price, quote.priced.list());
    let agreed = quote.priced.contracted();
    let is_agreed = !quote.priced.applied().is_empty();
    let found = found(price);
    let listed = if is_agreed { " at list price" } else { "" };
    if list.lines().is_empty() && !list.ignored().units.is_empty() {
        printer.line(format_args!("{WARN}no price{WARN:#}"))?;
    } else {
        printer.line(format_args!("{BOLD}${}{BOLD:#}{listed}", list.usd()))?;
    }
    if is_agreed {
        let what: Vec<_> = quote.priced.applied().iter().map(ToString::to_string).collect();
        let what = shown(&what.join("; "));
        printer.line(format_args!("{BOLD}${}{BOLD:#} as agreed: {what}", agreed.usd()))?;
    }
    printer.line(format_args!("{FAINT}{}{FAINT:#}", shown(&found)))?;
    let second = at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let snapshot = quote.book.catalog().snapshot();
    printer.line(format_args!("{FAINT}at {second}, prices {snapshot}{FAINT:#}"))?;
    if !list.lines().is_empty() {
        let table = classes("List cost", list, ChargeLine::amount, list.usd());
        printer.line(format_args!("\n{table}"))?;
    }
    if is_agreed && !agreed.lines().is_empty() {
        let table = classes("Contracted", agreed, ChargeLine::amount, agreed.usd());
        printer.line(format_args!("\n{table}"))?;
    }
    for Inside { kind, quote: inside } in &quote.inside {
        match inside {
            Ok(inside) => {
                let model = shown(inside.price.entry());
                let usd = inside.usd();
                printer.line(format_args!("{kind} inside: {model}, ${usd}, billed beside it"))?;
            }
            Err(error) => {
                let error = shown(error);
                printer.line(format_args!("{WARN}{kind} inside has no price:{WARN:#} {error}"))?;
            }
        }
    }
    for note in notes(quote) {
        printer.line(format_args!("{WARN}note:{WARN:#} {}", shown(&note)))?;
    }
    Ok(())
}

/// The way to a price, in words.
fn found(price: &BookPrice<'_>) -> String {
    let Some(listed) = price.listed() else {
        return format!("{}'s {}, a model of your own", price.provider(), price.entry());
    };
    let (provider, owner) = (listed.provider().id(), listed.list().id());
    let sold = if provider == owner { String::new() } else { format!(", sold by {provider}") };
    let matched = listed.matched();
    let rule = matched.rule.name().replace('_', " ");
    format!("{owner}'s {}{sold}, by {rule} `{}`", price.entry(), matched.pattern)
}

/// Why the price is only that of a similar model, where it is.
fn similar(price: &BookPrice<'_>) -> Option<String> {
    let matched = price.listed().map(ModelPrice::matched).filter(|matched| !matched.exact)?;
    let why = matched.reason.sentence();
    Some(format!("the name is only similar to {}: {why}", price.entry()))
}

/// What is in doubt about the amount.
fn notes(quote: &Quote<'_>) -> Vec<String> {
    let (price, list) = (&quote.price, quote.priced.list());
    let mut notes = Vec::new();
    if !list.is_exact() {
        notes.push("no decimal is exact for a rate per hour; the amount has 28 digits".to_owned());
    }
    notes.extend(similar(price));
    for (name, value) in list.ignored().context.iter() {
        notes.push(format!("there is no price for {name}={value}; the amount does not show it"));
    }
    for (unit, count) in &list.ignored().units {
        notes.push(format!(
            "there is no price for {unit}; {} are not in the amount",
            grouped(count)
        ));
    }
    for place in quote.response.iter().flat_map(|response| &response.unread) {
        notes.push(format!("usage of an unknown kind in the response, not in the amount: {place}"));
    }
    notes
}

/// Answers line by line; whoever asks through a pipe has an answer before the next question.
fn batch(
    book: &PriceBook,
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
    let (mut answered, mut failed, mut partial) = (0_u64, 0_u64, 0_u64);
    let mut line = Vec::new();
    while {
        line.clear();
        lines.read_until(b'\n', &mut line).map_err(|error| Error::io("cannot read", file, error))?
            > 0
    } {
        let question = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
        let answer = Answer::to_line(question, book, now, strict);
        answered += 1;
        match &answer.reply {
            Ok(reply) => partial += u64::from(!reply.is_complete()),
            Err(_) => failed += 1,
        }
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
    if partial > 0 {
        let of =
            format!("{} of {} lines leave something out", grouped(&partial), grouped(&answered));
        printer.remark(of);
    }
    Ok(if strict && failed > 0 { Outcome::Findings } else { Outcome::Fine })
}
