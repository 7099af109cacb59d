//! `octorato price`: one question, or many by JSON lines.

use std::io::Write as _;
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::sandbox::Sandbox;

/// The answers to lines on stdin.
fn answers(lines: &str, strict: bool) -> Vec<Value> {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(["price", "--batch", "-", "--quiet"]).args(strict.then_some("--strict"));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_turn_is_priced_class_by_class() {
    let sandbox = Sandbox::new();
    let line = "price claude-opus-4-8 --input 1200 --cache-read 92000 --cache-write-1h 1500 \
                --output 412 --at 2026-11-20";
    assert_snapshot!(sandbox.run(line), @"
    $0.0773
    anthropic's claude-opus-4-8, by starts with `claude-opus-4-8`
    at 2026-11-20 00:00:00 UTC, prices [prices]

     Class            Count              Rate  List cost
    ─────────────────────────────────────────────────────
     input            1,200    $5 / 1,000,000    $0.0060
     cache read      92,000  $0.5 / 1,000,000    $0.0460
     cache write 1h   1,500   $10 / 1,000,000    $0.0150
     output             412   $25 / 1,000,000    $0.0103
    ─────────────────────────────────────────────────────
     Total                                       $0.0773
    ");
    let document = sandbox.json(line);
    assert_eq!(document["usd"], "0.0773");
    assert_eq!(
        document["classes"],
        json!({"input": "0.006", "cache_read": "0.046", "cache_write_1h": "0.015", "output": "0.0103"})
    );
    assert_eq!(document["price"]["model"], "claude-opus-4-8");
    assert_eq!(document["price"]["exact"], true);
}

#[test]
fn doubts_are_marked_and_refused_on_demand() {
    let sandbox = Sandbox::new();
    let line = "price gemini-3.8-flash-cyber --input 1200 --unit document_pages=3 \
                --variant service_tier=turbo --at 2026-11-20T12:00:00Z";
    assert_snapshot!(sandbox.run(line), @"
    $0.0009
    google's gemini-3.8-flash, by starts with `gemini-3.8-flash`
    at 2026-11-20 12:00:00 UTC, prices [prices]

     Class  Count               Rate  List cost
    ────────────────────────────────────────────
     input  1,200  $0.75 / 1,000,000    $0.0009
    ────────────────────────────────────────────
     Total                              $0.0009
    note: the name is only similar to gemini-3.8-flash: only a pattern of the price list matches the name
    note: there is no price for service_tier=turbo; the amount does not show it
    note: there is no price for document_pages; 3 are not in the amount
    ");
    assert_snapshot!(sandbox.run(&format!("{line} --strict")), @"
    [stderr]
    error: no price for `service_tier=turbo`, provider: `google`, model: `gemini-3.8-flash`
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("price gemini-3.8-flash-cyber --input 1 --strict"), @"
    [stderr]
    error: the price list only has a model that resembles it, provider: `google`, model: `gemini-3.8-flash`
    hint: name the model as the price list does, or give it a price of its own
    [exit 2]
    ");
    let document = sandbox.json(line);
    assert_eq!(document["price"]["exact"], false);
    assert_eq!(
        document["ignored"],
        json!({"context": {"service_tier": "turbo"}, "units": {"document_pages": 3}})
    );
}

#[test]
fn a_rate_per_hour_is_exact_or_says_that_it_is_not() {
    let sandbox = Sandbox::new();
    let line = "price whisper-large-v3 --provider groq --at 2026-11-20 --unit audio_seconds";
    assert_eq!(sandbox.json(&format!("{line}=3600"))["inexact"], Value::Null);
    let document = sandbox.json(&format!("{line}=7"));
    assert_eq!(document["inexact"], true);
    assert_eq!(document["usd"].as_str().unwrap().trim_start_matches(['0', '.']).len(), 25);
}

#[test]
fn an_unknown_model_or_a_bad_argument_is_an_error_that_says_what_to_do() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("price claude-opus-9 --input 1"), @"
    [stderr]
    error: no price for model: `claude-opus-9`, provider: `anthropic`, tried: `the models of anthropic`, price list: `genai-prices 0.2.1`
    hint: the list has claude-opus-4-0, claude-opus-4-1, claude-opus-4-5; `octorato prices update` fetches newer prices
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("price claude-opus-4-8 --input -3"), @"
    [stderr]
    error: unexpected argument '-3' found

      tip: to pass '-3' as a value, use '-- -3'

    Usage: octorato price [OPTIONS] [MODEL]

    For more information, try '--help'.
    [exit 2]
    ");
    let listing = sandbox.run("price claude-opus-4-8 --unit tokens=3");
    assert!(listing.contains("no such class; use one of input, cache_read, "), "{listing}");
    let listing = sandbox.run("price claude-opus-4-8 --provider nobody --input 1");
    assert!(listing.contains("hint: use one of anthropic, arcee, "), "{listing}");
    assert_snapshot!(sandbox.run("price claude-opus-4-8"), @"
    [stderr]
    error: nothing says what was used
    hint: give counts, such as --input 1200 --output 400; `octorato prices show` has rates
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("price claude-opus-4-8 --output 5 --reasoning 7"), @"
    [stderr]
    error: more reasoning than output: `7`
    hint: output includes reasoning
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("price claude-opus-4-8 --variant fast"), @"
    [stderr]
    error: invalid value 'fast' for '--variant <NAME=VALUE>': write a name and a value, such as `service_tier=flex`

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("price claude-opus-4-8 --at noon"), @"
    [stderr]
    error: invalid value 'noon' for '--at <TIME>': write `2026-11-20T12:00:00Z` or a day such as `2026-11-20`

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("price claude-opus-4-8 --batch -"), @"
    [stderr]
    error: the argument '[MODEL]' cannot be used with '--batch <FILE>'

    Usage: octorato price <MODEL>

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("price"), @"
    [stderr]
    error: the following required arguments were not provided:
      <MODEL>

    Usage: octorato price <MODEL>

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("price --batch nowhere.jsonl"), @"
    [stderr]
    error: cannot read: `nowhere.jsonl`
      caused by: No such file or directory (os error 2)
    [exit 2]
    ");
}

#[test]
fn a_batch_has_one_answer_a_line_whatever_the_line() {
    let good = r#"{"id": 7, "provider": "anthropic", "model": "claude-sonnet-4-5",
        "timestamp": "2026-11-20T12:00:00Z", "context": {},
        "usage": {"input_tokens": 1000, "cache_read_tokens": 400, "output_tokens": 50}}"#
        .replace('\n', " ");
    let similar = r#"{"model": "gemini-3.8-flash-cyber", "usage": {"input_tokens": 1}}"#;
    let lines = [
        &*good,
        "",
        similar,
        r#"{"model": "nobody-knows", "usage": {}}"#,
        r#"{"model": "claude-opus-4-8", "usage": {"input_tokens": 1, "cache_read_tokens": 2}}"#,
        r#"{"model": "claude-opus-4-8", "usage": {"input_tokens": 1.5}}"#,
        r#"{"model": "claude-opus-4-8", "usage": {"tokens": 1}}"#,
        r#"{"model": "claude-opus-4-8", "usages": {}}"#,
        "not json",
        "{}",
        // No line feed at the end.
        &*good,
    ]
    .join("\n");
    let all = answers(&format!("\u{feff}{lines}"), false);
    assert_eq!(all.len(), 11);
    assert_eq!((&all[0]["id"], &all[0]["usd"]), (&json!(7), &json!("0.00267")));
    assert_eq!(all[10], all[0]);
    assert_eq!(
        (&all[1]["kind"], &all[2]["price"]["exact"]),
        (&json!("invalid_argument"), &json!(false))
    );
    for (answer, kind) in all[3..10].iter().zip([
        "unpriced",
        "invalid_usage",
        "invalid_argument",
        "invalid_argument",
        "invalid_argument",
        "invalid_argument",
        "invalid_argument",
    ]) {
        assert_eq!(answer["kind"], kind, "{answer}");
        assert!(answer.get("usd").is_none() && answer["error"].is_string(), "{answer}");
    }
    assert_eq!(answers(similar, true)[0]["kind"], "unpriced");
    let day =
        r#"{"model": "claude-opus-4-8", "timestamp": "2026-11-20", "usage": {"messages": 1}}"#;
    let answer = &answers(day, false)[0];
    assert_eq!((&answer["usd"], &answer["complete"]), (&json!("0"), &json!(false)));
}

#[test]
fn a_program_may_ask_through_a_pipe_and_wait_for_each_answer() {
    use std::io::{BufRead, BufReader};
    let sandbox = Sandbox::new();
    let mut child = sandbox
        .command()
        .args(["price", "--batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut questions = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for tokens in [1_000_000, 2_000_000] {
        let usage = json!({"input_tokens": tokens});
        writeln!(questions, "{}", json!({"model": "claude-sonnet-4-5", "usage": usage})).unwrap();
        questions.flush().unwrap();
        let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert!(answer["usd"].is_string(), "{answer}");
    }
    drop(questions);
    assert!(child.wait().unwrap().success());
}

/// The worst case of a request's body.
fn bounded(provider: &str, body: &Value) -> String {
    let sandbox = Sandbox::new();
    sandbox.write("request.json", body.to_string());
    sandbox.run(&format!("price --request request.json --provider {provider} --at 2026-11-20"))
}

fn claude(tools: &Value) -> Value {
    json!({"model": "claude-opus-4-8", "max_tokens": 1024, "tools": tools,
        "messages": [{"role": "user", "content": "What is new?"}]})
}

#[test]
fn what_a_request_can_cost_at_most_is_shown_part_by_part() {
    let image = json!({"type": "image", "source":
        {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}});
    assert_snapshot!(bounded("anthropic", &json!({"model": "claude-opus-4-8", "max_tokens": 1024,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "inference_geo": "global", "messages": [{"role": "user", "content": [image]}]})), @"
        at most $0.0636625
        anthropic's claude-opus-4-8, by starts with `claude-opus-4-8`
        sent at 2026-11-20 00:00:00 UTC, prices [prices]

         Part           At most                      Dearest rate        Cost
        ──────────────────────────────────────────────────────────────────────
         input tokens     6,090  cache write 5m $6.25 / 1,000,000  $0.0380625
         output tokens    1,024            output $25 / 1,000,000  $0.0256000
        ──────────────────────────────────────────────────────────────────────
         Total                                                     $0.0636625
        input: 282 for the text, one for each byte; 1,024 that the provider may add; 4,784 for 1 image
        output: 1,024 tokens, the request's own limit
        ");
    assert_snapshot!(bounded("openai", &json!({"model": "gpt-5.4", "n": 2, "service_tier": "flex",
        "messages": [{"role": "user", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}],
        "tools": [{"type": "function", "function": {"name": "search", "parameters":
            {"type": "object"}}}]})), @"
            at most $11.02745
            openai's gpt-5.4, by equals `gpt-5.4`
            sent at 2026-11-20 00:00:00 UTC, prices [prices]

             Part             At most              Dearest rate       Cost
            ───────────────────────────────────────────────────────────────
             input tokens   1,053,490      input $5 / 1,000,000   $5.26745
             output tokens    256,000  output $22.5 / 1,000,000   $5.76000
            ───────────────────────────────────────────────────────────────
             Total                                               $11.02745
            input: 418 for the text, one for each byte; 3,072 that the provider may add; 1,050,000 for 1 image, of which only the model's context window is known
            output: 128,000 tokens, the most that the model can write, since the request sets no limit, in each of 2 answers
            rates: not of service_tier=flex, which the provider may not grant
            ");
    let search = json!([{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}]);
    assert_snapshot!(bounded("anthropic", &claude(&search)), @"
    at most $22.21601
    anthropic's claude-opus-4-8, by starts with `claude-opus-4-8`
    sent at 2026-11-20 00:00:00 UTC, prices [prices]

     Part             At most              Dearest rate       Cost
    ───────────────────────────────────────────────────────────────
     input tokens   4,013,340    input $5.5 / 1,000,000  $22.07337
     output tokens      4,096  output $27.5 / 1,000,000   $0.11264
     web searches           3               $10 / 1,000   $0.03000
    ───────────────────────────────────────────────────────────────
     Total                                               $22.21601
    input: 263 for the text, one for each byte; 3,072 that the provider may add; 1,000,000 for web search results, of which only the model's context window is known; in each of 4 rounds of the provider's own tools
    output: 1,024 tokens, the request's own limit; in each of 4 rounds of the provider's own tools
    rates: of inference_geo=us, the dearest that the request leaves to the provider
    ");
    assert_snapshot!(bounded("openai", &json!({"model": "gpt-5.4", "input": "Go on",
        "previous_response_id": "resp_1", "shiny": true})), @"
        at most $9.09553
        openai's gpt-5.4, by equals `gpt-5.4`
        sent at 2026-11-20 00:00:00 UTC, prices [prices]

         Part             At most            Dearest rate      Cost
        ────────────────────────────────────────────────────────────
         input tokens   1,051,106    input $5 / 1,000,000  $5.25553
         output tokens    128,000  output $30 / 1,000,000  $3.84000
        ────────────────────────────────────────────────────────────
         Total                                             $9.09553
        input: 82 for the text, one for each byte; 1,024 that the provider may add; 1,050,000 for `previous_response_id`, of which only the model's context window is known
        output: 128,000 tokens, the most that the model can write, since the request sets no limit
        rates: of service_tier=fast, the dearest that the request leaves to the provider
        note: fields that no documentation names, counted as text: `shiny`
        ");
}

#[test]
fn a_request_that_nothing_limits_says_every_reason() {
    let search = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    assert_snapshot!(bounded("anthropic", &claude(&search)), @"
    no limit
    anthropic's claude-opus-4-8, by starts with `claude-opus-4-8`
    sent at 2026-11-20 00:00:00 UTC, prices [prices]

    unbounded: no `max_uses` bounds web search results
    unbounded: nothing limits `web_searches`
    unbounded: the rounds of the provider's tools have no limit
    [stderr]
    no cap can hold for such a request: limit what is named, or leave it out
    [exit 1]
    ");
    let mcp = json!([{"type": "mcp_toolset", "name": "x"}]);
    assert_snapshot!(bounded("anthropic", &claude(&mcp)), @"
    no limit
    anthropic's claude-opus-4-8, by starts with `claude-opus-4-8`
    sent at 2026-11-20 00:00:00 UTC, prices [prices]

    unbounded: the provider's tool `mcp_toolset` has no limit that is known
    [stderr]
    no cap can hold for such a request: limit what is named, or leave it out
    [exit 1]
    ");
}

#[test]
fn a_request_that_cannot_be_read_or_priced_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write("request.json", "{");
    sandbox.write("gemini.json", r#"{"contents": [], "generationConfig": {"maxOutputTokens": 9}}"#);
    sandbox.write("fast.json", r#"{"model": "claude-haiku-4-5", "speed": "fast", "messages": []}"#);
    sandbox.write("fed.json", r#"{"model": "gemini-3.8-flash-cyber"}"#);
    for line in [
        "price --request request.json --provider anthropic",
        "price --request gemini.json --provider google",
        "price --request fast.json --provider anthropic --at 2026-11-20",
        "price --request fed.json --provider google --strict",
        "price --request fast.json",
        "price --request fast.json --provider anthropic --input 3",
        "price --request fast.json --provider anthropic --api-flavor telex",
    ] {
        let told = sandbox.run(line);
        assert!(told.contains("error: ") && told.ends_with("[exit 2]\n"), "{line}: {told}");
    }
    assert_snapshot!(sandbox.run("price --request gemini.json --provider google"), @"
    [stderr]
    error: the request names no model
    hint: name it, such as `claude-opus-4-8`
    [exit 2]
    ");
    // The model may be named beside the body, and the provider in any spelling.
    let document = sandbox
        .json("price gemini-2.5-pro --request gemini.json --provider vertex_ai --at 2026-11-20");
    assert_eq!(document["worst_case"]["max_output_tokens"], 9);
    assert_eq!(document["price"]["provider"], "google");
}

#[test]
fn a_batch_may_ask_for_bounds_too() {
    let search = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    let line = |id: u64, request: Value| {
        let at = "2026-11-20T12:00:00Z";
        json!({"id": id, "provider": "anthropic", "timestamp": at, "request": request}).to_string()
    };
    let lines = [
        line(1, claude(&json!([]))),
        line(2, claude(&search)),
        line(3, json!([])),
        r#"{"provider": "anthropic", "request": {"max_tokens": 1, "max_tokens": 2, "messages": []}, "model": "claude-opus-4-8"}"#.to_owned(),
        r#"{"request": {"model": "claude-opus-4-8"}}"#.to_owned(),
        r#"{"provider": "anthropic", "usage": {}, "request": {"model": "claude-opus-4-8"}}"#.to_owned(),
    ];
    let all = answers(&lines.join("\n"), false);
    let first = &all[0]["worst_case"];
    assert_eq!((&all[0]["id"], &first["max_output_tokens"]), (&json!(1), &json!(1024)));
    assert_eq!(first["terms"][1]["class"], "output");
    assert!(first["usd"].as_str().unwrap().starts_with("0.0"), "{first}");
    let reasons = all[1]["worst_case"]["unbounded"].as_array().unwrap();
    assert!(reasons[0].as_str().unwrap().contains("max_uses"), "{reasons:?}");
    assert_eq!(all[2]["kind"], "invalid_argument");
    assert_eq!(all[3]["worst_case"]["unbounded"], json!(["`max_tokens` is given twice"]));
    assert_eq!(
        (&all[4]["kind"], &all[5]["kind"]),
        (&json!("invalid_argument"), &json!("invalid_argument"))
    );
}
