//! What must hold of every number, to the last digit.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::numbers::{add_up, amount, pico};
use crate::sandbox::{Sandbox, copy, files};
use crate::transcript::Turn;

const DIMENSIONS: [&str; 12] = [
    "arm", "client", "project", "model", "provider", "day", "week", "month", "session", "agent",
    "skill", "reason",
];

/// Every column alone, and some together.
fn columns() -> Vec<String> {
    let together = ["client,model", "arm,day,model,agent", "month,reason,skill,project,session"];
    DIMENSIONS.iter().chain(&together).map(|by| (*by).to_owned()).collect()
}

fn rows(report: &Value) -> &[Value] {
    report["rows"].as_array().unwrap()
}

#[test]
fn rows_add_up_to_the_total_whatever_they_are_told_apart_by() {
    let sandbox = Sandbox::agency();
    let whole = sandbox.json("report")["total"].clone();
    for by in columns() {
        let report = sandbox.json(&format!("report --by {by}"));
        assert_eq!(report["total"], whole, "{by}");
        let (mut sum, mut total) = (BTreeMap::new(), BTreeMap::new());
        for row in rows(&report) {
            add_up(&mut sum, "", row);
        }
        add_up(&mut total, "", &whole);
        assert_eq!(sum, total, "{by}");
        assert!(total["/list_cost"] > 0 && total["/costs/output"] > 0);
    }
}

#[test]
fn what_the_classes_cost_adds_up_to_the_list_cost() {
    let sandbox = Sandbox::agency();
    let report = sandbox.json("report --by session,agent,model,day");
    let of_row = |row: &Value| match &row["costs"] {
        Value::Null => None,
        costs => Some(costs.as_object().unwrap().values().map(amount).sum::<i128>()),
    };
    for row in rows(&report).iter().chain([&report["total"], &report["unattributed"]]) {
        assert_eq!(of_row(row), row["list_cost"].as_str().and_then(pico), "{row}");
    }
}

#[test]
fn the_printed_column_adds_up_to_its_printed_total() {
    let sandbox = Sandbox::agency();
    for by in columns() {
        for costs in ["", "--costs"] {
            let table = sandbox.stdout(&format!("report --by {by} {costs}"));
            let cells = table_column(&table);
            let (total, rows) = cells.split_last().unwrap();
            assert_eq!(rows.iter().sum::<i128>(), *total, "{by}\n{table}");

            let md = sandbox.stdout(&format!("report --by {by} {costs} --format md"));
            assert_eq!(md_column(&md), cells, "{by}\n{md}");
        }
    }
}

#[test]
fn a_spreadsheet_adds_up_to_the_total() {
    let sandbox = Sandbox::agency();
    let total = amount(&sandbox.json("report")["total"]["list_cost"]);
    for by in columns() {
        let csv = sandbox.stdout(&format!("report --by {by} --format csv"));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header = reader.headers().unwrap().clone();
        let at = |name: &str| header.iter().position(|column| column == name).unwrap();
        let classes: Vec<usize> =
            (0..header.len()).filter(|&column| header[column].starts_with("cost_")).collect();
        let mut sum = 0;
        for record in reader.records() {
            let record = record.unwrap();
            let cost = pico(&record[at("list_cost")]);
            let parts: i128 = classes.iter().filter_map(|&column| pico(&record[column])).sum();
            assert_eq!(parts, cost.unwrap_or_default(), "{by}: {record:?}");
            sum += cost.unwrap_or_default();
        }
        assert_eq!(sum, total, "{by}");
    }
}

/// The column `List cost` of a printed table, the total last. Cells are two spaces apart, and two
/// more columns follow.
fn table_column(table: &str) -> Vec<i128> {
    let rows = table.lines().skip_while(|line| !line.contains("List cost")).skip(1);
    let rows = rows.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with('─'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect();
        pico(cells[cells.len() - 3]).unwrap_or_default()
    })
    .collect()
}

fn md_column(md: &str) -> Vec<i128> {
    let rows = md.lines().skip_while(|line| !line.contains("List cost")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
            pico(cells[cells.len() - 3]).unwrap_or_default()
        })
        .collect()
}

/// Requests at every turn of the clock that could be counted twice or lost: the ends of months in
/// three zones, and the hour that Rome has twice.
fn turning_points() -> Vec<String> {
    let months = ["2026-09", "2026-10", "2026-11"];
    let mut instants = Vec::new();
    for month in months {
        // Midnight of the first day in Rome (summer, winter), UTC and Mexico City.
        let before = if month == "2026-10" { "2026-09-30" } else { "2026-10-31" };
        let before = if month == "2026-09" { "2026-08-31" } else { before };
        for time in [
            format!("{before}T21:59:59.999Z"),
            format!("{before}T22:00:00Z"),
            format!("{before}T22:59:59.999Z"),
            format!("{before}T23:00:00Z"),
            format!("{before}T23:59:59.999Z"),
            format!("{month}-01T00:00:00Z"),
            format!("{month}-01T05:59:59.999Z"),
            format!("{month}-01T06:00:00Z"),
        ] {
            instants.push(time);
        }
    }
    for time in ["00:30", "01:30", "22:30", "23:30"] {
        instants.push(format!("2026-10-25T{time}:00Z"));
    }
    instants
}

