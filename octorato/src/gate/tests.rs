//! Decisions over a ledger in memory.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use octorato_core::{
    Arm, ArmId, Arms, Client, ClientId, Currency, Error, ErrorKind, Money, Result, Root, SessionId,
};
use octorato_finops::attribute::{LocalDisk, NoDisk, Pins, Resolver};
use octorato_finops::budget::{
    Action, Budget, Cycle, InForce, OnError, Policy, Scope, Selector, Selectors, SpendPath, Tiers,
};
use octorato_finops::ledger::{
    Append, Ask, Clock, Ledger, MemoryLedger, Operation, SourceKey, Tick, Verdict,
};
use std::sync::Arc;

use super::decide::{self, Decided, Imported, World};
use super::memory::Memory;
use super::protocol::{Agent, Answer, Event, HookEvent, ToolCall};
use super::wall::{Disk, Protected};

#[derive(Clone, Copy)]
struct Noon;

impl Clock for Noon {
    fn tick(&self) -> Tick {
        Tick { wall: now(), uptime: None }
    }
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

fn arm(id: &str) -> Arm {
    Arm {
        id: ArmId::new(id).unwrap(),
        client: ClientId::new(&format!("{id}-co")).unwrap(),
        roots: vec![Root { path: format!("/w/{id}"), from: None }],
        remotes: Vec::new(),
        aliases: Vec::new(),
        zone: None,
    }
}

/// Two arms, budgets, and what was spent.
struct Test {
    arms: Arms,
    ledger: MemoryLedger<Noon>,
    in_force: InForce,
    protected: Protected,
    pins: HashMap<SessionId, ArmId>,
    imported: Imported,
    worst: Option<Money>,
    fails: bool,
    is_unreadable: bool,
}

fn budget(scope: Scope, cap: &str) -> Budget {
    let tiers = Tiers::new(Some(Action::HardStop), None, vec![]).unwrap();
    let zone = TimeZone::get("America/Mexico_City").unwrap();
    Budget::new(scope, Cycle::MONTHLY, usd(cap), tiers).unwrap().in_zone(zone)
}

fn scope(arm: &str) -> Scope {
    Scope::Arm(ArmId::new(arm).unwrap())
}

impl Test {
    fn new(budgets: Vec<Budget>) -> Self {
        let client = |arm: &Arm| Client {
            id: arm.client.clone(),
            name: arm.client.to_string(),
            currency: Currency::USD,
            billing: None,
            zone: None,
            tax: None,
            address: None,
        };
        let list = vec![arm("acme"), arm("globex")];
        let clients = list.iter().map(client).collect();
        let zone = TimeZone::get("America/Mexico_City").unwrap();
        let arms = Arms { zone, clients, arms: list };
        let in_force = InForce::of(&Policy::of(budgets, &arms).unwrap(), &arms).unwrap();
        let ledger = MemoryLedger::new(Noon);
        ledger.commit(&[Operation::Adopt(Arc::new(in_force.clone()))]).unwrap();
        Self {
            arms,
            ledger,
            in_force,
            protected: Protected::default(),
            pins: HashMap::new(),
            imported: Imported::default(),
            worst: None,
            fails: false,
            is_unreadable: false,
        }
    }

    fn spend(&self, arm: Option<&str>, amount: &str) {
        self.spend_by(arm, None, amount);
    }

    fn spend_by(&self, arm: Option<&str>, agent: Option<&str>, amount: &str) {
        let declared = arm.and_then(|arm| self.arms.arm(&ArmId::new(arm).unwrap()));
        let path = SpendPath {
            client: declared.map(|arm| arm.client.clone()),
            arm: declared.map(|arm| arm.id.clone()),
            agent: agent.map(Arc::from),
            session: Some("s".into()),
            ..SpendPath::default()
        };
        let key = self.ledger.entries(0, 10_000).unwrap().len().to_string();
        let append = Append {
            source: SourceKey { reader: "test".into(), key: key.into() },
            at: now(),
            path: Arc::new(path),
            amount: Some(usd(amount)),
            size: 1,
            request: None,
            metered: None,
            origin: None,
        };
        self.ledger.append(vec![append]).unwrap().remove(0).unwrap();
    }

    fn ask(&mut self, event: &HookEvent) -> Decided {
        self.ask_with(event, &mut Memory::default())
    }

