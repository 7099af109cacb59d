//! Budgets through the real command: acceptance 5 and 6.

use std::fs;
use std::sync::Arc;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use octorato::core::{ArmId, ClientId, Currency, Money};
use octorato::finops::budget::SpendPath;
use octorato::finops::ledger::{Ledger, Options, Reserve, Settle, SqliteLedger, fresh_reservation};
use serde_json::{Value, json};

use super::{ask, budgets, claude, event, machine, read_notes, tool};
use crate::sandbox::{AGENCY, Sandbox};

const CAPS: &str = "
budgets:
  - { arm: acme, monthly_usd_cap: 20, action_on_breach: hard_stop }
  - { arm: globex, monthly_usd_cap: 20, action_on_breach: hard_stop }
  - { arm: acme, name: research-daily, match: { agent: researcher }, period: daily, usd_cap: 1,
      action_on_breach: hard_stop }
";

/// Books what a call of an arm cost, as a runtime does.
fn spend(sandbox: &Sandbox, arm: &str, agent: Option<&str>, usd: &str) {
    spend_of(sandbox, arm, arm, agent, usd);
}

fn spend_of(sandbox: &Sandbox, client: &str, arm: &str, agent: Option<&str>, usd: &str) {
    let path = sandbox.path(".local/share/octorato/ledger.db");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let ledger = SqliteLedger::open_or_create(&path, Options::default()).unwrap();
    let id = fresh_reservation(Timestamp::now()).unwrap();
    let path = SpendPath {
        agent: agent.map(Arc::from),
        ..SpendPath::of_arm(ClientId::new(client).unwrap(), ArmId::new(arm).unwrap())
    };
    let reserve = Reserve {
        id,
        path: Arc::new(path),
        amount: dollars("0"),
        max_output_tokens: 1,
        patience: SignedDuration::from_mins(1),
        holder: None,
    };
    ledger.reserve(reserve).unwrap();
    let settle =
        Settle { id, amount: dollars(usd), is_estimate: false, request: None, metered: None };
    ledger.settle(settle).unwrap();
}

fn dollars(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

/// A machine on which acme has spent all, and globex nothing.
fn breached() -> Sandbox {
    let sandbox = machine();
    budgets(&sandbox, CAPS);
    spend(&sandbox, "acme", None, "20");
    sandbox
}

/// An amount of money or a time changes what is shown: only its form is looked at.
fn shape(text: &str) -> String {
    let resets = text.find("; resets ").map_or(text.len(), |at| at + "; resets ".len());
    let end = text[resets..].find(" UTC").map_or(text.len(), |at| resets + at);
    format!("{}[when]{}", &text[..resets], &text[end..])
}

#[test]
fn a_breach_is_denied_and_the_reason_names_this_arm_alone() {
    let sandbox = breached();
    let answer = claude(&sandbox, &read_notes(&sandbox, "clients/acme"));
    let reason = shape(answer.denies());
    assert_snapshot!(reason, @"budget `arm acme, monthly`: $20.00 spent of $20.00; resets [when] UTC; `octorato budget extend` raises it");
    let object = answer.object();
    assert_eq!(object["continue"], false);
    assert_eq!(object["stopReason"], answer.talk.trim_end());
}

#[test]
fn what_one_arm_has_spent_stops_no_other() {
    let sandbox = breached();
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).denies();
    claude(&sandbox, &read_notes(&sandbox, "clients/globex")).allows();
    claude(&sandbox, &tool(&sandbox, "elsewhere", "Read", &json!({"file_path": "x"}))).allows();
}

