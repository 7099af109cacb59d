//! One model's rates while they are read: where they stand, and what is noted of them.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::rate::Rate;
use super::decimal::{normalise, shift};
use super::findings::{Findings, Normalised, SkippedModel, shortened};
use super::snapshot::Era;

/// Why the rates of a model cannot be used.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Where below the model.
    pub(super) place: String,
    /// What it is.
    pub(super) why: String,
}

impl Trouble {
    /// Trouble at a place below the model.
    pub(super) fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self { place: place.into(), why: why.into() }
    }
}

/// What one of the source's units is to one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// The source's rate times this power of ten is ours: 6 from a token to a million.
    Ten(i32),
    /// From a second to an hour.
    SecondToHour,
}

/// Reads the rates of one model and notes what is found.
pub(super) struct Taker<'a> {
    pub(super) provider: &'a str,
    pub(super) model: &'a str,
    pub(super) findings: &'a mut Findings,
}

impl Taker<'_> {
    /// A rate of the source as one of ours; `key` is what the source calls it.
    pub(super) fn rate(
        &mut self,
        key: &str,
        written: &str,
        scale: Scale,
        place: &str,
    ) -> Result<String, Trouble> {
        let (plain, changed) = normalise(written).map_err(|why| Trouble::new(place, why))?;
        let taken = match scale {
            Scale::Ten(places) => shift(&plain, places),
            Scale::SecondToHour => hourly(&plain),
        };
        let taken = taken.filter(|taken| Rate::parse(taken).is_some()).ok_or_else(|| {
            Trouble::new(place, format!("out of range: `{}`", shortened(written)))
        })?;
        if changed {
            self.findings.normalised.push(Normalised {
                provider: self.provider.to_owned(),
                model: self.model.to_owned(),
                key: key.to_owned(),
                written: written.to_owned(),
                taken: plain,
            });
        }
        Ok(taken)
    }

    /// Counts what is not understood.
    pub(super) fn unknown(&mut self, path: impl Into<String>, value: &RawValue) {
        let full = format!("{}/{}", self.provider, self.model);
        self.findings.note_unknown(path, &full, value.get());
    }

    /// Does `read`; where that meets trouble, nothing that it found counts and the model has no
    /// rate.
    pub(super) fn or_unpriced<T: Default>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(Vec<Era>, T), Trouble>,
    ) -> (Vec<Era>, T) {
        let before = self.findings.normalised.len();
        read(self).unwrap_or_else(|Trouble { place, why }| {
            self.findings.normalised.truncate(before);
            let (provider, model) = (self.provider.to_owned(), self.model.to_owned());
            self.findings.skipped.push(SkippedModel { provider, model, place, why });
            (vec![Era::unpriced()], T::default())
        })
    }
}

/// Reads a part of a model.
pub(super) fn strict<'a, T: Deserialize<'a>>(text: &'a str, place: &str) -> Result<T, Trouble> {
    serde_json::from_str(text).map_err(|error| Trouble::new(place, error.to_string()))
}

/// The rate of an hour, where that of a second times 3600 is exact.
fn hourly(plain: &str) -> Option<String> {
    let second = Decimal::from_str_exact(plain).ok()?;
    let hour = second.checked_mul(Decimal::from(3600))?;
    // A product of 29 digits would have been rounded.
    (hour.scale() == second.scale()).then(|| hour.normalize().to_string())
}
