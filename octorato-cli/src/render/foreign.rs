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

/// A text inside of a line of Markdown, where it is nothing but text: no tag, link, picture, code
/// or emphasis, and no column of a table ends in it. An underscore inside of a word stands for
/// itself in GitHub's Markdown and stays as it is.
pub(crate) fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match c {
            '<' => safe += "&lt;",
            '&' => safe += "&amp;",
            '\n' => safe += "<br>",
            '_' if is_letter(before) && is_letter(chars.peek().copied()) => safe.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '|' | '~' => safe.extend(['\\', c]),
            _ => safe.push(c),
        }
        before = Some(c);
    }
    safe
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
    fn nothing_acts_in_markdown_and_names_stay_readable() {
        for name in ["claude-opus-4-8", "acme/cache_write_5m", "Caf\u{e9} (two)", "$1.00 > 0.5 %"] {
            assert_eq!(markdown(name), name);
        }
        assert_eq!(
            markdown("![x](http://e) [y] `c` *b* _i_ __s__ ~~d~~ <b> &lt; a|b\\\n_"),
            r"\!\[x\](http://e) \[y\] \`c\` \*b\* \_i\_ \_\_s\_\_ \~\~d\~\~ &lt;b> &amp;lt; a\|b\\<br>\_"
        );
    }

    #[test]
    fn no_label_is_a_formula() {
        assert_eq!(cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(cell("acme-web"), "acme-web");
    }
}