#[test]
#[cfg(unix)]
fn no_spelling_of_a_folder_is_another_arm() {
    let sandbox = breached();
    let acme = sandbox.path("clients/acme");
    std::os::unix::fs::symlink(&acme, sandbox.path("link")).unwrap();
    std::os::unix::fs::symlink("acme", sandbox.path("clients/other")).unwrap();
    sandbox.write("clients/acme/.git/worktrees/wt/commondir", "../..\n");
    let own = sandbox.path("clients/acme/.git/worktrees/wt");
    sandbox.write("wt/.git", format!("gitdir: {}\n", own.display()));
    for cwd in [
        "clients/acme",
        "clients/acme/deep/er",
        "clients/acme/",
        "clients/globex/../acme",
        "clients/./acme",
        "link",
        "link/deep",
        "clients/other",
        "clients/ACME",
        "Clients/Acme/src",
        "wt",
        "wt/src",
    ] {
        // Each is a session of its own: none inherits.
        let mut question = read_notes(&sandbox, cwd);
        question["session_id"] = cwd.into();
        let answer = claude(&sandbox, &question);
        assert!(answer.denies().contains("$20.00 spent"), "{cwd}: {answer:?}");
    }
    for cwd in ["clients", "clients/acme-2", "clients/acme/../globex", "elsewhere"] {
        let mut question = read_notes(&sandbox, cwd);
        question["session_id"] = cwd.into();
        question["tool_name"] = "WebSearch".into();
        claude(&sandbox, &question).allows();
    }
}

#[test]
fn every_tool_that_can_spend_is_stopped_and_so_is_every_prompt() {
    let sandbox = breached();
    for name in ["Read", "Bash", "Task", "WebSearch", "mcp__x__y", "SomethingNew"] {
        claude(&sandbox, &tool(&sandbox, "clients/acme", name, &json!({}))).denies();
    }
    let at =
        |name: &str, more: Value| claude(&sandbox, &event(&sandbox, "clients/acme", name, &more));
    let prompt = at("UserPromptSubmit", json!({"prompt": "go on"}));
    prompt.denies();
    assert_eq!(prompt.object()["decision"], "block");
    let batch = at("PostToolBatch", json!({"tool_calls": []}));
    batch.denies();
    assert_eq!(batch.object()["continue"], false);
    // What has ended cannot be stopped, and a session may begin.
    for (name, more) in [
        ("Stop", json!({"stop_hook_active": false})),
        ("SessionEnd", json!({"reason": "exit"})),
        ("SubagentStop", json!({"agent_id": "a"})),
    ] {
        at(name, more).allows();
    }
}

#[test]
fn every_agent_is_stopped_in_its_own_words() {
    let sandbox = breached();
    let cwd = sandbox.path("clients/acme");
    let bash = json!({"session_id": "s", "cwd": cwd, "hook_event_name": "PreToolUse",
        "tool_name": "Bash", "tool_input": {"command": "ls"}});
    let prompt = json!({"session_id": "s", "cwd": cwd, "hook_event_name": "UserPromptSubmit", "prompt": "x"});
    let gemini = |name: &str| {
        json!({"session_id": "s", "cwd": cwd, "hook_event_name": name,
        "prompt": "x", "tool_name": "read_file", "tool_input": {"path": "x"},
        "llm_request": {"model": "gemini-2.5-pro", "messages": [], "config": {}}})
    };
    let copilot = json!({"sessionId": "s", "cwd": cwd, "timestamp": 1, "toolName": "bash",
        "toolArgs": {"command": "ls"}, "prompt": "x"});
    let cursor = |name: &str| {
        json!({"conversation_id": "s", "hook_event_name": name,
        "workspace_roots": [cwd], "command": "ls", "prompt": "x", "tool_name": "Read", "tool_input": {}})
    };
    let cases: &[(&str, Value, &str, Value)] = &[
        ("gate --agent codex", bash, "/hookSpecificOutput/permissionDecision", "deny".into()),
        ("gate --agent codex", prompt, "/decision", "block".into()),
        ("gate --agent gemini", gemini("BeforeModel"), "/decision", "deny".into()),
        ("gate --agent gemini", gemini("BeforeTool"), "/decision", "deny".into()),
        ("gate --agent gemini", gemini("BeforeAgent"), "/decision", "deny".into()),
        (
            "gate --agent copilot --event preToolUse",
            copilot.clone(),
            "/permissionDecision",
            "deny".into(),
        ),
        ("gate --agent copilot --event userPromptSubmitted", copilot, "/decision", "block".into()),
        ("gate --agent cursor", cursor("beforeShellExecution"), "/permission", "deny".into()),
        ("gate --agent cursor", cursor("preToolUse"), "/permission", "deny".into()),
        ("gate --agent cursor", cursor("beforeSubmitPrompt"), "/continue", false.into()),
    ];
    for (line, input, pointer, value) in cases {
        let answer = ask(&sandbox, line, input);
        assert!(answer.denies().contains("acme"), "{line} {input}: {answer:?}");
        assert_eq!(answer.object().pointer(pointer), Some(value), "{line} {input}: {answer:?}");
    }
}

