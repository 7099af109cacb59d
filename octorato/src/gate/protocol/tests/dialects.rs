//! Every answer in every dialect.

use serde_json::Value;

use super::super::*;
use super::{cells, parsed};

fn denied(stop_turn: bool) -> Answer {
    Answer::Deny { reason: "R".to_owned(), stop_turn }
}

fn shown(emission: &Emission) -> String {
    let or = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
    format!("{} | {} | {}", emission.exit, or(&emission.stdout), or(&emission.stderr))
}

fn table(answer: impl Fn(Agent, &str) -> Option<Emission>) -> String {
    let lines: Vec<_> = cells()
        .filter_map(|(agent, name)| {
            let emission = answer(agent, name)?;
            Some(format!("{agent:<7} {name:<20} {}", shown(&emission)))
        })
        .collect();
    lines.join("\n")
}

#[test]
fn each_event_is_known_by_its_moment() {
    let moments: Vec<_> = cells()
        .map(|(agent, name)| format!("{agent:<7} {name:<20} {:?}", parsed(agent, name).event))
        .collect();
    insta::assert_snapshot!(moments.join("\n"), @r#"
    claude  SessionStart         SessionStart
    claude  UserPromptSubmit     Prompt
    claude  PreToolUse           BeforeTool
    claude  PostToolUse          AfterTools
    claude  PostToolBatch        AfterTools
    claude  SubagentStart        SubagentStart
    claude  SubagentStop         SubagentStop
    claude  Stop                 Stop
    claude  SessionEnd           SessionEnd
    claude  PreCompact           Other
    claude  TeammateIdle         Other
    codex   SessionStart         SessionStart
    codex   UserPromptSubmit     Prompt
    codex   PreToolUse           BeforeTool
    codex   PostToolUse          AfterTools
    codex   PostToolBatch        AfterTools
    codex   SubagentStart        SubagentStart
    codex   SubagentStop         SubagentStop
    codex   Stop                 Stop
    codex   SessionEnd           SessionEnd
    codex   PreCompact           Other
    gemini  SessionStart         SessionStart
    gemini  BeforeAgent          Prompt
    gemini  BeforeModel          BeforeModel
    gemini  AfterModel           Other
    gemini  BeforeTool           BeforeTool
    gemini  AfterTool            AfterTools
    gemini  AfterAgent           Stop
    gemini  SessionEnd           SessionEnd
    copilot sessionStart         SessionStart
    copilot userPromptSubmitted  Prompt
    copilot preToolUse           BeforeTool
    copilot PreToolUse           BeforeTool
    copilot postToolUse          AfterTools
    copilot subagentStop         SubagentStop
    copilot agentStop            Stop
    copilot sessionEnd           SessionEnd
    copilot errorOccurred        Other
    cursor  sessionStart         SessionStart
    cursor  beforeSubmitPrompt   Prompt
    cursor  preToolUse           BeforeTool
    cursor  beforeShellExecution BeforeTool
    cursor  beforeMCPExecution   BeforeTool
    cursor  beforeReadFile       BeforeTool
    cursor  postToolUse          AfterTools
    cursor  subagentStart        SubagentStart
    cursor  subagentStop         SubagentStop
    cursor  stop                 Stop
    cursor  sessionEnd           SessionEnd
    cursor  preCompact           Other
    "#);
}

#[test]
fn a_refusal_in_each_dialect() {
    let all = table(|agent, name| Some(render(&denied(false), &parsed(agent, name))));
    insta::assert_snapshot!(all, @r#"
    claude  SessionStart         2 | - | R
    claude  UserPromptSubmit     0 | {"decision":"block","reason":"R"} | R
    claude  PreToolUse           0 | {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"R"}} | R
    claude  PostToolUse          0 | {"continue":false,"stopReason":"R"} | R
    claude  PostToolBatch        0 | {"continue":false,"stopReason":"R"} | R
    claude  SubagentStart        2 | - | R
    claude  SubagentStop         0 | - | R
    claude  Stop                 0 | - | R
    claude  SessionEnd           0 | - | R
    claude  PreCompact           2 | - | R
    claude  TeammateIdle         0 | - | R
    codex   SessionStart         0 | {"continue":false,"stopReason":"R"} | R
    codex   UserPromptSubmit     0 | {"decision":"block","reason":"R"} | R
    codex   PreToolUse           0 | {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"R"}} | R
    codex   PostToolUse          2 | - | R
    codex   PostToolBatch        2 | - | R
    codex   SubagentStart        2 | - | R
    codex   SubagentStop         0 | - | R
    codex   Stop                 0 | - | R
    codex   SessionEnd           0 | - | R
    codex   PreCompact           2 | - | R
    gemini  SessionStart         2 | - | R
    gemini  BeforeAgent          0 | {"decision":"deny","reason":"R"} | R
    gemini  BeforeModel          0 | {"decision":"deny","reason":"R"} | R
    gemini  AfterModel           2 | - | R
    gemini  BeforeTool           0 | {"decision":"deny","reason":"R"} | R
    gemini  AfterTool            0 | {"continue":false,"stopReason":"R"} | R
    gemini  AfterAgent           0 | - | R
    gemini  SessionEnd           0 | - | R
    copilot sessionStart         2 | - | R
    copilot userPromptSubmitted  0 | {"decision":"block","reason":"R"} | R
    copilot preToolUse           0 | {"permissionDecision":"deny","permissionDecisionReason":"R"} | R
    copilot PreToolUse           0 | {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"R"}} | R
    copilot postToolUse          2 | - | R
    copilot subagentStop         0 | - | R
    copilot agentStop            0 | - | R
    copilot sessionEnd           0 | - | R
    copilot errorOccurred        2 | - | R
    cursor  sessionStart         2 | - | R
    cursor  beforeSubmitPrompt   0 | {"continue":false,"user_message":"R"} | R
    cursor  preToolUse           0 | {"agent_message":"R","permission":"deny","user_message":"R"} | R
    cursor  beforeShellExecution 0 | {"agent_message":"R","permission":"deny","user_message":"R"} | R
    cursor  beforeMCPExecution   0 | {"agent_message":"R","permission":"deny","user_message":"R"} | R
    cursor  beforeReadFile       0 | {"permission":"deny","user_message":"R"} | R
    cursor  postToolUse          2 | - | R
    cursor  subagentStart        0 | {"permission":"deny","user_message":"R"} | R
    cursor  subagentStop         0 | - | R
    cursor  stop                 0 | - | R
    cursor  sessionEnd           0 | - | R
    cursor  preCompact           2 | - | R
    "#);
}

