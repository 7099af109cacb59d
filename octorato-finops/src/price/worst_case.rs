//! The most that a request can cost: what a hard cap reserves before it is sent.

mod bounded;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Error, ErrorKind, Money, PriceContext, Result, Unit, UnitKind};
use rust_decimal::Decimal;

use super::amount::{Amount, out_of_range};
use super::charge::is_kind_of;
use super::model_price::{ModelPrice, Rates};
use super::rate::{Per, Rate};
use super::request::{CacheWrites, Media, Modality, Most, Request};
use super::table::Model;
pub(super) use bounded::{Bounded, Limits, earliest, horizon};

/// How long after its start a request may be dated by the provider: rates that come into force
/// meanwhile count.
pub const HORIZON: SignedDuration = SignedDuration::from_hours(1);

/// How long before its start a request may be dated by the provider, whose clock may be late: rates
/// that were in force until then count.
pub const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How many combinations of price variants are looked at.
const MAX_CONTEXTS: usize = 1_024;

/// What [`ModelPrice::worst_case`] finds.
#[derive(Clone, Debug, PartialEq)]
pub enum WorstCase {
    /// The request cannot cost more than this.
    Bounded(Bound),
    /// There is no bound, for each of these reasons. A hard cap refuses such a request.
    Unbounded(Vec<String>),
}

/// The most that a request can cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    amount: Money,
    terms: Vec<Term>,
    max_output_tokens: u64,
    at: Timestamp,
    context: PriceContext,
    agreed: bool,
}

/// One part of a bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// What it bounds: all input tokens, all output tokens, or one countable thing.
    pub kind: UnitKind,
    /// The unit whose rate was the dearest, and was taken for all of it.
    pub unit: Unit,
    /// How many at most.
    pub count: u64,
    /// US dollars for `per` of it.
    pub rate: Decimal,
    /// How many units the rate is for.
    pub per: u64,
    /// US dollars; at most 28 digits where there is no exact decimal.
    pub amount: Decimal,
}

impl WorstCase {
    /// The bound, where there is one.
    pub fn bound(&self) -> Option<&Bound> {
        match self {
            Self::Bounded(bound) => Some(bound),
            Self::Unbounded(_) => None,
        }
    }

    /// Why there is no bound; nothing where there is one.
    pub fn reasons(&self) -> &[String] {
        match self {
            Self::Bounded(_) => &[],
            Self::Unbounded(reasons) => reasons,
        }
    }
}

impl Bound {
    /// US dollars, rounded up to 10^-12.
    pub fn amount(&self) -> Money {
        self.amount
    }

    /// The parts, which add up to the amount before it is rounded.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The output tokens of one answer that the bound covers. A request that did not limit them
    /// holds the bound by the model's maximum, or by the guard's writing this limit into it.
    pub fn max_output_tokens(&self) -> u64 {
        self.max_output_tokens
    }

    /// When the rates are in force that make it dearest.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The price variant that makes it dearest.
    pub fn context(&self) -> &PriceContext {
        &self.context
    }

    /// Whether rates that were agreed with the provider make it dearest, and not those of the list:
    /// see [`BookPrice::worst_case`](super::BookPrice::worst_case).
    pub fn is_agreed(&self) -> bool {
        self.agreed
    }
}

impl ModelPrice<'_> {
    /// The most that `request` can cost if it is sent at `at`.
    ///
    /// - **Input**: as many tokens as the text has bytes (a token is at least one byte), and what
    ///   the provider may add, for each round of its own tools; a medium as the provider documents
    ///   it; hidden state, and media without a documented size, one context window per round. The
    ///   bytes are not cut to the context window: a window in a price list may be too small for a
    ///   model that has grown, and a request that is longer than the window is refused for free.
    /// - **Output**: answers x rounds x the limit of the request, else the model's maximum, else its
    ///   context window; no limit is needed where it is free. Where the name of the model did not match exactly, the larger of the last
    ///   two.
    /// - **Rates**: each at the dearest that is reachable: plain, read from or written to a cache,
    ///   of each modality; every tier below the input; the standard price, the variant that is asked
    ///   for, each of its parts, and those that the provider may choose; all that is in force from
    ///   [`SKEW`] before `at` until [`HORIZON`] after it.
    /// - **Fees**: of the request, and of the provider's own tools as often as they may be used.
    /// - **Minimums**: what is charged at least ([`Model::minimums`](super::Model::minimums)) counts
    ///   for every unit of which any may be used.
    ///
    /// There is no bound where the name of the model says that it searches by itself or that another
    /// one answers, nor where [`Request::model`] is known to be a model with another price.
    ///
    /// A variant that the provider may choose and that has no price is taken for one that it does
    /// not sell. An error of kind [`ErrorKind::Unpriced`] where the variant that is asked for has no
    /// price, [`ErrorKind::Overflow`] where an amount is too large, and
    /// [`ErrorKind::InvalidArgument`] where there are too many variants.
    ///
    /// ```
    /// use octorato_finops::price::{Catalog, Request};
    ///
    /// let price = Catalog::builtin().find(Some("anthropic"), "claude-sonnet-4-5")?;
    /// let body = serde_json::json!({"max_tokens": 1000, "messages": [
    ///     {"role": "user", "content": "Hello"}]});
    /// let request = Request::from_body("anthropic", None, &body)?;
    /// let worst = price.worst_case("2026-11-20T12:00:00Z".parse()?, &request)?;
    /// let bound = worst.bound().expect("text with a limit has a bound");
    /// assert_eq!(bound.max_output_tokens(), 1000);
    /// assert_eq!(bound.amount().to_string(), "0.018279"); // 1,093 x 3 and 1,000 x 15
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn worst_case(&self, at: Timestamp, request: &Request) -> Result<WorstCase> {
        worst_case(self, at, request)
    }
}

