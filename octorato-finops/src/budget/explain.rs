//! Which budgets judge a call, and why the others do not.

use std::borrow::Cow;
use std::fmt;

use super::cap::Budget;
use super::selectors::Mismatch;

/// Every budget of a policy beside a call.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyExplanation<'p> {
    /// In the order of [`Policy::budgets`](super::Policy::budgets).
    pub lines: Vec<Explained<'p>>,
}

/// A budget beside a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained<'p> {
    /// The budget.
    pub budget: Cow<'p, Budget>,
    /// Why it does not judge the call; nothing where it does.
    pub mismatch: Option<Mismatch>,
}

impl PolicyExplanation<'_> {
    /// The budgets that judge the call.
    pub fn matching(&self) -> impl Iterator<Item = &Budget> {
        self.lines.iter().filter(|line| line.mismatch.is_none()).map(|line| &*line.budget)
    }
}

/// A line for each budget, those that judge the call first.
impl fmt::Display for PolicyExplanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return writeln!(f, "no budget: everything is allowed");
        }
        for budget in self.matching() {
            writeln!(f, "judges it: {budget}")?;
        }
        for line in &self.lines {
            if let Some(mismatch) = &line.mismatch {
                writeln!(f, "does not: {}: {mismatch}", line.budget.title())?;
            }
        }
        Ok(())
    }
}
