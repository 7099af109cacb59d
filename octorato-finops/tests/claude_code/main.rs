//! Claude Code's transcripts, counted: the rules one by one, broken input, any order and copies,
//! and real sessions where they lie beside the project.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up is a failed test")]
#![allow(clippy::print_stdout, reason = "what is left out is said")]

mod broken;
mod order;
mod rules;
mod samples;

use std::fs;
use std::path::Path;

use octorato_core::{Usage, UsageEvent};
use octorato_finops::logs::{self, Place, Quiet, Reading};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) fn read(folder: &Path) -> Reading {
    logs::read(&[Place::Given(folder.to_owned())], &Quiet)
}

/// Writes `files` (path, lines) under a fresh folder and reads them.
pub(crate) fn read_files(files: &[(&str, Vec<Value>)]) -> (TempDir, Reading) {
    let folder = TempDir::new().unwrap();
    for (path, lines) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(path, text.concat()).unwrap();
    }
    let reading = read(folder.path());
    (folder, reading)
}

pub(crate) fn read_rows(rows: Vec<Value>) -> Reading {
    read_files(&[("a.jsonl", rows)]).1
}

/// A row of the message `id` with so many output tokens.
pub(crate) fn row(id: &str, second: u32, output: u64) -> Value {
    json!({
        "type": "assistant",
        "timestamp": format!("2026-10-01T09:00:{second:02}.000Z"),
        "cwd": "/home/dana/clients/acme",
        "sessionId": "s1",
        "requestId": format!("req_{id}"),
        "uuid": format!("u{second}"),
        "message": {
            "id": id, "model": "claude-opus-4-8", "role": "assistant",
            "content": [{"type": "text", "text": "@@"}],
            "usage": {
                "input_tokens": 3, "output_tokens": output,
                "cache_read_input_tokens": 900, "cache_creation_input_tokens": 60,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 40,
                },
            },
        },
    })
}

pub(crate) fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = new;
    value
}

pub(crate) fn total(events: &[UsageEvent]) -> Usage {
    events.iter().fold(Usage::new(), |mut sum, event| {
        sum.add(&event.usage).unwrap();
        sum
    })
}
