//! Reports with prices of the operator's own.

use insta::assert_snapshot;

use crate::numbers::amount;
use crate::sandbox::Sandbox;

const PRICES: &str = r#"fx: { MXN: { 2026-01-01: 0.05 } }
discounts:
  - { provider: anthropic, models: ["claude-sonnet-*"], pct: 10, note: volume 2026 }
contracts:
  - { provider: anthropic, model: claude-opus-4-8, rates: { cache_read: 0.25 }, from: 2026-10-01 }
models:
  - { provider: acme-gpu, model: "acme-tuned-*", rates: { input: 0.2, output: 0.4 } }
"#;

const PLAN: &str = "plans:
  - { id: max-dana, provider: anthropic, monthly: 100, from: 2026-10-01, homes: [~/.claude] }
";

/// The agency with a `prices.yaml`.
fn agency(prices: &str) -> Sandbox {
    let sandbox = Sandbox::agency();
    sandbox.write(".config/octorato/prices.yaml", prices);
    sandbox
}

/// The answer without the id of the price book, which newer prices change.
fn shown(sandbox: &Sandbox, line: &str) -> String {
    let answer = sandbox.run(line);
    let Some((before, after)) = answer.split_once("price book ") else { return answer };
    format!("{before}price book [book]{}", after.get(16..).unwrap_or_default())
}

