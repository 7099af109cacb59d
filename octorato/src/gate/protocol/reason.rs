//! Reasons that people and models read: one line, no control characters, no word that agents
//! take for a passing trouble of the network.

/// The longest reason, in characters.
pub const MAX_REASON: usize = 480;

/// Words that make an agent or a model try the same again, and what is said instead. They are met
/// as whole words in any case.
const RETRIED: &[(&str, &str)] = &[
    ("rate limits", "caps"),
    ("rate limited", "capped"),
    ("rate-limited", "capped"),
    ("rate limit", "cap"),
    ("rate-limit", "cap"),
    ("ratelimit", "cap"),
    ("limits exceeded", "cap reached"),
    ("limit exceeded", "cap reached"),
    ("limit reached", "cap reached"),
    ("too many requests", "cap reached"),
    ("try again", "go on"),
    ("trying again", "going on"),
    ("retry", "go on"),
    ("retries", "goes on"),
    ("retrying", "going on"),
    ("throttled", "capped"),
    ("throttling", "capping"),
    ("quotas", "budgets"),
    ("quota", "budget"),
    ("rates", "prices"),
    ("rate", "price"),
    ("overloaded", "over its cap"),
    ("429", "the cap"),
];

/// Whether a text has a word that sounds like a trouble that passes if one tries again. Amounts
/// of money (`$429.00`, `4.29`) have none.
pub fn sounds_like_a_retry(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    RETRIED.iter().any(|(word, _)| find(&lower, word, 0).is_some())
}

/// A text in one line: control and invisible formatting characters are blanks, blanks are single,
/// words of [`sounds_like_a_retry`] are replaced, and it ends after [`MAX_REASON`] characters.
///
/// ```
/// use octorato::gate::protocol::one_line;
///
/// assert_eq!(one_line(" over\nthe\u{202e}\tquota "), "over the budget");
/// assert_eq!(one_line("$429.00 of $429.00"), "$429.00 of $429.00");
/// ```
pub fn one_line(text: &str) -> String {
    // Four times what is kept is enough for all replacements, which are hardly longer.
    let bounded = text.chars().take(MAX_REASON * 4);
    let visible: String = bounded.map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let mut line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    // What is put in place of a word, and where a line is cut, may make another such word.
    for _ in 0..4 {
        line = cut(reworded(line));
        if !sounds_like_a_retry(&line) {
            return line;
        }
    }
    "octorato denies this".to_owned()
}

fn reworded(mut line: String) -> String {
    for (word, instead) in RETRIED {
        let mut from = 0;
        while let Some(at) = find(&line.to_ascii_lowercase(), word, from) {
            line.replace_range(at..at + word.len(), instead);
            from = at + instead.len();
        }
    }
    line
}

fn cut(line: String) -> String {
    if line.chars().count() <= MAX_REASON {
        return line;
    }
    line.chars().take(MAX_REASON - 1).chain(['…']).collect()
}

/// Whether a character is one that a reader does not see, or that changes how others are shown.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Where a lower-case text has a word, from a place on; digits of an amount are no word.
fn find(lower: &str, word: &str, from: usize) -> Option<usize> {
    let number = word.starts_with(|c: char| c.is_ascii_digit());
    lower[from..].match_indices(word).map(|(at, _)| from + at).find(|&at| {
        let before = lower[..at].chars().next_back();
        let mut after = lower[at + word.len()..].chars();
        let next = after.next();
        let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let amount = number
            && (matches!(before, Some('$' | '.' | ','))
                || matches!(next, Some('.' | ','))
                    && after.next().is_some_and(|c| c.is_ascii_digit()));
        !part(before) && !part(next) && !amount
    })
}
