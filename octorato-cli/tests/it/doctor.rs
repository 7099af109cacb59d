//! What is missing or wrong.

use insta::assert_snapshot;

use crate::sandbox::{Sandbox, undated};
use crate::shape::Schema;

const BUDGETS: &str =
    "budgets: [{ arm: web, usd_cap: 100, period: total, action_on_breach: hard_stop }]\n";

/// What is said, without what differs from machine to machine.
fn said(sandbox: &Sandbox) -> String {
    let text = undated(&sandbox.run("doctor"));
    let lines = text.lines().filter(|line| !line.starts_with("disk "));
    let is_key = |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown = lines.map(|line| match line.rsplit_once(' ') {
        Some((before, word)) if is_key(word) => format!("{before} [key]"),
        _ => line.to_owned(),
    });
    shown.collect::<Vec<_>>().join("\n") + "\n"
}

fn codes(sandbox: &Sandbox) -> Vec<String> {
    let output = sandbox.output("doctor --json");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    Schema::parse(&sandbox.stdout("schema doctor")).check(&document).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let is_fine = output.status.code() == Some(0);
    assert_eq!(is_fine, findings.is_empty());
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_new_machine_lacks_nearly_everything() {
    assert_snapshot!(said(&Sandbox::new()), @"
    home   [HOME]/.config/octorato
    state  [HOME]/.local/share/octorato
    arms   0, of 0 clients
    hooks  none; `octorato hook install` makes an agent ask the gate

    error[DOC007]: no ledger yet: `[HOME]/.local/share/octorato/ledger.db`
     |
     = help: run `octorato init`; `octorato sync` makes it too, and fills it

    warning[DOC001]: no arm is declared
     |
     = help: `octorato scan` proposes arms, `octorato arm add` declares one

    warning[DOC002]: no budgets.yaml, so no cap: `[HOME]/.config/octorato/budgets.yaml`
     |
     = help: declare budgets there; `octorato schema budgets` describes the file

    3 findings
    [exit 1]
    ");
}

#[test]
fn after_init_only_arms_and_budgets_are_missing() {
    let sandbox = Sandbox::new();
    sandbox.stdout("init -q");
    assert_eq!(codes(&sandbox), ["DOC001", "DOC002"]);
}

#[test]
fn a_whole_set_up_has_no_finding() {
    let sandbox = Sandbox::office(BUDGETS);
    assert_snapshot!(said(&sandbox), @"
    home     [HOME]/.config/octorato
    state    [HOME]/.local/share/octorato
    arms     3, of 2 clients
    budgets  1, of which 1 deny
    ledger   [HOME]/.local/share/octorato/ledger.db
    time     [time]
    calls    0 open, 0 orphans
    keys     [key]
    hooks    none; `octorato hook install` makes an agent ask the gate

    nothing is missing or wrong
    ");
    assert_eq!(codes(&sandbox), [""; 0]);
}

#[test]
fn each_thing_that_is_wrong_is_found() {
    let sandbox = Sandbox::office(BUDGETS);
    sandbox.stdout("budget status");
    sandbox
        .budgets("budgets: [{ arm: web, usd_cap: 100, period: total, action_on_breach: warn }]\n");
    assert_eq!(codes(&sandbox), ["DOC005", "DOC015"]);
    sandbox.budgets("budgets: [");
    assert_eq!(codes(&sandbox), ["BUD001", "DOC003", "DOC005", "DOC015"]);
    sandbox.budgets(BUDGETS);
    sandbox.apply(
        r#"{"op":"reserve","id":"01890a5d-ac96-774b-bcce-b302099a8057","path":{"arm":"web"},"usd":"2"}
{"op":"expire","id":"01890a5d-ac96-774b-bcce-b302099a8057"}"#,
    );
    assert_eq!(codes(&sandbox), ["DOC013"]);
    sandbox.arms("arms: [{ id: a }]\n");
    assert_eq!(codes(&sandbox), ["ARM006", "DOC006"]);
}

#[test]
fn what_is_wrong_with_an_agents_hooks_is_found() {
    let sandbox = Sandbox::office(BUDGETS);
    sandbox.stdout("hook install claude -q");
    assert_eq!(codes(&sandbox), [""; 0]);
    assert!(said(&sandbox).contains("hooks    claude\n"));
    let settings = sandbox.path(".claude/settings.json");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replacen('{', "{\"disableAllHooks\": true,", 1)).unwrap();
    let status = sandbox.json("hook status claude");
    let found = status["agents"][0]["findings"].as_array().unwrap();
    let found: Vec<_> = found.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert!(!found.is_empty());
    assert_eq!(codes(&sandbox), found);
}

#[test]
#[cfg(unix)]
fn what_others_may_read_is_found() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::office(BUDGETS);
    let open = |path: &str, mode| {
        set_permissions(sandbox.path(path), Permissions::from_mode(mode)).unwrap();
    };
    open(".local/share/octorato", 0o755);
    assert_eq!(codes(&sandbox), [""; 0], "nobody else may enter the folder above it");
    open(".local/share", 0o755);
    assert_eq!(codes(&sandbox)[0], "DOC010");
    open(".local/share/octorato", 0o700);
    assert_eq!(codes(&sandbox), [""; 0]);
    std::fs::create_dir(sandbox.path(".config/.git")).unwrap();
    assert_eq!(codes(&sandbox), ["DOC010"]);
}

#[test]
fn a_damaged_ledger_is_found_and_not_a_failure_of_the_doctor() {
    let sandbox = Sandbox::office(BUDGETS);
    sandbox.stdout("budget status");
    sandbox.write(".local/share/octorato/ledger.db", "not a ledger");
    let output = sandbox.output("doctor");
    assert_eq!(output.status.code(), Some(1), "{}", sandbox.seen(&output));
    assert!(codes(&sandbox).contains(&"DOC008".to_owned()));
}
