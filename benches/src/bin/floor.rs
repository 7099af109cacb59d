//! The floor under any reader of Claude Code's transcripts: walk, read, find the lines with token
//! counts, parse their counts, keep one per message. No attribution, no prices, no care for broken
//! input. What `octorato report` takes on top of this is what its answers cost.
//!
//! `floor DIR` prints the totals; run it beside `octorato report --logs DIR`.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use memchr::{memchr_iter, memmem};
use rayon::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    id: Option<&'a str>,
    usage: Option<Usage>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the provider's API")]
struct Usage {
    input_tokens: u64,
    output_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
}

type Seen = HashMap<String, Usage>;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let mut files: Vec<(u64, PathBuf)> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "jsonl"))
        .map(|entry| (entry.metadata().map_or(0, |m| m.len()), entry.into_path()))
        .collect();
    files.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    let all: Mutex<Seen> = Mutex::default();
    files.par_iter().with_max_len(1).try_for_each(|(_, path)| {
        let seen = read(path)?;
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, usage) in seen {
            keep(&mut all, id, usage);
        }
        anyhow::Ok(())
    })?;
    let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    let sum = |of: fn(&Usage) -> u64| all.values().map(of).sum::<u64>();
    println!(
        "{} messages, {} in, {} out, {} cache written, {} cache read",
        all.len(),
        sum(|usage| usage.input_tokens),
        sum(|usage| usage.output_tokens),
        sum(|usage| usage.cache_creation_input_tokens),
        sum(|usage| usage.cache_read_input_tokens),
    );
    Ok(())
}

fn keep(seen: &mut Seen, id: String, usage: Usage) {
    let known = seen.entry(id).or_default();
    if usage.output_tokens >= known.output_tokens {
        *known = usage;
    }
}

fn read(path: &Path) -> anyhow::Result<Seen> {
    let marker = memmem::Finder::new(b"\"usage\"");
    let mut seen = Seen::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 256 << 10];
    let (mut start, mut filled) = (0, 0);
    loop {
        if start == filled {
            (start, filled) = (0, 0);
        } else if filled == buffer.len() {
            if start == 0 {
                buffer.resize(buffer.len() * 2, 0);
            }
            buffer.copy_within(start..filled, 0);
            (start, filled) = (0, filled - start);
        }
        let count = file.read(&mut buffer[filled..])?;
        if count == 0 {
            return Ok(seen);
        }
        let before = filled;
        filled += count;
        for newline in memchr_iter(b'\n', &buffer[before..filled]) {
            let line = &buffer[start..before + newline];
            start = before + newline + 1;
            if marker.find(line).is_none() {
                continue;
            }
            let line: Line<'_> = serde_json::from_str(std::str::from_utf8(line)?)?;
            if let Some(Message { id: Some(id), usage: Some(usage) }) = line.message {
                keep(&mut seen, id.to_owned(), usage);
            }
        }
    }
}
