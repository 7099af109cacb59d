//! Rates as the price list writes them, and what they are counted per.

use std::fmt;

use octorato_core::Unit;
use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

use super::amount::{multiply_ratio, power_of_ten};

/// A rate: an integer and its decimal places, so that a charge multiplies integers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    mantissa: i128,
    scale: u8,
}

impl Rate {
    /// Decimal places that a rate may have; with those of a million tokens, a decimal holds it.
    const MAX_SCALE: u8 = 20;

    /// Decimal places that a product of rates may have; more are rounded, half to even. The error
    /// is below 10^-12 dollars for up to 10^18 tokens.
    const MAX_PRODUCT_SCALE: u8 = 24;

    /// Reads a plain decimal such as `0.25`; no sign, no exponent.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
            None => (text, ""),
        };
        if whole.is_empty() || fraction.len() > usize::from(Self::MAX_SCALE) {
            return None;
        }
        let mantissa = whole.bytes().chain(fraction.bytes()).try_fold(0_i64, |sum, byte| {
            let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
            sum.checked_mul(10)?.checked_add(digit)
        })?;
        Some(Self { mantissa: mantissa.into(), scale: u8::try_from(fraction.len()).ok()? })
    }

    /// The product, with at most [`Self::MAX_PRODUCT_SCALE`] decimal places; nothing where it is
    /// out of range, which only rates above 10^13 dollars are.
    pub(super) fn times(self, factor: Self) -> Option<Self> {
        let (one, other) = (self.without_zeros(), factor.without_zeros());
        let scale = one.scale + other.scale;
        let excess = scale.saturating_sub(Self::MAX_PRODUCT_SCALE);
        let mantissa = if excess == 0 {
            one.mantissa.checked_mul(other.mantissa)?
        } else {
            multiply_ratio(one.mantissa, other.mantissa, power_of_ten(excess.into())?)?
        };
        Some(Self { mantissa, scale: scale - excess })
    }

    /// The same rate; zeros at the end say nothing.
    fn without_zeros(mut self) -> Self {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            (self.mantissa, self.scale) = (self.mantissa / 10, self.scale - 1);
        }
        self
    }

    /// Whether it is dearer than `other`.
    pub(super) fn exceeds(self, other: Self) -> bool {
        if self.scale == other.scale {
            return self.mantissa > other.mantissa;
        }
        // Whole dollars and 10^-24 of them: every part fits.
        let parts = |rate: Self| {
            let one = power_of_ten(rate.scale())?;
            let more = power_of_ten(u32::from(Self::MAX_PRODUCT_SCALE.checked_sub(rate.scale)?))?;
            Some((rate.mantissa.div_euclid(one), rate.mantissa.rem_euclid(one) * more))
        };
        parts(self) > parts(other)
    }

    /// The difference, negative where `other` is dearer; nothing where it is out of range.
    pub(super) fn minus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let (mine, theirs) = (self.at_scale(scale)?, other.at_scale(scale)?);
        Some(Self { mantissa: mine.mantissa.checked_sub(theirs.mantissa)?, scale })
    }

    /// The same rate written with `scale` decimal places, where that many are possible.
    fn at_scale(self, scale: u8) -> Option<Self> {
        let more = scale.checked_sub(self.scale)?;
        let mantissa = match more {
            0 => self.mantissa,
            _ => self.mantissa.checked_mul(power_of_ten(more.into())?)?,
        };
        Some(Self { mantissa, scale })
    }

    /// The integer.
    pub(super) const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// The decimal places of the integer.
    pub(super) const fn scale(self) -> u32 {
        self.scale as u32
    }

    /// The rate as a decimal without trailing zeros; of a product with more than 28 digits, the
    /// first 28.
    pub(super) fn to_decimal(self) -> Decimal {
        if let Ok(mantissa) = i64::try_from(self.mantissa) {
            return Decimal::new(mantissa, self.scale()).normalize();
        }
        let rate = self.without_zeros();
        let rounded = |places: u32| {
            let mantissa = multiply_ratio(rate.mantissa, 1, power_of_ten(places)?)?;
            Decimal::try_from_i128_with_scale(mantissa, rate.scale() - places).ok()
        };
        // Out of range are only more than 28 digits before the point.
        (0..=rate.scale()).find_map(rounded).unwrap_or(Decimal::MAX).normalize()
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Rate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate such as \"0.25\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Rate, E> {
                Rate::parse(text).ok_or_else(|| E::custom(format!("not a rate: `{text}`")))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// How many of a unit a rate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Per {
    /// A million tokens or characters.
    Million,
    /// A thousand searches, requests, messages, pages or runs of code.
    Thousand,
    /// An hour, of a unit that is counted in seconds.
    Hour,
    /// A billion pixels.
    Billion,
}

