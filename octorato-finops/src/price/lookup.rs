//! Finding the price of a model by the name that a log, a router or an SDK writes.
//!
//! The order is fixed:
//!
//! 1. The provider: by its id, by the price list's other spellings, by the spellings of routers and
//!    SDKs. Where none is named: by what the name says itself (a prefix such as `openrouter/` or any
//!    id of the price list, an ARN, a path, the form of a Bedrock id), else by the price list's rules
//!    for names.
//! 2. The name as it is, then with its date in dashes, in the provider's list and in the lists of
//!    the providers that it resells. The first rule that matches decides. This much is the order of
//!    the source of the prices, and gives its answers.
//! 3. Only where that finds nothing: the rewritings of [`STEPS`], one upon the other, each followed
//!    by 2.
//! 4. The id of an entry, as the list writes it.
//!
//! No rewriting guesses: each removes what is documented not to change the price, or the answer is
//! marked as [`Certainty::Similar`](super::Certainty) with its [`Reason`].

mod bedrock;
mod name;
mod prefix;
mod refusal;
mod step;
mod steps;
mod verdict;

use octorato_core::{Error, ErrorKind, Result};

use super::catalog::{Catalog, Provider};
use super::certainty::{Certainty, MatchPolicy, Reason};
use super::matching::{MatchRule, Matched, ProviderMatch, Sought};
use super::model_price::ModelPrice;
use super::table::Model;
pub(super) use prefix::spelled as provider_spelled;
pub use step::Step;

type Rewrite = fn(&str, &Provider) -> Option<Rewritten>;

/// The rewritings in their order. Those of the first kind are built upon, those of the second are
/// other spellings, which are tried and not kept.
const STEPS: [(Step, Kind, Rewrite); 19] = [
    (Step::Unescaped, Kind::Kept, steps::unescaped),
    (Step::Hyphenated, Kind::Kept, steps::hyphenated),
    (Step::Prefix, Kind::Kept, steps::unprefixed),
    (Step::Place, Kind::Kept, steps::unplaced),
    (Step::Arn, Kind::Kept, steps::resource),
    (Step::Path, Kind::Kept, steps::last_of_path),
    (Step::Context, Kind::Kept, steps::without_context),
    (Step::Route, Kind::Kept, steps::unrouted),
    (Step::DottedGpt, Kind::Kept, steps::dotted_gpt),
    (Step::Version, Kind::Kept, steps::unversioned),
    (Step::PlainDate, Kind::Spelling, steps::plain_date),
    (Step::DottedVersion, Kind::Spelling, steps::dotted_claude),
    (Step::DashedVersion, Kind::Spelling, steps::dashed_claude),
    (Step::Undated, Kind::Spelling, steps::undated_claude),
    (Step::Geography, Kind::Kept, steps::without_geography),
    (Step::UnitedStates, Kind::Spelling, steps::of_us),
    (Step::Undated, Kind::Kept, steps::undated),
    (Step::DottedVersion, Kind::Spelling, steps::dotted_claude),
    (Step::UnitedStates, Kind::Kept, steps::of_us),
];

/// Whether later rewritings build upon one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// They do.
    Kept,
    /// They do not.
    Spelling,
}

/// How often one rewriting is repeated at most.
const REPEATS: usize = 4;

/// The longest name that is looked up, in bytes: that of Bedrock's `modelId`.
const LONGEST: usize = 2048;

/// What a rewriting gives.
struct Rewritten {
    text: String,
    caution: Option<Reason>,
    place: Option<String>,
}

impl Rewritten {
    fn new(text: String) -> Self {
        Self { text, caution: None, place: None }
    }

    /// The rest of the name has another price, for this reason.
    fn with(self, caution: Reason) -> Self {
        Self { caution: Some(caution), ..self }
    }

    /// What was removed said where the model is called.
    fn at(self, place: &str) -> Self {
        Self { place: Some(place.to_owned()), ..self }
    }
}

/// A name on its way through the steps.
#[derive(Clone)]
struct Name {
    text: String,
    steps: Vec<Step>,
    caution: Option<Reason>,
    place: Option<String>,
    /// The name before its version or date was removed.
    dated: Option<String>,
}

impl Name {
    fn new(text: String) -> Self {
        Self { text, steps: Vec::new(), caution: None, place: None, dated: None }
    }

    fn take(&mut self, step: Step, rewritten: Rewritten) {
        let before = std::mem::replace(&mut self.text, rewritten.text);
        if matches!(step, Step::Version | Step::Undated) {
            self.dated.get_or_insert(before);
        }
        self.steps.push(step);
        self.caution = self.caution.or(rewritten.caution);
        self.place = rewritten.place.or(self.place.take());
    }

