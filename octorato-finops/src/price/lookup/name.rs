//! What a model's name says beside the model: dates, versions, context sizes.

use super::bedrock;

/// The name without a release date (`-20251001`, `-2025-10-01`, `@20251001`) or `-latest`.
pub(super) fn without_date(name: &str) -> &str {
    name.strip_suffix("-latest").or_else(|| undated(name)).unwrap_or(name)
}

/// The name without its release date, where it has one.
pub(super) fn undated(name: &str) -> Option<&str> {
    ["-dddd-dd-dd", "-dddddddd", "@dddddddd"].into_iter().find_map(|shape| {
        let (stem, suffix) = name.split_at_checked(name.len().checked_sub(shape.len())?)?;
        has_shape(suffix, shape).then_some(stem)
    })
}

/// The name with its dates written with dashes: `gpt-4o-20240806` is `gpt-4o-2024-08-06`,
/// `qwen-plus-20250728:thinking` is `qwen-plus-2025-07-28:thinking`. A date stands at the end or
/// before `-` or `:`, and is one of the calendar, from 2000 on.
pub(super) fn with_dashed_dates(name: &str) -> Option<String> {
    const SHAPE: &str = "-dddddddd";
    let mut dashed = String::new();
    let mut taken = 0;
    for (at, _) in name.match_indices("-20") {
        let end = at + SHAPE.len();
        let Some(date) = name.get(at..end) else { break };
        let is_end = matches!(name.as_bytes().get(end), None | Some(b'-' | b':'));
        if !is_end || !has_shape(date, SHAPE) {
            continue;
        }
        let date = format!("{}-{}-{}", &date[1..5], &date[5..7], &date[7..]);
        if date.parse::<jiff::civil::Date>().is_ok() {
            dashed.extend([&name[taken..=at], &date]);
            taken = end;
        }
    }
    (taken > 0).then(|| dashed + &name[taken..])
}

/// The name with a date at its end written as `-20240806`.
pub(super) fn with_plain_date(name: &str) -> Option<String> {
    let stem = undated(name)?;
    let digits: String = name[stem.len()..].chars().filter(char::is_ascii_digit).collect();
    Some(format!("{stem}-{digits}")).filter(|plain| plain != name)
}

/// The name without the version of an interface: `-v1:0`, `-v1` and `:0` of a Bedrock id, Vertex's
/// `@default`, Gemini's `-001`. Elsewhere `-v3` is a part of the name (`whisper-large-v3`).
///
/// Sources: the model ids of Amazon Bedrock, of Claude on Vertex AI and of Gemini; the price pages
/// list models without them.
pub(super) fn without_version(name: &str) -> Option<&str> {
    if let Some(stem) = name.strip_suffix("@default") {
        return Some(stem);
    }
    if name.starts_with("gemini-") && (ends_like(name, "-00d") || ends_like(name, "@00d")) {
        return Some(&name[..name.len() - 4]);
    }
    let shapes: &[&str] = if bedrock::is_id(name) {
        &["-vd:d", "-vdd:d", "-vd", ":d"]
    } else if name.starts_with("claude-") {
        &["-vd:d"]
    } else {
        &[]
    };
    let shape = shapes.iter().find(|shape| ends_like(name, shape))?;
    Some(&name[..name.len() - shape.len()])
}

/// Whether two names of one model are of different versions or dates; one that says none fits all.
pub(super) fn differ(one: &str, other: &str) -> bool {
    let version = |name: &str| {
        let stem = without_version(name)?;
        let digits = name[stem.len()..].strip_prefix("-v")?.split(':').next()?;
        digits.parse::<u8>().ok()
    };
    let apart = |one: Option<u8>, other: Option<u8>| one.zip(other).is_some_and(|(a, b)| a != b);
    let dates_differ = || {
        let (one, other) = (date(one)?, date(other)?);
        let is_digit = u8::is_ascii_digit;
        Some(!one.bytes().filter(is_digit).eq(other.bytes().filter(is_digit)))
    };
    apart(version(one), version(other)) || dates_differ().unwrap_or_default()
}

/// The date at the end of a name, before any version, with what stands in front of its digits.
pub(super) fn date(name: &str) -> Option<&str> {
    let name = name.strip_suffix("[1m]").unwrap_or(name);
    let name = without_version(name).unwrap_or(name);
    undated(name).map(|stem| &name[stem.len()..])
}

