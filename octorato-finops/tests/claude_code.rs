//! Claude Code's transcripts, counted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up is a failed test")]
#![allow(clippy::print_stdout, reason = "what is left out is said")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use octorato_core::{Precision, Unit, Usage, UsageEvent};
use octorato_finops::logs::{self, FindingKind, Place, Quiet, Reading};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

fn read(folder: &Path) -> Reading {
    logs::read(&[Place::Given(folder.to_owned())], &Quiet)
}

/// Writes `files` (path, lines) under a fresh folder and reads them.
fn read_files(files: &[(&str, Vec<Value>)]) -> (TempDir, Reading) {
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

fn read_rows(rows: Vec<Value>) -> Reading {
    read_files(&[("a.jsonl", rows)]).1
}

/// A row of the message `id` with so many output tokens.
fn row(id: &str, second: u32, output: u64) -> Value {
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

fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = new;
    value
}

fn total(events: &[UsageEvent]) -> Usage {
    events.iter().fold(Usage::new(), |mut sum, event| {
        sum.add(&event.usage).unwrap();
        sum
    })
}

// ---------------------------------------------------------------- the rules, one by one

#[test]
fn a_message_counts_once_in_one_three_and_fourteen_rows() {
    let expected = total(&read_rows(vec![row("msg_1", 0, 260)]).events);
    assert_eq!(expected.tokens(), 3 + 900 + 60 + 260);
    for rows in [3, 14] {
        let reading = read_rows((0..rows).map(|at| row("msg_1", at, 260)).collect());
        assert_eq!(total(&reading.events), expected);
        assert_eq!(reading.events[0].evidence.records, rows);
    }
}

#[test]
fn the_final_snapshot_wins_wherever_it_stands() {
    let rows = [row("msg_1", 0, 1), row("msg_1", 1, 1), row("msg_1", 2, 260)];
    let forward = read_rows(rows.to_vec());
    let backward = read_rows(rows.iter().rev().cloned().collect());
    assert_eq!(total(&forward.events)[Unit::Output], 260);
    assert_eq!(total(&backward.events), total(&forward.events));
}

#[test]
fn a_copy_in_a_resumed_session_counts_once_for_the_earliest_record() {
    let copy = with(row("msg_1", 0, 260), "/sessionId", json!("s2"));
    let later = with(row("msg_1", 5, 260), "/cwd", json!("/elsewhere"));
    let later = with(later, "/sessionId", json!("s3"));
    let (_folder, reading) = read_files(&[
        ("p/a.jsonl", vec![row("msg_1", 0, 260)]),
        ("q/a.jsonl", vec![later]),
        ("q/z.jsonl", vec![copy]),
    ]);
    assert_eq!(reading.events.len(), 1);
    assert_eq!(reading.stats.copies, 2);
    assert_eq!(reading.events[0].cwd.as_deref(), Some("/home/dana/clients/acme"));
    assert_eq!(reading.events[0].session.as_ref().unwrap().as_str(), "s1");
}

#[test]
fn of_two_copies_the_session_that_ended_first_made_the_request() {
    // A resumed session repeats records to the letter, save for the session's name.
    let resumed = with(row("msg_1", 0, 260), "/sessionId", json!("s2"));
    let went_on = with(row("msg_2", 9, 5), "/sessionId", json!("s2"));
    for (original, copy) in [("a.jsonl", "z.jsonl"), ("z.jsonl", "a.jsonl")] {
        let (_folder, reading) = read_files(&[
            (original, vec![row("msg_1", 0, 260)]),
            (copy, vec![resumed.clone(), went_on.clone()]),
        ]);
        let event = &reading.events[0];
        assert_eq!(event.session.as_ref().unwrap().as_str(), "s1");
        assert_eq!(reading.events[1].session.as_ref().unwrap().as_str(), "s2");
    }
}

#[test]
fn a_side_question_replayed_under_a_new_request_id_counts_once() {
    let replay = with(row("msg_1", 1, 260), "/requestId", json!("req_other"));
    assert_eq!(read_rows(vec![row("msg_1", 0, 260), replay]).events.len(), 1);
}

#[test]
fn an_id_that_a_gateway_uses_twice_is_two_requests() {
    let other = with(row("chatcmpl-1", 9, 5), "/message/usage/input_tokens", json!(77));
    let reading = read_rows(vec![row("chatcmpl-1", 0, 4), row("chatcmpl-1", 1, 9), other]);
    assert_eq!(reading.events.len(), 2);
    assert_eq!(total(&reading.events)[Unit::Output], 9 + 5);
}

#[test]
fn a_gateways_first_snapshot_without_input_belongs_to_its_request() {
    let usage = json!({"input_tokens": 0, "output_tokens": 1});
    let head = with(row("chatcmpl-1", 0, 1), "/message/usage", usage);
    let reading = read_rows(vec![head, row("chatcmpl-1", 1, 9)]);
    assert_eq!(reading.events.len(), 1);
    assert_eq!(reading.events[0].at.to_string(), "2026-10-01T09:00:00Z");
}

#[test]
fn rows_without_ids_are_known_by_their_content() {
    let nameless = |second, output| {
        let row = with(row("x", second, output), "/message/id", Value::Null);
        with(row, "/requestId", Value::Null)
    };
    let rows = vec![nameless(0, 5), nameless(0, 5), nameless(1, 5)];
    let (_folder, reading) = read_files(&[("a.jsonl", rows), ("b.jsonl", vec![nameless(0, 5)])]);
    assert_eq!(reading.events.len(), 2);
    assert_eq!(reading.findings.count(FindingKind::NoMessageId), 2);
}

#[test]
fn cache_writes_are_split_as_far_as_the_record_splits_them() {
    let split = |flat: u64, five: u64, hour: u64| {
        json!({"cache_creation_input_tokens": flat, "cache_creation":
            {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour}})
    };
    let cases = [
        (json!({"cache_creation_input_tokens": 100}), 100, 0),
        (json!({"cache_creation_input_tokens": 100, "cache_creation": null}), 100, 0),
        (split(100, 0, 0), 100, 0),
        (split(0, 0, 100), 0, 100),
        (split(100, 10, 60), 40, 60),
        (split(60, 0, 80), 0, 80),
    ];
    for (usage, five_minutes, one_hour) in cases {
        let read = total(
            &read_rows(vec![with(row("msg_1", 0, 1), "/message/usage", usage.clone())]).events,
        );
        let writes = (read[Unit::CacheWrite5m], read[Unit::CacheWrite1h]);
        assert_eq!(writes, (five_minutes, one_hour), "{usage}");
    }
}

#[test]
fn what_the_agent_made_up_itself_costs_nothing() {
    let reading = read_rows(vec![with(row("msg_0", 0, 5), "/message/model", json!("<synthetic>"))]);
    assert_eq!((reading.events.len(), reading.stats.synthetic), (0, 1));
}

#[test]
fn tier_speed_and_region_select_a_price() {
    let usage = json!({"input_tokens": 3, "output_tokens": 4, "service_tier": "batch",
        "speed": "fast", "inference_geo": "us", "server_tool_use": {"web_search_requests": 2}});
    let reading = read_rows(vec![with(row("msg_1", 0, 1), "/message/usage", usage)]);
    let event = &reading.events[0];
    assert_eq!(event.context.to_string(), "inference_geo=us,processing=batch,speed=fast");
    assert_eq!(event.usage[Unit::WebSearches], 2);
}

#[test]
fn an_advisor_is_a_request_of_its_own_model() {
    let usage = json!({"input_tokens": 3, "output_tokens": 4, "speed": "fast", "iterations": [
        {"type": "message", "input_tokens": 3, "output_tokens": 4},
        {"type": "advisor_message", "model": "claude-opus-5",
         "input_tokens": 40, "output_tokens": 9},
    ]});
    let row = with(row("msg_1", 0, 1), "/message/usage", usage);
    let reading = read_rows(vec![row.clone(), row]);
    let seen = |e: &UsageEvent| (e.model.to_string(), e.usage.tokens(), e.context.to_string());
    let mut models: Vec<_> = reading.events.iter().map(seen).collect();
    models.sort_unstable();
    let expected = [("claude-opus-4-8", 7, "speed=fast"), ("claude-opus-5", 49, "")];
    assert_eq!(models, expected.map(|(model, n, context)| (model.into(), n, context.into())));
}

fn progress(id: &str, second: u32, output: u64) -> Value {
    let inner = row(id, second, output);
    json!({
        "type": "progress", "timestamp": inner["timestamp"], "cwd": "/home/dana/clients/acme",
        "sessionId": "s1",
        "data": {"type": "agent_progress", "agentId": "a7", "message": {
            "type": "assistant", "timestamp": inner["timestamp"],
            "requestId": inner["requestId"], "message": inner["message"],
        }},
    })
}

#[test]
fn a_sub_agent_that_only_its_parent_shows_is_counted_once() {
    let reading = read_rows(vec![progress("msg_1", 0, 2), progress("msg_1", 1, 5)]);
    assert_eq!(reading.events.len(), 1);
    assert_eq!(reading.stats.progress_only, 1);
    assert_eq!(reading.events[0].precision, Precision::Estimated);
    assert_eq!(reading.events[0].agent.as_ref().unwrap().as_str(), "a7");
    assert_eq!(total(&reading.events)[Unit::Output], 5);
}

#[test]
fn a_sub_agents_own_record_outranks_its_parents_view_of_it() {
    let own = with(row("msg_1", 3, 50), "/cwd", json!("/home/dana/clients/acme/worktree"));
    let (_folder, reading) = read_files(&[
        ("s1.jsonl", vec![progress("msg_1", 0, 7)]),
        ("s1/subagents/agent-a7.jsonl", vec![own]),
    ]);
    assert_eq!(reading.events.len(), 1);
    let event = &reading.events[0];
    assert_eq!((event.usage[Unit::Output], event.precision), (50, Precision::Exact));
    assert_eq!(event.cwd.as_deref(), Some("/home/dana/clients/acme/worktree"));
    assert_eq!(reading.stats.progress_only, 0);
}

#[test]
fn a_sub_agent_is_named_by_its_type() {
    let sub = |id: &str, agent: &str, second| {
        let mut row = row(id, second, 50);
        row["agentId"] = json!(agent);
        format!("{row}\n")
    };
    let launched = json!({"type": "user", "sessionId": "s1", "toolUseResult":
        {"agentId": "b8", "agentType": "reviewer", "usage": {"input_tokens": 1}}});
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("s1/subagents");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("agent-a7.jsonl"), sub("msg_1", "a7", 3)).unwrap();
    fs::write(place.join("agent-a7.meta.json"), r#"{"agentType":"explorer"}"#).unwrap();
    fs::write(place.join("agent-b8.jsonl"), sub("msg_2", "b8", 4)).unwrap();
    fs::write(folder.path().join("s1.jsonl"), format!("{launched}\n")).unwrap();
    let reading = read(folder.path());
    let agents = reading.events.iter().map(|e| e.agent_name.as_ref().unwrap().to_string());
    assert_eq!(agents.collect::<Vec<_>>(), ["explorer", "reviewer"]);
}

#[test]
fn a_quoted_record_in_a_tool_result_is_not_a_record() {
    let quoted = json!({"type": "user", "timestamp": "2026-10-01T09:00:00Z",
        "message": {"role": "user", "content": row("msg_9", 0, 9).to_string()}});
    assert_eq!(read_rows(vec![quoted]).events.len(), 0);
}

#[test]
fn bedrock_and_vertex_are_told_by_their_ids() {
    let provider = |id: &str, model: &str| {
        let reading = read_rows(vec![with(row(id, 0, 9), "/message/model", json!(model))]);
        reading.events[0].provider.as_ref().map(ToString::to_string)
    };
    assert_eq!(provider("msg_01", "claude-opus-4-8").as_deref(), Some("anthropic"));
    assert_eq!(provider("msg_bdrk_01", "claude-opus-4-8").as_deref(), Some("aws"));
    assert_eq!(provider("msg_01", "us.anthropic.claude-opus-4-8-v1:0").as_deref(), Some("aws"));
    assert_eq!(provider("msg_vrtx_01", "claude-opus-4-8@20260101").as_deref(), Some("google"));
    assert_eq!(provider("x", "kimi-k2"), None);
}

#[test]
fn sub_agents_of_one_id_in_two_sessions_keep_their_own_types() {
    let sub = |id: &str, session: &str| {
        let mut row = with(row(id, 3, 50), "/sessionId", json!(session));
        row["agentId"] = json!("a7");
        row
    };
    let launched = |session: &str, kind: &str| {
        json!({"type": "user", "sessionId": session, "toolUseResult":
            {"agentId": "a7", "agentType": kind, "usage": {"input_tokens": 1}}})
    };
    let (_folder, reading) = read_files(&[
        ("s1.jsonl", vec![launched("s1", "reviewer"), sub("msg_1", "s1")]),
        ("s2.jsonl", vec![launched("s2", "auditor"), sub("msg_2", "s2")]),
    ]);
    let names: Vec<_> = reading.events.iter().map(|e| e.agent_name.as_deref().unwrap()).collect();
    assert_eq!(names, ["reviewer", "auditor"]);
}

#[test]
fn an_incomplete_first_row_costs_a_request_neither_its_arm_nor_its_price() {
    for pointer in ["/cwd", "/sessionId", "/message/model"] {
        let first = with(row("msg_1", 0, 1), pointer, Value::Null);
        let reading = read_rows(vec![first, row("msg_1", 1, 260)]);
        assert_eq!(reading.events.len(), 1);
        let event = &reading.events[0];
        assert_eq!(event.cwd.as_deref(), Some("/home/dana/clients/acme"), "{pointer}");
        assert_eq!(event.model.as_str(), "claude-opus-4-8", "{pointer}");
        assert_eq!(event.usage[Unit::Output], 260);
    }
}

#[test]
fn the_larger_counts_hold_even_where_their_row_has_no_time() {
    let untimed = with(row("msg_1", 0, 100), "/timestamp", Value::Null);
    for rows in
        [vec![untimed.clone(), row("msg_1", 5, 5)], vec![row("msg_1", 5, 5), untimed.clone()]]
    {
        let reading = read_rows(rows);
        assert_eq!(total(&reading.events)[Unit::Output], 100);
        assert_eq!(reading.events[0].at.to_string(), "2026-10-01T09:00:05Z");
        assert!(reading.findings.is_empty());
    }
}

#[test]
fn a_row_without_an_id_belongs_to_the_message_of_its_request() {
    let nameless = with(row("msg_1", 0, 5), "/message/id", Value::Null);
    let reading = read_rows(vec![nameless, row("msg_1", 1, 50)]);
    assert_eq!(reading.events.len(), 1);
    assert_eq!(total(&reading.events)[Unit::Output], 50);
}

#[test]
fn a_gateways_first_snapshot_is_found_in_another_file_too() {
    let usage = json!({"input_tokens": 0, "output_tokens": 1});
    let head = with(row("chatcmpl-1", 0, 1), "/message/usage", usage);
    let (_folder, reading) =
        read_files(&[("a.jsonl", vec![head]), ("b.jsonl", vec![row("chatcmpl-1", 1, 9)])]);
    assert_eq!(reading.events.len(), 1);
    assert_eq!(total(&reading.events)[Unit::Output], 9);
}

#[test]
fn cache_writes_count_once_where_only_some_rows_split_them() {
    let flat = json!({"input_tokens": 3, "cache_creation_input_tokens": 1000});
    let split = json!({"input_tokens": 3, "cache_creation_input_tokens": 1000,
        "cache_creation": {"ephemeral_1h_input_tokens": 1000}});
    for id in ["msg_1", "chatcmpl-1"] {
        let rows =
            [&flat, &split].map(|usage| with(row(id, 0, 1), "/message/usage", usage.clone()));
        for rows in [rows.to_vec(), rows.iter().rev().cloned().collect()] {
            let reading = read_rows(rows);
            assert_eq!(reading.events.len(), 1, "{id}");
            let usage = total(&reading.events);
            assert_eq!((usage[Unit::CacheWrite5m], usage[Unit::CacheWrite1h]), (0, 1000), "{id}");
        }
    }
}

/// A row of `id` with an advisor inside.
fn advised(id: &str, output: u64, advisor_output: u64) -> Value {
    let usage = json!({"input_tokens": 3, "output_tokens": output, "iterations": [
        {"type": "message", "input_tokens": 3, "output_tokens": output},
        {"type": "advisor_message", "model": "claude-opus-5",
         "input_tokens": 40, "output_tokens": advisor_output},
    ]});
    with(row(id, 0, 1), "/message/usage", usage)
}

fn outputs(reading: &Reading) -> Vec<(String, u64)> {
    let of = |e: &UsageEvent| (e.model.to_string(), e.usage[Unit::Output]);
    let mut outputs: Vec<_> = reading.events.iter().map(of).collect();
    outputs.sort_unstable();
    outputs
}

#[test]
fn a_row_without_an_id_belongs_to_the_message_and_not_to_its_advisor() {
    let nameless = with(advised("msg_1", 500, 9), "/message/id", Value::Null);
    let reading = read_rows(vec![advised("msg_1", 5, 9), nameless]);
    let expected = [("claude-opus-4-8".into(), 500), ("claude-opus-5".into(), 9)];
    assert_eq!(outputs(&reading), expected);
}

#[test]
fn each_request_of_a_gateway_keeps_its_own_advisor() {
    let second = with(advised("chatcmpl-1", 7, 77), "/message/usage/input_tokens", json!(9));
    let reading = read_rows(vec![advised("chatcmpl-1", 5, 9), second]);
    let advisors: Vec<_> =
        outputs(&reading).into_iter().filter(|(model, _)| model == "claude-opus-5").collect();
    assert_eq!(advisors, [("claude-opus-5".into(), 9), ("claude-opus-5".into(), 77)]);
}

#[test]
fn records_without_id_and_time_are_told_apart_by_their_neighbours_time() {
    let bare = || {
        let mut row = with(row("x", 0, 5), "/message/id", Value::Null);
        for key in ["timestamp", "requestId"] {
            row.as_object_mut().unwrap().remove(key);
        }
        row
    };
    let asked =
        |hour: u32| json!({"type": "user", "timestamp": format!("2026-10-01T{hour:02}:00:00Z")});
    let (_folder, reading) = read_files(&[
        ("a.jsonl", vec![asked(9), bare()]),
        ("b.jsonl", vec![asked(14), bare()]),
        ("copy-of-b.jsonl", vec![asked(14), bare()]),
    ]);
    assert_eq!(reading.events.len(), 2);
}

#[test]
fn a_sub_agent_knows_the_one_that_called_it() {
    let by = |id: &str, second, agent: &str| {
        let mut row = row(id, second, 5);
        row["agentId"] = json!(agent);
        row
    };
    let launched = json!({"type": "user", "sessionId": "s1", "agentId": "x1", "toolUseResult":
        {"agentId": "x2", "agentType": "helper", "usage": {"input_tokens": 1}}});
    let (_folder, reading) = read_files(&[
        ("s1/subagents/agent-x1.jsonl", vec![by("msg_1", 0, "x1"), launched]),
        ("s1/subagents/agent-x2.jsonl", vec![by("msg_2", 1, "x2")]),
    ]);
    let parents: Vec<_> =
        reading.events.iter().map(|e| e.parent_agent.as_ref().map(ToString::to_string)).collect();
    assert_eq!(parents, [None, Some("x1".to_owned())]);
}

#[test]
fn what_the_agent_says_it_cost_is_evidence() {
    let mut old = row("msg_1", 0, 5);
    old["costUSD"] = json!(0.0123);
    let reading = read_rows(vec![old]);
    assert_eq!(reading.events[0].evidence.reported_cost.as_deref(), Some("0.0123"));
}

// ---------------------------------------------------------------- broken input

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

// ---------------------------------------------------------------- any order, any copies

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However the snapshots of some messages are repeated, ordered and spread over files, the
    /// events are the same to the last field that a report shows.
    #[test]
    fn neither_order_nor_copies_change_the_events(
        outputs in prop::collection::vec(1_u64..1000, 1..5),
        extra in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..3, 0_usize..6), 0..40),
        seed in any::<u64>(),
    ) {
        // Each message has a partial and a final snapshot. Some split their cache writes only
        // in the final one, some have an advisor inside, some come from a gateway.
        let snapshots = |(n, &output): (usize, &u64)| {
            let (id, second) = (format!("msg_{n}"), u32::try_from(n).unwrap() * 2);
            let mut pair = [row(&id, second, 1), row(&id, second + 1, output)];
            match n % 3 {
                1 => pair[0]["message"]["usage"]["cache_creation"] = Value::Null,
                2 => for row in &mut pair {
                    row["message"]["usage"]["iterations"] = json!([{"type": "advisor_message",
                        "model": "claude-opus-5", "input_tokens": 9, "output_tokens": output}]);
                },
                _ => {}
            }
            pair
        };
        let rows: Vec<Value> = outputs.iter().enumerate().flat_map(snapshots).collect();
        let plain = read_rows(rows.clone());

        let mut files = [vec![], vec![], vec![]];
        let base = rows.iter().enumerate().map(|(n, row)| (n % 3, row.clone()));
        // Copies may lack what another row of the message has.
        let copies = extra.iter().map(|(at, file, lacks)| {
            let row = at.get(&rows).clone();
            let fields =
                ["/cwd", "/sessionId", "/message/model", "/timestamp", "/message/id", "/uuid"];
            (*file, with(row, fields[*lacks], Value::Null))
        });
        for (n, (file, row)) in base.chain(copies).enumerate() {
            let lines: &mut Vec<Value> = &mut files[file];
            let place = usize::try_from(seed.rotate_left(u32::try_from(n).unwrap()) % 97).unwrap();
            lines.insert(place % (lines.len() + 1), row);
        }
        let [a, b, c] = files;
        let (_folder, mixed) =
            read_files(&[("z.jsonl", a), ("p/f1.jsonl", b), ("p/q/f2.jsonl", c)]);
        let seen = |reading: &Reading| -> Vec<_> {
            let events = reading.events.iter();
            events
                .map(|e| {
                    let known_by = (e.at, e.evidence.message.clone(), e.evidence.request.clone());
                    let whose = (e.session.clone(), e.cwd.clone(), e.agent.clone());
                    (known_by, whose, e.model.clone(), e.usage, e.context.clone())
                })
                .collect()
        };
        prop_assert_eq!(seen(&mixed), seen(&plain));
    }
}

// ---------------------------------------------------------------- real sessions, where they are

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
