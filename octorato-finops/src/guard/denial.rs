//! Why a call is not granted, as its caller may learn it.

use std::fmt;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Money};

use crate::ledger::{Disclosed, Shortage, Standing};

/// Why a call is not granted. As an error it is one sentence for each budget, in words that no
/// framework takes for a reason to send the call again.
#[derive(Clone, Debug, PartialEq)]
pub struct Denial {
    /// What the call can cost at most, in USD.
    pub requested: Money,
    /// Whether it would fit once calls under way end for less than they hold.
    pub is_busy: bool,
    /// Every budget that it does not fit, the one with the least left first.
    pub failed: Vec<Failed>,
    /// The largest limit of output tokens with which it would fit now; nothing where none would, or
    /// where the caller may not learn what is left.
    pub would_fit_with: Option<u64>,
}

/// A budget that a call does not fit.
#[derive(Clone, Debug, PartialEq)]
pub enum Failed {
    /// One of which the caller may know all.
    Budget(Box<Standing>),
    /// A budget over more than the caller's arm.
    OperatorLimit {
        /// When it resets, where that is known.
        resets: Option<Timestamp>,
    },
}

/// What an asker may learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Eyes {
    /// Everything.
    Operator,
    /// What concerns its own arm.
    Arm,
}

impl Denial {
    pub(super) fn of(shortage: &Shortage, is_busy: bool, eyes: Eyes) -> Self {
        let own = |standing: &Standing| Failed::Budget(Box::new(standing.clone()));
        let disclosed = |disclosed| match disclosed {
            Disclosed::Own(standing) => own(standing),
            Disclosed::OperatorLimit { resets } => Failed::OperatorLimit { resets },
        };
        let failed = match eyes {
            Eyes::Operator => shortage.failed.iter().map(own).collect(),
            Eyes::Arm => shortage.for_an_arm().into_iter().map(disclosed).collect(),
        };
        Self { requested: shortage.requested, is_busy, failed, would_fit_with: None }
    }

    /// What is left in the tightest budget, where the caller may know it of all that failed.
    pub(super) fn left(&self) -> Option<Money> {
        let mut least: Option<Money> = None;
        for failed in &self.failed {
            let Failed::Budget(standing) = failed else { return None };
            let left = standing.remaining().ok()?;
            if least.is_none_or(|least| left.pico() < least.pico()) {
                least = Some(left);
            }
        }
        least
    }

    /// When all of the budgets that failed have reset; nothing where that is not known of one.
    pub fn resets(&self) -> Option<Timestamp> {
        let resets = self.failed.iter().map(|failed| match failed {
            Failed::Budget(standing) => standing.resets,
            Failed::OperatorLimit { resets } => *resets,
        });
        resets.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// `budget exhausted: ...`, one part for each budget that failed.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_busy {
            "budget held by calls under way"
        } else {
            "budget exhausted"
        })?;
        for (at, failed) in self.failed.iter().enumerate() {
            f.write_str(if at == 0 { ": " } else { "; " })?;
            match failed {
                Failed::Budget(standing) => budget(f, standing, self.requested)?,
                Failed::OperatorLimit { resets } => {
                    f.write_str("operator limit")?;
                    reset(f, *resets)?;
                    f.write_str(", the operator can extend it")?;
                }
            }
        }
        if let Some(tokens) = self.would_fit_with {
            write!(f, "; at most {tokens} output tokens would fit")?;
        }
        Ok(())
    }
}

fn budget(f: &mut fmt::Formatter<'_>, standing: &Standing, requested: Money) -> fmt::Result {
    let name = &standing.name;
    write!(f, "`{name}`: {} of {} USD spent", standing.spent, standing.limit)?;
    if let Some(held) = standing.reserved().ok().filter(|held| !held.is_zero()) {
        write!(f, ", {held} held")?;
    }
    write!(f, ", {requested} needed")?;
    reset(f, standing.resets)?;
    write!(f, ", extend it with `octorato budget extend {name}`")
}

fn reset(f: &mut fmt::Formatter<'_>, resets: Option<Timestamp>) -> fmt::Result {
    match resets {
        Some(at) => write!(f, ", resets {at}"),
        None => Ok(()),
    }
}

impl std::error::Error for Denial {}

/// For callers that know one error type: of kind [`ErrorKind::Refused`].
impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        Self::new(ErrorKind::Refused, denial.to_string())
    }
}
