//! How providers are described in two snapshots.

use std::collections::BTreeSet;

use octorato_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use super::ProviderChange;
use crate::price::import::snapshot::Provider;

/// What differs, in the order of the earlier snapshot, then of the later one.
pub(super) fn compare(old: &[Provider], new: &[Provider]) -> Result<Vec<ProviderChange>> {
    let mut found = Vec::new();
    let mut tell = |provider: &str, what: &str| {
        found.push(ProviderChange { provider: provider.to_owned(), what: what.to_owned() });
    };
    for before in old {
        let Some(after) = new.iter().find(|after| after.id == before.id) else {
            tell(&before.id, "removed");
            continue;
        };
        let (old, new) = (fields(before)?, fields(after)?);
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names.into_iter().filter(|name| old.get(*name) != new.get(*name)) {
            tell(&before.id, name);
        }
    }
    let common = |some: &[Provider], others: &[Provider]| -> Vec<String> {
        let ids = some.iter().map(|provider| &provider.id);
        ids.filter(|id| others.iter().any(|other| other.id == **id)).cloned().collect()
    };
    let (was, is) = (common(old, new), common(new, old));
    for (_, id) in was.iter().zip(&is).filter(|(was, is)| was != is) {
        tell(id, "order");
    }
    for after in new.iter().filter(|after| old.iter().all(|before| before.id != after.id)) {
        tell(&after.id, "added");
    }
    Ok(found)
}

fn fields(provider: &Provider) -> Result<Map<String, Value>> {
    match serde_json::to_value(provider) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Error::new(ErrorKind::Data, "a provider has no JSON").with("id", &provider.id)),
    }
}
