//! Money and instants as columns.

use jiff::Timestamp;
use octorato_core::{Currency, Error, ErrorKind, Money, Result};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use super::fault::{Spoilt, spoilt};
use crate::ledger::entry::Amounts;

const PICO_OF_MICRO: i128 = 1_000_000;

/// An amount as whole microdollars, rounded down, and the picodollars above them.
///
/// [`ErrorKind::Overflow`] beyond 9.2 x 10^12 USD.
pub(super) fn split(amount: Money) -> Result<(i64, i64)> {
    if amount.currency() != Currency::USD {
        return Err(Error::new(ErrorKind::CurrencyMismatch, "a ledger is kept in USD"));
    }
    let micro = i64::try_from(amount.pico().div_euclid(PICO_OF_MICRO)).map_err(|_| {
        Error::new(ErrorKind::Overflow, format!("a sum is out of range: `{amount}`"))
            .hinted("a ledger holds at most 9000000000000 USD in one sum")
    })?;
    Ok((micro, i64::try_from(amount.pico().rem_euclid(PICO_OF_MICRO)).unwrap_or_default()))
}

/// The amount of two columns.
pub(super) fn join(micro: i64, pico: i64) -> Result<Money, Spoilt> {
    if !(0..1_000_000).contains(&pico) {
        return Err(spoilt("picodollars are not from 0 to 999999"));
    }
    Ok(Money::from_pico(i128::from(micro) * PICO_OF_MICRO + i128::from(pico), Currency::USD))
}

/// Three sums as six columns: spent, open, orphaned.
pub(super) fn split_amounts(amounts: Amounts) -> Result<[i64; 6]> {
    let (spent, open) = (split(amounts.spent)?, split(amounts.open)?);
    let orphaned = split(amounts.orphaned)?;
    Ok([spent.0, spent.1, open.0, open.1, orphaned.0, orphaned.1])
}

/// The sums of six columns that begin at `first`.
pub(super) fn amounts(row: &rusqlite::Row<'_>, first: usize) -> Result<Amounts, Spoilt> {
    let sum = |at: usize| join(row.get(first + at)?, row.get(first + at + 1)?);
    Ok(Amounts { spent: sum(0)?, open: sum(2)?, orphaned: sum(4)? })
}

/// Whole milliseconds, rounded down.
pub(super) fn floor(at: Timestamp) -> i64 {
    let nanoseconds = at.as_nanosecond().div_euclid(1_000_000);
    i64::try_from(nanoseconds).unwrap_or(i64::MAX)
}

/// An instant as a column: milliseconds, or RFC 3339 text where it has a finer part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant(pub(super) Timestamp);

impl rusqlite::ToSql for Instant {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = if self.0.as_nanosecond().rem_euclid(1_000_000) == 0 {
            Value::Integer(floor(self.0))
        } else {
            Value::Text(self.0.to_string())
        };
        Ok(ToSqlOutput::Owned(value))
    }
}

/// The instant of a column.
pub(super) fn instant(value: ValueRef<'_>) -> Result<Timestamp, Spoilt> {
    let read = match value {
        ValueRef::Integer(milliseconds) => Timestamp::from_millisecond(milliseconds).ok(),
        ValueRef::Text(text) => std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()),
        _ => None,
    };
    read.ok_or_else(|| spoilt("an instant cannot be read"))
}

/// A count of any size as a column: an integer, or text where it is larger than one.
pub(super) fn count(count: u128) -> Value {
    i64::try_from(count).map_or_else(|_| Value::Text(count.to_string()), Value::Integer)
}

/// The count of a column.
pub(super) fn read_count(value: ValueRef<'_>) -> Result<u128, Spoilt> {
    let read = match value {
        ValueRef::Integer(count) => u128::try_from(count).ok(),
        ValueRef::Text(text) => std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()),
        _ => None,
    };
    read.ok_or_else(|| spoilt("a count cannot be read"))
}

/// 16 bytes of a column.
pub(super) fn sixteen(value: ValueRef<'_>) -> Result<[u8; 16], Spoilt> {
    match value {
        ValueRef::Blob(bytes) => bytes.try_into().map_err(|_| spoilt("an id is not 16 bytes")),
        _ => Err(spoilt("an id is not 16 bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rusqlite::ToSql;

    proptest! {
        #[test]
        fn money_comes_back_as_it_went(pico in -9_000_000_000_000_000_000_000_000_i128..9_000_000_000_000_000_000_000_000) {
            let amount = Money::from_pico(pico, Currency::USD);
            let (micro, rest) = split(amount).unwrap();
            prop_assert_eq!(join(micro, rest).unwrap(), amount);
        }

        #[test]
        fn instants_come_back_as_they_went(
            second in -377_705_023_201_i64..253_402_207_200, nanosecond in prop_oneof![
                Just(0), Just(1_000_000), Just(999_999_999), 0..1_000_000_000,
            ],
        ) {
            let at = Timestamp::new(second, nanosecond).unwrap();
            let column = Instant(at);
            let ToSqlOutput::Owned(value) = column.to_sql().unwrap() else { panic!() };
            prop_assert_eq!(instant((&value).into()).unwrap(), at);
        }
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        let most = Money::parse("10000000000000", Currency::USD).unwrap();
        assert_eq!(split(most).unwrap_err().kind(), ErrorKind::Overflow);
        assert!(join(0, 1_000_000).is_err());
        assert!(join(0, -1).is_err());
        assert!(instant(ValueRef::Integer(i64::MAX)).is_err());
    }
}
