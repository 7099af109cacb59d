//! `budgets.yaml` as an operator writes it, well and badly.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may fail like tests")]

mod mistakes;
mod schema;

use insta::assert_snapshot;
use octorato::config::budgets::{self, Unusable, keys, parse};
use octorato::config::{arms, codes};
use octorato::finops::budget::{
    Action, Basis, Budget, Cycle, OnError, Policy, Scope, Selector, SpendPath, Target, Unpriced,
};
use octorato_core::{ArmId, Arms, ClientId, Currency, Diagnostic, ErrorKind, Money, SourceText};
use proptest::prelude::*;

const ARMS: &str = "timezone: America/Mexico_City
clients: { globex: { timezone: Europe/Rome } }
arms:
  - { id: acme, client: acme }
  - { id: acme-web, client: acme }
  - { id: client-x, client: client-x, timezone: Asia/Kolkata }
  - { id: globex-app, client: globex }
";

fn declared_arms() -> Arms {
    arms::parse(&SourceText::new("arms.yaml", ARMS), None).0.unwrap()
}

fn read(text: &str) -> (Option<Policy>, Vec<Diagnostic>) {
    parse(&SourceText::new("budgets.yaml", text), &declared_arms())
}

fn policy(text: &str) -> Policy {
    let (policy, findings) = read(text);
    assert!(findings.is_empty(), "{text}: {findings:?}");
    policy.unwrap()
}

