//! What is not counted, not priced or nobody's is said, never dropped.

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::Sandbox;
use crate::transcript::Turn;

const AT: &str = "2026-10-01T09:00:00Z";

/// The lines below the tables.
fn notes(report: &str) -> String {
    let (_, notes) = report.rsplit_once("\n\n").unwrap();
    notes.to_owned()
}

#[test]
fn what_belongs_to_nobody_is_a_row_and_a_share() {
    let sandbox = Sandbox::new();
    sandbox.arms("arms: [{ id: acme, client: acme, roots: [/w/acme] }]\n");
    let turns = [
        Turn::new("1", AT, "/w/acme").session("a").line(),
        Turn::new("2", AT, "/w/other").session("b").line(),
        Turn::new("3", AT, "/w/other").session("b").line(),
    ];
    sandbox.transcript("a", &turns);
    assert_snapshot!(sandbox.run("report"), @r"
    all time, UTC; list cost in USD, price snapshot [prices]

     Arm             Requests  Input  Cache write  Cache read  Output  List cost  Cache hit  Cache saved
    ─────────────────────────────────────────────────────────────────────────────────────────────────────
     acme                   1  1,000            0           0     100     $0.003      0.0 %        $0.00
     (unattributed)         2  2,000            0           0     200     $0.006      0.0 %        $0.00
    ─────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                  3  3,000            0           0     300     $0.009      0.0 %        $0.00

     Class          Count  List cost
    ─────────────────────────────────
     input          3,000     $0.006
     output           300     $0.003
    ─────────────────────────────────
     Total   3,300 tokens     $0.009

    unattributed: $0.006 (66.7 %), 2 requests, 66.7 % of the tokens; `octorato scan` proposes arms
    ");
    let report = sandbox.json("report");
    assert_eq!(report["unattributed"]["list_cost"], "0.006");
    assert_eq!(report["unattributed"]["share_of_cost"], "0.6667");
}

#[test]
fn a_model_without_a_price_is_never_free() {
    let sandbox = Sandbox::new();
    let turns = [
        Turn::new("1", AT, "/w").line(),
        Turn::new("2", AT, "/w").model("acme-tuned-7b").line(),
        Turn::new("3", AT, "/w").model("claude-opus-9").line(),
    ];
    sandbox.transcript("a", &turns);
    let report = sandbox.json("report --by model");
    assert_eq!(report["total"]["unpriced_events"], 2);
    assert_eq!(report["total"]["list_cost"], "0.003");
    let rows = report["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["model"] == "claude-opus-9").unwrap();
    assert_eq!((&row["list_cost"], &row["costs"]), (&json!(null), &json!(null)));
    assert_snapshot!(sandbox.run("report --by model"), @r"
    all time, UTC; list cost in USD, price snapshot [prices]

     Model            Requests  Input  Cache write  Cache read  Output  List cost  Cache hit  Cache saved
    ──────────────────────────────────────────────────────────────────────────────────────────────────────
     claude-sonnet-5         1  1,000            0           0     100   $0.003        0.0 %        $0.00
     acme-tuned-7b           1  1,000            0           0     100        - †      0.0 %            -
     claude-opus-9           1  1,000            0           0     100        - †      0.0 %            -
    ──────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                   3  3,000            0           0     300   $0.003 †      0.0 %        $0.00

     Class          Count  List cost
    ─────────────────────────────────
     input          3,000   $0.002 †
     output           300   $0.001 †
    ─────────────────────────────────
     Total   3,300 tokens   $0.003 †

    unattributed: $0.003 (100.0 %), 3 requests, 100.0 % of the tokens; `octorato scan` proposes arms
    † acme-tuned-7b: 1 request, 1,100 tokens (33.3 % of all) without a price: no provider of the price list has models named like `acme-tuned-7b`, price list: `genai-prices 0.2.1`
    † claude-opus-9: 1 request, 1,100 tokens (33.3 % of all) without a price: no price for model: `claude-opus-9`, provider: `anthropic`, tried: `the models of anthropic`, price list: `genai-prices 0.2.1`
    [stderr]
    no arms are declared yet; `octorato scan` proposes some
    ");
}

#[test]
fn a_report_of_nothing_but_unpriced_usage_has_no_amount() {
    let sandbox = Sandbox::new();
    sandbox.transcript("a", &[Turn::new("1", AT, "/w").model("acme-tuned-7b").line()]);
    let report = sandbox.json("report");
    assert_eq!(report["total"]["list_cost"], json!(null));
    assert_snapshot!(sandbox.run("report"), @r"
    all time, UTC; list cost in USD, price snapshot [prices]

     Arm             Requests  Input  Cache write  Cache read  Output  List cost  Cache hit  Cache saved
    ─────────────────────────────────────────────────────────────────────────────────────────────────────
     (unattributed)         1  1,000            0           0     100        - †      0.0 %            -
    ─────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                  1  1,000            0           0     100        - †      0.0 %            -

     Class          Count  List cost
    ─────────────────────────────────
     input          1,000        - †
     output           100        - †
    ─────────────────────────────────
     Total   1,100 tokens        - †

    unattributed: of unknown cost, 1 request, 100.0 % of the tokens; `octorato scan` proposes arms
    † acme-tuned-7b: 1 request, 1,100 tokens (100.0 % of all) without a price: no provider of the price list has models named like `acme-tuned-7b`, price list: `genai-prices 0.2.1`
    [stderr]
    no arms are declared yet; `octorato scan` proposes some
    ");
}

#[test]
fn a_variant_without_a_price_is_not_priced_as_standard() {
    let sandbox = Sandbox::new();
    let usage = json!({"input_tokens": 1000, "output_tokens": 100, "speed": "fast"});
    let turn = |id: &str, model: &str| Turn::new(id, AT, "/w").model(model).usage(usage.clone());
    let turns = [turn("1", "claude-opus-4-8").line(), turn("2", "claude-haiku-4-5").line()];
    sandbox.transcript("a", &turns);
    let report = sandbox.json("report --by model");
    assert_eq!(report["total"]["list_cost"], "0.015"); // twice 0.005 + 0.0025
    assert_snapshot!(notes(&sandbox.run("report")), @r"
    unattributed: $0.015 (100.0 %), 2 requests, 100.0 % of the tokens; `octorato scan` proposes arms
    † claude-haiku-4-5: 1 request, 1,100 tokens (50.0 % of all) without a price: no price for `speed=fast`, provider: `anthropic`, model: `claude-haiku-4-5`
    [stderr]
    no arms are declared yet; `octorato scan` proposes some
    ");
}

#[test]
fn lines_that_cannot_be_read_are_counted_with_their_place() {
    let sandbox = Sandbox::new();
    let good = Turn::new("1", AT, "/w").line();
    let bad = Turn::new("2", AT, "/w").usage(json!({"input_tokens": -5})).line();
    let untimed = Turn::new("3", "yesterday", "/w").line();
    let text = format!("{good}\nnot json\n{bad}\n{untimed}\n{}", &good[..150]);
    sandbox.write(".claude/projects/-w/a.jsonl", text);
    sandbox.write(".claude/projects/-w/b.jsonl", "");
    assert_snapshot!(notes(&sandbox.run("report")), @r"
    unattributed: $0.006 (100.0 %), 2 requests, 100.0 % of the tokens; `octorato scan` proposes arms
    not counted: 1: empty file (first: [HOME]/.claude/projects/-w/b.jsonl)
    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-w/a.jsonl:5)
    not counted: 1: line is not a JSON object (first: [HOME]/.claude/projects/-w/a.jsonl:2)
    not counted: 1: a token count is not a whole number, or beyond reason (first: [HOME]/.claude/projects/-w/a.jsonl:3)
    counted all the same: 1: record has no usable time; its neighbour's was taken (first: [HOME]/.claude/projects/-w/a.jsonl:4)
    [stderr]
    no arms are declared yet; `octorato scan` proposes some
    ");
}

#[test]
fn lines_that_were_mended_are_told() {
    let sandbox = Sandbox::new();
    let mut nameless = Turn::new("1", AT, "/w").line();
    nameless = nameless.replace("\"id\":\"msg_1\",", "").replace(",\"requestId\":\"req_1\"", "");
    sandbox.transcript("a", &[nameless]);
    assert_snapshot!(notes(&sandbox.run("report")), @r"
    unattributed: $0.003 (100.0 %), 1 request, 100.0 % of the tokens; `octorato scan` proposes arms
    counted all the same: 1: record has no message id; known by time, model and counts (first: [HOME]/.claude/projects/-w/a.jsonl:1)
    [stderr]
    no arms are declared yet; `octorato scan` proposes some
    ");
}

#[test]
fn what_only_a_parent_saw_is_a_lower_bound() {
    let sandbox = Sandbox::new();
    let turns = [Turn::new("1", AT, "/w").line(), Turn::new("2", AT, "/w").as_progress("a1b2")];
    sandbox.transcript("a", &turns);
    assert_snapshot!(sandbox.run("report --by agent"), @r"
    all time, UTC; list cost in USD, price snapshot [prices]

     Agent   Requests  Input  Cache write  Cache read  Output  List cost  Cache hit  Cache saved
    ─────────────────────────────────────────────────────────────────────────────────────────────
     (main)         1  1,000            0           0     100     $0.003      0.0 %        $0.00
     a1b2           1  1,000            0           0     100     $0.003      0.0 %        $0.00
    ─────────────────────────────────────────────────────────────────────────────────────────────
     Total          2  2,000            0           0     200     $0.006      0.0 %        $0.00

     Class          Count  List cost
    ─────────────────────────────────
     input          2,000     $0.004
     output           200     $0.002
    ─────────────────────────────────
     Total   2,200 tokens     $0.006

    unattributed: $0.006 (100.0 %), 2 requests, 100.0 % of the tokens; `octorato scan` proposes arms
    1 request seen only in progress rows of the parent: output is a lower bound
    [stderr]
    no arms are declared yet; `octorato scan` proposes some
    ");
}

#[test]
fn a_model_without_a_known_provider_says_whose_price_it_got() {
    let sandbox = Sandbox::new();
    sandbox.transcript("a", &[Turn::new("1", AT, "/w").model("gpt-5").line()]);
    assert_snapshot!(notes(&sandbox.run("report")), @r"
    unattributed: $0.00225 (100.0 %), 1 request, 100.0 % of the tokens; `octorato scan` proposes arms
    the logs name no provider for gpt-5: priced as openai's gpt-5
    [stderr]
    no arms are declared yet; `octorato scan` proposes some
    ");
}

#[test]
fn csv_leaves_the_notes_to_stderr_and_json_has_them_inside() {
    let sandbox = Sandbox::agency();
    let csv = sandbox.output("report --format csv");
    assert!(String::from_utf8(csv.stderr).unwrap().contains("acme-tuned-7b"));
    assert!(!String::from_utf8(csv.stdout).unwrap().contains("no price"));
    let json = sandbox.output("report --json");
    assert_eq!(String::from_utf8(json.stderr).unwrap(), "");
}

#[test]
fn a_report_on_one_client_names_no_file_of_another() {
    let sandbox = Sandbox::agency();
    for format in ["table", "md", "csv", "json"] {
        for scope in ["--client acme", "--arm acme-mobile", "--client cafe-zuerich"] {
            let seen = sandbox.run(&format!("report {scope} --format {format}"));
            assert!(!seen.contains("globex"), "{scope} {format}: {seen}");
        }
    }
    assert!(sandbox.run("report").contains("globex-pipeline"));
}

#[test]
fn a_price_that_is_only_similar_is_marked_and_strict_does_not_let_it_pass() {
    let sandbox = Sandbox::new();
    let turn = Turn::new("1", "2026-10-01T09:00:00Z", "/w/a").model("claude-sonnet-4-55");
    sandbox.transcript("a", &[turn.line()]);
    let seen = sandbox.run("report --strict");
    assert!(seen.contains("≈ $0.0045"), "{seen}");
    assert!(seen.contains("≈ claude-sonnet-4-55 is priced as anthropic's claude-sonnet-4-5"));
    assert!(seen.ends_with("[exit 1]\n"), "{seen}");
}

#[test]
fn nothing_in_a_log_acts_on_a_terminal_or_in_a_spreadsheet() {
    let sandbox = Sandbox::new();
    let evil = Turn::new("1", "2026-10-01T09:00:00Z", "/w/a")
        .model("m\u{1b}[2J\u{1b}]0;x\u{7}\n<b>|")
        .session("=HYPERLINK(\"http://example.org\")");
    sandbox.transcript("a", &[evil.line()]);
    for (format, model) in [
        ("table", r"m\u{1b}[2J\u{1b}]0;x\u{7}\n<b>|"),
        ("md", r"m\\u{1b}\[2J\\u{1b}\]0;x\\u{7}\\n&lt;b>\|"),
    ] {
        let seen = sandbox.run(&format!("report --by model,session --format {format}"));
        assert!(!seen.contains(['\u{1b}', '\u{7}']), "{format}: {seen}");
        assert!(seen.contains(model), "{format}: {seen}");
    }
    let md = sandbox.stdout("report --by model --format md");
    assert!(!md.contains("<b>"), "{md}");
    let csv = sandbox.stdout("report --by session --format csv");
    assert!(csv.contains("\"'=HYPERLINK("), "{csv}");
}

#[test]
fn nothing_in_a_folder_s_name_acts_on_a_terminal() {
    let sandbox = Sandbox::new();
    let folder = "/w/\u{1b}[2Jevil\u{202e}x";
    let at = "2026-10-01T09:00:00Z";
    sandbox.transcript("a", &[Turn::new("1", at, folder).line()]);
    for line in [
        "scan",
        "scan --write",
        "arm list",
        "arm show 2jevil-x",
        "report --by project",
        "report --by project --format csv",
        "report --by project --format md",
    ] {
        let output = sandbox.output(line);
        assert!(output.status.success(), "{}", sandbox.seen(&output));
        let seen = sandbox.seen(&output).replace("\\[2J", "[2J").replace("\\\\u", "\\u");
        assert!(!seen.contains(['\u{1b}', '\u{202e}']), "{line}: {seen:?}");
        assert!(seen.contains("/w/\\u{1b}[2Jevil\\u{202e}x"), "{line}: {seen}");
    }
    // An error shows it too.
    let seen = sandbox.run_words(&["arm", "add", "x", "--root", "~\u{1b}[2Jevil\u{202e}/x"]);
    assert!(seen.contains("home folder of another user: `~\\u{1b}[2Jevil\\u{202e}/x`"), "{seen:?}");
}
