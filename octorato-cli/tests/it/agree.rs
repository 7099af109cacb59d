//! `report`, `report --ledger`, `budget status` and the gate say the same of the same, to the last
//! digit: over month ends and changes of the clock in two zones.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};
use octorato::Workspace;
use octorato::books::{Access, Books, Filter};
use octorato::config::places::{Named, Places};
use octorato::core::{Currency, Money};
use serde_json::{Value, json};

use crate::gate::{claude, read_notes};
use crate::sandbox::Sandbox;
use crate::transcript::Turn;

/// The operator and globex are in one zone, acme is in another.
const HOME: &str = "Europe/Berlin";
const AWAY: &str = "America/New_York";

const ARMS: &str = "
timezone: Europe/Berlin
arms:
  - { id: web, client: acme, timezone: America/New_York, roots: [~/acme/web] }
  - { id: app, client: acme, timezone: America/New_York, roots: [~/acme/app] }
  - { id: shop, client: globex, roots: [~/globex] }
";

/// Whose spend budgets stand over; `@` is the home folder.
const SCOPES: [&str; 7] = [
    "operator: true",
    "client: acme",
    "client: globex",
    "arm: web",
    "arm: shop",
    "arm: web, match: { project: @/acme/web }",
    "arm: web, match: { agent: researcher }",
];

/// A budget of a civil period.
fn budget(sandbox: &Sandbox, scope: &str, period: &str, cap: &str) -> String {
    let home = sandbox.path("");
    let scope = scope.replace("@/", home.to_str().unwrap());
    format!("  - {{ {scope}, period: {period}, usd_cap: {cap}, action_on_breach: hard_stop }}\n")
}

/// Just before, at and just after what may be counted in the wrong period.
fn moments(now: Timestamp) -> Vec<Timestamp> {
    let mut edges = vec![now - 1.hour(), now - 1.minute()];
    for name in [HOME, AWAY] {
        let zone = TimeZone::get(name).unwrap();
        let here = Zoned::new(now, zone.clone());
        let month = here.first_of_month().unwrap().start_of_day().unwrap();
        let day = here.start_of_day().unwrap();
        let back = |from: &Zoned, span: Span| from.checked_sub(span).unwrap().timestamp();
        edges.extend((0..14).map(|months| back(&month, months.months())));
        edges.extend((0..9).map(|days| back(&day, days.days())));
        let year = now - (24 * 400).hours();
        let turned = zone.following(year).map(|turn| turn.timestamp());
        edges.extend(turned.take_while(|turn| *turn < now));
    }
    let around = |edge: Timestamp| [edge - 1.second(), edge, edge + 1.second()];
    edges.into_iter().flat_map(around).filter(|at| *at < now).collect()
}

/// A machine with turns of every folder at each moment, some of them a sub-agent's.
fn office(now: Timestamp) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.stdout("init -q");
    sandbox.arms(ARMS);
    let folders = ["acme/web", "acme/web/lib", "acme/app", "globex", "elsewhere"];
    for folder in folders {
        sandbox.write(&format!("{folder}/notes.md"), "notes");
    }
    let (mut own, mut helpers) = (Vec::new(), Vec::new());
    for (number, at) in moments(now).into_iter().enumerate() {
        for (place, folder) in folders.into_iter().enumerate() {
            // No two turns cost the same, so that no two sets of them do.
            let tokens = 1 + number * 7 + place * 1_001;
            let cwd = sandbox.path(folder);
            let id = format!("{number}-{place}");
            let turn = Turn::new(&id, &at.to_string(), cwd.to_str().unwrap())
                .session(&format!("s-{place}"))
                .usage(json!({"input_tokens": tokens, "output_tokens": number + 1}));
            let lines = if number % 3 == 0 && place < 2 { &mut helpers } else { &mut own };
            lines.push((place, turn));
        }
    }
    for place in 0..folders.len() {
        let of = |turns: &[(usize, Turn)], is_side: bool| -> Vec<String> {
            let turns = turns.iter().filter(|(at, _)| *at == place);
            turns.map(|(_, turn)| turn.clone().with("isSidechain", is_side).line()).collect()
        };
        sandbox.transcript(&format!("s-{place}"), &of(&own, false));
        let helpers = of(&helpers, true);
        if !helpers.is_empty() {
            let file = format!(".claude/projects/-w/s-{place}/subagents/agent-a{place}");
            sandbox.write(&format!("{file}.jsonl"), helpers.join("\n") + "\n");
            sandbox.write(&format!("{file}.meta.json"), r#"{"agentType":"researcher"}"#);
        }
    }
    sandbox
}

