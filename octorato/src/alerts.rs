//! Tells the sinks of budgets that a tier was reached.

mod command;
mod courier;
mod webhook;
