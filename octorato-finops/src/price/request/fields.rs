//! Reading single fields of a body.

use octorato_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use super::Request;

/// The fields of a body, with the names that were asked for.
pub(super) struct Fields<'b> {
    map: &'b Map<String, Value>,
}

impl<'b> Fields<'b> {
    /// The fields of an object.
    pub(super) fn of(body: &'b Value) -> Result<Self> {
        match body.as_object() {
            Some(map) => Ok(Self { map }),
            None => {
                Err(Error::new(ErrorKind::InvalidArgument, "the body of a request is an object")
                    .hinted("give the JSON that is sent to the provider"))
            }
        }
    }

    /// A field; nothing where it is `null`.
    pub(super) fn get(&self, name: &str) -> Option<&'b Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// The values of a field under all of its spellings.
    pub(super) fn all(&self, names: &[&str]) -> Vec<&'b Value> {
        names.iter().filter_map(|name| self.get(name)).collect()
    }

    /// The value of a field, whose two spellings must not say two things: which of them counts is
    /// the provider's choice.
    pub(super) fn one(&self, names: &[&str], request: &mut Request) -> Option<&'b Value> {
        let all = self.all(names);
        if all.iter().any(|value| *value != all[0]) {
            request.unbind(format!("`{}` is given in two spellings", names.join("` and `")));
        }
        all.first().copied()
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Option<&'b str> {
        self.get(name)?.as_str()
    }

    /// The objects of a list: see [`objects`].
    pub(super) fn list(&self, name: &str, request: &mut Request) -> Vec<&'b Value> {
        self.get(name).map_or_else(Vec::new, |value| objects(name, value, request))
    }

    /// Keeps the names of fields that are not in `known`.
    pub(super) fn note_unknown(&self, known: &[&str], request: &mut Request) {
        let unknown = self.map.keys().filter(|name| !known.contains(&name.as_str()));
        request.unknown_fields.extend(unknown.map(|name| name.as_str().into()));
    }
}

/// The objects of a list. An object that stands where a list is expected is taken for a list of
/// one, as some providers do; in any other form there may be anything in it.
pub(super) fn objects<'b>(name: &str, value: &'b Value, request: &mut Request) -> Vec<&'b Value> {
    let items = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        other => vec![other],
    };
    if !items.iter().all(|item| item.is_object()) {
        request.unbind(format!("`{name}` is no list of objects"));
    }
    items
}

/// A limit on output tokens: the largest that is given; a value that is no count is no limit, nor is
/// zero, which means none at some hosts.
pub(super) fn limit(values: &[&Value]) -> Option<u64> {
    let mut given = values.iter().peekable();
    given.peek()?;
    given.try_fold(0, |most, value| {
        value.as_u64().filter(|limit| *limit > 0).map(|limit| limit.max(most))
    })
}

/// How many answers are asked for: the largest that is given, else one.
pub(super) fn answers<'v>(
    values: impl IntoIterator<Item = (&'v str, &'v Value)>,
    request: &mut Request,
) {
    for (name, value) in values {
        match value.as_u64() {
            Some(count) => request.answers = request.answers.max(count),
            None => request.unbind(format!("`{name}` is not a count")),
        }
    }
}

/// A tier of service: what is asked for, or the provider's choice.
///
/// `default`, `standard` and the like are the standard price; `auto` and, where `auto` is the
/// default, nothing leave the choice to the provider or to a setting of the account.
pub(super) fn service_tier(value: Option<&Value>, auto_by_default: bool, request: &mut Request) {
    let tier = match value {
        None if auto_by_default => "auto",
        None => return,
        Some(value) => value.as_str().unwrap_or("auto"),
    };
    match tier.to_lowercase().as_str() {
        "auto" => request.choose("service_tier"),
        "default" | "standard" | "standard_only" | "on_demand" => {}
        tier => request.context.set("service_tier", tier),
    }
}
