//! `octorato sync`

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use octorato::Workspace;
use octorato::books::{Access, Books};
use octorato::core::{Error, ErrorKind, Result};
use octorato::finops::logs::{Place, Quiet};
use octorato::sync::{SyncReport, Syncer};
use serde_json::json;

use crate::Outcome;
use crate::args::{Global, Sync as Args};
use crate::printer::{Printer, WARN};
use crate::progress::Bar;
use crate::render::foreign::shown;
use crate::render::sync as text;

pub(crate) fn run(global: &Global, args: &Args, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let logs = super::logs(&args.logs)?;
    let stop = stop_on_signals()?;
    if args.watch {
        watch(global, args, &logs, &stop, printer)?;
        return Ok(Outcome::Fine);
    }
    let workspace = super::workspace(global)?;
    printer.warnings(workspace.warnings());
    printer.warnings(workspace.price_warnings());
    if args.dry_run {
        return preview(&workspace, printer);
    }
    let books = Books::open(&workspace, Access::Make)?;
    printer.warnings(books.regime().findings());
    let bar = Bar::new(printer.is_quiet());
    let report = Syncer::new(&workspace, books.ledger())
        .stopped_by(&stop)
        .reattributing(args.reattribute)
        .sync(&logs, &bar)?;
    drop(bar);
    if printer.is_json() {
        printer.document(&report)?;
    } else {
        show(&report, &workspace, printer)?;
    }
    printer.flush()?;
    alert(&books, printer)?;
    Ok(Outcome::Fine)
}

/// What a reattribution would move.
fn preview(workspace: &Workspace, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let books = Books::open(workspace, Access::Existing)?;
    let claimed = octorato::sync::claimed(workspace, books.ledger())?;
    if printer.is_json() {
        printer.document(&json!({"schema": 1, "currency": "USD", "claimed": claimed}))?;
    } else if claimed.is_empty() {
        printer.line("nothing is without an arm that one claims")?;
    } else {
        printer.line(format_args!("would give {}", text::claims(&claimed)))?;
    }
    Ok(Outcome::Fine)
}

/// Tells the sinks of budgets what was reached. What a sink does not take waits for the next sync.
fn alert(books: &Books, printer: &mut Printer) -> Result<()> {
    let delivery = books.deliver_alerts(&thread::sleep)?;
    for (sink, alert, error) in &delivery.failed {
        let told = shown(&format!("an alert waits, `{sink}` does not take it: {error} ({alert})"));
        printer.remark(format_args!("{WARN}{told}{WARN:#}"));
    }
    Ok(())
}

fn show(report: &SyncReport, workspace: &Workspace, printer: &mut Printer) -> anyhow::Result<()> {
    if !report.arms.is_empty() {
        printer.line(format_args!("{}\n", text::rows(report)?))?;
    }
    printer.line(text::summary(report))?;
    for note in text::notes(report) {
        printer.line(format_args!("{WARN}{note}{WARN:#}"))?;
    }
    if report.files == 0 {
        printer.remark("no transcripts were found; name a folder of them with --logs");
    } else if !workspace.has_arms_file() {
        printer.remark("no arms are declared yet; `octorato scan` proposes some");
    }
    Ok(())
}

/// Books what is gained until asked to stop. What was edited in the configuration is read again; a
/// ledger that does not answer is tried again.
fn watch(
    global: &Global,
    args: &Args,
    logs: &[Place],
    stop: &AtomicBool,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let interval = Duration::from_secs(args.interval);
    printer.remark("watching; Ctrl-C stops");
    while !stop.load(Ordering::Relaxed) {
        let workspace = super::workspace(global)?;
        let edited = edits(&workspace);
        let outcome = Books::open(&workspace, Access::Make).and_then(|books| {
            let mut syncer = Syncer::new(&workspace, books.ledger()).stopped_by(stop);
            loop {
                let report = syncer.sync(logs, &Quiet)?;
                tell(&report, printer)?;
                alert(&books, printer)?;
                if !waited(interval, stop) || edits(&workspace) != edited {
                    return Ok(());
                }
            }
        });
        match outcome {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                printer.remark(format_args!("{error}; trying again"));
                waited(interval, stop);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Prints what changed, at once.
fn tell(report: &SyncReport, printer: &mut Printer) -> Result<()> {
    let failed = |error: anyhow::Error| match error.downcast::<std::io::Error>() {
        Ok(error) => Error::new(ErrorKind::Io, "cannot print").caused_by(error),
        Err(error) => Error::new(ErrorKind::Io, format!("cannot print: {error}")),
    };
    let has_news = !report.is_empty() || !report.unpriced.is_empty() || !report.refused.is_empty();
    if !has_news {
        return Ok(());
    }
    if printer.is_json() {
        let line = serde_json::to_string(report).map_err(|error| failed(error.into()))?;
        printer.line(line).map_err(|error| failed(error.into()))?;
    } else {
        let now = Timestamp::now().strftime("%FT%TZ");
        for line in text::lines(report) {
            printer.line(format_args!("{now} {line}")).map_err(|error| failed(error.into()))?;
        }
    }
    printer.flush().map_err(failed)
}

/// Sleeps for a while; false where it is time to stop.
fn waited(time: Duration, stop: &AtomicBool) -> bool {
    let until = Instant::now() + time;
    while !stop.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        thread::sleep(left.min(Duration::from_millis(100)));
    }
    false
}

/// When the files that decide what is booked where were written last.
fn edits(workspace: &Workspace) -> Vec<Option<(SystemTime, u64)>> {
    let places = workspace.places();
    let assignments = places.state.join("assignments.jsonl");
    [places.arms(), places.budgets(), places.prices(), assignments]
        .iter()
        .map(|file| {
            let metadata = file.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
        .collect()
}

/// Set once the process is asked to end: the commit in hand is finished first. Asked twice, it ends
/// at once.
#[cfg(unix)]
fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        let register = || {
            flag::register_conditional_default(signal, stop.clone())?;
            flag::register(signal, stop.clone())
        };
        register().map_err(|error| {
            Error::new(ErrorKind::Io, "cannot wait for signals").caused_by(error)
        })?;
    }
    Ok(stop)
}

/// Elsewhere the process just ends: what was not committed is booked by the next sync.
#[cfg(not(unix))]
fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    Ok(Arc::new(AtomicBool::new(false)))
}
