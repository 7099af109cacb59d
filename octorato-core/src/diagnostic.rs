//! Findings about a text, with their place and what to do.

use std::fmt;

use crate::{SourceText, Span};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The text can be used, but probably does not say what was meant.
    Warning,
    /// The text cannot be used.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A finding: code, sentence, place, hint.
///
/// ```
/// use octorato_core::{Diagnostic, SourceText, Span};
///
/// let source = SourceText::new("arms.yaml", "arms:\n  - id: Acme\n");
/// let finding = Diagnostic::error("ARM003", "not an arm id: `Acme`")
///     .at(&source, Span::new(14, 18))
///     .hinted("write `acme`");
/// assert_eq!(
///     finding.to_string(),
///     "arms.yaml:2:9: error[ARM003]: not an arm id: `Acme`; hint: write `acme`"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, such as `ARM003`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence, lower case, the offending value last in backticks.
    pub message: String,
    /// The text and the bytes that are meant.
    pub place: Option<(SourceText, Span)>,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A finding that makes the text unusable.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), place: None, hint: None }
    }

    /// A finding that leaves the text usable.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, source: &SourceText, span: Span) -> Self {
        self.place = Some((source.clone(), span));
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((source, span)) = &self.place {
            let place = source.line_column(span.start);
            write!(f, "{}:{}:{}: ", source.name(), place.line, place.column)?;
        }
        write!(f, "{}[{}]: {}", self.severity, self.code, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "; hint: {hint}")?;
        }
        Ok(())
    }
}