#[test]
fn a_refusal_that_ends_the_turn_differs_only_where_that_was_seen_to_work() {
    let differs = |agent: Agent, name: &str| {
        let event = parsed(agent, name);
        let (one, other) = (render(&denied(false), &event), render(&denied(true), &event));
        (one != other).then_some(other)
    };
    insta::assert_snapshot!(table(differs), @r#"claude  PreToolUse           0 | {"continue":false,"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"R"},"stopReason":"R"} | R"#);
}

#[test]
fn a_context_in_each_dialect_that_has_a_channel_for_it() {
    let answer = Answer::Allow { context: Some("12% left".to_owned()), warning: None };
    let some = |agent: Agent, name: &str| {
        let emission = render(&answer, &parsed(agent, name));
        assert_eq!((emission.exit, &emission.stderr), (0, &None));
        emission.stdout.is_some().then_some(emission)
    };
    insta::assert_snapshot!(table(some), @r#"
    claude  SessionStart         0 | {"hookSpecificOutput":{"additionalContext":"12% left","hookEventName":"SessionStart"}} | -
    claude  UserPromptSubmit     0 | {"hookSpecificOutput":{"additionalContext":"12% left","hookEventName":"UserPromptSubmit"}} | -
    claude  PostToolBatch        0 | {"hookSpecificOutput":{"additionalContext":"12% left","hookEventName":"PostToolBatch"}} | -
    claude  SubagentStart        0 | {"hookSpecificOutput":{"additionalContext":"12% left","hookEventName":"SubagentStart"}} | -
    codex   SessionStart         0 | {"hookSpecificOutput":{"additionalContext":"12% left","hookEventName":"SessionStart"}} | -
    codex   UserPromptSubmit     0 | {"hookSpecificOutput":{"additionalContext":"12% left","hookEventName":"UserPromptSubmit"}} | -
    gemini  SessionStart         0 | {"hookSpecificOutput":{"additionalContext":"12% left","hookEventName":"SessionStart"}} | -
    gemini  BeforeAgent          0 | {"hookSpecificOutput":{"additionalContext":"12% left","hookEventName":"BeforeAgent"}} | -
    gemini  AfterTool            0 | {"hookSpecificOutput":{"additionalContext":"12% left","hookEventName":"AfterTool"}} | -
    cursor  sessionStart         0 | {"additional_context":"12% left"} | -
    "#);
}

#[test]
fn a_warning_is_on_stderr_and_where_the_agent_shows_it() {
    let answer = Answer::Allow { context: None, warning: Some("80% is spent".to_owned()) };
    for (agent, name) in cells() {
        let emission = render(&answer, &parsed(agent, name));
        assert_eq!((emission.exit, emission.stderr.as_deref()), (0, Some("80% is spent")));
        let told = matches!(agent, Agent::Claude | Agent::Codex | Agent::Gemini);
        let object = told.then(|| r#"{"systemMessage":"80% is spent"}"#.to_owned());
        assert_eq!(emission.stdout, object, "{agent} {name}");
    }
}

#[test]
fn to_allow_says_nothing_at_all() {
    let empty = Answer::Allow { context: Some(" \n".into()), warning: Some("\u{200b}".into()) };
    for (agent, name) in cells() {
        for answer in [&Answer::SILENT, &empty] {
            assert_eq!(render(answer, &parsed(agent, name)), Emission::default());
            assert_eq!(render_unread(answer, agent, Some(name)), Emission::default());
            assert_eq!(render_unread(answer, agent, None), Emission::default());
        }
    }
}

#[test]
fn a_refusal_is_one_object_or_exit_2_and_never_at_an_end() {
    for (agent, name) in cells() {
        let event = parsed(agent, name);
        for stop_turn in [false, true] {
            let emission = render(&denied(stop_turn), &event);
            assert_eq!(emission.stderr.as_deref(), Some("R"));
            let nothing =
                event.event.is_an_end() || name == "TeammateIdle" && agent == Agent::Claude;
            match (&emission.stdout, emission.exit) {
                (Some(text), 0) => {
                    assert!(serde_json::from_str::<Value>(text).unwrap().is_object());
                    assert!(!nothing && !text.contains('\n'));
                }
                (None, 2) => assert!(!nothing, "{agent} {name} would work on"),
                (None, 0) => assert!(nothing, "{agent} {name} is let through"),
                other => panic!("{agent} {name}: {other:?}"),
            }
            assert_eq!(render_unread(&denied(stop_turn), agent, Some(name)), emission);
        }
        let nameless = render_unread(&denied(true), agent, None);
        assert_eq!(
            (nameless.exit, nameless.stdout, nameless.stderr.as_deref()),
            (2, None, Some("R"))
        );
    }
}

#[test]
fn no_answer_sounds_as_if_trying_again_would_help() {
    let reason = "rate limit exceeded (429): quota used up, try again later, too many requests";
    let deny = Answer::Deny { reason: reason.to_owned(), stop_turn: true };
    for (agent, name) in cells() {
        let emission = render(&deny, &parsed(agent, name));
        for text in [emission.stdout, emission.stderr].into_iter().flatten() {
            let text = text.to_lowercase();
            for word in ["rate", "limit exceeded", "429", "quota", "try again", "too many"] {
                assert!(!text.contains(word), "{agent} {name}: {text}");
            }
        }
    }
}

#[test]
fn every_answer_is_taken_as_it_is_meant() {
    for (agent, name) in cells() {
        let event = parsed(agent, name);
        let taken = |emission: &Emission| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let (out, talk) = (text(&emission.stdout), text(&emission.stderr));
            verdict(agent, name, Some(emission.exit.into()), &out, &talk)
        };
        let tell = Answer::Allow { context: Some("c".into()), warning: Some("w".into()) };
        for answer in [&Answer::SILENT, &tell] {
            assert_eq!(taken(&render(answer, &event)), Verdict::Allowed, "{agent} {name}");
        }
        let spends = matches!(event.event, Event::BeforeModel | Event::Prompt | Event::BeforeTool);
        if spends {
            let mut emission = render(&denied(true), &event);
            assert_eq!(taken(&emission), Verdict::Denied, "{agent} {name}");
            // What made real agents go on.
            let object = emission.stdout.clone().unwrap();
            for broken in [
                format!("{object}{object}"),
                object.replacen('{', "{\"extra\":1,", 1),
                object
                    .replace("deny", "denied")
                    .replace("block", "blocked")
                    .replace("false", "true"),
                "[]".to_owned(),
                "denied".to_owned(),
            ] {
                emission.stdout = Some(broken);
                assert_ne!(taken(&emission), Verdict::Denied, "{agent} {name}");
            }
        }
    }
    assert_eq!(verdict(Agent::Copilot, "userPromptSubmitted", Some(2), "", "no"), Verdict::Unclear);
    assert_eq!(verdict(Agent::Claude, "PreToolUse", None, "", "killed"), Verdict::Unclear);
}
