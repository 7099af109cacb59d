//! The tree of a `budgets.yaml` as a policy.

use octorato_core::{ArmId, Arms, ClientId, Result, Span};
use octorato_finops::budget::{
    Basis, BudgetId, Cycle, Declared, DefaultBudget, OnError, Policy, Scope, Sink, Unpriced,
};

use super::super::fields::{Entry, Fields, list};
use super::super::findings::Findings;
use super::super::scalars::{count, text, words};
use super::super::yaml::{Node, Value};
use super::keys;

/// Where budgets are written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The budgets, by their ids.
    pub(super) budgets: Vec<(BudgetId, Span)>,
    /// The default.
    pub(super) default: Option<Span>,
}

/// Reads a tree; what it cannot read is in the findings and missing in the policy.
pub(super) struct Reader<'f, 's, 'a> {
    pub(super) findings: &'f mut Findings<'s>,
    arms: &'a Arms,
    declared: Declared,
    /// The names of sinks, also of those with mistakes.
    sinks: Vec<String>,
    /// What was read, with its place.
    known: Vec<(BudgetId, Span)>,
    /// The arms that budgets name, where, and whether by one without conditions.
    named: Vec<(ArmId, Span, bool)>,
    /// Where the default is.
    default_at: Option<Span>,
}

impl<'f, 's, 'a> Reader<'f, 's, 'a> {
    /// Reads the whole file.
    pub(super) fn read(
        node: &Node,
        arms: &'a Arms,
        findings: &'f mut Findings<'s>,
    ) -> Option<(Policy, Written)> {
        if matches!(node.value, Value::Null) {
            findings.empty_file(node.span);
            return None;
        }
        let file = Fields::any(node, "the file", findings)?;
        let (declared, sinks, known, named, default_at) = Default::default();
        let mut reader = Reader { findings, arms, declared, sinks, known, named, default_at };
        reader.file(&file);
        let Reader { findings, declared, known, default_at, .. } = reader;
        // What two parts say together was checked with their places; here it is made certain.
        match Policy::new(declared, arms) {
            Ok(policy) => Some((policy, Written { budgets: known, default: default_at })),
            Err(error) => {
                if findings.is_usable() {
                    findings.bad_policy(node, &error);
                }
                None
            }
        }
    }

    fn file(&mut self, file: &Fields<'_>) {
        for entry in file.entries() {
            if keys::OLD_FILE.contains(&entry.name) {
                self.findings.old_key(entry);
            } else if entry.name == "arms" {
                self.findings.map_of_arms(entry.key);
            } else if !keys::FILE.contains(&entry.name) {
                self.findings.unknown_key(entry.key, entry.name, "the file", keys::FILE);
            }
        }
        if let Some(node) = file.get("on_error") {
            let names: Vec<&str> = OnError::ALL.iter().map(|answer| answer.name()).collect();
            let name = self.choice(node, "on_error", &names);
            self.declared.on_error = name.and_then(OnError::from_name);
        }
        if let Some(node) = file.get("unpriced") {
            let names: Vec<&str> = Unpriced::ALL.iter().map(|choice| choice.name()).collect();
            let name = self.choice(node, "unpriced", &names);
            self.declared.unpriced = name.and_then(Unpriced::from_name).unwrap_or_default();
        }
        if let Some(node) = file.get("sinks") {
            self.sinks(node);
        }
        let default = file.get("default");
        let budgets = match default {
            Some(_) => file.get("budgets"),
            None => file.require("budgets", self.findings),
        };
        if let Some(node) = budgets {
            for item in list(node, "`budgets`", self.findings) {
                self.budget(item);
            }
        }
        if let Some(node) = default {
            self.declared.default = self.default_budget(node);
            self.arms_without_default();
        }
    }

