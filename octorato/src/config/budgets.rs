//! `budgets.yaml`: what may be spent, and what happens then.
//!
//! The original Octorato's form is read unchanged; the extended one adds scopes, selectors,
//! periods, tiers and sinks. What a budget means, [`octorato_finops::budget`] says.
//!
//! A file that cannot be used never lifts a cap: see [`Unusable`]. No file at all means no budgets.
//!
//! ```
//! use octorato::config::budgets;
//! use octorato_core::{Arms, SourceText};
//!
//! let text = "budgets:\n  - operator: true\n    monthly_usd_cap: 2e2\n    action_on_breach: warn\n";
//! let source = SourceText::new("budgets.yaml", text);
//! let (policy, findings) = budgets::parse(&source, &Arms::none());
//! assert!(policy.is_none());
//! assert_eq!(
//!     findings[0].to_string(),
//!     "budgets.yaml:3:22: error[BUD008]: `monthly_usd_cap` is not an amount: `2e2`; \
//!      hint: write a decimal such as `12.5`"
//! );
//! ```

mod answer;
mod findings;
mod items;
mod reader;

use std::path::Path;

use octorato_brain::read_file;
use octorato_core::{Arms, Diagnostic, Error, ErrorKind, SourceText};
use octorato_finops::budget::{BudgetId, OnError, Policy};

use self::reader::{Reader, Written};
use super::codes::budgets as codes;
use super::findings::Findings;
use super::{text, yaml};

/// The JSON Schema of `budgets.yaml`.
pub const SCHEMA: &str = include_str!("../../schemas/budgets.json");

/// The keys that each map of `budgets.yaml` may have.
pub mod keys {
    /// Of the file.
    pub const FILE: &[&str] = &["on_error", "unpriced", "sinks", "budgets", "default"];
    /// Of the file of the original Octorato, and passed over.
    pub const OLD_FILE: &[&str] = &["spend_json"];
    /// That say whom a budget is about.
    pub const SCOPE: &[&str] = &["arm", "client", "operator"];
    /// Of a budget, beside its scope; the default has these alone.
    pub const BUDGET: &[&str] = &[
        "name",
        "match",
        "period",
        "timezone",
        "anchor",
        "monthly_usd_cap",
        "usd_cap",
        "grace_pct",
        "action_on_breach",
        "tiers",
        "basis",
        "shadow",
        "sinks",
    ];
    /// Of a budget of the original Octorato, and passed over.
    pub const OLD_BUDGET: &[&str] = &["path"];
    /// Of a tier; both are needed.
    pub const TIER: &[&str] = &["at_pct", "action"];
    /// Of a sink.
    pub const SINK: &[&str] = &["command", "webhook", "timeout_seconds", "retries"];
}

/// Reads the text of a `budgets.yaml`; `arms` are the arms and clients that it may name, with the
/// zones of their periods.
///
/// Every mistake is found, not only the first. The policy is there if and only if no finding is an
/// error; a text without any value is one.
pub fn parse(source: &SourceText, arms: &Arms) -> (Option<Policy>, Vec<Diagnostic>) {
    let (read, findings) = read(source, arms);
    (read.map(|(policy, _)| policy), findings)
}

fn read(source: &SourceText, arms: &Arms) -> (Option<(Policy, Written)>, Vec<Diagnostic>) {
    let mut findings = Findings::new(source, &codes::COMMON);
    let read = match yaml::read(source) {
        Ok(file) => Reader::read(&file, arms, &mut findings),
        Err(error) => {
            findings.syntax(&error);
            None
        }
    };
    let (usable, findings) = findings.finish();
    (read.filter(|_| usable), findings)
}

/// Where the budgets of a text are written.
#[derive(Debug)]
pub struct Lines {
    source: SourceText,
    written: Written,
}

impl Lines {
    /// Finds the budgets of the file at `path`; nothing where it is not there or cannot be used.
    pub fn of(path: &Path, arms: &Arms) -> Option<Self> {
        Self::in_text(&text::read(path, &codes::COMMON).ok()?, arms)
    }

    /// Finds the budgets of a text; nothing where it cannot be used.
    ///
    /// ```
    /// use octorato::config::budgets::{self, Lines};
    /// use octorato_core::{Arms, SourceText};
    ///
    /// let text = "budgets:\n  - operator: true\n    monthly_usd_cap: 5\n    action_on_breach: warn\n";
    /// let source = SourceText::new("budgets.yaml", text);
    /// let (policy, _) = budgets::parse(&source, &Arms::none());
    /// let id = policy.unwrap().declared().budgets[0].id();
    /// let lines = Lines::in_text(&source, &Arms::none()).unwrap();
    /// assert_eq!(lines.find(id).as_deref(), Some("budgets.yaml:2"));
    /// ```
    pub fn in_text(source: &SourceText, arms: &Arms) -> Option<Self> {
        let (_, written) = read(source, arms).0?;
        Some(Self { source: source.clone(), written })
    }

    /// File and line of a budget; those of the default for a budget that no line declares itself.
    pub fn find(&self, budget: BudgetId) -> Option<String> {
        let of_budget = self.written.budgets.iter().find(|(id, _)| *id == budget);
        let span = of_budget.map(|(_, span)| *span).or(self.written.default)?;
        let line = self.source.line_column(span.start).line;
        Some(format!("{}:{line}", self.source.name()))
    }
}

/// What a text answers when nothing can be known: its `on_error`, as far as it can be read.
///
/// A text that is not YAML as a whole is searched for a line that begins with `on_error:`. What is
/// not declared, misspelt or declared in two ways is [`OnError::Deny`].
///
/// ```
/// use octorato::config::budgets;
/// use octorato::finops::budget::OnError;
/// use octorato_core::SourceText;
///
/// let of = |text| budgets::on_error(&SourceText::new("budgets.yaml", text));
/// assert_eq!(of("on_error: allow\nbudgets:\n  - arm: [acme"), OnError::Allow);
/// assert_eq!(of("budgets:\n  - arm: [acme"), OnError::Deny);
/// ```
pub fn on_error(source: &SourceText) -> OnError {
    answer::declared(source).unwrap_or(OnError::Deny)
}

/// A `budgets.yaml` that is there and cannot be used.
#[derive(Debug)]
pub struct Unusable {
    /// Why, with every finding.
    pub error: Error,
    /// What is to be answered where no earlier policy is known: see [`on_error`].
    pub on_error: OnError,
}

/// Reads the `budgets.yaml` at `path`, with the findings that leave it usable; nothing where there
/// is no file.
///
/// A file that is there but cannot be opened, read or used is [`Unusable`]: the last good policy
/// stays in force, and its `on_error` is for where there never was one.
pub fn load(path: &Path, arms: &Arms) -> Result<Option<(Policy, Vec<Diagnostic>)>, Unusable> {
    let source = match text::read(path, &codes::COMMON) {
        Ok(source) => source,
        Err(error) if error.kind() == ErrorKind::NotFound && !is_there(path) => return Ok(None),
        Err(error) => {
            let bytes = read_file(path).unwrap_or_default();
            let lossy = String::from_utf8_lossy(&bytes).into_owned();
            return Err(Unusable { error, on_error: on_error(&SourceText::new("", lossy)) });
        }
    };
    match parse(&source, arms) {
        (Some(policy), warnings) => Ok(Some((policy, warnings))),
        (None, findings) => Err(Unusable {
            error: text::unusable(source.name(), findings),
            on_error: on_error(&source),
        }),
    }
}

/// Whether anything has this name: a link that leads nowhere is a file that cannot be read.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