/// The bound of [`ModelPrice::worst_case`] over all rates of `price`.
pub(super) fn worst_case<'c>(
    price: &impl Bounded<'c>,
    at: Timestamp,
    request: &Request,
) -> Result<WorstCase> {
    let mut reasons = BTreeSet::new();
    reasons.extend(request.unbounded.iter().map(ToString::to_string));
    let limits = price.limits(at);
    reasons.extend(limits.acts_alone.map(str::to_owned));
    if let Some(model) = request.model.as_deref().filter(|model| price.is_other(model)) {
        reasons.insert(format!("the request names `{model}`, whose price is another one"));
    }
    let size = size(&limits, request)?;
    let contexts = reachable(price, request)?;
    let mut worst: Option<Bound> = None;
    for instant in price.instants(at) {
        for context in &contexts {
            let list = match price.list(instant, context) {
                Ok(rates) => rates,
                Err(error)
                    if error.kind() == ErrorKind::Unpriced && *context != request.context =>
                {
                    continue;
                }
                Err(error) => return Err(error),
            };
            let agreed = price.agreed(&list, instant, context)?;
            for (mut rates, agreed) in
                [(Some(list), false), (agreed, true)].into_iter().filter_map(|(r, a)| Some((r?, a)))
            {
                let is_reached = |above: &u64| *above < size.input || size.open_input.is_some();
                let mut steps: Vec<u64> = rates
                    .thresholds()
                    .filter(is_reached)
                    .map(|above| above.saturating_add(1))
                    .collect();
                steps.push(0);
                for tokens in steps {
                    rates.input_tokens = tokens;
                    let (terms, amount) = terms(request, &size, &rates, &mut reasons)?;
                    if worst.as_ref().is_none_or(|worst| amount.pico() > worst.amount.pico()) {
                        let max_output_tokens = size.max_output;
                        let (context, at) = (context.clone(), instant);
                        worst =
                            Some(Bound { amount, terms, max_output_tokens, at, context, agreed });
                    }
                }
            }
        }
    }
    match worst {
        Some(bound) if reasons.is_empty() => Ok(WorstCase::Bounded(bound)),
        _ => Ok(WorstCase::Unbounded(reasons.into_iter().collect())),
    }
}

/// How many tokens at most, and why not where there is no such number.
fn size(limits: &Limits<'_>, request: &Request) -> Result<Size> {
    let model = limits.model;
    let window = model.and_then(|model| model.context_window().max(model.max_input()));
    let (mut open_input, mut open_output) = (None, None);
    let mut per_round = u128::from(request.text_bytes) + u128::from(request.overhead_tokens);
    let mut needs_window = !request.hidden.is_empty();
    for medium in &request.media {
        match medium.tokens.or_else(|| documented(limits, *medium)) {
            Some(tokens) => per_round += u128::from(tokens),
            None => needs_window = true,
        }
    }
    match window {
        Some(window) if needs_window => per_round += u128::from(window),
        None if needs_window => {
            let what = if request.hidden.is_empty() { "media" } else { &request.hidden.join(", ") };
            open_input =
                Some(format!("the model's context window, which would bound {what}, is not known"));
        }
        _ => {}
    }
    let most = match model.and_then(Model::max_output) {
        Some(most) if limits.is_exact => Some(most),
        most => most.max(window),
    };
    let mut max_output = request.max_output.or(most);
    if request.reasoning_apart {
        max_output = max_output.zip(most).and_then(|(limit, most)| limit.checked_add(most));
    }
    if max_output.is_none() {
        let why = "neither the request nor the price list limits the output; set `max_tokens`";
        open_output = Some(why.to_owned());
    }
    if request.rounds.is_none() {
        let why = "the rounds of the provider's tools have no limit".to_owned();
        open_input.get_or_insert_with(|| why.clone());
        open_output.get_or_insert(why);
    }
    let max_output = max_output.unwrap_or_default();
    let per_answer = u128::from(max_output) + u128::from(request.extra_output);
    let range = |count: Option<u128>| {
        count.and_then(|count| u64::try_from(count).ok()).ok_or_else(out_of_range)
    };
    let rounds = u128::from(request.rounds.unwrap_or(1));
    let answers = u128::from(request.answers);
    Ok(Size {
        input: range(per_round.checked_mul(rounds))?,
        open_input,
        output: range(per_answer.checked_mul(rounds).and_then(|n| n.checked_mul(answers)))?,
        open_output,
        max_output,
        searches_by_itself: limits.searches_by_itself,
    })
}

