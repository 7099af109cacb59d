//! Settings of any content and style: what is put in comes out again.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::document::Document;
use super::super::merge::{self, Own};
use super::super::wanted::{self, wanted};
use super::{BINARY, Machine, value};
use crate::gate::protocol::Agent;

/// How a text is laid out by somebody.
#[derive(Clone, Debug)]
struct Layout {
    newline: &'static str,
    unit: &'static str,
    flat: bool,
    remarks: bool,
    mark: bool,
    end: &'static str,
}

fn layouts() -> impl Strategy<Value = Layout> {
    use prop::sample::select;
    (
        select(vec!["\n", "\r\n"]),
        select(vec!["  ", "    ", "\t", ""]),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        select(vec!["", "\n", "\n\n", " "]),
    )
        .prop_map(|(newline, unit, flat, remarks, mark, end)| Layout {
            newline,
            unit,
            flat,
            remarks: remarks && !flat,
            mark,
            end,
        })
}

fn laid_out(value: &Value, layout: &Layout) -> String {
    fn block(open: char, close: char, parts: Vec<String>, layout: &Layout, indent: &str) -> String {
        if parts.is_empty() || layout.flat {
            return format!("{open}{}{close}", parts.join(","));
        }
        let (newline, unit) = (layout.newline, layout.unit);
        let remark = if layout.remarks { " // \"re}mark\"" } else { "" };
        let last = parts.len() - 1;
        let parts: Vec<_> = parts
            .into_iter()
            .enumerate()
            .map(|(at, part)| {
                let comma = if at < last { "," } else { "" };
                format!("{newline}{indent}{unit}{part}{comma}{remark}")
            })
            .collect();
        let parts = parts.concat();
        format!("{open}{parts}{newline}{indent}{close}")
    }
    fn print(value: &Value, layout: &Layout, indent: &str) -> String {
        let inner = format!("{indent}{}", layout.unit);
        match value {
            Value::Object(members) => {
                let colon = if layout.flat { ":" } else { " : " };
                let parts = members.iter().map(|(key, value)| {
                    format!("{}{colon}{}", json!(key), print(value, layout, &inner))
                });
                block('{', '}', parts.collect(), layout, indent)
            }
            Value::Array(items) => {
                let parts = items.iter().map(|item| print(item, layout, &inner));
                block('[', ']', parts.collect(), layout, indent)
            }
            other => other.to_string(),
        }
    }
    let mark = if layout.mark { "\u{feff}" } else { "" };
    format!("{mark}{}{}", print(value, layout, ""), layout.end.replace('\n', layout.newline))
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\"\\\\{}/é ,:]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"/]{1,4}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Settings of somebody who has hooks of their own, or has not.
fn settings(agent: Agent) -> impl Strategy<Value = Value> {
    let hook = values().prop_map(move |extra| match agent {
        Agent::Copilot | Agent::Cursor => json!({"command": "theirs", "x": extra}),
        _ => json!({"matcher": "m", "hooks": [{"type": "command", "command": "x"}, {"x": extra}]}),
    });
    let events = prop::sample::subsequence(wanted::events(agent).to_vec(), 0..4);
    let lists = prop::collection::vec(prop::collection::vec(hook, 0..3), 4);
    let own = (events, lists).prop_map(|(events, lists)| {
        let lists = lists.into_iter().map(Value::from);
        Value::Object(events.into_iter().map(ToOwned::to_owned).zip(lists).collect())
    });
    let rest = prop::collection::btree_map("[a-z]{1,3}|zz[\"/]", values(), 0..4);
    (prop::option::of(own), rest, any::<bool>()).prop_map(|(hooks, rest, version)| {
        let mut all: serde_json::Map<_, _> = rest.into_iter().collect();
        all.extend(hooks.map(|hooks| ("hooks".to_owned(), hooks)));
        all.extend(version.then(|| ("version".to_owned(), json!(1))));
        Value::Object(all)
    })
}

