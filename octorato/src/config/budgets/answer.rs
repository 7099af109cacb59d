//! The `on_error` of a text that may be damaged.

use octorato_core::SourceText;
use octorato_finops::budget::OnError;

use super::super::yaml::{self, Value};

/// What the text declares, where it does so in one way only.
pub(super) fn declared(source: &SourceText) -> Option<OnError> {
    let answers = match yaml::read(source).map(|node| node.value) {
        Ok(Value::Map(entries)) => entries
            .iter()
            .filter(|(key, _)| matches!(&key.value, Value::Text(name) if name == "on_error"))
            .map(|(_, value)| match &value.value {
                Value::Text(text) => OnError::from_name(text),
                _ => None,
            })
            .collect(),
        Ok(_) => Vec::new(),
        Err(_) => from_lines(source.text()),
    };
    let (first, others) = answers.split_first()?;
    first.filter(|_| others.iter().all(|other| other == first))
}

/// What lines that begin with the key say.
fn from_lines(text: &str) -> Vec<Option<OnError>> {
    let lines = text.trim_start_matches('\u{feff}').split(['\n', '\r']);
    // The last line may be cut off; `allow` cannot be the beginning of anything else.
    let values = lines.filter_map(|line| line.strip_prefix("on_error:"));
    values
        .map(|value| {
            let value = value.split_once(" #").map_or(value, |(value, _)| value).trim();
            OnError::from_name(value.trim_matches(['"', '\'']))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_text_says_what_its_lines_say() {
        let of = |text: &str| declared(&SourceText::new("f", text));
        let allow = Some(OnError::Allow);
        for whole in
            ["on_error: allow\n", "{on_error: \"allow\"}", "\u{feff}on_error: allow # x\r\n"]
        {
            assert_eq!(of(whole), allow, "{whole}");
        }
        for damaged in [
            "on_error: allow\nbudgets: [",
            "\u{feff}budgets: [\r\non_error: 'allow' # why\r\n",
            "a: b: c\non_error:   allow",
        ] {
            assert_eq!(of(damaged), allow, "{damaged}");
        }
        for nothing in [
            "",
            "budgets: []",
            "on_error: alow",
            "on_error: [allow]",
            "on_error:",
            "on_error: allow\non_error: deny\n",
            "on_error: allow\non_error: deny\n[",
            "  on_error: allow\n[",
            "# on_error: allow\n[",
            "[on_error: allow",
        ] {
            assert_eq!(of(nothing), None, "{nothing}");
        }
    }
}
