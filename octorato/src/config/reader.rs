//! The tree of an `arms.yaml` as clients and arms.

use jiff::civil::Date;
use octorato_core::{Arm, ArmId, Arms, Billing, Client, ClientId, Currency, Root, Span};
use octorato_finops::attribute::{FolderPath, normal_remote_pattern};
use octorato_finops::price::check_markup;

use super::arms::keys;
use super::fields::{Entry, Fields, list};
use super::findings::Findings;
use super::nearest::nearest;
use super::roots;
use super::scalars::{arm_id, client_id, currency, date, decimal, money, text, words, zone};
use super::yaml::{Node, Value};

/// Reads a tree; what it cannot read is in the findings and missing in the arms.
pub(super) struct Reader<'f, 's, 'h> {
    findings: &'f mut Findings<'s>,
    home: Option<&'h str>,
    arm_ids: Vec<(ArmId, Span)>,
    roots: Vec<PlacedRoot>,
    remotes: Vec<(String, Option<ArmId>, Span)>,
    /// The clients that arms name, also arms with mistakes, in the order of the file.
    named: Vec<ClientId>,
}

/// A root, the arm that has it, and where it is written.
pub(super) struct PlacedRoot {
    pub(super) path: String,
    pub(super) from: Option<Date>,
    pub(super) owner: Option<ArmId>,
    pub(super) span: Span,
}

impl<'f, 's, 'h> Reader<'f, 's, 'h> {
    pub(super) fn new(findings: &'f mut Findings<'s>, home: Option<&'h str>) -> Self {
        Self {
            findings,
            home,
            arm_ids: Vec::new(),
            roots: Vec::new(),
            remotes: Vec::new(),
            named: Vec::new(),
        }
    }

    /// Reads the whole file, and says where its roots are written.
    pub(super) fn file(mut self, node: &Node) -> (Arms, Vec<PlacedRoot>) {
        let mut arms = Arms::none();
        let Some(file) = Fields::known(node, "the file", keys::FILE, self.findings) else {
            return (arms, Vec::new());
        };
        if let Some(zone) = file.get("timezone").and_then(|node| zone(node, self.findings)) {
            arms.zone = zone;
        }
        let clients =
            file.get("clients").and_then(|node| Fields::any(node, "`clients`", self.findings));
        let declared = clients.as_ref().map_or(&[][..], Fields::entries);
        arms.clients.extend(declared.iter().filter_map(|entry| self.client(entry)));
        if let Some(node) = file.get("arms") {
            let items = list(node, "`arms`", self.findings);
            arms.arms.extend(items.iter().filter_map(|item| self.arm(item)));
        }
        self.idle_clients(declared);
        for id in self.named {
            if arms.client(&id).is_none() {
                arms.clients.push(bare_client(id));
            }
        }
        (arms, self.roots)
    }

    fn client(&mut self, entry: &Entry<'_>) -> Option<Client> {
        let id = client_id(entry.key, self.findings);
        let fields = Fields::known(entry.value, "a client", keys::CLIENT, self.findings)?;
        let name = fields.get("name").map(|node| words(node, "`name`", self.findings));
        let code = fields.get("currency").map(|node| currency(node, self.findings));
        let currency = code.flatten().unwrap_or(Currency::USD);
        let billing = fields.get("billing").map(|node| self.billing(node, currency));
        let zone = fields.get("timezone").map(|node| zone(node, self.findings));
        let tax = fields.get("tax").map(|node| words(node, "`tax`", self.findings));
        let address = fields.get("address").map(|node| words(node, "`address`", self.findings));
        let id = id?;
        Some(Client {
            name: name.flatten().unwrap_or(id.as_str()).to_owned(),
            id,
            currency,
            billing: billing.flatten(),
            zone: zone.flatten(),
            tax: tax.flatten().map(str::to_owned),
            address: address.flatten().map(str::to_owned),
        })
    }

