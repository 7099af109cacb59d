//! Whose an event is: real folders, links, worktrees and repositories.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use jiff::tz::TimeZone;
use octorato_core::{
    Arm, ArmId, Arms, Attribution, AttributionReason as Reason, Client, ClientId, Currency,
    Evidence, Precision, PriceContext, Root, Unit, Usage, UsageEvent,
};
use octorato_finops::attribute::{Disk, LocalDisk, NoDisk, Pins, Resolver};
use tempfile::TempDir;

/// Arms from `(id, roots, remotes)`; each is its own client.
fn arms(list: &[(&str, &[&str], &[&str])]) -> Arms {
    let mut arms = Arms::none();
    for (id, roots, remotes) in list {
        let client = ClientId::new(id).unwrap();
        arms.clients.push(Client {
            id: client.clone(),
            name: (*id).to_owned(),
            currency: Currency::USD,
            billing: None,
            zone: None,
            tax: None,
            address: None,
        });
        arms.arms.push(Arm {
            id: ArmId::new(id).unwrap(),
            client,
            roots: roots.iter().map(|path| Root { path: (*path).into(), from: None }).collect(),
            remotes: remotes.iter().map(ToString::to_string).collect(),
            aliases: Vec::new(),
            zone: None,
        });
    }
    arms
}

fn event(session: &str, minute: u32, cwd: Option<&str>) -> UsageEvent {
    UsageEvent {
        at: format!("2026-10-01T09:{minute:02}:00Z").parse().unwrap(),
        provider: None,
        model: "claude-opus-4-8".into(),
        usage: Usage::new().with(Unit::Output, 1),
        context: PriceContext::standard(),
        session: Some(session.into()),
        agent: None,
        agent_name: None,
        parent_agent: None,
        skill: None,
        cwd: cwd.map(Into::into),
        evidence: Evidence {
            reader: "test",
            file: Path::new("t.jsonl").into(),
            offset: u64::from(minute),
            records: 1,
            line: 1,
            message: Some(format!("msg_{session}_{minute}").into()),
            request: None,
            reported_cost: None,
        },
        precision: Precision::Exact,
    }
}

fn resolve(arms: &Arms, disk: &dyn Disk, events: &[UsageEvent]) -> Vec<(String, Reason)> {
    let mut resolver = Resolver::new(arms, Pins::default(), disk).unwrap();
    resolver.resolve(events).into_iter().map(shown).collect()
}

fn shown(attribution: Attribution) -> (String, Reason) {
    (attribution.arm.map_or("-".into(), |arm| arm.to_string()), attribution.reason)
}

fn arm_of(arms: &Arms, disk: &dyn Disk, cwd: &str) -> (String, Reason) {
    resolve(arms, disk, &[event("s", 0, Some(cwd))]).remove(0)
}

#[test]
fn names_that_contain_each_other_are_different_arms() {
    let arms = arms(&[
        ("client-x", &["/home/dana/clients/client-x"], &[]),
        ("client-y", &["/home/dana/clients/client-y"], &[]),
        ("client", &["/home/dana/clients/client"], &[]),
        ("my-claude", &["/home/dana/projects/my-claude"], &[]),
        ("cafe", &["/home/dana/clients/Café Zürich & Söhne"], &[]),
        ("windows", &[r"C:\Users\Dana\Clients\Acme Corp"], &[]),
    ]);
    for (cwd, arm) in [
        ("/home/dana/clients/client-x/web", "client-x"),
        ("/home/dana/clients/client-y", "client-y"),
        ("/home/dana/clients/client/api/src", "client"),
        ("/home/dana/projects/my-claude/.claude/worktrees/wt1", "my-claude"),
        ("/home/dana/clients/Café Zürich & Söhne/shop", "cafe"),
        ("/home/dana/clients/Cafe\u{301} Zu\u{308}rich & So\u{308}hne/shop", "cafe"),
        (r"c:\users\dana\clients\acme corp\site", "windows"),
    ] {
        assert_eq!(arm_of(&arms, &NoDisk, cwd), (arm.to_owned(), Reason::Root), "{cwd}");
    }
    for cwd in ["/home/dana/clients", "/home/dana/clients/client-z", "/home/dana/projects/my"] {
        assert_eq!(arm_of(&arms, &NoDisk, cwd), ("-".to_owned(), Reason::Unattributed), "{cwd}");
    }
}

#[test]
fn the_deepest_of_nested_roots_wins() {
    let arms = arms(&[
        ("agency", &["/work"], &[]),
        ("acme", &["/work/acme"], &[]),
        ("acme-labs", &["/work/acme/labs"], &[]),
    ]);
    let arm = |cwd| arm_of(&arms, &NoDisk, cwd).0;
    assert_eq!(arm("/work/tools"), "agency");
    assert_eq!(arm("/work/acme/web"), "acme");
    assert_eq!(arm("/work/acme/labs/x"), "acme-labs");
    assert_eq!(arm("/work/acme/labs/../web"), "acme");
}

