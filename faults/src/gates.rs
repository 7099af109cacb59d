//! A machine of an agency with the shipped command: gates that book turns of transcripts while they are
//! killed, and what they answer when their ledger is held or damaged.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use octorato_finops::ledger::{Fact, Ledger};

use crate::world;

/// The variable by which `cargo xtask faults` names the command that is tested.
const COMMAND: &str = "OCTORATO_COMMAND";

/// What one turn costs: 1,000 tokens in and 100 out with Sonnet 5.
pub(crate) const TURN: &str = "0.003";

/// A home folder with an arm, the budgets of `world` and a ledger.
pub(crate) struct Office {
    home: PathBuf,
    command: PathBuf,
}

impl Office {
    /// Makes one in `folder`; nothing where no command is named.
    pub(crate) fn make(folder: &Path, cap: &str) -> Result<Option<Self>> {
        let Some(command) = std::env::var_os(COMMAND) else {
            println!("  no gates: {COMMAND} names no command");
            return Ok(None);
        };
        let home = folder.canonicalize()?.join("dana");
        let office = Self { home, command: command.into() };
        let config = office.home.join(".config/octorato");
        std::fs::create_dir_all(&config)?;
        std::fs::create_dir_all(office.home.join("site"))?;
        std::fs::create_dir_all(office.transcripts())?;
        std::fs::write(
            config.join("arms.yaml"),
            "timezone: UTC\narms:\n  - { id: acme-web, client: acme, roots: [~/site] }\n",
        )?;
        let budgets: String = [
            "operator: true",
            "client: acme",
            "arm: acme-web",
            "arm: acme-web, match: { model: 'claude-*' }",
            "arm: acme-web, match: { agent: researcher }",
        ]
        .map(|of| {
            format!("  - {{ {of}, usd_cap: {cap}, period: total, action_on_breach: hard_stop }}\n")
        })
        .concat();
        std::fs::write(config.join("budgets.yaml"), format!("budgets:\n{budgets}"))?;
        let made = office.octorato(&["init", "-q"]).output()?;
        ensure!(made.status.success(), "init: {}", String::from_utf8_lossy(&made.stderr));
        // The first answer adopts the budgets.
        let first = office.ask("first")?;
        ensure!(is_allowed(&first), "the first gate: {first:?}");
        Ok(Some(office))
    }

    /// The folder of the ledger.
    pub(crate) fn store(&self) -> PathBuf {
        self.home.join(".local/share/octorato")
    }

    fn transcripts(&self) -> PathBuf {
        self.home.join(".claude/projects/-w")
    }

    fn octorato(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.command);
        command.env_clear().env("HOME", &self.home).env("TZ", "UTC").current_dir(&self.home);
        command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Appends a turn to the transcript of a session, in one write.
    pub(crate) fn turn(&self, session: &str, number: usize) -> Result<()> {
        let (site, now) = (self.home.join("site"), jiff::Timestamp::now());
        let line = format!(
            r#"{{"type":"assistant","timestamp":"{now}","cwd":"{}","sessionId":"{session}","requestId":"req_{session}_{number}","message":{{"id":"msg_{session}_{number}","model":"claude-sonnet-5","role":"assistant","content":[{{"type":"text","text":"Done."}}],"usage":{{"input_tokens":1000,"output_tokens":100}}}}}}"#,
            site.display()
        );
        let path = self.transcripts().join(format!("{session}.jsonl"));
        let mut file: File = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(file.write_all(format!("{line}\n").as_bytes())?)
    }

    /// A gate that is asked about a harmless tool of a session.
    pub(crate) fn gate(&self, session: &str, deadline_ms: u32) -> Result<Child> {
        let deadline = deadline_ms.to_string();
        let mut command = self.octorato(&["gate", "--agent", "claude", "--deadline-ms", &deadline]);
        let mut child = command.stdin(Stdio::piped()).spawn().context("no gate")?;
        let (site, transcripts) = (self.home.join("site"), self.transcripts());
        let event = format!(
            r#"{{"session_id":"{session}","cwd":"{}","transcript_path":"{}/{session}.jsonl","hook_event_name":"PreToolUse","tool_name":"Read","tool_input":{{"file_path":"notes.md"}},"tool_use_id":"t1","permission_mode":"default"}}"#,
            site.display(),
            transcripts.display()
        );
        // One that has ended already does not read it.
        if let Some(mut input) = child.stdin.take() {
            let _ = input.write_all(event.as_bytes());
        }
        Ok(child)
    }

    /// What a gate answers that nobody disturbs.
    pub(crate) fn ask(&self, session: &str) -> Result<Output> {
        Ok(self.gate(session, 120_000)?.wait_with_output()?)
    }

    /// How many turns of transcripts the ledger has booked, each of them once; what is wrong else.
    pub(crate) fn booked(&self) -> Result<(usize, Vec<String>)> {
        let (mut faults, mut turns) = (Vec::new(), std::collections::BTreeSet::new());
        let mut count = 0;
        for entry in world::open(&self.store())?.entries(0, usize::MAX)? {
            if let Fact::Imported { request, amount, revision, .. } = &entry.fact {
                count += 1;
                let priced = amount.map(|amount| amount.to_string());
                if priced != Some(world::usd(TURN)?.to_string()) || *revision != 1 {
                    faults.push(format!("a turn is booked with {amount:?}, revision {revision}"));
                }
                match request {
                    Some(request) => drop(turns.insert(request.request.to_string())),
                    None => faults.push("a turn without its request".to_owned()),
                }
            }
        }
        if turns.len() != count {
            faults.push(format!("{} turns are booked {count} times", turns.len()));
        }
        Ok((turns.len(), faults))
    }
}

/// Whether an answer allows: 0, and no object that denies.
pub(crate) fn is_allowed(answer: &Output) -> bool {
    answer.status.code() == Some(0) && !String::from_utf8_lossy(&answer.stdout).contains("deny")
}

/// Whether an answer denies by the contract: an object and 0, or 2.
pub(crate) fn is_denied(answer: &Output) -> bool {
    match answer.status.code() {
        Some(0) => String::from_utf8_lossy(&answer.stdout).contains("deny"),
        code => code == Some(2),
    }
}
