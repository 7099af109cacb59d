//! The gate: what a coding agent's hook asks, and what it is answered.
//!
//! The way of a question: [`protocol`] reads it; the arm of the session is found (its pin, its
//! folder, what it worked for last); the [`wall`] keeps it within its own folders; what its
//! transcript has gained is booked; the ledger says whether one more unit of money would fit; the
//! answer is written in the agent's own dialect.
//!
//! - What cannot be known is answered by `on_error`: where it is not declared, deny under a budget
//!   that enforces its limit and for whatever cannot be read at all.
//! - No file of budgets means no budgets. One that cannot be used leaves the last good one in force.
//! - A hook cannot hold money for a call that it does not see: the gate denies what comes after the
//!   limit is reached, so that one turn may pass it. The wire holds before it sends.
//! - A panic, a deadline and an answer that cannot be printed end as `on_error` says or as a refusal,
//!   never as another exit code than 0 and 2.

pub mod protocol;
pub mod wall;

mod compiled;
mod decide;
mod homes;
mod judged;
mod local;
mod memory;
mod record;
mod run;
mod words;

#[cfg(test)]
mod tests;

pub use run::{Answered, DEADLINE, Invocation, run};
