//! Slots and sums as rows.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::SessionId;
use rusqlite::types::{Value, ValueRef};

use super::cells::{floor, instant};
use super::fault::{Spoilt, spoilt};
use crate::ledger::slot::Slot;

/// Before 1973 zones had offsets with seconds, so that minutes are too coarse.
const COARSE: i64 = 94_694_400_000;

const MINUTE: i64 = 60_000;

/// A slot as two columns, in the order of slots.
pub(super) fn columns(slot: &Slot) -> Result<(i64, Value), Spoilt> {
    Ok(match slot {
        Slot::From(start) => (1, Value::Integer(whole(*start)?)),
        Slot::Bucket(number) => (2, Value::Integer(*number)),
        Slot::Total => (3, Value::Integer(0)),
        Slot::Session(session) => (4, Value::Text(session.as_str().to_owned())),
        Slot::Run(run) => (5, Value::Text(run.to_string())),
    })
}

/// The slot of two columns.
pub(super) fn slot(kind: i64, value: ValueRef<'_>) -> Result<Slot, Spoilt> {
    let text = || value.as_str().map_err(|_| spoilt("a slot has no name"));
    Ok(match kind {
        1 => Slot::From(instant(value)?),
        2 => Slot::Bucket(value.as_i64().map_err(|_| spoilt("a bucket has no number"))?),
        3 => Slot::Total,
        4 => Slot::Session(SessionId::from(text()?)),
        5 => Slot::Run(Arc::from(text()?)),
        _ => return Err(spoilt("a slot is of an unknown kind")),
    })
}

/// An instant that must be of whole milliseconds: the edge of a period.
pub(super) fn whole(at: Timestamp) -> Result<i64, Spoilt> {
    if at.as_nanosecond().rem_euclid(1_000_000) == 0 {
        Ok(floor(at))
    } else {
        Err(spoilt("a period begins within a millisecond"))
    }
}

/// The row of `sums` that counts what is posted at `at`.
pub(super) fn posted(at: Timestamp) -> i64 {
    let milliseconds = floor(at);
    if milliseconds < COARSE {
        milliseconds
    } else {
        milliseconds - milliseconds.rem_euclid(MINUTE)
    }
}

/// The rows of `sums` that tile an interval, from and to; nothing where an edge cuts one.
pub(super) fn tiles((start, end): (Timestamp, Timestamp)) -> Option<(i64, i64)> {
    let edge = |at: Timestamp| {
        let row = posted(at);
        let is_whole = i128::from(row) * 1_000_000 == at.as_nanosecond();
        (is_whole || at == Timestamp::MAX).then_some(row)
    };
    let last = if end == Timestamp::MAX { i64::MAX } else { edge(end)? };
    Some((edge(start)?, last))
}

/// What a row is sealed with: a hash of its numbers and of its text.
pub(super) fn seal(numbers: &[i64], text: &str) -> i64 {
    let mut hasher = blake3::Hasher::new();
    for number in numbers {
        hasher.update(&number.to_be_bytes());
    }
    hasher.update(text.as_bytes());
    let mut seal = [0; 8];
    seal.iter_mut().zip(hasher.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
    i64::from_be_bytes(seal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_of_whole_minutes_is_tiled_and_no_other() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let noon = at("2026-10-20T12:00:00Z");
        let tiled = tiles((noon, at("2026-10-20T12:05:00Z"))).unwrap();
        assert_eq!(tiled, (posted(noon), posted(noon) + 5 * MINUTE));
        assert_eq!(tiles((noon, at("2026-10-20T12:05:00.5Z"))), None);
        assert_eq!(tiles((at("2026-10-20T12:05:01Z"), Timestamp::MAX)), None);
        assert_eq!(tiles((Timestamp::MIN, Timestamp::MAX)).unwrap().1, i64::MAX);
        // Monrovia was 44 minutes and 30 seconds behind.
        assert!(tiles((at("1971-01-01T00:44:30Z"), at("1972-01-01T00:44:30Z"))).is_some());
    }

    #[test]
    fn slots_come_back_as_they_went_and_in_their_order() {
        let slots = [
            Slot::From(Timestamp::MIN),
            Slot::From("2026-10-01T00:00:00Z".parse().unwrap()),
            Slot::Bucket(-3),
            Slot::Bucket(29_000_000),
            Slot::Total,
            Slot::Session("a".into()),
            Slot::Session("b".into()),
            Slot::Run("a".into()),
        ];
        assert!(slots.is_sorted());
        for one in slots {
            let (kind, value) = columns(&one).unwrap();
            assert_eq!(slot(kind, (&value).into()).unwrap(), one);
        }
    }
}
