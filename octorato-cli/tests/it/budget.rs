//! What may still be spent, as people and programs read it.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::{Sandbox, undated};
use crate::shape::Schema;

const BUDGETS: &str = "\
budgets:
  - operator: true
    usd_cap: 1000
    period: total
    action_on_breach: warn
  - client: acme
    name: acme, all
    usd_cap: 300
    period: total
    tiers: [{ at_pct: 50, action: alert }, { at_pct: 90, action: warn }]
  - arm: web
    usd_cap: 100
    period: total
    grace_pct: 110
    action_on_breach: hard_stop
  - arm: web
    match: { agent: researcher }
    usd_cap: 5
    period: session
    action_on_breach: hard_stop
default: { usd_cap: 50, period: total, action_on_breach: hard_stop, shadow: true }
";

const CALL: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn office() -> Sandbox {
    let sandbox = Sandbox::office(BUDGETS);
    sandbox.spend("web", "98.5", "1");
    sandbox.spend("app", "60", "2");
    sandbox.apply(&format!(
        r#"{{"op":"reserve","id":"{CALL}","path":{{"arm":"web","agent":"researcher","session":"s1"}},"usd":"2.5"}}"#
    ));
    sandbox
}

fn checked(name: &str) -> Schema {
    Schema::parse(&Sandbox::new().stdout(&format!("schema {name}")))
}