/// The most tokens of a medium, only where the provider documents a maximum.
///
/// Images of Claude models are scaled down to 4,784 tokens at most (1,568 before Opus 4.7):
/// <https://platform.claude.com/docs/en/build-with-claude/vision>. Images of `OpenAI`'s earlier
/// models are scaled to 768 x 2,048 pixels, which are eight tiles and a base, or to 1,536 patches
/// times a factor; images of low detail have the base alone. For GPT-5 and later, what is published
/// contradicts itself, so no maximum of theirs is used: <https://platform.openai.com/docs/guides/images-vision#calculating-costs>.
/// Gemini documents tokens per tile and per second, but no most of either. Of the pages of a PDF,
/// Anthropic documents how many there may be, but only what is usual for the text of each
/// (<https://platform.claude.com/docs/en/build-with-claude/pdf-support>).
fn documented(limits: &Limits<'_>, medium: Media) -> Option<u64> {
    let id = limits.model.filter(|_| limits.is_exact)?.id();
    if medium.modality != Modality::Image {
        return None;
    }
    if id.contains("claude") {
        return Some(4_784);
    }
    // A base and eight tiles, or patches times a factor.
    match id.strip_prefix("openai/").unwrap_or(id) {
        "gpt-4o" | "gpt-4o-2024-05-13" | "chatgpt-4o-latest" | "gpt-4.1" => Some(85 + 8 * 170),
        "gpt-4o-mini" => Some(2_833 + 8 * 5_667),
        "o1" | "o3" => Some(75 + 8 * 150),
        "gpt-4.1-mini" => Some(2_489),
        "gpt-4.1-nano" => Some(3_779),
        "o4-mini" => Some(2_642),
        _ => None,
    }
}

/// The price variants that may be charged: the standard one, what is asked for and each of its
/// parts, and what the provider may choose.
fn reachable<'c>(price: &impl Bounded<'c>, request: &Request) -> Result<Vec<PriceContext>> {
    let mut options: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, value) in request.context.iter() {
        options.push((name, vec![value]));
    }
    for name in &request.provider_chooses {
        let values = price.values_of(name);
        match options.iter_mut().find(|(known, _)| *known == &**name) {
            Some((_, known)) => known.extend(values),
            None => options.push((name, values)),
        }
    }
    let mut contexts = vec![PriceContext::standard()];
    for (name, values) in options {
        for at in 0..contexts.len() {
            for value in &values {
                let mut context = contexts[at].clone();
                context.set(name, value);
                contexts.push(context);
            }
            if contexts.len() > MAX_CONTEXTS {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    "too many price variants are possible",
                ));
            }
        }
    }
    contexts.sort();
    contexts.dedup();
    Ok(contexts)
}

/// How many tokens at most.
struct Size {
    input: u64,
    /// Why the input may be more, which matters where input is not free.
    open_input: Option<String>,
    output: u64,
    /// Why the output may be more, which matters where output is not free.
    open_output: Option<String>,
    /// Of one answer.
    max_output: u64,
    /// Whether the model searches without being offered a tool.
    searches_by_itself: bool,
}

