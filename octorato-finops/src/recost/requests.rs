//! Requests that look the same, which are restated together.

use std::collections::hash_map::{Entry, HashMap};

use octorato_core::{ArmId, Arms, Attribution, UsageEvent};

use super::event_key::EventKey;
use crate::logs::Reading;
use crate::report::Query;

/// The requests that a query selects, each with its arm and its events: mostly one.
///
/// What looks the same is one request whatever the query, and its first event's: a query on an arm
/// has all of it or nothing, so that arms add up to the whole.
pub(super) fn requests<'e>(
    reading: &'e Reading,
    attributions: &'e [Attribution],
    arms: &Arms,
    query: &Query,
) -> Vec<(EventKey, Option<&'e ArmId>, Vec<&'e UsageEvent>)> {
    let mut places: HashMap<EventKey, Option<usize>> = HashMap::new();
    let mut requests: Vec<(EventKey, Option<&ArmId>, Vec<&UsageEvent>)> = Vec::new();
    for (event, attribution) in reading.events.iter().zip(attributions) {
        match places.entry(EventKey::from(event)) {
            Entry::Occupied(place) => {
                if let Some(place) = *place.get() {
                    requests[place].2.push(event);
                }
            }
            Entry::Vacant(vacant) => {
                let arm = attribution.arm.as_ref();
                let client = arm.and_then(|arm| arms.arm(arm)).map(|arm| &arm.client);
                let is_wanted = query.period.contains(event.at) && query.wants(attribution, client);
                if is_wanted {
                    requests.push((vacant.key().clone(), arm, vec![event]));
                }
                vacant.insert(is_wanted.then(|| requests.len() - 1));
            }
        }
    }
    requests
}

/// All of `events` that look like `event`, itself included, in their order.
pub fn alike<'e>(events: &'e [UsageEvent], event: &UsageEvent) -> Vec<&'e UsageEvent> {
    let key = EventKey::from(event);
    // What differs in the time differs, which spares the rest.
    events.iter().filter(|other| other.at == event.at && EventKey::from(*other) == key).collect()
}
