//! What becomes of the budgets in force when `budgets.yaml` changes, breaks or goes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a failed set-up is a failed test"
)]

use std::fs;
use std::sync::Arc;

use octorato::Workspace;
use octorato::books::{Books, Filter, Origin, State};
use octorato::config::places::{Named, Places};
use octorato::core::{ArmId, ClientId, Currency, ErrorKind, Money};
use octorato::finops::budget::{OnError, SpendPath};
use octorato::finops::ledger::keys::{KeyFolder, verify_raise};
use octorato::finops::ledger::{Append, Fact, Kind, Ledger, MemoryLedger, SourceKey, WallClock};
use tempfile::TempDir;

const ARMS: &str = "arms:\n  - { id: web, client: acme, roots: [/w/web] }\n";
const STOP: &str = "budgets: [{ arm: web, monthly_usd_cap: 200, action_on_breach: hard_stop }]\n";

struct Office {
    folder: TempDir,
    ledger: Arc<MemoryLedger<WallClock>>,
}

impl Office {
    fn new() -> Self {
        let office = Self {
            folder: TempDir::new().unwrap(),
            ledger: Arc::new(MemoryLedger::new(WallClock)),
        };
        office.write("arms.yaml", ARMS);
        office
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    fn books(&self) -> Books {
        let folder = Some(self.folder.path().to_owned());
        let named = Named { home: folder.clone(), state: folder, brain: None };
        let workspace = Workspace::open(Places::resolve(named, |_| None).unwrap()).unwrap();
        Books::over(self.ledger.clone(), &workspace).unwrap()
    }

    /// Books with this `budgets.yaml`.
    fn with(&self, budgets: &str) -> Books {
        self.write("budgets.yaml", budgets);
        self.books()
    }

    fn entries(&self) -> usize {
        self.ledger.entries(0, usize::MAX).unwrap().len()
    }

    fn spend(&self, usd: &str) {
        let now = self.ledger.time().unwrap().now;
        let append = Append {
            source: SourceKey { reader: "test".into(), key: usd.into() },
            at: now,
            path: Arc::new(web()),
            amount: Some(money(usd)),
            size: 1,
            request: None,
            metered: None,
            origin: None,
        };
        self.ledger.append(vec![append]).unwrap().remove(0).unwrap();
    }
}

fn web() -> SpendPath {
    SpendPath::of_arm(ClientId::new("acme").unwrap(), ArmId::new("web").unwrap())
}

fn money(usd: &str) -> Money {
    Money::parse(usd, Currency::USD).unwrap()
}

fn codes(books: &Books) -> Vec<&str> {
    books.regime().findings().iter().map(|finding| finding.code).collect()
}

fn limits(books: &Books) -> Vec<String> {
    let judges = books.regime().in_force().judges();
    judges.iter().map(|it| format!("{} ${}", it.title, it.budget.limit())).collect()
}

#[test]
fn no_file_means_no_budget() {
    let office = Office::new();
    let books = office.books();
    assert!(matches!(books.regime().origin(), Origin::NoFile));
    assert_eq!((limits(&books), codes(&books)), (vec![], vec![]));
    assert_eq!(books.regime().on_error(&web()), OnError::Allow);
    assert_eq!(office.entries(), 0);
}

#[test]
fn only_what_differs_from_what_is_in_force_is_adopted() {
    let office = Office::new();
    assert_eq!(limits(&office.with(STOP)), ["arm web, monthly $200"]);
    let adopted = office.entries();
    assert!(adopted > 0);
    let commented = format!("# The same.\n{STOP}");
    assert_eq!(limits(&office.with(&commented)), ["arm web, monthly $200"]);
    assert_eq!(office.entries(), adopted);
    office.spend("150");
    let lowered = office.with(&STOP.replace("200", "100"));
    let status = lowered.status(&Filter::default()).unwrap();
    let standing = &status.lines[0].standings[0];
    assert_eq!((standing.spent, standing.limit), (money("150"), money("100")));
    assert_eq!(State::of(standing), State::Over);
}

#[test]
fn a_file_that_breaks_lifts_no_cap_and_is_told_with_its_mistakes() {
    let office = Office::new();
    office.with(STOP);
    let entries = office.entries();
    for broken in
        ["budgets:\n  - arm: [web", "budgets:\n  - { arm: web, monthly_usd_cap: lots }\n", ""]
    {
        let books = office.with(broken);
        assert!(matches!(books.regime().origin(), Origin::LastGood(_)), "{broken}");
        assert_eq!(limits(&books), ["arm web, monthly $200"]);
        assert_eq!(books.regime().on_error(&web()), OnError::Deny);
        let codes = codes(&books);
        assert_eq!(codes.last(), Some(&"DOC003"));
        assert!(codes.len() > 1 && codes[0].starts_with("BUD"), "{codes:?}");
        assert_eq!(office.entries(), entries, "nothing was adopted");
    }
    assert_eq!(codes(&office.with(STOP)), [""; 0]);
}

#[test]
fn a_new_arm_has_the_default_also_while_the_file_is_broken() {
    let office = Office::new();
    office.with("default: { monthly_usd_cap: 10, action_on_breach: hard_stop }\n");
    office.write("budgets.yaml", "default: {");
    office.write("arms.yaml", &format!("{ARMS}  - {{ id: app, client: acme, roots: [/w/app] }}\n"));
    assert_eq!(limits(&office.books()), ["arm web, monthly $10", "arm app, monthly $10"]);
    // What was kept is gone: then what is in force stays as it is.
    office.write("last-policy.json", "{}");
    office.write("arms.yaml", ARMS);
    assert_eq!(limits(&office.books()), ["arm web, monthly $10", "arm app, monthly $10"]);
}

#[test]
fn where_there_never_was_a_good_file_its_on_error_answers() {
    let answer = |text: &str| {
        let office = Office::new();
        let books = office.with(text);
        assert!(matches!(books.regime().origin(), Origin::Unknown(..)), "{text}");
        assert_eq!(codes(&books).last(), Some(&"DOC004"));
        books.regime().on_error(&web())
    };
    assert_eq!(answer("budgets: ["), OnError::Deny);
    assert_eq!(answer("on_error: allow\nbudgets: ["), OnError::Allow);
}

#[test]
fn a_cap_that_is_gone_is_told_until_it_is_back() {
    let office = Office::new();
    office.with(STOP);
    for gone in ["budgets: []\n", &STOP.replace("hard_stop", "warn")] {
        let books = office.with(gone);
        let findings = books.regime().findings();
        assert_eq!(codes(&books), ["DOC005"]);
        let message = &findings[0].message;
        assert!(message.starts_with("a budget no longer denies calls since 20"), "{message}");
        assert!(message.ends_with("(its limit was $200): `arm web, monthly`"), "{message}");
        assert_eq!(codes(&office.books()), ["DOC005"], "not only once");
        assert_eq!(codes(&office.with(STOP)), [""; 0]);
    }
    office.remove("budgets.yaml");
    let books = office.books();
    assert!(matches!(books.regime().origin(), Origin::NoFile));
    assert_eq!((limits(&books), codes(&books)), (vec![], vec!["DOC005"]));
}

#[test]
fn sinks_are_kept_though_they_are_no_part_of_what_is_in_force() {
    let office = Office::new();
    office.with(STOP);
    office.with(&format!("sinks: {{ bell: {{ command: [notify-send, x] }} }}\n{STOP}"));
    let books = office.with("budgets: [");
    let policy = books.regime().policy().unwrap();
    assert_eq!(policy.declared().sinks.keys().collect::<Vec<_>>(), ["bell"]);
}

#[test]
fn an_extension_is_signed_and_raises_the_limit() {
    let office = Office::new();
    let books = office.with(STOP);
    let judge = books.find("arm web, monthly").unwrap();
    assert_eq!(books.find(&judge.id.to_string()).unwrap(), judge);
    let now = office.ledger.time().unwrap().now;
    let later = now + jiff::SignedDuration::from_hours(1);
    let draft = books.draft_extension(judge, money("20"), later, " launch ").unwrap();
    let keys = KeyFolder::make(&books.places().keys()).unwrap();
    let public = keys.make_key().unwrap();
    let signer = books.signer().unwrap();
    let raise = books.extend(draft, &signer).unwrap();
    assert_eq!(&*raise.reason, "launch");
    let added = office.ledger.entries_of(&[Kind::KeyAdded], 0, 2).unwrap();
    let Fact::KeyAdded(first) = &added[0].fact else { panic!() };
    let name = first.id.to_bytes();
    verify_raise(&name, &raise, |id| (*id == *public.id()).then_some(public)).unwrap();
    let another = verify_raise(b"another ledger", &raise, |_| Some(public)).unwrap_err();
    assert_eq!(another.kind(), ErrorKind::Refused);
    let status = books.status(&Filter::default()).unwrap();
    assert_eq!(status.lines[0].standings[0].limit, money("220"));
    assert_eq!(status.lines[0].raises, [raise]);

    // A new key takes its place by its word, and what the old one signs counts no more.
    let new = books.rotate_key().unwrap();
    let known: Vec<_> = books.keys().unwrap().into_iter().map(|key| key.public).collect();
    assert_eq!(known, [public, new]);
    assert_eq!(books.signer().unwrap().public(), new);
    let again = || books.draft_extension(judge, money("1"), later, "again").unwrap();
    assert_eq!(books.extend(again(), &signer).unwrap_err().kind(), ErrorKind::Refused);
    books.extend(again(), &books.signer().unwrap()).unwrap();
    assert!(office.ledger.verify().unwrap().faults.is_empty());
}

#[test]
fn an_extension_that_says_nothing_is_refused() {
    let office = Office::new();
    let books = office.with(STOP);
    let judge = books.find("arm web, monthly").unwrap();
    let now = office.ledger.time().unwrap().now;
    let later = now + jiff::SignedDuration::from_hours(1);
    for (usd, until, reason) in
        [("0", later, "x"), ("-1", later, "x"), ("1", now, "x"), ("1", later, "  ")]
    {
        let error = books.draft_extension(judge, money(usd), until, reason).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.hint().is_some());
    }
    assert_eq!(
        books.find("arm web, weekly").unwrap_err().hint(),
        Some("did you mean `arm web, monthly`?")
    );
    assert_eq!(books.find("0000").unwrap_err().kind(), ErrorKind::NotFound);
}
