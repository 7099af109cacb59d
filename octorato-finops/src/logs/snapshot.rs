//! What a later snapshot of a request must know of an earlier one, beside what was booked.

use std::sync::Arc;

use jiff::Timestamp;

use super::merge::Rank;

/// What is kept of a snapshot; mostly nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// The strongest rank among its records.
    pub(super) rank: Rank,
    /// How much of its five-minute cache writes is what the parts left over of their total.
    pub(super) rest: u64,
    /// When it was made, where that is not the date at which it is booked.
    pub(super) at: Option<Timestamp>,
    /// The key of the message that it turned out to belong to, where it is booked under another.
    pub(super) of: Option<Arc<str>>,
}

impl Snapshot {
    /// As one line of text; nothing for the usual case. What names a message comes last, since it
    /// may hold spaces.
    pub(super) fn to_text(&self) -> Option<Arc<str>> {
        let Self { rank, rest, at, of } = self;
        let words = [
            rank.name().map(str::to_owned),
            (*rest > 0).then(|| format!("rest={rest}")),
            at.map(|at| format!("at={at}")),
            of.as_ref().map(|of| format!("of={of}")),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(" ").into())
    }

    /// Reads what [`Snapshot::to_text`] wrote. A word of a later version is passed over: all that it
    /// can say more of is how counts that differ between records go together.
    pub(super) fn parse(text: Option<&str>) -> Self {
        let mut snapshot = Self { rank: Rank::Own, rest: 0, at: None, of: None };
        let mut left = text.unwrap_or_default();
        while !left.is_empty() {
            if let Some(of) = left.strip_prefix("of=") {
                snapshot.of = Some(of.into());
                break;
            }
            let (word, after) = left.split_once(' ').unwrap_or((left, ""));
            left = after;
            match word.split_once('=') {
                Some(("rest", rest)) => snapshot.rest = rest.parse().unwrap_or(0),
                Some(("at", at)) => snapshot.at = at.parse().ok(),
                _ => snapshot.rank = Rank::from_name(word).unwrap_or(snapshot.rank),
            }
        }
        snapshot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back() {
        let usual = Snapshot { rank: Rank::Own, rest: 0, at: None, of: None };
        assert_eq!(usual.to_text(), None);
        let odd = Snapshot {
            rank: Rank::Progress,
            rest: 7,
            at: Some("2026-10-01T09:00:00.5Z".parse().unwrap()),
            of: Some("chatcmpl-1 [3, 0, 0] at=x".into()),
        };
        for snapshot in [usual, odd, Snapshot { rank: Rank::Untimed, rest: 1, at: None, of: None }]
        {
            assert_eq!(Snapshot::parse(snapshot.to_text().as_deref()), snapshot);
        }
    }
}