/// The list cost that a report has of what a budget's row is about.
fn reported(sandbox: &Sandbox, row: &Value, from: &str) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let zone = text(&row["period"]["timezone"]).unwrap();
    let day = |key: &str, less: i64| {
        let at: Timestamp = row["period"][key].as_str().unwrap().parse().unwrap();
        let at = at.to_zoned(TimeZone::get(&zone).unwrap());
        at.date().checked_sub(less.days()).unwrap()
    };
    let period = format!("--since {} --until {}", day("start", 0), day("end", 1));
    let mut line = format!("report{from} --timezone {zone} {period}");
    for key in ["arm", "client"] {
        if let Some(value) = text(&row[key]) {
            line = format!("{line} --{key} {value}");
        }
    }
    let Some((key, value)) = row["match"].as_object().unwrap().iter().next() else {
        let report = sandbox.json(&line);
        return text(&report["total"]["list_cost"]).unwrap_or_else(|| panic!("{line}: {report}"));
    };
    let report = sandbox.json(&format!("{line} --by {key}"));
    let mut rows = report["rows"].as_array().unwrap().iter().filter(|row| row[key] == *value);
    let cost = rows.next().map_or(Some("0".to_owned()), |row| text(&row["list_cost"]));
    assert!(rows.next().is_none(), "{report}");
    cost.unwrap()
}

/// Whether a period may end, or may have begun, between two questions.
fn is_near_midnight(now: Timestamp) -> bool {
    [HOME, AWAY].iter().any(|name| {
        let here = now.to_zoned(TimeZone::get(name).unwrap());
        matches!((here.hour(), here.minute()), (23, 50..) | (0, ..5))
    })
}

fn logs(sandbox: &Sandbox) -> String {
    format!(" --logs {}", sandbox.path(".claude").display())
}

