//! Whether an entry that a rule has found is the named model's own.

use jiff::civil::Date;

use super::{Name, bedrock, name};
use crate::price::catalog::Provider;
use crate::price::certainty::{Certainty, Reason};
use crate::price::table::Model;

/// How sure it is that `model` is what `name` says; `pattern` is what its rule compared, and
/// `is_whole` whether with all of the name.
pub(super) fn judge(
    model: &Model,
    name: &Name,
    pattern: &str,
    is_whole: bool,
) -> (Certainty, Reason) {
    let similar = |reason| (Certainty::Similar, reason);
    let (text, id) = (&*name.text, model.small_id());
    if let Some(fine_tune) = name::fine_tune(text) {
        let base = name::bare_fine_tune(fine_tune);
        let base = base.trim_end_matches('-');
        let is_own = id.trim_end_matches('-') == base || model.rule.names(fine_tune);
        return match is_own {
            true if id == text => (Certainty::Exact, Reason::Named),
            true => (Certainty::Equivalent, Reason::SameModel),
            false => similar(Reason::FineTune),
        };
    }
    let (mut certainty, reason) = if is_whole || id == text || model.rule.names(text) {
        (Certainty::Exact, Reason::Named)
    } else if is_same(model, id, text) {
        (Certainty::Equivalent, Reason::SameModel)
    } else {
        return similar(name.caution.unwrap_or(Reason::Pattern));
    };
    if !name.steps.is_empty() {
        certainty = Certainty::Equivalent;
    }
    if let Some(caution) = name.caution {
        return similar(caution);
    }
    if name::is_moving_alias(text) {
        return similar(Reason::MovingAlias);
    }
    if name.dated.as_ref().is_some_and(|dated| name::differ(id, dated)) {
        return similar(Reason::OtherVersion);
    }
    let is_entry = id == text && name.place.is_none();
    if !is_entry && !fits_place(id, name.place(), pattern) {
        return similar(Reason::Region);
    }
    (certainty, reason)
}

/// Why a price that is the model's own by its name is yet not sure: it is that of another seller,
/// or of a release that the list, made on the day `made`, cannot know.
pub(super) fn doubt(
    seller: &Provider,
    list: &Provider,
    model: &Model,
    name: &Name,
    made: Date,
) -> Option<Reason> {
    if seller.id() != list.id() && !charges_as_the_maker(seller.id(), list.id()) {
        return Some(Reason::Resold);
    }
    let is_unknown = |name: &str| {
        let Some(written) = name::date(name) else { return false };
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        let is_past = digits.parse::<Date>().is_ok_and(|date| date <= made);
        let is_of_entry =
            || name::date(model.small_id()).is_some() && !name::differ(name, model.small_id());
        !is_past && !model.rule.names(name) && !is_of_entry()
    };
    let written = name.dated.as_deref().unwrap_or(&name.text);
    (is_unknown(written) || is_unknown(&name.text)).then_some(Reason::OtherVersion)
}

/// Whether a seller is known to charge the price of the maker's own list.
///
/// Sources: Azure `OpenAI` pricing, global deployments (the prices of `OpenAI`); Claude in Microsoft
/// Foundry and Claude on Vertex AI, pricing (the prices of Anthropic's API, at global endpoints).
/// Of other makers Azure has prices of its own: `DeepSeek-R1` costs more than at `DeepSeek`.
fn charges_as_the_maker(seller: &str, maker: &str) -> bool {
    matches!((seller, maker), ("azure", "openai" | "anthropic") | ("google", "anthropic"))
}

/// Whether the entry names the model, apart from what does not change the price.
fn is_same(model: &Model, id: &str, text: &str) -> bool {
    let names = |part| model.rule.names(part);
    let bare = name::bare(text);
    (names(name::without_date(text)) || names(bare) || name::bare(id) == bare)
        && !name::differ(id, text)
}

/// Whether a price of a Bedrock id is that of the place where the model is called.
///
/// Entries of `regional.` are those of every geography but the global one, which is cheaper by a
/// tenth for Claude (Claude's price page: regional and multi-region endpoints); a name without a
/// place fits none of both for sure. `GovCloud` costs more than both, so no entry of others fits it.
/// Other models' entries are the prices of the geographies that their rules name, and those that
/// name none are the prices of the United States.
fn fits_place(id: &str, place: Option<&str>, pattern: &str) -> bool {
    let is_gov = |place: &str| place.starts_with("us-gov");
    match bedrock::geography(id) {
        Some(("global", _)) => place == Some("global"),
        Some((own, _)) if place.is_some_and(is_gov) => is_gov(own),
        Some((_, rest)) => place.is_some_and(|place| {
            let is_named = pattern.strip_prefix(place).is_some_and(|rest| rest.starts_with('.'));
            let is_claude = rest.starts_with("anthropic.");
            is_named || (is_claude && place != "global")
        }),
        None => {
            place.is_none_or(|place| place == "us" || (place.starts_with("us-") && !is_gov(place)))
        }
    }
}
