//! What a disk may hold after the power was cut.

use std::collections::{BTreeMap, HashMap};

use crate::chance::Chance;
use crate::record::{Event, Line};

/// Files by their names.
pub(crate) type Disk = BTreeMap<String, Vec<u8>>;

const SECTOR: usize = 512;

/// The disk if power is cut after the first `cut` lines: all that a sync had made durable by then,
/// and of the rest what chance keeps: whole, in parts of whole sectors, or not at all. As any of it
/// may be missing, a later write may be there without an earlier one.
///
/// `trusts_syncs` is false for the negative control: then no sync of a log counts.
pub(crate) fn after(
    base: &Disk,
    lines: &[Line],
    cut: usize,
    chance: &mut Chance,
    trusts_syncs: bool,
) -> Disk {
    let lines = lines.get(..cut).unwrap_or(lines);
    let durable = durable(lines, trusts_syncs);
    let keeps = [0, 50, 90].get(chance.below(3)).copied().unwrap_or(50);
    let mut disk = base.clone();
    for (number, line) in lines.iter().enumerate() {
        let of_name = matches!(line.event, Event::Created | Event::Unlinked);
        let place = if of_name { "." } else { &line.name };
        let is_durable = durable.get(place).is_some_and(|until| number < *until);
        let is_kept = is_durable || chance.of_100(keeps);
        match &line.event {
            Event::Created if is_kept => {
                disk.entry(line.name.clone()).or_default();
            }
            Event::Unlinked if is_kept => {
                disk.remove(&line.name);
            }
            Event::Truncated { size } if is_kept => {
                if let Some(file) = disk.get_mut(&line.name) {
                    file.resize(*size, 0);
                }
            }
            Event::Written { at, data } => {
                // A file whose name was lost is lost.
                if let Some(file) = disk.get_mut(&line.name) {
                    if is_kept {
                        write(file, *at, data);
                    } else if chance.of_100(50) {
                        tear(file, *at, data, chance);
                    }
                }
            }
            _ => {}
        }
    }
    disk.retain(|name, _| !name.starts_with("acks"));
    disk
}

/// Up to which line each file is durable: where its last sync began that has ended.
fn durable(lines: &[Line], trusts_syncs: bool) -> HashMap<&str, usize> {
    let (mut began, mut durable) = (HashMap::new(), HashMap::new());
    for (number, line) in lines.iter().enumerate() {
        match line.event {
            Event::SyncBegan(sync) => {
                began.insert(sync, number);
            }
            Event::SyncEnded(sync) if trusts_syncs || !line.name.ends_with("-wal") => {
                if let Some(number) = began.get(&sync) {
                    let until = durable.entry(line.name.as_str()).or_insert(0);
                    *until = (*until).max(*number);
                }
            }
            _ => {}
        }
    }
    durable
}

fn write(file: &mut Vec<u8>, at: usize, data: &[u8]) {
    let end = at.saturating_add(data.len());
    if file.len() < end {
        file.resize(end, 0);
    }
    if let Some(place) = file.get_mut(at..end) {
        place.copy_from_slice(data);
    }
}

/// Writes some of the sectors.
fn tear(file: &mut Vec<u8>, at: usize, data: &[u8], chance: &mut Chance) {
    let (mut at, mut data) = (at, data);
    while !data.is_empty() {
        let (sector, rest) = data.split_at(data.len().min(SECTOR - at % SECTOR));
        if chance.of_100(50) {
            write(file, at, sector);
        }
        at += sector.len();
        data = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, event: Event) -> Line {
        Line { name: name.to_owned(), event }
    }

    fn written(at: usize, byte: u8) -> Line {
        line("a-wal", Event::Written { at, data: vec![byte; 2 * SECTOR] })
    }

    #[test]
    fn what_was_synced_is_there_and_the_rest_may_be() {
        let base = Disk::from([("a-wal".to_owned(), Vec::new())]);
        let lines = [
            written(0, 1),
            line("a-wal", Event::SyncBegan(1)),
            written(2 * SECTOR, 2), // While the sync goes on: not covered by it.
            line("a-wal", Event::SyncEnded(1)),
        ];
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let disk = after(&base, &lines, lines.len(), &mut Chance::new(seed), true);
            let file = &disk["a-wal"];
            assert_eq!(file[..2 * SECTOR], [1; 2 * SECTOR]);
            seen.insert(file[2 * SECTOR..].to_vec());
        }
        // Not there, whole, the first sector, the second sector behind a hole.
        assert_eq!(seen.len(), 4);
        // Before the sync has ended, or if it is not trusted, all may be missing.
        for (cut, trusts_syncs) in [(3, true), (4, false)] {
            let empty = (0..200).any(|seed| {
                let disk = after(&base, &lines, cut, &mut Chance::new(seed), trusts_syncs);
                disk["a-wal"].is_empty()
            });
            assert!(empty);
        }
    }

    #[test]
    fn a_new_name_is_there_for_sure_once_its_folder_was_synced() {
        let mut lines = vec![line("b", Event::Created), line("b", Event::Unlinked)];
        lines.pop();
        let exists = |lines: &[Line]| {
            let is_there = |seed| {
                let disk = after(&Disk::new(), lines, lines.len(), &mut Chance::new(seed), true);
                disk.contains_key("b")
            };
            (0..100).filter(|seed| is_there(*seed)).count()
        };
        assert!((1..100).contains(&exists(&lines)));
        lines.push(line(".", Event::SyncBegan(1)));
        lines.push(line(".", Event::SyncEnded(1)));
        assert_eq!(exists(&lines), 100);
    }
}
