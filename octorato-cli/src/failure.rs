//! How errors look: the sentence, the places, what led to it, what to do.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::AnsiColor;
use octorato::core::{Diagnostic, Error, Severity};

use crate::render::foreign;

const RED: anstyle::Style = AnsiColor::Red.on_default().bold();
const HINT: anstyle::Style = AnsiColor::Cyan.on_default().bold();

/// Whether the error is that nobody reads stdout any more.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let of = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(of))
}

/// Shows an error on stderr.
pub(crate) fn show(error: &anyhow::Error) {
    let mut text = String::new();
    let ours = error.downcast_ref::<Error>();
    for diagnostic in ours.map(Error::diagnostics).unwrap_or_default() {
        let _ = writeln!(text, "{}\n", rendered(diagnostic));
    }
    let _ = writeln!(text, "{RED}error:{RED:#} {}", lines(&error.to_string()));
    for cause in error.chain().skip(1) {
        let _ = writeln!(text, "  caused by: {}", lines(&cause.to_string()));
    }
    if let Some(hint) = ours.and_then(Error::hint) {
        let _ = writeln!(text, "{HINT}hint:{HINT:#} {}", lines(hint));
    }
    // There is nobody to tell if stderr is closed.
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// A message in the lines that it has. It may quote what anybody wrote, between backticks: there a
/// line break is spelt out. All other lines are indented, so that none can pass for an error or a
/// hint of its own.
fn lines(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut is_quoted = false;
    for c in message.chars() {
        match c {
            '\n' if is_quoted => text.push_str("\\n"),
            '\n' => text.push_str("\n  "),
            _ => text.push_str(&foreign::shown(c.encode_utf8(&mut [0; 4]))),
        }
        is_quoted ^= c == '`';
    }
    text
}

/// A finding with the lines that it is about.
pub(crate) fn rendered(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(lines(&diagnostic.message)).id(diagnostic.code);
    let mut group = Group::with_title(title);
    if let Some((source, span)) = &diagnostic.place {
        let snippet = Snippet::source(source.text())
            .path(source.name())
            .annotation(AnnotationKind::Primary.span(span.start..span.end));
        group = group.element(snippet);
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(lines(hint)));
    }
    Renderer::styled().render(&[group])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_quoted_makes_a_line_of_its_own() {
        assert_eq!(
            lines("no price for model: `a\nerror: b`, provider: `x\r\ny`"),
            r"no price for model: `a\nerror: b`, provider: `x\r\ny`"
        );
        assert_eq!(lines("first\nsecond\u{1b}"), "first\n  second\\u{1b}");
        assert_eq!(lines("model: `a`\nerror: `b`"), "model: `a`\n  error: `b`");
    }
}
