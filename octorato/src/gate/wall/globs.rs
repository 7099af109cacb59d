//! Patterns of names, as shells and agents write them.

/// A pattern whose quoted characters are escaped with a backslash.
///
/// Braces become alternatives; where there are too many, a group counts as `*`.
pub(super) fn alternatives(pattern: &str) -> Vec<String> {
    const MOST: usize = 256;
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(next) = open.pop() {
        let Some((start, end, choices)) = group(&next) else {
            done.push(next);
            continue;
        };
        let (head, tail) = (&next[..start], &next[end..]);
        if done.len() + open.len() + choices.len() > MOST {
            open.push(format!("{head}*{tail}"));
        } else {
            open.extend(choices.iter().map(|choice| format!("{head}{choice}{tail}")));
        }
    }
    done
}

/// The first group in braces that has a comma or a range: where it starts and ends, and its choices.
fn group(text: &str) -> Option<(usize, usize, Vec<String>)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'{' => {
                if let Some(found) = group_at(text, at) {
                    return Some(found);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn group_at(text: &str, start: usize) -> Option<(usize, usize, Vec<String>)> {
    let bytes = text.as_bytes();
    let (mut depth, mut choices, mut from, mut at) = (0_usize, Vec::new(), start + 1, start);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'{' => depth += 1,
            b',' if depth == 1 => {
                choices.push(text[from..at].to_owned());
                from = at + 1;
            }
            b'}' if depth == 1 => {
                let last = text.get(from..at)?;
                if choices.is_empty() {
                    // A range such as `{1..9}` may be anything.
                    return last.contains("..").then(|| (start, at + 1, vec!["*".to_owned()]));
                }
                choices.push(last.to_owned());
                return Some((start, at + 1, choices));
            }
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether anything in it stands for other characters.
pub(super) fn is_pattern(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let meta = !escaped && matches!(c, '*' | '?' | '[');
        escaped = !escaped && c == '\\';
        meta
    })
}

/// The text that a pattern without metacharacters stands for.
pub(super) fn plain(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        text.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    text
}

/// Whether a pattern of one name fits a name; case is of no account, and what is written in
/// brackets counts as any character, so that no spelling of a set reaches past the wall.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<Piece> = pieces(pattern);
    let name: Vec<char> = name.to_lowercase().chars().collect();
    // The textbook match with one point of return.
    let (mut p, mut n, mut back) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(Piece::Many) => {
                back = Some((p, n));
                p += 1;
            }
            Some(Piece::One) => (p, n) = (p + 1, n + 1),
            Some(Piece::Char(c)) if *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match back {
                Some((star, from)) => {
                    (p, n) = (star + 1, from + 1);
                    back = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|piece| *piece == Piece::Many)
}

#[derive(PartialEq)]
enum Piece {
    Many,
    One,
    Char(char),
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => pieces.push(Piece::Many),
            '?' => pieces.push(Piece::One),
            '\\' => pieces.extend(chars.next().into_iter().flat_map(lower)),
            '[' => {
                let rest: String = chars.clone().collect();
                // `]` as the first character of a set is one of it.
                let skip = rest.trim_start_matches(['!', '^']);
                let skipped = rest.len() - skip.len();
                let inner = skip.strip_prefix(']').map_or(0, |_| 1);
                if let Some(end) = skip[inner..].find(']') {
                    let length = rest[..=skipped + inner + end].chars().count();
                    for _ in 0..length {
                        chars.next();
                    }
                    pieces.push(Piece::One);
                } else {
                    pieces.push(Piece::Char('['));
                }
            }
            // Extended patterns `@(a|b)`, `!(a)`: whatever they mean, they may reach in.
            '(' => {
                if matches!(pieces.last(), Some(Piece::Char('@' | '!' | '+')))
                    || matches!(pieces.last(), Some(Piece::Many | Piece::One))
                {
                    pieces.pop();
                    pieces.push(Piece::Many);
                    for c in chars.by_ref() {
                        if c == ')' {
                            break;
                        }
                    }
                } else {
                    pieces.push(Piece::Char('('));
                }
            }
            c => pieces.extend(lower(c)),
        }
    }
    pieces
}

fn lower(c: char) -> impl Iterator<Item = Piece> {
    c.to_lowercase().map(Piece::Char)
}

/// How a pattern of a whole path lies to a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It stands for nothing there.
    Beside,
    /// It can stand for a folder above.
    Above,
    /// It can stand for the folder or something in it.
    Within,
}

/// How the names of a pattern lie to those of a folder; both absolute, `.` and `..` resolved.
pub(super) fn reach(pattern: &[String], folder: &[String]) -> Reach {
    for (at, name) in folder.iter().enumerate() {
        match pattern.get(at) {
            None => return Reach::Above,
            Some(part) if part == "**" => return Reach::Within,
            Some(part) if fits(part, name) => {}
            Some(_) => return Reach::Beside,
        }
    }
    Reach::Within
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Vec<String> {
        path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn names_fit_patterns() {
        for (pattern, name) in [
            ("*", "globex"),
            ("g*x", "globex"),
            ("gl?bex", "globex"),
            ("gl[no]bex", "globex"),
            ("gl[!a]bex", "globex"),
            ("[]g]lobex", "globex"),
            ("GLOB*", "globex"),
            ("@(globex|x)", "globex"),
            ("!(acme)", "globex"),
            ("g*l*o*b*e*x*", "globex"),
        ] {
            assert!(fits(pattern, name), "{pattern}");
        }
        for pattern in ["a*", "glob", "globex?", "\\*", "[", ""] {
            assert!(!fits(pattern, "globex"), "{pattern}");
        }
    }

    #[test]
    fn braces_are_alternatives() {
        let mut found = alternatives("/w/{acme,glo{bex,bus}}/x");
        found.sort();
        assert_eq!(found, ["/w/acme/x", "/w/globex/x", "/w/globus/x"]);
        assert_eq!(alternatives("/w/{globex}"), ["/w/{globex}"]);
        assert_eq!(alternatives("/w/g{1..3}"), ["/w/g*"]);
        assert!(alternatives(&"{a,b}".repeat(40)).len() <= 600);
    }

    #[test]
    fn a_pattern_reaches_into_or_over_a_folder() {
        let reach = |pattern: &str| reach(&names(pattern), &names("/w/globex"));
        assert_eq!(reach("/w/*/notes"), Reach::Within);
        assert_eq!(reach("/w/*"), Reach::Within);
        assert_eq!(reach("/w/**/x.md"), Reach::Within);
        assert_eq!(reach("/*"), Reach::Above);
        assert_eq!(reach("/w/a*/notes"), Reach::Beside);
    }
}
