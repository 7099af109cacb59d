//! Every finding about a configuration file, one constructor each.

use octorato_core::{ArmId, Diagnostic, Error, Severity, SourceText, Span};

use super::codes::{self, Common};
use super::nearest::nearest;
use super::roots::Fault;
use super::yaml::{self, Node, SyntaxError, Value};
use super::zones;

/// Collects what reading one text finds.
pub(super) struct Findings<'s> {
    source: &'s SourceText,
    codes: &'static Common,
    list: Vec<Diagnostic>,
}

impl<'s> Findings<'s> {
    /// No finding yet; `codes` are those of the file that is read.
    pub(super) fn new(source: &'s SourceText, codes: &'static Common) -> Self {
        Self { source, codes, list: Vec::new() }
    }

    pub(super) fn source(&self) -> &'s SourceText {
        self.source
    }

    /// Whether no finding is an error so far.
    pub(super) fn is_usable(&self) -> bool {
        self.list.iter().all(|finding| finding.severity < Severity::Error)
    }

    /// The findings in the order of the file, and whether the text can be used.
    pub(super) fn finish(mut self) -> (bool, Vec<Diagnostic>) {
        self.list.sort_by_key(|finding| finding.place.as_ref().map(|(_, span)| span.start));
        (self.is_usable(), self.list)
    }

    pub(super) fn syntax(&mut self, error: &SyntaxError) {
        const HINTS: &[(&str, &str)] = &[
            ("tabs", "indent with spaces"),
            ("mapping values", "put a text with `: ` in quotes"),
            ("unexpected character", "put a text with a special character in quotes"),
            ("unknown anchor", "put a text that starts with `*` in quotes"),
            (yaml::LOOP, "write out what is meant; `*name` must come after the end of `&name`"),
            ("second document", "keep one document in the file"),
            ("more values", "write it without aliases of aliases"),
        ];
        let hint =
            HINTS.iter().find(|(part, _)| error.message.contains(part)).map(|(_, hint)| *hint);
        let hint = hint.unwrap_or("the text from here on may be unfinished");
        let message = format!("not YAML: {}", error.message);
        self.error(self.codes.syntax, error.span, message, hint);
    }

    pub(super) fn unknown_key(&mut self, key: &Node, name: &str, what: &str, known: &[&str]) {
        let hint = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => "it has no keys".to_owned(),
            None => format!("the keys are {}", quoted_list(known)),
        };
        let message = format!("unknown key in {what}: `{}`", shown(name));
        self.error(self.codes.unknown_key, key.span, message, hint);
    }

    pub(super) fn duplicate_key(&mut self, key: &Node, name: &str, first: Span) {
        let hint = format!("it stands in line {} already; keep one", self.line(first));
        self.error(
            self.codes.duplicate_key,
            key.span,
            format!("key given twice: `{}`", shown(name)),
            hint,
        );
    }

    pub(super) fn missing_key(&mut self, at: Span, what: &str, key: &str) {
        let message = format!("missing key in {what}: `{key}`");
        self.error(self.codes.missing_key, at, message, format!("add `{key}: …`"));
    }

    pub(super) fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        let raw = node.raw(self.source);
        let message = format!("{what} must be {wanted}, not {}", node.kind());
        let message = match node.value {
            Value::Bool | Value::Number | Value::Text(_) => format!("{message}: `{}`", shown(raw)),
            Value::Null | Value::List(_) | Value::Map(_) => message,
        };
        let hint = match (&node.value, wanted) {
            (Value::Null, "text") if raw == "~" => "write `\"~\"` for the home folder".to_owned(),
            (Value::Null, "a list") => "write `[]` for none, or remove the key".to_owned(),
            (Value::Null, "a map") => "write `{}` for the defaults, or remove the key".to_owned(),
            (Value::Null, _) => "write a value, or remove the key".to_owned(),
            (Value::Bool | Value::Number, "text") => format!("write `\"{}\"`", shown(raw)),
            (Value::Text(_), "a list") => format!("write `[{}]`", shown(raw)),
            (_, "a list") => "write `[…]` or lines that start with `- `".to_owned(),
            (_, "a map") => "write `{ key: value }` or indented lines `key: value`".to_owned(),
            (_, wanted) => format!("write {wanted}"),
        };
        self.error(self.codes.wrong_type, node.span, message, hint);
    }

    pub(super) fn bad_id(&mut self, node: &Node, error: &Error) {
        let hint = error.hint().unwrap_or("use a-z, 0-9, `.`, `_` and `-`").to_owned();
        self.error(codes::ID, node.span, shown(&error.to_string()), hint);
    }

    pub(super) fn duplicate_arm(&mut self, at: Span, id: &str, first: Span) {
        let hint = format!("the first is in line {}; give each arm its own id", self.line(first));
        self.error(codes::DUPLICATE_ARM, at, format!("arm declared twice: `{id}`"), hint);
    }

    pub(super) fn duplicate_root(
        &mut self,
        at: Span,
        folder: &str,
        owner: Option<&ArmId>,
        first: Span,
    ) {
        let line = self.line(first);
        let whose = owner.map_or(String::new(), |id| format!(" for `{id}`"));
        let hint = format!(
            "line {line} has it{whose}; remove one, or say from which day it is whose with \
             `{{ path: …, from: YYYY-MM-DD }}`"
        );
        let message = format!("root given twice: `{}`", shown(folder));
        self.error(codes::DUPLICATE_ROOT, at, message, hint);
    }

    /// A folder that cannot be used; `noun` says what it is to be.
    pub(super) fn bad_folder(&mut self, node: &Node, noun: &str, text: &str, fault: Fault) {
        let code = match fault {
            Fault::Empty => self.codes.empty_text,
            Fault::Relative | Fault::Variable => self.codes.relative_folder,
            Fault::OtherHome | Fault::UnknownHome => self.codes.home,
        };
        let (message, hint) = fault.explain_as(noun, &shown(text));
        self.error(code, node.span, message, hint);
    }

    pub(super) fn bad_remote(&mut self, node: &Node, text: &str) {
        let message = format!("not a git remote: `{}`", shown(text));
        self.error(codes::REMOTE, node.span, message, REMOTE_HINT);
    }

    pub(super) fn duplicate_remote(&mut self, node: &Node, text: &str, owner: &str, first: Span) {
        let hint = format!("line {} has it for `{owner}`; remove one", self.line(first));
        let message = format!("remote given to two arms: `{}`", shown(text));
        self.error(codes::DUPLICATE_REMOTE, node.span, message, hint);
    }

    /// A warning: nothing will ever be found to be the arm's.
    pub(super) fn idle_arm(&mut self, at: Span, id: &str) {
        let message = format!("arm without roots and remotes: `{id}`");
        let finding = Diagnostic::warning(codes::IDLE_ARM, message).at(self.source, at);
        self.list.push(finding.hinted(
            "add `roots: [~/…]`; without them it only has what `octorato arm assign` gives to it",
        ));
    }

    /// A warning: the root and one before it are written differently and lead to one folder.
    pub(super) fn same_folder(&mut self, at: Span, path: &str, owner: &ArmId, first: Span) {
        let message = format!("root is the folder of another arm, through a link: `{path}`");
        let finding = Diagnostic::warning(codes::SAME_FOLDER, message).at(self.source, at);
        let line = self.line(first);
        self.list.push(finding.hinted(format!(
            "line {line} has it for `{owner}`; work there is counted for the arm whose way of \
             writing it the agent used; keep one"
        )));
    }

    pub(super) fn bad_zone(&mut self, node: &Node, name: &str) {
        self.error(
            codes::TIMEZONE,
            node.span,
            format!("unknown time zone: `{}`", shown(name)),
            zones::hint(name),
        );
    }

    pub(super) fn bad_currency(&mut self, node: &Node, code: &str) {
        let upper = code.trim().to_uppercase();
        let hint = if octorato_core::Currency::new(&upper).is_ok() {
            format!("write `{upper}`")
        } else {
            "use three capital letters, such as `USD`".to_owned()
        };
        let message = format!("not an ISO 4217 currency code: `{}`", shown(code));
        self.error(self.codes.currency, node.span, message, hint);
    }

    pub(super) fn bad_billing_model(&mut self, node: &Node, model: &str, models: &[&str]) {
        let hint = match nearest(model, models.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the models are {}", quoted_list(models)),
        };
        let message = format!("unknown billing model: `{}`", shown(model));
        self.error(codes::BILLING_MODEL, node.span, message, hint);
    }

    pub(super) fn bad_amount(&mut self, node: &Node, key: &str, text: &str, hint: &str) {
        let message = format!("`{key}` is not an amount: `{}`", shown(text));
        self.error(self.codes.amount, node.span, message, hint);
    }

    pub(super) fn negative_amount(&mut self, node: &Node, key: &str, text: &str) {
        let message = format!("`{key}` is negative: `{}`", shown(text));
        self.error(self.codes.amount, node.span, message, "write 0 or more");
    }

    pub(super) fn bad_date(&mut self, node: &Node, text: &str) {
        let message = format!("not a date: `{}`", shown(text));
        let hint = "write YYYY-MM-DD before the year 9999, such as `2026-03-01`";
        self.error(self.codes.date, node.span, message, hint);
    }

    pub(super) fn empty_text(&mut self, node: &Node, what: &str) {
        let hint = "write a value, or remove it";
        self.error(self.codes.empty_text, node.span, format!("{what} is empty"), hint);
    }

    /// A warning: `meant` is a client that only an arm names and whose name is near.
    pub(super) fn idle_client(&mut self, at: Span, id: &str, meant: Option<&str>) {
        let hint = match meant {
            Some(other) => format!("an arm names `{other}`; did it mean `{id}`?"),
            None => format!("add an arm with `client: {id}`, or remove the client"),
        };
        let finding =
            Diagnostic::warning(codes::IDLE_CLIENT, format!("client without an arm: `{id}`"));
        self.list.push(finding.at(self.source, at).hinted(hint));
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        at: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.list.push(Diagnostic::warning(code, message).at(self.source, at).hinted(hint));
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        at: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.list.push(Diagnostic::error(code, message).at(self.source, at).hinted(hint));
    }

    pub(super) fn line(&self, at: Span) -> usize {
        self.source.line_column(at.start).line
    }
}

/// What a remote looks like.
pub(super) const REMOTE_HINT: &str =
    "write host, owner and name, such as `github.com/acme/web` or `github.com/acme/*`";

/// `text` on one line and not too long to read.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut line: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

pub(super) fn quoted_list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
