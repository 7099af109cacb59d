//! The money of Octorato: from agents' logs to what each client's work cost.
//!
//! ```
//! use jiff::tz::TimeZone;
//! use octorato_core::Arms;
//! use octorato_finops::attribute::{NoDisk, Pins, Resolver};
//! use octorato_finops::logs::{self, Place, Quiet};
//! use octorato_finops::price::PriceBook;
//! use octorato_finops::recost::Corrections;
//! use octorato_finops::report::{Query, report};
//!
//! let reading = logs::read(&[Place::Given("no/such/folder".into())], &Quiet);
//! let arms = Arms::none();
//! let mut resolver = Resolver::new(&arms, Pins::default(), &NoDisk)?;
//! let query = Query::all(&TimeZone::UTC);
//! let none = Corrections::default();
//! let report = report(&reading, &arms, &mut resolver, PriceBook::builtin(), &none, &query)?;
//! assert_eq!(report.total.events, 0);
//! assert_eq!(report.skipped.len(), 1); // the folder that is not there is told, not dropped
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The way of the data: [`logs`] reads files into usage events, [`attribute`] says whose they are,
//! [`price`] says what they cost, [`report`] sums them up; [`budget`] says what may be spent, and
//! [`ledger`] holds what calls may cost and books what they did. Only the `source`, `lines`, `cursor`,
//! `increment` and reader files of `logs`, `disk` of `attribute`, `clock` and `fresh` of `ledger`,
//! [`small_file`] and [`zone`] touch the world; the rest is pure.

pub mod attribute;
pub mod budget;
pub mod guard;
pub mod ledger;
pub mod logs;
pub mod price;
pub mod recost;
pub mod report;
pub mod small_file;
pub mod zone;
