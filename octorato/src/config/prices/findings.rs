//! Every finding that only `prices.yaml` can have, one constructor each.

use jiff::civil::Date;
use octorato_core::{Currency, Error, Span, Unit};

use super::super::codes::prices as codes;
use super::super::findings::{Findings, quoted_list, shown};
use super::super::nearest::nearest;
use super::super::yaml::Node;
use super::keys;

impl Findings<'_> {
    pub(super) fn unknown_provider(&mut self, node: &Node, name: &str, known: &[&str]) {
        let hint = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "use the id of a price list, or add an own model of this provider".to_owned(),
        };
        let message = format!("no price list of provider: `{}`", shown(name));
        self.error(codes::PROVIDER, node.span, message, hint);
    }

    pub(super) fn bad_model(&mut self, node: &Node, error: &Error) {
        let hint = error.hint().unwrap_or_default().to_owned();
        self.error(codes::MODEL, node.span, shown(&error.to_string()), hint);
    }

    /// A warning: `near` is a model of the provider with a similar name.
    pub(super) fn unknown_model(&mut self, node: &Node, name: &str, near: Option<&str>) {
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add it to `models`, or remove it".to_owned(),
        };
        let message = format!("no price list has such a model: `{}`", shown(name));
        self.warning(codes::UNKNOWN_MODEL, node.span, message, hint);
    }

    pub(super) fn unknown_unit(&mut self, node: &Node, name: &str) {
        let units = Unit::ALL.iter().map(|unit| unit.name());
        let hint = match nearest(name, units) {
            _ if name == Unit::WebFetches.name() => "remove it: web fetches are free".to_owned(),
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "units are `input`, `output`, `cache_read`, `cache_write_5m` and others; \
                     `octorato schema prices` has them all"
                .to_owned(),
        };
        let message = format!("unknown unit: `{}`", shown(name));
        self.error(codes::UNIT, node.span, message, hint);
    }

    pub(super) fn repeated(&mut self, node: &Node, name: &str) {
        let hint = "remove one, or name what was meant";
        let message = format!("twice in one list: `{}`", shown(name));
        self.error(codes::DUPLICATE_KEY, node.span, message, hint);
    }

    pub(super) fn empty_list(&mut self, node: &Node, what: &str) {
        let hint = "remove it: without the key, all are meant";
        self.error(codes::EMPTY_TEXT, node.span, format!("{what} is empty"), hint);
    }

    pub(super) fn date_order(&mut self, node: &Node, error: &Error) {
        let hint = error.hint().unwrap_or_default().to_owned();
        self.error(codes::DATE_ORDER, node.span, error.to_string(), hint);
    }

    pub(super) fn no_exchange_rate(&mut self, at: Span, currency: Currency) {
        let message = format!("no exchange rate of currency: `{currency}`");
        let hint =
            format!("add `fx: {{ {currency}: {{ YYYY-MM-DD: … }} }}`, in US dollars for one");
        self.error(codes::EXCHANGE_RATE, at, message, hint);
    }

    pub(super) fn late_exchange_rate(&mut self, at: Span, currency: Currency, first: Date) {
        let message = format!("plan before the first exchange rate of `{currency}`, {first}");
        let hint = "say from which day the plan is in force, or add an earlier rate to `fx`";
        self.error(codes::EXCHANGE_RATE, at, message, hint);
    }

    pub(super) fn bad_exchange_rate(&mut self, at: Span, error: &Error) {
        let hint = error.hint().unwrap_or("write US dollars for one unit, above zero").to_owned();
        self.error(codes::AMOUNT, at, error.to_string(), hint);
    }

    pub(super) fn bad_rate(&mut self, node: &Node, error: &Error) {
        let hint = error.hint().unwrap_or("write a decimal such as `12.5`").to_owned();
        self.error(codes::AMOUNT, node.span, shown(&error.to_string()), hint);
    }

    pub(super) fn no_rate(&mut self, node: &Node, what: &str) {
        let hint = "add a unit and its rate, such as `input: 4.5`";
        self.error(codes::MISSING_KEY, node.span, format!("{what} without a rate"), hint);
    }

    pub(super) fn bad_tiers(&mut self, node: &Node, message: &str) {
        let hint = "write `{ base: …, tiers: [{ above: 200000, rate: … }] }`, ascending";
        self.error(codes::TIERS, node.span, message, hint);
    }

    /// A warning: `known` are the ways that its models have.
    pub(super) fn idle_way(&mut self, at: Span, way: &str, known: &[String]) {
        let hint = match nearest(way, known.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => {
                "remove `when`: its models have standard prices only".into()
            }
            None => format!("the price list has {}", known.join(", ")),
        };
        let message = format!("no list price for `{}`, so the contract never applies", shown(way));
        self.warning(codes::IDLE_WAY, at, message, hint);
    }

    /// Two entries of which neither is more specific; `what` is the entry in words.
    pub(super) fn conflict(&mut self, at: Span, what: &str, first: Span) {
        let hint = format!(
            "line {} has one for the same; give them different days, models or units, or remove one",
            self.line(first)
        );
        self.error(codes::CONFLICT, at, what, hint);
    }

    pub(super) fn idle_plan(&mut self, at: Span, id: &str) {
        let message = format!("plan without homes: `{}`", shown(id));
        self.error(codes::IDLE_PLAN, at, message, "add `homes: [~/.claude]`");
    }

    pub(super) fn bad_snapshot(&mut self, at: Span, error: &Error) {
        let hint = error.hint().unwrap_or("`octorato prices list` shows the snapshots").to_owned();
        self.error(codes::SNAPSHOT, at, shown(&error.to_string()), hint);
    }

    pub(super) fn bad_choice(&mut self, node: &Node, text: &str) {
        let hint = match nearest(text, keys::SIMILAR_MODELS.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("use one of {}", quoted_list(keys::SIMILAR_MODELS)),
        };
        let message = format!("unknown choice of `similar_models`: `{}`", shown(text));
        self.error(codes::SIMILAR_MODELS, node.span, message, hint);
    }

    pub(super) fn bad_own_price(&mut self, at: Span, message: &str, hint: &str) {
        self.error(codes::OWN_PRICE, at, shown(message), hint);
    }
}
