//! Every finding that only `budgets.yaml` can have, one constructor each.

use octorato_core::{Arms, Error, Span};
use octorato_finops::budget::{Action, Cycle, Selector};

use super::super::codes::budgets as codes;
use super::super::fields::Entry;
use super::super::findings::{Findings, quoted_list, shown};
use super::super::nearest::nearest;
use super::super::yaml::Node;
use super::super::zones;

impl Findings<'_> {
    pub(super) fn empty_file(&mut self, at: Span) {
        let hint = "write `budgets: []` for no budgets, or remove the file";
        self.error(codes::EMPTY_FILE, at, "the file holds nothing", hint);
    }

    /// A warning: the key is one of the original Octorato.
    pub(super) fn old_key(&mut self, entry: &Entry<'_>) {
        let hint = match entry.name {
            "path" => "remove it: the folders of an arm are its `roots` in arms.yaml",
            _ => "remove it: what was spent is read from the ledger",
        };
        let message = format!("key of the original Octorato: `{}`", entry.name);
        self.warning(codes::OLD_KEY, entry.key.span, message, hint);
    }

    /// The form that the original's example once had, and that was never read.
    pub(super) fn map_of_arms(&mut self, key: &Node) {
        let hint = "write a list under `budgets:`, each with `- arm: …`";
        self.error(codes::UNKNOWN_KEY, key.span, "unknown key in the file: `arms`", hint);
    }

    pub(super) fn cap_of_a_period(&mut self, entry: &Entry<'_>, what: &str, cycle: Cycle) {
        let message = format!("unknown key in {what}: `{}`", entry.name);
        let hint = format!("write `usd_cap: …` and `period: {}`", cycle.name());
        self.error(codes::UNKNOWN_KEY, entry.key.span, message, hint);
    }

    pub(super) fn scope_of_the_default(&mut self, entry: &Entry<'_>) {
        let message = format!("unknown key in the default: `{}`", entry.name);
        let hint = "remove it: the default is for each arm that no budget names";
        self.error(codes::UNKNOWN_KEY, entry.key.span, message, hint);
    }

    pub(super) fn no_scope(&mut self, at: Span) {
        let hint = "add `arm: …`, `client: …` or `operator: true`";
        self.error(codes::SCOPE, at, "a budget of nobody", hint);
    }

    pub(super) fn second_scope(&mut self, at: Span, first: &str, name: &str) {
        let message = format!("a budget of two: `{first}` and `{name}`");
        let hint = "keep one, or write two budgets; an arm's client is in arms.yaml";
        self.error(codes::SCOPE, at, message, hint);
    }

    pub(super) fn not_the_operator(&mut self, node: &Node) {
        let hint = "write `operator: true`, or remove it";
        self.error(codes::SCOPE, node.span, "`operator` is not true", hint);
    }

    pub(super) fn bad_scope_id(&mut self, node: &Node, error: &Error) {
        let hint = error.hint().unwrap_or("use a-z, 0-9, `.`, `_` and `-`").to_owned();
        self.error(codes::ID, node.span, shown(&error.to_string()), hint);
    }

    pub(super) fn unknown_arm(&mut self, node: &Node, id: &str, arms: &Arms) {
        let known = arms.arms.iter().map(|arm| arm.id.as_str());
        let hint = match nearest(id, known) {
            _ if arms.clients.iter().any(|client| client.id.as_str() == id) => {
                format!("it is a client: write `client: {id}`")
            }
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "add it to arms.yaml, or remove the budget".to_owned(),
        };
        let message = format!("no such arm in arms.yaml: `{}`", shown(id));
        self.error(codes::UNKNOWN_ARM, node.span, message, hint);
    }

    pub(super) fn unknown_client(&mut self, node: &Node, id: &str, arms: &Arms) {
        let known = arms.clients.iter().map(|client| client.id.as_str());
        let hint = match nearest(id, known) {
            _ if arms.arms.iter().any(|arm| arm.id.as_str() == id) => {
                format!("it is an arm: write `arm: {id}`")
            }
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "add an arm of it to arms.yaml, or remove the budget".to_owned(),
        };
        let message = format!("no such client in arms.yaml: `{}`", shown(id));
        self.error(codes::UNKNOWN_CLIENT, node.span, message, hint);
    }

    pub(super) fn second_cap(&mut self, node: &Node) {
        let hint = "keep `monthly_usd_cap`, or `usd_cap` with `period`";
        self.error(codes::CAP, node.span, "two caps in a budget", hint);
    }

    pub(super) fn cap_of_a_month(&mut self, node: &Node, period: &str) {
        let message = format!("`monthly_usd_cap` with another period: `{}`", shown(period));
        let hint = "write `usd_cap`, or remove the period";
        self.error(codes::CAP, node.span, message, hint);
    }

    pub(super) fn bad_cap(&mut self, node: &Node, error: &Error) {
        let hint = error.hint().unwrap_or("write a smaller amount").to_owned();
        self.error(codes::AMOUNT, node.span, shown(&error.to_string()), hint);
    }

    pub(super) fn bad_period(&mut self, node: &Node, name: &str) {
        let hint = match nearest(name, Cycle::NAMES.iter().copied()) {
            _ if name.trim().starts_with("rolling") => {
                "write hours or days, such as `rolling:24h` or `rolling:7d`, at most 366 days"
                    .into()
            }
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("use one of {} or `rolling:24h`", quoted_list(Cycle::NAMES)),
        };
        self.error(codes::PERIOD, node.span, format!("unknown period: `{}`", shown(name)), hint);
    }

    pub(super) fn bad_anchor(&mut self, node: &Node, error: &Error) {
        let hint = error.hint().unwrap_or_default().to_owned();
        self.error(codes::ANCHOR, node.span, shown(&error.to_string()), hint);
    }

    pub(super) fn unknown_zone(&mut self, node: &Node, name: &str) {
        let message = format!("unknown time zone: `{}`", shown(name));
        self.error(codes::TIMEZONE, node.span, message, zones::hint(name));
    }

    pub(super) fn bad_action(&mut self, node: &Node, name: &str) {
        let names: Vec<&str> = Action::ALL.iter().map(|action| action.name()).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("use one of {}", quoted_list(&names)),
        };
        self.error(codes::ACTION, node.span, format!("unknown action: `{}`", shown(name)), hint);
    }

    pub(super) fn bad_percent(&mut self, node: &Node, error: &Error) {
        let hint = error.hint().unwrap_or("write a number such as `110`").to_owned();
        self.error(codes::PERCENT, node.span, shown(&error.to_string()), hint);
    }

    pub(super) fn small_grace(&mut self, node: &Node, text: &str) {
        let message = format!("`grace_pct` is below the cap: `{text}`");
        let hint = "write per cent of the cap: 110 is a tenth above it; for a limit below the cap \
                    use `tiers`";
        self.error(codes::PERCENT, node.span, message, hint);
    }

    pub(super) fn unclear_tiers(&mut self, at: Span, message: &str, hint: &str) {
        self.error(codes::TIERS, at, message, hint);
    }

    pub(super) fn bad_choice_of(&mut self, node: &Node, key: &str, text: &str, words: &[&str]) {
        let hint = match nearest(text, words.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("use one of {}", quoted_list(words)),
        };
        let message = format!("unknown choice of `{key}`: `{}`", shown(text));
        self.error(codes::CHOICE, node.span, message, hint);
    }

    pub(super) fn unknown_selector(&mut self, key: &Node, name: &str) {
        let hint = match nearest(name, Selector::NAMES.iter().copied()) {
            _ if name == "tag" || name == "tags" => {
                "write `tag.` and its key: `tag.team: web`".into()
            }
            _ if name == "arm" || name == "client" => {
                format!("write `{name}` beside `match`; it says whom the budget is about")
            }
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("use {} or `tag.` and a key", quoted_list(Selector::NAMES)),
        };
        let message = format!("calls are not matched by: `{}`", shown(name));
        self.error(codes::SELECTOR, key.span, message, hint);
    }

    pub(super) fn bad_selector(&mut self, node: &Node, error: &Error) {
        let hint = error.hint().unwrap_or_default().to_owned();
        self.error(codes::SELECTOR, node.span, shown(&error.to_string()), hint);
    }

    pub(super) fn empty_match(&mut self, node: &Node) {
        let hint = "remove it: without the key, all calls are meant";
        self.error(codes::EMPTY_TEXT, node.span, "`match` is empty", hint);
    }

    pub(super) fn duplicate_budget(&mut self, at: Span, title: &str, first: Span) {
        let hint = format!(
            "line {} has one of the same scope, match, period, zone and first day; keep one",
            self.line(first)
        );
        let message = format!("budget declared twice: `{}`", shown(title));
        self.error(codes::DUPLICATE_BUDGET, at, message, hint);
    }

    pub(super) fn bad_sink(&mut self, at: Span, error: &Error) {
        let hint = error.hint().unwrap_or_default().to_owned();
        self.error(codes::SINK, at, shown(&error.to_string()), hint);
    }

    pub(super) fn unclear_sink(&mut self, at: Span, name: &str) {
        let message = format!("not one target in a sink: `{}`", shown(name));
        let hint = "write either `command: [program, argument]` or `webhook: https://…`";
        self.error(codes::SINK, at, message, hint);
    }

    pub(super) fn unknown_sink(&mut self, node: &Node, name: &str, known: &[&str]) {
        let hint = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "add it to `sinks` at the top of the file".to_owned(),
        };
        self.error(
            codes::UNKNOWN_SINK,
            node.span,
            format!("no such sink: `{}`", shown(name)),
            hint,
        );
    }

    /// A warning: the arm's other calls have neither a budget of their own nor the default.
    pub(super) fn no_default(&mut self, at: Span, arm: &str) {
        let message =
            format!("only a part of this arm's work has a budget, and no default: `{arm}`");
        let hint = "add a budget without `match` for the arm, if the rest should have one";
        self.warning(codes::NO_DEFAULT, at, message, hint);
    }

    /// A hard stop that could never hold.
    pub(super) fn allocated_hard_stop(&mut self, at: Span) {
        let hint = "use `basis: list`, or `warn` in place of `hard_stop`";
        self.error(codes::BASIS, at, "a hard stop on allocated cost", hint);
    }

    /// A warning: nothing would ever have been denied.
    pub(super) fn idle_trial(&mut self, at: Span) {
        let hint = "use `hard_stop`, or remove `shadow`";
        self.warning(codes::TRIAL, at, "a trial without a hard stop", hint);
    }

    /// What two parts of the file say together and no other finding has said.
    pub(super) fn bad_policy(&mut self, node: &Node, error: &Error) {
        let hint = error.hint().unwrap_or_default().to_owned();
        self.error(codes::DUPLICATE_BUDGET, node.span, shown(&error.to_string()), hint);
    }
}
