//! Arms: declared, shown, given a session by hand.

use std::fs;

use insta::assert_snapshot;

use crate::numbers::amount;
use crate::sandbox::Sandbox;

#[test]
fn an_arm_is_added_and_the_rest_of_the_file_stays() {
    let sandbox = Sandbox::agency();
    let before = fs::read_to_string(sandbox.path(".config/octorato/arms.yaml")).unwrap();
    assert_snapshot!(
        sandbox.run("arm add initech --root /home/dana/clients/initech --remote github.com/initech/*"),
        @r"
    added arm initech to [HOME]/.config/octorato/arms.yaml
    [stderr]
    note: `/home/dana/clients/initech` is no folder on this machine, or not yet
    "
    );
    let after = fs::read_to_string(sandbox.path(".config/octorato/arms.yaml")).unwrap();
    assert_snapshot!(after.strip_prefix(&before).unwrap(), @r#"
    - id: initech
      client: initech
      roots: [/home/dana/clients/initech]
      remotes: ["github.com/initech/*"]
    "#);
    assert_snapshot!(sandbox.run("arm list"), @r"
     Arm           Client        Roots                                          Remotes
    ───────────────────────────────────────────────────────────────────────────────────────────────────
     acme-web      acme          /home/dana/clients/acme                        github.com/acme/shop*
     acme-mobile   acme          /home/dana/work/acme-mobile (from 2026-10-01)  github.com/acme/mobile
     globex        globex        /home/dana/clients/globex                      gitlab.com/globex/*
     cafe-zuerich  cafe-zuerich  /home/dana/clients/Café Zürich
     initech       initech       /home/dana/clients/initech                     github.com/initech/*
    ");
    assert_snapshot!(sandbox.run("arm show initech"), @r"
    arm       initech
    client    initech (initech)
    currency  USD
    timezone  America/Mexico_City
    root      /home/dana/clients/initech
    remote    github.com/initech/*
    ");
}

#[test]
fn an_arm_shows_its_client_and_all_that_is_its_own() {
    let sandbox = Sandbox::agency();
    assert_snapshot!(sandbox.run("arm show acme-mobile"), @r"
    arm       acme-mobile
    client    acme (Acme Corporation)
    currency  USD
    timezone  America/Mexico_City
    root      /home/dana/work/acme-mobile (from 2026-10-01)
    remote    github.com/acme/mobile
    aliases   Project Bluebird
    ");
    assert_snapshot!(sandbox.run("arm show cafe-zuerich"), @r"
    arm       cafe-zuerich
    client    cafe-zuerich (Café Zürich)
    currency  CHF
    timezone  Europe/Zurich
    root      /home/dana/clients/Café Zürich
    aliases   Café Zürich, cafe-zuerich.ch
    ");
    assert_snapshot!(sandbox.run("arm show cafe-zuerich --json"), @r#"
    {
      "arm": {
        "aliases": [
          "Café Zürich",
          "cafe-zuerich.ch"
        ],
        "client": "cafe-zuerich",
        "id": "cafe-zuerich",
        "remotes": [],
        "roots": [
          {
            "from": null,
            "path": "/home/dana/clients/Café Zürich"
          }
        ],
        "timezone": "Europe/Zurich"
      },
      "schema": 1
    }
    "#);
}

#[test]
fn a_root_with_spaces_is_written_so_that_it_is_read_again() {
    let sandbox = Sandbox::new();
    sandbox.run("init");
    sandbox.run_words(&[
        "arm",
        "add",
        "cafe",
        "--root",
        "/w/Café: a #1 \"bar\"",
        "--root",
        "~/x y",
    ]);
    assert_snapshot!(sandbox.run("arm show cafe"), @r#"
    arm       cafe
    client    cafe (cafe)
    currency  USD
    timezone  UTC
    root      /w/Café: a #1 "bar"
    root      [HOME]/x y
    "#);
}

#[test]
fn a_relative_root_is_written_whole() {
    let sandbox = Sandbox::new();
    sandbox.run("init");
    assert_snapshot!(sandbox.run("arm add acme --client acme-corp --root clients/acme --json"), @r#"
    {
      "added": {
        "aliases": [],
        "client": "acme-corp",
        "id": "acme",
        "remotes": [],
        "roots": [
          {
            "from": null,
            "path": "[HOME]/clients/acme"
          }
        ],
        "timezone": "UTC"
      },
      "schema": 1
    }
    [stderr]
    note: `[HOME]/clients/acme` is no folder on this machine, or not yet
    "#);
}

#[test]
fn without_arms_the_list_says_what_to_do() {
    assert_snapshot!(Sandbox::new().run("arm list"), @r"
    [stderr]
    no arms yet: `octorato scan` proposes some
    ");
    assert_snapshot!(Sandbox::new().run("arm list --json"), @r#"
    {
      "arms": [],
      "schema": 1
    }
    "#);
}

#[test]
fn a_session_is_given_to_an_arm() {
    let sandbox = Sandbox::agency();
    let session = scratch_session(&sandbox);
    let answer = sandbox.run_words(&[
        "arm",
        "assign",
        "globex",
        "--session",
        &session,
        "--reason",
        "notes for their workshop",
    ]);
    assert_snapshot!(answer.replace(&session, "[session]"), @"session [session] belongs to arm globex now: 2 requests");
    let file = sandbox.path(".local/share/octorato/assignments.jsonl");
    let line: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(line["session"], session);
    assert_eq!(line["reason"], "notes for their workshop");
}

/// The session that no arm covers.
fn scratch_session(sandbox: &Sandbox) -> String {
    let report = sandbox.json("report --by arm,session");
    let rows = report["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["arm"].is_null()).unwrap();
    row["session"].as_str().unwrap().to_owned()
}

#[test]
fn assigning_a_session_moves_it_and_nothing_else() {
    let sandbox = Sandbox::agency();
    let session = scratch_session(&sandbox);
    let before = sandbox.json("report --by session,agent,arm,model");
    sandbox.run(&format!("arm assign globex --session {session}"));
    let after = sandbox.json("report --by session,agent,arm,model");
    assert_eq!(before["total"], after["total"]);
    let split = |report: &serde_json::Value| -> (Vec<_>, Vec<_>) {
        let rows = report["rows"].as_array().unwrap().iter().cloned();
        rows.partition(|row| row["session"] == session.as_str())
    };
    let ((moved, others), (moved_after, others_after)) = (split(&before), split(&after));
    let in_order = |mut rows: Vec<serde_json::Value>| {
        rows.sort_by_key(ToString::to_string);
        rows
    };
    assert_eq!(in_order(others), in_order(others_after));
    assert_eq!((moved.len(), moved_after.len()), (1, 1));
    assert_eq!(moved_after[0]["arm"], "globex");
    assert_eq!(moved_after[0]["list_cost"], moved[0]["list_cost"]);
    assert_eq!(after["unattributed"]["events"], 0);
    assert_eq!(after["attribution"]["pinned"]["events"], 2);
}

#[test]
fn a_message_is_moved_alone_and_the_later_word_holds() {
    let sandbox = Sandbox::agency();
    let session = scratch_session(&sandbox);
    let path = format!(".claude/projects/-home-dana-scratch-notes/{session}.jsonl");
    let text = fs::read_to_string(sandbox.path(&path)).unwrap();
    let at = text.find("msg_").unwrap();
    let message: String = text[at..].chars().take_while(|&c| c != '"').collect();

    let events = |arm: &str| {
        sandbox.json(&format!("report --arm {arm}"))["total"]["events"].as_u64().unwrap()
    };
    let (globex, cafe) = (events("globex"), events("cafe-zuerich"));
    sandbox.run(&format!("arm assign globex --session {session}"));
    sandbox.run(&format!("arm assign cafe-zuerich --message {message}"));
    assert_eq!((events("globex"), events("cafe-zuerich")), (globex + 1, cafe + 1));
    sandbox.run(&format!("arm assign globex --message {message}"));
    assert_eq!((events("globex"), events("cafe-zuerich")), (globex + 2, cafe));
}

#[test]
fn the_sub_agents_of_a_session_move_with_it() {
    let sandbox = Sandbox::agency();
    let report = sandbox.json("report --arm acme-mobile --by session");
    let session = report["rows"][0]["session"].as_str().unwrap();
    sandbox.run(&format!("arm assign acme-web --session {session}"));
    assert_eq!(sandbox.json("report --arm acme-mobile")["total"]["events"], 0);
    let moved = sandbox.json("report --arm acme-web --by session,agent");
    let rows = moved["rows"].as_array().unwrap().iter();
    let cost: i128 =
        rows.filter(|row| row["session"] == session).map(|row| amount(&row["list_cost"])).sum();
    assert_eq!(cost, amount(&report["total"]["list_cost"]));
}

#[test]
fn what_no_transcript_knows_is_not_assigned() {
    let sandbox = Sandbox::agency();
    assert_snapshot!(sandbox.run("arm assign globex --session nonsense"), @r"
    [stderr]
    error: no such session in the transcripts: `nonsense`
    hint: `octorato report --by session` lists sessions; --logs names other transcripts
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("arm assign globex --message nonsense"), @r"
    [stderr]
    error: no such message in the transcripts: `nonsense`
    hint: `octorato report --by session` lists sessions; --logs names other transcripts
    [exit 2]
    ");
    assert!(!sandbox.path(".local/share/octorato/assignments.jsonl").exists());
}

#[test]
fn an_assignment_to_an_arm_that_is_gone_is_an_error() {
    let sandbox = Sandbox::agency();
    sandbox.write(
        ".local/share/octorato/assignments.jsonl",
        r#"{"session":"s","arm":"left","at":"2026-10-01T00:00:00Z"}"#,
    );
    assert_snapshot!(sandbox.run("report"), @r"
    [stderr]
    error: assigned to an arm that arms.yaml does not declare: `left`, file: `[HOME]/.local/share/octorato/assignments.jsonl`
    hint: declare the arm again in arms.yaml, or remove the line from the file
    [exit 2]
    ");
}

#[test]
fn arms_that_are_added_at_the_same_time_are_all_kept() {
    let sandbox = Sandbox::new();
    sandbox.run("init");
    let children: Vec<_> = (0..30)
        .map(|number| {
            let words = format!("arm add a{number} --root /r/{number} --quiet");
            let mut command = sandbox.command();
            command.args(words.split(' ')).stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(sandbox.json("arm list")["arms"].as_array().unwrap().len(), 30);
}

#[test]
fn a_line_of_assignments_without_its_end_is_ended_first() {
    let sandbox = Sandbox::agency();
    let session = scratch_session(&sandbox);
    sandbox.write(
        ".local/share/octorato/assignments.jsonl",
        r#"{"session":"s","arm":"globex","at":"2026-10-01T00:00:00Z"}"#,
    );
    sandbox.stdout(&format!("arm assign globex --session {session}"));
    assert_eq!(sandbox.json("report")["attribution"]["pinned"]["events"], 2);
}

#[test]
fn a_root_is_taken_as_it_is_meant_and_what_is_odd_about_it_is_said() {
    let sandbox = Sandbox::new();
    sandbox.run("init");
    fs::create_dir_all(sandbox.path("clients/acme")).unwrap();
    assert_snapshot!(sandbox.run("arm add acme --root clients/acme"), @"added arm acme to [HOME]/.config/octorato/arms.yaml");
    assert_snapshot!(sandbox.run(r"arm add windows --root C:\Work\Acme"), @r"
    added arm windows to [HOME]/.config/octorato/arms.yaml
    [stderr]
    note: `C:\Work\Acme` is no folder on this machine, or not yet
    ");
    assert_snapshot!(sandbox.run("arm add home --root ~"), @r"
    added arm home to [HOME]/.config/octorato/arms.yaml
    [stderr]
    note: `[HOME]` holds your home folder: what no other root covers belongs to the arm
    ");
    assert_snapshot!(sandbox.run("arm add all --root /"), @r"
    added arm all to [HOME]/.config/octorato/arms.yaml
    [stderr]
    note: `/` is all of this machine: what no other root covers belongs to the arm
    ");
    for root in ["~bob/x", r"C:x", "$HOME/x", r"\x"] {
        assert!(!sandbox.output(&format!("arm add no --root {root}")).status.success(), "{root}");
    }
    assert_snapshot!(sandbox.run("arm add bob --root ~bob/x"), @r"
    [stderr]
    error: home folder of another user: `~bob/x`
    hint: write the whole path
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("arm add variable --root $HOME/x"), @r"
    [stderr]
    error: root with a variable: `$HOME/x`
    hint: variables are not expanded; write the folder, or `~/…` for the home folder
    [exit 2]
    ");
    let arms = sandbox.json("arm list");
    let path = |at: usize| arms["arms"][at]["roots"][0]["path"].as_str().unwrap().to_owned();
    let home = sandbox.path("").to_str().unwrap().trim_end_matches('/').to_owned();
    let wanted = [format!("{home}/clients/acme"), r"C:\Work\Acme".into(), home, "/".into()];
    assert_eq!([0, 1, 2, 3].map(path), wanted);
}

#[test]
fn a_remote_is_taken_in_any_form_and_given_to_one_arm() {
    let sandbox = Sandbox::new();
    sandbox.run("init");
    assert_snapshot!(sandbox.run("arm add acme --remote https://github.com/acme/web.git"), @"added arm acme to [HOME]/.config/octorato/arms.yaml");
    assert_snapshot!(sandbox.run("arm show acme"), @r"
    arm       acme
    client    acme (acme)
    currency  USD
    timezone  UTC
    remote    github.com/acme/web
    ");
    assert_snapshot!(sandbox.run("arm add other --remote git@github.com:acme/web"), @r"
    [stderr]
    error: remote belongs to an arm already: `git@github.com:acme/web`
    hint: remove it from `acme` first
    [exit 2]
    ");
    assert_snapshot!(sandbox.run("arm add other --remote ../web"), @r"
    [stderr]
    error: not a git remote: `../web`
    hint: write host, owner and name, such as `github.com/acme/web` or `github.com/acme/*`
    [exit 2]
    ");
}
