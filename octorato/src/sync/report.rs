//! What a sync did, and what it did not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use octorato_core::{ArmId, Currency, Error, ModelId, Money, ProviderId, Result, UsageEvent};
use octorato_finops::ledger::{Append, Appended};
use octorato_finops::logs::{Cursor, Findings, Start, Stats};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::claims::Claimed;

/// What a sync did.
#[derive(Clone, Debug, Default)]
pub struct SyncReport {
    /// How many files were found.
    pub files: u64,
    /// Those of which something was read, in the order of their paths.
    pub read: Vec<ReadFile>,
    /// What was counted in them.
    pub stats: Stats,
    /// What was booked, by arm; nothing stands for what belongs to nobody.
    pub arms: BTreeMap<Option<ArmId>, Booked>,
    /// Requests that were read again and of which the ledger had all.
    pub known: u64,
    /// Requests that the live meter had booked: set right, or only noted beside it.
    pub metered: u64,
    /// Sources that were given to another arm, since an assignment says so.
    pub reassigned: u64,
    /// What was given to arms that were declared after it was booked.
    pub reattributed: Vec<Claimed>,
    /// What is booked without an arm though one claims it now, as of when the arms were last
    /// changed.
    pub claimed: Vec<Claimed>,
    /// What was booked without an amount, since it has no price.
    pub unpriced: Vec<Unpriced>,
    /// What the ledger refused; it is tried again by the next sync.
    pub refused: Vec<Refused>,
    /// Lines and files that were not counted, or only with a repair.
    pub findings: Findings,
    /// The latest request of all that was read.
    pub last: Option<Last>,
    /// Whether it was asked to stop before its end. What was booked is booked.
    pub is_stopped: bool,
}

/// The latest request that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// When it was made.
    pub at: Timestamp,
    /// The model as the log names it.
    pub model: ModelId,
    /// The arm that it is booked at.
    pub arm: Option<ArmId>,
    /// Whether there is no price for it.
    pub is_unpriced: bool,
}

/// What was booked of one arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Booked {
    /// Requests that were booked for the first time.
    pub requests: u64,
    /// Requests of which more became known.
    pub revisions: u64,
    /// The list cost that was added.
    pub amount: Money,
}

impl Default for Booked {
    fn default() -> Self {
        Self { requests: 0, revisions: 0, amount: Money::zero(Currency::USD) }
    }
}

impl Booked {
    fn add(&mut self, other: &Self) -> Result<()> {
        self.requests += other.requests;
        self.revisions += other.revisions;
        self.amount = self.amount.checked_add(other.amount)?;
        Ok(())
    }
}

/// A file of which something was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Where its reading began, and why there.
    pub start: Start,
    /// The byte at which it began.
    pub from: u64,
    /// The byte up to which all is booked; nothing where it could not be read.
    pub to: Option<u64>,
}

/// Usage for which there is no price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpriced {
    /// Who bills, where known.
    pub provider: Option<ProviderId>,
    /// The model as the logs name it.
    pub model: ModelId,
    /// Why there is no price.
    pub reason: String,
    /// How many requests.
    pub requests: u64,
    /// How many tokens.
    pub tokens: u128,
}

/// A request that the ledger refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What the request is known by.
    pub key: String,
    /// Why.
    pub reason: String,
}

impl SyncReport {
    /// Everything that was booked, whosever it is.
    pub fn total(&self) -> Result<Booked> {
        let mut total = Booked::default();
        for booked in self.arms.values() {
            total.add(booked)?;
        }
        Ok(total)
    }

    /// Whether the ledger is as it was before.
    pub fn is_empty(&self) -> bool {
        self.arms.is_empty()
            && self.reassigned == 0
            && self.metered == 0
            && self.reattributed.is_empty()
    }

    pub(super) fn read(&mut self, file: &octorato_finops::logs::FileRead) {
        let to = file.cursor.as_ref().map(Cursor::offset);
        let (start, from) = (file.start, file.from);
        self.read.push(ReadFile { path: file.path.clone(), start, from, to });
    }

