//! Texts of files, and the error of one that cannot be used.

use std::path::Path;

use octorato_brain::read_file;
use octorato_core::{Diagnostic, Error, ErrorKind, Result, SourceText, Span};

use super::codes::Common;

/// Reads the text at `path`, which must be UTF-8.
pub(super) fn read(path: &Path, codes: &Common) -> Result<SourceText> {
    let name = path.display().to_string();
    match String::from_utf8(read_file(path)?) {
        Ok(text) => Ok(SourceText::new(name, text)),
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(start).copied().unwrap_or_default();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let finding = Diagnostic::error(codes.encoding, format!("not UTF-8: `0x{byte:02X}`"))
                .at(
                    &SourceText::new(name.as_str(), text),
                    Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8()),
                )
                .hinted("save the file as UTF-8");
            Err(unusable(&name, vec![finding]))
        }
    }
}

/// The error that carries the findings of a file.
pub(super) fn unusable(name: &str, findings: Vec<Diagnostic>) -> Error {
    Error::new(ErrorKind::Config, format!("configuration cannot be used: `{name}`"))
        .with_diagnostics(findings)
        .hinted("correct the file; `octorato explain CODE` says more about a finding")
}