/// The findings, one a line.
fn findings(text: &str) -> String {
    let (_, findings) = read(text);
    let lines: Vec<String> =
        findings.iter().map(|f| f.to_string().replacen("budgets.yaml:", "", 1)).collect();
    lines.join("\n")
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

fn arm(id: &str) -> Scope {
    Scope::Arm(ArmId::new(id).unwrap())
}

fn call(arm: &str, client: &str) -> SpendPath {
    SpendPath {
        arm: Some(ArmId::new(arm).unwrap()),
        client: Some(ClientId::new(client).unwrap()),
        ..SpendPath::default()
    }
}

const EXAMPLE: &str = r"on_error: deny                       # deny | allow: what the gate answers when it cannot know (default deny for hard_stop budgets)
unpriced: refuse                     # refuse | flag: a model without a price under a hard cap
budgets:
  - arm: acme                        # original keys
    monthly_usd_cap: 200.00
    grace_pct: 110                   # hard stop at cap x 110 %; default 100
    action_on_breach: hard_stop      # alert (sinks) | warn (sinks + a message to the agent) | hard_stop
  - arm: acme                        # extended form
    name: research-daily
    match: { agent: researcher }     # any of project, session, run, agent, skill, model, tag.<k>; all must match
    period: daily                    # hourly | daily | weekly | monthly | yearly | total | session | run | rolling:<n>h|d
    usd_cap: 10
    tiers: [{ at_pct: 50, action: alert }, { at_pct: 90, action: warn }, { at_pct: 100, action: hard_stop }]
  - client: acme                     # over all arms of a client
    monthly_usd_cap: 900
    action_on_breach: warn
  - operator: true                   # over all arms
    monthly_usd_cap: 5000
    action_on_breach: hard_stop
default: { monthly_usd_cap: 100.00, grace_pct: 110, action_on_breach: warn }   # for an arm that no budget names
";

#[test]
fn the_documented_example_is_read_as_documented() {
    let policy = policy(EXAMPLE);
    assert_eq!(policy.declared().on_error, Some(OnError::Deny));
    assert_eq!(policy.unpriced(), Unpriced::Refuse);
    let [month, research, client, operator] = &policy.declared().budgets[..] else {
        panic!("four budgets")
    };
    assert_eq!((month.scope(), month.cycle()), (&arm("acme"), Cycle::MONTHLY));
    assert_eq!((month.cap(), month.limit()), (usd("200"), usd("220")));
    assert!(month.enforces() && month.selectors().is_any() && month.basis() == Basis::List);
    assert_eq!(month.zone().iana_name(), Some("America/Mexico_City"));

    assert_eq!((research.name(), research.cycle()), (Some("research-daily"), Cycle::Daily));
    assert_eq!((research.cap(), research.limit()), (usd("10"), usd("10")));
    assert_eq!(research.selectors().iter().collect::<Vec<_>>(), [(&Selector::Agent, "researcher")]);
    assert_eq!(research.tiers().to_string(), "alert at 50 %, warn at 90 %, hard_stop at 100 %");
    assert_eq!(
        research.reached(usd("9")).unwrap().last().map(|tier| tier.action),
        Some(Action::Warn)
    );

    assert_eq!(client.scope(), &Scope::Client(ClientId::new("acme").unwrap()));
    assert!(!client.enforces() && client.limit() == usd("900"));
    assert!(operator.enforces() && operator.scope() == &Scope::Operator);

    // A call of the researcher is judged by four, one of another arm of the client by three.
    let titles = |call: &SpendPath| -> Vec<String> {
        policy.matching(call).iter().map(|budget| budget.title()).collect()
    };
    let researcher = SpendPath { agent: Some("researcher".into()), ..call("acme", "acme") };
    assert_eq!(
        titles(&researcher),
        ["arm acme, monthly", "research-daily", "client acme, monthly", "operator, monthly"]
    );
    assert_eq!(
        titles(&call("acme-web", "acme")),
        ["client acme, monthly", "operator, monthly", "arm acme-web, monthly"]
    );
    let own = policy.matching(&call("globex-app", "globex"));
    let default = own.last().unwrap();
    assert_eq!((default.cap(), default.limit()), (usd("100"), usd("110")));
    assert!(!default.enforces() && default.zone().iana_name() == Some("Europe/Rome"));
}

#[test]
fn the_original_s_file_is_read_unchanged() {
    let text = "# Per-arm caps
budgets:
  - arm: client-x
    monthly_usd_cap: 200.00
    action_on_breach: hard_stop    # alert | warn | hard_stop
    grace_pct: 110                 # allow 10% overage before hard_stop fires

default:
  monthly_usd_cap: 100.0
  action_on_breach: warn
  grace_pct: 120
";
    let policy = policy(text);
    let lines: Vec<String> = policy.budgets().map(ToString::to_string).collect();
    assert_snapshot!(lines.join("\n"), @r"
    arm client-x, monthly, cap $200, limit $220, hard_stop at 110 %
    arm acme, monthly, cap $100, limit $120, warn at 120 %
    arm acme-web, monthly, cap $100, limit $120, warn at 120 %
    arm globex-app, monthly, cap $100, limit $120, warn at 120 %
    ");
    assert_eq!(policy.budgets().next().unwrap().zone().iana_name(), Some("Asia/Kolkata"));
    // Its keys for folders and for where spending is read have no meaning here.
    let old = "spend_json: ~/spend.json\nbudgets:\n  - arm: acme\n    path: ~/acme\n    monthly_usd_cap: 10.00\n    action_on_breach: hard_stop\n    grace_pct: 100\n";
    assert_snapshot!(findings(old), @r"
    1:1: warning[BUD028]: key of the original Octorato: `spend_json`; hint: remove it: what was spent is read from the ledger
    4:5: warning[BUD028]: key of the original Octorato: `path`; hint: remove it: the folders of an arm are its `roots` in arms.yaml
    ");
    assert!(read(old).0.is_some());
    // A form that its example once had, and that was never read, is not passed over.
    let never = "arms:\n  acme:\n    monthly_usd_cap: 200.0\n";
    assert_snapshot!(findings(never), @r"
    1:1: error[BUD003]: unknown key in the file: `arms`; hint: write a list under `budgets:`, each with `- arm: …`
    1:1: error[BUD005]: missing key in the file: `budgets`; hint: add `budgets: …`
    ");
}

const EVERYTHING: &str = r#"sinks:
  ops: { webhook: "https://hooks.example.com/T0/secret", timeout_seconds: 10, retries: 0 }
  desk: { command: [notify-send, octorato] }
budgets:
  - { arm: acme, usd_cap: 0.5, period: hourly, action_on_breach: alert, sinks: [desk] }
  - { arm: acme, usd_cap: '7', period: weekly, anchor: sunday, action_on_breach: alert, sinks: [] }
  - { arm: acme, usd_cap: 30, period: monthly, anchor: 15, action_on_breach: alert }
  - { arm: acme, monthly_usd_cap: 30, period: monthly, anchor: 31, timezone: Europe/Rome, action_on_breach: alert }
  - { arm: acme, usd_cap: 365, period: yearly, anchor: 04-06, action_on_breach: alert, basis: allocated }
  - { arm: acme, usd_cap: 1000, period: total, shadow: true, action_on_breach: hard_stop }
  - { arm: acme, usd_cap: 5, period: session, grace_pct: 112.5, action_on_breach: hard_stop }
  - { arm: acme, usd_cap: 5, period: run, match: { run: 'nightly-*', tag.team: web, model: Claude-Opus-* }, action_on_breach: hard_stop }
  - { arm: acme, usd_cap: 24, period: 'rolling:24h', tiers: [{ at_pct: 95.5, action: hard_stop }], action_on_breach: warn }
  - { arm: acme, usd_cap: 0, period: 'rolling:7d', tiers: [{ at_pct: 50, action: alert }], grace_pct: 130 }
"#;

#[test]
fn everything_that_can_be_said() {
    let read = policy(EVERYTHING);
    let lines: Vec<String> = read.budgets().map(ToString::to_string).collect();
    assert_snapshot!(lines.join("\n"), @r"
    arm acme, hourly, cap $0.5, limit $0.5, alert at 100 %
    arm acme, weekly from sunday, cap $7, limit $7, alert at 100 %
    arm acme, monthly from day 15, cap $30, limit $30, alert at 100 %
    arm acme, monthly from day 31, cap $30, limit $30, alert at 100 %
    arm acme, yearly from 04-06, cap $365, limit $365, alert at 100 %, on allocated cost
    arm acme, total, cap $1000, limit $1000, hard_stop at 100 %, a trial
    arm acme, session, cap $5, limit $5.625, hard_stop at 112.5 %
    arm acme, run=nightly-*, model=claude-opus-*, tag.team=web, run, cap $5, limit $5, hard_stop at 100 %
    arm acme, rolling:24h, cap $24, limit $22.92, hard_stop at 95.5 %, warn at 100 %
    arm acme, rolling:7d, cap $0, limit $0, alert at 50 %
    ");
    let budgets: Vec<&Budget> = read.budgets().collect();
    let told = |at: usize| read.sinks_of(budgets[at]).map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!((told(0), told(1), told(2)), (vec!["desk"], vec![], vec!["desk", "ops"]));
    let ops = &read.declared().sinks["ops"];
    assert_eq!((ops.timeout_seconds(), ops.retries()), (10, 0));
    assert!(matches!(ops.target(), Target::Webhook(url) if url.ends_with("/T0/secret")));
    assert_eq!(budgets[3].zone().iana_name(), Some("Europe/Rome"));
    // Written by one day or by 24 hours, it is the same budget.
    let day = |period: &str| {
        let text = format!(
            "budgets: [{{ arm: acme, usd_cap: 1, period: '{period}', action_on_breach: warn }}]"
        );
        policy(&text).budgets().next().unwrap().id()
    };
    assert_eq!(day("rolling:1d"), day("rolling:24h"));
}

#[test]
fn order_comments_and_form_do_not_change_the_policy_and_content_does() {
    let id = |text: &str| policy(text).id();
    let first = "budgets:\n  - { arm: acme, monthly_usd_cap: 1, action_on_breach: warn }\n  - { operator: true, monthly_usd_cap: 2, action_on_breach: warn }\n";
    let other = "# why\nunpriced: refuse\nbudgets:\n  - { action_on_breach: warn, operator: true, monthly_usd_cap: '2.0' }\n  - arm: acme\n    usd_cap: 1.00\n    period: monthly\n    grace_pct: 100\n    action_on_breach: warn\n";
    assert_eq!(id(first), id(other));
    let windows = format!("\u{feff}{}", first.replace('\n', "\r\n"));
    assert_eq!(id(first), id(&windows));
    assert_ne!(id(first), id(&first.replace("cap: 1", "cap: 1.01")));
    assert_ne!(id(first), id(&format!("on_error: deny\n{first}")));
}

/// The budgets of the agency in `examples/`, beside its arms.
#[test]
fn an_agency_s_budgets_are_read() {
    let arms_text = include_str!("../../../examples/agency/home/arms.yaml");
    let arms = arms::parse(&SourceText::new("arms.yaml", arms_text), None).0.unwrap();
    let text = include_str!("../data/agency-budgets.yaml");
    let (policy, findings) = parse(&SourceText::new("budgets.yaml", text), &arms);
    assert!(findings.is_empty(), "{findings:?}");
    let policy = policy.unwrap();
    let mut shop = call("acme-web", "acme");
    shop.session = Some("s1".into());
    assert_snapshot!(policy.explain(&shop), @r"
    judges it: shop: arm acme-web, monthly, cap $300, limit $330, alert at 75 %, warn at 100 %, hard_stop at 110 %
    judges it: the retainer: client acme, monthly, cap $400, limit $400, warn at 100 %
    judges it: any day: operator, rolling:24h, cap $60, limit $60, hard_stop at 100 %, a trial
    does not: arm acme-mobile, monthly: it is about arm acme-mobile
    does not: one session: it is about arm cafe-zuerich
    does not: arm cafe-zuerich, monthly: it is about arm cafe-zuerich
    does not: arm globex, monthly: it is about arm globex
    ");
}

#[test]
fn a_policy_outlives_its_file_and_the_arms_that_it_names() {
    let arms = declared_arms();
    for text in [
        EXAMPLE,
        EVERYTHING,
        "budgets: []\n",
        &format!("on_error: allow\nunpriced: flag\n{EVERYTHING}"),
    ] {
        let policy = policy(text);
        let stored = policy.to_stored().unwrap();
        let again = Policy::from_stored(&stored, &arms).unwrap();
        assert_eq!(again.id(), policy.id());
        assert_eq!(again.declared(), policy.declared());
        assert!(again.budgets().eq(policy.budgets()));
        let alone = Policy::from_stored(&stored, &Arms::none()).unwrap();
        assert_eq!(alone.declared(), policy.declared());
        let damaged =
            stored.replace("\"1000\"", "\"1001\"").replace("\"version\":1", "\"version\":2");
        let error = Policy::from_stored(&damaged, &arms).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
    }
    let raised = policy(EXAMPLE).to_stored().unwrap().replace("\"200\"", "\"2000\"");
    assert!(
        Policy::from_stored(&raised, &arms).unwrap_err().to_string().contains("another content")
    );
    assert!(Policy::from_stored("{", &arms).is_err());
}

#[test]
fn a_file_that_holds_nothing_is_an_error_and_lifts_no_cap() {
    for text in ["", "\n\n", "# only a comment\n", "\u{feff}", "\u{feff}# x\r\n", "---\n", "~\n"] {
        let (policy, findings) = read(text);
        assert!(policy.is_none(), "{text:?}");
        assert_eq!(findings[0].code, "BUD009", "{text:?}");
        assert!(findings[0].place.is_some());
    }
    assert_snapshot!(findings(""), @"1:1: error[BUD009]: the file holds nothing; hint: write `budgets: []` for no budgets, or remove the file");
    assert_snapshot!(findings("{}\n"), @"1:1: error[BUD005]: missing key in the file: `budgets`; hint: add `budgets: …`");
    assert_snapshot!(findings("budgets:\n"), @"1:8: error[BUD006]: `budgets` must be a list, not null; hint: write `[]` for none, or remove the key");
    assert_snapshot!(findings("budgets: {}\ndefault: []\n"), @r"
    1:10: error[BUD006]: `budgets` must be a list, not a map; hint: write `[…]` or lines that start with `- `
    2:10: error[BUD006]: the default must be a map, not a list; hint: write `{ key: value }` or indented lines `key: value`
    ");
    assert!(policy("budgets: []\n").is_empty());
    assert!(!policy("default: { monthly_usd_cap: 1, action_on_breach: warn }\n").is_empty());
}

#[test]
fn byte_order_mark_and_windows_line_ends_change_nothing() {
    let windows = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    assert_eq!(policy(EXAMPLE).id(), policy(&windows).id());
    let broken = "\u{feff}budgets:\r\n  - arm: acme\r\n    monthly_cap: 1\r\n";
    assert!(findings(broken).contains("3:5: error[BUD003]"), "{}", findings(broken));
}

#[test]
fn no_file_is_no_budget_and_a_file_that_cannot_be_used_says_what_to_answer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("budgets.yaml");
    let load = || budgets::load(&path, &declared_arms());
    assert!(load().unwrap().is_none());
    let unusable = |text: &[u8]| {
        std::fs::write(&path, text).unwrap();
        load().unwrap_err()
    };
    let Unusable { error, on_error } = unusable(b"on_error: allow\n# caf\xe9\n");
    assert_eq!((error.kind(), error.diagnostics()[0].code), (ErrorKind::Config, "BUD002"));
    assert_eq!(on_error, OnError::Allow);
    let half = unusable(&EXAMPLE.as_bytes()[..900]);
    assert_eq!(half.on_error, OnError::Deny);
    assert!(half.error.diagnostics()[0].place.is_some());
    let broken = unusable(b"on_error: allow\nbudgets:\n  - arm: [acme\n");
    assert_eq!((broken.error.diagnostics()[0].code, broken.on_error), ("BUD001", OnError::Allow));
    let many = unusable(b"on_error: allow\nbudgets: [{ arm: acme }, { arm: 7 }]\n");
    assert_eq!((many.error.diagnostics().len(), many.on_error), (5, OnError::Allow));
    assert_eq!(unusable(b"").on_error, OnError::Deny);
    assert_eq!(unusable(b"on_error: Allow\nbudgets: []\n").on_error, OnError::Deny);
    std::fs::write(&path, EXAMPLE).unwrap();
    assert_eq!(load().unwrap().unwrap().0.declared().budgets.len(), 4);
}

#[test]
fn a_folder_or_a_broken_link_is_no_missing_file() {
    let dir = tempfile::tempdir().unwrap();
    let folder = budgets::load(dir.path(), &declared_arms()).unwrap_err();
    assert_eq!((folder.error.kind(), folder.on_error), (ErrorKind::Io, OnError::Deny));
    #[cfg(unix)]
    {
        let link = dir.path().join("budgets.yaml");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let broken = budgets::load(&link, &declared_arms()).unwrap_err();
        assert_eq!(broken.on_error, OnError::Deny);
    }
}

#[test]
fn every_finding_has_an_explanation() {
    assert!(codes::explain("BUD001").is_some_and(|text| text.contains("none of its budgets")));
}

proptest! {
    /// A text that was cut off, or damaged, is read to its end: a policy, or a finding in the text.
    #[test]
    fn no_text_makes_the_reader_fail(
        cut in 0..=EXAMPLE.len(),
        damage in "[-\\[\\]{}:,&*!|>'\"%@`#~ \\n\\ta-z0-9\\PC]{0,12}",
    ) {
        let text = format!("{}{damage}{}", &EXAMPLE[..cut], &EXAMPLE[cut..]);
        for text in [&EXAMPLE[..cut], &text, &damage] {
            let (policy, findings) = read(text);
            let is_usable = findings.iter().all(|f| f.severity < octorato_core::Severity::Error);
            prop_assert_eq!(policy.is_some(), is_usable);
            for finding in findings {
                let (_, span) = finding.place.unwrap();
                prop_assert!(text.get(span.start..span.end).is_some(), "{text:?} {span:?}");
            }
            budgets::on_error(&SourceText::new("f", text));
        }
    }

    /// Whatever the pieces, there is a policy if and only if no finding is an error.
    #[test]
    fn any_text_is_read_or_refused(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "budgets:", "default: ", "sinks: ", "\n", "\n  - ", "{ ", " }", ", ", "arm: acme",
            "client: acme", "operator: true", "usd_cap: 5", "monthly_usd_cap: 5", "period: daily",
            "period: total", "anchor: 3", "grace_pct: 110", "action_on_breach: hard_stop",
            "tiers: ", "[", "]", "at_pct: 50", "action: warn", "match: ", "agent: x", "shadow: true",
            "sinks: [ops]", "ops: ", "command: [x]", "~", "\"", "99999999999999999999999999999999",
        ]), 0..40),
    ) {
        let text = pieces.concat();
        let (policy, findings) = read(&text);
        let is_usable = findings.iter().all(|f| f.severity < octorato_core::Severity::Error);
        prop_assert_eq!(policy.is_some(), is_usable, "{} {:?}", text, findings);
        // What was read was read for a reason that no other finding has.
        prop_assert!(findings.iter().all(|f| !f.message.starts_with("two budgets are")));
    }

    /// A cap is the decimal that is written, and the limit its part.
    #[test]
    fn a_cap_is_read_to_the_last_digit(cents in 0_u64..1_000_000_000, grace in 100_u32..1000) {
        let cap = format!("{}.{:02}", cents / 100, cents % 100);
        let text = format!("budgets: [{{ operator: true, monthly_usd_cap: {cap}, grace_pct: {grace}, action_on_breach: hard_stop }}]");
        let policy = policy(&text);
        let budget = policy.budgets().next().unwrap();
        prop_assert_eq!(budget.cap(), usd(&cap));
        let limit = i128::from(cents) * i128::from(grace) * 100_000_000;
        prop_assert_eq!(budget.limit(), Money::from_pico(limit, Currency::USD));
    }
}
