//! The first minutes.

use std::fs;

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

#[test]
fn init_makes_the_private_places_and_a_second_run_keeps_them() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("init"), @"
    made    [HOME]/.config/octorato
    made    [HOME]/.local/share/octorato
    made    [HOME]/.config/octorato/arms.yaml
    made    [HOME]/.local/share/octorato/ledger.db
    made    [HOME]/.local/share/octorato/keys
    [stderr]
    next: `octorato scan` proposes arms, `octorato arm add` declares one
    ");
    sandbox.arms("arms: [{ id: acme, client: acme, roots: [/w] }]\n");
    assert_snapshot!(sandbox.run("init"), @"
    kept    [HOME]/.config/octorato
    kept    [HOME]/.local/share/octorato
    kept    [HOME]/.config/octorato/arms.yaml
    kept    [HOME]/.local/share/octorato/ledger.db
    kept    [HOME]/.local/share/octorato/keys
    [stderr]
    next: `octorato scan` proposes arms, `octorato arm add` declares one
    ");
    assert_snapshot!(sandbox.run("init --json"), @r#"
    {
      "created": [],
      "existing": [
        "[HOME]/.config/octorato",
        "[HOME]/.local/share/octorato",
        "[HOME]/.config/octorato/arms.yaml",
        "[HOME]/.local/share/octorato/ledger.db",
        "[HOME]/.local/share/octorato/keys"
      ],
      "schema": 1
    }
    "#);
    assert_eq!(sandbox.json("arm list")["arms"][0]["id"], "acme");
}

#[test]
fn init_makes_a_brain_where_one_is_named() {
    assert_snapshot!(Sandbox::new().run("init --brain brain"), @"
    made    [HOME]/.config/octorato
    made    [HOME]/.local/share/octorato
    made    [HOME]/.config/octorato/arms.yaml
    made    [HOME]/.local/share/octorato/ledger.db
    made    [HOME]/.local/share/octorato/keys
    made    brain/rules
    made    brain/skills
    made    brain/agents
    made    brain/commands
    made    brain/octorato.toml
    [stderr]
    next: `octorato scan` proposes arms, `octorato arm add` declares one
    ");
}

#[test]
fn the_first_arms_yaml_can_be_used_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.run("init");
    assert_snapshot!(sandbox.run("arm list"), @r"
    [stderr]
    no arms yet: `octorato scan` proposes some
    ");
    let text = fs::read_to_string(sandbox.path(".config/octorato/arms.yaml")).unwrap();
    assert_snapshot!(text, @r#"
    # The clients, and the folders whose work is theirs. This file is private: keep it out of git.

    # Days and months of reports are those of this zone (an IANA name).
    timezone: UTC

    # Who is billed. A client that only an arm names needs no entry: its name is its id, in USD.
    #
    # clients:
    #   acme:
    #     name: Acme Corporation
    #     currency: USD
    #     billing: { model: cost_plus, markup_pct: 30 }
    #     # or { model: fixed, monthly: 2000 }
    #     # or { model: retainer, monthly: 500, included: 400, overage_markup_pct: 20 }
    #     # or { model: internal }

    # The arms: one client each, with folders, git remotes, and the words that mean the client.
    # `octorato arm add` writes one here.
    #
    #   - id: acme-web
    #     client: acme
    #     roots: [~/clients/acme, { path: ~/work/acme-mobile, from: 2026-03-01 }]
    #     remotes: ["github.com/acme/*"]
    #     aliases: [ACME, acme.com, "Project Bluebird"]
    arms: []
    "#);
}

#[test]
fn init_refuses_a_git_work_tree() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("clone/.git")).unwrap();
    assert_snapshot!(sandbox.run("init --home clone/private"), @r"
    [stderr]
    error: private files would lie in a git work tree: `clone/private`, work tree: `[HOME]/clone`
    hint: set `OCTORATO_HOME` to a folder outside of it
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("init --state clone"), @r"
    [stderr]
    error: private files would lie in a git work tree: `clone`, work tree: `[HOME]/clone`
    hint: set `OCTORATO_STATE` to a folder outside of it
    [exit 2]
    ");
    assert_eq!(crate::sandbox::files(&sandbox.path("")), Vec::<std::path::PathBuf>::new());
}

#[test]
fn variables_and_options_name_the_places() {
    let sandbox = Sandbox::new();
    let init = |variables: &[(&str, &str)], words: &[&str]| {
        let mut command = sandbox.command();
        let output = command.envs(variables.iter().copied()).arg("init").args(words).output();
        sandbox.seen(&output.unwrap())
    };
    let variables = [("OCTORATO_HOME", "a"), ("OCTORATO_STATE", "b")];
    assert_snapshot!(init(&variables, &["--quiet"]), @"
    made    a
    made    b
    made    a/arms.yaml
    made    b/ledger.db
    made    b/keys
    ");
    assert_snapshot!(init(&variables, &["--quiet", "--home", "c"]), @"
    made    c
    made    c/arms.yaml
    kept    b
    kept    b/ledger.db
    kept    b/keys
    ");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    let names = ["OCTORATO_HOME", "OCTORATO_STATE", "OCTORATO_BRAIN"];
    let output = command.envs(names.map(|name| (name, ""))).args(["init", "-q"]).output().unwrap();
    assert_snapshot!(sandbox.seen(&output), @"
    made    [HOME]/.config/octorato
    made    [HOME]/.local/share/octorato
    made    [HOME]/.config/octorato/arms.yaml
    made    [HOME]/.local/share/octorato/ledger.db
    made    [HOME]/.local/share/octorato/keys
    ");
}
