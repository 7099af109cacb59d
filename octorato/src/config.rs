//! What the operator writes: which folders are whose, what was agreed about prices, and where the
//! private files lie.
//!
//! Reading is pure and never stops at the first mistake: [`arms::parse`] takes a text and gives
//! back the arms and every finding with its place. The disk is touched by [`arms::read`] and
//! [`arms::load`], by [`places::init`] (which also asks for the zone of the machine) and
//! [`places::git_work_tree`]; [`prices`] does the same for `prices.yaml` and
//! [`budgets`] for `budgets.yaml`; [`places::Places::from_env`] reads the environment of the process.
//!
//! ```
//! use octorato::config::arms;
//! use octorato_core::SourceText;
//!
//! let source = SourceText::new("arms.yaml", "arms:\n  - { id: acme-web, clinet: acme }\n");
//! let (arms, findings) = arms::parse(&source, None);
//! assert!(arms.is_none());
//! assert_eq!(
//!     findings[1].to_string(),
//!     "arms.yaml:2:21: error[ARM004]: unknown key in an arm: `clinet`; \
//!      hint: did you mean `client`?"
//! );
//! ```

pub mod arms;
pub mod budgets;
pub mod codes;
pub mod edit;
pub mod places;
pub mod prices;
pub mod roots;
pub mod zones;

mod fields;
mod findings;
pub(crate) mod init;
mod layout;
pub(crate) mod nearest;
mod quote;
mod reader;
mod scalars;
mod text;
mod yaml;
