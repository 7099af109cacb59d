//! The one error type: a kind to branch on, a sentence to show, and a hint that says what to do.

use std::fmt;

use crate::Diagnostic;

/// A result with Octorato's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, for code that has to decide. Messages are for people and may change; kinds
/// are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file that the user writes (`arms.yaml`, `octorato.toml`) cannot be used as it is.
    Config,
    /// An argument is malformed or two arguments contradict each other.
    InvalidArgument,
    /// Something that was named does not exist.
    NotFound,
    /// Something that was to be created exists already.
    AlreadyExists,
    /// A place was refused because private state must not lie there.
    Refused,
    /// The operating system refused a read or a write.
    Io,
    /// An amount or a count left the range of its integer.
    Overflow,
    /// Two amounts in different currencies met.
    CurrencyMismatch,
    /// No price is known for a model, or for the way in which it was used.
    Unpriced,
    /// Token counts contradict each other.
    InvalidUsage,
    /// A built-in or imported data file is damaged.
    Data,
    /// The same id was used for something else, or what is asked contradicts what was decided.
    Conflict,
    /// A store cannot be read or written now, or did not answer in time.
    Unavailable,
}

impl ErrorKind {
    /// The stable lower-case name of the kind, equal in every language binding.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::InvalidArgument => "invalid_argument",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Refused => "refused",
            Self::Io => "io",
            Self::Overflow => "overflow",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::Unpriced => "unpriced",
            Self::InvalidUsage => "invalid_usage",
            Self::Data => "data",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
        }
    }
}

/// The error of every fallible function in Octorato.
///
/// `Display` is one line without the hint; print [`Error::hint`] and [`Error::diagnostics`]
/// beside it.
///
/// ```
/// use octorato_core::{ArmId, ErrorKind};
///
/// let error = ArmId::new("Acme Web").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidArgument);
/// assert_eq!(error.to_string(), "not an arm id: `Acme Web`");
/// assert!(error.hint().unwrap().contains("acme-web"));
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    hint: Option<String>,
    diagnostics: Vec<Diagnostic>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` that says `message` (lower case, the value last in backticks).
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            context: Vec::new(),
            hint: None,
            diagnostics: Vec::new(),
            source: None,
        }))
    }

    /// An I/O error of `operation` (a verb phrase such as `cannot read`) on `path`.
    pub fn io(operation: &str, path: &std::path::Path, source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Io,
        };
        Self::new(kind, format!("{operation}: `{}`", path.display())).caused_by(source)
    }

    /// Adds a named value that helps to find the place, such as `("arm", "acme")`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name, value.to_string()));
        self
    }

    /// Says what the reader can do about it.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the error that led to this one.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Attaches findings with their places in a file.
    #[must_use]
    pub fn with_diagnostics(mut self, diagnostics: Vec<Diagnostic>) -> Self {
        self.0.diagnostics = diagnostics;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Findings with their places in a file, in the order of the file.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }

    /// Named values that were added on the way, the innermost first.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.0.context
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for (name, value) in &self.0.context {
            write!(f, ", {name}: `{value}`")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)?;
        for diagnostic in &self.0.diagnostics {
            write!(f, "\n  {diagnostic}")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, "\n  caused by: {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}
