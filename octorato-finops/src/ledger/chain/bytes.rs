//! The letters of the canonical spelling: each value has one spelling, and no other is read.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Currency, Error, ErrorKind, Money, Result};

/// Writes to the end of a buffer.
pub(super) struct Writer<'b>(pub(super) &'b mut Vec<u8>);

impl Writer<'_> {
    pub(super) fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// 7 bits a byte, the low ones first.
    pub(super) fn number(&mut self, number: impl Into<u128>) -> &mut Self {
        let mut number = number.into();
        loop {
            let low = number.to_le_bytes()[0] & 0x7F;
            number >>= 7;
            if number == 0 {
                return self.byte(low);
            }
            self.byte(low | 0x80);
        }
    }

    pub(super) fn count(&mut self, count: usize) -> &mut Self {
        self.number(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Small amounts of either sign stay short.
    pub(super) fn signed(&mut self, number: i128) -> &mut Self {
        self.number(((number << 1) ^ (number >> 127)).cast_unsigned())
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len()).raw(bytes)
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    pub(super) fn flag(&mut self, flag: bool) -> &mut Self {
        self.byte(u8::from(flag))
    }

    /// A value that may be missing; a missing one differs from an empty one.
    pub(super) fn maybe<T>(
        &mut self,
        value: Option<T>,
        write: impl FnOnce(&mut Self, T),
    ) -> &mut Self {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
        self
    }

    pub(super) fn maybe_text(&mut self, text: Option<&str>) -> &mut Self {
        self.maybe(text, |w, text| {
            w.text(text);
        })
    }

    /// The currency (nothing for USD) and the integer of 10^-12.
    pub(super) fn money(&mut self, money: Money) -> &mut Self {
        let foreign = Some(money.currency()).filter(|currency| *currency != Currency::USD);
        self.maybe(foreign, |w, currency| {
            w.raw(currency.code().as_bytes());
        });
        self.signed(money.pico())
    }

    /// Nanoseconds since 1970 in UTC.
    pub(super) fn time(&mut self, at: Timestamp) -> &mut Self {
        self.signed(at.as_nanosecond())
    }
}

/// Reads what [`Writer`] wrote.
pub(super) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn end(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(damaged("has more than it should")) }
    }

    pub(super) fn raw(&mut self, count: usize) -> Result<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| damaged("is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.raw(N)?.try_into().map_err(|_| damaged("is cut off"))
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn flag(&mut self) -> Result<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(damaged("has a flag that is neither")),
        }
    }

    pub(super) fn number(&mut self) -> Result<u128> {
        let mut number = 0_u128;
        for shift in (0..).step_by(7).take(19) {
            let byte = self.byte()?;
            let low = u128::from(byte & 0x7F);
            let shifted = low << shift;
            if shifted >> shift != low {
                return Err(damaged("has a number beyond its range"));
            }
            number |= shifted;
            if byte & 0x80 == 0 {
                // One spelling only: no zeros in front.
                return if byte == 0 && shift > 0 {
                    Err(damaged("has a number that is spelled too long"))
                } else {
                    Ok(number)
                };
            }
        }
        Err(damaged("has a number beyond its range"))
    }

    pub(super) fn small<T: TryFrom<u128>>(&mut self) -> Result<T> {
        T::try_from(self.number()?).map_err(|_| damaged("has a number beyond its range"))
    }

    pub(super) fn signed(&mut self) -> Result<i128> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub(super) fn bytes(&mut self) -> Result<&'b [u8]> {
        let count = self.small()?;
        self.raw(count)
    }

    pub(super) fn text(&mut self) -> Result<&'b str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| damaged("has a text that is no UTF-8"))
    }

    pub(super) fn shared(&mut self) -> Result<Arc<str>> {
        self.text().map(Arc::from)
    }

    pub(super) fn maybe<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Option<T>> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    pub(super) fn money(&mut self) -> Result<Money> {
        let currency = self.maybe(|r| {
            let code = std::str::from_utf8(r.raw(3)?).unwrap_or_default();
            let currency = Currency::new(code)?;
            if currency == Currency::USD { Err(damaged("spells USD out")) } else { Ok(currency) }
        })?;
        Ok(Money::from_pico(self.signed()?, currency.unwrap_or(Currency::USD)))
    }

    pub(super) fn time(&mut self) -> Result<Timestamp> {
        Timestamp::from_nanosecond(self.signed()?)
            .map_err(|error| damaged("has a time beyond its range").caused_by(error))
    }
}

pub(super) fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Data, format!("the canonical spelling of an entry {what}"))
}