#[test]
fn a_session_that_changes_directory_is_split_record_by_record() {
    let arms = arms(&[("acme", &["/w/acme"], &[]), ("globex", &["/w/globex"], &[])]);
    let events = [
        event("s", 0, Some("/tmp")),
        event("s", 1, Some("/w/acme")),
        event("s", 2, Some("/w/globex/api")),
        event("s", 3, Some("/tmp/scratch")),
        event("s", 4, None),
        event("s", 5, Some("/w/acme")),
        event("other", 6, Some("/tmp/scratch")),
    ];
    let found = resolve(&arms, &NoDisk, &events);
    let expected = [
        ("-", Reason::Unattributed), // nothing was known of the session yet
        ("acme", Reason::Root),
        ("globex", Reason::Root),
        ("globex", Reason::Inherited),
        ("globex", Reason::Inherited),
        ("acme", Reason::Root),
        ("-", Reason::Unattributed),
    ];
    assert_eq!(found, expected.map(|(arm, reason)| (arm.to_owned(), reason)));
}

#[test]
fn pins_are_stronger_than_folders_and_a_message_than_its_session() {
    let arms = arms(&[("acme", &["/w/acme"], &[]), ("globex", &["/w/globex"], &[])]);
    let mut pins = Pins::default();
    pins.sessions.insert("s".into(), ArmId::new("globex").unwrap());
    pins.messages.insert("msg_s_1".into(), ArmId::new("acme").unwrap());
    let mut resolver = Resolver::new(&arms, pins, &NoDisk).unwrap();
    let events = [event("s", 0, Some("/w/acme")), event("s", 1, Some("/w/globex"))];
    let found: Vec<_> = resolver.resolve(&events).into_iter().map(shown).collect();
    assert_eq!(found, [("globex".into(), Reason::Pinned), ("acme".into(), Reason::Pinned)]);
}

#[test]
fn a_pinned_message_says_nothing_of_its_session() {
    let arms = arms(&[("acme", &["/w/acme"], &[])]);
    let mut pins = Pins::default();
    pins.messages.insert("msg_s_0".into(), ArmId::new("acme").unwrap());
    let mut resolver = Resolver::new(&arms, pins, &NoDisk).unwrap();
    let events = [event("s", 0, Some("/tmp")), event("s", 1, Some("/tmp"))];
    let found: Vec<_> = resolver.resolve(&events).into_iter().map(shown).collect();
    assert_eq!(found, [("acme".into(), Reason::Pinned), ("-".into(), Reason::Unattributed)]);
}

#[test]
fn a_sub_agent_inherits_from_itself_then_from_the_main_agent_not_from_its_sibling() {
    let arms = arms(&[("acme", &["/w/acme"], &[]), ("globex", &["/w/globex"], &[])]);
    let by = |agent: &str, minute, cwd| {
        let mut event = event("s", minute, Some(cwd));
        event.agent = (!agent.is_empty()).then(|| agent.into());
        event
    };
    let events = [
        by("", 0, "/w/acme"),
        by("one", 1, "/w/globex"),
        by("two", 2, "/tmp"), // called by the main agent
        by("one", 3, "/tmp"),
        by("", 4, "/tmp"),
    ];
    let found = resolve(&arms, &NoDisk, &events);
    let names: Vec<_> = found.iter().map(|(arm, _)| arm.as_str()).collect();
    assert_eq!(names, ["acme", "globex", "acme", "globex", "acme"]);
}

#[test]
fn a_sub_agent_of_a_sub_agent_inherits_from_the_one_that_called_it() {
    let arms = arms(&[("acme", &["/w/acme"], &[]), ("globex", &["/w/globex"], &[])]);
    let by = |agent: &str, parent: &str, minute, cwd| {
        let mut event = event("s", minute, Some(cwd));
        event.agent = (!agent.is_empty()).then(|| agent.into());
        event.parent_agent = (!parent.is_empty()).then(|| parent.into());
        event
    };
    let events = [
        by("", "", 0, "/w/acme"),
        by("x1", "", 1, "/w/globex"),
        by("x2", "x1", 2, "/tmp"),
        by("x3", "x2", 3, "/tmp"), // through a parent that said nothing itself
        by("y1", "y2", 4, "/tmp"), // two that call each other end at the main agent
        by("y2", "y1", 5, "/tmp"),
    ];
    let found = resolve(&arms, &NoDisk, &events);
    let names: Vec<_> = found.iter().map(|(arm, _)| arm.as_str()).collect();
    assert_eq!(names, ["acme", "globex", "globex", "globex", "acme", "acme"]);
}

#[test]
fn a_relative_folder_is_no_folder() {
    let arms = arms(&[("acme", &["/w/acme"], &[])]);
    for cwd in ["w/acme/x", ".", "", "~/w/acme"] {
        assert_eq!(arm_of(&arms, &LocalDisk, cwd).1, Reason::Unattributed, "{cwd}");
    }
}

