//! The self of Octorato: rules, skills, agents and commands, as plain files in one folder.
//!
//! A brain is shared and versioned; nothing private is ever in it. [`Brain::open`] finds one,
//! [`Brain::create`] makes one.
//!
//! ```no_run
//! use octorato_brain::Brain;
//!
//! let brain = Brain::open("brain".as_ref())?;
//! println!("reports are grouped by {:?}", brain.settings().report.by);
//! # Ok::<(), octorato_core::Error>(())
//! ```

mod brain;
mod file;
mod settings;

pub use brain::{Brain, Created, FOLDERS, SETTINGS};
pub use file::{LARGEST_FILE, read_file};
pub use settings::{CODES, Report, Settings};
