//! Texts as YAML scalars that every reader takes for the same text.

/// `text` as it can stand in a flow list: plain where no reader of YAML 1.1 or 1.2 could take it
/// for anything else, in quotes otherwise.
pub(super) fn quoted(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if text.contains(['\\', '"']) && !text.contains(['\'', '\n']) && !text.contains(is_odd) {
        format!("'{text}'")
    } else {
        double_quoted(text)
    }
}

fn is_plain(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_alphabetic() || c == '/')
        || text.starts_with("~/")
        || text.starts_with(|c: char| c.is_ascii_digit()) && !looks_numeric(text);
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '~' | '+' | '@');
    starts_well && text.chars().all(plain) && !is_reserved(text)
}

/// Numbers, dates, times, versions: whatever has nothing but digits and their signs.
fn looks_numeric(text: &str) -> bool {
    let numeric = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | '_' | '-' | '+' | 'x' | 'o');
    text.chars().all(numeric)
}

/// Words that some reader of YAML takes for a truth value or for nothing.
fn is_reserved(text: &str) -> bool {
    const WORDS: [&str; 11] =
        ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// What YAML does not allow as it is, or what readers fold or drop.
fn is_odd(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn double_quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' => "\\\"".to_owned(),
        '\\' => r"\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        c if is_odd(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_plain_only_where_nobody_can_mistake_it() {
        for plain in ["acme-web", "~/clients/acme", "/srv/café", "3m", "1.2.3-beta", "客户"] {
            assert_eq!(quoted(plain), plain);
        }
        for (text, scalar) in [
            ("2024", r#""2024""#),
            ("2026-03-01", r#""2026-03-01""#),
            ("1e3", r#""1e3""#),
            ("0x1f", r#""0x1f""#),
            ("no", r#""no""#),
            ("Null", r#""Null""#),
            ("~", r#""~""#),
            ("", r#""""#),
            ("@acme", r#""@acme""#),
            ("a: b", r#""a: b""#),
            ("a #b", r#""a #b""#),
            ("github.com/acme/*", r#""github.com/acme/*""#),
            (r"C:\x y", r"'C:\x y'"),
            (r#"it's "x""#, r#""it's \"x\"""#),
            ("a\u{1}\n\u{2028}", r#""a\u0001\n\u2028""#),
        ] {
            assert_eq!(quoted(text), scalar);
        }
    }
}
