//! The known word that was most likely meant.

/// The candidate nearest to `word`, if one is near enough to be a slip of the keyboard: at most a
/// third of its characters wrong, a swap of neighbours counting once, case not at all.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(LONGEST + 1).collect();
    if word.len() > LONGEST {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| {
            distance <= (candidate.chars().count().max(word.len()) / 3).max(1)
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// No key and no zone is longer; what is longer was not meant as one.
const LONGEST: usize = 64;

/// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut current = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut best =
                (previous[j] + usize::from(x != y)).min(previous[j + 1] + 1).min(current[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                best = best.min(before[j - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_finds_none() {
        let keys = ["id", "client", "roots", "remotes", "aliases", "timezone"];
        let near = |word: &str| nearest(word, keys);
        assert_eq!(near("root"), Some("roots"));
        assert_eq!(near("clinet"), Some("client"));
        assert_eq!(near("Remotes"), Some("remotes"));
        assert_eq!(near("time-zone"), Some("timezone"));
        assert_eq!(near("di"), Some("id"));
        assert_eq!(near("budget"), None);
        assert_eq!(near(""), None);
        assert_eq!(near(&"x".repeat(10_000)), None);
    }
}
