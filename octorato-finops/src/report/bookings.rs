//! What a ledger has booked, request by request: the same lines that logs give, with amounts that
//! no later price changes.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{
    Attribution, AttributionReason, Currency, Evidence, ModelId, Money, Precision, PriceContext,
    ProviderId, Result, Usage, UsageEvent,
};

use crate::budget::SpendPath;
use crate::ledger::{Entry, Fact, Ledger, Metered, Origin, Reference};
use crate::logs;

/// How many entries are read at once.
const PAGE: usize = 10_000;

/// Everything that a ledger has booked.
#[derive(Debug, Default)]
pub struct Bookings {
    pub(super) requests: Vec<Booked>,
}

/// One request as a ledger has booked it.
#[derive(Debug)]
pub(super) struct Booked {
    pub(super) event: UsageEvent,
    pub(super) attribution: Attribution,
    /// The project within the arm, as it was booked.
    pub(super) project: Option<Arc<str>>,
    /// The moment whose periods count the request.
    pub(super) posted: Timestamp,
    /// Whether it has a price.
    pub(super) is_priced: bool,
    /// What the log or the meter told that it cost.
    pub(super) told: Money,
    /// What it cost as it was agreed with the provider, where that is not what was told.
    pub(super) contracted: Option<Money>,
    /// What was booked of it, with the arm and the moment whose periods count it.
    pub(super) amounts: Vec<Amount>,
}

/// A part of what was booked of a request.
#[derive(Debug)]
pub(super) struct Amount {
    pub(super) attribution: Attribution,
    pub(super) posted: Timestamp,
    pub(super) spent: Money,
}

impl Bookings {
    /// Reads the journal of a ledger.
    pub fn of(ledger: &dyn Ledger) -> Result<Self> {
        let mut fold = Fold::default();
        let mut after = 0;
        loop {
            let entries = ledger.entries(after, PAGE)?;
            let Some(last) = entries.last() else { break };
            after = last.sequence;
            for entry in entries {
                fold.entry(entry);
            }
        }
        Ok(fold.finish())
    }

    /// How many requests were booked.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether nothing was booked.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}

/// What is known of a request so far.
#[derive(Debug)]
struct Row {
    path: Arc<SpendPath>,
    at: Timestamp,
    posted: Timestamp,
    reader: Option<Arc<str>>,
    metered: Option<Arc<Metered>>,
    origin: Option<Arc<Origin>>,
    told: Option<Money>,
    is_estimate: bool,
    has_ended: bool,
    amounts: Vec<(Arc<SpendPath>, Timestamp, Money)>,
}

#[derive(Default)]
struct Fold {
    rows: Vec<Row>,
    places: HashMap<Reference, usize>,
}

impl Fold {
    fn entry(&mut self, entry: Entry) {
        let first = entry.postings.first().map(|posting| (posting.path.clone(), posting.dated));
        let subject = match &entry.fact {
            Fact::Reserved { id, .. }
            | Fact::Settled { id, .. }
            | Fact::Confirmed { id, .. }
            | Fact::Orphaned { id, .. }
            | Fact::Resolved { id, .. }
            | Fact::Imported { copy_of: Some(id), .. } => Reference::Call(*id),
            Fact::Corrected(correct) => correct.of.clone(),
            Fact::Adjusted { of, .. } | Fact::Reversed { of, .. } | Fact::Rebooked { of, .. } => {
                of.clone()
            }
            Fact::Imported { source, .. } => Reference::Source(source.clone()),
            _ => return,
        };
        let place = match (self.places.get(&subject), first) {
            (Some(place), _) => *place,
            (None, Some((path, at))) => {
                self.rows.push(Row::new(path, at));
                self.places.insert(subject, self.rows.len() - 1);
                self.rows.len() - 1
            }
            (None, None) => return,
        };
        let Some(row) = self.rows.get_mut(place) else { return };
        row.fact(&entry.fact);
        for posting in entry.postings {
            let spent = posting.amounts.spent;
            if matches!(entry.fact, Fact::Rebooked { .. }) {
                row.path = posting.path.clone();
            }
            if spent.is_zero() {
                continue;
            }
            if row.amounts.is_empty() {
                row.posted = posting.posted;
            }
            row.amounts.push((posting.path, posting.posted, spent));
        }
    }

