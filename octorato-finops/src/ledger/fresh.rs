//! New ids, from the system's randomness.

use jiff::Timestamp;
use octorato_core::{DecisionId, Error, ErrorKind, ReservationId, Result};

/// A new id for a call. Keep it before the call is sent: a retry must bring the same one.
///
/// An error where the system has no randomness to give.
pub fn fresh_reservation(now: Timestamp) -> Result<ReservationId> {
    random().map(|random| ReservationId::from_parts(now, random))
}

/// A new id for a correction or a raise.
///
/// An error where the system has no randomness to give.
pub fn fresh_decision(now: Timestamp) -> Result<DecisionId> {
    random().map(|random| DecisionId::from_parts(now, random))
}

fn random() -> Result<[u8; 10]> {
    let mut bytes = [0; 10];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(source) => Err(Error::new(ErrorKind::Io, "the system gives no random bytes")
            .caused_by(std::io::Error::from(source))),
    }
}
