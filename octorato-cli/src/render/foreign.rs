//! Texts from logs and folders, which anybody may have written.

/// A text as it may be shown on a terminal: control characters and those that turn the direction
/// of writing are spelt out, so that no log can move the cursor or forge a line.
pub(crate) fn shown(text: &str) -> String {
    let is_active = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_active) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if is_active(c) { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

/// A text as a cell of a spreadsheet, which would take some first characters for a formula's.
pub(crate) fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

/// A text inside of Markdown: it begins no tag, and no column of a table ends in it.
pub(crate) fn markdown(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', "<br>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_reaches_a_terminal() {
        assert_eq!(shown("acme/café 客户"), "acme/café 客户");
        assert_eq!(shown("a\u{1b}[2J\nb\u{202e}c"), "a\\u{1b}[2J\\nb\\u{202e}c");
    }

    #[test]
    fn no_label_is_a_formula() {
        assert_eq!(cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(cell("acme-web"), "acme-web");
    }
}
