//! The counting rules, one by one.

use std::fs;

use octorato_core::{Precision, Unit, UsageEvent};
use octorato_finops::logs::{FindingKind, Reading};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{read, read_files, read_rows, row, total, with};

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
