//! Fields that a body gives twice: of two, one parser takes the first and another the last, so a
//! limit that is read here might not be the one that holds at the provider.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The name of a field that some object in `text`, which is JSON, gives twice.
pub(super) fn given_twice(text: &str) -> Option<String> {
    match text.trim_ascii_start().bytes().next()? {
        b'{' => {
            let fields: Fields<'_> = serde_json::from_str(text).ok()?;
            fields.twice.or_else(|| fields.values.into_iter().find_map(inside))
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            items.into_iter().find_map(inside)
        }
        _ => None,
    }
}

fn inside(value: &RawValue) -> Option<String> {
    given_twice(value.get())
}

/// The fields of one object.
struct Fields<'t> {
    twice: Option<String>,
    values: Vec<&'t RawValue>,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let (mut names, mut twice, mut values) = (HashSet::new(), None, Vec::new());
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    values.push(value);
                    if names.contains(&name) {
                        twice = Some(name);
                    } else {
                        names.insert(name);
                    }
                }
                Ok(Fields { twice, values })
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_twice_at_any_depth() {
        for (text, name) in [
            (r#"{"a":1,"b":[{"a":2}]}"#, None),
            (r#"{"a":1,"a":2}"#, Some("a")),
            (r#" [1,"x",{"b":{"c":null,"\u0063":1.5e3}}]"#, Some("c")),
            ("3", None),
        ] {
            assert_eq!(given_twice(text).as_deref(), name, "{text}");
        }
    }
}
