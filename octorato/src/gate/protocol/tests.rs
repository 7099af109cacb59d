//! What each agent sends, and every answer in its dialect.

use octorato_core::ErrorKind;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

mod dialects;

/// The names of the events of an agent that is of some interest, in the order of a session.
fn names(agent: Agent) -> &'static [&'static str] {
    const CLAUDE: &[&str] = &[
        "SessionStart",
        "UserPromptSubmit",
        "PreToolUse",
        "PostToolUse",
        "PostToolBatch",
        "SubagentStart",
        "SubagentStop",
        "Stop",
        "SessionEnd",
        "PreCompact",
        "TeammateIdle",
    ];
    match agent {
        Agent::Claude => CLAUDE,
        Agent::Codex => &CLAUDE[..10],
        Agent::Gemini => &[
            "SessionStart",
            "BeforeAgent",
            "BeforeModel",
            "AfterModel",
            "BeforeTool",
            "AfterTool",
            "AfterAgent",
            "SessionEnd",
        ],
        Agent::Copilot => &[
            "sessionStart",
            "userPromptSubmitted",
            "preToolUse",
            "PreToolUse",
            "postToolUse",
            "subagentStop",
            "agentStop",
            "sessionEnd",
            "errorOccurred",
        ],
        Agent::Cursor => &[
            "sessionStart",
            "beforeSubmitPrompt",
            "preToolUse",
            "beforeShellExecution",
            "beforeMCPExecution",
            "beforeReadFile",
            "postToolUse",
            "subagentStart",
            "subagentStop",
            "stop",
            "sessionEnd",
            "preCompact",
        ],
    }
}

/// What an agent sends at an event, as it was seen in the real programs.
fn sent(agent: Agent, name: &str) -> Value {
    let tool = json!({"command": "ls", "file_path": "/w/acme/a"});
    match agent {
        Agent::Copilot if name.starts_with(char::is_lowercase) => json!({
            "sessionId": "s-1", "timestamp": 1_795_000_000_000_i64, "cwd": "/w/acme",
            "toolName": "bash", "toolArgs": tool.to_string(), "prompt": "do it",
        }),
        Agent::Cursor => json!({
            "conversation_id": "s-1", "generation_id": "g", "hook_event_name": name,
            "model": "m-1", "cursor_version": "2.0", "workspace_roots": ["/w/acme", "/w/other"],
            "user_email": null, "transcript_path": "/t/s-1.jsonl", "tool_name": "Shell",
            "tool_input": tool, "prompt": "do it", "command": "ls", "file_path": "/w/acme/a",
        }),
        _ => json!({
            "session_id": "s-1", "transcript_path": "/t/s-1.jsonl", "cwd": "/w/acme",
            "hook_event_name": name, "prompt_id": "p", "permission_mode": "default",
            "timestamp": "2026-11-23T10:00:00Z", "turn_id": "t", "tool_name": "Bash",
            "tool_input": tool, "tool_use_id": "toolu_1", "prompt": "do it",
            "tool_response": {"stdout": "x"}, "tool_calls": [{"tool_name": "Bash"}],
            "model": "m-1", "llm_request": {"model": "m-2", "messages": [], "config": {}},
            "agent_id": "a-1", "agent_type": "Explore", "stop_hook_active": false,
        }),
    }
}

fn parsed(agent: Agent, name: &str) -> HookEvent {
    parse(agent, Some(name), sent(agent, name).to_string().as_bytes()).unwrap()
}

fn cells() -> impl Iterator<Item = (Agent, &'static str)> {
    Agent::ALL.into_iter().flat_map(|agent| names(agent).iter().map(move |name| (agent, *name)))
}

