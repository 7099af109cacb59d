//! Requests summed up row by row, whoever says whose they are and what they cost.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{
    Arms, Attribution, AttributionReason, ClientId, ModelId, Money, ProviderId, Result, Unit,
    UsageEvent,
};

use super::clients::{Clients, Uncharged};
use super::dimension::Labels;
use super::sums::{Corrected, Costs};
use super::{Dimension, Query, Row, Sums, Unpriced, sorted};
use crate::price::{Charge, Fx};

/// One request, with its owner and what it cost.
pub(super) struct Line<'l> {
    pub(super) event: &'l UsageEvent,
    pub(super) attribution: &'l Attribution,
    /// The moment whose periods count it.
    pub(super) at: Timestamp,
    /// Who bills, as far as it is known.
    pub(super) provider: Option<ProviderId>,
    pub(super) project: Option<Arc<str>>,
    /// What it cost, or why that is not known.
    pub(super) cost: std::result::Result<Cost<'l>, Arc<str>>,
    /// What corrections add beside the costs.
    pub(super) corrected: Corrected,
}

/// What a request cost, in USD.
#[derive(Clone, Copy)]
pub(super) struct Cost<'l> {
    pub(super) list: Money,
    pub(super) parts: Parts<'l>,
    pub(super) contracted: Money,
    pub(super) allocated: Money,
    pub(super) cache_saved: Option<Money>,
    /// Whether the price is the very model's.
    pub(super) is_exact: bool,
}

/// The parts of the list cost by unit; what they leave over belongs to none.
#[derive(Clone, Copy)]
pub(super) enum Parts<'l> {
    /// As it was charged just now.
    Charged(&'l Charge),
    /// It is not known of which it is made up.
    Unknown,
}

impl Parts<'_> {
    /// Does something with every part and its unit.
    pub(super) fn each(self, mut f: impl FnMut(Unit, Money) -> Result<()>) -> Result<()> {
        match self {
            Self::Charged(charge) => {
                charge.lines().iter().try_for_each(|line| f(line.unit(), line.booked()))
            }
            Self::Unknown => Ok(()),
        }
    }
}

/// The sums of a report, as far as they are made.
pub(super) struct Tally<'a> {
    query: &'a Query,
    arms: &'a Arms,
    clients: Clients<'a>,
    labels: Labels,
    rows: HashMap<Vec<Option<Arc<str>>>, Sums>,
    unpriced: BTreeMap<(Option<ProviderId>, ModelId, Arc<str>), Sums>,
    total: Sums,
    unattributed: Sums,
    reasons: BTreeMap<AttributionReason, Sums>,
}

/// The sums of a report.
pub(super) struct Tallied {
    pub(super) rows: Vec<Row>,
    pub(super) unpriced: Vec<Unpriced>,
    pub(super) total: Sums,
    pub(super) unattributed: Sums,
    pub(super) reasons: BTreeMap<AttributionReason, Sums>,
    pub(super) uncharged: Vec<Uncharged>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(query: &'a Query, arms: &'a Arms, fx: &'a Fx) -> Self {
        Self {
            query,
            arms,
            clients: Clients::new(arms, fx),
            labels: Labels::new(&query.period),
            rows: HashMap::new(),
            unpriced: BTreeMap::new(),
            total: Sums::default(),
            unattributed: Sums::default(),
            reasons: BTreeMap::new(),
        }
    }

    /// Whether the query asks for a request that counts at a moment.
    pub(super) fn wants(&self, at: Timestamp, attribution: &Attribution) -> bool {
        let client = attribution.arm.as_ref().and_then(|arm| self.arms.arm(arm));
        self.query.period.contains(at)
            && self.query.wants(attribution, client.map(|arm| &arm.client))
    }

    /// Counts a request that the query asks for.
    pub(super) fn add(&mut self, line: Line<'_>) -> Result<()> {
        let client = self.client(&line);
        let counted = line.cost.as_ref().ok().map(|cost| Costs {
            charged: self.clients.charge(client, cost.contracted, line.event.at),
            cost: *cost,
        });
        self.each_sum(&line, |sums| {
            sums.count(line.event, counted.as_ref())?;
            sums.corrections.add(&line.corrected)
        })?;
        if let Err(reason) = line.cost {
            let key = (line.provider, line.event.model.clone(), reason);
            self.unpriced.entry(key).or_default().count(line.event, None)?;
        }
        Ok(())
    }

    /// Adds to what a request cost that is counted elsewhere.
    pub(super) fn adjust(&mut self, line: &Line<'_>, amount: Money) -> Result<()> {
        let charged = self.clients.charge(self.client(line), amount, line.event.at);
        self.each_sum(line, |sums| sums.adjust(amount, &charged))
    }

    fn client(&self, line: &Line<'_>) -> Option<&'a ClientId> {
        let arm = line.attribution.arm.as_ref().and_then(|arm| self.arms.arm(arm));
        arm.map(|arm| &arm.client)
    }

    /// Does something with every sum in which a line counts.
    fn each_sum(
        &mut self,
        line: &Line<'_>,
        change: impl Fn(&mut Sums) -> Result<()>,
    ) -> Result<()> {
        let Line { event, attribution, at, provider, project, .. } = line;
        let client = self.client(line);
        let mut key = Vec::with_capacity(self.query.by.len());
        for dimension in &self.query.by {
            key.push(match dimension {
                Dimension::Client => client.map(Into::into),
                Dimension::Provider => provider.as_ref().map(Into::into),
                Dimension::Project => project.clone(),
                other => self.labels.of(*other, event, attribution, *at)?,
            });
        }
        let row: &mut Sums = self.rows.entry(key).or_default();
        let decided: &mut Sums = self.reasons.entry(attribution.reason).or_default();
        let nobodys = attribution.arm.is_none().then_some(&mut self.unattributed);
        [row, &mut self.total, decided].into_iter().chain(nobodys).try_for_each(change)
    }

    /// The sums of all that was counted.
    pub(super) fn finish(self) -> Result<Tallied> {
        let mut unpriced: Vec<Unpriced> = self
            .unpriced
            .into_iter()
            .map(|((provider, model, reason), sums)| Unpriced {
                provider,
                model,
                reason: reason.as_ref().to_owned(),
                sums,
            })
            .collect();
        unpriced.sort_by_key(|row| std::cmp::Reverse(row.sums.usage.tokens()));
        Ok(Tallied {
            rows: sorted(self.rows, &self.query.by)?,
            unpriced,
            total: self.total,
            unattributed: self.unattributed,
            reasons: self.reasons,
            uncharged: self.clients.uncharged(),
        })
    }
}
