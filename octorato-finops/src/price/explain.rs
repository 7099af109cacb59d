//! The whole path from a name to its price, as data.

use std::collections::BTreeMap;

use octorato_core::Result;
use serde::{Deserialize, Serialize};

use super::catalog::{Catalog, Provider};
use super::certainty::{Certainty, Reason};
use super::lookup::{Step, Watch};
use super::matching::{MatchRule, ProviderMatch};
use super::model_price::ModelPrice;
use super::table::Model;

/// How a name was looked up, and what was found.
///
/// The names of the fields are stable; fields may be added.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The provider that was named.
    pub asked_provider: Option<String>,
    /// The model that was named.
    pub asked_model: String,
    /// The first digits of the snapshot's hash.
    pub snapshot: String,
    /// Where the prices come from.
    pub source: String,
    /// Who bills; none where that could not be told.
    pub provider: Option<FoundProvider>,
    /// The names that were tried, in order.
    pub tried: Vec<Attempt>,
    /// The entry that was found.
    pub found: Option<FoundEntry>,
    /// Why nothing was found.
    pub error: Option<String>,
    /// What can be done about that.
    pub hint: Option<String>,
    /// Where nothing was found: entries with names that begin alike, in the provider's list, else
    /// in all lists.
    pub nearest: Vec<NearEntry>,
}

/// Who bills, and how that was found.
#[derive(Clone, Debug, Serialize)]
pub struct FoundProvider {
    /// The id.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// How it was found.
    pub how: ProviderMatch,
    /// The providers whose lists are searched after its own.
    pub resells: Vec<String>,
}

/// A name that was tried.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// The name.
    pub name: String,
    /// How it was made of the one that was asked for.
    pub steps: Vec<Step>,
    /// The lists that were searched.
    pub lists: Vec<SearchedList>,
}

/// A list that was searched for a name.
#[derive(Clone, Debug, Serialize)]
pub struct SearchedList {
    /// Whose list it is.
    pub provider: String,
    /// How many entries it has.
    pub entries: usize,
    /// The place of the first entry that matches, from 1.
    pub matched: Option<usize>,
}

/// The entry that was found.
#[derive(Clone, Debug, Serialize)]
pub struct FoundEntry {
    /// Whose list it is in.
    pub list: String,
    /// The id in the list.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The name that its rule matched.
    pub matched_name: String,
    /// The comparison that decided.
    pub rule: MatchRule,
    /// What the name was compared with.
    pub pattern: String,
    /// How sure it is that the entry is the model's own.
    pub certainty: Certainty,
    /// Why it is no surer.
    pub reason: Reason,
    /// The reason as a sentence without its end.
    pub because: &'static str,
    /// How the name was rewritten, in order.
    pub steps: Vec<Step>,
    /// Later entries of the list that match as well, at most five; the first that matches counts.
    pub shadowed: Vec<ShadowedEntry>,
    /// Whether the provider has retired the model.
    pub deprecated: bool,
    /// How many tokens fit in one request, where it is known.
    pub context_window: Option<u64>,
    /// How many tokens a request may hold at most, where it is known.
    pub max_input: Option<u64>,
    /// How many tokens an answer may hold at most, where it is known.
    pub max_output: Option<u64>,
    /// How much of a unit is charged at least in each request that uses any of it.
    pub minimums: BTreeMap<&'static str, u64>,
    /// The prices and when they are in force: the last that is in force counts, else the first.
    pub prices: Vec<Era>,
    /// Other prices under conditions.
    pub variants: Vec<Variant>,
}

/// An entry that matches, but not first.
#[derive(Clone, Debug, Serialize)]
pub struct ShadowedEntry {
    /// The id in the list.
    pub id: String,
    /// The comparison that would decide.
    pub rule: MatchRule,
    /// What the name is compared with.
    pub pattern: String,
}

/// An entry whose name begins like the one that was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct NearEntry {
    /// Whose list it is in.
    pub list: String,
    /// The id in the list.
    pub id: String,
}

/// Prices and when they are in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Era {
    /// When; always where there is none.
    #[serde(default)]
    pub constraint: Option<Constraint>,
    /// US dollars by price key, as the list writes them.
    pub rates: BTreeMap<String, Rate>,
}

/// When prices are in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Constraint {
    /// From midnight UTC of this date.
    #[serde(default)]
    pub start_date: Option<String>,
    /// From this time of the day in UTC.
    #[serde(default)]
    pub start_time: Option<String>,
    /// Until this time of the day in UTC, past midnight where it is earlier.
    #[serde(default)]
    pub end_time: Option<String>,
}

/// A rate as the list writes it, a decimal in digits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Rate {
    /// One for requests of any size.
    Flat(String),
    /// One by the size of the request.
    Tiered {
        /// Up to the first tier.
        base: String,
        /// The tiers; the highest that is crossed prices the whole request.
        tiers: Vec<Tier>,
    },
}