fn any_agent() -> impl Strategy<Value = Agent> {
    prop::sample::select(Agent::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn install_and_uninstall_are_the_identity(
        (agent, settings) in any_agent().prop_flat_map(|agent| (Just(agent), settings(agent))),
        layout in layouts(),
    ) {
        let layout = Layout { remarks: layout.remarks && matches!(agent, Agent::Gemini | Agent::Cursor), ..layout };
        let text = laid_out(&settings, &layout);
        prop_assert_eq!(&value(agent, &text), &settings);
        let machine = Machine::new();
        machine.write(agent, &text);
        let change = machine.install(agent);
        let installed = machine.text(agent).unwrap();
        prop_assert!(!machine.install(agent).is_any(), "a second time");

        // What is added is added, and nothing else.
        let mut expected = settings.clone();
        for wanted in wanted(agent, BINARY.as_ref()) {
            let list = &mut expected["hooks"][wanted.event];
            if list.is_null() { *list = json!([]); }
            list.as_array_mut().unwrap().push(wanted.entry(wanted::shape(agent)).value());
        }
        if agent == Agent::Cursor { expected["version"] = json!(1); }
        prop_assert_eq!(value(agent, &installed), expected);
        // Every line and remark of theirs is there still, in order.
        let mut rest = installed.as_str();
        for piece in text.split(['\n', '\r', ',', '{', '}', '[', ']', ' ', '\t']).filter(|piece| !piece.is_empty()) {
            let at = rest.find(piece);
            prop_assert!(at.is_some(), "{piece:?} is gone or moved:\n{text}\n{installed}");
            rest = &rest[at.unwrap() + piece.len()..];
        }
        if layout.newline == "\r\n" && !layout.flat && text.contains('\n') {
            prop_assert_eq!(installed.matches('\n').count(), installed.matches("\r\n").count());
        }

        machine.uninstall(agent);
        prop_assert_eq!(machine.text(agent), Some(text.clone()));
        prop_assert_eq!(change.before, Some(text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn without_the_record_the_same_settings_come_back(
        (agent, settings) in any_agent().prop_flat_map(|agent| (Just(agent), settings(agent))),
        layout in layouts(),
    ) {
        let layout = Layout { remarks: layout.remarks && matches!(agent, Agent::Gemini | Agent::Cursor), ..layout };
        let text = laid_out(&settings, &layout);
        let document = Document::read("f", text.clone(), agent).unwrap();
        let all = wanted(agent, BINARY.as_ref());
        let (installed, made) = merge::with_hooks(&document, agent, &all, &Own::default()).unwrap();
        let installed = document.with(installed).unwrap();

        // With what is known of what was made, nothing but blanks in emptied brackets may differ.
        let own = Own { commands: &[], made: Some(&made) };
        let clean = merge::without_hooks(&installed, agent, &own).unwrap();
        prop_assert_eq!(&value(agent, &clean), &settings);
        let blank = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(blank(&clean), blank(&text));
        if agent != Agent::Copilot && !layout.remarks {
            prop_assert_eq!(&clean, &text);
        }

        // Without that, empty lists of theirs go as well, and nothing else.
        let clean = merge::without_hooks(&installed, agent, &Own::default()).unwrap();
        let mut expected = settings;
        if let Some(hooks) = expected.get_mut("hooks").and_then(Value::as_object_mut) {
            let had_lists = !hooks.is_empty();
            hooks.retain(|_, list| list.as_array().is_none_or(|list| !list.is_empty()));
            // Where a remark of theirs is left, the object stays around it.
            let remarked = layout.remarks && had_lists;
            if hooks.is_empty() && !remarked { expected.as_object_mut().unwrap().remove("hooks"); }
        }
        if agent == Agent::Cursor { expected["version"] = json!(1); }
        prop_assert_eq!(value(agent, &clean), expected);
    }
}