/// The name without what does not change its price: a release date or `-latest`, the size of the
/// context window (`[1m]`), a version of the interface. A Bedrock geography is dropped too, and
/// compared apart.
pub(super) fn bare(name: &str) -> &str {
    let name = name.strip_suffix("[1m]").unwrap_or(name);
    let name = without_version(name).unwrap_or(name);
    let name = without_date(name);
    bedrock::geography(name).map_or(name, |(_, rest)| rest)
}

/// Whether `alias`, which ends with `-latest`, names no generation: `mistral-large-latest` and
/// `ministral-8b-latest`, which names a size, move from one model to the next at another price,
/// even where the list has an entry of that very name; `grok-4-latest` and
/// `gemini-2.5-flash-latest` move from a release to the next of one model.
pub(super) fn is_moving_alias(alias: &str) -> bool {
    let Some(stem) = alias.strip_suffix("-latest") else { return false };
    let is_size = |word: &str| {
        word.strip_suffix('b').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
    };
    !stem.split('-').any(|word| word.bytes().any(|b| b.is_ascii_digit()) && !is_size(word))
}

/// `claude-opus-4-8` as `claude-opus-4.8`, the way in which Copilot and `OpenRouter` write it.
pub(super) fn with_dotted_version(name: &str) -> Option<String> {
    respell(name, '-', '.')
}

/// `claude-opus-4.8` as `claude-opus-4-8`, the way in which Anthropic writes it.
pub(super) fn with_dashed_version(name: &str) -> Option<String> {
    respell(name, '.', '-')
}

/// Writes `to` for each `from` that stands between two numbers of one digit each, in Claude's names.
fn respell(name: &str, from: char, to: char) -> Option<String> {
    if !name.contains(from) {
        return None;
    }
    let start = name.find("claude-")?;
    let digit = |at: usize| name.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let is_version = |at: usize| {
        let apart = !digit(at.wrapping_sub(2)) && !digit(at + 2);
        at > start && digit(at - 1) && digit(at + 1) && apart
    };
    let spell = |(at, c)| if c == from && is_version(at) { to } else { c };
    let spelled: String = name.char_indices().map(spell).collect();
    (spelled != name).then_some(spelled)
}

/// What is priced of a fine-tune's name, without the organisation and what it calls its model:
/// `ft:gpt-4o-2024-08-06` of `ft:gpt-4o-2024-08-06:acme::id`, and Azure's
/// `gpt-4o-mini-2024-07-18.ft-` of `gpt-4o-mini-2024-07-18.ft-0e208cf3`.
pub(super) fn fine_tune(name: &str) -> Option<&str> {
    if let Some(rest) = name.strip_prefix("ft:") {
        let base = rest.find(':').unwrap_or(rest.len());
        return Some(&name[..3 + base]);
    }
    let mut dots = name.match_indices('.').map(|(at, _)| at);
    dots.find(|at| name[*at..].starts_with(".ft-")).map(|at| &name[..at + 4])
}

/// A fine-tune's name without the release of its base, as entries for fine-tunes are named.
pub(super) fn bare_fine_tune(name: &str) -> &str {
    let name = without_date(name);
    if name.len() > 5 && ends_like(name, "-dddd") { &name[..name.len() - 5] } else { name }
}

/// Whether the end of `text` has the letters of `shape`, where `d` is any digit.
fn ends_like(text: &str, shape: &str) -> bool {
    let start = text.len().checked_sub(shape.len());
    start.and_then(|at| text.get(at..)).is_some_and(|end| has_shape(end, shape))
}

