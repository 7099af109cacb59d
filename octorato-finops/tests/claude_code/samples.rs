//! Real and generated sessions with known totals.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use octorato_core::{Precision, Unit, UsageEvent};
use octorato_finops::logs::Reading;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{read, total};

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/logs").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("left out: the real sessions are not here: {}", path.display());
    None
}

const CLASSES: [(&str, Unit); 5] = [
    ("input", Unit::Input),
    ("output", Unit::Output),
    ("cache_5m", Unit::CacheWrite5m),
    ("cache_1h", Unit::CacheWrite1h),
    ("cache_read", Unit::CacheRead),
];

/// Compares a reading with an oracle's entry, class by class.
fn check_against(reading: &Reading, expected: &Value, what: &str) {
    let (own, progress): (Vec<_>, Vec<_>) =
        reading.events.iter().cloned().partition(|e| e.precision == Precision::Exact);
    for (part, events) in [("main", &own), ("progress_only", &progress)] {
        let usage = total(events);
        assert_eq!(json!(events.len()), expected[part]["messages"], "{what} {part}");
        for (name, unit) in CLASSES {
            assert_eq!(json!(usage[unit]), expected[part][name], "{what} {part} {name}");
        }
    }
    let mut models: BTreeMap<String, Vec<UsageEvent>> = BTreeMap::new();
    for event in own {
        models.entry(event.model.to_string()).or_default().push(event);
    }
    let by_model = expected["by_model"].as_object().unwrap();
    let mut named: Vec<_> = by_model.keys().cloned().collect();
    named.sort();
    assert_eq!(models.keys().cloned().collect::<Vec<_>>(), named, "{what}");
    for (model, events) in models {
        for (name, unit) in CLASSES {
            assert_eq!(
                json!(total(&events)[unit]),
                by_model[&model][name],
                "{what} {model} {name}"
            );
        }
    }
    assert_eq!(json!(reading.stats.synthetic), expected["synthetic"], "{what}");
    assert!(reading.findings.is_empty(), "{what}: {:?}", reading.findings);
}

#[test]
fn real_sessions_equal_their_oracle_together_and_file_by_file() {
    for set in ["claude-a", "claude-b"] {
        let Some(folder) = shared(set) else { return };
        let oracle = fs::read_to_string(folder.join("expected.json")).unwrap();
        let oracle: Value = serde_json::from_str(&oracle).unwrap();
        check_against(&read(&folder), &oracle["all_files_together"], set);
        let files = oracle["each_file_alone"].as_object().unwrap();
        assert!(!files.is_empty());
        for (path, expected) in files {
            check_against(&read(&folder.join(path)), expected, path);
        }
    }
}

/// The counting rule, written down again as plainly as possible: of each id the row with the most
/// output, read as a tree, one file after the other.
fn counted_plainly(folder: &Path) -> BTreeMap<String, [u64; 3]> {
    let mut seen: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "jsonl") {
                continue;
            }
            for line in String::from_utf8_lossy(&fs::read(&path).unwrap()).lines() {
                let Ok(row) = serde_json::from_str::<Value>(line) else { continue };
                let message = match row["type"].as_str() {
                    Some("assistant") => &row["message"],
                    Some("progress") => &row["data"]["message"]["message"],
                    _ => continue,
                };
                let usage = &message["usage"];
                let count = |name: &str| usage[name].as_u64().unwrap_or(0);
                let counts = [
                    count("input_tokens"),
                    count("output_tokens"),
                    count("cache_read_input_tokens"),
                ];
                let (Some(id), Some(model)) = (message["id"].as_str(), message["model"].as_str())
                else {
                    continue;
                };
                if model == "<synthetic>" || counts == [0; 3] {
                    continue;
                }
                let known = seen.entry(id.to_owned()).or_default();
                if counts[1] >= known[1] {
                    *known = counts;
                }
            }
        }
    }
    seen
}

#[test]
fn every_real_sample_equals_a_second_and_plainer_reader() {
    let Some(samples) = shared("") else { return };
    for set in
        ["claude-a", "claude-b", "claude-misc/vct", "claude-misc/logpile", "claude-misc/jazzyalex"]
    {
        let reading = read(&samples.join(set));
        let own: BTreeMap<String, [u64; 3]> = reading
            .events
            .iter()
            .map(|event| {
                let counts = [Unit::Input, Unit::Output, Unit::CacheRead].map(|u| event.usage[u]);
                (event.evidence.message.as_ref().unwrap().to_string(), counts)
            })
            .collect();
        assert_eq!(own, counted_plainly(&samples.join(set)), "{set}");
    }
}

#[test]
fn a_generated_history_with_traps_equals_its_oracle() {
    let Some(logs) = shared("") else { return };
    let script = logs.parent().unwrap().join("gen_corpus.py");
    let folder = TempDir::new().unwrap();
    let home = folder.path().join("home");
    let made = std::process::Command::new("python3")
        .arg(script)
        .arg(&home)
        .args(["--files", "60", "--mb", "12", "--traps", "--resume-share", "0.2"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let oracle = fs::read_to_string(folder.path().join("home.oracle.json")).unwrap();
    let oracle: Value = serde_json::from_str(&oracle).unwrap();
    let reading = read(&home);
    let usage = total(&reading.events);
    let advisor = |name: &str| oracle["advisor"][name].as_u64().unwrap();
    for (name, unit) in CLASSES {
        let beside = if matches!(name, "input" | "output") { advisor(name) } else { 0 };
        assert_eq!(usage[unit], oracle["totals"][name].as_u64().unwrap() + beside, "{name}");
    }
    let requests = oracle["messages"].as_u64().unwrap() + advisor("n");
    assert_eq!(reading.stats.requests, requests);
    assert!(reading.stats.copies > 0, "the history has resumed sessions");
    // Fast answers that were cut off before their last row do not say that they were fast.
    let fast = reading.events.iter().filter(|e| e.context.get("speed") == Some("fast")).count();
    assert!(fast > 0 && fast as u64 <= oracle["fast_messages"].as_u64().unwrap());
}
