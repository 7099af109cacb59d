//! The real `octorato`, in a folder and an environment of its own.
//!
//! [`sandbox::Sandbox`] is the user's machine, [`transcript`] writes what agents write. What
//! people read is shown whole, as inline snapshots; what must hold is checked on the numbers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::too_many_lines,
    reason = "a failed set-up is a failed test; what people read is shown whole"
)]

#[path = "../../../octorato/tests/conformance/cases.rs"]
mod cases;
mod numbers;
mod sandbox;
#[path = "../../../octorato/tests/conformance/shape.rs"]
mod shape;
mod transcript;

mod agency;
mod agree;
mod arm;
mod attribution;
mod budget;
mod colour;
mod conformance;
mod doctor;
mod errors;
mod gate;
mod help;
mod hook;
mod hook_status;
mod init;
mod ledger;
mod notes;
mod price;
mod prices;
mod prices_yaml;
mod report;
mod scan;
mod schema;
mod sums;
mod sync;
mod why;