/// What `size` and the countable things cost at `rates`.
fn terms(
    request: &Request,
    size: &Size,
    rates: &Rates<'_>,
    reasons: &mut BTreeSet<String>,
) -> Result<(Vec<Term>, Money)> {
    let mut terms = Vec::new();
    let mut total = Amount::ZERO;
    let mut add = |kind: UnitKind, unit: Unit, count: u64, rate: Rate| -> Result<()> {
        let amount = Amount::of(count, rate, Per::of(unit))?;
        total = total.plus(amount)?;
        let (amount, _) = amount.to_decimal()?;
        let (rate, per) = (rate.to_decimal(), Per::of(unit).count());
        terms.push(Term { kind, unit, count, rate, per, amount: amount.normalize() });
        Ok(())
    };
    for (kind, count, open) in [
        (UnitKind::InputTokens, size.input, &size.open_input),
        (UnitKind::OutputTokens, size.output, &size.open_output),
    ] {
        if let Some((unit, rate)) = dearest(request, rates, kind)? {
            add(kind, unit, count, rate)?;
            reasons.extend(open.iter().filter(|_| rate.mantissa() > 0).cloned());
        }
    }
    for &unit in Unit::ALL.iter().filter(|unit| unit.kind() == UnitKind::Count) {
        match count_of(request, size, rates, unit)? {
            Most::Count(0) => {}
            Most::Count(count) => match rates.of(unit)? {
                Some(rate) => add(UnitKind::Count, unit, count.max(least(rates, unit)), rate)?,
                None => {
                    reasons.insert(format!("no price for `{unit}`"));
                }
            },
            Most::NoLimit => {
                reasons.insert(format!("nothing limits `{unit}`"));
            }
        }
    }
    let amount = total.book_up()?;
    Ok((terms, amount))
}

/// How much of `unit` is charged at least where any is used.
fn least(rates: &Rates<'_>, unit: Unit) -> u64 {
    let minimums = rates.minimums.iter().filter(|(whole, _)| is_kind_of(unit, *whole));
    minimums.map(|(_, least)| *least).max().unwrap_or_default()
}

/// The reachable unit of a kind with the dearest rate, where any has one.
fn dearest(request: &Request, rates: &Rates<'_>, kind: UnitKind) -> Result<Option<(Unit, Rate)>> {
    let mut dearest: Option<(Unit, Rate)> = None;
    for &unit in Unit::ALL.iter().filter(|unit| unit.kind() == kind && can_occur(request, **unit)) {
        let Some(rate) = rates.of(unit)? else { continue };
        if dearest.is_none_or(|(_, known)| rate.exceeds(known)) {
            dearest = Some((unit, rate));
        }
    }
    Ok(dearest)
}

/// Whether a token of `unit` can be in the usage of the request.
fn can_occur(request: &Request, unit: Unit) -> bool {
    let name = unit.name();
    let modality =
        [("audio", Modality::Audio), ("image", Modality::Image), ("video", Modality::Video)]
            .into_iter()
            .find_map(|(word, modality)| name.contains(word).then_some(modality));
    if unit.kind() == UnitKind::OutputTokens {
        return modality.is_none_or(|modality| request.writes(modality));
    }
    let may_write = match request.cache_writes {
        CacheWrites::None => !name.starts_with("cache_write"),
        CacheWrites::FiveMinutes => !name.starts_with("cache_write_1h"),
        CacheWrites::Any => true,
    };
    may_write && modality.is_none_or(|modality| request.reads(modality))
}

/// How much of `unit` the request can be charged for: what it says, else what follows from it, else
/// anything where the list has a rate for it.
fn count_of(request: &Request, size: &Size, rates: &Rates<'_>, unit: Unit) -> Result<Most> {
    if unit == Unit::WebFetches {
        return Ok(Most::Count(0));
    }
    let is_priced = rates.own(unit)?.is_some();
    if let Some(stated) = request.stated(unit) {
        return Ok(match stated {
            // A request without a fee costs nothing.
            Most::Count(_) if unit == Unit::Requests && !is_priced => Most::Count(0),
            Most::Count(most) if unit == Unit::Requests => Most::Count(most.max(1)),
            Most::Count(most) => Most::Count(most),
            // Where the list has no rate, the provider does not sell it with this model.
            Most::NoLimit if rates.of(unit)?.is_none() => Most::Count(0),
            Most::NoLimit => Most::NoLimit,
        });
    }
    if !is_priced {
        return Ok(Most::Count(0));
    }
    let hears = request.reads(Modality::Audio) || request.reads(Modality::Document);
    let reads_tokens = rates.of(Unit::Input)?.is_some();
    Ok(match unit {
        Unit::Requests => Most::Count(1),
        Unit::WebSearches if size.searches_by_itself => Most::NoLimit,
        Unit::InputCharacters => {
            let rounds = request.rounds.unwrap_or(1);
            Most::Count(request.text_bytes.checked_mul(rounds).ok_or_else(out_of_range)?)
        }
        // The provider's own tools; a request that offers them says so.
        Unit::WebSearches | Unit::StorageSearches | Unit::SocialSearches | Unit::CodeExecutions => {
            Most::Count(0)
        }
        // Sound that is read, by a model that reads text too. Where a list has one rate for the
        // sound of both directions, it is there under the name of reading too.
        Unit::InputAudioSeconds if reads_tokens && !hears => Most::Count(0),
        Unit::AudioSeconds
            if reads_tokens && !hears && rates.own(Unit::InputAudioSeconds)?.is_some() =>
        {
            Most::Count(0)
        }
        _ => Most::NoLimit,
    })
}
