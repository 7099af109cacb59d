//! The text of a settings file with what was read from it.

use octorato_core::{Diagnostic, Error, ErrorKind, Result, SourceText, Span};

use super::json::{Node, parse};
use crate::config::codes::hooks as codes;
use crate::gate::protocol::Agent;

/// A settings file's text.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// The file's name as people know it.
    pub(super) name: String,
    pub(super) text: String,
    /// Whether its agent takes comments.
    pub(super) comments: bool,
    /// Nothing where there is nothing in the text.
    pub(super) root: Option<Node>,
}

impl Document {
    /// Reads a text. One that its agent could not read is an error with the place, since whatever
    /// would be written into it would not run.
    pub(super) fn read(name: &str, text: String, agent: Agent) -> Result<Self> {
        // Gemini CLI and Cursor strip comments; the others refuse or ignore a file with one.
        Self::parse(name, text, matches!(agent, Agent::Gemini | Agent::Cursor))
    }

    fn parse(name: &str, text: String, comments: bool) -> Result<Self> {
        match parse(&text, comments) {
            Ok(root) => Ok(Self { name: name.to_owned(), text, comments, root }),
            Err(fault) => {
                let end = text[fault.at..].chars().next().map_or(0, char::len_utf8);
                let span = Span::new(fault.at, fault.at + end);
                let message = format!("not JSON: {}", fault.message);
                Err(unusable(name, &text, codes::SYNTAX, span, message))
            }
        }
    }

    /// The same file with another text, which is one of ours.
    pub(super) fn with(&self, text: String) -> Result<Self> {
        Self::parse(&self.name, text, self.comments)
    }

    /// The error of a text that is JSON, but not settings as they must be.
    pub(super) fn unfit(&self, span: Span, what: &str) -> Error {
        unusable(&self.name, &self.text, codes::SHAPE, span, format!("not as expected: {what}"))
    }
}

pub(super) fn unusable(
    name: &str,
    text: &str,
    code: &'static str,
    span: Span,
    message: String,
) -> Error {
    let finding = Diagnostic::error(code, message).at(&SourceText::new(name, text), span);
    Error::new(ErrorKind::Config, format!("settings cannot be used: `{name}`"))
        .with_diagnostics(vec![finding])
        .hinted("correct the file first; nothing was written")
}
