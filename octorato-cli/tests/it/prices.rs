//! `octorato prices`: the snapshots, what is in them, and how newer ones are taken.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use insta::assert_snapshot;
use octorato::finops::price::Catalog;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::sandbox::Sandbox;

/// The price list of the conformance cases: one provider, seven models.
const LIST: &str = include_str!("../../../conformance/prices.jsonl");

/// A list in the form of genai-prices, which has what is not known to Octorato.
fn foreign(input: &str) -> String {
    let list = json!([{"id": "acme", "name": "Acme AI", "api_pattern": "acme", "models": [
        {"id": "nova-1", "match": {"equals": "nova-1"},
         "prices": {"input_mtok": "INPUT", "output_mtok": 10, "smell_mtok": 1}},
        {"id": "nova-2", "match": {"equals": "nova-2"}, "prices": {"input_mtok": "cheap"}},
    ]}]);
    list.to_string().replace("\"INPUT\"", input)
}

/// What is said of an import without the models that it names.
fn brief(text: &str) -> String {
    let is_model = |line: &&str| line.starts_with("  + ") || line.starts_with("  - ");
    text.lines().filter(|line| !is_model(line)).collect::<Vec<_>>().join("\n")
}

fn with_list() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("list.jsonl", LIST);
    sandbox
}

