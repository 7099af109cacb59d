//! The gate: what a coding agent's hook asks, and what it is answered.

pub mod protocol;
