//! Configuration that cannot be used: acceptance 7.

use insta::assert_snapshot;

use super::{ARMS, budgets, claude, machine, read_notes};

const GOOD: &str = "budgets:\n  - { arm: acme, monthly_usd_cap: 5, action_on_breach: hard_stop }\n";

#[test]
fn arms_that_cannot_be_used_deny_unless_declared_otherwise() {
    for broken in [
        "arms: [{ id: acme, client: acme, roots: [~/clients/acme] }, { id: acme, client: globex }]",
        "arms: [{ id: 7, client: globex }]",
        "arms: [{ id: acme, client: globex, root: [x] }]",
        "arms: [{ id: globex, client: ",
        "arms:\n\t- id: globex",
    ] {
        let sandbox = machine();
        sandbox.arms(broken);
        let question = read_notes(&sandbox, "clients/acme");
        let answer = claude(&sandbox, &question);
        let reason = answer.denies();
        assert!(
            reason.contains("arms.yaml:") && !reason.contains(".config"),
            "{broken}: {answer:?}"
        );
        budgets(&sandbox, "on_error: allow\nbudgets: []\n");
        let answer = claude(&sandbox, &question);
        assert_eq!(answer.code, 0, "{broken}: {answer:?}");
        assert!(answer.talk.contains("arms.yaml:"), "{broken}: {answer:?}");
        answer.names_nobody();
        // Mended, it goes on at once.
        sandbox.arms(ARMS);
        claude(&sandbox, &question).allows();
    }
}

#[test]
fn budgets_that_never_could_be_used_deny_unless_they_say_otherwise() {
    let broken = [
        ("a bad number", "budgets: [{ arm: acme, monthly_usd_cap: 1e3, action_on_breach: warn }]"),
        ("a typo", "budgets: [{ arm: acme, monthly_usd_cpa: 5, action_on_breach: warn }]"),
        (
            "an unknown arm",
            "budgets: [{ arm: globexx, monthly_usd_cap: 5, action_on_breach: warn }]",
        ),
        ("an integer arm", "budgets: [{ arm: 7, monthly_usd_cap: 5, action_on_breach: warn }]"),
        ("a null cap", "budgets: [{ arm: acme, monthly_usd_cap: null, action_on_breach: warn }]"),
        ("an unknown key", "budgets: []\nglobex: 1"),
        ("a duplicate", &format!("{GOOD}{}", &GOOD[GOOD.find('\n').unwrap() + 1..])),
        ("an empty file", ""),
        ("half a file", "budgets:\n  - { arm: acme, monthly_usd"),
        ("no UTF-8", "budgets: \u{0}"),
    ];
    for (what, text) in broken {
        let sandbox = machine();
        budgets(&sandbox, text);
        let question = read_notes(&sandbox, "clients/acme");
        let answer = claude(&sandbox, &question);
        answer.denies();
        budgets(&sandbox, &format!("on_error: allow\n{text}"));
        let answer = claude(&sandbox, &question);
        assert_eq!((answer.code, answer.talk.is_empty()), (0, false), "{what}: {answer:?}");
        answer.names_nobody();
    }
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_nowhere_and_a_folder_are_no_absent_file() {
    let sandbox = machine();
    let file = sandbox.path(".config/octorato/budgets.yaml");
    std::os::unix::fs::symlink("nowhere", &file).unwrap();
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).denies();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).denies();
    std::fs::remove_dir(&file).unwrap();
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).allows();
}

#[test]
fn the_last_good_budgets_stay_in_force_and_it_is_said_loudly() {
    let sandbox = machine();
    budgets(&sandbox, GOOD);
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).allows();
    budgets(&sandbox, "budgets:\n  - { arm: acme, monthly_usd_cap: x }\n");
    let answer = claude(&sandbox, &read_notes(&sandbox, "clients/acme"));
    assert_eq!((answer.code, answer.out.as_str()), (0, ""));
    assert_snapshot!(answer.talk, @"octorato: the configuration cannot be used (budgets.yaml:2:7 BUD005); the last good budgets stay in force");
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    let sandbox = machine();
    budgets(&sandbox, &format!("\u{feff}{GOOD}"));
    claude(&sandbox, &read_notes(&sandbox, "clients/acme")).allows();
}