/// A rate for large requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tier {
    /// For requests of more input tokens than this.
    pub above: u64,
    /// The rate.
    pub rate: String,
}

/// Prices under a condition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Variant {
    /// The condition: these pairs of the request's context.
    pub when: BTreeMap<String, String>,
    /// When; always where there is none.
    #[serde(default)]
    pub constraint: Option<Constraint>,
    /// US dollars by price key, instead of the standard ones.
    #[serde(default)]
    pub rates: Option<BTreeMap<String, Rate>>,
    /// What all token rates are multiplied with.
    #[serde(default)]
    pub multiply: Option<String>,
}

/// How many shadowed entries are told.
const SHADOWS: usize = 5;

impl Catalog {
    /// Looks a model up as [`Self::find`] does, and tells the whole path.
    ///
    /// Never fails for a name: what has no price is explained too. A damaged list is an error.
    ///
    /// ```
    /// use octorato_finops::price::{Catalog, Certainty};
    ///
    /// let path = Catalog::builtin().explain(None, "vertex_ai/gemini-3.8-flash-cyber")?;
    /// let found = path.found.unwrap();
    /// assert_eq!((found.id.as_str(), found.certainty), ("gemini-3.8-flash", Certainty::Similar));
    /// assert_eq!(path.tried.len(), 2); // the name, then the name without `vertex_ai/`
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn explain(&self, provider: Option<&str>, model: &str) -> Result<Explanation> {
        let mut told = Told::default();
        let answer = self.look_up(provider, model, &mut told);
        let mut path = Explanation {
            asked_provider: provider.map(str::to_owned),
            asked_model: model.to_owned(),
            snapshot: self.snapshot().to_string(),
            source: self.source(),
            provider: told.provider,
            tried: told.tried,
            found: None,
            error: None,
            hint: None,
            nearest: Vec::new(),
        };
        match answer {
            Ok(price) => path.found = Some(self.entry(&price)?),
            Err(error) if error.kind() == octorato_core::ErrorKind::Data => return Err(error),
            Err(error) => {
                let last = path.tried.last().map(|attempt| attempt.name.clone());
                let name = last.unwrap_or_else(|| short(model).trim().to_lowercase());
                path.nearest = self.near(path.provider.as_ref(), &name);
                path.error = Some(error.to_string());
                path.hint = error.hint().map(str::to_owned);
            }
        }
        Ok(path)
    }

    fn entry(&self, price: &ModelPrice<'_>) -> Result<FoundEntry> {
        let (model, matched) = (price.model(), price.matched());
        let list = price.list().id();
        let models = self.models(list)?;
        let place = models.iter().position(|known| std::ptr::eq(known, model)).unwrap_or_default();
        let shadowed = models[place + 1..].iter().filter_map(|other| {
            let (rule, pattern) = other.rule.decide(&matched.name)?;
            Some(ShadowedEntry { id: other.id().to_owned(), rule, pattern: pattern.to_owned() })
        });
        let (prices, variants) = self.written(list, place)?;
        Ok(FoundEntry {
            list: list.to_owned(),
            id: model.id().to_owned(),
            name: model.name().to_owned(),
            matched_name: matched.name.to_string(),
            rule: matched.rule,
            pattern: matched.pattern.to_owned(),
            certainty: matched.certainty,
            reason: matched.reason,
            because: matched.reason.sentence(),
            steps: matched.steps.clone(),
            shadowed: shadowed.take(SHADOWS).collect(),
            deprecated: model.is_deprecated(),
            context_window: model.context_window(),
            max_input: model.max_input(),
            max_output: model.max_output(),
            minimums: model.minimums().iter().map(|(unit, least)| (unit.name(), *least)).collect(),
            prices,
            variants,
        })
    }

    /// The prices of an entry as the catalog's text has them.
    fn written(&self, list: &str, place: usize) -> Result<(Vec<Era>, Vec<Variant>)> {
        #[derive(Deserialize)]
        struct Line {
            models: Vec<Written>,
        }
        #[derive(Deserialize)]
        struct Written {
            prices: Vec<Era>,
            #[serde(default)]
            variants: Vec<Variant>,
        }
        let at = self.providers().iter().position(|known| known.id() == list).unwrap_or_default();
        let line: Line = serde_json::from_str(self.line(at)).map_err(|error| {
            let said = format!("the price catalog is damaged: {error}");
            octorato_core::Error::new(octorato_core::ErrorKind::Data, said).with("place", list)
        })?;
        let entry = line.models.into_iter().nth(place);
        Ok(entry.map_or_else(Default::default, |entry| (entry.prices, entry.variants)))
    }

