//! One refusal in every agent's own words, and nothing else on stdout.

use insta::assert_snapshot;
use serde_json::json;

use super::{ask, machine};

#[test]
fn a_refusal_is_exactly_one_object_of_the_agent_at_hand() {
    let sandbox = machine();
    let cwd = sandbox.path("clients/acme");
    let secret = sandbox.path("clients/globex/notes.md");
    let claude = json!({"session_id": "s", "cwd": cwd, "hook_event_name": "PreToolUse",
        "tool_name": "Read", "tool_input": {"file_path": secret}});
    assert_snapshot!(ask(&sandbox, "gate --agent claude", &claude).out, @r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"this reaches files outside of what this session may use; stay within its own folders"}}"#);
    assert_snapshot!(ask(&sandbox, "gate --agent codex", &claude).out, @r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"this reaches files outside of what this session may use; stay within its own folders"}}"#);
    let gemini = json!({"session_id": "s", "cwd": cwd, "hook_event_name": "BeforeTool",
        "tool_name": "read_file", "tool_input": {"file_path": secret}});
    assert_snapshot!(ask(&sandbox, "gate --agent gemini", &gemini).out, @r#"{"decision":"deny","reason":"this reaches files outside of what this session may use; stay within its own folders"}"#);
    let copilot = json!({"sessionId": "s", "cwd": cwd, "timestamp": 1, "toolName": "view",
        "toolArgs": {"path": secret}});
    assert_snapshot!(ask(&sandbox, "gate --agent copilot --event preToolUse", &copilot).out, @r#"{"permissionDecision":"deny","permissionDecisionReason":"this reaches files outside of what this session may use; stay within its own folders"}"#);
    let cursor = json!({"conversation_id": "s", "hook_event_name": "beforeReadFile",
        "workspace_roots": [cwd], "file_path": secret});
    assert_snapshot!(ask(&sandbox, "gate --agent cursor", &cursor).out, @r#"{"permission":"deny","user_message":"this reaches files outside of what this session may use; stay within its own folders"}"#);
}

#[test]
fn what_goes_on_is_told_nothing_in_any_language() {
    let sandbox = machine();
    let cwd = sandbox.path("clients/acme");
    for (line, input) in [
        ("gate --agent claude", json!({"hook_event_name": "UserPromptSubmit", "prompt": "hi"})),
        ("gate --agent claude", json!({"hook_event_name": "SessionStart", "source": "startup"})),
        ("gate --agent claude", json!({"hook_event_name": "Stop", "stop_hook_active": false})),
        ("gate --agent claude", json!({"hook_event_name": "SomethingNew"})),
        ("gate --agent codex", json!({"hook_event_name": "UserPromptSubmit", "prompt": "hi"})),
        (
            "gate --agent gemini",
            json!({"hook_event_name": "BeforeModel",
            "llm_request": {"model": "gemini-2.5-pro", "messages": []}}),
        ),
        ("gate --agent gemini", json!({"hook_event_name": "BeforeAgent", "prompt": "hi"})),
        ("gate --agent copilot --event userPromptSubmitted", json!({"prompt": "hi"})),
        ("gate --agent cursor", json!({"hook_event_name": "beforeSubmitPrompt", "prompt": "hi"})),
    ] {
        let mut input = input;
        for key in ["session_id", "sessionId", "conversation_id"] {
            input[key] = "s".into();
        }
        input["cwd"] = cwd.to_str().into();
        ask(&sandbox, line, &input).allows();
    }
}
