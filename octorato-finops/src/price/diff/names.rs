//! What the names of the earlier snapshot find in the later one.

use std::collections::BTreeSet;

use octorato_core::{Error, ErrorKind, Result};

use super::{ModelName, NameChange};
use crate::price::catalog::Catalog;
use crate::price::import::snapshot::{List, Snapshot};

/// How many comparisons of a name with a model there may be at most; the known lists need some
/// fifty million, of which an index spares most.
const MOST_COMPARISONS: usize = 2_000_000_000;

/// Every id and every text of a rule of the earlier snapshot that finds another entry. What finds
/// nothing since its entry is `removed` is left out: that is told already.
pub(super) fn compare(
    (before, old): (&Catalog, &Snapshot),
    (after, new): (&Catalog, &Snapshot),
    removed: &[ModelName],
) -> Result<Vec<NameChange>> {
    let removed: BTreeSet<&ModelName> = removed.iter().collect();
    let models = new.lists.iter().map(|list| list.models.len()).max().unwrap_or_default();
    let count: usize = old.lists.iter().map(|list| names_of(list).len()).sum();
    if count.saturating_mul(models) > MOST_COMPARISONS {
        return Err(Error::new(ErrorKind::Data, "the price list has too many models to compare")
            .with("models", models));
    }
    let header = |catalog: &Catalog| {
        let line = catalog.text().lines().next().unwrap_or_default();
        line.split_once("\"providers\":").map(|(_, rest)| rest.to_owned())
    };
    let finds_providers_alike = header(before) == header(after);
    let mut found = BTreeSet::new();
    for (at, list) in old.lists.iter().enumerate() {
        let own = names_of(list);
        if !is_unchanged(before, after, at) {
            let resold = before.providers()[at].resells.iter();
            let others = resold.filter_map(|id| old.lists.iter().find(|l| *l.id == **id));
            for name in others.flat_map(names_of).chain(own.iter().cloned()) {
                found.extend(change(before, after, Some(&list.id), &name));
            }
        }
        if !finds_providers_alike {
            for name in &own {
                let Some(change) = change(before, after, None, name) else { continue };
                let beside = NameChange { provider: Some(list.id.clone()), ..change.clone() };
                if !found.contains(&beside) {
                    found.insert(change);
                }
            }
        }
    }
    let is_news = |change: &NameChange| change.after.is_some() || !removed.contains(&change.before);
    Ok(found.into_iter().filter(is_news).collect())
}

/// Whether a provider's names find the same: its list and those that it resells are the same text.
fn is_unchanged(before: &Catalog, after: &Catalog, at: usize) -> bool {
    let place = |catalog: &Catalog, id: &str| catalog.providers().iter().position(|p| p.id() == id);
    let line = |catalog: &Catalog, id: &str| {
        place(catalog, id).map(|at| catalog.line(at).trim_end().to_owned())
    };
    let provider = &before.providers()[at];
    let Some(other) = place(after, provider.id()) else { return false };
    provider.resells == after.providers()[other].resells
        && line(before, provider.id()) == line(after, provider.id())
        && provider.resells.iter().all(|id| line(before, id) == line(after, id))
}

fn names_of(list: &List) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for model in &list.models {
        names.insert(model.id.to_lowercase());
        model.rule.literals(&mut names);
    }
    names
}

fn change(
    before: &Catalog,
    after: &Catalog,
    provider: Option<&str>,
    name: &str,
) -> Option<NameChange> {
    let find = |catalog: &Catalog| {
        let price = catalog.find(provider, name).ok()?;
        let (provider, model) = (price.list().id().to_owned(), price.model().id().to_owned());
        Some(ModelName { provider, model })
    };
    let (before, after) = (find(before)?, find(after));
    (after.as_ref() != Some(&before)).then(|| NameChange {
        provider: provider.map(str::to_owned),
        name: name.to_owned(),
        before,
        after,
    })
}