    /// The geography or region of a Bedrock id.
    fn place(&self) -> Option<&str> {
        bedrock::geography(&self.text).map(|(place, _)| place).or(self.place.as_deref())
    }
}

/// Who is told what is tried.
pub(super) trait Watch {
    /// The provider was found.
    fn provider(&mut self, _provider: &Provider, _how: ProviderMatch) {}
    /// A name is tried, rewritten by these steps.
    fn tries(&mut self, _name: &str, _steps: &[Step]) {}
    /// A list was searched, down to the entry at the given place where there is one.
    fn searched(&mut self, _list: &Provider, _models: &[Model], _found: Option<usize>) {}
}

/// Nobody.
impl Watch for () {}

/// Who bills, and how that was found.
#[derive(Clone, Copy)]
struct Seller {
    at: usize,
    how: ProviderMatch,
}

impl Catalog {
    /// The price of a model, however sure; see [`Matched::certainty`].
    ///
    /// The provider is found by its id, then by its other spellings; without one, by the form of
    /// the model's name. The model is the first of the provider's list that matches, then of the
    /// lists of providers that it resells; then the same is tried with a date in the name written
    /// with dashes, then with the name rewritten ([`Matched::steps`]). A name that nothing matches,
    /// or that names no model, is an error of kind [`ErrorKind::Unpriced`].
    ///
    /// ```
    /// use octorato_finops::price::{Catalog, Certainty};
    ///
    /// let price = Catalog::builtin().find(None, "openrouter/anthropic/claude-opus-4.8:nitro")?;
    /// assert_eq!((price.list().id(), price.model().id()), ("openrouter", "anthropic/claude-opus-4.8"));
    /// assert_eq!(price.matched().certainty, Certainty::Similar);
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn find(&self, provider: Option<&str>, model: &str) -> Result<ModelPrice<'_>> {
        self.look_up(provider, model, &mut ())
    }

    /// The price of a model, unless the policy refuses it; see [`Self::find`].
    ///
    /// ```
    /// use octorato_finops::price::{Catalog, MatchPolicy};
    ///
    /// let catalog = Catalog::builtin();
    /// let error = catalog.find_with(None, "gemini-3.8-flash-cyber", MatchPolicy::ExactOnly);
    /// assert!(error.unwrap_err().hint().unwrap().contains("similar_models: price"));
    /// ```
    pub fn find_with(
        &self,
        provider: Option<&str>,
        model: &str,
        policy: MatchPolicy,
    ) -> Result<ModelPrice<'_>> {
        policy.admit(model.trim(), self.find(provider, model)?)
    }

    /// [`Self::find`], told step by step.
    pub(super) fn look_up(
        &self,
        provider: Option<&str>,
        model: &str,
        watch: &mut impl Watch,
    ) -> Result<ModelPrice<'_>> {
        if let Some(damage) = self.damage() {
            return Err(Error::new(ErrorKind::Data, damage));
        }
        let model = model.trim();
        if model.len() > LONGEST {
            return Err(refusal::too_long(model));
        }
        let mut name = Name::new(model.to_lowercase());
        if name.text.is_empty() {
            return Err(Error::new(ErrorKind::Unpriced, "no model is named, so there is no price"));
        }
        let seller = match provider {
            Some(provider) => self.provider_named(provider)?,
            None => self.provider_of_model(&name.text)?,
        };
        let provider = &self.providers()[seller.at];
        watch.provider(provider, seller.how);
        if let Some(refused) = refusal::opaque(&name.text) {
            return Err(refused.with("provider", provider.id()));
        }
        let mut tried = Vec::new();
        if let Some(found) = self.try_name(seller, &name, watch)? {
            return Ok(found);
        }
        if let Some(found) = self.entry_of_id(seller, &name)? {
            return Ok(found);
        }
        let mut plain = None;
        for (step, kind, rewrite) in STEPS {
            for _ in 0..REPEATS {
                let Some(rewritten) = rewrite(&name.text, provider) else { break };
                let mut next = name.clone();
                next.take(step, rewritten);
                tried.push(next.text.clone());
                if let Some(found) = self.try_name(seller, &next, watch)? {
                    return Ok(found);
                }
                if kind == Kind::Spelling {
                    break;
                }
                name = next;
            }
            let is_plain = matches!(step, Step::Prefix | Step::Path) && name.caution.is_none();
            if is_plain && !name.steps.is_empty() {
                plain = Some(name.clone());
            }
        }
        if let Some(plain) = plain
            && let Some(found) = self.entry_of_id(seller, &plain)?
        {
            return Ok(found);
        }
        Err(self.unknown_model(seller.at, model, &tried))
    }

    /// The provider of this id, else of a spelling that routers and SDKs have for it, such as
    /// `bedrock` for `aws`; case does not count. Unlike [`Self::find`] this takes no rule of the
    /// list, which would take a misspelt name too.
    ///
    /// ```
    /// use octorato_finops::price::{Catalog, Provider};
    ///
    /// let spelled = |name| Catalog::builtin().provider_spelled(name).map(Provider::id);
    /// assert_eq!(spelled("Bedrock"), Some("aws"));
    /// assert_eq!(spelled("bedrok"), None);
    /// ```
    pub fn provider_spelled(&self, name: &str) -> Option<&Provider> {
        let name = name.trim().to_lowercase();
        let at = self.position(&name).or_else(|| self.position(prefix::spelled(&name)?))?;
        self.providers().get(at)
    }

    /// The provider of this id, else of this other spelling.
    pub(super) fn provider_called(&self, name: &str) -> Result<&Provider> {
        self.provider_named(name).map(|seller| &self.providers()[seller.at])
    }

    fn provider_named(&self, name: &str) -> Result<Seller> {
        let name = name.trim();
        if name.len() > LONGEST {
            return Err(refusal::too_long(name));
        }
        if let Some(at) = self.position(name) {
            return Ok(Seller { at, how: ProviderMatch::Given });
        }
        let lower = name.to_lowercase();
        let providers = self.providers();
        if let Some(at) = self.position(&lower) {
            return Ok(Seller { at, how: ProviderMatch::Given });
        }
        let by_rule = providers
            .iter()
            .position(|p| p.aliases.as_ref().is_some_and(|rule| rule.is_match(&lower)));
        match by_rule.or_else(|| self.position(prefix::provider(&lower)?)) {
            Some(at) => Ok(Seller { at, how: ProviderMatch::Alias }),
            None => Err(self.unknown_provider(name)),
        }
    }

    /// The place of the provider of this id.
    fn position(&self, id: &str) -> Option<usize> {
        self.providers().iter().position(|known| known.id() == id)
    }

    fn provider_of_model(&self, name: &str) -> Result<Seller> {
        let unescaped;
        let name = if name.contains('%') {
            unescaped = name.replace("%3a", ":").replace("%2f", "/");
            &unescaped
        } else {
            name
        };
        if let Some(at) = self.named_in(name) {
            return Ok(Seller { at, how: ProviderMatch::NamedInModel });
        }
        let base = || self.claimant(name::fine_tune(name)?.strip_prefix("ft:")?);
        let words = || {
            let has_spaces = name.contains(char::is_whitespace);
            let words = || name.split_whitespace().collect::<Vec<_>>().join("-");
            self.claimant(&has_spaces.then(words)?)
        };
        match self.claimant(name).or_else(base).or_else(words) {
            Some(at) => Ok(Seller { at, how: ProviderMatch::InferredFromModel }),
            None => Err(self.unclaimed(name)),
        }
    }

    /// The place of the provider that a name names itself.
    fn named_in(&self, name: &str) -> Option<usize> {
        if is_variant(name) {
            return self.position("openrouter");
        }
        if let Some((id, _)) = prefix::split(name) {
            return self.position(id);
        }
        if let Some((id, _)) = prefix::cut(name)
            && let Some(at) = self.position(id)
        {
            return Some(at);
        }
        if name.starts_with("arn:aws") || bedrock::is_id(name) {
            return self.position("aws");
        }
        let starts = ["projects/", "publishers/", "models/gemini", "models/gemma", "tunedmodels/"];
        let is_google = starts.iter().any(|start| name.starts_with(start));
        is_google.then(|| self.position("google"))?
    }

    /// The price of a name as it is, then with its date in dashes.
    fn try_name(
        &self,
        seller: Seller,
        name: &Name,
        watch: &mut impl Watch,
    ) -> Result<Option<ModelPrice<'_>>> {
        let found = self.search(seller, name, watch)?;
        if found.is_some() {
            return Ok(found);
        }
        let Some(dashed) = name::with_dashed_dates(&name.text) else { return Ok(None) };
        let mut name = name.clone();
        name.take(Step::DashedDate, Rewritten::new(dashed));
        self.search(seller, &name, watch)
    }

    /// The first model that matches in the seller's list, then in those of the resold providers.
    fn search(
        &self,
        seller: Seller,
        name: &Name,
        watch: &mut impl Watch,
    ) -> Result<Option<ModelPrice<'_>>> {
        watch.tries(&name.text, &name.steps);
        let provider = &self.providers()[seller.at];
        let resold = provider.resells.iter().filter_map(|id| self.position(id));
        let lists = std::iter::once((seller.at, seller.how))
            .chain(resold.map(|other| (other, ProviderMatch::Fallback)));
        let fine_tune = name::fine_tune(&name.text);
        let sought = Sought::new(fine_tune.unwrap_or(&name.text));
        for (at, how) in lists {
            let (list, models) = (&self.providers()[at], self.list_at(at)?);
            let found = models.rules.first(&sought, |place| {
                let model = models.all.get(place)?;
                let (rule, pattern) = model.rule.decide(sought.name)?;
                // A fine-tune never has the price of its base.
                let is_own =
                    fine_tune.is_none() || pattern.contains("ft:") || pattern.contains(".ft-");
                is_own.then_some((place, model, rule, pattern))
            });
            watch.searched(list, &models.all, found.map(|(place, ..)| place));
            if let Some((_, model, rule, pattern)) = found {
                let mut matched = matched(provider, model, how, rule, pattern, name);
                let doubt = verdict::doubt(provider, list, model, name, self.made());
                if let Some(reason) = doubt.filter(|_| matched.exact) {
                    matched.exact = false;
                    (matched.certainty, matched.reason) = (Certainty::Similar, reason);
                }
                return Ok(Some(ModelPrice::new(provider, list, model, matched)));
            }
        }
        Ok(None)
    }

    /// The entry of the seller's list whose id the name is.
    fn entry_of_id(&self, seller: Seller, name: &Name) -> Result<Option<ModelPrice<'_>>> {
        let provider = &self.providers()[seller.at];
        let Some(model) = self.list_at(seller.at)?.of_id(&name.text) else { return Ok(None) };
        let is_plain = name.steps.is_empty();
        let certainty = if is_plain { Certainty::Exact } else { Certainty::Equivalent };
        let steps = name.steps.iter().copied().chain([Step::EntryId]).collect();
        let matched = Matched {
            rule: MatchRule::Equals,
            pattern: model.id(),
            date_rewritten: false,
            provider: seller.how,
            exact: true,
            certainty,
            reason: Reason::Named,
            steps,
            name: name.text.as_str().into(),
        };
        Ok(Some(ModelPrice::new(provider, provider, model, matched)))
    }
}

