//! Facade.
pub mod config;