#[test]
fn of_two_remotes_that_fit_the_one_that_says_more_is_meant() {
    let world = TempDir::new().unwrap();
    git(world.path(), &["init", "-q"]);
    git(world.path(), &["remote", "add", "origin", "git@github.com:Globex/shop.git"]);
    git(world.path(), &["remote", "add", "fork", "https://github.com/dana/shop"]);
    let arms = arms(&[
        ("any", &[], &["github.com/dana/*", "github.com/*"]),
        ("shop", &[], &["https://github.com/Globex/shop.git"]), // however it is written
    ]);
    let cwd = world.path().to_str().unwrap();
    assert_eq!(arm_of(&arms, &LocalDisk, cwd), ("shop".to_owned(), Reason::Remote));
}

#[test]
fn a_folder_can_change_hands_on_a_day() {
    let mut arms = arms(&[("old", &["/w/shop"], &[]), ("new", &["/w/shop"], &[])]);
    arms.zone = TimeZone::get("America/Mexico_City").unwrap();
    arms.arms[1].roots[0].from = Some("2026-10-01".parse().unwrap());
    let mut before = event("s", 0, Some("/w/shop"));
    before.at = "2026-10-01T05:59:59Z".parse().unwrap(); // still September in Mexico
    let mut after = event("s", 0, Some("/w/shop"));
    after.at = "2026-10-01T06:00:00Z".parse().unwrap();
    let found = resolve(&arms, &NoDisk, &[before, after]);
    assert_eq!(found.iter().map(|(arm, _)| arm.as_str()).collect::<Vec<_>>(), ["old", "new"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_from_either_side() {
    use std::os::unix::fs::symlink;
    let world = TempDir::new().unwrap();
    let at = |path: &str| world.path().join(path).to_str().unwrap().to_owned();
    fs::create_dir_all(at("data/acme/web")).unwrap();
    fs::create_dir_all(at("data/globex")).unwrap();
    symlink(at("data/acme"), at("acme-link")).unwrap();
    symlink(at("data/globex"), at("short")).unwrap();
    let (link, globex) = (at("acme-link"), at("data/globex"));
    let arms = arms(&[("acme", &[&link], &[]), ("globex", &[&globex], &[])]);

    let acme = |reason| ("acme".to_owned(), reason);
    assert_eq!(arm_of(&arms, &LocalDisk, &at("acme-link/web")), acme(Reason::Root));
    assert_eq!(arm_of(&arms, &LocalDisk, &at("data/acme/web")), acme(Reason::RealPath));
    // A folder that is gone is known by the part that is left.
    assert_eq!(arm_of(&arms, &LocalDisk, &at("data/acme/gone/deep")), acme(Reason::RealPath));
    assert_eq!(arm_of(&arms, &LocalDisk, &at("short")).0, "globex");
}

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    let output =
        Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_worktree_belongs_to_its_repository_and_a_clone_to_its_remote() {
    let world = TempDir::new().unwrap();
    let real = world.path().canonicalize().unwrap();
    let at = |path: &str| real.join(path).to_str().unwrap().to_owned();
    for folder in ["clients/acme/web", "elsewhere/fork/src", "plain"] {
        fs::create_dir_all(at(folder)).unwrap();
    }
    let repository = real.join("clients/acme/web");
    git(&repository, &["init", "-q"]);
    git(&repository, &["commit", "-q", "--allow-empty", "-m", "start"]);
    git(&repository, &["worktree", "add", "-q", &at("wt/feature"), "-b", "feature"]);
    fs::create_dir_all(at("wt/feature/src")).unwrap();
    let fork = real.join("elsewhere/fork");
    git(&fork, &["init", "-q"]);
    git(&fork, &["remote", "add", "origin", "git@github.com:Globex/shop.git"]);

    let root = at("clients/acme");
    let arms = arms(&[("acme", &[&root], &[]), ("globex", &[], &["github.com/globex/*"])]);
    let found = |path: &str| arm_of(&arms, &LocalDisk, &at(path));
    assert_eq!(found("wt/feature/src"), ("acme".to_owned(), Reason::Worktree));
    assert_eq!(found("elsewhere/fork/src"), ("globex".to_owned(), Reason::Remote));
    assert_eq!(found("plain"), ("-".to_owned(), Reason::Unattributed));

    let mut resolver = Resolver::new(&arms, Pins::default(), &LocalDisk).unwrap();
    let events =
        [event("s", 0, Some(&at("wt/feature/src"))), event("s", 1, Some(&at("clients/acme/web")))];
    let projects: BTreeSet<_> =
        events.iter().map(|event| resolver.project(event).unwrap().to_string()).collect();
    assert_eq!(projects, BTreeSet::from([at("clients/acme/web")]));
}