#[test]
fn a_sub_agent_over_its_own_budget_is_not_started() {
    let sandbox = machine();
    budgets(&sandbox, CAPS);
    spend(&sandbox, "acme", Some("researcher"), "1");
    let start = |kind: &str| {
        claude(&sandbox, &tool(&sandbox, "clients/acme", "Task", &json!({"subagent_type": kind})))
    };
    assert!(start("researcher").denies().contains("research-daily"));
    start("writer").allows();
    let within =
        event(&sandbox, "clients/acme", "PreToolUse", &json!({"agent_type": "researcher"}));
    claude(&sandbox, &within).denies();
}

#[test]
fn an_operators_limit_tells_neither_amounts_nor_names() {
    for caps in [
        "budgets: [{ operator: true, monthly_usd_cap: 30, action_on_breach: hard_stop, name: globex }]",
        "budgets: [{ client: globex, monthly_usd_cap: 30, action_on_breach: hard_stop }]",
    ] {
        let sandbox = machine();
        sandbox.arms(&super::ARMS.replace("id: acme, client: acme", "id: acme, client: globex"));
        budgets(&sandbox, caps);
        let path = sandbox.path(".local/share/octorato/ledger.db");
        assert!(!path.exists());
        spend(&sandbox, "globex", None, "31");
        let answer = claude(&sandbox, &read_notes(&sandbox, "clients/acme"));
        let reason = shape(answer.denies());
        assert_eq!(reason, "the operator limit leaves nothing for this call; resets [when] UTC");
        assert!(!answer.out.contains('$') && !answer.talk.contains('$'), "{answer:?}");
    }
}

#[test]
fn how_much_is_left_reaches_the_model_once() {
    let sandbox = machine();
    budgets(&sandbox, CAPS);
    spend(&sandbox, "acme", None, "17");
    let prompt = event(&sandbox, "clients/acme", "UserPromptSubmit", &json!({"prompt": "x"}));
    let answer = claude(&sandbox, &prompt);
    let object = answer.object();
    let context = object["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
    assert_snapshot!(shape(context), @"Octorato: $3.00 left of the $20.00 of budget `arm acme, monthly`; resets [when] UTC.");
    claude(&sandbox, &prompt).allows();
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).allows();
}

#[test]
fn a_trial_and_a_warning_deny_nothing() {
    for how in [
        "action_on_breach: hard_stop, shadow: true",
        "action_on_breach: warn",
        "action_on_breach: alert",
    ] {
        let sandbox = machine();
        budgets(&sandbox, &format!("budgets: [{{ arm: acme, monthly_usd_cap: 20, {how} }}]"));
        spend(&sandbox, "acme", None, "50");
        claude(&sandbox, &read_notes(&sandbox, "clients/acme")).allows();
    }
}

#[test]
fn a_new_cap_counts_at_once_and_so_does_its_removal() {
    let sandbox = breached();
    let question = read_notes(&sandbox, "clients/acme");
    claude(&sandbox, &question).denies();
    budgets(&sandbox, &CAPS.replace("monthly_usd_cap: 20", "monthly_usd_cap: 25"));
    claude(&sandbox, &question).allows();
    budgets(&sandbox, &CAPS.replace("monthly_usd_cap: 20", "monthly_usd_cap: 19.99"));
    claude(&sandbox, &question).denies();
    fs::remove_file(sandbox.path(".config/octorato/budgets.yaml")).unwrap();
    claude(&sandbox, &question).allows();
    budgets(&sandbox, CAPS);
    claude(&sandbox, &question).denies();
}

