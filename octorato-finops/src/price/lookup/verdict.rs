//! Whether an entry that a rule has found is the named model's own.

use super::{Name, bedrock, name};
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
    if id != text && name::is_moving_alias(text) {
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
/// place fits none of both for sure. Other entries are the prices of the United States.
fn fits_place(id: &str, place: Option<&str>, pattern: &str) -> bool {
    let is_gov = |place: &str| place.starts_with("us-gov");
    match bedrock::geography(id) {
        Some(("global", _)) => place == Some("global"),
        Some((_, rest)) => place.is_some_and(|place| {
            let is_named = pattern.strip_prefix(place).is_some_and(|rest| rest.starts_with('.'));
            let is_claude = rest.starts_with("anthropic.") && !is_gov(place);
            is_named || (is_claude && place != "global")
        }),
        None => {
            place.is_none_or(|place| place == "us" || (place.starts_with("us-") && !is_gov(place)))
        }
    }
}
