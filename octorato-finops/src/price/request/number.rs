//! How long a number is written.
//!
//! A number of JSON is read into 64 bits before it is counted, and then no longer has the digits
//! that were sent: an integer of 300 digits is `1e299`. A provider may keep them all, as Python
//! does with integers, or write a short one at length.

use serde_json::Number;

/// The bytes of the longest way to write `number`.
pub(super) fn length(number: &Number) -> u64 {
    let short = number.to_string().len();
    let long = match number.as_f64() {
        // Without an exponent, and with a fraction and a sign of the exponent as some write them.
        Some(float) if number.is_f64() => short.max(float.to_string().len()) + 2,
        _ => short,
    };
    long as u64
}

/// By how many bytes the numbers in `json` are longer than [`length`] takes them for.
pub(super) fn cut(json: &str) -> u64 {
    let bytes = json.as_bytes();
    let (mut at, mut cut) = (0, 0_u64);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_text(bytes, at + 1),
            b'-' | b'0'..=b'9' => {
                let rest = &json[at..];
                let size = rest.bytes().take_while(|byte| is_of_number(*byte)).count();
                // The shortest text is counted as itself.
                if size > 1 {
                    let known = rest[..size].parse().map_or(0, |number| length(&number));
                    cut = cut.saturating_add((size as u64).saturating_sub(known));
                }
                at += size;
            }
            _ => at += 1,
        }
    }
    cut
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
}

/// The place after the text whose first byte is at `at`.
fn end_of_text(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_as_long_as_the_longest_way_to_write_it() {
        for (text, least) in [
            ("0", 1),
            ("-12", 3),
            ("18446744073709551615", 20),
            ("1e300", 301),
            ("1e-300", 302),
            ("0.1", 3),
        ] {
            let number = text.parse().unwrap_or_else(|_| Number::from(0));
            assert!(length(&number) >= least, "{text}");
        }
        let digits = "7".repeat(300);
        let number = digits.parse().unwrap_or_else(|_| Number::from(0));
        assert!(length(&number) >= 300);
    }

    #[test]
    fn digits_that_are_lost_are_found_in_the_text() {
        let zeros = "0".repeat(1_000);
        for (text, least) in [
            (format!("[1.5{zeros}, \"{zeros}\\\"9\", 12]"), 998),
            (format!("{{\"a\":0.{zeros}1}}"), 998),
            ("[1, 23, 4.5, \"678.000000000000\"]".into(), 0),
        ] {
            let found = cut(&text);
            assert!((least..=least + 8).contains(&found), "{found} of {text}");
        }
    }
}