    fn billing(&mut self, node: &Node, currency: Currency) -> Option<Billing> {
        let fields = Fields::any(node, "`billing`", self.findings)?;
        let model_node = fields.require("model", self.findings)?;
        let model = text(model_node, "`model`", self.findings)?;
        let Some((_, amounts)) = keys::BILLING.iter().find(|(name, _)| *name == model) else {
            let models: Vec<&str> = keys::BILLING.iter().map(|(name, _)| *name).collect();
            self.findings.bad_billing_model(model_node, model, &models);
            return None;
        };
        let known: Vec<&str> = ["model"].iter().chain(*amounts).copied().collect();
        fields.refuse_others(&known, self.findings);
        for key in *amounts {
            fields.require(key, self.findings);
        }
        let pct = |key: &str, findings: &mut Findings<'s>| {
            let node = fields.get(key)?;
            let pct = decimal(node, key, findings)?;
            match check_markup(pct) {
                Ok(()) => Some(pct),
                Err(error) => {
                    let hint = error.hint().unwrap_or_default();
                    findings.bad_amount(node, key, &pct.to_string(), hint);
                    None
                }
            }
        };
        let sum = |key: &str, findings: &mut Findings<'s>| {
            fields.get(key).and_then(|node| money(node, key, currency, findings))
        };
        Some(match model {
            "cost_plus" => Billing::CostPlus { markup_pct: pct("markup_pct", self.findings)? },
            "fixed" => Billing::Fixed { monthly: sum("monthly", self.findings)? },
            "retainer" => {
                let monthly = sum("monthly", self.findings);
                let included = sum("included", self.findings);
                let overage_markup_pct = pct("overage_markup_pct", self.findings);
                Billing::Retainer {
                    monthly: monthly?,
                    included: included?,
                    overage_markup_pct: overage_markup_pct?,
                }
            }
            _ => Billing::Internal,
        })
    }

    fn arm(&mut self, node: &Node) -> Option<Arm> {
        let fields = Fields::known(node, "an arm", keys::ARM, self.findings)?;
        let id = fields.require("id", self.findings).and_then(|node| self.own_id(node));
        let client = fields.require("client", self.findings);
        let client = client.and_then(|node| client_id(node, self.findings));
        self.named.extend(client.clone());
        let roots = fields.get("roots").map(|node| {
            let items = list(node, "`roots`", self.findings);
            items.iter().filter_map(|item| self.root(item, id.as_ref())).collect()
        });
        let remotes = fields.get("remotes").map(|node| self.remotes(node, id.as_ref()));
        let aliases = fields.get("aliases").map(|node| self.texts(node, "`aliases`"));
        let zone = fields.get("timezone").map(|node| zone(node, self.findings));
        let (id, client) = (id?, client?);
        let is_idle = |key| match fields.get(key).map(|node| &node.value) {
            Some(Value::List(items)) => items.is_empty(),
            other => other.is_none(),
        };
        if let Some(node) = fields.get("id")
            && is_idle("roots")
            && is_idle("remotes")
        {
            self.findings.idle_arm(node.span, id.as_str());
        }
        Some(Arm {
            id,
            client,
            roots: roots.unwrap_or_default(),
            remotes: remotes.unwrap_or_default(),
            aliases: aliases.unwrap_or_default(),
            zone: zone.flatten(),
        })
    }

    /// An arm's id that no arm before it has.
    fn own_id(&mut self, node: &Node) -> Option<ArmId> {
        let id = arm_id(node, self.findings)?;
        if let Some((_, first)) = self.arm_ids.iter().find(|(other, _)| *other == id) {
            self.findings.duplicate_arm(node.span, id.as_str(), *first);
            return None;
        }
        self.arm_ids.push((id.clone(), node.span));
        Some(id)
    }

    /// A root that no arm before it has from the same day.
    fn root(&mut self, node: &Node, owner: Option<&ArmId>) -> Option<Root> {
        let (path_node, from) = match &node.value {
            Value::Map(_) => {
                let fields = Fields::known(node, "a root", keys::ROOT, self.findings)?;
                let from = fields.get("from").map(|node| date(node, "from", self.findings));
                (fields.require("path", self.findings)?, from)
            }
            _ => (node, None),
        };
        let written = text(path_node, "a root", self.findings)?;
        let path = roots::resolve(written, self.home)
            .map_err(|fault| self.findings.bad_folder(path_node, "root", written, fault))
            .ok()?;
        let from = match from {
            Some(date) => Some(date?),
            None => None,
        };
        let folder = FolderPath::new(&path);
        let same = |other: &&PlacedRoot| {
            other.from == from && roots::same(&FolderPath::new(&other.path), &folder)
        };
        if let Some(first) = self.roots.iter().find(same) {
            self.findings.duplicate_root(path_node.span, written, first.owner.as_ref(), first.span);
            return None;
        }
        let (owner, span) = (owner.cloned(), path_node.span);
        self.roots.push(PlacedRoot { path: path.clone(), from, owner, span });
        Some(Root { path, from })
    }

    /// Patterns of remotes that no arm before has, in the form in which they are compared.
    fn remotes(&mut self, node: &Node, owner: Option<&ArmId>) -> Vec<String> {
        let mut patterns = Vec::new();
        for node in list(node, "`remotes`", self.findings) {
            let Some(text) = words(node, "an item of `remotes`", self.findings) else { continue };
            let Some(pattern) = normal_remote_pattern(text) else {
                self.findings.bad_remote(node, text);
                continue;
            };
            let of_another = self
                .remotes
                .iter()
                .find(|(other, of, _)| *other == pattern && of.as_ref() != owner);
            if let Some((_, of, first)) = of_another {
                let of = of.as_ref().map_or("", ArmId::as_str);
                self.findings.duplicate_remote(node, text, of, *first);
                continue;
            }
            self.remotes.push((pattern.clone(), owner.cloned(), node.span));
            patterns.push(pattern);
        }
        patterns
    }

    /// A list of texts that all say something.
    fn texts(&mut self, node: &Node, what: &str) -> Vec<String> {
        let item = format!("an item of {what}");
        list(node, what, self.findings)
            .iter()
            .filter_map(|node| words(node, &item, self.findings))
            .map(str::to_owned)
            .collect()
    }

    /// Warns of the declared clients that no arm names.
    fn idle_clients(&mut self, declared: &[Entry<'_>]) {
        let is_declared = |id: &&ClientId| declared.iter().any(|entry| entry.name == id.as_str());
        let undeclared: Vec<&str> =
            self.named.iter().filter(|id| !is_declared(id)).map(ClientId::as_str).collect();
        for entry in declared {
            let is_named = self.named.iter().any(|id| id.as_str() == entry.name);
            if !is_named && ClientId::new(entry.name).is_ok() {
                let meant = nearest(entry.name, undeclared.iter().copied());
                self.findings.idle_client(entry.key.span, entry.name, meant);
            }
        }
    }
}

/// What an arm's client is where `clients` does not declare it.
fn bare_client(id: ClientId) -> Client {
    Client {
        name: id.as_str().to_owned(),
        id,
        currency: Currency::USD,
        billing: None,
        zone: None,
        tax: None,
        address: None,
    }
}