#[test]
fn agreed_prices_and_charges_stand_beside_the_list_cost() {
    assert_snapshot!(shown(&agency(PRICES), "report --month 2026-10 --by client"), @r"
    2026-10, America/Mexico_City; list cost in USD, price snapshot [prices]; with your own prices, price book [book]

     Client          Requests  Input  Cache write  Cache read  Output   List cost   Contracted    Client charge  Cache hit  Cache saved
    ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     acme                  27  1,941      198,856     684,693   7,102  $2.0854402  $2.03695156                -     77.3 %   $2.4529712
     globex                16     75      186,798     514,886   3,994  $1.1613012  $1.10270204  28.67025304 MXN     73.4 %   $0.7582928
     cafe-zuerich          10     38       38,008     167,896   1,933  $0.1164400  $0.11408362                -     81.5 %   $0.2154130
     (unattributed)         2      6       15,310      14,918     414  $0.0683756  $0.06153804                -     49.3 %  -$0.0037676
    ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                 55  2,060      438,972   1,382,393  13,443  $3.4315570  $3.31527526  28.67025304 MXN     75.8 %   $3.4229094

     Class                              Count   List cost
    ──────────────────────────────────────────────────────
     input                              2,060  $0.0009570
     cache read                     1,382,393  $0.4353686
     cache write 5m                    88,104  $0.1362150
     cache write 1h                   350,868  $2.6154420
     output                            13,443  $0.2135744
     (reasoning, in output)             1,669
     web searches                           3  $0.0300000
    ──────────────────────────────────────────────────────
     Total                   1,836,868 tokens  $3.4315570

    unattributed: $0.0683756 (2.0 %), 2 requests, 1.7 % of the tokens; `octorato scan` proposes arms
    the logs name no provider for acme-tuned-7b: priced as acme-gpu's acme-tuned-*
    agreed price of claude-opus-4-8: contract with anthropic for claude-opus-4-8, from 2026-10-01
    agreed price of claude-sonnet-5: volume 2026
    inherited: $0.01515775, 3 requests in folders of no arm, given to what their session last worked for; `--by arm,reason,project` shows which
    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    ");
}

#[test]
fn the_fee_of_a_plan_is_shared_by_the_work_that_it_covered() {
    let sandbox = agency(PLAN);
    assert_snapshot!(shown(&sandbox, "report --month 2026-10"), @r"
    2026-10, America/Mexico_City; list cost in USD, price snapshot [prices]; with your own prices, price book [book]

     Arm             Requests  Input  Cache write  Cache read  Output     List cost          Allocated  Cache hit  Cache saved
    ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     acme-web               9  1,870      100,266     323,582   1,201  $1.4516700 †   $42.308375412825     76.0 %   $1.5724650
     globex                16     75      186,798     514,886   3,994  $1.1613012     $33.845686097371     73.4 %   $0.7582928
     acme-mobile           18     71       98,590     361,111   5,901  $0.6333778     $18.459557434230     78.5 %   $0.8805062
     cafe-zuerich          10     38       38,008     167,896   1,933  $0.1164400      $3.393599945626     81.5 %   $0.2154130
     (unattributed)         2      6       15,310      14,918     414  $0.0683756      $1.992781109948     49.3 %  -$0.0037676
    ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                 55  2,060      438,972   1,382,393  13,443  $3.4311646 †  $100.000000000000     75.8 %   $3.4229094

     Class                              Count     List cost
    ────────────────────────────────────────────────────────
     input                              2,060  $0.0005890 †
     cache read                     1,382,393  $0.4353686
     cache write 5m                    88,104  $0.1362150
     cache write 1h                   350,868  $2.6154420
     output                            13,443  $0.2135500 †
     (reasoning, in output)             1,669
     web searches                           3  $0.0300000
    ────────────────────────────────────────────────────────
     Total                   1,836,868 tokens  $3.4311646 †

    unattributed: $0.0683756 (2.0 %), 2 requests, 1.7 % of the tokens; `octorato scan` proposes arms
    † acme-tuned-7b: 1 request, 1,901 tokens (0.1 % of all) without a price: no provider of the price list has models named like `acme-tuned-7b`, price list: `genai-prices 0.2.1`
    plan max-dana, 2026-10: $100.00 for 54 requests of $3.4311646 at list price
    not charged in MXN to clients billed at cost plus: 16 requests; the first: no exchange rate of `MXN` on 2026-10-13
    inherited: $0.01515775, 3 requests in folders of no arm, given to what their session last worked for; `--by arm,reason,project` shows which
    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    ");
    let report = sandbox.json("report --month 2026-10");
    let total = &report["total"];
    assert_eq!(total["allocated_cost"], "100");
    assert_eq!(total["contracted_cost"], total["list_cost"]);
    assert_eq!(report["plans"][0]["residual"], "0");
    // Parts of the month share what the whole month shares.
    let days = sandbox.json("report --since 2026-10-01 --until 2026-10-14");
    let rest = sandbox.json("report --since 2026-10-15 --until 2026-10-31");
    let parts = [&days, &rest].map(|part| amount(&part["total"]["allocated_cost"]));
    assert_eq!(parts.iter().sum::<i128>(), amount(&total["allocated_cost"]));
    // So do reports on one client, which say nothing of the others.
    let clients = sandbox.json("report --month 2026-10 --by client");
    for row in clients["rows"].as_array().unwrap() {
        let Some(client) = row["client"].as_str() else { continue };
        let own = sandbox.json(&format!("report --month 2026-10 --client {client}"));
        assert_eq!(own["total"]["allocated_cost"], row["allocated_cost"], "{client}");
        assert_eq!(own["plans"], serde_json::json!([]));
    }
}

#[test]
fn a_month_without_work_leaves_the_fee_of_its_plan() {
    let prices = "plans:
  - { id: team, provider: openai, monthly: 25, seats: 4, from: 2026-10-16, homes: [~/.claude] }
";
    let report = agency(prices).json("report --by month");
    let plans = report["plans"].as_array().unwrap();
    let months: Vec<_> = plans
        .iter()
        .map(|p| (p["month"].as_str().unwrap(), p["fee"].as_str(), p["residual"].as_str()))
        .collect();
    let half = Some("51.612903225806"); // 16 of 31 days
    assert_eq!(months[0], ("2026-10", half, half));
    assert_eq!(report["total"]["allocated_cost"], report["total"]["list_cost"]);
}

#[test]
fn the_csv_has_every_cost_and_the_evidence_names_what_was_agreed() {
    let sandbox = agency(PRICES);
    let csv = sandbox.stdout("report --month 2026-10 --by client --format csv");
    let header = csv.lines().next().unwrap();
    assert!(
        header.contains("contracted_cost,allocated_cost,client_charge_MXN,uncharged_events,"),
        "{header}"
    );
    let report = sandbox.json("report --month 2026-10 --by client");
    let agreed = |model: &str| {
        let models = report["prices"]["models"].as_array().unwrap();
        let found = models.iter().find(|entry| entry["model"] == model).unwrap();
        (found["agreements"].clone(), found["matched_by"].clone())
    };
    assert_eq!(agreed("claude-sonnet-5").0, serde_json::json!(["volume 2026"]));
    assert_eq!(agreed("acme-tuned-7b").1, "own_model");
    assert_eq!(report["total"]["unpriced_events"], 0);
    for row in report["rows"].as_array().unwrap() {
        let has_charge = !row["client_charge"].as_object().unwrap().is_empty();
        assert_eq!(has_charge, row["client"] == "globex", "{row}");
    }
}

#[test]
fn why_shows_both_prices_and_the_agreement() {
    let sandbox = agency(PRICES);
    let report = sandbox.json("report --by model,message");
    let rows = report["rows"].as_array().unwrap();
    let id = |model: &str| {
        let row = rows.iter().find(|row| row["model"] == model).unwrap();
        row["message"].as_str().unwrap().to_owned()
    };
    let sonnet = sandbox.json(&format!("why {}", id("claude-sonnet-5")));
    let price = &sonnet["requests"][0]["price"];
    assert_eq!(amount(&price["contracted_cost"]) * 10, amount(&price["list_cost"]) * 9);
    assert_eq!(price["agreements"][0]["name"], "volume 2026");
    let text = sandbox.stdout(&format!("why {}", id("claude-sonnet-5")));
    assert!(text.contains("Contracted") && text.contains("volume 2026"), "{text}");
    let own = sandbox.stdout(&format!("why {}", id("acme-tuned-7b")));
    assert!(own.contains("acme-gpu's acme-tuned-*, an own model of prices.yaml"), "{own}");
}

#[test]
fn why_names_the_plan_and_the_share_that_the_report_counts() {
    let sandbox = agency(PLAN);
    let report = sandbox.json("report --month 2026-10 --by message");
    let row = &report["rows"].as_array().unwrap()[0];
    let why = sandbox.json(&format!("why {}", row["message"].as_str().unwrap()));
    assert_eq!(why["requests"][0]["plan"]["id"], "max-dana");
    assert_eq!(why["requests"][0]["plan"]["allocated_cost"], row["allocated_cost"]);
}

#[test]
fn a_file_that_cannot_be_used_stops_the_report_with_all_its_findings() {
    assert_snapshot!(agency("discounts:\n  - { provider: anthropi, pct: 10% }\n").run("report"), @r"
    [stderr]
    error[PRC012]: no price list of provider: `anthropi`
     --> [HOME]/.config/octorato/prices.yaml:2:17
      |
    2 |   - { provider: anthropi, pct: 10% }
      |                 ^^^^^^^^
      |
      = help: did you mean `anthropic`?

    error[PRC009]: `pct` is not an amount: `10%`
     --> [HOME]/.config/octorato/prices.yaml:2:32
      |
    2 |   - { provider: anthropi, pct: 10% }
      |                                ^^^
      |
      = help: write the number alone

    error: configuration cannot be used: `[HOME]/.config/octorato/prices.yaml`
    hint: correct the file; `octorato explain CODE` says more about a finding
    [exit 2]
    ");
}

#[test]
fn a_day_without_an_exchange_rate_is_told() {
    let sandbox = agency("fx: { MXN: { 2026-10-14: 0.05 } }\n");
    let report = sandbox.json("report --month 2026-10 --client globex");
    assert_eq!(report["total"]["uncharged_events"], 4);
    assert_eq!(report["uncharged"][0]["events"], 4);
    assert!(report["total"]["client_charge"]["MXN"].is_string());
    let text = sandbox.run("report --month 2026-10 --strict");
    assert!(
        text.contains("not charged in MXN to clients billed at cost plus: 4 requests"),
        "{text}"
    );
}

#[test]
fn without_a_file_nothing_is_shown_that_was_not() {
    let (with, without) = (agency("# nothing yet\n"), Sandbox::agency());
    assert_eq!(with.run("report"), without.run("report"));
}

#[test]
fn explain_and_show_tell_what_of_the_own_prices_is_about_a_model() {
    let sandbox = agency(PRICES);
    let own = |line: &str| {
        let answer = sandbox.run(line);
        let is_own = |line: &&str| {
            ["  entry ", "  own ", "  contract ", "  discount ", "  not ", "   ", "[exit"]
                .iter()
                .any(|start| line.starts_with(start))
                || line.contains("your")
        };
        answer.lines().filter(is_own).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(own("prices explain claude-opus-4-8-20260115"), @"
              anthropic: 25 entries, number 17 matches
    entry     anthropic/claude-opus-4-8, by starts with `claude-opus-4-8`
    contract  claude-opus-4-8: cache_read 0.25 in USD, from 2026-10-01
    ");
    assert_snapshot!(own("prices explain claude-sonnet-4-5"), @"
              anthropic: 25 entries, number 21 matches
    entry     anthropic/claude-sonnet-4-5, by starts with `claude-sonnet-4-5`
    discount  claude-sonnet-*: 10 % off, volume 2026
    ");
    assert_snapshot!(own("prices explain acme-tuned-7b"), @"
    own       acme-gpu's acme-tuned-*: input 0.2, output 0.4 in USD
              the model is your own, which comes before the list
    not listed  no provider of the price list has models named like `acme-tuned-7b`, price list: `genai-prices 0.2.1`
    ");
    assert_snapshot!(own("prices show acme-tuned-7b"), @"
    own       acme-gpu's acme-tuned-*: input 0.2, output 0.4 in USD
              the model is your own, which comes before the list
    ");
    let shown = sandbox.run("prices show claude-opus-4-8");
    assert_snapshot!(shown.split("a thousand\n").last().unwrap(), @"
    in your prices.yaml:
      contract  claude-opus-4-8: cache_read 0.25 in USD, from 2026-10-01
    ");
    let document = sandbox.json("prices explain claude-sonnet-4-5");
    assert_eq!(document["own"]["discounts"].as_array().unwrap().len(), 1);
    // Another snapshot is not what requests are priced with.
    let other = sandbox.json("prices explain claude-sonnet-4-5 --snapshot builtin");
    assert!(other.get("own").is_none(), "{other}");
    let refused = agency("similar_models: refuse\n");
    let told = refused.run("prices explain gemini-3.8-flash-cyber");
    assert!(told.contains("note: requests have no price: no certain price for model"), "{told}");
}

#[test]
fn a_request_is_bounded_by_a_dearer_contract_too() {
    let sandbox = agency(
        "contracts:
  - { provider: anthropic, model: claude-opus-4-8, rates: { output: 40 }, when: { inference_geo: us } }
",
    );
    sandbox.write(
        "request.json",
        r#"{"model": "claude-opus-4-8", "max_tokens": 1000, "messages": []}"#,
    );
    let line = "price --request request.json --provider anthropic --at 2026-11-20";
    assert_snapshot!(sandbox.run(line), @"
    at most $0.045962
    anthropic's claude-opus-4-8, by starts with `claude-opus-4-8`
    sent at 2026-11-20 00:00:00 UTC, prices [prices]

     Part           At most            Dearest rate       Cost
    ───────────────────────────────────────────────────────────
     input tokens     1,084  input $5.5 / 1,000,000  $0.005962
     output tokens    1,000  output $40 / 1,000,000  $0.040000
    ───────────────────────────────────────────────────────────
     Total                                           $0.045962
    input: 60 for the text, one for each byte; 1,024 that the provider may add
    output: 1,000 tokens, the request's own limit
    rates: of inference_geo=us, the dearest that the request leaves to the provider
    rates: as agreed in your prices.yaml, which is dearer than the list
    ");
    assert_eq!(sandbox.json(line)["worst_case"]["rates_of"], "contract");
}