    fn ask_with(&mut self, event: &HookEvent, memory: &mut Memory) -> Decided {
        let whose = decide::whose(self, event, memory).unwrap();
        let path = decide::path_of(&self.arms, event, &whose, memory);
        let on_error = self.in_force.on_error(&path);
        decide::decide(self, event, &whose, memory).unwrap_or_else(|error| {
            decide::unknown(&error.to_string(), on_error, whose.arm.clone())
        })
    }
}

impl World for Test {
    fn now(&self) -> Timestamp {
        now()
    }
    fn arms(&self) -> &Arms {
        &self.arms
    }
    fn disk(&self) -> &dyn Disk {
        &LocalDisk
    }
    fn protected(&self) -> &Protected {
        &self.protected
    }
    fn home(&self) -> Option<&str> {
        Some("/home/me")
    }
    fn pin(&mut self, event: &HookEvent) -> Result<Option<ArmId>> {
        Ok(self.pins.get(&SessionId::from(event.session.as_str())).cloned())
    }
    fn owner(&mut self, folder: &str) -> Result<(Option<ArmId>, Option<Arc<str>>)> {
        let mut resolver = Resolver::new(&self.arms, Pins::default(), &NoDisk)?;
        let (found, project) = resolver.owner(folder, now());
        Ok((found.arm, project))
    }
    fn has_budgets(&self) -> bool {
        !self.in_force.judges().is_empty()
    }
    fn import(&mut self, _: &HookEvent, _: &mut Option<String>) -> Result<Imported> {
        if self.is_unreadable {
            return Err(Error::new(ErrorKind::Io, "the transcript cannot be read"));
        }
        Ok(self.imported.clone())
    }
    fn check(&mut self, asks: &[Ask]) -> Result<Vec<Verdict>> {
        if self.fails {
            return Err(Error::new(ErrorKind::Unavailable, "the ledger of globex is locked"));
        }
        self.ledger.check(asks)
    }
    fn refuses_unpriced(&mut self, path: &SpendPath) -> Result<bool> {
        Ok(self.in_force.judging(path).iter().any(|judge| judge.budget.enforces()))
    }
    fn worst_case(&mut self, _: &HookEvent) -> Result<Option<Money>> {
        Ok(self.worst)
    }
}

fn event(event: Event, cwd: &str) -> HookEvent {
    let tool =
        ToolCall { name: "Read".into(), input: serde_json::json!({"file_path": "x"}), id: None };
    HookEvent {
        agent: Agent::Claude,
        event,
        name: "x".into(),
        session: "s".into(),
        transcript: None,
        agent_transcript: None,
        cwd: Some(cwd.into()),
        roots: Vec::new(),
        tool: (event == Event::BeforeTool).then_some(tool),
        prompt: None,
        model: None,
        agent_id: None,
        agent_type: None,
    }
}

fn tool(cwd: &str, name: &str, input: serde_json::Value) -> HookEvent {
    let tool = ToolCall { name: name.into(), input, id: None };
    HookEvent { tool: Some(tool), ..event(Event::BeforeTool, cwd) }
}

fn reason(decided: &Decided) -> &str {
    match &decided.answer {
        Answer::Deny { reason, .. } => reason,
        Answer::Allow { .. } => panic!("allowed"),
    }
}

fn context(decided: &Decided) -> Option<&str> {
    match &decided.answer {
        Answer::Allow { context, .. } => context.as_deref(),
        Answer::Deny { reason, .. } => panic!("denied: {reason}"),
    }
}

const SPENDING: [Event; 5] =
    [Event::BeforeModel, Event::Prompt, Event::BeforeTool, Event::AfterTools, Event::SubagentStart];

#[test]
fn a_breach_in_one_arm_stops_that_arm_at_every_moment_and_no_other() {
    let mut test = Test::new(vec![budget(scope("acme"), "20"), budget(scope("globex"), "20")]);
    test.spend(Some("acme"), "20");
    for moment in SPENDING {
        let denied = test.ask(&event(moment, "/w/acme/src"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(reason(&denied), @"budget `arm acme, monthly`: $20.00 spent of $20.00; resets 2026-12-01 00:00 America/Mexico_City; `octorato budget extend` raises it");
        }
        assert_eq!(context(&test.ask(&event(moment, "/w/globex"))), None, "{moment:?}");
        assert_eq!(context(&test.ask(&event(moment, "/elsewhere"))), None, "{moment:?}");
    }
    for moment in [Event::Stop, Event::SessionEnd, Event::SubagentStop, Event::Other] {
        assert_eq!(context(&test.ask(&event(moment, "/w/acme"))), None, "{moment:?}");
    }
}

#[test]
fn reaching_the_limit_denies_and_the_last_part_of_a_dollar_does_not() {
    let mut test = Test::new(vec![budget(scope("acme"), "1")]);
    test.spend(Some("acme"), "0.999999999999");
    context(&test.ask(&event(Event::BeforeTool, "/w/acme")));
    test.spend(Some("acme"), "0.000000000001");
    reason(&test.ask(&event(Event::BeforeTool, "/w/acme")));
}

#[test]
fn a_request_that_is_seen_is_judged_by_the_most_that_it_can_cost() {
    let mut test = Test::new(vec![budget(scope("acme"), "1")]);
    test.spend(Some("acme"), "0.50");
    test.worst = Some(usd("0.49"));
    context(&test.ask(&event(Event::BeforeModel, "/w/acme")));
    test.worst = Some(usd("0.51"));
    reason(&test.ask(&event(Event::BeforeModel, "/w/acme")));
}

#[test]
fn an_operators_limit_tells_no_amount_and_no_name() {
    let client = Scope::Client(ClientId::new("acme-co").unwrap());
    for scope in [Scope::Operator, client] {
        let mut test = Test::new(vec![budget(scope, "20").named("globex is too dear")]);
        test.spend(Some("acme"), "25");
        let denied = test.ask(&event(Event::BeforeTool, "/w/acme"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(reason(&denied), @"the operator limit leaves nothing for this call; resets 2026-12-01 00:00 America/Mexico_City");
        }
    }
    // Work of nobody is judged by the operator's budgets alone.
    let mut test = Test::new(vec![budget(Scope::Operator, "20"), budget(scope("acme"), "1")]);
    test.spend(None, "10");
    context(&test.ask(&event(Event::BeforeTool, "/elsewhere")));
    test.spend(Some("globex"), "10");
    reason(&test.ask(&event(Event::BeforeTool, "/elsewhere")));
}

#[test]
fn the_pin_of_a_session_is_stronger_than_its_folder_and_what_it_worked_for_fills_a_gap() {
    let mut test = Test::new(vec![budget(scope("acme"), "1")]);
    test.spend(Some("acme"), "1");
    let mut memory = Memory::default();
    assert_eq!(test.ask(&event(Event::Prompt, "/w/globex")).arm, ArmId::new("globex").ok());
    reason(&test.ask_with(&event(Event::Prompt, "/w/acme"), &mut memory));
    reason(&test.ask_with(&event(Event::Prompt, "/tmp"), &mut memory));
    context(&test.ask_with(&event(Event::Prompt, "/w/globex"), &mut memory));
    context(&test.ask_with(&event(Event::Prompt, "/tmp"), &mut memory));
    test.pins.insert("s".into(), ArmId::new("acme").unwrap());
    reason(&test.ask_with(&event(Event::Prompt, "/w/globex"), &mut memory));
}

#[test]
fn what_the_log_says_of_a_session_counts_where_its_folder_says_nothing() {
    let mut test = Test::new(vec![budget(scope("acme"), "1")]);
    test.spend(Some("acme"), "1");
    context(&test.ask(&event(Event::Prompt, "/tmp")));
    test.imported = Imported { arm: ArmId::new("acme").ok(), ..Imported::default() };
    let mut memory = Memory::default();
    reason(&test.ask_with(&event(Event::Prompt, "/tmp"), &mut memory));
    context(&test.ask_with(&event(Event::Prompt, "/w/globex"), &mut memory));
    test.imported = Imported { arm: ArmId::new("gone").ok(), ..Imported::default() };
    context(&test.ask(&event(Event::Prompt, "/tmp")));
}

#[test]
fn several_open_folders_are_an_arms_if_all_are() {
    let mut test = Test::new(vec![budget(scope("acme"), "1")]);
    test.spend(Some("acme"), "1");
    let open = |roots: &[&str]| HookEvent {
        cwd: None,
        roots: roots.iter().map(Into::into).collect(),
        ..event(Event::Prompt, "/")
    };
    assert_eq!(test.ask(&open(&["/w/acme/a", "/w/acme/b"])).arm, ArmId::new("acme").ok());
    assert_eq!(test.ask(&open(&["/w/acme"])).arm, ArmId::new("acme").ok());
    assert_eq!(test.ask(&open(&["/w/acme", "/w/globex"])).arm, None);
    assert_eq!(test.ask(&open(&[])).arm, None);
}

#[test]
fn a_sub_agent_is_judged_before_it_is_started() {
    let research = Selectors::default().with(Selector::Agent, "researcher").unwrap();
    let mut test = Test::new(vec![budget(scope("acme"), "5").matching(research)]);
    test.spend_by(Some("acme"), Some("researcher"), "5");
    context(&test.ask(&event(Event::BeforeTool, "/w/acme")));
    let start = |kind: &str| tool("/w/acme", "Task", serde_json::json!({"subagent_type": kind}));
    context(&test.ask(&start("writer")));
    reason(&test.ask(&start("researcher")));
    let within =
        HookEvent { agent_type: Some("researcher".into()), ..event(Event::BeforeTool, "/w/acme") };
    reason(&test.ask(&within));
}

#[test]
fn the_wall_is_asked_first_and_its_reason_names_nobody() {
    let mut test = Test::new(vec![]);
    let denied =
        test.ask(&tool("/w/acme", "Read", serde_json::json!({"file_path": "/w/globex/x"})));
    insta::assert_snapshot!(reason(&denied), @"this reaches files outside of what this session may use; stay within its own folders");
    assert!(matches!(denied.answer, Answer::Deny { stop_turn: false, .. }));
    assert_eq!(denied.denied, Some(("wall", "outside".to_owned())));
}

#[test]
fn how_much_is_left_is_said_once_per_step_and_at_every_start() {
    let mut test = Test::new(vec![budget(scope("acme"), "10"), budget(Scope::Operator, "10")]);
    let mut memory = Memory::default();
    let mut said_at = |test: &mut Test, moment| {
        let decided = test.ask_with(&event(moment, "/w/acme"), &mut memory);
        context(&decided).map(str::to_owned)
    };
    test.spend(Some("acme"), "7.999");
    assert_eq!(said_at(&mut test, Event::SessionStart), None);
    test.spend(Some("acme"), "0.001");
    let words = said_at(&mut test, Event::AfterTools).unwrap();
    insta::assert_snapshot!(words, @"Octorato: $2.00 left of the $10.00 of budget `arm acme, monthly`; resets 2026-12-01 00:00 America/Mexico_City.");
    assert_eq!(said_at(&mut test, Event::AfterTools), None);
    assert_eq!(said_at(&mut test, Event::Prompt), None);
    assert!(said_at(&mut test, Event::SessionStart).is_some());
    assert_eq!(said_at(&mut test, Event::BeforeTool), None);
}

#[test]
fn a_session_may_start_over_its_limit_and_is_told_so() {
    let mut test = Test::new(vec![budget(scope("acme"), "10")]);
    test.spend(Some("acme"), "12");
    let decided = test.ask(&event(Event::SessionStart, "/w/acme"));
    assert!(context(&decided).unwrap().contains("$0.00 left"), "{decided:?}");
}

#[test]
fn a_ledger_that_cannot_be_read_is_answered_by_on_error() {
    let mut test = Test::new(vec![budget(scope("acme"), "10")]);
    test.fails = true;
    reason(&test.ask(&event(Event::BeforeTool, "/w/acme")));
    // Nothing is enforced over the other one.
    context(&test.ask(&event(Event::BeforeTool, "/w/globex")));
}

#[test]
fn a_transcript_that_cannot_be_booked_is_answered_by_on_error() {
    let mut test = Test::new(vec![budget(scope("acme"), "10")]);
    test.is_unreadable = true;
    reason(&test.ask(&event(Event::BeforeTool, "/w/acme")));
    context(&test.ask(&event(Event::BeforeTool, "/w/globex")));
    // Where no budget depends on it, nobody has to know.
    let mut test = Test::new(vec![]);
    test.is_unreadable = true;
    assert_eq!(context(&test.ask(&event(Event::BeforeTool, "/w/acme"))), None);
}

#[test]
fn a_model_without_a_price_is_refused_under_a_hard_cap() {
    let mut test = Test::new(vec![budget(scope("acme"), "10")]);
    test.imported =
        Imported { model: Some("new-1".into()), unpriced: Some("new-1".into()), arm: None };
    let mut memory = Memory::default();
    let denied = test.ask_with(&event(Event::BeforeTool, "/w/acme"), &mut memory);
    assert!(reason(&denied).contains("no price"), "{denied:?}");
    context(&test.ask(&event(Event::BeforeTool, "/w/globex")));
    // Another model is fine again.
    test.imported = Imported { model: Some("known".into()), unpriced: None, arm: None };
    context(&test.ask_with(&event(Event::BeforeTool, "/w/acme"), &mut memory));
}

#[test]
fn without_budgets_nothing_is_asked() {
    let mut test = Test::new(vec![]);
    test.fails = true;
    for moment in SPENDING {
        assert_eq!(context(&test.ask(&event(moment, "/w/acme"))), None);
    }
}

#[test]
fn what_is_not_known_is_said_without_a_word_of_what_is_in_the_files() {
    let error = Error::new(ErrorKind::Config, "an arm is declared twice: `globex`");
    let text = super::words::unknown(&error);
    assert!(!text.contains("globex"), "{text}");
    let denied = decide::unknown(&text, OnError::Deny, None);
    insta::assert_snapshot!(reason(&denied), @"the budgets cannot be checked now (config); `octorato doctor` says more");
    let allowed = decide::unknown(&text, OnError::Allow, None);
    assert!(matches!(allowed.answer, Answer::Allow { warning: Some(_), .. }));
}
