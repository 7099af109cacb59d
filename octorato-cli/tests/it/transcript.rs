//! What Claude Code writes, as little of it as counts.

use serde_json::{Value, json};

/// A request's record.
#[derive(Clone, Debug)]
pub(crate) struct Turn(Value);

impl Turn {
    /// 1,000 tokens in and 100 out, which cost `$0.003` with Sonnet 5.
    pub(crate) fn new(id: &str, at: &str, cwd: &str) -> Self {
        Self(json!({
            "type": "assistant", "timestamp": at, "cwd": cwd, "sessionId": "session-1",
            "requestId": format!("req_{id}"),
            "message": {
                "id": format!("msg_{id}"), "model": "claude-sonnet-5", "role": "assistant",
                "content": [{"type": "text", "text": "Done."}],
                "usage": {"input_tokens": 1000, "output_tokens": 100},
            },
        }))
    }

    pub(crate) fn session(self, session: &str) -> Self {
        self.with("sessionId", session)
    }

    pub(crate) fn model(mut self, model: &str) -> Self {
        self.0["message"]["model"] = model.into();
        self
    }

    pub(crate) fn usage(mut self, usage: Value) -> Self {
        self.0["message"]["usage"] = usage;
        self
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0[key] = value.into();
        self
    }

    /// The record as a parent's progress row shows it.
    pub(crate) fn as_progress(&self, agent: &str) -> String {
        let message = json!({
            "type": "assistant", "timestamp": self.0["timestamp"],
            "requestId": self.0["requestId"], "message": self.0["message"],
        });
        json!({
            "type": "progress", "timestamp": self.0["timestamp"], "cwd": self.0["cwd"],
            "sessionId": self.0["sessionId"],
            "data": {"type": "agent_progress", "agentId": agent, "message": message},
        })
        .to_string()
    }

    pub(crate) fn line(&self) -> String {
        self.0.to_string()
    }
}
