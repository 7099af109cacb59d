//! Reading on: whatever the cuts, what is booked in the end is what one reading of the whole says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail loudly")]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use octorato_core::{Arms, Attribution, AttributionReason, ProviderId, UsageEvent};
use octorato_finops::ledger::{Append, SourceKey};
use octorato_finops::logs::{
    self, Clerk, Cursor, FindingKind, Gathered, Place, Quiet, Request, Start, Stored,
};
use octorato_finops::price::PriceBook;
use proptest::prelude::*;
use tempfile::TempDir;

/// The least that a ledger does with imports: the first owner stays, the larger snapshot holds.
#[derive(Default)]
struct Book {
    stored: HashMap<SourceKey, Stored>,
    cursors: HashMap<PathBuf, Cursor>,
    starts: Vec<Start>,
}

impl Book {
    /// Books what the files under `folder` have gained.
    fn sync(&mut self, folder: &Path) -> usize {
        let (files, _) = logs::find(&[Place::Given(folder.to_owned())]);
        let mut gathered = Gathered::default();
        for file in &files {
            if let Some(news) = logs::news(file, self.cursors.get(file.path()), &Quiet) {
                self.starts.push(news.start());
                gathered.add(news);
            }
        }
        let requests = gathered.found().requests(&self.stored);
        let arms = Arms::none();
        let mut clerk = Clerk::new(PriceBook::builtin(), &arms);
        let nobody = Attribution { arm: None, reason: AttributionReason::Unattributed };
        let mut booked = 0;
        for request in requests.list {
            if let Some(append) = clerk.booking(&request, &nobody, None).append {
                self.book(append, &request);
                booked += 1;
            }
        }
        for file in requests.files {
            let text = file.cursor.unwrap().to_string();
            self.cursors.insert(file.path, text.parse().unwrap());
        }
        booked
    }

    fn book(&mut self, append: Append, request: &Request) {
        let revision = self.stored.get(&append.source).map_or(0, |known| known.revision) + 1;
        let stored = Stored {
            at: append.at,
            path: append.path,
            revision,
            amount: append.amount,
            size: append.size,
            metered: append.metered,
            snapshot: request.snapshot.clone(),
        };
        self.stored.insert(append.source, stored);
    }

    /// What is booked, as lines of text that do not say when or where.
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .stored
            .values()
            .map(|stored| {
                let metered = stored.metered.as_ref().unwrap();
                let (usage, context) = (&metered.usage, &metered.context);
                format!(
                    "{:?} {} {context} {usage:?} {:?}",
                    metered.provider, metered.model, stored.amount
                )
            })
            .collect();
        lines.sort();
        lines
    }
}

/// The same lines of one reading of the whole.
fn whole(folder: &Path) -> Vec<String> {
    let reading = logs::read(&[Place::Given(folder.to_owned())], &Quiet);
    let price = |event: &UsageEvent| {
        let provider = event.provider.as_ref().map(ProviderId::as_str);
        let found = PriceBook::builtin().find(provider, event.model.as_str()).ok()?;
        Some(found.charge(&event.usage, event.at, &event.context).ok()?.list().booked())
    };
    let line = |event: &UsageEvent| {
        let UsageEvent { provider, model, context, usage, .. } = event;
        format!("{provider:?} {model} {context} {usage:?} {:?}", price(event))
    };
    let mut lines: Vec<String> = reading.events.iter().map(line).collect();
    lines.sort();
    lines
}

/// One row of a transcript.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a way of its own for a row to differ")]
struct Row {
    message: u8,
    file: u8,
    grown: u64,
    split: bool,
    flat: bool,
    is_progress: bool,
    has_time: bool,
    has_id: bool,
    has_inputs: bool,
    fast: bool,
    advisor: bool,
}

impl Row {
    /// Messages 0 to 2 have the provider's own ids and lie in any file; 3 to 5 are a gateway's, and
    /// some rows have no id (3 and 5) or no counts yet (4): those of one message lie in one file.
    fn file(&self) -> u8 {
        if self.message < 3 { self.file } else { self.message % 3 }
    }