#[test]
fn what_every_agent_sends_is_read() {
    for (agent, name) in cells() {
        let event = parsed(agent, name);
        assert_eq!(
            (event.agent, event.name.as_str(), event.session.as_str()),
            (agent, name, "s-1")
        );
        assert_eq!(event.cwd.as_deref(), Some("/w/acme".as_ref()));
        if event.event == Event::Prompt {
            assert_eq!(event.prompt.as_deref(), Some("do it"));
        }
        if event.event == Event::BeforeTool {
            let tool = event.tool.unwrap();
            let input = tool.input.to_string();
            assert!(input.contains("ls") || input.contains("/w/acme/a"), "{agent} {name} {input}");
        }
        if agent == Agent::Gemini {
            assert_eq!(event.model.as_deref(), Some("m-2"));
        }
    }
    let event = parsed(Agent::Claude, "PreToolUse");
    assert_eq!(event.transcript.as_deref(), Some("/t/s-1.jsonl".as_ref()));
    assert_eq!(
        (event.agent_id.as_deref(), event.agent_type.as_deref()),
        (Some("a-1"), Some("Explore"))
    );
    assert_eq!(event.tool.unwrap().id.as_deref(), Some("toolu_1"));
    assert_eq!(parsed(Agent::Cursor, "stop").roots.len(), 2);
}

/// The text of `PreToolUse` with one field changed, or taken out where it is `None`.
fn with(agent: Agent, name: &str, field: &str, value: Option<Value>) -> Result<HookEvent, String> {
    let mut input = sent(agent, name);
    let fields = input.as_object_mut().unwrap();
    match value {
        Some(value) => fields.insert(field.to_owned(), value),
        None => fields.remove(field),
    };
    parse(agent, None, input.to_string().as_bytes()).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        error.to_string()
    })
}

#[test]
fn what_is_needed_and_missing_or_of_another_type_is_an_error() {
    let claude = |name, field, value| with(Agent::Claude, name, field, value);
    for (name, field) in [
        ("PreToolUse", "session_id"),
        ("PreToolUse", "cwd"),
        ("PreToolUse", "hook_event_name"),
        ("PreToolUse", "tool_name"),
        ("PreToolUse", "tool_input"),
        ("UserPromptSubmit", "prompt"),
    ] {
        let error = claude(name, field, None).unwrap_err();
        assert!(error.starts_with(&format!("the hook's input has no `{field}`")), "{error}");
        for wrong in [json!(null), json!(7), json!(["x"]), json!({"x": 1}), json!("")] {
            // Arguments may be of any type; the name of an unknown event is one.
            let free = field == "tool_input" && !wrong.is_null();
            let unknown = field == "hook_event_name" && wrong == json!("");
            let empty = field == "prompt" && wrong == json!("");
            assert_eq!(
                claude(name, field, Some(wrong)).is_ok(),
                free || unknown || empty,
                "{field}"
            );
        }
    }
    // What is not needed may be anything.
    for field in ["model", "agent_id", "agent_type", "tool_use_id", "command", "new_field"] {
        for value in [None, Some(json!(null)), Some(json!(7)), Some(json!({"id": [1]}))] {
            claude("PreToolUse", field, value).unwrap();
        }
    }
    for value in [None, Some(json!(null)), Some(json!(""))] {
        assert_eq!(claude("Stop", "transcript_path", value).unwrap().transcript, None);
    }
    claude("Stop", "transcript_path", Some(json!(7))).unwrap_err();
    assert_eq!(with(Agent::Cursor, "stop", "workspace_roots", None).unwrap().cwd, None);
    claude("PostToolUse", "tool_input", None).unwrap();
}

