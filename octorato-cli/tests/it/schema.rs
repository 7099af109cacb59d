//! The report's document is what its schema says, key by key.

use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::shape::Schema;

fn checked(name: &str) -> Schema {
    Schema::parse(&Sandbox::new().stdout(&format!("schema {name}")))
}

#[test]
fn reports_are_what_their_schema_says() {
    let schema = checked("report");
    let sandbox = Sandbox::agency();
    for line in [
        "report",
        "report --by client,model,day,week,month,session,agent,skill,reason,project,provider,arm",
        "report --month 2026-10 --client globex",
        "report --month 2020-01",
        "report --since 2026-10-01 --timezone UTC",
        "report --logs .claude/projects",
    ] {
        schema.check(&sandbox.json(line)).unwrap();
    }
    sandbox.write(
        ".config/octorato/prices.yaml",
        "fx: { MXN: { 2026-10-15: 0.05 } }
discounts: [{ provider: anthropic, pct: 10 }]
plans: [{ id: max, provider: anthropic, monthly: 100, homes: [~/.claude], from: 2026-10-01 }]
models: [{ provider: acme, model: 'acme-*', rates: { input: 1, output: 2 } }]
",
    );
    schema.check(&sandbox.json("report --by client,month")).unwrap();
    schema.check(&sandbox.json("report --client globex")).unwrap();
    schema.check(&Sandbox::new().json("report")).unwrap();
}

#[test]
fn syncs_and_init_are_what_their_schemas_say() {
    let sandbox = Sandbox::agency();
    let schema = checked("sync");
    schema.check(&sandbox.json("sync")).unwrap();
    schema.check(&sandbox.json("sync")).unwrap();
    // All that is told: growth, something unpriced, something damaged, a claim, a move.
    sandbox.write(".claude/projects/-w/new.jsonl", concat!(
        r#"{"type":"assistant","timestamp":"2026-10-01T09:00:00Z","cwd":"/w/late","sessionId":"new","message":{"id":"msg_n1","model":"claude-sonnet-4-5","usage":{"output_tokens":5}}}"#,
        "\n",
        r#"{"type":"assistant","timestamp":"2026-10-01T09:00:00Z","cwd":"/w/late","sessionId":"new","message":{"id":"msg_n2","model":"made-up-1","usage":{"output_tokens":5}}}"#,
        "\n{\n",
    ));
    let told = sandbox.json("sync");
    schema.check(&told).unwrap();
    let lengths = ["arms", "unpriced", "skipped"].map(|key| told[key].as_array().unwrap().len());
    assert_eq!(lengths, [1, 1, 1], "{told}");
    let arms = std::fs::read_to_string(sandbox.path(".config/octorato/arms.yaml")).unwrap();
    sandbox.arms(&(arms + "  - { id: late, client: late, roots: [/w/late] }\n"));
    let previewed = sandbox.json("sync --reattribute --dry-run");
    checked("sync_claims").check(&previewed).unwrap();
    let told = sandbox.json("sync");
    schema.check(&told).unwrap();
    assert_eq!(told["claimed"], previewed["claimed"]);
    let told = sandbox.json("sync --reattribute");
    schema.check(&told).unwrap();
    assert_eq!(told["reattributed"], previewed["claimed"]);
    let schema = checked("init");
    schema.check(&sandbox.json("init")).unwrap();
    schema.check(&sandbox.json("init")).unwrap();
}

#[test]
fn the_check_finds_a_key_too_many_and_a_key_too_few() {
    let schema = checked("report");
    let report = Sandbox::agency().json("report");
    let told = |spoil: &dyn Fn(&mut Value)| {
        let mut report = report.clone();
        spoil(&mut report);
        schema.check(&report).unwrap_err()
    };
    assert_eq!(told(&|it| it["surprise"] = 1.into()), "document.surprise is not in the schema");
    assert_eq!(
        told(&|it| it["rows"][0]["surprise"] = 1.into()),
        "document.rows[0].surprise is not in the schema"
    );
    let remove_tokens =
        |it: &mut Value| drop(it["total"].as_object_mut().unwrap().remove("tokens"));
    assert_eq!(told(&remove_tokens), "document.total lacks \"tokens\"");
    assert_eq!(
        told(&|it| it["total"]["events"] = (-1).into()),
        "document.total.events: -1 is number, not \"integer\""
    );
    let as_number = told(&|it| it["total"]["list_cost"] = 3.into());
    assert_eq!(as_number, "document.total.list_cost: 3 is integer, not [\"string\",\"null\"]");
    let told = told(&|it| it["total"]["list_cost"] = "3.".into());
    assert_eq!(told, "document.total.list_cost: \"3.\"");
}
