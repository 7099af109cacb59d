//! Tiers that are reached are told to real programs and real servers: in order and at least once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a failed set-up is a failed test"
)]
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use octorato::Workspace;
use octorato::books::Books;
use octorato::config::places::{Named, Places};
use octorato::core::{ArmId, ClientId, Currency, Money};
use octorato::finops::budget::SpendPath;
use octorato::finops::ledger::{Append, Ledger, MemoryLedger, SourceKey, WallClock};
use serde_json::Value;
use tempfile::TempDir;

struct Office {
    folder: TempDir,
    ledger: Arc<MemoryLedger<WallClock>>,
}

impl Office {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let arms = "arms: [{ id: web, client: acme, roots: [/w] }]\n";
        fs::write(folder.path().join("arms.yaml"), arms).unwrap();
        Self { folder, ledger: Arc::new(MemoryLedger::new(WallClock)) }
    }

    /// A program that adds what it is told to a file, while another file is not there.
    fn program(&self, name: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "{{ command: [sh, -c, 'test ! -e {folder}/{name}.down && cat >> {folder}/{name}'], retries: 0 }}"
        )
    }

    fn told(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn break_down(&self, name: &str) {
        fs::write(self.folder.path().join(format!("{name}.down")), "").unwrap();
    }

    fn mend(&self, name: &str) {
        fs::remove_file(self.folder.path().join(format!("{name}.down"))).unwrap();
    }

    fn books(&self, sinks: &str) -> Books {
        let text = format!(
            "sinks: {{ {sinks} }}
budgets:
  - arm: web
    usd_cap: 10
    period: total
    tiers: [{{ at_pct: 50, action: alert }}, {{ at_pct: 90, action: warn }}, {{ at_pct: 110, action: hard_stop }}]
"
        );
        fs::write(self.folder.path().join("budgets.yaml"), text).unwrap();
        self.open()
    }

    fn open(&self) -> Books {
        let folder = Some(self.folder.path().to_owned());
        let named = Named { home: folder.clone(), state: folder, brain: None };
        let workspace = Workspace::open(Places::resolve(named, |_| None).unwrap()).unwrap();
        Books::over(self.ledger.clone(), &workspace).unwrap()
    }

    fn spend(&self, cents: i128) {
        let arm = SpendPath::of_arm(ClientId::new("acme").unwrap(), ArmId::new("web").unwrap());
        let append = Append {
            source: SourceKey { reader: "test".into(), key: self.entries().to_string().into() },
            at: self.ledger.time().unwrap().now,
            path: Arc::new(arm),
            amount: Some(Money::from_pico(cents * 10_000_000_000, Currency::USD)),
            size: 1,
            request: None,
            metered: None,
            origin: None,
        };
        self.ledger.append(vec![append]).unwrap().remove(0).unwrap();
    }

    fn entries(&self) -> usize {
        self.ledger.entries(0, usize::MAX).unwrap().len()
    }
}

fn no_pause(_: Duration) {}

fn tiers(told: &[Value]) -> Vec<&str> {
    told.iter().map(|alert| alert["tier"]["at_pct"].as_str().unwrap()).collect()
}

#[test]
fn each_tier_is_told_once_in_its_order() {
    let office = Office::new();
    let books = office.books(&format!("log: {}", office.program("log")));
    assert_eq!(books.alerts().unwrap(), []);
    office.spend(499);
    office.spend(1);
    office.spend(550);
    let waiting = books.alerts().unwrap();
    let told: Vec<String> = waiting.iter().map(|(sink, it)| format!("{sink}: {it}")).collect();
    assert_eq!(
        told,
        [
            "log: arm web, total: $5 of $10 (50 %) spent, all time; alert at 50 %",
            "log: arm web, total: $10.5 of $10 (105 %) spent, all time; warn at 90 %"
        ]
    );
    assert_eq!(office.told("log").len(), 0, "nobody is told on the way of a call");
    let delivery = books.deliver_alerts(&no_pause).unwrap();
    assert_eq!((delivery.delivered.len(), delivery.failed.len(), delivery.waiting), (2, 0, 0));
    let told = office.told("log");
    assert_eq!(tiers(&told), ["50", "90"]);
    assert_eq!(told[0]["budget"]["name"], "arm web, total");
    assert_eq!(
        (&told[0]["spent"], &told[0]["cap"], &told[0]["limit"]),
        (&"5".into(), &"10".into(), &"11".into())
    );
    assert_eq!(told[1]["tier"]["action"], "warn");
    office.spend(1);
    assert_eq!(books.deliver_alerts(&no_pause).unwrap().delivered.len(), 0);
    office.spend(100);
    assert_eq!(office.open().deliver_alerts(&no_pause).unwrap().delivered.len(), 1);
    assert_eq!(tiers(&office.told("log")), ["50", "90", "110"]);
}

