//! What a scan proposes, and that nothing is lost on the way.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may fail like tests")]

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use octorato::Workspace;
use octorato::config::places::Places;
use octorato::finops::logs::{Place, Quiet, Reading};
use octorato::finops::report::{Query, Sums};
use octorato::scan::Scan;
use proptest::prelude::*;
use tempfile::TempDir;

/// A request for each folder, every third one in the month before last.
fn scan(root: &Path, folders: &[Option<&str>], arms: &str) -> Scan {
    fs::write(root.join("arms.yaml"), arms).unwrap();
    let logs = root.join("logs");
    fs::create_dir_all(&logs).unwrap();
    for (number, folder) in folders.iter().enumerate() {
        let month = if number % 3 == 2 { "08" } else { "09" };
        let line = serde_json::json!({
            "type": "assistant", "timestamp": format!("2026-{month}-05T00:00:00Z"), "cwd": folder,
            "sessionId": number.to_string(),
            "message": {
                "id": format!("msg_{number}"), "model": "claude-sonnet-4-5",
                "usage": {"input_tokens": 1 << number},
            },
        });
        fs::write(logs.join(format!("{number}.jsonl")), format!("{line}\n")).unwrap();
    }
    workspace(root).scan(&[Place::Given(logs)], &[], now(), &Quiet).unwrap()
}

fn workspace(root: &Path) -> Workspace {
    Workspace::open(Places {
        home: root.to_owned(),
        state: root.join("state"),
        brain: None,
        user_home: Some(root.join("home")),
    })
    .unwrap()
}

fn now() -> Timestamp {
    "2026-10-10T00:00:00Z".parse().unwrap()
}

fn proposed(scan: &Scan) -> Vec<(&str, &str)> {
    scan.proposals.iter().map(|p| (p.arm.id.as_str(), p.arm.roots[0].path.as_str())).collect()
}

#[test]
fn requests_without_a_folder_are_of_no_arm_and_no_proposal() {
    let folder = TempDir::new().unwrap();
    let scan = scan(folder.path(), &[None, Some("/w/acme")], "arms: []\n");
    assert_eq!(proposed(&scan), [("acme", "/w/acme")]);
    assert_eq!((scan.rest.events, scan.rest_all_time.events), (1, 1));
}

#[test]
fn a_folder_whose_name_is_no_id_gets_one() {
    let folder = TempDir::new().unwrap();
    let folders = [Some("/w/客户"), Some("/w/клиент"), None, Some("/w/a/acme"), Some("/w/b/Acme")];
    let scan = scan(folder.path(), &folders, "arms: [{ id: acme, client: a, roots: [/x] }]\n");
    assert_eq!(
        proposed(&scan),
        [
            ("acme-2", "/w/b/Acme"),
            ("acme-3", "/w/a/acme"),
            ("project-1", "/w/клиент"),
            ("project-2", "/w/客户"),
        ]
    );
    workspace(folder.path())
        .add_arms(&scan.proposals.into_iter().map(|proposal| proposal.arm).collect::<Vec<_>>())
        .unwrap();
}

#[test]
fn a_root_that_holds_from_a_later_day_is_not_proposed_again() {
    let folder = TempDir::new().unwrap();
    let arms = "arms: [{ id: acme, client: a, roots: [{ path: /w/acme, from: 2026-10-01 }] }]\n";
    let scan = scan(folder.path(), &[Some("/w/acme"), Some("/w/acme/web")], arms);
    assert_eq!(proposed(&scan), []);
    assert_eq!(scan.rest.events, 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Declared arms, proposals and the rest are the whole, and what is proposed can be added.
    #[test]
    fn every_request_is_in_exactly_one_place(
        folders in prop::collection::vec(
            prop::option::weighted(0.9, prop::sample::select(vec![
                "/w/acme", "/w/acme/web/public", "/w", "/", "", "relative/x", "/tmp/x", "/w/客户",
                "/w/...", "/srv/clients", "/srv/clients/acme/a", "/srv/clients/Caf\u{e9}/a",
                "/srv/clients/Cafe\u{301}/b", "/srv/clients/clients/x", "/w/.hidden/x", "/w/later/x",
                r"C:\Work\Acme", r"c:\work\acme\web", r"\\server\share\x", "~/x", "/w/a\nb", "/w/src",
                "/w/src/one", "/w/../../x", "/w/ ", "/w/acme/.claude/worktrees/x",
            ])),
            1..24,
        ),
        arms in prop::sample::select(vec![
            "arms: []\n",
            "arms: [{ id: acme, client: a, roots: [/w/acme, { path: /w/later, from: 2026-09-20 }] }]\n",
            "arms: [{ id: x, client: a, roots: [/] }]\n",
        ]),
    ) {
        let folder = TempDir::new().unwrap();
        let scan = scan(folder.path(), &folders, arms);
        let mut parts = Sums::default();
        for sums in scan.proposals.iter().map(|p| &p.last_month).chain([&scan.covered, &scan.rest]) {
            parts.add(sums).unwrap();
        }
        prop_assert_eq!(&parts, &scan.report.total);
        let roots = scan.proposals.iter().map(|proposal| proposal.arm.clone()).collect::<Vec<_>>();
        workspace(folder.path()).add_arms(&roots).unwrap();
    }
}

#[test]
fn a_report_on_what_is_not_declared_is_an_error_and_not_empty() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("arms.yaml"), "arms: [{ id: acme, client: acme }]\n").unwrap();
    let workspace = workspace(folder.path());
    let all = Query::all(&workspace.arms().zone);
    for (query, message) in [
        (Query { arm: Some("acne".parse().unwrap()), ..all.clone() }, "no such arm: `acne`"),
        (Query { client: Some("acne".parse().unwrap()), ..all.clone() }, "no such client: `acne`"),
    ] {
        let error = workspace.report_on(&Reading::default(), &query).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.hint()),
            (message, Some("did you mean `acme`?"))
        );
    }
    assert!(workspace.report_on(&Reading::default(), &all).is_ok());
}