#[test]
fn months_and_days_share_out_all_time() {
    let sandbox = Sandbox::new();
    let turns = turning_points();
    let lines: Vec<String> = turns
        .iter()
        .enumerate()
        .map(|(number, at)| {
            let usage = serde_json::json!({"input_tokens": 1u64 << number, "output_tokens": 1});
            Turn::new(&number.to_string(), at, "/w").usage(usage).line()
        })
        .collect();
    sandbox.transcript("a", &lines);
    let months: Vec<String> = (7..=12).map(|month| format!("--month 2026-{month:02}")).collect();
    let days: Vec<String> = ["2026-10-24", "2026-10-25", "2026-10-26"]
        .iter()
        .map(|day| format!("--since {day} --until {day}"))
        .collect();
    for zone in ["America/Mexico_City", "Europe/Rome", "UTC"] {
        let total = |period: &str| {
            let line = format!("report --timezone {zone} {period}");
            let total = sandbox.json(&line)["total"].clone();
            (total["usage"]["input"].as_u64().unwrap(), amount(&total["list_cost"]))
        };
        let sum = |periods: &[String]| {
            periods.iter().map(|period| total(period)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        };
        let all = total("");
        assert_eq!(all.0, (1 << turns.len()) - 1);
        assert_eq!(sum(&months), all, "{zone}");
        assert_eq!(sum(&days), total("--since 2026-10-24 --until 2026-10-26"), "{zone}");
        let by_month = sandbox.json(&format!("report --timezone {zone} --by month"));
        for row in rows(&by_month) {
            let month = row["month"].as_str().unwrap();
            let cost = total(&format!("--month {month}")).1;
            assert_eq!(amount(&row["list_cost"]), cost, "{zone} {month}");
        }
    }
}

#[test]
fn the_last_evening_of_september_in_mexico_city_is_september() {
    let sandbox = Sandbox::agency();
    let events = |line: &str| sandbox.json(line)["total"]["events"].clone();
    assert_eq!(events("report --month 2026-09"), 25);
    assert_eq!(events("report --month 2026-09 --timezone UTC"), 21);
    assert_eq!(events("report --month 2026-11"), 0);
    assert_eq!(events("report --month 2026-11 --timezone UTC"), 3);
}

/// A report without what says how often things were seen.
fn counted(sandbox: &Sandbox, logs: &str) -> Value {
    let line = format!("report --by client,model,day,agent,skill {logs}");
    let mut report = sandbox.json(&line);
    let report = report.as_object_mut().unwrap();
    for about_files in ["reading", "skipped"] {
        report.remove(about_files);
    }
    Value::Object(report.clone())
}

#[test]
fn folders_that_overlap_are_counted_once() {
    let sandbox = Sandbox::agency();
    let once = counted(&sandbox, "--logs .claude");
    assert_eq!(once, counted(&sandbox, ""));
    let acme = ".claude/projects/-home-dana-clients-acme-web";
    let one_file = files(&sandbox.path(acme)).remove(0);
    let both = format!("--logs .claude --logs .claude/projects --logs {acme}");
    assert_eq!(once, counted(&sandbox, &both));
    let with_file = format!("--logs .claude --logs {}", one_file.display());
    assert_eq!(once, counted(&sandbox, &with_file));
}

#[test]
fn copied_transcripts_are_counted_once() {
    let sandbox = Sandbox::agency();
    let once = counted(&sandbox, "");
    copy(&sandbox.path(".claude"), &sandbox.path("backup"));
    assert_eq!(once, counted(&sandbox, "--logs .claude --logs backup"));
    assert_eq!(once, counted(&sandbox, "--logs backup --logs .claude"));
}

#[test]
fn the_order_of_lines_and_the_names_of_files_change_nothing() {
    let sandbox = Sandbox::agency();
    let once = counted(&sandbox, "");
    for (number, path) in files(&sandbox.path(".claude")).iter().enumerate() {
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let backwards: Vec<&str> = text.lines().rev().collect();
        fs::write(path, backwards.join("\n") + "\n").unwrap();
        if !path.file_name().unwrap().to_str().unwrap().starts_with("agent-") {
            let name = format!("{:03}.jsonl", 900 - number);
            fs::rename(path, path.with_file_name(name)).unwrap();
        }
    }
    assert_eq!(once, counted(&sandbox, ""));
}

#[test]
fn rows_of_one_message_cost_what_the_message_costs() {
    let usage = |output: u64| {
        serde_json::json!({
            "input_tokens": 3, "cache_read_input_tokens": 41_207, "output_tokens": output,
            "cache_creation_input_tokens": 900,
            "cache_creation": {"ephemeral_1h_input_tokens": 900, "ephemeral_5m_input_tokens": 0},
        })
    };
    let turn = |output| {
        let turn = Turn::new("1", "2026-10-01T09:00:00Z", "/w").model("claude-opus-4-8");
        turn.usage(usage(output)).line()
    };
    let cost_of = |files: &[&[u64]]| {
        let sandbox = Sandbox::new();
        for (number, outputs) in files.iter().enumerate() {
            let lines: Vec<String> = outputs.iter().map(|&output| turn(output)).collect();
            sandbox.transcript(&format!("file-{number}"), &lines);
        }
        sandbox.json("report")["total"]["list_cost"].as_str().unwrap().to_owned()
    };
    // 3 x 5 + 41,207 x 0.5 + 900 x 10 + 412 x 25, by the million.
    let exact = "0.0399185";
    assert_eq!(cost_of(&[&[412]]), exact);
    assert_eq!(cost_of(&[&[1, 200, 412]]), exact);
    assert_eq!(cost_of(&[&[412, 1, 200]]), exact);
    assert_eq!(cost_of(&[&[7; 14], &[412], &[3, 412, 412]]), exact);
}