#[test]
fn a_sink_that_fails_holds_up_its_own_alerts_alone_and_gets_them_later() {
    let office = Office::new();
    let sinks = format!("bad: {}, good: {}", office.program("bad"), office.program("good"));
    let books = office.books(&sinks);
    office.break_down("bad");
    office.spend(950);
    for _ in 0..2 {
        let delivery = books.deliver_alerts(&no_pause).unwrap();
        assert_eq!((delivery.failed.len(), delivery.waiting), (1, 2));
        let (sink, alert, error) = &delivery.failed[0];
        assert_eq!((sink.as_str(), alert.budget.as_str()), ("bad", "arm web, total"));
        assert!(error.to_string().starts_with("the program failed"), "{error}");
    }
    assert_eq!(tiers(&office.told("good")), ["50", "90"]);
    office.spend(200);
    office.mend("bad");
    assert_eq!(books.deliver_alerts(&no_pause).unwrap().waiting, 0);
    assert_eq!(tiers(&office.told("bad")), ["50", "90", "110"]);
    assert_eq!(tiers(&office.told("good")), ["50", "90", "110"]);
    // The same alert has the same id at every sink.
    assert_eq!(office.told("bad")[2]["id"], office.told("good")[2]["id"]);
}

#[test]
fn what_waits_survives_a_broken_file_and_ends_with_its_sink() {
    let office = Office::new();
    let books = office.books(&format!("log: {}", office.program("log")));
    office.break_down("log");
    office.spend(950);
    assert_eq!(books.deliver_alerts(&no_pause).unwrap().waiting, 2);
    office.mend("log");
    fs::write(office.folder.path().join("budgets.yaml"), "budgets: [").unwrap();
    assert_eq!(office.open().deliver_alerts(&no_pause).unwrap().delivered.len(), 2);
    office.break_down("log");
    office.books(&format!("log: {}", office.program("log")));
    office.spend(200);
    assert_eq!(office.open().alerts().unwrap().len(), 1);
    let delivery = office.books("").deliver_alerts(&no_pause).unwrap();
    assert_eq!((delivery.delivered.len(), delivery.waiting), (0, 0), "the sink is gone");
}

#[test]
fn a_webhook_gets_the_alert_and_a_dropped_connection_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let got = Arc::new(Mutex::new(Vec::new()));
    let seen = got.clone();
    let server = std::thread::spawn(move || {
        for round in 0..3 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).unwrap();
            }
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            seen.lock().unwrap().push(serde_json::from_slice::<Value>(&body).unwrap());
            if round > 0 {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .unwrap();
            }
        }
    });
    let office = Office::new();
    let books =
        office.books(&format!("hook: {{ webhook: 'http://{address}/budget', retries: 2 }}"));
    office.spend(950);
    let delivery = books.deliver_alerts(&no_pause).unwrap();
    assert_eq!((delivery.delivered.len(), delivery.waiting), (2, 0), "{delivery:?}");
    server.join().unwrap();
    let got = got.lock().unwrap();
    assert_eq!(tiers(&got), ["50", "50", "90"], "at least once");
    assert_eq!(got[0], got[1]);
}

#[test]
fn two_at_once_do_not_tell_twice() {
    let office = Office::new();
    let books = office.books(&format!("log: {}", office.program("log")));
    office.spend(950);
    let deliveries: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| books.deliver_alerts(&no_pause).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let told: usize = deliveries.iter().map(|delivery| delivery.delivered.len()).sum();
    assert_eq!((told, tiers(&office.told("log"))), (2, vec!["50", "90"]));
}
