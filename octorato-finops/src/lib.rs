//! The money of Octorato.
pub mod price;
