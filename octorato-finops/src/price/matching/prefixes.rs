//! How the names that a regular expression matches begin.

use std::iter::Peekable;
use std::str::Chars;

/// How many beginnings are told apart.
const MOST: usize = 64;

/// How deep groups are read.
const DEEPEST: u8 = 16;

/// A beginning of what matches. It is open while all that was read so far are its letters.
#[derive(Clone, Debug)]
struct Branch {
    text: String,
    open: bool,
}

impl Branch {
    fn unknown() -> Vec<Self> {
        vec![Self { text: String::new(), open: false }]
    }

    fn letter(letter: char) -> Self {
        Self { text: letter.into(), open: true }
    }
}

/// Texts of which every match of `pattern` begins with one; none where that is not known.
///
/// Read is what price lists are written with: letters, groups, alternatives, small classes. The
/// rest ends a beginning, and what is not understood gives up.
pub(super) fn prefixes(pattern: &str) -> Box<[Box<str>]> {
    let Some(rest) = pattern.strip_prefix('^') else { return Box::default() };
    let mut chars = rest.chars().peekable();
    let branches = sequence(&mut chars, 0).filter(|_| chars.next().is_none());
    let mut texts: Vec<Box<str>> =
        branches.into_iter().flatten().map(|branch| branch.text.into()).collect();
    texts.sort_unstable();
    texts.dedup();
    if texts.first().is_none_or(|shortest| shortest.is_empty()) {
        return Box::default();
    }
    texts.into()
}

/// Alternatives up to the end of their group.
fn alternatives(chars: &mut Peekable<Chars<'_>>, depth: u8) -> Option<Vec<Branch>> {
    let mut all = sequence(chars, depth)?;
    while chars.next_if_eq(&'|').is_some() {
        all.extend(sequence(chars, depth)?);
    }
    Some(if all.len() > MOST { Branch::unknown() } else { all })
}

/// What follows one another, up to `|`, `)` or the end.
fn sequence(chars: &mut Peekable<Chars<'_>>, depth: u8) -> Option<Vec<Branch>> {
    let mut all = vec![Branch { text: String::new(), open: true }];
    while chars.peek().is_some_and(|next| !matches!(next, '|' | ')')) {
        let item = item(chars, depth)?;
        let item = repeated(chars, item)?;
        let mut next = Vec::new();
        for branch in all {
            if !branch.open {
                next.push(branch);
                continue;
            }
            for more in &item {
                let text = format!("{}{}", branch.text, more.text);
                next.push(Branch { text, open: more.open });
            }
        }
        if next.len() > MOST {
            return None;
        }
        all = next;
    }
    Some(all)
}

fn item(chars: &mut Peekable<Chars<'_>>, depth: u8) -> Option<Vec<Branch>> {
    match chars.next()? {
        '(' => {
            if chars.next_if_eq(&'?').is_some() {
                chars.next_if_eq(&':')?;
            }
            let inner = alternatives(chars, depth.checked_add(1).filter(|it| *it < DEEPEST)?)?;
            chars.next_if_eq(&')')?;
            Some(inner)
        }
        '[' => class(chars),
        '\\' => Some(match escaped(chars)? {
            Escaped::Letter(letter) => vec![Branch::letter(letter)],
            Escaped::Class => Branch::unknown(),
        }),
        '.' | '$' => Some(Branch::unknown()),
        '^' | '*' | '+' | '?' | '{' | '}' | ']' => None,
        letter => Some(vec![Branch::letter(letter)]),
    }
}

/// What stands after a backslash.
#[derive(Clone, Copy)]
enum Escaped {
    Letter(char),
    Class,
}

fn escaped(chars: &mut Peekable<Chars<'_>>) -> Option<Escaped> {
    match chars.next()? {
        'd' | 'w' | 's' | 'D' | 'W' | 'S' => Some(Escaped::Class),
        mark if mark.is_ascii_punctuation() => Some(Escaped::Letter(mark)),
        _ => None,
    }
}