    /// One of a few words.
    pub(super) fn choice<'n>(
        &mut self,
        node: &'n Node,
        key: &str,
        words: &[&str],
    ) -> Option<&'n str> {
        let choice = text(node, &format!("`{key}`"), self.findings)?;
        if words.contains(&choice) {
            return Some(choice);
        }
        self.findings.bad_choice_of(node, key, choice, words);
        None
    }

    fn sinks(&mut self, node: &Node) {
        let Some(sinks) = Fields::any(node, "`sinks`", self.findings) else { return };
        for entry in sinks.entries() {
            self.sinks.push(entry.name.to_owned());
            if entry.name.trim().is_empty() {
                self.findings.empty_text(entry.key, "the name of a sink");
            }
            if let Some(sink) = self.sink(entry) {
                self.declared.sinks.insert(entry.name.to_owned(), sink);
            }
        }
    }

    fn sink(&mut self, entry: &Entry<'_>) -> Option<Sink> {
        let fields = Fields::known(entry.value, "a sink", keys::SINK, self.findings)?;
        let (at, sink) = match (fields.get("command"), fields.get("webhook")) {
            (Some(node), None) => {
                let items = list(node, "`command`", self.findings);
                let argv = items
                    .iter()
                    .map(|item| text(item, "an item of `command`", self.findings))
                    .map(|text| text.map(str::to_owned))
                    .collect::<Vec<_>>();
                let is_list = matches!(node.value, Value::List(_));
                let argv: Option<Vec<String>> = argv.into_iter().collect();
                (node.span, argv.filter(|_| is_list).map(Sink::command))
            }
            (None, Some(node)) => {
                (node.span, words(node, "`webhook`", self.findings).map(Sink::webhook))
            }
            _ => {
                self.findings.unclear_sink(entry.key.span, entry.name);
                (entry.key.span, None)
            }
        };
        let sink = sink.and_then(|sink| self.sink_of(at, sink));
        let timeout = self.bounded(&fields, "timeout_seconds", Sink::with_timeout);
        let retries = self.bounded(&fields, "retries", Sink::with_retries);
        let sink = match timeout? {
            Some(seconds) => self.sink_of(at, sink?.with_timeout(seconds))?,
            None => sink?,
        };
        match retries? {
            Some(retries) => self.sink_of(at, sink.with_retries(retries)),
            None => Some(sink),
        }
    }

    fn sink_of(&mut self, at: Span, sink: Result<Sink>) -> Option<Sink> {
        sink.map_err(|error| self.findings.bad_sink(at, &error)).ok()
    }

    /// A whole number that `check` takes and that may be left out; nothing where it is wrong.
    #[expect(clippy::option_option, reason = "not there, and there but wrong, differ")]
    fn bounded(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        check: impl Fn(Sink, u64) -> Result<Sink>,
    ) -> Option<Option<u64>> {
        let Some(node) = fields.get(key) else { return Some(None) };
        let number = count(node, key, self.findings)?;
        // Whatever the target is, the number is right or wrong by itself.
        let any = Sink::command(vec![key.to_owned()]).and_then(|sink| check(sink, number));
        self.sink_of(node.span, any).map(|_| Some(number))
    }

    fn budget(&mut self, item: &Node) {
        let Some(fields) = Fields::any(item, "a budget", self.findings) else { return };
        let known: Vec<&str> = [keys::SCOPE, keys::BUDGET].concat();
        self.refuse_others(&fields, "a budget", &known);
        let at = fields.entries().first().map_or(item.span, |entry| entry.key.span);
        let scope = self.scope(&fields, at);
        // The other keys are read whomever they are about, so that every mistake is found.
        let about = scope.clone().map_or(Scope::Operator, |(scope, _)| scope);
        let body = self.body(&fields, at, "a budget", about);
        let Some((scope, at)) = scope else { return };
        if let Scope::Arm(id) = &scope {
            let is_whole = body.as_ref().is_none_or(|body| body.budget.selectors().is_any());
            self.named.push((id.clone(), at, is_whole));
        }
        let Some(body) = body else { return };
        let zone = body.zone.unwrap_or_else(|| scope.zone(self.arms).clone());
        let budget = body.budget.in_zone(zone);
        let id = budget.id();
        if let Some((_, first)) = self.known.iter().find(|(known, _)| *known == id) {
            self.findings.duplicate_budget(at, &budget.title(), *first);
            return;
        }
        self.known.push((id, at));
        self.declared.budgets.push(budget);
    }

    fn default_budget(&mut self, node: &Node) -> Option<DefaultBudget> {
        let fields = Fields::any(node, "the default", self.findings)?;
        self.refuse_others(&fields, "the default", keys::BUDGET);
        let at = fields.entries().first().map_or(node.span, |entry| entry.key.span);
        self.default_at = Some(at);
        let body = self.body(&fields, at, "the default", Scope::Operator)?;
        Some(DefaultBudget::new(body.budget, body.zone))
    }

    fn refuse_others(&mut self, fields: &Fields<'_>, what: &str, known: &[&str]) {
        for entry in fields.entries() {
            if known.contains(&entry.name) {
                continue;
            }
            if keys::OLD_BUDGET.contains(&entry.name) {
                self.findings.old_key(entry);
            } else if let Some(cycle) = cap_of(entry.name) {
                self.findings.cap_of_a_period(entry, what, cycle);
            } else if keys::SCOPE.contains(&entry.name) {
                self.findings.scope_of_the_default(entry);
            } else {
                self.findings.unknown_key(entry.key, entry.name, what, known);
            }
        }
    }

    /// Whom a budget is about, and where that is written.
    fn scope(&mut self, fields: &Fields<'_>, at: Span) -> Option<(Scope, Span)> {
        let mut scopes = fields.entries().iter().filter(|entry| keys::SCOPE.contains(&entry.name));
        let Some(entry) = scopes.next() else {
            self.findings.no_scope(at);
            return None;
        };
        let others: Vec<_> = scopes.collect();
        for other in &others {
            self.findings.second_scope(other.key.span, entry.name, other.name);
        }
        let scope = match entry.name {
            "arm" => self.arm(entry.value).map(Scope::Arm),
            "client" => self.client(entry.value).map(Scope::Client),
            _ => self.operator(entry.value),
        };
        scope.filter(|_| others.is_empty()).map(|scope| (scope, entry.value.span))
    }

    fn arm(&mut self, node: &Node) -> Option<ArmId> {
        let text = text(node, "an arm's id", self.findings)?;
        let id = ArmId::new(text).map_err(|error| self.findings.bad_scope_id(node, &error)).ok()?;
        if self.arms.arm(&id).is_none() {
            self.findings.unknown_arm(node, text, self.arms);
            return None;
        }
        Some(id)
    }

    fn client(&mut self, node: &Node) -> Option<ClientId> {
        let text = text(node, "a client's id", self.findings)?;
        let id = ClientId::new(text).map_err(|error| self.findings.bad_scope_id(node, &error));
        let id = id.ok()?;
        if self.arms.client(&id).is_none() {
            self.findings.unknown_client(node, text, self.arms);
            return None;
        }
        Some(id)
    }

    fn operator(&mut self, node: &Node) -> Option<Scope> {
        if self.truth(node, "operator")? {
            return Some(Scope::Operator);
        }
        self.findings.not_the_operator(node);
        None
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, node: &Node, key: &str) -> Option<bool> {
        if !matches!(node.value, Value::Bool) {
            self.findings.wrong_type(node, &format!("`{key}`"), "true or false");
            return None;
        }
        Some(node.raw(self.findings.source()).eq_ignore_ascii_case("true"))
    }

    /// The basis of a budget.
    pub(super) fn basis(&mut self, node: &Node) -> Option<Basis> {
        let names: Vec<&str> = Basis::ALL.iter().map(|basis| basis.name()).collect();
        self.choice(node, "basis", &names).and_then(Basis::from_name)
    }

    /// The sinks that a budget tells.
    pub(super) fn sinks_named(&mut self, node: &Node) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut is_whole = matches!(node.value, Value::List(_));
        for item in list(node, "`sinks`", self.findings) {
            let name = text(item, "an item of `sinks`", self.findings);
            let known = name.filter(|name| self.sinks.iter().any(|other| other == name));
            if let (Some(name), None) = (name, known) {
                let known: Vec<&str> = self.sinks.iter().map(String::as_str).collect();
                self.findings.unknown_sink(item, name, &known);
            }
            is_whole &= known.is_some();
            names.extend(known.map(str::to_owned));
        }
        is_whole.then_some(names)
    }

    /// Warns of the arms that budgets name for a part of their work only.
    fn arms_without_default(&mut self) {
        for (at, (arm, place, _)) in self.named.iter().enumerate() {
            let is_first = self.named[..at].iter().all(|(other, _, _)| other != arm);
            let has_whole = self.named.iter().any(|(other, _, whole)| other == arm && *whole);
            if is_first && !has_whole {
                self.findings.no_default(*place, arm.as_str());
            }
        }
    }
}

/// The period of a key that only looks like one, such as `daily_usd_cap`.
fn cap_of(key: &str) -> Option<Cycle> {
    Cycle::from_name(key.strip_suffix("_usd_cap")?)
}
