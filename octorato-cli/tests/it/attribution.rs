//! Whose the spend is, end to end.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::transcript::Turn;

/// How many requests each arm has; an empty name stands for nobody's.
fn arms(report: &Value) -> Vec<(String, u64)> {
    let rows = report["rows"].as_array().unwrap().iter();
    let mut arms: Vec<(String, u64)> = rows
        .map(|row| (row["arm"].as_str().unwrap_or("").to_owned(), row["events"].as_u64().unwrap()))
        .collect();
    arms.sort();
    arms
}

fn expect(sandbox: &Sandbox, expected: &[(&str, u64)]) {
    let expected: Vec<(String, u64)> =
        expected.iter().map(|(arm, events)| ((*arm).to_owned(), *events)).collect();
    assert_eq!(arms(&sandbox.json("report --by arm")), expected);
}

#[test]
fn names_that_begin_alike_are_different_arms() {
    let sandbox = Sandbox::new();
    sandbox.arms(
        "arms:\n  - { id: client, client: c, roots: [/w/client] }\n  - { id: client-x, client: c, \
         roots: [/w/client-x] }\n  - { id: nested, client: n, roots: [/w/client/inner] }\n  - { id: \
         my-claude, client: m, roots: [/w/my-claude] }\n",
    );
    let folders =
        ["/w/client", "/w/client-x/a", "/w/client-y", "/w/client/inner/b", "/w/my-claude"];
    for (number, folder) in folders.iter().enumerate() {
        let name = number.to_string();
        let turn = Turn::new(&name, "2026-10-01T09:00:00Z", folder).session(&name);
        sandbox.transcript(&name, &[turn.line()]);
    }
    expect(&sandbox, &[("", 1), ("client", 1), ("client-x", 1), ("my-claude", 1), ("nested", 1)]);
}

#[test]
fn accents_are_equal_however_a_system_stores_them() {
    let sandbox = Sandbox::new();
    sandbox.arms("arms: [{ id: cafe, client: cafe, roots: [\"/w/Caf\u{e9} Z\u{fc}rich\"] }]\n");
    let at = "2026-10-01T09:00:00Z";
    let turns = [
        Turn::new("1", at, "/w/Caf\u{e9} Z\u{fc}rich/site").line(),
        Turn::new("2", at, "/w/Cafe\u{301} Zu\u{308}rich/site").line(),
    ];
    sandbox.transcript("a", &turns);
    expect(&sandbox, &[("cafe", 2)]);
    let projects = sandbox.json("report --by project");
    assert_eq!(projects["rows"].as_array().unwrap().len(), 1);
}

#[test]
fn a_windows_machine_s_transcripts_are_its_arms_own() {
    let sandbox = Sandbox::new();
    sandbox.arms("arms: [{ id: acme, client: acme, roots: ['C:\\Work\\Acme'] }]\n");
    let at = "2026-10-01T09:00:00Z";
    let folders = [r"c:\work\acme\web", "C:/Work/Acme", r"C:\Work\Acme2"];
    for (number, folder) in folders.iter().enumerate() {
        let name = number.to_string();
        sandbox.transcript(&name, &[Turn::new(&name, at, folder).session(&name).line()]);
    }
    expect(&sandbox, &[("", 1), ("acme", 2)]);
}

#[test]
fn a_session_that_changes_its_folder_is_shared_out_record_by_record() {
    let sandbox = Sandbox::agency();
    let split = sandbox.json("report --by session,client --since 2026-10-16 --until 2026-10-16");
    let rows = split["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["session"], rows[1]["session"]);
    let mut clients: Vec<&str> = rows.iter().map(|row| row["client"].as_str().unwrap()).collect();
    clients.sort_unstable();
    assert_eq!(clients, ["cafe-zuerich", "globex"]);
}

#[test]
fn a_sub_agent_of_a_sub_agent_is_its_parent_s_arm_s_and_a_line_of_its_own() {
    let sandbox = Sandbox::agency();
    let report = sandbox.json("report --arm acme-mobile --by agent,reason");
    let rows = report["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["agent"] == "test-runner").unwrap();
    // It worked in a temporary folder, which is nobody's.
    assert_eq!((&row["reason"], &row["events"]), (&json!("inherited"), &json!(3)));
    let agents: Vec<_> = rows.iter().map(|row| row["agent"].as_str()).collect();
    for agent in [None, Some("Explore"), Some("code-reviewer"), Some("test-runner")] {
        assert!(agents.contains(&agent), "{agent:?}");
    }
}

#[test]
fn a_root_holds_from_its_day_in_the_operator_s_zone() {
    let sandbox = Sandbox::new();
    sandbox.arms(
        "timezone: America/Mexico_City\narms:\n  - id: acme\n    client: acme\n    roots: [{ path: \
         /w/acme, from: 2026-10-01 }]\n",
    );
    let turns = [
        Turn::new("1", "2026-10-01T05:59:59Z", "/w/acme").session("a").line(),
        Turn::new("2", "2026-10-01T06:00:00Z", "/w/acme").session("b").line(),
    ];
    sandbox.transcript("a", &turns);
    expect(&sandbox, &[("", 1), ("acme", 1)]);
}

#[test]
fn the_variable_of_a_launcher_does_not_touch_the_past() {
    let sandbox = Sandbox::agency();
    let output =
        sandbox.command().env("OCTORATO_ARM", "globex").args(["report", "--json"]).output();
    let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(report["rows"], sandbox.json("report")["rows"]);
}

#[cfg(unix)]
#[test]
fn links_worktrees_and_remotes_lead_to_the_arm() {
    let sandbox = Sandbox::new();
    let real = |below: &str| sandbox.path(below).to_str().unwrap().to_owned();
    for folder in ["disk/acme/web", "shop", "shop/.git/worktrees/fix", "fix", "lib/.git"] {
        fs::create_dir_all(sandbox.path(folder)).unwrap();
    }
    std::os::unix::fs::symlink(sandbox.path("disk/acme"), sandbox.path("acme")).unwrap();
    sandbox.write("fix/.git", format!("gitdir: {}\n", real("shop/.git/worktrees/fix")));
    sandbox.write("shop/.git/worktrees/fix/commondir", "../..\n");
    sandbox.write("lib/.git/config", "[remote \"origin\"]\n\turl = git@github.com:Acme/lib.git\n");
    sandbox.arms(
        "arms:\n  - { id: linked, client: acme, roots: [~/acme] }\n  - { id: tree, client: acme, \
         roots: [~/shop] }\n  - { id: remote, client: acme, remotes: [github.com/acme/*] }\n",
    );
    let folders = ["disk/acme/web", "acme/web", "fix/src", "lib/src"];
    for (number, folder) in folders.iter().enumerate() {
        let name = number.to_string();
        let turn = Turn::new(&name, "2026-10-01T09:00:00Z", &real(folder)).session(&name);
        sandbox.transcript(&name, &[turn.line()]);
    }
    expect(&sandbox, &[("linked", 2), ("remote", 1), ("tree", 1)]);
    let report = sandbox.json("report");
    for reason in ["root", "real_path", "worktree", "remote"] {
        assert_eq!(report["attribution"][reason]["events"], 1, "{reason}");
    }
}