#[test]
fn status_shows_what_is_used_held_and_left() {
    let sandbox = office();
    assert_snapshot!(sandbox.run("budget status"), @"
     Budget                              Period      State       Used                   Spent   Held     Left      Limit  Resets
    ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     operator, total                     all time    ok          █░░░░░░░░░░░   16 %  $158.50  $2.50  $839.00  $1,000.00  -
     acme, all                           all time    alert       ██████░░░░░░   53 %  $158.50  $2.50  $139.00    $300.00  -
     arm web, total                      all time    ok          ██████████▒░   91 %   $98.50  $2.50    $9.00    $110.00  -
     arm web, agent=researcher, session  session s1  ok          ▒▒▒▒▒▒░░░░░░   50 %    $0.00  $2.50    $2.50      $5.00  -
     arm app, total                      all time    would deny  ████████████  120 %   $60.00  $0.00  -$10.00     $50.00  -
     arm shop, total                     all time    ok          ░░░░░░░░░░░░    0 %    $0.00  $0.00   $50.00     $50.00  -
    arm app, total: a trial, it would have denied 0 calls
    arm shop, total: a trial, it would have denied 0 calls
    ");
    assert_snapshot!(sandbox.run("budget status --arm app"), @"
     Budget           Period    State       Used                   Spent   Held     Left      Limit  Resets
    ────────────────────────────────────────────────────────────────────────────────────────────────────────
     operator, total  all time  ok          █░░░░░░░░░░░   16 %  $158.50  $2.50  $839.00  $1,000.00  -
     acme, all        all time  alert       ██████░░░░░░   53 %  $158.50  $2.50  $139.00    $300.00  -
     arm app, total   all time  would deny  ████████████  120 %   $60.00  $0.00  -$10.00     $50.00  -
    arm app, total: a trial, it would have denied 0 calls
    ");
    assert_snapshot!(sandbox.run("budget status --client globex --strict"), @"
     Budget           Period    State  Used                 Spent   Held    Left   Limit  Resets
    ─────────────────────────────────────────────────────────────────────────────────────────────
     arm shop, total  all time  ok     ░░░░░░░░░░░░    0 %  $0.00  $0.00  $50.00  $50.00  -
    arm shop, total: a trial, it would have denied 0 calls
    ");
    assert_snapshot!(sandbox.run("budget status --arm wbe"), @"
    [stderr]
    error: no such arm: `wbe`
    hint: did you mean `web`?
    [exit 2]
    ");
}

#[test]
fn colours_carry_no_meaning_alone_and_can_be_refused() {
    let sandbox = office();
    let shown = |variable: &str| {
        let mut command = sandbox.command();
        let output = command.args(["budget", "status"]).env(variable, "1").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (coloured, plain) = (shown("CLICOLOR_FORCE"), shown("NO_COLOR"));
    assert!(coloured.contains("\u{1b}[33m arm app, total"), "{coloured}");
    let mut pieces = coloured.split('\u{1b}');
    let mut without = pieces.next().unwrap().to_owned();
    without.extend(pieces.map(|piece| piece.split_once('m').unwrap().1));
    assert_eq!(without, plain);
}

#[test]
fn documents_are_what_their_schemas_say() {
    let sandbox = office();
    let status = sandbox.json("budget status");
    checked("budget_status").check(&status).unwrap();
    let web = &status["budgets"][2];
    assert_eq!(
        (&web["spent"], &web["reserved"], &web["remaining"], &web["limit"]),
        (&json!("98.5"), &json!("2.5"), &json!("9"), &json!("110"))
    );
    assert_eq!(
        web["declared"],
        format!("{}:11", sandbox.path(".config/octorato/budgets.yaml").display())
    );
    checked("budget_explain")
        .check(&sandbox.json("budget explain --arm web --agent researcher"))
        .unwrap();
    checked("budget_check").check(&sandbox.json("budget check --arm web --amount 1")).unwrap();
    let denied = sandbox.output("budget check --arm web --amount 10 --json");
    assert_eq!(denied.status.code(), Some(1));
    let denied: serde_json::Value = serde_json::from_slice(&denied.stdout).unwrap();
    checked("budget_check").check(&denied).unwrap();
    assert_eq!((&denied["allowed"], &denied["decision"]), (&json!(false), &json!("busy")));
}

#[test]
fn strict_says_that_something_is_reached() {
    let sandbox = Sandbox::office(
        "budgets: [{ arm: web, usd_cap: 10, period: total, action_on_breach: hard_stop }]\n",
    );
    let code = |line: &str| sandbox.output(line).status.code();
    assert_eq!((code("budget status --strict"), code("budget status")), (Some(0), Some(0)));
    sandbox.spend("web", "10", "1");
    assert_eq!((code("budget status --strict"), code("budget status")), (Some(1), Some(0)));
}

#[test]
fn a_broken_file_is_told_loudly_and_lifts_nothing() {
    let sandbox = office();
    sandbox.stdout("budget status");
    sandbox.budgets("budgets:\n  - arm: web\n    usd_cap: 1e3\n    period: total\n");
    assert_snapshot!(sandbox.run("budget status --arm shop --strict"), @"
     Budget           Period    State  Used                   Spent   Held     Left      Limit  Resets
    ───────────────────────────────────────────────────────────────────────────────────────────────────
     operator, total  all time  ok     █░░░░░░░░░░░   16 %  $158.50  $2.50  $839.00  $1,000.00  -
     arm shop, total  all time  ok     ░░░░░░░░░░░░    0 %    $0.00  $0.00   $50.00     $50.00  -
    arm shop, total: a trial, it would have denied 0 calls
    [stderr]
    error[BUD005]: missing key in a budget: `action_on_breach`
     --> [HOME]/.config/octorato/budgets.yaml:2:5
      |
    2 |   - arm: web
      |     ^^^
      |
      = help: add `action_on_breach: …`

    error[BUD008]: `usd_cap` is not an amount: `1e3`
     --> [HOME]/.config/octorato/budgets.yaml:3:14
      |
    3 |     usd_cap: 1e3
      |              ^^^
      |
      = help: write a decimal such as `12.5`

    error[DOC003]: the file cannot be used, so the last good budgets stay in force: `[HOME]/.config/octorato/budgets.yaml`
     |
     = help: mend the file; until then no change of it counts

    [exit 1]
    ");
    assert_eq!(sandbox.output("budget check --arm web --amount 10").status.code(), Some(1));
    sandbox.budgets("budgets: []\n");
    assert_snapshot!(undated(&sandbox.run("budget status")), @"
    [stderr]
    warning[DOC005]: 2 budgets no longer deny calls, the last since [time]: `arm web, total` ($110), `arm web, agent=researcher, session` ($5)
     |
     = help: if that was not meant, declare it again: it goes on from what was spent; this is said for a week

    budgets.yaml declares no budget
    ");
    fs::remove_file(sandbox.path(".config/octorato/budgets.yaml")).unwrap();
    assert_snapshot!(undated(&sandbox.run("budget status --quiet --strict")), @"[exit 1]");
}

#[test]
fn where_no_budget_was_ever_read_the_declared_answer_counts() {
    for (text, code) in [("budgets: [", 1), ("on_error: allow\nbudgets: [", 0)] {
        let sandbox = Sandbox::office(text);
        let output = sandbox.output("budget check --arm web");
        assert_eq!(output.status.code(), Some(code), "{}", sandbox.seen(&output));
    }
}

#[test]
fn check_says_why_with_every_budget() {
    let sandbox = office();
    assert_snapshot!(sandbox.run("budget check --arm web --amount 9"), @"
    allowed: $9 for arm web
      fits: arm web, total: $98.50 spent and $2.50 held of $110.00, $9.00 left
      fits: acme, all, which it never denies: $158.50 spent and $2.50 held of $300.00, $139.00 left
      fits: operator, total, which it never denies: $158.50 spent and $2.50 held of $1,000.00, $839.00 left
    ");
    assert_snapshot!(sandbox.run("budget check --arm web --agent researcher --session s1 --amount 9.01"), @"
    denied: $9.01 for arm web
      does not fit: arm web, agent=researcher, session: $0.00 spent and $2.50 held of $5.00, $2.50 left
      does not fit: arm web, total: $98.50 spent and $2.50 held of $110.00, $9.00 left
      fits: acme, all, which it never denies: $158.50 spent and $2.50 held of $300.00, $139.00 left
      fits: operator, total, which it never denies: $158.50 spent and $2.50 held of $1,000.00, $839.00 left
    [stderr]
    `octorato budget extend 'arm web, agent=researcher, session' --usd N --until TIME --reason TEXT` raises it, and 1 budget more
    [exit 1]
    ");
    assert_snapshot!(sandbox.run("budget check"), @"
    allowed: another call for no arm
      fits: operator, total, which it never denies: $158.50 spent and $2.50 held of $1,000.00, $839.00 left
    ");
    assert_snapshot!(sandbox.run("budget check --arm app"), @"
    allowed: another call for arm app
      does not fit: arm app, total, which it never denies: $60.00 spent and $0.00 held of $50.00, -$10.00 left
      fits: acme, all, which it never denies: $158.50 spent and $2.50 held of $300.00, $139.00 left
      fits: operator, total, which it never denies: $158.50 spent and $2.50 held of $1,000.00, $839.00 left
    ");
    assert_snapshot!(
        sandbox.run("budget check --arm web --model claude-sonnet-4-5 --input 1000000 --max-output 64000"),
        @"
        denied: $13.452288 for arm web
          does not fit: arm web, total: $98.50 spent and $2.50 held of $110.00, $9.00 left
          fits: acme, all, which it never denies: $158.50 spent and $2.50 held of $300.00, $139.00 left
          fits: operator, total, which it never denies: $158.50 spent and $2.50 held of $1,000.00, $839.00 left
        [stderr]
        `octorato budget extend 'arm web, total' --usd N --until TIME --reason TEXT` raises it
        [exit 1]
        "
    );
    assert_snapshot!(sandbox.run("budget check --arm web --model no-such-model --input 1"), @"
    [stderr]
    error: no provider of the price list has models named like `no-such-model`, price list: `genai-prices 0.2.1`
    hint: name the provider; `octorato prices update` fetches newer prices
    [exit 2]
    ");
}

#[test]
fn a_call_is_that_of_the_current_folder_s_arm() {
    let sandbox = office();
    fs::create_dir_all(sandbox.path("acme/web/src")).unwrap();
    let mut command = sandbox.command();
    command.current_dir(sandbox.path("acme/web/src"));
    let output = command.args(["budget", "check", "--json"]).output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&document["path"]["arm"], &document["path"]["client"]),
        (&json!("web"), &json!("acme"))
    );
}

#[test]
fn explain_names_the_budgets_that_judge_and_why_the_others_do_not() {
    let sandbox = office();
    assert_snapshot!(sandbox.run("budget explain --arm web"), @"
    3 budgets judge a call of arm web
      operator, total  [HOME]/.config/octorato/budgets.yaml:2
        limit $1,000.00 = cap $1,000.00 x 100 %
        warn at 100 %; nothing is denied
      acme, all  [HOME]/.config/octorato/budgets.yaml:6
        limit $300.00 = cap $300.00 x 100 %
        alert at 50 %, warn at 90 %; nothing is denied
      arm web, total  [HOME]/.config/octorato/budgets.yaml:11
        limit $110.00 = cap $100.00 x 110 %
        hard_stop at 110 %; what would pass the limit is denied
    the others do not
      arm web, agent=researcher, session  [HOME]/.config/octorato/budgets.yaml:16: it is per session, and the call is in none
      arm app, total  [HOME]/.config/octorato/budgets.yaml:21: it is about arm app
      arm shop, total  [HOME]/.config/octorato/budgets.yaml:21: it is about arm shop
    ");
}

#[test]
fn an_extension_is_signed_kept_and_shown() {
    let sandbox = office();
    let extend = |words: &[&str]| {
        let line = ["budget", "extend", "arm web, total", "--usd", "20", "--reason", "launch day"];
        undated(&sandbox.run_words(&[&line[..], words].concat()))
    };
    assert_snapshot!(extend(&["--until", "4h", "--dry-run"]), @"would raise arm web, total from $110.00 to $130.00 until [time]");
    assert_eq!(sandbox.json("budget status --arm web")["budgets"][2]["limit"], "110");
    let said = extend(&["--until", "4h", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&document["limit_before"], &document["limit_after"]),
        (&json!("110"), &json!("130"))
    );
    assert!(document["extension"]["key"].is_string());
    let status = sandbox.json("budget status --arm web");
    checked("budget_status").check(&status).unwrap();
    assert_eq!(status["budgets"][2]["limit"], "130");
    assert_eq!(status["budgets"][2]["extensions"][0]["reason"], "launch day");
    assert!(
        undated(&sandbox.run("budget status"))
            .contains("arm web, total: $20 more until [time]: launch day")
    );
    assert_eq!(sandbox.output("budget check --arm web --amount 29").status.code(), Some(0));
    assert_snapshot!(extend(&["--until", "2020-01-01"]), @"
    [stderr]
    error: the extension would be over already: `[time]`
    hint: the ledger's time is [time]
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("budget extend nobody --usd 1 --until 1h --reason x"), @"
    [stderr]
    error: no such budget: `nobody`
    hint: `octorato budget status --json` has names and ids
    [exit 2]
    ");
}

#[test]
fn alerts_wait_and_are_delivered() {
    let sandbox = Sandbox::office("");
    let log = sandbox.path("log");
    sandbox.budgets(&format!(
        "sinks:\n  log: {{ command: [sh, -c, 'cat >> {}'] }}\n  dead: {{ command: [/no/such/program] }}\n{BUDGETS}",
        log.display()
    ));
    sandbox.spend("web", "280", "1");
    assert_snapshot!(undated(&sandbox.run("budget alerts")), @"
    [time]  waits for dead  acme, all, client acme: $280 of $300 (93 %) spent, all time; alert at 50 %
    [time]  waits for log  acme, all, client acme: $280 of $300 (93 %) spent, all time; alert at 50 %
    [time]  waits for dead  acme, all, client acme: $280 of $300 (93 %) spent, all time; warn at 90 %
    [time]  waits for log  acme, all, client acme: $280 of $300 (93 %) spent, all time; warn at 90 %
    [time]  waits for dead  arm web, total: $280 of $100 (280 %) spent, all time; hard_stop at 110 %
    [time]  waits for log  arm web, total: $280 of $100 (280 %) spent, all time; hard_stop at 110 %
    [stderr]
    `octorato budget alerts --deliver` tells the sinks now
    ");
    assert!(!log.exists());
    let alerts = sandbox.json("budget alerts");
    checked("budget_alerts").check(&alerts).unwrap();
    checked("budget_alert").check(&alerts["waiting"][0]["alert"]).unwrap();
    assert_snapshot!(undated(&sandbox.run("budget alerts --deliver --strict")), @"
    [time]  told log  acme, all, client acme: $280 of $300 (93 %) spent, all time; alert at 50 %
    [time]  told log  acme, all, client acme: $280 of $300 (93 %) spent, all time; warn at 90 %
    [time]  told log  arm web, total: $280 of $100 (280 %) spent, all time; hard_stop at 110 %
    [time]  not told dead  acme, all, client acme: $280 of $300 (93 %) spent, all time; alert at 50 %: cannot start the program: `/no/such/program`, sink: `command /no/such/program`
    [stderr]
    still to be told: 3 alerts, at the next delivery
    [exit 1]
    ");
    let delivery = sandbox.json("budget alerts --deliver");
    checked("budget_delivery").check(&delivery).unwrap();
    assert_eq!((&delivery["delivered"], &delivery["waiting"]), (&json!([]), &json!(3)));
    let told = fs::read_to_string(&log).unwrap();
    assert_eq!(told.lines().count(), 3);
    for line in told.lines() {
        checked("budget_alert").check(&serde_json::from_str(line).unwrap()).unwrap();
    }
}

#[test]
fn without_a_ledger_there_is_a_hint() {
    assert_snapshot!(Sandbox::new().run("budget status"), @"
    [stderr]
    error: no ledger yet: `[HOME]/.local/share/octorato/ledger.db`
    hint: run `octorato init`; `octorato sync` makes it too, and fills it
    [exit 2]
    ");
}

#[test]
fn a_sync_tells_the_sinks() {
    let sandbox = Sandbox::office("");
    let log = sandbox.path("log");
    sandbox.budgets(&format!(
        "sinks:\n  log: {{ command: [sh, -c, 'cat >> {}'] }}\n  dead: {{ command: [/no/such/program] }}\n{BUDGETS}",
        log.display()
    ));
    fs::create_dir_all(sandbox.path(".claude/projects")).unwrap();
    sandbox.spend("web", "280", "1");
    let said = sandbox.run("sync");
    assert!(said.contains("an alert waits, `dead` does not take it: cannot start"), "{said}");
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 3);
    sandbox.run("sync");
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 3, "once");
}
