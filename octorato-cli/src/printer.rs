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

    /// A remark, unless `--quiet`.
    pub(crate) fn remark(&mut self, text: impl Display) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        // Data that was printed before is shown before.
        self.out.flush()?;
        writeln!(anstream::stderr(), "{text}")
    }

    /// Findings that leave their file usable, unless `--quiet`.
    pub(crate) fn warnings(&mut self, diagnostics: &[Diagnostic]) -> io::Result<()> {
        for diagnostic in diagnostics {
            self.remark(failure::rendered(diagnostic))?;
        }
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }
}
