//! How far a file has been read, so that the next look reads only what is new.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::str::FromStr;
use std::time::UNIX_EPOCH;

use octorato_core::{Error, ErrorKind};

use super::lines::Line;

/// How many bytes at the beginning of a file, and before the place that was reached, tell a file
/// that has grown from one that was written anew.
const KEPT: usize = 256;

/// How far a file has been read.
///
/// It holds what tells the file again: its number on its device where the system has one, its
/// length and time of change, and hashes of its first bytes and of the last ones before the place
/// that was reached. The device is left out, since systems number devices anew when they start.
///
/// Written as text of one line; the first word is the version, and what another version wrote is an
/// error, after which the file is read from its beginning.
///
/// ```
/// use octorato_finops::logs::Cursor;
///
/// let text = "c1 7 120 1790000000000000000 100 3 40:00000000000000a1 100:00000000000000b2";
/// let cursor: Cursor = text.parse()?;
/// assert_eq!(cursor.offset(), 100);
/// assert_eq!(cursor.to_string(), text);
/// assert!("c2 7".parse::<Cursor>().is_err());
/// # Ok::<(), octorato_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    stamp: Stamp,
    offset: u64,
    lines: u64,
    head: Print,
    tail: Print,
}

/// What a look at a file's name and dates tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Its number on its device; 0 where there is none.
    inode: u64,
    length: u64,
    /// In nanoseconds since 1970; 0 where it is not known.
    modified: u64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok());
        Self { inode, length: metadata.len(), modified: modified.unwrap_or(0) }
    }

    /// When the file was last written to, for ordering.
    pub(super) fn modified(&self) -> u64 {
        self.modified
    }
}

/// The hash of a few bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Print {
    length: u64,
    hash: u64,
}

impl Print {
    fn of(bytes: &[u8]) -> Self {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(blake3::hash(bytes).as_bytes()) {
            *to = *from;
        }
        Self { length: bytes.len() as u64, hash: u64::from_be_bytes(first) }
    }

    /// Whether `file` has these bytes at `start`.
    fn is_at(self, file: &mut File, start: u64) -> io::Result<bool> {
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::with_capacity(KEPT);
        file.take(self.length).read_to_end(&mut bytes)?;
        Ok(Self::of(&bytes) == self)
    }
}

/// Where the reading of a file began, and why there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Start {
    /// At its beginning, for the first time.
    First,
    /// Where the last reading ended.
    Continued,
    /// At its beginning: another file has its name.
    Replaced,
    /// At its beginning: it is shorter than what was read of it.
    Truncated,
    /// At its beginning: what was read of it has changed.
    Rewritten,
    /// At its beginning: a record is told from others only by all that the file holds.
    Reconsidered,
}

impl Start {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Continued => "continued",
            Self::Replaced => "replaced",
            Self::Truncated => "truncated",
            Self::Rewritten => "rewritten",
            Self::Reconsidered => "reconsidered",
        }
    }
}

impl Cursor {
    /// The byte after the last line that was read with its end.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing tells that the file has changed since.
    pub(super) fn is_current(&self, stamp: &Stamp) -> bool {
        self.stamp == *stamp
    }

    /// The same file, to be read from its beginning once it changes.
    pub(super) fn rewound(self) -> Self {
        Self { stamp: self.stamp, ..Self::default() }
    }

    /// Where to read on in a file.
    pub(super) fn start_in(&self, file: &mut File, stamp: &Stamp) -> io::Result<Start> {
        Ok(if self.stamp.inode != stamp.inode {
            Start::Replaced
        } else if stamp.length < self.offset {
            Start::Truncated
        } else if self.head.is_at(file, 0)?
            && self.tail.is_at(file, self.offset.saturating_sub(self.tail.length))?
        {
            Start::Continued
        } else {
            Start::Rewritten
        })
    }
}

/// Sees the lines of a file go by, for the cursor of what was read.
pub(super) struct Watch {
    head: Print,
    tail: Vec<u8>,
    tail_before: Print,
    lines: u64,
    last: Option<u64>,
}

