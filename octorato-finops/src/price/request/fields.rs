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

    /// The first of several spellings of a field.
    pub(super) fn any(&self, names: &[&str]) -> Option<&'b Value> {
        names.iter().find_map(|name| self.get(name))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Option<&'b str> {
        self.get(name)?.as_str()
    }

    /// The items of a list; none where it is absent or no list.
    pub(super) fn list(&self, name: &str) -> &'b [Value] {
        self.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Keeps the names of fields that are not in `known`.
    pub(super) fn note_unknown(&self, known: &[&str], request: &mut Request) {
        let unknown = self.map.keys().filter(|name| !known.contains(&name.as_str()));
        request.unknown_fields.extend(unknown.map(|name| name.as_str().into()));
    }
}

/// A limit on output tokens: the largest that is given; a value that is no count is no limit.
pub(super) fn limit(values: &[Option<&Value>]) -> Option<u64> {
    let mut given = values.iter().flatten().peekable();
    given.peek()?;
    given.try_fold(0, |most, value| Some(value.as_u64()?.max(most)))
}

/// How many answers are asked for: the largest that is given, else one.
pub(super) fn answers(values: &[(&str, Option<&Value>)], request: &mut Request) {
    for (name, value) in values {
        let Some(value) = value else { continue };
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
