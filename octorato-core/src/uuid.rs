//! Ids that a caller makes before it sends: UUIDs of version 7.

use std::fmt;

use jiff::Timestamp;

use crate::{Error, ErrorKind, Result};

/// Ids of version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random bits, so that
/// ids made later mostly sort later.
macro_rules! uuid_v7 {
    ($(#[$doc:meta])* $name:ident, $noun:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id of a moment and 80 random bits, of which 74 are used.
            pub fn from_parts(at: Timestamp, random: [u8; 10]) -> Self {
                Self(from_parts(at, random))
            }

            /// Takes the 16 bytes of an id; any version but 7 and any other variant are refused.
            pub fn from_bytes(bytes: [u8; 16]) -> Result<Self> {
                if is_v7(bytes) {
                    return Ok(Self(bytes));
                }
                Err(refused($noun, &text(bytes)))
            }

            /// The 16 bytes, in the order in which they are written.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;

            /// Reads `01890a5d-ac96-774b-bcce-b302099a8057`: 32 hexadecimal digits and four dashes.
            fn from_str(text: &str) -> Result<Self> {
                let bytes = bytes(text).ok_or_else(|| refused($noun, text))?;
                Self::from_bytes(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&text(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&text(self.0))
            }
        }
    };
}

uuid_v7!(
    /// One provider request for which money is held before it is sent.
    ///
    /// The caller makes it and keeps it before the request is sent, so that a retry is known as one.
    ///
    /// ```
    /// use octorato_core::ReservationId;
    ///
    /// let id: ReservationId = "01890a5d-ac96-774b-bcce-b302099a8057".parse()?;
    /// assert_eq!(ReservationId::from_bytes(id.to_bytes())?, id);
    /// assert!("f47ac10b-58cc-4372-a567-0e02b2c3d479".parse::<ReservationId>().is_err()); // version 4
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    ReservationId,
    "a reservation"
);
uuid_v7!(
    /// One correction of what was booked, or one extension of a budget: what a person decides once.
    DecisionId,
    "a decision"
);

fn from_parts(at: Timestamp, random: [u8; 10]) -> [u8; 16] {
    let milliseconds = at.as_millisecond().max(0).to_be_bytes();
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&milliseconds[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    bytes
}

fn is_v7(bytes: [u8; 16]) -> bool {
    bytes[6] >> 4 == 7 && bytes[8] >> 6 == 2
}

fn text(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0x0f] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

fn bytes(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let mut digits = 0;
    for (at, c) in text.char_indices() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if c != '-' {
                return None;
            }
            continue;
        }
        let digit = u8::try_from(c.to_digit(16)?).ok()?;
        let byte: &mut u8 = bytes.get_mut(digits / 2)?;
        *byte = *byte << 4 | digit;
        digits += 1;
    }
    (digits == 32).then_some(bytes)
}

fn refused(noun: &str, text: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("not {noun} id: `{text}`"))
        .hinted("use a UUID of version 7, such as `01890a5d-ac96-774b-bcce-b302099a8057`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn later_ids_sort_later() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let old = ReservationId::from_parts(at(1_700_000_000), [0xff; 10]);
        let new = ReservationId::from_parts(at(1_700_000_001), [0; 10]);
        assert!(old < new);
        assert_eq!(new.to_string(), "018bcfe5-6be8-7000-8000-000000000000");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "01890a5dac96774bbcceb302099a8057",
            "01890a5d-ac96-774b-bcce-b302099a805",
            "01890a5d-ac96-774b-bcce-b302099a80577",
            "01890a5d-ac96-774b-7cce-b302099a8057",
            "01890a5d-ac96-474b-bcce-b302099a8057",
            "01890a5d-ac96-774b-bcce-b302099a805é",
            "{1890a5d-ac96-774b-bcce-b302099a8057",
        ] {
            assert!(text.parse::<ReservationId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_makes_a_valid_id(second in -10_i64..4_000_000_000, random: [u8; 10]) {
            let at = Timestamp::from_second(second).unwrap();
            let id = DecisionId::from_parts(at, random);
            prop_assert_eq!(DecisionId::from_bytes(id.to_bytes()).unwrap(), id);
            prop_assert_eq!(id.to_string().parse::<DecisionId>().unwrap(), id);
        }
    }
}