impl Per {
    /// What the rate of `unit` is for.
    pub(super) const fn of(unit: Unit) -> Self {
        match unit {
            Unit::WebSearches
            | Unit::WebFetches
            | Unit::StorageSearches
            | Unit::SocialSearches
            | Unit::RerankSearches
            | Unit::CodeExecutions
            | Unit::Requests
            | Unit::Messages
            | Unit::DocumentPages
            | Unit::AnnotatedDocumentPages => Self::Thousand,
            Unit::InputAudioSeconds
            | Unit::OutputAudioSeconds
            | Unit::AudioSeconds
            | Unit::ComputeSeconds => Self::Hour,
            Unit::InputPixels => Self::Billion,
            _ => Self::Million,
        }
    }

    /// The number.
    pub(super) const fn count(self) -> u64 {
        match self {
            Self::Million => 1_000_000,
            Self::Thousand => 1_000,
            Self::Hour => 3_600,
            Self::Billion => 1_000_000_000,
        }
    }
}

/// A rate, or a base rate with rates above thresholds of input tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tiered {
    base: Rate,
    /// `(threshold, rate)`, ascending.
    tiers: Box<[(u64, Rate)]>,
}

impl Tiered {
    /// A base rate and `(threshold, rate)` in ascending order.
    pub(super) fn new(base: Rate, tiers: Box<[(u64, Rate)]>) -> Self {
        Self { base, tiers }
    }

    /// The thresholds with their rates, ascending.
    pub(super) fn tiers(&self) -> &[(u64, Rate)] {
        &self.tiers
    }

    /// The rate of every token of a request that reads `input_tokens`: that of the highest
    /// threshold that is exceeded.
    pub(super) fn at(&self, input_tokens: u64) -> Rate {
        self.tiers
            .iter()
            .rev()
            .find_map(|&(above, rate)| (input_tokens > above).then_some(rate))
            .unwrap_or(self.base)
    }

    /// The most decimal places of its rates.
    pub(super) fn scale(&self) -> u8 {
        self.tiers.iter().map(|(_, rate)| rate.scale).fold(self.base.scale, u8::max)
    }

    /// Writes its rates with `scale` decimal places where they can be, so that amounts add up
    /// without being aligned first.
    pub(super) fn align(&mut self, scale: u8) {
        let rates = self.tiers.iter_mut().map(|(_, rate)| rate).chain([&mut self.base]);
        for rate in rates {
            *rate = rate.at_scale(scale).unwrap_or(*rate);
        }
    }

    /// The numbers of input tokens above which the rate changes.
    pub(super) fn thresholds(&self) -> impl Iterator<Item = u64> {
        self.tiers.iter().map(|(above, _)| *above)
    }

    /// Whether there is any threshold.
    pub(super) fn has_tiers(&self) -> bool {
        !self.tiers.is_empty()
    }
}