/// Says how sure the match is. What a pattern matched in a longer name is rewritten further, since
/// the rest of the name may be no more than a prefix or a version.
fn matched<'c>(
    seller: &Provider,
    model: &'c Model,
    provider: ProviderMatch,
    rule: MatchRule,
    pattern: &'c str,
    name: &Name,
) -> Matched<'c> {
    let is_whole = rule == MatchRule::Equals;
    let mut verdict = verdict::judge(model, name, pattern, is_whole);
    let mut steps = name.steps.clone();
    if verdict == (Certainty::Similar, Reason::Pattern) {
        let mut longer = name.clone();
        'steps: for (step, kind, rewrite) in STEPS {
            for _ in 0..REPEATS {
                let Some(rewritten) = rewrite(&longer.text, seller) else { break };
                let mut next = longer.clone();
                next.take(step, rewritten);
                let other = verdict::judge(model, &next, pattern, false);
                if other.1 != Reason::Pattern {
                    (verdict, steps) = (other, next.steps);
                    break 'steps;
                }
                if kind == Kind::Spelling {
                    break;
                }
                longer = next;
            }
        }
    }
    if name::fine_tune(&name.text).is_some_and(|priced| priced != name.text) {
        steps.push(Step::FineTune);
    }
    let (certainty, reason) = verdict;
    Matched {
        rule,
        pattern,
        date_rewritten: name.steps.contains(&Step::DashedDate),
        provider,
        exact: certainty.is_own_price(),
        certainty,
        reason,
        steps,
        name: name.text.as_str().into(),
    }
}

/// Whether the name has the form of a variant of `OpenRouter`'s: `openai/gpt-5.5:nitro`.
fn is_variant(name: &str) -> bool {
    const SUFFIXES: [&str; 8] =
        ["free", "batch", "thinking", "extended", "nitro", "floor", "exacto", "online"];
    name.rsplit_once(':').is_some_and(|(model, suffix)| {
        model.contains('/') && !model.contains(':') && SUFFIXES.contains(&suffix)
    })
}