    /// What the ledger answered to an import.
    pub(super) fn appended(&mut self, append: &Append, appended: Appended) -> Result<()> {
        let (revision, delta) = match appended {
            Appended::Booked { revision, delta } => (revision, delta),
            Appended::Known { .. } => {
                self.known += 1;
                return Ok(());
            }
            Appended::Enriched(_) | Appended::Resolved(_) => {
                self.metered += 1;
                return Ok(());
            }
        };
        let is_first = revision == 1;
        let amount = delta.unwrap_or(Money::zero(Currency::USD));
        let booked =
            Booked { requests: u64::from(is_first), revisions: u64::from(!is_first), amount };
        self.arms.entry(append.path.arm.clone()).or_default().add(&booked)
    }

    /// A request that was read, with the arm that it is booked at.
    pub(super) fn saw(&mut self, event: &UsageEvent, arm: Option<&ArmId>, is_unpriced: bool) {
        if self.last.as_ref().is_none_or(|last| last.at <= event.at) {
            let (at, model, arm) = (event.at, event.model.clone(), arm.cloned());
            self.last = Some(Last { at, model, arm, is_unpriced });
        }
    }

    /// What the ledger refused, told once.
    pub(super) fn refused(&mut self, key: &str, error: &Error) {
        if self.refused.iter().all(|known| known.key != key) {
            self.refused.push(Refused { key: key.to_owned(), reason: error.to_string() });
        }
    }

    pub(super) fn unpriced(&mut self, event: &UsageEvent, reason: &str) {
        let (provider, model) = (&event.provider, &event.model);
        let is_same = |known: &&mut Unpriced| {
            (&known.provider, &known.model, known.reason.as_str()) == (provider, model, reason)
        };
        let tokens = event.usage.tokens();
        if let Some(known) = self.unpriced.iter_mut().find(is_same) {
            known.requests += 1;
            known.tokens += tokens;
            return;
        }
        self.unpriced.push(Unpriced {
            provider: provider.clone(),
            model: model.clone(),
            reason: reason.to_owned(),
            requests: 1,
            tokens,
        });
    }

    pub(super) fn found(&mut self, findings: &Findings) {
        self.findings.add(findings.clone());
    }

    pub(super) fn sort(&mut self) {
        self.read.sort_by(|a, b| a.path.cmp(&b.path));
        self.read.dedup_by(|again, first| again.path == first.path);
        self.unpriced.sort_by(|a, b| (&a.model, &a.reason).cmp(&(&b.model, &b.reason)));
    }
}

impl Serialize for SyncReport {
    /// The document of `octorato sync --json`: money as text, in USD.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let booked = |booked: &Booked| {
            json!({
                "requests": booked.requests, "revisions": booked.revisions,
                "list_cost": booked.amount.to_string(),
            })
        };
        let arms: Vec<Value> = self
            .arms
            .iter()
            .map(|(arm, sums)| {
                let mut row = booked(sums);
                row["arm"] = json!(arm);
                row
            })
            .collect();
        let read: Vec<Value> = self
            .read
            .iter()
            .map(|file| {
                json!({
                    "file": file.path.display().to_string(), "start": file.start.name(),
                    "from": file.from, "to": file.to,
                })
            })
            .collect();
        let unpriced: Vec<Value> = self
            .unpriced
            .iter()
            .map(|row| {
                json!({
                    "provider": row.provider, "model": row.model, "reason": row.reason,
                    "requests": row.requests, "tokens": row.tokens.to_string(),
                })
            })
            .collect();
        let refused: Vec<Value> =
            self.refused.iter().map(|row| json!({"key": row.key, "reason": row.reason})).collect();
        let total = self.total().map_err(S::Error::custom)?;
        json!({
            "schema": 1, "currency": "USD", "files": self.files, "read": read, "arms": arms,
            "total": booked(&total), "known": self.known, "metered": self.metered,
            "reassigned": self.reassigned, "reattributed": self.reattributed,
            "claimed": self.claimed, "unpriced": unpriced, "refused": refused,
            "skipped": self.findings.skipped().collect::<Vec<_>>(),
            "repaired": self.findings.repaired().collect::<Vec<_>>(),
            "stopped": self.is_stopped,
        })
        .serialize(serializer)
    }
}
