//! What a process wrote, in the order in which it did.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// One thing that happened to a file.
#[derive(Debug)]
pub(crate) enum Event {
    Created,
    Written { at: usize, data: Vec<u8> },
    Truncated { size: usize },
    SyncBegan(u64),
    SyncEnded(u64),
    Unlinked,
}

/// One line of the record.
#[derive(Debug)]
pub(crate) struct Line {
    /// The file, by its name in the folder; `.` is the folder.
    pub(crate) name: String,
    pub(crate) event: Event,
}

/// Reads what the shim recorded (`struct entry` of `shim.c`).
pub(crate) fn read(path: &Path) -> Result<Vec<Line>> {
    let bytes = std::fs::read(path).context("the record cannot be read")?;
    let mut rest = bytes.as_slice();
    let mut lines = Vec::new();
    while !rest.is_empty() {
        let header: &[u8; 18] = take(&mut rest, 18)?.try_into()?;
        let [op, name, numbers @ ..] = header;
        let (at, size) = numbers.split_at(8);
        let at = u64::from_le_bytes(at.try_into()?);
        let size = usize::try_from(u64::from_le_bytes(size.try_into()?))?;
        let name = String::from_utf8(take(&mut rest, usize::from(*name))?.to_vec())?;
        let event = match op {
            b'C' => Event::Created,
            b'W' => {
                Event::Written { at: usize::try_from(at)?, data: take(&mut rest, size)?.to_vec() }
            }
            b'T' => Event::Truncated { size: usize::try_from(at)? },
            b'B' => Event::SyncBegan(at),
            b'E' => Event::SyncEnded(at),
            b'U' => Event::Unlinked,
            other => bail!("the record has an unknown entry: `{}`", char::from(*other)),
        };
        lines.push(Line { name, event });
    }
    Ok(lines)
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> Result<&'b [u8]> {
    let (taken, after) = rest.split_at_checked(count).context("the record is cut off")?;
    *rest = after;
    Ok(taken)
}