/// A budget of each scope over each of some periods.
fn budgets(sandbox: &Sandbox, periods: &[&str]) -> String {
    let mut text = "budgets:\n".to_owned();
    for scope in SCOPES {
        for period in periods {
            text += &budget(sandbox, scope, period, "1000000");
        }
    }
    text
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

/// The options of `budget check` for a call that the budget of a row judges.
fn call_of(row: &Value) -> String {
    let arm = row["arm"].as_str();
    let arm = arm.unwrap_or(if row["client"] == "globex" { "shop" } else { "web" });
    let mut options = format!("--arm {arm}");
    for (key, value) in row["match"].as_object().unwrap() {
        options = format!("{options} --{key} {}", value.as_str().unwrap());
    }
    options
}

/// That both reports, the status, a check and the library say the same of every budget; `extra` is
/// what the ledger has of a budget and no transcript. Says how many have spent anything.
fn agreed(sandbox: &Sandbox, extra: fn(&Value) -> Vec<&'static str>) -> usize {
    let status = sandbox.json("budget status");
    let rows = status["budgets"].as_array().unwrap();
    assert_eq!(rows.len() % SCOPES.len(), 0);
    let home = |name: &str| (name == "HOME").then(|| sandbox.path("").into_os_string());
    let workspace = Workspace::open(Places::resolve(Named::default(), home).unwrap()).unwrap();
    let books = Books::open(&workspace, Access::Existing).unwrap();
    let known = books.status(&Filter::default()).unwrap().rows();
    let mut spent = 0;
    for (row, known) in rows.iter().zip(&known) {
        for key in ["id", "name", "spent", "reserved", "remaining"] {
            assert_eq!(row[key], known[key], "{key} of the library: {known}");
        }
        let booked = row["spent"].as_str().unwrap();
        assert_eq!(booked, reported(sandbox, row, " --ledger --no-sync"), "{row}");
        let mut told = usd(&reported(sandbox, row, &logs(sandbox)));
        for more in extra(row) {
            told = told.checked_add(usd(more)).unwrap();
        }
        assert_eq!(usd(booked), told, "{row}");
        let check = sandbox.json(&format!("budget check {} --amount 1", call_of(row)));
        let mut judged = check["budgets"].as_array().unwrap().iter();
        let judged = judged.find(|judged| judged["budget"] == row["id"]).unwrap();
        for key in ["spent", "remaining", "limit"] {
            assert_eq!(judged[key], row[key], "{key} of a check: {judged}");
        }
        spent += usize::from(booked != "0");
    }
    spent
}

#[test]
fn reports_and_budgets_agree_to_the_last_digit() {
    let now = Timestamp::now();
    if is_near_midnight(now) {
        println!("not checked: a day begins or ends");
        return;
    }
    let sandbox = office(now);
    sandbox.budgets(&budgets(&sandbox, &["daily", "weekly", "monthly", "yearly"]));
    let synced = sandbox.json("sync");
    assert_eq!(synced["refused"], json!([]));
    let spent = agreed(&sandbox, |_| Vec::new());
    assert!(spent >= SCOPES.len() * 2, "only {spent} have spent something");
    let logs = logs(&sandbox);
    let total = |from: &str| sandbox.json(&format!("report{from}"))["total"].clone();
    assert_eq!(total(&logs)["list_cost"], total(" --ledger")["list_cost"]);
}

/// A request that grew, sessions that were given to other arms, a correction, an orphan.
#[test]
fn what_was_changed_after_it_was_booked_is_the_same_everywhere() {
    let now = Timestamp::now();
    if is_near_midnight(now) {
        println!("not checked: a day begins or ends");
        return;
    }
    let sandbox = office(now);
    sandbox.budgets(&budgets(&sandbox, &["monthly", "yearly"]));
    sandbox.stdout("sync -q");
    let before = sandbox.json("budget status");
    let cwd = sandbox.path("acme/web");
    let grown = moments(now).into_iter().enumerate().filter(|(at, _)| at % 3 != 0 && at % 2 == 0);
    let grown = grown.map(|(number, at)| {
        Turn::new(&format!("{number}-0"), &at.to_string(), cwd.to_str().unwrap())
            .session("s-0")
            .usage(json!({"input_tokens": 1 + number * 7, "output_tokens": number + 50_000}))
            .line()
    });
    let file = ".claude/projects/-w/s-0.jsonl";
    let text = std::fs::read_to_string(sandbox.path(file)).unwrap();
    sandbox.write(file, text + &grown.collect::<Vec<_>>().join("\n") + "\n");
    let told = sandbox.json("sync");
    let revisions = &told["arms"][0]["revisions"];
    assert!(revisions.as_u64().unwrap() > 10, "{told}");
    agreed(&sandbox, |_| Vec::new());

    // From one client to another, and from nobody to somebody.
    sandbox.stdout("arm assign shop --session s-2 -q");
    sandbox.stdout("arm assign app --session s-4 -q");
    assert!(sandbox.json("sync")["reassigned"].as_u64().unwrap() > 50);
    agreed(&sandbox, |_| Vec::new());
    let after = sandbox.json("budget status");
    for (before, after) in
        before["budgets"].as_array().unwrap().iter().zip(after["budgets"].as_array().unwrap())
    {
        if before["period"]["kind"] == "yearly" && before["arm"] != "web" {
            assert_ne!(before["spent"], after["spent"], "{after}");
        }
    }

    // What no transcript tells, the ledger does.
    let latest = moments(now).into_iter().enumerate().filter(|(number, _)| number % 3 != 0);
    let (latest, _) = latest.max_by_key(|(_, at)| *at).unwrap();
    let correct = format!("ledger correct claude-code:msg_{latest}-0 --delta=-0.001");
    sandbox.stdout(&format!("{correct} --reason wrong -q"));
    let call = "01890a5d-ac96-774b-bcce-b302099a8057";
    let answers = sandbox.apply(&format!(
        r#"{{"op":"reserve","id":"{call}","path":{{"arm":"web","agent":"researcher"}},"usd":"2"}}
{{"op":"expire","id":"{call}","seen_usd":"0.25","reason":"cut"}}"#
    ));
    assert_eq!(answers[1]["state"], "orphaned");
    agreed(&sandbox, |row| match (row["client"].as_str(), row["arm"].as_str()) {
        (Some("globex"), _) | (_, Some("shop")) => Vec::new(),
        _ if row["match"]["agent"] == "researcher" => vec!["0.25"],
        _ if row["match"]["project"].is_string() => vec!["-0.001"],
        _ => vec!["-0.001", "0.25"],
    });
    let status = sandbox.json("budget status");
    assert_eq!(status["budgets"][0]["reserved"], "1.75");
    assert_eq!(sandbox.json("ledger verify")["faults"], json!([]));
}

/// Past months have no budget any more; the two reports have them.
#[test]
fn both_reports_have_the_same_months_in_both_zones() {
    let sandbox = office(Timestamp::now());
    sandbox.stdout("sync -q");
    let logs = logs(&sandbox);
    for zone in [HOME, AWAY] {
        let of = |from: &str| {
            let line = format!("report{from} --timezone {zone} --by month,arm,project,agent");
            let report = sandbox.json(&line);
            let rows = report["rows"].as_array().unwrap().iter();
            let keys = ["month", "arm", "project", "agent", "list_cost"];
            rows.map(|row| keys.map(|key| row[key].clone())).collect::<Vec<_>>()
        };
        let booked = of(" --ledger --no-sync");
        assert!(booked.len() > 14 * 4, "{}", booked.len());
        assert_eq!(booked, of(&logs), "{zone}");
    }
}

/// At exactly what was spent nothing is left for a call, so it is denied; one picodollar more lets
/// it pass.
#[test]
fn the_gate_denies_by_the_very_amount_of_the_report() {
    let sandbox = office(Timestamp::now());
    sandbox.stdout("sync -q");
    let one = Money::from_pico(1, Currency::USD);
    for scope in SCOPES {
        let set = |cap: &str| {
            sandbox.budgets(&format!("budgets:\n{}", budget(&sandbox, scope, "monthly", cap)));
            sandbox.json("budget status")["budgets"][0].clone()
        };
        let spent = set("1000000")["spent"].as_str().unwrap().to_owned();
        let amount = usd(&spent);
        let folder =
            if scope.contains("globex") || scope.contains("shop") { "globex" } else { "acme/web" };
        let mut question = read_notes(&sandbox, folder);
        if scope.contains("researcher") {
            question["agent_id"] = "a0".into();
            question["agent_type"] = "researcher".into();
        }
        for cap in [amount.checked_sub(one).unwrap(), amount] {
            let row = set(&cap.to_string());
            assert_eq!((&row["spent"], &row["state"]), (&json!(spent), &json!("over")), "{scope}");
            let answer = claude(&sandbox, &question);
            let reason = answer.denies();
            if scope.starts_with("arm") {
                assert!(reason.contains(&format!("${spent} spent of ${cap}")), "{scope}: {reason}");
            } else {
                assert!(reason.contains("operator limit"), "{scope}: {reason}");
                assert!(!reason.contains(&spent), "{scope}: {reason}");
            }
        }
        set(&amount.checked_add(one).unwrap().to_string());
        let answer = claude(&sandbox, &question);
        assert!(answer.code == 0 && !answer.out.contains("deny"), "{scope}: {answer:?}");
    }
}
