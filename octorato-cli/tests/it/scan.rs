//! Ten minutes after installing: what was spent last month, and for whom.

use std::fs;

use insta::assert_snapshot;
use jiff::{ToSpan, Zoned};
use serde_json::json;

use crate::sandbox::Sandbox;
use crate::transcript::Turn;

/// The tenth day of last month, in UTC.
fn last_month() -> Zoned {
    let now = Zoned::now().in_tz("UTC").unwrap();
    now.first_of_month().unwrap().saturating_sub(1.month()).with().day(10).build().unwrap()
}

/// A machine on which four clients were worked for last month and before.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    let month = last_month();
    let at = |months: i64| month.saturating_sub(months.months()).timestamp().to_string();
    let home = sandbox.path("");
    let home = home.to_str().unwrap().trim_end_matches('/').to_owned();
    let folders = [
        ("/home/dana/clients/acme/web", 0, 400),
        ("/home/dana/clients/acme/api", 0, 300),
        ("/home/dana/clients/Café Zürich/site", 0, 200),
        ("/home/dana/work/globex", 1, 900),
        ("/home/dana/work/globex", 0, 100),
        ("/home/dana/work/old", 2, 50),
        ("/tmp/try", 0, 10),
        (home.as_str(), 0, 5),
    ];
    for (number, (folder, months, thousands)) in folders.iter().enumerate() {
        let name = number.to_string();
        let usage = json!({"input_tokens": thousands * 1000, "output_tokens": 1000});
        let turn = Turn::new(&name, &at(*months), folder).session(&name).usage(usage);
        sandbox.transcript(&name, &[turn.line()]);
    }
    sandbox
}

fn seen(sandbox: &Sandbox, line: &str) -> String {
    sandbox.run(line).replace(&last_month().strftime("%Y-%m").to_string(), "[month]")
}