    fn finish(self) -> Bookings {
        let is_booked = |row: &Row| row.has_ended || !row.amounts.is_empty();
        let requests = self.rows.into_iter().filter(is_booked).map(Row::booked).collect();
        Bookings { requests }
    }
}

impl Row {
    fn new(path: Arc<SpendPath>, at: Timestamp) -> Self {
        Self {
            path,
            at,
            posted: at,
            reader: None,
            metered: None,
            origin: None,
            told: None,
            is_estimate: false,
            has_ended: false,
            amounts: Vec::new(),
        }
    }

    fn fact(&mut self, fact: &Fact) {
        match fact {
            Fact::Settled { amount, metered, is_estimate, .. } => {
                self.tell(Some(*amount), metered.as_ref(), *is_estimate);
            }
            Fact::Confirmed { amount, metered, .. } => {
                self.tell(Some(*amount), metered.as_ref(), false);
            }
            Fact::Orphaned { seen, .. } => self.is_estimate = !seen.is_zero(),
            Fact::Resolved { amount, .. } => self.tell(Some(*amount), None, false),
            Fact::Imported { source, amount, metered, origin, copy_of, .. } => {
                self.reader = Some(source.reader.clone());
                self.origin = origin.clone().or(self.origin.take());
                if copy_of.is_none() || self.metered.is_none() {
                    self.tell(*amount, metered.as_ref(), false);
                }
            }
            _ => {}
        }
    }

    fn tell(&mut self, amount: Option<Money>, metered: Option<&Arc<Metered>>, is_estimate: bool) {
        self.has_ended = true;
        self.is_estimate = is_estimate;
        self.told = amount;
        self.metered = metered.cloned().or(self.metered.take());
    }

    fn booked(self) -> Booked {
        let mut event = self.event();
        if self.is_estimate {
            event.precision = Precision::Estimated;
        }
        let reason = self.origin.as_ref().map(|origin| origin.attribution);
        let whose = |path: &SpendPath| Attribution {
            arm: path.arm.clone(),
            reason: match (&path.arm, reason) {
                (None, _) => AttributionReason::Unattributed,
                (Some(_), Some(AttributionReason::Unattributed) | None) => {
                    AttributionReason::Pinned
                }
                (Some(_), Some(reason)) => reason,
            },
        };
        let amount = |(path, posted, spent): &(Arc<SpendPath>, _, _)| Amount {
            attribution: whose(path),
            posted: *posted,
            spent: *spent,
        };
        Booked {
            event,
            attribution: whose(&self.path),
            project: self.path.project.clone(),
            posted: self.posted,
            is_priced: self.told.is_some() || !self.amounts.is_empty(),
            told: self.told.unwrap_or(Money::zero(Currency::USD)),
            contracted: self.origin.as_ref().and_then(|origin| origin.contracted),
            amounts: self.amounts.iter().map(amount).collect(),
        }
    }

    fn event(&self) -> UsageEvent {
        let reader = self.reader.as_deref().map_or("octorato", logs::reader_name);
        let unknown = self.unmetered();
        let metered = self.metered.as_deref().unwrap_or(&unknown);
        if let Some(origin) = &self.origin {
            return origin.event(reader, &self.path, metered);
        }
        UsageEvent {
            at: self.at,
            provider: metered.provider.clone(),
            model: metered.model.clone(),
            usage: metered.usage,
            context: metered.context.clone(),
            session: self.path.session.clone(),
            agent: None,
            agent_name: self.path.agent.clone(),
            parent_agent: None,
            skill: self.path.skill.clone(),
            cwd: None,
            evidence: Evidence {
                reader,
                file: std::path::Path::new("").into(),
                line: 0,
                offset: 0,
                records: 0,
                message: None,
                request: None,
                reported_cost: None,
            },
            precision: if self.metered.is_some() { Precision::Exact } else { Precision::Estimated },
        }
    }

    /// A call of which no counts are known.
    fn unmetered(&self) -> Metered {
        Metered {
            provider: None::<ProviderId>,
            model: self.path.model.clone().unwrap_or_else(|| ModelId::from("")),
            usage: Usage::new(),
            context: PriceContext::standard(),
            book: "".into(),
        }
    }
}