#[test]
fn a_snapshot_is_taken_used_and_left_again() {
    let sandbox = with_list();
    assert_snapshot!(brief(&sandbox.run("prices import list.jsonl")), @"
    prices 7c60f9113654524b: conformance 1 of 2026-01-01, licence MIT
    read as octorato: 7 models, 6 of them with a rate

    0 rates changed, 7 models added, 2,267 models removed
      … and 2247 more
    [stderr]
    error: not taken: to look at: lost prices or names: 2,267
    hint: look at the changes with --dry-run, then take them with --yes
    [exit 2]
    ");
    assert_snapshot!(brief(&sandbox.run("prices import list.jsonl --yes")), @"
    prices 7c60f9113654524b: conformance 1 of 2026-01-01, licence MIT
    read as octorato: 7 models, 6 of them with a rate

    0 rates changed, 7 models added, 2,267 models removed
      … and 2247 more

    taken; `octorato prices use builtin` goes back
    ");
    assert_snapshot!(sandbox.run("prices list"), @"
    prices 7c60f9113654524b: conformance 1 of 2026-01-01, licence MIT

     Provider  Name      Models
    ────────────────────────────
     acme      Acme AI        7
     reseller  Reseller       0

     Snapshot          Source         Made
    ──────────────────────────────────────────────────────
     7c60f9113654524b  conformance 1  2026-01-01  current
    [stderr]
    `octorato prices list PROVIDER` lists models, `prices show MODEL` all rates of one
    ");
    assert_snapshot!(sandbox.run("price nova-1 --input 1000 --at 2026-01-01"), @"
    $0.003
    acme's nova-1, by equals `nova-1`
    at 2026-01-01 00:00:00 UTC, prices 7c60f9113654524b

     Class  Count            Rate  List cost
    ─────────────────────────────────────────
     input  1,000  $3 / 1,000,000     $0.003
    ─────────────────────────────────────────
     Total                            $0.003
    ");
    assert_snapshot!(sandbox.run("prices import list.jsonl"), @"
    prices 7c60f9113654524b: conformance 1 of 2026-01-01, licence MIT
    read as octorato: 7 models, 6 of them with a rate

    nothing differs

    nothing to take: these are the current prices
    ");
    assert_snapshot!(sandbox.run("prices use builtin"), @"prices [prices]: genai-prices 0.2.1 of 2026-11-23, built in, licence MIT");
    let gone = sandbox.run("price nova-1 --input 1000");
    assert!(
        gone.contains("no provider of the price list has models named like `nova-1`"),
        "{gone}"
    );
    let id = sandbox.json("prices list")["stored"][0]["id"].as_str().unwrap()[..8].to_owned();
    assert!(sandbox.run(&format!("prices use {id}")).starts_with(&format!("prices {id}")));
    assert_snapshot!(sandbox.run("prices use 00000000"), @"
    [stderr]
    error: no such snapshot: `00000000`
    hint: `octorato prices list` shows the snapshots
    [exit 2]
    ");
}

#[test]
fn the_models_of_a_provider_are_listed_with_their_rates() {
    let sandbox = with_list();
    sandbox.run("prices import list.jsonl --yes");
    assert_snapshot!(sandbox.run("prices list acme --at 2026-01-01"), @"
    prices 7c60f9113654524b: conformance 1 of 2026-01-01, licence MIT

     Model       Input  Cache read  Write 5m  Write 1h  Output  Other
    ────────────────────────────────────────────────────────────────────────────────────────
     nova-1         $3        $0.3     $3.75        $6     $15  web searches $10 / 1,000
     nova-long   $1.25      $0.125         -         -     $10
     nova-night  $0.14           -         -         -   $0.21
     nova-think     $2           -         -         -      $8  reasoning $3 / 1,000,000
     nova-ear        -           -         -         -       -  audio seconds $0.36 / 3,600
     nova-free       -           -         -         -       -
     nova-fee       $1           -         -         -      $1  requests $12 / 1,000
    US dollars for a million tokens, at 2026-01-01 00:00:00 UTC
    note: 1 model without any rate
    ");
    let document = sandbox.json("prices list acme --at 2026-07-01");
    assert_eq!(document["models"][0]["rates"]["input"], json!({"usd": "2", "per": 1_000_000}));
    assert_snapshot!(sandbox.run("prices list nobody"), @"
    [stderr]
    error: no price list of provider: `nobody`, price list: `conformance 1`
    hint: use one of acme, reseller
    [exit 2]
    ");
}

#[test]
fn show_has_every_rate_and_explain_every_step() {
    let sandbox = with_list();
    sandbox.run("prices import list.jsonl --yes");
    assert_snapshot!(sandbox.run("prices show nova-1"), @"
    prices 7c60f9113654524b: conformance 1 of 2026-01-01, licence MIT

    acme/nova-1
      200,000 tokens in its context window, 8,192 tokens written at most

     When              Rate                 Input above    USD
    ───────────────────────────────────────────────────────────
     always            cache_read_mtok                     0.3
                       cache_write_1h_mtok                   6
                       cache_write_mtok                   3.75
                       input_mtok                            3
                       output_mtok                          15
                       web_searches_kcount                  10
     from 2026-07-01   cache_read_mtok                     0.2
                       cache_write_1h_mtok                   4
                       cache_write_mtok                    2.5
                       input_mtok                            2
                       output_mtok                          10
                       web_searches_kcount                  10
     processing=batch  input_mtok                            1
                       output_mtok                           5
     inference_geo=us  all token rates                   x 1.1
    mtok: a million tokens; mchars: a million characters; kcount, kpages: a thousand
    ");
    assert_snapshot!(sandbox.run("prices show nova-long-20251215"), @"
    prices 7c60f9113654524b: conformance 1 of 2026-01-01, licence MIT

    acme/nova-long

     When    Rate             Input above    USD
    ─────────────────────────────────────────────
     always  cache_read_mtok               0.125
                                  200,000   0.25
             input_mtok                     1.25
                                  200,000    2.5
             output_mtok                      10
                                  200,000     15
    mtok: a million tokens; mchars: a million characters; kcount, kpages: a thousand
    ");
    assert_snapshot!(sandbox.run("prices explain acme/nova-longer"), @"
    prices 7c60f9113654524b: conformance 1 of 2026-01-01, licence MIT

    acme/nova-longer
      provider  acme (named in model)
      name      acme/nova-longer
                acme: 7 entries, none matches
      name      nova-longer, prefix
                acme: 7 entries, number 2 matches
      entry     acme/nova-long, by starts with `nova-long`
      certainty similar: only a pattern of the price list matches the name
    [stderr]
    `octorato prices show acme/nova-longer` shows its rates
    ");
    assert_snapshot!(sandbox.run("prices explain other/nova-9"), @"
    prices 7c60f9113654524b: conformance 1 of 2026-01-01, licence MIT

    other/nova-9
      no price  no provider of the price list has models named like `other/nova-9`, price list: `conformance 1`
    [exit 1]
    ");
    assert_snapshot!(sandbox.run("prices explain nova-2"), @"
    prices 7c60f9113654524b: conformance 1 of 2026-01-01, licence MIT

    nova-2
      provider  acme (inferred from model)
      name      nova-2
                acme: 7 entries, none matches
      no price  no price for model: `nova-2`, provider: `acme`, tried: `the models of acme`, price list: `conformance 1`
      near      acme/nova-1
      near      acme/nova-ear
      near      acme/nova-fee
    [exit 1]
    ");
    assert_snapshot!(sandbox.run("prices show nova-2"), @"
    [stderr]
    error: no price for model: `nova-2`, provider: `acme`, tried: `the models of acme`, price list: `conformance 1`
    hint: the list has nova-1, nova-ear, nova-fee; `octorato prices update` fetches newer prices
    [exit 2]
    ");
    let document = sandbox.json("prices explain nova-1");
    assert_eq!(
        (&document["schema"], &document["found"]["certainty"]),
        (&json!(1), &json!("exact"))
    );
}

#[test]
fn what_a_foreign_list_has_that_is_not_understood_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("a.json", foreign("3"));
    sandbox.write("b.json", foreign("0.30000000000000004"));
    let told = sandbox.run("prices import a.json --yes");
    let told = told.split("\n\n").next().unwrap().to_owned();
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    assert_snapshot!(told.replace(&today, "[today]").split_once(": ").unwrap().1, @r#"
    genai-prices [today] of [today], licence MIT
    read as genai-prices: 2 models, 1 of them with a rate
    not understood: prices: smell_mtok (1 time, first acme/nova-1: 1)
    without a price: acme/nova-2: prices: input_mtok: not a rate: `"cheap"`
    "#);
    assert_snapshot!(sandbox.run("prices diff current b.json").split("\n\n").skip(1).collect::<Vec<_>>().join("\n\n"), @"
    1 rate changed, 0 models added, 0 models removed

    now:
     Model        Rate        When    Before  After  Change
    ────────────────────────────────────────────────────────
     acme/nova-1  input_mtok  always       3    0.3   -90 %
    [exit 1]
    ");
    let refused = sandbox.run("prices import b.json");
    assert!(
        refused.contains("rates by more than 20 % (up to 90 %): 1; rates of the past: 1"),
        "{refused}"
    );
    let document = sandbox.json("prices import b.json --dry-run");
    assert_eq!((&document["taken"], &document["news"]), (&json!(false), &json!(true)));
    assert_eq!(document["normalised"][0]["taken"], "0.3");
    assert_eq!(document["unknown"][0]["path"], "prices: smell_mtok");
}

#[test]
fn what_is_no_price_list_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("page.json", "<!DOCTYPE html><html></html>");
    sandbox.write("empty.json", "");
    sandbox.write("broken.jsonl", LIST.replace("\"schema\":1", "\"schema\":9"));
    for file in ["page.json", "empty.json", "broken.jsonl", "nowhere.json"] {
        let output = sandbox.output(&format!("prices import {file} --yes"));
        assert_eq!(output.status.code(), Some(2), "{file}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.starts_with("error: "), "{file}: {told}");
    }
    assert!(!sandbox.path(".local/share/octorato").exists());
}

/// A server that gives one answer to each of `times` requests.
fn server(answer: String, times: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for _ in 0..times {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    format!("http://{address}/prices.jsonl")
}

#[test]
fn update_fetches_checks_and_only_then_changes_anything() {
    let sandbox = Sandbox::new();
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    let whole = server(format!("{}{LIST}", head(LIST.len())), 3);
    let cut = server(format!("{}{LIST}", head(LIST.len() + 1)), 1);
    let missing = server("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(), 1);
    for url in [&cut, &missing, "http://127.0.0.1:1/", "http://example.com/p.json", "p.json"] {
        let output = sandbox.output(&format!("prices update --yes --url {url}"));
        assert_eq!(output.status.code(), Some(2), "{url}");
    }
    let large = sandbox.output(&format!("prices update --url {whole}"));
    assert_eq!(large.status.code(), Some(2), "every built-in model would be lost");
    assert!(!sandbox.path(".local/share/octorato").exists());
    assert_eq!(
        sandbox.json(&format!("prices update --yes --dry-run --url {whole}"))["taken"],
        false
    );
    assert!(!sandbox.path(".local/share/octorato").exists());
    assert_eq!(sandbox.json(&format!("prices update --yes --url {whole}"))["taken"], true);
    assert_eq!(sandbox.json("prices list")["snapshot"]["source"], "conformance 1");
}

#[test]
fn a_snapshot_that_was_changed_is_not_used() {
    let sandbox = with_list();
    sandbox.run("prices import list.jsonl --yes");
    let id = sandbox.json("prices list")["snapshot"]["id"].as_str().unwrap().to_owned();
    let file = format!(".local/share/octorato/prices/{id}.jsonl");
    sandbox.write(&file, LIST.replace("\"15\"", "\"1.5\""));
    let told = sandbox.run("price nova-1 --output 1000");
    assert!(told.contains("the snapshot was changed after it was taken"), "{told}");
    assert!(told.contains("hint: `octorato prices use builtin`"), "{told}");
    assert!(sandbox.run("prices list --snapshot builtin").contains("cannot be used"));
    sandbox.stdout("prices use builtin");
    sandbox.stdout("price claude-opus-4-8 --output 1000");
}

#[test]
fn old_requests_are_restated_beside_their_amounts_and_never_in_place() {
    let sandbox = Sandbox::agency();
    let dearer = Catalog::builtin().text().replace(
        r#""cache_read_mtok":"0.5","cache_write_1h_mtok":"10","#,
        r#""cache_read_mtok":"0.6","cache_write_1h_mtok":"10","#,
    );
    sandbox.write("dearer.jsonl", dearer);
    let id = {
        sandbox.run("prices import dearer.jsonl --yes");
        sandbox.json("prices list")["snapshot"]["id"].as_str().unwrap()[..8].to_owned()
    };
    sandbox.run("prices use builtin");
    let before = sandbox.json("report --month 2026-10");
    let recost = format!("prices recost --to {id} --month 2026-10");
    let scrub = |text: String| text.replace(&id, "[other]");
    assert_snapshot!(scrub(sandbox.run(&recost)), @"
     Arm       Restated  List cost  Contracted
    ───────────────────────────────────────────
     acme-web         6  $0.047924   $0.047924
    ───────────────────────────────────────────
     Total            6  $0.047924   $0.047924
    note: 1 request without a price by either snapshot
    48 unchanged
    [stderr]
    nothing was kept; --write keeps the corrections
    ");
    assert_eq!(sandbox.json("report --month 2026-10"), before, "nothing was kept");

    let kept = sandbox.json(&format!("{recost} --write --reason correct"));
    let file = kept["kept"].as_str().unwrap();
    let lines = std::fs::read_to_string(file).unwrap();
    assert_eq!(lines.lines().count(), kept["corrections"].as_array().unwrap().len());
    let after = sandbox.json("report --month 2026-10");
    assert_eq!(after["total"]["list_cost"], before["total"]["list_cost"]);
    let corrections = &after["total"]["corrections"];
    assert_eq!(corrections["events"], kept["corrections"].as_array().unwrap().len());
    assert_snapshot!(scrub(sandbox.run("report --month 2026-10")).split("\n\n").nth(1).unwrap(), @"
     Arm             Requests  Input  Cache write  Cache read  Output     List cost  Corrections  Cache hit  Cache saved
    ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     acme-web               9  1,870      100,266     323,582   1,201  $1.4516700 †    $0.047924     76.0 %   $1.5724650
     globex                16     75      186,798     514,886   3,994  $1.1613012      $0.000000     73.4 %   $0.7582928
     acme-mobile           18     71       98,590     361,111   5,901  $0.6333778      $0.000000     78.5 %   $0.8805062
     cafe-zuerich          10     38       38,008     167,896   1,933  $0.1164400      $0.000000     81.5 %   $0.2154130
     (unattributed)         2      6       15,310      14,918     414  $0.0683756      $0.000000     49.3 %  -$0.0037676
    ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                 55  2,060      438,972   1,382,393  13,443  $3.4311646 †    $0.047924     75.8 %   $3.4229094
    ");

    // What the report says and adds is what the other prices say.
    sandbox.run(&format!("prices use {id}"));
    let other = sandbox.json("report --month 2026-10");
    let sum = |document: &Value, pointer: &str| -> Decimal {
        document.pointer(pointer).unwrap().as_str().unwrap().parse().unwrap()
    };
    assert_eq!(
        sum(&after, "/total/list_cost") + sum(&after, "/total/corrections/list_cost"),
        sum(&other, "/total/list_cost")
    );
    assert_eq!(other["total"]["corrections"]["events"], 0, "they correct other prices");

    assert_eq!(other["total"]["corrections"]["stale"], 0, "they are what these prices say");

    // What has no part in the amounts leaves the corrections as they are.
    sandbox.run("prices use builtin");
    sandbox.write(".config/octorato/prices.yaml", "fx: { MXN: { 2026-01-01: 0.05 } }\n");
    assert_eq!(&sandbox.json("report --month 2026-10")["total"]["corrections"], corrections);
    // Amounts that nobody has corrected do not get corrections of others.
    let discount = "discounts:\n  - { provider: anthropic, pct: 10 }\n";
    sandbox.write(".config/octorato/prices.yaml", discount);
    let agreed = sandbox.json("report --month 2026-10")["total"]["corrections"].clone();
    assert_eq!(
        (&agreed["list_cost"], &agreed["contracted_cost"]),
        (&corrections["list_cost"], &json!("0"))
    );
    assert_eq!(agreed["stale"], corrections["events"]);
    let told = sandbox.run("report --month 2026-10");
    assert!(told.contains("corrections of 6 requests are of other prices and not added"), "{told}");
    sandbox.write(".config/octorato/prices.yaml", "");

    // One request's way shows what was restated of it.
    let by_message = sandbox.json("report --month 2026-10 --by message");
    let restated =
        by_message["rows"].as_array().unwrap().iter().find(|row| row["corrections"]["events"] == 1);
    let restated = restated.unwrap();
    let message = restated["message"].as_str().unwrap();
    let why = sandbox.json(&format!("why {message}"));
    let made = &why["requests"][0]["corrections"][0];
    assert_eq!(made["correction"]["list_cost"], restated["corrections"]["list_cost"]);
    assert_eq!((&made["list_holds"], &made["contracted_holds"]), (&json!(true), &json!(true)));
    let text = sandbox.stdout(&format!("why {message}"));
    assert!(text.contains("  restated  list +") && text.contains("; correct"), "{text}");

    let again = sandbox.json(&format!("{recost} --write"));
    assert_eq!((&again["corrections"], &again["kept"]), (&json!([]), &Value::Null));
    std::fs::write(file, lines.replace("correct", "wrong")).unwrap();
    let told = sandbox.run("report");
    assert!(told.contains("a restatement was changed after it was made"), "{told}");
}

/// What is told of an import that is not taken, from the third paragraph on.
fn refusal(sandbox: &Sandbox, text: &str) -> String {
    sandbox.write("changed.jsonl", text);
    sandbox.run("prices import changed.jsonl")
}

#[test]
fn every_change_that_a_person_should_see_is_asked_about() {
    let sandbox = with_list();
    sandbox.run("prices import list.jsonl --yes");
    let changed = |old: &str, new: &str| {
        assert!(LIST.contains(old), "{old}");
        LIST.replacen(old, new, 1)
    };
    for (old, new, why) in [
        (r#""max_output":8192"#, r#""max_output":1"#, "tighter limits: 1"),
        (r#"{"starts_with":"nova-"}"#, r#"{"starts_with":"n"}"#, "rules for names of providers: 1"),
        (
            r#""when":{"inference_geo":"us"}"#,
            r#""when":{"inference_geo":"eu"}"#,
            "new rates of known models: 1",
        ),
    ] {
        let told = refusal(&sandbox, &changed(old, new));
        assert!(told.contains("error: not taken: ") && told.contains(why), "{told}");
    }
    // A price from the day after tomorrow on, a thousand times as high.
    let day = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48);
    let later = format!(
        r#"{{"constraint":{{"start_date":"{}"}},"rates":{{"input_mtok":"3000"}}}}]"#,
        day.strftime("%Y-%m-%d")
    );
    let eras = LIST.find(r#""prices":["#).unwrap();
    let end = eras + LIST[eras..].find(']').unwrap();
    let told = refusal(&sandbox, &format!("{},{later}{}", &LIST[..end], &LIST[end + 1..]));
    assert!(told.contains("later:") && told.contains("rates by more than 20 % (up to "), "{told}");
}

#[test]
fn a_list_without_any_rate_is_refused_and_one_without_history_leaves_the_past() {
    let sandbox = with_list();
    sandbox.run("prices import list.jsonl --yes");
    sandbox.write("none.json", "[]");
    let told = sandbox.run("prices import none.json --yes");
    assert!(told.contains("error: ") && told.contains("[exit 2]"), "{told}");
    let before = sandbox.json("price nova-1 --provider acme --input 1000000 --at 2026-01-01");
    let litellm = json!({"nova-1": {"litellm_provider": "acme", "mode": "chat",
        "input_cost_per_token": 7e-6, "output_cost_per_token": 1e-5}});
    sandbox.write("litellm.json", litellm.to_string());
    let told = sandbox.run("prices import litellm.json --yes");
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    assert!(
        told.contains(&format!("prices before {today} are those of the snapshot before")),
        "{told}"
    );
    let after = sandbox.json("price nova-1 --provider acme --input 1000000 --at 2026-01-01");
    assert_eq!(after["usd"], before["usd"]);
    assert_eq!(sandbox.json("price nova-1 --provider acme --input 1000000")["usd"], "7");
}

#[test]
fn diff_ends_with_one_where_anything_differs() {
    let sandbox = with_list();
    assert_eq!(sandbox.output("prices diff builtin current").status.code(), Some(0));
    assert_eq!(sandbox.output("prices diff builtin list.jsonl").status.code(), Some(1));
    let told = sandbox.run("prices diff builtin current --provider nosuch");
    assert!(told.contains("no price list of provider: `nosuch`"), "{told}");
}
