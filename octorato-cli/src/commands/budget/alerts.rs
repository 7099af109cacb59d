//! `octorato budget alerts`

use octorato::alerts::{Alert, Delivery};
use octorato::books::Books;
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::BudgetAlerts;
use crate::printer::{Printer, WARN};
use crate::render::foreign::shown;
use crate::render::numbers::counted;

pub(super) fn run(
    books: &Books,
    args: &BudgetAlerts,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    if !args.deliver {
        let waiting = books.alerts()?;
        if printer.is_json() {
            let rows: Vec<Value> = waiting.iter().map(|(sink, alert)| row(sink, alert)).collect();
            printer.document(&json!({"schema": 1, "waiting": rows}))?;
        } else if waiting.is_empty() {
            printer.remark("no alert waits");
        } else {
            for (sink, alert) in &waiting {
                printer.line(line("waits for", sink, alert))?;
            }
            printer.remark("`octorato budget alerts --deliver` tells the sinks now");
        }
        return Ok(Outcome::Fine);
    }
    let delivery = books.deliver_alerts(&std::thread::sleep)?;
    if printer.is_json() {
        printer.document(&document(&delivery))?;
    } else {
        show(&delivery, printer)?;
    }
    let is_fine = delivery.failed.is_empty();
    Ok(if args.strict && !is_fine { Outcome::Findings } else { Outcome::Fine })
}

fn row(sink: &str, alert: &Alert) -> Value {
    json!({"sink": sink, "alert": alert.document})
}

fn line(what: &str, sink: &str, alert: &Alert) -> String {
    let second = alert.at.strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("{second}  {what} {}  {}", shown(sink), shown(&alert.to_string()))
}

fn document(delivery: &Delivery) -> Value {
    let delivered: Vec<Value> =
        delivery.delivered.iter().map(|(sink, alert)| row(sink, alert)).collect();
    let failed: Vec<Value> = delivery
        .failed
        .iter()
        .map(|(sink, alert, error)| {
            let mut row = row(sink, alert);
            row["error"] = error.to_string().into();
            row
        })
        .collect();
    json!({
        "schema": 1, "delivered": delivered, "failed": failed, "waiting": delivery.waiting,
        "elsewhere": delivery.is_elsewhere,
    })
}

fn show(delivery: &Delivery, printer: &mut Printer) -> anyhow::Result<()> {
    if delivery.is_elsewhere {
        printer.remark("another octorato delivers them at this moment");
        return Ok(());
    }
    for (sink, alert) in &delivery.delivered {
        printer.line(line("told", sink, alert))?;
    }
    for (sink, alert, error) in &delivery.failed {
        let error = shown(&error.to_string());
        printer.line(format_args!("{WARN}{}{WARN:#}: {error}", line("not told", sink, alert)))?;
    }
    if delivery.waiting > 0 {
        let waiting = counted(delivery.waiting, "alert");
        printer.remark(format_args!("still to be told: {waiting}, at the next delivery"));
    } else if delivery.delivered.is_empty() {
        printer.remark("no alert waits");
    }
    Ok(())
}