    fn json(&self, at: usize) -> String {
        let Self { message, grown, .. } = *self;
        let own = message < 3;
        let id = match (own, self.has_id || message == 4) {
            (true, _) => format!(r#""id":"msg_{message}","#),
            (false, true) => format!(r#""id":"chatcmpl-{message}","#),
            (false, false) => String::new(),
        };
        let input = if message != 4 || self.has_inputs { 100 + u64::from(message) } else { 0 };
        let time = if self.has_time {
            format!(r#""timestamp":"2026-10-0{}T09:00:{at:02}Z","#, 1 + message)
        } else {
            String::new()
        };
        let mut usage = format!(r#""input_tokens":{input},"output_tokens":{grown}"#);
        if self.flat && own {
            usage += r#","cache_creation_input_tokens":50"#;
        }
        if self.split && own {
            usage += r#","cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30}"#;
        }
        if self.fast {
            usage += r#","speed":"fast""#;
        }
        if self.advisor && grown > 0 {
            let advisor = format!(
                r#","iterations":[{{"type":"message"}},{{"type":"advisor_message","model":"claude-opus-4-8","output_tokens":{grown}}}]"#
            );
            usage += &advisor;
        }
        let inner = format!(r#""message":{{{id}"model":"claude-opus-4-6","usage":{{{usage}}}}}"#);
        let head = format!(r#"{time}"sessionId":"s","cwd":"/w/a","requestId":"req_{message}""#);
        if self.is_progress {
            format!(
                r#"{{"type":"progress",{head},"data":{{"type":"agent_progress","agentId":"a1","message":{{{time}"requestId":"req_{message}",{inner}}}}}}}"#
            )
        } else {
            format!(r#"{{"type":"assistant",{head},{inner}}}"#)
        }
    }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let flags = proptest::array::uniform8(any::<bool>());
    let row = (0..6_u8, 0..3_u8, 0..4_u64, flags, 0..8_u8).prop_map(
        |(message, file, grown, flags, odd)| {
            let [split, flat, is_progress, has_id, has_inputs, fast, advisor, _] = flags;
            let grown = grown * 10;
            let has_time = odd > 0;
            Row {
                message,
                file,
                grown,
                split,
                flat,
                is_progress,
                has_time,
                has_id,
                has_inputs,
                fast,
                advisor,
            }
        },
    );
    proptest::collection::vec(row, 0..14)
}

/// The bytes of the three files. Each has a line that says when it is, at its beginning or end.
fn files(rows: &[Row], is_timed_first: bool, ends: bool) -> [Vec<u8>; 3] {
    let timed = b"{\"type\":\"user\",\"timestamp\":\"2026-10-09T09:00:00Z\"}\n";
    let mut files: [Vec<u8>; 3] = Default::default();
    for file in files.iter_mut().filter(|_| is_timed_first) {
        file.extend_from_slice(timed);
    }
    for (at, row) in rows.iter().enumerate() {
        let file = &mut files[usize::from(row.file())];
        file.extend_from_slice(row.json(at).as_bytes());
        file.push(b'\n');
    }
    for file in files.iter_mut().filter(|_| !is_timed_first) {
        file.extend_from_slice(timed);
    }
    if !ends {
        for file in &mut files {
            file.pop();
        }
    }
    files
}

fn write(folder: &Path, name: usize, bytes: &[u8]) {
    fs::write(folder.join(format!("{name}.jsonl")), bytes).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_cuts_book_what_the_whole_says(
        rows in rows(),
        cuts in proptest::collection::vec((0..3_usize, 0..1000_usize), 0..8),
        is_timed_first in any::<bool>(),
        ends in any::<bool>(),
    ) {
        let folder = TempDir::new().unwrap();
        let files = files(&rows, is_timed_first, ends);
        let mut book = Book::default();
        let mut reached = [0; 3];
        let mut cuts: Vec<(usize, usize)> = cuts
            .into_iter()
            // A cut is so many thousandths of the file.
            .map(|(file, share)| (file, files[file].len() * share / 1000))
            .collect();
        cuts.extend((0..3).map(|file| (file, files[file].len())));
        for (file, length) in cuts {
            reached[file] = length.max(reached[file]);
            write(folder.path(), file, &files[file][..reached[file]]);
            book.sync(folder.path());
        }
        prop_assert_eq!(book.lines(), whole(folder.path()));
        prop_assert_eq!(book.sync(folder.path()), 0);
        // What is read again from the beginning is known.
        book.cursors.clear();
        prop_assert_eq!(book.sync(folder.path()), 0);
    }
}

fn row(message: &str, output: u64) -> String {
    format!(
        "{{\"type\":\"assistant\",\"timestamp\":\"2026-10-01T09:00:00Z\",\"cwd\":\"/w\",\"sessionId\":\"s\",\"message\":{{\"id\":\"{message}\",\"model\":\"claude-opus-4-6\",\"usage\":{{\"output_tokens\":{output}}}}}}}\n"
    )
}

/// What is booked, as message and output.
fn outputs(book: &Book) -> BTreeMap<String, u128> {
    let output = |stored: &Stored| stored.metered.as_ref().unwrap().usage.output_tokens();
    book.stored.iter().map(|(source, stored)| (source.key.to_string(), output(stored))).collect()
}

#[test]
fn a_file_that_was_cut_or_written_anew_is_read_from_its_beginning_and_counted_once() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.jsonl");
    let mut book = Book::default();
    let text = row("msg_1", 10) + &row("msg_2", 20);
    fs::write(&file, &text).unwrap();
    assert_eq!(book.sync(folder.path()), 2);
    // Cut, then grown again.
    fs::write(&file, row("msg_1", 10)).unwrap();
    assert_eq!(book.sync(folder.path()), 0);
    fs::write(&file, text.clone() + &row("msg_3", 30)).unwrap();
    assert_eq!(book.sync(folder.path()), 1);
    // Written anew in place, longer than before.
    fs::write(&file, row("msg_4", 40).repeat(9)).unwrap();
    assert_eq!(book.sync(folder.path()), 1);
    // Another file takes its name.
    let other = folder.path().join("b.tmp");
    fs::write(&other, row("msg_4", 40).repeat(9) + &row("msg_5", 50)).unwrap();
    fs::rename(&other, &file).unwrap();
    assert_eq!(book.sync(folder.path()), 1);
    let replaced = if cfg!(unix) { Start::Replaced } else { Start::Continued };
    let starts = [Start::First, Start::Truncated, Start::Continued, Start::Rewritten, replaced];
    assert_eq!(book.starts, starts);
    let all = [("msg_1", 10), ("msg_2", 20), ("msg_3", 30), ("msg_4", 40), ("msg_5", 50)];
    assert_eq!(outputs(&book), all.map(|(key, count)| (key.to_owned(), count)).into());
}

#[test]
fn an_unchanged_file_is_not_opened_and_a_rotated_one_is_known() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.jsonl");
    fs::write(&file, row("msg_1", 10)).unwrap();
    let mut book = Book::default();
    book.sync(folder.path());
    book.sync(folder.path());
    assert_eq!(book.starts, [Start::First]);
    fs::rename(&file, folder.path().join("a.1.jsonl")).unwrap();
    fs::write(&file, row("msg_2", 20)).unwrap();
    assert_eq!(book.sync(folder.path()), 1);
    assert_eq!(outputs(&book).len(), 2);
}

#[test]
fn a_line_that_is_still_written_is_read_once_it_is_whole() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.jsonl");
    let text = row("msg_1", 10) + &row("msg_2", 20);
    let mut book = Book::default();
    fs::write(&file, &text[..text.len() - 10]).unwrap();
    assert_eq!(book.sync(folder.path()), 1);
    // A whole record without its newline is a record.
    fs::write(&file, text.trim_end()).unwrap();
    assert_eq!(book.sync(folder.path()), 1);
    let cursor = book.cursors.values().next().unwrap();
    assert_eq!(cursor.offset(), row("msg_1", 10).len() as u64);
    fs::write(&file, &text).unwrap();
    assert_eq!(book.sync(folder.path()), 0);
}

#[test]
fn places_in_the_file_are_those_of_the_whole() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.jsonl");
    let first = row("msg_1", 10) + "broken\n";
    fs::write(&file, &first).unwrap();
    let (files, _) = logs::find(&[Place::Given(folder.path().to_owned())]);
    let cursor = *logs::news(&files[0], None, &Quiet).unwrap().cursor().unwrap();
    fs::write(&file, first.clone() + "broken again\n" + &row("msg_2", 20)).unwrap();
    let (files, _) = logs::find(&[Place::Given(folder.path().to_owned())]);
    let news = logs::news(&files[0], Some(&cursor), &Quiet).unwrap();
    let broken = news.findings().skipped().next().unwrap();
    assert_eq!((broken.kind, broken.count), (FindingKind::InvalidJson, 1));
    assert_eq!(
        (broken.examples[0].line, broken.examples[0].offset),
        (Some(3), Some(first.len() as u64))
    );
    let mut gathered = Gathered::default();
    gathered.add(news);
    let requests = gathered.found().requests(&HashMap::new());
    assert_eq!(requests.list[0].event.evidence.line, 4);
    assert_eq!(requests.files[0].groups, [requests.list[0].group]);
}

#[test]
fn progress_that_becomes_a_file_of_its_own_counts_once() {
    let folder = TempDir::new().unwrap();
    let progress = r#"{"type":"progress","timestamp":"2026-10-01T09:00:01Z","cwd":"/w","sessionId":"s","data":{"type":"agent_progress","agentId":"a7","message":{"timestamp":"2026-10-01T09:00:00Z","requestId":"r","message":{"id":"msg_1","model":"claude-opus-4-6","usage":{"output_tokens":3}}}}}"#;
    fs::write(folder.path().join("s.jsonl"), format!("{progress}\n")).unwrap();
    let mut book = Book::default();
    assert_eq!(book.sync(folder.path()), 1);
    let agents = folder.path().join("s/subagents");
    fs::create_dir_all(&agents).unwrap();
    fs::write(agents.join("agent-a7.jsonl"), row("msg_1", 300)).unwrap();
    assert_eq!(book.sync(folder.path()), 1);
    assert_eq!(outputs(&book), [("msg_1".to_owned(), 300)].into());
    assert_eq!(book.lines(), whole(folder.path()));
}
