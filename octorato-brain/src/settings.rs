//! `octorato.toml`: the settings that everybody who uses a brain shares.

use octorato_core::{Diagnostic, Severity, SourceText, Span};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// What `octorato.toml` says; what it leaves out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `[report]`.
    pub report: Report,
}

/// How reports look where nobody says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What rows are grouped by, the outermost first.
    pub by: Vec<String>,
}

impl Default for Report {
    fn default() -> Self {
        Self { by: vec!["client".to_owned(), "model".to_owned()] }
    }
}

/// The codes of findings about `octorato.toml`, each with what it means.
pub const CODES: &[(&str, &str)] = &[
    ("SET001", "The file is not TOML here, so nothing in it is used."),
    ("SET002", "A key that Octorato does not know is most often a misspelt one."),
    ("SET003", "The value is of another type than the key takes."),
    ("SET004", "The value is of the right type, but says nothing or the same twice."),
];

impl Settings {
    /// Reads the text of an `octorato.toml`. Every mistake is found; the settings are there if
    /// and only if no finding is an error.
    ///
    /// ```
    /// use octorato_brain::Settings;
    /// use octorato_core::SourceText;
    ///
    /// let source = SourceText::new("octorato.toml", "[report]\nby = [\"client\", 7]\n");
    /// let (settings, findings) = Settings::parse(&source);
    /// assert_eq!(settings, None);
    /// assert_eq!(
    ///     findings[0].to_string(),
    ///     "octorato.toml:2:17: error[SET003]: an item of `by` must be text, not integer: `7`; \
    ///      hint: write `\"7\"`"
    /// );
    /// ```
    pub fn parse(source: &SourceText) -> (Option<Self>, Vec<Diagnostic>) {
        let mut reader = Reader { source, findings: Vec::new() };
        let (file, errors) = DeTable::parse_recoverable(source.text());
        for error in &errors {
            let at = error.span().unwrap_or_default();
            reader.finding("SET001", at, format!("not TOML: {}", error.message()), "correct it");
        }
        let settings =
            if errors.is_empty() { reader.file(file.get_ref()) } else { Self::default() };
        let mut findings = reader.findings;
        findings.sort_by_key(|finding| finding.place.as_ref().map(|(_, span)| span.start));
        let usable = findings.iter().all(|finding| finding.severity < Severity::Error);
        (usable.then_some(settings), findings)
    }
}

struct Reader<'s> {
    source: &'s SourceText,
    findings: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn file(&mut self, file: &DeTable<'_>) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in file {
            match &**key.get_ref() {
                "report" => settings.report = self.report(value),
                _ => self.unknown_key(key, "the file", "`report`"),
            }
        }
        settings
    }

    fn report(&mut self, node: &Spanned<DeValue<'_>>) -> Report {
        let mut report = Report::default();
        let Some(table) = node.get_ref().as_table() else {
            self.wrong_type(node, "`report`", "a table", "write `[report]` on a line of its own");
            return report;
        };
        for (key, value) in table {
            match &**key.get_ref() {
                "by" => report.by = self.by(value),
                _ => self.unknown_key(key, "`report`", "`by`"),
            }
        }
        report
    }

    fn by(&mut self, node: &Spanned<DeValue<'_>>) -> Vec<String> {
        const HINT: &str = "write a list such as `[\"client\", \"model\"]`";
        let Some(items) = node.get_ref().as_array() else {
            self.wrong_type(node, "`by`", "a list", HINT);
            return Vec::new();
        };
        if items.is_empty() {
            self.finding("SET004", node.span(), "`by` is empty", HINT);
        }
        let mut by: Vec<String> = Vec::new();
        for item in items {
            let Some(text) = item.get_ref().as_str() else {
                let hint = format!("write `\"{}\"`", self.raw(item));
                self.wrong_type(item, "an item of `by`", "text", &hint);
                continue;
            };
            if text.trim().is_empty() {
                self.finding("SET004", item.span(), "an item of `by` is empty", "remove it");
            } else if by.iter().any(|other| other == text) {
                let message = format!("given twice in `by`: `{text}`");
                self.finding("SET004", item.span(), message, "keep one");
            } else {
                by.push(text.to_owned());
            }
        }
        by
    }

    fn unknown_key(&mut self, key: &Spanned<DeString<'_>>, what: &str, known: &str) {
        let message = format!("unknown key in {what}: `{}`", key.get_ref());
        self.finding("SET002", key.span(), message, format!("the only key is {known}"));
    }

    fn wrong_type(&mut self, node: &Spanned<DeValue<'_>>, what: &str, wanted: &str, hint: &str) {
        let kind = node.get_ref().type_str();
        let message = format!("{what} must be {wanted}, not {kind}: `{}`", self.raw(node));
        self.finding("SET003", node.span(), message, hint);
    }

    fn raw(&self, node: &Spanned<DeValue<'_>>) -> String {
        let raw = self.source.text().get(node.span()).unwrap_or_default();
        raw.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn finding(
        &mut self,
        code: &'static str,
        at: std::ops::Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let finding = Diagnostic::error(code, message)
            .at(self.source, Span::new(at.start, at.end))
            .hinted(hint);
        self.findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let (settings, findings) = Settings::parse(&SourceText::new("octorato.toml", text));
        assert_eq!(settings.is_none(), !findings.is_empty(), "{text}");
        findings.iter().map(|finding| finding.to_string().replace("octorato.toml:", "")).collect()
    }

    #[test]
    fn an_empty_file_and_the_starter_say_the_defaults() {
        for text in ["", "# nothing\n", "[report]\n", "\u{feff}", include_str!("starter.toml")] {
            let (settings, findings) = Settings::parse(&SourceText::new("f", text));
            assert_eq!((settings, findings), (Some(Settings::default()), vec![]), "{text}");
        }
    }

    #[test]
    fn every_mistake_is_found_with_its_place() {
        let text = "rport = 1\n[report]\nbye = []\nby = [\"arm\", \"\", 1.5, \"arm\"]\n";
        assert_eq!(
            findings(text),
            [
                "1:1: error[SET002]: unknown key in the file: `rport`; hint: the only key is `report`",
                "3:1: error[SET002]: unknown key in `report`: `bye`; hint: the only key is `by`",
                "4:14: error[SET004]: an item of `by` is empty; hint: remove it",
                "4:18: error[SET003]: an item of `by` must be text, not float: `1.5`; \
                 hint: write `\"1.5\"`",
                "4:23: error[SET004]: given twice in `by`: `arm`; hint: keep one",
            ]
        );
        assert!(findings("report = 1\n")[0].starts_with("1:10: error[SET003]"));
        assert!(findings("report.by = []\n")[0].starts_with("1:13: error[SET004]"));
        assert!(findings("[report]\nby = \"arm\"\n")[0].starts_with("2:6: error[SET003]"));
        assert!(findings("[report\nby = 1\n")[0].starts_with("1:8: error[SET001]"));
        assert!(!findings("[report]\nby = [1]\nby = [2]\n").is_empty());
    }
}
