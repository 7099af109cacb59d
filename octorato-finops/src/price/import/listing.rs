//! Lists whose models are found by their names alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use octorato_core::Result;

use super::super::catalog::Catalog;
use super::findings::{Findings, SkippedModel};
use super::rule::Rule;
use super::snapshot::{Era, Header, List, Model, Provider, Snapshot};
use super::{Origin, json};

/// One provider while its list is read.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// What the source calls the provider.
    pub(super) names: BTreeSet<String>,
    /// The name for people, where the source has one.
    pub(super) title: Option<String>,
    /// The models, and the other name that each would go by.
    pub(super) models: Vec<(Model, Option<String>)>,
}

/// Listings by our provider ids.
pub(super) type Listings = BTreeMap<String, Listing>;

/// The snapshot of a source that names its models.
///
/// Providers that the built-in snapshot knows are described as there, and tried in its order; what
/// a provider resells there is left out, since the source lists what each one sells.
pub(super) fn snapshot(
    source: &str,
    mut listings: Listings,
    origin: &Origin,
    findings: &mut Findings,
) -> Result<Snapshot> {
    let first = Catalog::builtin().text().lines().next().unwrap_or_default();
    let builtin: Header = json::read(first, "the built-in snapshot")?;
    let (mut providers, mut lists) = (Vec::new(), Vec::new());
    let mut add = |provider: Provider, listing: Listing| {
        let id = provider.id.clone();
        let models = named(&id, listing.models, findings);
        providers.push(provider);
        lists.push(List { id, models });
    };
    for known in builtin.providers {
        if let Some(listing) = listings.remove(&known.id) {
            let names = listing.names.iter().cloned().map(Rule::Equals);
            let rule = Rule::Or(known.provider_match.into_iter().chain(names).collect());
            let provider = Provider {
                provider_match: Some(rule),
                fallback_model_providers: Vec::new(),
                ..known
            };
            add(provider, listing);
        }
    }
    for (id, listing) in listings {
        let names = listing.names.iter().cloned().map(Rule::Equals).collect();
        let provider = Provider {
            name: listing.title.clone().unwrap_or_else(|| id.clone()),
            // Its addresses are not known, and none is empty.
            api_pattern: "^$".to_owned(),
            provider_match: Some(Rule::Or(names)),
            model_match: None,
            fallback_model_providers: Vec::new(),
            id,
        };
        add(provider, listing);
    }
    let header = Header {
        schema: 1,
        source: source.to_owned(),
        version: origin.version.clone(),
        licence: "MIT".to_owned(),
        made: origin.made.to_string(),
        normalised: findings.normalised.len(),
        providers,
    };
    Ok(Snapshot { header, lists })
}

/// The models with the rules that find them: by their own names, and by another one where it is no
/// model's own name and all models that would go by it cost the same.
fn named(
    provider: &str,
    models: Vec<(Model, Option<String>)>,
    findings: &mut Findings,
) -> Vec<Model> {
    let mut own: HashMap<String, Vec<usize>> = HashMap::new();
    let mut other: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, (model, alias)) in models.iter().enumerate() {
        own.entry(model.id.to_lowercase()).or_default().push(at);
        if let Some(alias) = alias {
            other.entry(alias.to_lowercase()).or_default().push(at);
        }
    }
    other.retain(|name, _| !own.contains_key(name));
    let (mut models, aliases): (Vec<Model>, Vec<_>) = models.into_iter().unzip();
    let aliases: Vec<_> = aliases.into_iter().map(|alias| Some(alias?.to_lowercase())).collect();
    let agree = |models: &[Model], group: &[usize]| {
        group.windows(2).all(|pair| {
            let (a, b) = (&models[pair[0]], &models[pair[1]]);
            a.prices == b.prices && a.variants == b.variants
        })
    };
    let clash: BTreeSet<usize> =
        own.values().filter(|group| !agree(&models, group)).flatten().copied().collect();
    for at in clash {
        let model = &mut models[at];
        model.prices = vec![Era::unpriced()];
        model.variants.clear();
        findings.skipped.push(SkippedModel {
            provider: provider.to_owned(),
            model: model.id.clone(),
            place: "name".to_owned(),
            why: "two models of this name, save upper and lower case, with two prices".to_owned(),
        });
    }
    let shared: HashMap<String, bool> =
        other.into_iter().map(|(name, group)| (name, agree(&models, &group))).collect();
    let mut told = BTreeSet::new();
    for (model, alias) in models.iter_mut().zip(aliases) {
        let id = Rule::Equals(model.id.to_lowercase());
        let of_one_price = alias.as_ref().and_then(|alias| shared.get(alias));
        model.rule = match (alias, of_one_price) {
            (Some(alias), Some(true)) => Rule::Or(vec![id, Rule::Equals(alias)]),
            (Some(alias), Some(false)) => {
                let path = "a name without its prefix, of models with several prices";
                if told.insert(alias.clone()) {
                    findings.note_unknown(path, &format!("{provider}/{alias}"), &alias);
                }
                id
            }
            _ => id,
        };
    }
    models
}
