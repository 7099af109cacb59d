//! Octorato in one crate: what each client's agents spent, to the token, with the evidence.
//!
//! ```
//! use octorato::config::places::{Named, Places};
//! use octorato::finops::logs::{Place, Quiet};
//! use octorato::finops::report::Query;
//! use octorato::Workspace;
//!
//! # let folder = std::env::temp_dir().join(format!("octorato-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(folder.join("logs"))?;
//! # std::fs::write(folder.join("arms.yaml"), "arms: [{ id: acme, client: acme, roots: [/w/acme] }]\n")?;
//! # std::fs::write(folder.join("logs/a.jsonl"), concat!(
//! #     r#"{"type":"assistant","timestamp":"2026-10-01T09:00:00Z","cwd":"/w/acme/web","#,
//! #     r#""message":{"id":"msg_1","model":"claude-sonnet-4-5","usage":{"input_tokens":1000}}}"#,
//! #     "\n"))?;
//! # let logs = folder.join("logs");
//! # let named = Named { home: Some(folder.clone()), state: Some(folder), brain: None };
//! let workspace = Workspace::open(Places::from_env(named)?)?;
//! let report = workspace.report(
//!     &[Place::Given(logs)],
//!     &Query::all(&workspace.arms().zone),
//!     &Quiet,
//! )?;
//! assert_eq!(report.rows[0].key[0].as_deref(), Some("acme"));
//! assert_eq!(report.total.list_cost().map(|cost| cost.to_string()).as_deref(), Some("0.003"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Workspace`] is where configuration, logs and prices meet. [`finops`] has the money, [`brain`]
//! the self, [`core`] the words that both use; neither of the two knows the other.

pub use octorato_brain as brain;
pub use octorato_core as core;
pub use octorato_finops as finops;

pub mod alerts;
mod assignments;
pub mod books;
pub mod config;
mod corrections;
pub mod doctor;
#[allow(dead_code)]
mod fetch;
mod files;
pub mod gate;
pub mod hooks;
pub mod quote;
mod recost;
pub mod scan;
pub mod schema;
pub mod snapshots;
pub mod sync;
mod why;
mod workspace;

pub use assignments::{Assignment, Subject};
pub use why::Why;
pub use workspace::Workspace;