impl Watch {
    /// What is read begins at `from`.
    pub(super) fn new(from: &Cursor) -> Self {
        Self {
            head: from.head,
            tail: Vec::new(),
            tail_before: from.tail,
            lines: from.lines,
            last: None,
        }
    }

    /// A line that starts at `offset`; the answer is its number from 1.
    pub(super) fn line(&mut self, offset: u64, line: &Line<'_>) -> u64 {
        self.lines += 1;
        self.last = Some(offset);
        match line {
            Line::Whole(bytes) => {
                if bytes.len() >= KEPT {
                    self.tail.clear();
                }
                self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(KEPT)..]);
                self.tail.push(b'\n');
                let surplus = self.tail.len().saturating_sub(KEPT);
                self.tail.drain(..surplus);
                if offset == 0 {
                    self.head = Print::of(&bytes[..bytes.len().min(KEPT)]);
                }
            }
            Line::TooLong => {
                self.tail.clear();
                self.tail_before = Print::default();
            }
            Line::Unended(_) => {}
        }
        self.lines
    }

    /// The cursor once `ended` is the byte after the last line with its end, and `length` all that
    /// the file was seen to hold.
    pub(super) fn cursor(self, stamp: Stamp, ended: u64, length: u64) -> Cursor {
        let is_last_open = self.last.is_some_and(|start| start >= ended);
        Cursor {
            stamp: Stamp { length, ..stamp },
            offset: ended,
            lines: self.lines - u64::from(is_last_open),
            head: self.head,
            tail: if self.tail.is_empty() { self.tail_before } else { Print::of(&self.tail) },
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stamp: Stamp { inode, length, modified }, offset, lines, head, tail } = self;
        write!(f, "c1 {inode} {length} {modified} {offset} {lines}")?;
        for print in [head, tail] {
            write!(f, " {}:{:016x}", print.length, print.hash)?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parse = || {
            let mut words = text.split(' ');
            if words.next()? != "c1" {
                return None;
            }
            let mut numbers = [0_u64; 5];
            for number in &mut numbers {
                *number = words.next()?.parse().ok()?;
            }
            let mut prints = [Print::default(); 2];
            for print in &mut prints {
                let (length, hash) = words.next()?.split_once(':')?;
                let length = length.parse().ok().filter(|&length| length <= KEPT as u64)?;
                *print = Print { length, hash: u64::from_str_radix(hash, 16).ok()? };
            }
            let [inode, length, modified, offset, lines] = numbers;
            let [head, tail] = prints;
            let stamp = Stamp { inode, length, modified };
            words.next().is_none().then_some(Self { stamp, offset, lines, head, tail })
        };
        parse().ok_or_else(|| {
            Error::new(ErrorKind::Data, format!("not a cursor of this version: `{text}`"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_cursor_is_an_error() {
        let good = "c1 7 120 1 100 3 40:00000000000000a1 100:00000000000000b2";
        assert_eq!(good.parse::<Cursor>().unwrap().to_string(), good);
        for bad in [
            "",
            "c1",
            "c1 7 120 1 100 3 40:a1",
            "c1 7 120 1 100 -3 40:a1 1:b",
            "c1 7 120 1 100 3 400000:a1 1:b",
            "c1 7 120 1 100 3 40:a1 1:b more",
            "c9 7 120 1 100 3 40:a1 1:b",
        ] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_tail_is_what_lies_before_the_place_that_was_reached() {
        let long = [b'x'; 1000];
        for lines in [vec![&b"a"[..], b"", b"bc"], vec![&long[..], b"q"], vec![b"q", &long[..]]] {
            let mut watch = Watch::new(&Cursor::default());
            let mut text = Vec::new();
            for line in lines {
                watch.line(text.len() as u64, &Line::Whole(line));
                text.extend_from_slice(line);
                text.push(b'\n');
            }
            let ended = text.len() as u64;
            let cursor = watch.cursor(Stamp::default(), ended, ended);
            assert_eq!(cursor.tail, Print::of(&text[text.len().saturating_sub(KEPT)..]));
            let first = text.iter().position(|&byte| byte == b'\n').unwrap();
            assert_eq!(cursor.head, Print::of(&text[..first.min(KEPT)]));
        }
    }
}