#[test]
fn a_scan_shows_last_month_by_proposed_arm() {
    assert_snapshot!(seen(&machine(), "scan"), @r"
    8 transcripts, 8 requests; last month is [month]

     Proposed arm  Root                            Projects  Requests  Last month  All time
    ────────────────────────────────────────────────────────────────────────────────────────
     acme          /home/dana/clients/acme                2         2       $1.42     $1.42
     cafe-zuerich  /home/dana/clients/Café Zürich         1         1       $0.41     $0.41
     globex        /home/dana/work/globex                 1         1       $0.21     $2.02
     old           /home/dana/work/old                    1         0       $0.00     $0.11

    no arm and no proposal: $0.05, 2 requests
    last month in all: $2.09, 6 requests
    [stderr]

    amounts are of work in these folders; once an arm is declared, its sessions' requests in folders of no arm follow it
    `octorato scan --write` adds them to arms.yaml, to be edited there
    ");
}

#[test]
fn a_scan_that_writes_makes_arms_that_a_report_then_knows() {
    let sandbox = machine();
    let before = sandbox.json("report");
    assert_snapshot!(seen(&sandbox, "scan --write"), @r"
    8 transcripts, 8 requests; last month is [month]

     Proposed arm  Root                            Projects  Requests  Last month  All time
    ────────────────────────────────────────────────────────────────────────────────────────
     acme          /home/dana/clients/acme                2         2       $1.42     $1.42
     cafe-zuerich  /home/dana/clients/Café Zürich         1         1       $0.41     $0.41
     globex        /home/dana/work/globex                 1         1       $0.21     $2.02
     old           /home/dana/work/old                    1         0       $0.00     $0.11

    no arm and no proposal: $0.05, 2 requests
    last month in all: $2.09, 6 requests

    added 4 arms to [HOME]/.config/octorato/arms.yaml
    [stderr]
    amounts are of work in these folders; once an arm is declared, its sessions' requests in folders of no arm follow it
    read them through; then: `octorato report --month last`
    ");
    assert_snapshot!(
        seen(&sandbox, "report --month last --by arm"),
        @r"
    [month], UTC; list cost in USD, price snapshot [prices]

     Arm             Requests      Input  Cache write  Cache read  Output  List cost  Cache hit  Cache saved
    ─────────────────────────────────────────────────────────────────────────────────────────────────────────
     acme                   2    700,000            0           0   2,000      $1.42      0.0 %        $0.00
     cafe-zuerich           1    200,000            0           0   1,000      $0.41      0.0 %        $0.00
     globex                 1    100,000            0           0   1,000      $0.21      0.0 %        $0.00
     (unattributed)         2     15,000            0           0   2,000      $0.05      0.0 %        $0.00
    ─────────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                  6  1,015,000            0           0   6,000      $2.09      0.0 %        $0.00

     Class              Count  List cost
    ─────────────────────────────────────
     input          1,015,000      $2.03
     output             6,000      $0.06
    ─────────────────────────────────────
     Total   1,021,000 tokens      $2.09

    unattributed: $0.05 (2.4 %), 2 requests, 1.7 % of the tokens; `octorato scan` proposes arms
    "
    );
    let text = fs::read_to_string(sandbox.path(".config/octorato/arms.yaml")).unwrap();
    assert_snapshot!(&text[text.find("\narms:").unwrap()..], @r#"
    arms:
      - id: acme
        client: acme
        roots: [/home/dana/clients/acme]
      - id: cafe-zuerich
        client: cafe-zuerich
        roots: ["/home/dana/clients/Café Zürich"]
      - id: globex
        client: globex
        roots: [/home/dana/work/globex]
      - id: old
        client: old
        roots: [/home/dana/work/old]
    "#);
    assert_eq!(sandbox.json("report")["total"], before["total"]);
    assert_snapshot!(seen(&sandbox, "scan"), @r"
    8 transcripts, 8 requests; last month is [month]

    nothing to propose: the rest was done in no project (in a home folder, in temporary or hidden ones, in folders of many projects) or before a root's first day

    declared arms: $2.04, 4 requests
    no arm and no proposal: $0.05, 2 requests
    last month in all: $2.09, 6 requests
    ");
}

#[test]
fn a_scan_is_a_document_too() {
    let document = machine().json("scan");
    let proposals = document["proposals"].as_array().unwrap();
    let arms: Vec<_> = proposals.iter().map(|proposal| &proposal["arm"]).collect();
    assert_eq!(arms, ["acme", "cafe-zuerich", "globex", "old"]);
    assert_eq!(proposals[0]["projects"].as_array().unwrap().len(), 2);
    assert_eq!(proposals[0]["last_month"]["list_cost"], "1.42"); // 0.7 million at $2, 2,000 at $10
    assert_eq!(document["rest"]["events"], 2);
    assert_eq!(document["written"], false);
    assert_eq!(document["prices"]["models"][0]["priced_as"], "claude-sonnet-5");
    assert_eq!(document["unpriced"].as_array().unwrap().len(), 0);
}

#[test]
fn a_scan_changes_nothing_unless_it_is_told_to() {
    let sandbox = machine();
    sandbox.run("scan");
    assert!(!sandbox.path(".config").exists());
}

#[test]
fn a_scan_leaves_what_is_declared_as_it_is() {
    let sandbox = machine();
    sandbox.arms("# mine\narms: [{ id: acme, client: big, roots: [/home/dana/clients/acme] }]\n");
    let document = sandbox.json("scan --write");
    assert_eq!(document["covered"]["events"], 2);
    let text = fs::read_to_string(sandbox.path(".config/octorato/arms.yaml")).unwrap();
    assert!(text.starts_with("# mine\n") && text.contains("client: big"), "{text}");
    assert_eq!(sandbox.json("arm list")["arms"].as_array().unwrap().len(), 4);
}

#[test]
fn a_machine_without_transcripts_is_told_so() {
    assert_snapshot!(seen(&Sandbox::new(), "scan"), @r"
    0 transcripts, 0 requests; last month is [month]

    nothing to propose: no transcripts were found; name a folder of them with --logs

    last month in all: $0.00, 0 requests
    ");
}

#[test]
fn repositories_that_were_never_worked_on_are_proposed_where_they_are_looked_for() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("clients/initech/site/.git");
    fs::create_dir_all(&folder).unwrap();
    let document = sandbox.json("scan clients");
    let arms = document["proposals"].as_array().unwrap();
    assert_eq!(arms.len(), 1, "{document}");
    assert_eq!(arms[0]["arm"], "initech");
}

#[test]
fn a_scan_shows_what_it_could_not_read() {
    let sandbox = machine();
    sandbox.transcript("broken", &["{".to_owned()]);
    let document = sandbox.json("scan");
    assert_eq!(document["skipped"][0]["reason"], "invalid_json");
    assert_eq!(document["repaired"].as_array().unwrap().len(), 0);
}

#[test]
fn work_that_is_in_no_project_is_not_said_to_belong_to_an_arm() {
    let sandbox = Sandbox::new();
    let at = last_month().timestamp().to_string();
    let turn = Turn::new("1", &at, "x").with("cwd", serde_json::Value::Null);
    sandbox.transcript("1", &[turn.line()]);
    assert_snapshot!(seen(&sandbox, "scan"), @r"
    1 transcript, 1 request; last month is [month]

    nothing to propose: the rest was done in no project (in a home folder, in temporary or hidden ones, in folders of many projects) or before a root's first day

    no arm and no proposal: $0.003, 1 request
    last month in all: $0.003, 1 request
    ");
}

#[test]
fn one_arm_is_one_arm() {
    let sandbox = Sandbox::new();
    let at = last_month().timestamp().to_string();
    sandbox.transcript("1", &[Turn::new("1", &at, "/w/acme").line()]);
    let seen = seen(&sandbox, "scan --write");
    assert!(seen.contains("added 1 arm to "), "{seen}");
}
