//! The one way to the terminal.

use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use octorato::core::Diagnostic;

use crate::args::Global;
use crate::failure;

/// Faint: digits and remarks that the eye may pass over.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Headings and totals.
pub(crate) const BOLD: Style = Style::new().bold();
/// Something to look at.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();

/// Writes data to stdout and talk to stderr. Colours are left out where the stream is no
/// terminal, or `NO_COLOR` says so, and never carry meaning alone.
pub(crate) struct Printer {
    out: io::BufWriter<anstream::AutoStream<io::Stdout>>,
    json: bool,
    quiet: bool,
}

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        let out = anstream::AutoStream::auto(io::stdout());
        Self { out: io::BufWriter::new(out), json: global.json, quiet: global.quiet }
    }

    /// Whether JSON was asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether talk is unwanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// A line of data.
    pub(crate) fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// A document of data.
    pub(crate) fn document(&mut self, document: &impl serde::Serialize) -> anyhow::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, document).map_err(io::Error::from)?;
        Ok(writeln!(self.out)?)
    }

    /// Where data goes.
    pub(crate) fn out(&mut self) -> &mut impl Write {
        &mut self.out
    }

    /// A remark, unless `--quiet`. That nobody can read it is no failure of the command.
    pub(crate) fn remark(&mut self, text: impl Display) {
        if self.quiet {
            return;
        }
        // Data that was printed before is shown before; its own failure is met at the next line.
        let _ = self.out.flush();
        let _ = writeln!(anstream::stderr(), "{text}");
    }

    /// Findings that leave their file usable, unless `--quiet`.
    pub(crate) fn warnings(&mut self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            self.remark(format_args!("{}\n", failure::rendered(diagnostic)));
        }
    }

    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }
}

/// How wide the terminal is that data goes to; nothing where it goes elsewhere.
pub(crate) fn width() -> Option<usize> {
    let (terminal_size::Width(width), _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(width.into())
}