    fn near(&self, provider: Option<&FoundProvider>, name: &str) -> Vec<NearEntry> {
        const ENOUGH: usize = 8;
        let mut near = Vec::new();
        for (at, list) in self.providers().iter().enumerate() {
            if provider.is_some_and(|provider| provider.id != list.id()) {
                continue;
            }
            let ids = self.nearest(at, name).into_iter();
            near.extend(ids.map(|id| NearEntry { list: list.id().into(), id: id.into() }));
        }
        let alike = |entry: &NearEntry| {
            let same = entry.id.bytes().map(|b| b.to_ascii_lowercase()).zip(name.bytes());
            std::cmp::Reverse(same.take_while(|(a, b)| a == b).count())
        };
        near.sort_by_key(alike);
        near.truncate(ENOUGH);
        near
    }
}

/// The first letters, as many as matter.
fn short(text: &str) -> &str {
    const ENOUGH: usize = 256;
    text.get(..text.floor_char_boundary(ENOUGH)).unwrap_or(text)
}

/// What a lookup has told.
#[derive(Default)]
struct Told {
    provider: Option<FoundProvider>,
    tried: Vec<Attempt>,
}

impl Watch for Told {
    fn provider(&mut self, provider: &Provider, how: ProviderMatch) {
        self.provider = Some(FoundProvider {
            id: provider.id().to_owned(),
            name: provider.name().to_owned(),
            how,
            resells: provider.resells.iter().map(ToString::to_string).collect(),
        });
    }

    fn tries(&mut self, name: &str, steps: &[Step]) {
        self.tried.push(Attempt {
            name: name.to_owned(),
            steps: steps.to_vec(),
            lists: Vec::new(),
        });
    }

    fn searched(&mut self, list: &Provider, models: &[Model], found: Option<usize>) {
        if let Some(attempt) = self.tried.last_mut() {
            attempt.lists.push(SearchedList {
                provider: list.id().to_owned(),
                entries: models.len(),
                matched: found.map(|place| place + 1),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain(provider: Option<&str>, model: &str) -> Explanation {
        Catalog::builtin().explain(provider, model).unwrap()
    }

    #[test]
    fn the_path_tells_lists_rule_certainty_and_prices() {
        let path = explain(Some("azure"), "claude-opus-4-8");
        let provider = path.provider.unwrap();
        assert_eq!((provider.id.as_str(), provider.how), ("azure", ProviderMatch::Given));
        let lists: Vec<_> = path.tried[0].lists.iter().map(|l| (&*l.provider, l.matched)).collect();
        assert_eq!(lists[..2], [("azure", None), ("openai", None)]);
        assert_eq!(lists[2].0, "anthropic");
        assert!(lists[2].1.is_some());
        let found = path.found.unwrap();
        assert_eq!((&*found.list, &*found.id), ("anthropic", "claude-opus-4-8"));
        assert_eq!((found.certainty, found.reason), (Certainty::Exact, Reason::Named));
        assert!(matches!(&found.prices[0].rates["input_mtok"], Rate::Flat(rate) if rate == "5"));
        assert!(found.variants.iter().any(|variant| variant.multiply.as_deref() == Some("2")));
    }

    #[test]
    fn every_entry_of_the_builtin_catalog_can_be_explained() {
        let catalog = Catalog::builtin();
        for provider in catalog.providers() {
            let models = catalog.models(provider.id()).unwrap();
            let (prices, _) = catalog.written(provider.id(), models.len() - 1).unwrap();
            assert!(!prices.is_empty(), "{}", provider.id());
        }
    }

    #[test]
    fn entries_that_match_later_are_told() {
        let path = explain(Some("aws"), "us.amazon.titan-embed-text-v1");
        let shadowed = path.found.unwrap().shadowed;
        assert!(shadowed.is_empty(), "{shadowed:?}");
        let path = explain(Some("google"), "gemini-1.5-flash-claude-3-opus");
        let found = path.found.unwrap();
        assert_eq!(found.id, "claude-3-opus");
        assert_eq!(found.shadowed[0].id, "gemini-1.5-flash");
    }

    #[test]
    fn what_was_not_found_is_explained_too() {
        let path = explain(None, "qwen/qwen3-32b");
        assert!(path.provider.is_none() && path.found.is_none());
        let lists: Vec<_> = path.nearest.iter().map(|near| &*near.list).collect();
        assert!(lists.contains(&"groq"), "{lists:?}");
        let path = explain(Some("anthropic"), "claude-opus-9@20990101");
        assert!(path.nearest.iter().all(|near| near.list == "anthropic"));
        assert!(path.tried.len() > 1);
        assert!(path.error.unwrap().contains("claude-opus-9@20990101"));
        assert!(explain(None, &"本".repeat(1 << 20)).error.is_some());
        let json = serde_json::to_value(explain(None, "gpt-5.5")).unwrap();
        assert_eq!(json["found"]["certainty"], "exact");
        assert_eq!(json["provider"]["how"], "inferred_from_model");
    }
}