/// Whether `text` has the letters of `shape`, where `d` is any digit.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_names() {
        for (name, stem) in [
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("mistral-large-latest", "mistral-large"),
            ("gemini-2.5-pro", "gemini-2.5-pro"),
            ("gpt-4-0613", "gpt-4-0613"),
            ("日本-20251001", "日本"),
            ("本本本", "本本本"),
        ] {
            assert_eq!(without_date(name), stem);
        }
        for (name, dashed) in [
            ("gpt-4o-20240806", Some("gpt-4o-2024-08-06")),
            ("qwen-plus-20250728:thinking", Some("qwen-plus-2025-07-28:thinking")),
            ("a-20251211-20240229", Some("a-2025-12-11-2024-02-29")),
            ("a-20241301-20240229-b", Some("a-20241301-2024-02-29-b")),
            ("gpt-4o-20230229", None),
            ("gpt-4o-19991231", None),
            ("gpt-4o-20240806@", None),
            ("gpt-4o-2024-08-06", None),
            ("gpt-20", None),
            ("日-2024080本", None),
        ] {
            assert_eq!(with_dashed_dates(name).as_deref(), dashed, "{name}");
        }
        assert_eq!(with_plain_date("gpt-4o-2024-08-06").as_deref(), Some("gpt-4o-20240806"));
        assert_eq!(with_plain_date("c@20240806").as_deref(), Some("c-20240806"));
        assert_eq!(with_plain_date("c-20240806"), None);
    }

    #[test]
    fn versions_of_interfaces_are_told_from_models() {
        for (name, stem) in [
            ("us.anthropic.claude-opus-4-6-v1", Some("us.anthropic.claude-opus-4-6")),
            ("amazon.nova-lite-v1:0", Some("amazon.nova-lite")),
            ("amazon.titan-tg1-large-v12:0", Some("amazon.titan-tg1-large")),
            ("nvidia.nemotron-nano-3-30b:0", Some("nvidia.nemotron-nano-3-30b")),
            ("claude-opus-4-8@default", Some("claude-opus-4-8")),
            ("gemini-2.0-flash-001", Some("gemini-2.0-flash")),
            ("text-embedding-ada-002", None),
            ("mistral-7b-instruct-v0.2", None),
            ("whisper-large-v3", None),
            ("deepseek-r1", None),
        ] {
            assert_eq!(without_version(name), stem, "{name}");
        }
    }

    #[test]
    fn names_of_one_model_differ_by_version_or_date() {
        for (one, other, differs) in [
            ("amazon.titan-embed-text-v1", "amazon.titan-embed-text-v2:0", true),
            ("amazon.titan-embed-text-v1", "amazon.titan-embed-text", false),
            ("claude-opus-4-20250514", "claude-opus-4@20250514", false),
            ("claude-opus-4-20250514", "claude-opus-4-20250515", true),
        ] {
            assert_eq!(differ(one, other), differs, "{one} {other}");
        }
    }

    #[test]
    fn an_alias_moves_unless_it_names_a_generation() {
        for alias in ["mistral-large-latest", "gemini-flash-latest", "pixtral-12b-latest"] {
            assert!(is_moving_alias(alias), "{alias}");
        }
        for alias in
            ["gemini-2.5-flash-latest", "claude-3-opus-latest", "gpt-4o", "chatgpt-4o-latest"]
        {
            assert!(!is_moving_alias(alias), "{alias}");
        }
    }

    #[test]
    fn versions_of_claude_have_two_spellings() {
        let dotted = |name| with_dotted_version(name);
        assert_eq!(dotted("claude-opus-4-8").as_deref(), Some("claude-opus-4.8"));
        assert_eq!(
            dotted("anthropic/claude-3-5-haiku").as_deref(),
            Some("anthropic/claude-3.5-haiku")
        );
        assert_eq!(dotted("claude-sonnet-4-20250514"), None);
        assert_eq!(dotted("gpt-4-1"), None);
        assert_eq!(with_dashed_version("claude-opus-4.8").as_deref(), Some("claude-opus-4-8"));
        assert_eq!(with_dashed_version("claude-本.8"), None);
    }

    #[test]
    fn what_an_organisation_calls_its_fine_tune_is_no_part_of_the_price() {
        assert_eq!(fine_tune("ft:gpt-4o-2024-08-06:acme::x1"), Some("ft:gpt-4o-2024-08-06"));
        assert_eq!(fine_tune("ft:gpt-4o"), Some("ft:gpt-4o"));
        assert_eq!(fine_tune("gpt-4o-mini-2024-07-18.ft-0e2"), Some("gpt-4o-mini-2024-07-18.ft-"));
        assert_eq!(fine_tune("gpt-4o"), None);
        assert_eq!(bare_fine_tune("ft:gpt-3.5-turbo-0125"), "ft:gpt-3.5-turbo");
        assert_eq!(bare_fine_tune("ft:gpt-4o-2024-08-06"), "ft:gpt-4o");
    }
}