impl<'de> Deserialize<'de> for Tiered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Tier {
            above: u64,
            rate: Rate,
        }
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Steps {
            base: Rate,
            tiers: Vec<Tier>,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Tiered;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate, or a base rate with tiers")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Tiered, E> {
                let base =
                    Rate::parse(text).ok_or_else(|| E::custom(format!("not a rate: `{text}`")))?;
                Ok(Tiered { base, tiers: Box::default() })
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Tiered, A::Error> {
                let steps = Steps::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                if !steps.tiers.is_sorted_by(|a, b| a.above < b.above) {
                    return Err(A::Error::custom("tiers are not in ascending order"));
                }
                let tiers = steps.tiers.iter().map(|tier| (tier.above, tier.rate)).collect();
                Ok(Tiered { base: steps.base, tiers })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_from_text_without_a_float() {
        for (text, mantissa, scale) in
            [("5", 5, 0), ("0.25", 25, 2), ("0.10", 1, 1), ("0.0028", 28, 4), ("10.0", 10, 0)]
        {
            assert_eq!(Rate::parse(text), Some(Rate { mantissa, scale }), "{text}");
        }
        for text in ["", ".5", "5.", "-1", "1e3", "0.000000000000000000001", "99999999999999999999"]
        {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_product_is_refused_only_where_it_is_too_large() {
        let rate = |text: &str| Rate::parse(text).unwrap();
        let padded = rate("75").at_scale(12).unwrap();
        assert_eq!(padded.times(rate("0.8765432")).unwrap().to_decimal().to_string(), "65.74074");
        // Each factor may have all its digits.
        for (one, other, product) in [
            ("123456789.123456789", "1.123456789", "138698367.888888888750190521"),
            ("1.2345678", "1.083123456", "1.3371893422023168"),
            ("999999999999999999", "0.99999999999999999", "999999999999999989.0000000000"),
            ("0.00000000000000000001", "0.55555", "0.000000000000000000005556"),
            ("0.00000000000000000001", "0.55565", "0.000000000000000000005556"),
        ] {
            let found = rate(one).times(rate(other)).unwrap().to_decimal();
            assert_eq!(found, product.parse::<Decimal>().unwrap().normalize(), "{one} {other}");
        }
        let most = rate("999999999999999999");
        assert_eq!(most.times(most).and_then(|rate| rate.times(most)), None);
    }

    #[test]
    fn rates_are_compared_with_all_their_digits() {
        let rate = |text: &str| Rate::parse(text).unwrap();
        let ascending = ["0.00000000000000000001", "0.1", "0.11", "100", "999999999999999999"];
        assert!(
            ascending.is_sorted_by(|a, b| rate(b).exceeds(rate(a)) && !rate(a).exceeds(rate(b)))
        );
        assert!(!rate("100").exceeds(rate("100").at_scale(20).unwrap()));
        let less = rate("100").minus(rate("0.00000000000000001")).unwrap();
        assert_eq!(less.to_decimal().to_string(), "99.99999999999999999");
    }

    #[test]
    fn rates_are_compared_exactly_however_large() {
        let ascending = ["0", "0.00000000000000000001", "0.25", "1", "4000000000000000000"];
        for (at, text) in ascending.iter().enumerate() {
            for (other_at, other) in ascending.iter().enumerate() {
                let (rate, other) = (Rate::parse(text).unwrap(), Rate::parse(other).unwrap());
                assert_eq!(rate.exceeds(other), at > other_at, "{rate:?} {other:?}");
            }
        }
        let rate = |text: &str| Rate::parse(text).unwrap();
        let (less, more) = (rate("0.00000000000000000001"), rate("9000000000000000000"));
        let below = less.minus(rate("1")).unwrap_or(Rate { mantissa: -1, scale: 20 });
        assert!(more.exceeds(below) && !below.exceeds(more) && less.exceeds(below));
        // Zero is zero with however many decimal places.
        let zero = Rate { mantissa: 0, scale: 20 };
        assert!(!zero.exceeds(rate("0")) && !rate("0").exceeds(zero));
    }

    #[test]
    fn a_tier_begins_one_above_its_threshold() {
        let tiered: Tiered = serde_json::from_str(
            r#"{"base":"1","tiers":[{"above":200,"rate":"2"},{"above":500,"rate":"3"}]}"#,
        )
        .unwrap();
        for (tokens, rate) in [(0, "1"), (200, "1"), (201, "2"), (500, "2"), (501, "3")] {
            assert_eq!(tiered.at(tokens), Rate::parse(rate).unwrap(), "{tokens}");
        }
    }

    #[test]
    fn tiers_out_of_order_are_refused() {
        let text = r#"{"base":"1","tiers":[{"above":500,"rate":"2"},{"above":200,"rate":"3"}]}"#;
        assert!(serde_json::from_str::<Tiered>(text).is_err());
    }
}
