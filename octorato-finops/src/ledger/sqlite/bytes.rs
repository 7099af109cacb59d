//! The compact spelling of what has no column of its own: numbers of variable length.

use super::fault::{Spoilt, spoilt};

/// Writes numbers of 7 bits a byte, the low ones first.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// Begins with one byte: the layout in its upper, flags in its lower half.
    pub(super) fn new(layout: u8, flags: u8) -> Self {
        let mut bytes = Vec::with_capacity(24);
        bytes.push((layout << 4) | (flags & 0x0f));
        Self(bytes)
    }

    pub(super) fn number(&mut self, mut number: u128) -> &mut Self {
        while number >= 0x80 {
            self.0.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or_default());
        self
    }

    /// A number with a sign: small ones stay short.
    pub(super) fn signed(&mut self, number: i128) -> &mut Self {
        self.number(((number << 1) ^ (number >> 127)).cast_unsigned())
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(u128::try_from(bytes.len()).unwrap_or(u128::MAX)).raw(bytes)
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads what [`Writer`] wrote; anything else is an error and never a panic.
#[derive(Debug)]
pub(super) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    /// The flags of a text of this layout, and what follows.
    pub(super) fn new(bytes: &'b [u8], layout: u8) -> Result<(u8, Self), Spoilt> {
        match bytes.split_first() {
            Some((first, rest)) if first >> 4 == layout => Ok((first & 0x0f, Self(rest))),
            _ => Err(spoilt("its detail is of an unknown layout")),
        }
    }

    pub(super) fn number(&mut self) -> Result<u128, Spoilt> {
        let mut number = 0_u128;
        for shift in (0..).step_by(7).take(19) {
            let Some((first, rest)) = self.0.split_first() else { break };
            self.0 = rest;
            let part = u128::from(first & 0x7f);
            if (part << shift) >> shift != part {
                break;
            }
            number |= part << shift;
            if first & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(spoilt("a number of its detail is cut"))
    }

    pub(super) fn small<T: TryFrom<u128>>(&mut self) -> Result<T, Spoilt> {
        T::try_from(self.number()?).map_err(|_| spoilt("a number of its detail is out of range"))
    }

    pub(super) fn signed(&mut self) -> Result<i128, Spoilt> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    pub(super) fn raw(&mut self, length: usize) -> Result<&'b [u8], Spoilt> {
        match self.0.split_at_checked(length) {
            Some((bytes, rest)) => {
                self.0 = rest;
                Ok(bytes)
            }
            None => Err(spoilt("its detail is cut")),
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Spoilt> {
        <[u8; N]>::try_from(self.raw(N)?).map_err(|_| spoilt("its detail is cut"))
    }

    pub(super) fn bytes(&mut self) -> Result<&'b [u8], Spoilt> {
        let length = self.small()?;
        self.raw(length)
    }

    pub(super) fn text(&mut self) -> Result<&'b str, Spoilt> {
        std::str::from_utf8(self.bytes()?).map_err(|_| spoilt("a text of its detail is not UTF-8"))
    }

    /// Refuses what is left over.
    pub(super) fn end(self) -> Result<(), Spoilt> {
        if self.0.is_empty() { Ok(()) } else { Err(spoilt("its detail is too long")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(
            numbers in prop::collection::vec(any::<i128>(), 0..5),
            counts in prop::collection::vec(any::<u128>(), 0..5),
            bytes in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut writer = Writer::new(3, 5);
            for number in &numbers {
                writer.signed(*number);
            }
            for number in &counts {
                writer.number(*number);
            }
            let text = writer.bytes(&bytes).number(1).finish_ref();
            let (flags, mut reader) = Reader::new(&text, 3).unwrap();
            prop_assert_eq!(flags, 5);
            for number in numbers {
                prop_assert_eq!(reader.signed().unwrap(), number);
            }
            for number in counts {
                prop_assert_eq!(reader.number().unwrap(), number);
            }
            prop_assert_eq!(reader.bytes().unwrap(), bytes);
            prop_assert_eq!(reader.small::<u8>().unwrap(), 1);
            reader.end().unwrap();
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok((_, mut reader)) = Reader::new(&bytes, 1) {
                while reader.number().is_ok() && reader.text().is_ok() {}
            }
        }
    }

    impl Writer {
        fn finish_ref(&mut self) -> Vec<u8> {
            std::mem::take(&mut self.0)
        }
    }
}
