//! What a foreign list cannot say is kept from the snapshot that it replaces.

use std::collections::BTreeMap;

use jiff::civil::Date;
use octorato_core::Result;

use super::Imported;
use super::history;
use super::snapshot::{Model, Snapshot};
use crate::price::catalog::Catalog;

/// What prices keep of those before them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inherited {
    /// Models whose token limits are kept.
    pub limits: usize,
    /// Conditions under which all rates of a model are multiplied, such as `inference_geo=us`.
    pub multipliers: usize,
    /// Models of which a minimum is kept that is charged for each request.
    pub minimums: usize,
    /// Rates that the list does not have, of models whose other rates are equal: those of batches
    /// or of one-hour cache writes.
    pub rates: usize,
    /// Models whose rates are other ones and begin on the day of the list.
    pub begun: usize,
    /// Conditions, such as `processing=batch`, of which the earlier prices could not be kept.
    pub repriced: usize,
    /// The day on which the rates of a list without history begin; before it, the prices are the
    /// earlier ones.
    pub since: Option<Date>,
}

/// Prices with the token limits, multipliers and minimums of `from`, for the models that both have,
/// where the list itself says nothing of them.
///
/// `LiteLLM` and models.dev know today's prices only, so theirs begin on the day of the list, and
/// the past stays as `from` has it. Where every rate that both have is equal on that day, rates that
/// the list does not have are kept as well.
///
/// A snapshot of our own says everything itself and stays as it is.
pub fn inherit(imported: Imported, from: &Catalog) -> Result<(Imported, Inherited)> {
    let mut inherited = Inherited::default();
    let day = imported.catalog.made();
    if imported.format == super::Format::Octorato {
        return Ok((imported, inherited));
    }
    let mut snapshot = Snapshot::parse(&imported.text)?;
    let before = Snapshot::parse(from.text())?;
    let has_history = !matches!(imported.format, super::Format::Litellm | super::Format::ModelsDev);
    inherited.since = (!has_history).then_some(day);
    let known: BTreeMap<(&str, &str), &Model> = before
        .lists
        .iter()
        .flat_map(|list| list.models.iter().map(|model| ((&*list.id, &*model.id), model)))
        .collect();
    for list in &mut snapshot.lists {
        for model in &mut list.models {
            let old = known.get(&(list.id.as_str(), model.id.as_str())).copied();
            let Some(old) = old else { continue };
            inherited.limits += usize::from(keep_limits(model, old));
            if has_history || !old.has_rates() {
                inherited.multipliers += keep_multipliers(model, old);
            } else {
                history::keep(model, old, day, &mut inherited)?;
            }
            if model.minimums.is_empty() && !old.minimums.is_empty() {
                model.minimums.clone_from(&old.minimums);
                inherited.minimums += 1;
            }
        }
    }
    let text = snapshot.to_text()?;
    let catalog = Catalog::parse(text.clone())?;
    Ok((Imported { text, catalog, ..imported }, inherited))
}

fn keep_limits(model: &mut Model, old: &Model) -> bool {
    let mut kept = false;
    for (mine, theirs) in [
        (&mut model.context_window, old.context_window),
        (&mut model.max_input, old.max_input),
        (&mut model.max_output, old.max_output),
    ] {
        if mine.is_none() && theirs.is_some() {
            *mine = theirs;
            kept = true;
        }
    }
    kept
}

fn keep_multipliers(model: &mut Model, old: &Model) -> usize {
    let mut kept = 0;
    for variant in old.variants.iter().filter(|variant| variant.multiply.is_some()) {
        if model.variants.iter().all(|known| known.when != variant.when) {
            model.variants.push(variant.clone());
            kept += 1;
        }
    }
    kept
}
