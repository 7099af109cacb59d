//! Input that is broken, odd or hostile: counted, told, and never the end of the run.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use octorato_finops::logs::{self, FindingKind, Place, Quiet};
use serde_json::json;
use tempfile::TempDir;

use crate::{read, read_rows, row, total, with};

#[test]
fn an_iteration_of_an_unknown_kind_is_told_and_costs_nothing_else() {
    let usage = json!({"input_tokens": 3, "output_tokens": 4, "iterations": [{"type": "new"}]});
    let reading = read_rows(vec![with(row("msg_1", 0, 1), "/message/usage", usage)]);
    assert_eq!(total(&reading.events).tokens(), 7);
    assert_eq!(reading.findings.count(FindingKind::UnreadableIterations), 1);
}

#[test]
fn times_and_counts_beyond_reason_do_not_reach_a_sum() {
    let far = with(row("msg_1", 0, 5), "/timestamp", json!("9999-12-30T22:00:00Z"));
    let many = with(row("msg_2", 1, 5), "/message/usage/input_tokens", json!(u64::MAX));
    let reading = read_rows(vec![row("msg_0", 0, 5), far, many]);
    assert_eq!(reading.events.len(), 2);
    assert!(reading.events.iter().all(|event| event.at.to_string().starts_with("2026-10-01")));
    assert_eq!(reading.findings.count(FindingKind::TimeFromNeighbour), 1);
    assert_eq!(reading.findings.count(FindingKind::InvalidCount), 1);
}

#[test]
fn zeros_before_a_record_and_two_records_on_a_line_are_read() {
    let folder = TempDir::new().unwrap();
    let (a, b, c) = (row("msg_1", 0, 1), row("msg_2", 1, 2), row("msg_3", 2, 3));
    fs::write(folder.path().join("a.jsonl"), format!("\0\0\0{a}\n{b}{c}\n")).unwrap();
    assert_eq!(read(folder.path()).events.len(), 3);
}

#[cfg(unix)]
#[test]
fn a_file_that_links_lead_to_is_read_once() {
    let folder = TempDir::new().unwrap();
    let torn = format!("{}\n{{\"type\":", row("msg_1", 0, 1));
    fs::write(folder.path().join("a.jsonl"), torn).unwrap();
    let link = folder.path().join("b.jsonl");
    std::os::unix::fs::symlink(folder.path().join("a.jsonl"), link).unwrap();
    let place = Place::Given(folder.path().to_owned());
    let reading = logs::read(&[place.clone(), place], &Quiet);
    assert_eq!((reading.stats.files, reading.stats.records, reading.stats.copies), (1, 1, 0));
    assert_eq!(reading.findings.count(FindingKind::TornLine), 1);
}

#[cfg(unix)]
#[test]
fn a_pipe_beside_a_transcript_does_not_make_the_reader_wait() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("agent-a7.jsonl");
    fs::write(&path, format!("{}\n", row("msg_1", 0, 1))).unwrap();
    for name in ["agent-a7.meta.json", "pipe.jsonl"] {
        let made = std::process::Command::new("mkfifo").arg(folder.path().join(name)).status();
        assert!(made.unwrap().success());
    }
    let reading = read(folder.path());
    assert_eq!(reading.events.len(), 1);
    assert_eq!(reading.findings.count(FindingKind::NotAFile), 1);
}

#[test]
fn broken_lines_and_files_are_counted_and_the_rest_is_read() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let mut bytes = b"\0\0\0\0\nnot json\n[1]\n\n   \r\n{\"usage\": oops}\n\xff\xfe\n".to_vec();
    // Bytes that are not UTF-8, in a text beside the counts.
    let text = row("msg_2", 1, 7).to_string();
    let (before, after) = text.split_once("@@").unwrap();
    bytes.extend_from_slice(before.as_bytes());
    bytes.extend_from_slice(b"\xff\xfe");
    bytes.extend_from_slice(after.as_bytes());
    let negative = with(row("msg_3", 2, 7), "/message/usage/input_tokens", json!(-4));
    write!(bytes, "\n{negative}\n{}\n", row("msg_1", 0, 260)).unwrap();
    bytes.extend_from_slice(&row("msg_4", 3, 7).to_string().as_bytes()[..200]);
    write("a.jsonl", &bytes);
    write("empty.jsonl", b"");
    write("bom.jsonl", format!("\u{feff}{}\r\n", row("msg_5", 4, 1)).as_bytes());
    fs::create_dir(folder.path().join("folder.jsonl")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/nowhere/at/all", folder.path().join("dangling.jsonl")).unwrap();

    let reading = read(folder.path());
    let ids = reading.events.iter().map(|e| e.evidence.message.as_ref().unwrap().to_string());
    assert_eq!(ids.collect::<Vec<_>>(), ["msg_1", "msg_2", "msg_5"]);
    let count = |kind| reading.findings.count(kind);
    assert_eq!(count(FindingKind::InvalidJson), 5);
    assert_eq!(count(FindingKind::InvalidCount), 1);
    assert_eq!(count(FindingKind::TornLine), 1);
    assert_eq!(count(FindingKind::EmptyFile), 1);
    assert_eq!(count(FindingKind::NotAFile), 1);
    assert_eq!(count(FindingKind::InvalidUtf8), 1);
    #[cfg(unix)]
    assert_eq!(count(FindingKind::Unreadable), 1);
}

#[test]
fn a_line_of_two_hundred_megabytes_is_passed_over() {
    let folder = TempDir::new().unwrap();
    let mut file = fs::File::create(folder.path().join("a.jsonl")).unwrap();
    write!(file, "{}\n{{\"type\":\"user\",\"x\":\"", row("msg_1", 0, 260)).unwrap();
    let block = vec![b'x'; 1 << 20];
    for _ in 0..200 {
        file.write_all(&block).unwrap();
    }
    writeln!(file, "\"}}\n{}", row("msg_2", 1, 7)).unwrap();
    let reading = read(folder.path());
    assert_eq!(reading.events.len(), 2);
    assert_eq!(reading.findings.count(FindingKind::LineTooLong), 1);
}

#[test]
fn a_record_without_a_time_takes_its_neighbours() {
    let mut untimed = row("msg_1", 0, 260);
    untimed.as_object_mut().unwrap().remove("timestamp");
    let asked = json!({"type": "user", "timestamp": "2026-10-01T08:00:00Z"});
    let reading = read_rows(vec![asked, untimed.clone()]);
    assert_eq!(reading.events[0].at.to_string(), "2026-10-01T08:00:00Z");
    assert_eq!(reading.findings.count(FindingKind::TimeFromNeighbour), 1);
    let alone = read_rows(vec![untimed]);
    assert_eq!(alone.findings.count(FindingKind::NoTimestamp), 1);
    assert!(alone.events.is_empty());
}

#[test]
fn a_place_that_does_not_exist_is_told() {
    let reading = read(Path::new("/nowhere/at/all"));
    assert_eq!(reading.findings.count(FindingKind::Unreadable), 1);
    let usual = logs::read(&[Place::Usual(PathBuf::from("/nowhere/at/all"))], &Quiet);
    assert!(usual.findings.is_empty());
}
