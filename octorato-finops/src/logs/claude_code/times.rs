//! Times for records that have none.

use std::fs::File;
use std::path::Path;

use jiff::Timestamp;

use super::super::lines::{self, Line};
use super::super::merge::{Merge, Message};
use super::record;

/// Gives records without a time that of the nearest earlier line that has one, else of the first
/// later one; [`Timestamp::MAX`] where no line of the file has any.
pub(super) fn from_neighbours(path: &Path, mut untimed: Vec<Message>) -> Vec<Message> {
    untimed.sort_by_key(|message| message.event.evidence.offset);
    let offsets: Vec<u64> = untimed.iter().map(|m| m.event.evidence.offset).collect();
    let mut timed = Merge::default();
    for (mut message, time) in untimed.into_iter().zip(near(path, &offsets)) {
        message.event.at = time.unwrap_or(Timestamp::MAX);
        if !message.is_loose && message.event.evidence.message.is_none() {
            message.key = super::key_by_content(&message.event, message.cache_writes);
        }
        timed.add(message);
    }
    timed.into_messages()
}

/// For each of the ascending `offsets` the last time before it, else the first after it.
fn near(path: &Path, offsets: &[u64]) -> Vec<Option<Timestamp>> {
    let mut found = Vec::with_capacity(offsets.len());
    let (mut first, mut last) = (None, None);
    // The file was read a moment ago; where it cannot be read again, nothing is known.
    if let Ok(file) = File::open(path) {
        let _ = lines::for_each_line(
            file,
            0,
            |_| {},
            |offset, line| {
                while offsets.get(found.len()).is_some_and(|&wanted| wanted <= offset) {
                    found.push(last);
                }
                if let Line::Whole(bytes) | Line::Unended(bytes) = line
                    && let Some(time) = record::timestamp(bytes)
                {
                    first = first.or(Some(time));
                    last = Some(time);
                }
            },
        );
    }
    found.resize(offsets.len(), last);
    found.into_iter().map(|time| time.or(first)).collect()
}
