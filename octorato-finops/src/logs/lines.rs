//! Lines of a file of any size in a buffer of bounded size.

use std::cell::Cell;
use std::io::{self, Read};

/// The longest line that is kept: real ones have at most a megabyte or two.
pub(super) const LONGEST_LINE: usize = 32 << 20;

/// How much is read at once; small enough to stay in a core's cache between reading and looking.
const CHUNK: usize = 256 << 10;

/// A line, or what is left of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A line without its end.
    Whole(&'a [u8]),
    /// The last line where the file does not end with a newline.
    Unended(&'a [u8]),
    /// A line that is longer than [`LONGEST_LINE`]; its bytes were passed over.
    TooLong,
}

thread_local! {
    /// Each thread reads all of its files through one buffer.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Calls `on_line` with each line and the byte at which it starts; `on_bytes` with each count of
/// bytes read. Holds at most [`LONGEST_LINE`] bytes.
///
/// The input stands at the byte `from`, where a line starts. The answer is the byte after the last
/// line that has its end.
pub(super) fn for_each_line(
    input: impl Read,
    from: u64,
    on_bytes: impl FnMut(u64),
    on_line: impl FnMut(u64, Line<'_>),
) -> io::Result<u64> {
    let mut buffer = BUFFER.take();
    let result = through(&mut buffer, input, from, on_bytes, on_line);
    // A buffer that one long line made large is given back.
    if buffer.len() <= 4 * CHUNK {
        BUFFER.set(buffer);
    }
    result
}

fn through(
    buffer: &mut Vec<u8>,
    mut input: impl Read,
    from: u64,
    mut on_bytes: impl FnMut(u64),
    mut on_line: impl FnMut(u64, Line<'_>),
) -> io::Result<u64> {
    if buffer.is_empty() {
        buffer.resize(CHUNK, 0);
    }
    let mut base = from; // offset in the file of buffer[0]
    let mut ended = from; // after the last newline
    let mut start = 0; // of the current line, in the buffer
    let mut filled = 0;
    let mut passing_over = false;
    let result = loop {
        if start == filled && !passing_over {
            base += filled as u64;
            (start, filled) = (0, 0);
        } else if filled == buffer.len() {
            if start > 0 {
                buffer.copy_within(start..filled, 0);
                base += start as u64;
                filled -= start;
                start = 0;
            } else if filled < LONGEST_LINE && !passing_over {
                buffer.resize((buffer.len() * 4).min(LONGEST_LINE), 0);
            } else {
                if !passing_over {
                    on_line(base, Line::TooLong);
                }
                passing_over = true;
                base += filled as u64;
                filled = 0;
            }
        }
        let count = match input.read(&mut buffer[filled..]) {
            Ok(0) => break Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => break Err(error),
        };
        on_bytes(count as u64);
        let seen = filled;
        filled += count;
        for newline in memchr::memchr_iter(b'\n', &buffer[seen..filled]) {
            let end = seen + newline;
            if passing_over {
                passing_over = false;
            } else {
                on_line(base + start as u64, Line::Whole(&buffer[start..end]));
            }
            start = end + 1;
            ended = base + start as u64;
        }
        if passing_over {
            base += filled as u64;
            (start, filled) = (0, 0);
        }
    };
    if start < filled && !passing_over {
        on_line(base + start as u64, Line::Unended(&buffer[start..filled]));
    }
    result.map(|()| ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A reader that gives at most `step` bytes at once, as pipes and growing files do.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(self.1).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn lines_of(bytes: &[u8], step: usize) -> Vec<(u64, String)> {
        let mut lines = Vec::new();
        let ended = for_each_line(
            Dripping(bytes, step),
            0,
            |_| {},
            |offset, line| {
                lines.push((
                    offset,
                    match line {
                        Line::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                        Line::Unended(bytes) => format!("{}<eof>", String::from_utf8_lossy(bytes)),
                        Line::TooLong => "<too long>".into(),
                    },
                ));
            },
        )
        .unwrap();
        let newline = bytes.iter().rposition(|&byte| byte == b'\n');
        assert_eq!(ended, newline.map_or(0, |at| at as u64 + 1));
        lines
    }

    #[test]
    fn what_is_read_later_has_its_place_in_the_whole() {
        let mut lines = Vec::new();
        let ended = for_each_line(&b"b\nc"[..], 100, |_| {}, |at, _| lines.push(at)).unwrap();
        assert_eq!((lines, ended), (vec![100, 102], 102));
        assert_eq!(for_each_line(&b""[..], 7, |_| {}, |_, _| {}).unwrap(), 7);
    }

    #[test]
    fn a_last_line_without_an_end_is_told_apart() {
        let expected = vec![(0, "a".to_owned()), (2, String::new()), (3, "bc<eof>".to_owned())];
        assert_eq!(lines_of(b"a\n\nbc", 100), expected);
        assert_eq!(lines_of(b"a\n\nbc", 1), expected);
    }

    #[test]
    fn a_line_beyond_the_limit_is_passed_over_and_the_next_is_read() {
        let mut bytes = b"first\n".to_vec();
        bytes.resize(bytes.len() + LONGEST_LINE * 2 + 7, b'x');
        let after = bytes.len() as u64 + 1;
        bytes.extend_from_slice(b"\nlast\n");
        let lines = lines_of(&bytes, usize::MAX);
        let expected =
            vec![(0, "first".into()), (6, "<too long>".into()), (after, "last".to_owned())];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_line_just_within_the_limit_is_kept() {
        let mut bytes = vec![b'x'; LONGEST_LINE - 1];
        bytes.extend_from_slice(b"\nnext\n");
        let lines = lines_of(&bytes, usize::MAX);
        assert_eq!(lines[0].1.len(), LONGEST_LINE - 1);
        assert_eq!(lines[1].1, "next");
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_whole_text(
            text in "[a\n]{0,64}", step in 1_usize..9, pad in 0_usize..3,
        ) {
            // Pads push the interesting part over the edges of the chunk.
            let mut bytes = vec![b'p'; pad * (CHUNK - 3)];
            bytes.extend_from_slice(text.as_bytes());
            let mut offset = 0;
            let mut expected = Vec::new();
            for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
                let text = String::from_utf8_lossy(piece).into_owned();
                expected.push((offset, match text.strip_suffix('\n') {
                    Some(line) => line.to_owned(),
                    None => format!("{text}<eof>"),
                }));
                offset += piece.len() as u64;
            }
            let step = if pad == 0 { step } else { step * 50_000 };
            prop_assert_eq!(lines_of(&bytes, step), expected);
        }
    }
}