#[test]
fn an_event_that_is_not_the_one_of_the_command_line_is_an_error() {
    let input = sent(Agent::Claude, "Stop").to_string();
    let parse = |name| parse(Agent::Claude, name, input.as_bytes());
    assert_eq!(parse(None).unwrap().event, Event::Stop);
    assert_eq!(parse(Some("Stop")).unwrap().event, Event::Stop);
    let error = parse(Some("PreToolUse")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    // An agent that does not send the name needs it on the command line.
    let input = sent(Agent::Copilot, "preToolUse").to_string();
    let error = super::parse(Agent::Copilot, None, input.as_bytes()).unwrap_err();
    assert!(error.hint().unwrap().contains("--event"));
}

#[test]
fn what_is_no_json_object_is_an_error_that_quotes_nothing_of_it() {
    let deep = [r#"{"session_id":"s","x":"#, &"[".repeat(100_000)].concat();
    let twice = r#"{"session_id":"s","session_id":"secret","cwd":"/"}"#;
    let inputs: [&[u8]; 16] = [
        b"",
        b" \n",
        b"\xef\xbb\xbf",
        b"null",
        b"[]",
        b"7",
        b"\"secret\"",
        b"{",
        b"{\"session_id\": secret}",
        b"{\"session_id\":\"\\ud800secret\"}",
        b"{\"session_id\":\"s\"} secret",
        b"log secret\n{}",
        b"{\"x\":\"\xff secret\"}",
        b"\xff\xfe{\0}\0",
        deep.as_bytes(),
        twice.as_bytes(),
    ];
    for input in inputs {
        for agent in Agent::ALL {
            let error = parse(agent, Some("Stop"), input).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }
    let mut with_bom = "\u{feff}".to_owned();
    with_bom.push_str(&sent(Agent::Claude, "Stop").to_string());
    parse(Agent::Claude, None, with_bom.as_bytes()).unwrap();
}

#[test]
fn input_of_any_length_is_read_to_a_bound() {
    let error = read(&mut std::io::repeat(b' ')).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(read(&mut &b"{}"[..]).unwrap(), b"{}");

    // A long result of a tool is skipped, long arguments are refused.
    let mut input = sent(Agent::Claude, "PostToolUse");
    input["tool_response"] = json!("x".repeat(MAX_TOOL_INPUT + 1));
    parse(Agent::Claude, None, input.to_string().as_bytes()).unwrap();
    input["tool_input"] = input["tool_response"].take();
    let error = parse(Agent::Claude, None, input.to_string().as_bytes()).unwrap_err();
    assert!(error.to_string().starts_with("the tool's arguments are too long"), "{error}");
}

#[test]
fn a_reason_is_one_line_in_bounds() {
    for (text, line) in [
        ("a\r\n b\t c\u{1b}[31m\u{0}", "a b c [31m"),
        ("a\u{202e}b\u{200b}c\u{feff}", "a b c"),
        ("Rate limit exceeded, try again", "cap exceeded, go on"),
        ("HTTP 429: Too Many Requests", "HTTP the cap: cap reached"),
        ("the quota, the rate", "the budget, the price"),
        (
            "to operate octorato at $429 of 429.50 for rates-co",
            "to operate octorato at $429 of 429.50 for prices-co",
        ),
    ] {
        assert_eq!(one_line(text), line);
    }
    assert_eq!(one_line(&"é".repeat(10_000)).chars().count(), MAX_REASON);
}

proptest! {
    #[test]
    fn any_text_makes_a_line_of_visible_characters(text in "(\\PC|[\u{0}-\u{20}\u{2000}-\u{2070}]|rate |limit |429|quota|try again){0,80}") {
        let line = one_line(&text);
        prop_assert!(!line.contains(|c: char| c.is_control()));
        prop_assert!(line.chars().count() <= MAX_REASON);
        prop_assert!(!sounds_like_a_retry(&line), "{line:?}");
        prop_assert_eq!(one_line(&line), line);
    }

    #[test]
    fn no_input_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..400) {
        for agent in Agent::ALL {
            let _ = parse(agent, Some("Stop"), &bytes);
            let text = sent(agent, names(agent)[0]).to_string();
            let mut broken = text.as_bytes()[..cut.min(text.len())].to_vec();
            broken.extend(&bytes);
            let _ = parse(agent, None, &broken);
        }
    }
}