#[test]
fn a_broken_file_of_budgets_lifts_no_cap() {
    let sandbox = breached();
    let question = read_notes(&sandbox, "clients/acme");
    claude(&sandbox, &question).denies();
    for broken in ["", "on_error: allow\nbudgets: [", "budgets:\n  - { arm: acme }\n"] {
        budgets(&sandbox, broken);
        let answer = claude(&sandbox, &question);
        assert!(answer.denies().contains("$20.00 spent"), "{answer:?}");
        assert!(answer.talk.contains("the last good budgets stay in force"), "{answer:?}");
        assert!(!answer.out.contains("last good"), "{answer:?}");
        let other = claude(&sandbox, &read_notes(&sandbox, "clients/globex"));
        assert_eq!((other.code, other.out.as_str()), (0, ""), "{other:?}");
    }
}

#[test]
fn a_ledger_that_cannot_be_read_is_answered_by_on_error() {
    let ledger = ".local/share/octorato/ledger.db";
    for what in ["no database", "", "a folder"] {
        let sandbox = machine();
        budgets(&sandbox, CAPS);
        if what == "a folder" {
            fs::create_dir_all(sandbox.path(ledger)).unwrap();
        } else {
            sandbox.write(ledger, what);
        }
        assert!(sandbox.path(ledger).exists());
        let answer = claude(&sandbox, &read_notes(&sandbox, "clients/acme"));
        assert!(answer.denies().contains("cannot be checked"), "{what}: {answer:?}");
        // Over initech nothing is enforced.
        let other = claude(&sandbox, &read_notes(&sandbox, "clients/initech"));
        assert_eq!((other.code, other.talk.lines().count()), (0, 1), "{what}: {other:?}");
        budgets(&sandbox, &format!("on_error: allow\n{CAPS}"));
        let answer = claude(&sandbox, &read_notes(&sandbox, "clients/acme"));
        assert_eq!((answer.code, answer.talk.lines().count()), (0, 1), "{what}: {answer:?}");
        answer.names_nobody();
    }
}

#[test]
fn a_broken_compiled_form_is_made_anew() {
    let sandbox = breached();
    let question = read_notes(&sandbox, "clients/acme");
    claude(&sandbox, &question).denies();
    let compiled = sandbox.path(".local/share/octorato/gate/compiled.json");
    let good = fs::read_to_string(&compiled).unwrap();
    for broken in ["", "{}", "garbage", &good[..good.len() / 2]] {
        fs::write(&compiled, broken).unwrap();
        claude(&sandbox, &question).denies();
        assert_eq!(fs::read_to_string(&compiled).unwrap(), good);
    }
}

#[test]
fn a_ledger_that_was_lost_is_made_anew_with_its_budgets() {
    let sandbox = breached();
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).denies();
    for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = fs::remove_file(sandbox.path(&format!(".local/share/octorato/{file}")));
    }
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).allows();
    spend(&sandbox, "acme", None, "20");
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).denies();
}

/// The configuration that is shipped as an example blocks a breach.
#[test]
fn the_examples_budgets_hold() {
    let sandbox = Sandbox::agency();
    let caps = fs::read_to_string(format!("{AGENCY}/home/budgets.yaml")).unwrap();
    budgets(&sandbox, &caps);
    let question = |cwd: &str| {
        json!({"session_id": "s", "cwd": cwd, "hook_event_name": "PreToolUse",
            "tool_name": "Task", "tool_input": {"subagent_type": "writer", "prompt": "x"}})
    };
    let shop = question("/home/dana/clients/acme/web");
    let ask = |input: &Value| ask(&sandbox, "gate --agent claude", input);
    ask(&shop).allows();
    spend_of(&sandbox, "acme", "acme-web", None, "219.99");
    ask(&shop).allows();
    spend_of(&sandbox, "acme", "acme-web", None, "0.01");
    let answer = ask(&shop);
    assert!(
        answer.denies().starts_with("budget `arm acme-web, monthly`: $220.00 spent"),
        "{answer:?}"
    );
    let said = format!("{}{}", answer.out, answer.talk).to_lowercase();
    for name in ["mobile", "globex", "zuerich", "zürich", "bluebird"] {
        assert!(!said.contains(name), "{said}");
    }
    ask(&question("/home/dana/work/acme-mobile")).allows();
    // Dana's own limit tells an arm nothing.
    spend_of(&sandbox, "globex", "globex", None, "800");
    let answer = ask(&question("/home/dana/work/acme-mobile"));
    assert!(answer.denies().starts_with("the operator limit"), "{answer:?}");
}