/// A class of a few letters, or an unknown one.
fn class(chars: &mut Peekable<Chars<'_>>) -> Option<Vec<Branch>> {
    const FEW: usize = 8;
    let mut is_known = chars.next_if_eq(&'^').is_none();
    let mut letters = Vec::new();
    loop {
        match chars.next()? {
            ']' if letters.is_empty() => return None,
            ']' => break,
            '[' | '&' | '~' => return None,
            '\\' => match escaped(chars)? {
                Escaped::Letter(letter) => letters.push(letter),
                Escaped::Class => {
                    is_known = false;
                    letters.push('d');
                }
            },
            '-' if !letters.is_empty() && chars.peek() != Some(&']') => {
                is_known = false;
                letters.push('-');
            }
            letter => letters.push(letter),
        }
    }
    if !is_known || letters.len() > FEW {
        return Some(Branch::unknown());
    }
    Some(letters.into_iter().map(Branch::letter).collect())
}

/// The item as often as the mark behind it says.
fn repeated(chars: &mut Peekable<Chars<'_>>, mut item: Vec<Branch>) -> Option<Vec<Branch>> {
    match chars.peek() {
        Some('?') => {
            chars.next();
            item.push(Branch { text: String::new(), open: true });
        }
        Some('*') => {
            chars.next();
            item = Branch::unknown();
        }
        Some('+') => {
            chars.next();
            for branch in &mut item {
                branch.open = false;
            }
        }
        Some('{') => {
            while chars.next()? != '}' {}
            item = Branch::unknown();
        }
        _ => return Some(item),
    }
    // The mark of a lazy repetition; of a second one nothing is known.
    chars.next_if_eq(&'?');
    chars.peek().is_none_or(|next| !matches!(next, '?' | '*' | '+' | '{')).then_some(item)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_lite::Regex;

    use super::*;

    #[test]
    fn beginnings_are_read_as_far_as_they_are_letters() {
        for (pattern, expected) in [
            (r"^claude-opus-5[-@]\d{8}$", &["claude-opus-5-", "claude-opus-5@"][..]),
            (r"^gpt-6\.1-sol-\d{8}$", &["gpt-6.1-sol-"]),
            ("^o[134]", &["o1", "o3", "o4"]),
            ("^(?:(?:a-)?(?:b|c))d", &["a-bd", "a-cd", "bd", "cd"]),
            ("^ab?c", &["abc", "ac"]),
            ("^ab*c", &["a"]),
            ("^ab+c", &["ab"]),
            ("^ab{2}c", &["a"]),
            ("^ab??c", &["abc", "ac"]),
            ("abc", &[]),
            ("^abc|d", &[]),
            ("^(?i)abc", &[]),
            ("^(?i:abc)", &[]),
            (r"^\babc", &[]),
            ("^(?:[^/]+/)", &[]),
            ("^.*a", &[]),
            ("^a?", &[]),
        ] {
            let expected: Vec<Box<str>> = expected.iter().map(|text| (*text).into()).collect();
            assert_eq!(*prefixes(pattern), *expected, "{pattern}");
        }
    }

    fn pattern() -> impl Strategy<Value = String> {
        let item = proptest::sample::select(vec![
            "a", "b", "-", r"\.", r"\d", ".", "[ab]", "[^a]", "[a-c]", "[-@]", "$", "1",
        ])
        .prop_map(str::to_owned);
        let mark = proptest::sample::select(vec!["", "", "", "?", "*", "+", "{2}", "{0,1}", "??"]);
        item.prop_recursive(3, 12, 3, move |inner| {
            let inner = proptest::collection::vec((inner, mark.clone()), 1..4)
                .prop_map(|parts| parts.into_iter().map(|(it, mark)| it + mark).collect());
            let inner = proptest::collection::vec(inner, 1..4);
            inner.prop_map(|parts: Vec<String>| format!("(?:{})", parts.join("|")))
        })
    }

    proptest! {
        #[test]
        fn whatever_matches_begins_so(pattern in pattern(), name in "[ab1.@-]{0,6}") {
            let pattern = format!("^{pattern}");
            let Ok(regex) = Regex::new(&pattern) else { return Ok(()) };
            let known = prefixes(&pattern);
            if regex.is_match(&name) && !known.is_empty() {
                let begins = known.iter().any(|text| name.starts_with(&**text));
                prop_assert!(begins, "{} {:?} {:?}", pattern, name, known);
            }
        }
    }
}
