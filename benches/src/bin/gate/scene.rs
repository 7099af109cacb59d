//! A home with an arm, budgets, a ledger and the transcripts of one session and of others.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use jiff::{SignedDuration, Timestamp};
use octorato::core::{ArmId, ClientId, Currency, ModelId, Money, SessionId};
use octorato::finops::budget::SpendPath;
use octorato::finops::ledger::{
    Append, Batch, Ledger, Operation, Options, SourceKey, SqliteLedger,
};

const BUDGETS: &str = "
budgets:
  - { arm: acme, monthly_usd_cap: 1000000, action_on_breach: hard_stop }
  - { arm: acme, name: research, match: { agent: researcher }, period: daily, usd_cap: 1000,
      action_on_breach: hard_stop }
  - { client: acme, monthly_usd_cap: 2000000, action_on_breach: hard_stop }
";

/// So many arms are declared.
const ARMS: usize = 20;
/// So many imports are committed at once.
const BATCH: u64 = 4_096;
/// So many imports are of one session.
const SESSION: u64 = 500;
/// About as long as a line of a transcript with one answer is.
const LINE: usize = 4_096;

/// One home.
pub(crate) struct Scene {
    pub(crate) home: PathBuf,
    /// How many lines its transcript has: each is another request.
    lines: std::cell::Cell<u64>,
}

impl Scene {
    /// Makes one with a ledger of `events` imports of the last year, and a session that is not
    /// booked yet.
    pub(crate) fn new(home: &Path, events: u64) -> Result<Self> {
        let scene = Self { home: home.to_owned(), lines: 0.into() };
        if scene.ledger().is_file() {
            let text = fs::read_to_string(scene.transcript())?;
            scene.lines.set(u64::try_from(text.lines().count())?);
            return Ok(scene);
        }
        let (config, work) = (home.join(".config/octorato"), home.join("clients/arm-0/web"));
        for folder in [&config, &scene.state(), &scene.notes(), &work] {
            fs::create_dir_all(folder)?;
        }
        let mut arms =
            "arms:\n  - { id: acme, client: acme, roots: [~/clients/arm-0] }\n".to_owned();
        for arm in 1..ARMS {
            let _ = writeln!(
                arms,
                "  - {{ id: arm-{arm}, client: c-{arm}, roots: [~/clients/arm-{arm}] }}"
            );
        }
        fs::write(config.join("arms.yaml"), arms)?;
        fs::write(config.join("budgets.yaml"), BUDGETS)?;
        fs::write(work.join("notes.md"), "notes")?;
        let hook = serde_json::json!({
            "session_id": "session-1", "cwd": work, "hook_event_name": "PreToolUse",
            "transcript_path": scene.transcript(), "tool_name": "Read",
            "tool_input": {"file_path": "notes.md"}, "tool_use_id": "t1",
            "permission_mode": "default",
        });
        fs::write(home.join("hook.json"), hook.to_string())?;
        scene.gain(64 << 10)?;
        scene.fill(events)?;
        Ok(scene)
    }

    fn state(&self) -> PathBuf {
        self.home.join(".local/share/octorato")
    }

    fn notes(&self) -> PathBuf {
        self.home.join(".claude/projects/-work")
    }

    fn transcript(&self) -> PathBuf {
        self.notes().join("session-1.jsonl")
    }

    fn ledger(&self) -> PathBuf {
        self.state().join("ledger.db")
    }

    pub(crate) fn ledger_bytes(&self) -> Result<u64> {
        Ok(self.ledger().metadata()?.len())
    }

    /// Adds about so many bytes to the transcript of the session.
    pub(crate) fn gain(&self, bytes: usize) -> Result<()> {
        let cwd = self.home.join("clients/arm-0/web");
        let mut text = String::new();
        while text.len() < bytes {
            let number = self.lines.get();
            self.lines.set(number + 1);
            let line = serde_json::json!({
                "type": "assistant", "timestamp": Timestamp::now(), "cwd": cwd,
                "sessionId": "session-1", "requestId": format!("req_{number}"),
                "message": {
                    "id": format!("msg_{number}"), "model": "claude-sonnet-4-5", "role": "assistant",
                    "content": [{"type": "text", "text": "word ".repeat(LINE / 5)}],
                    "usage": {"input_tokens": 10, "output_tokens": 100,
                              "cache_read_input_tokens": 20_000 + number},
                },
            });
            text += &line.to_string();
            text.push('\n');
        }
        let mut file = File::options().create(true).append(true).open(self.transcript())?;
        Ok(file.write_all(text.as_bytes())?)
    }

    /// Books imports that lie in the last year.
    fn fill(&self, events: u64) -> Result<()> {
        let options = Options { checkpoint_on_close: true, ..Options::default() };
        let ledger = SqliteLedger::create(&self.ledger(), options)?;
        book(&ledger, 0, events)?;
        ledger.sync()?;
        Ok(())
    }

    /// Books a little in small commits, and leaves the log as a writer does that is killed.
    pub(crate) fn leave_log(&self) -> Result<()> {
        let ledger = SqliteLedger::open(&self.ledger(), Options::default())?;
        let mut number = 1_000_000_000;
        while self.log_pages() < 256 {
            book(&ledger, number, number + 1)?;
            number += 1;
        }
        Ok(())
    }

    /// How many pages the log beside the ledger has.
    pub(crate) fn log_pages(&self) -> u64 {
        let log = self.state().join("ledger.db-wal");
        log.metadata().map_or(0, |log| log.len()) / 4_120
    }

    /// Adds the transcripts of others: as much as is said, most of it never written.
    pub(crate) fn add_others(&self, megabytes: u64) -> Result<()> {
        for number in 0..megabytes {
            let folder = self.home.join(format!(".claude/projects/-work-{}", number % 40));
            fs::create_dir_all(&folder)?;
            let mut file = File::create(folder.join(format!("other-{number}.jsonl")))?;
            file.write_all(b"{\"type\":\"user\"}\n")?;
            file.set_len(1 << 20)?;
        }
        Ok(())
    }
}

fn book(ledger: &SqliteLedger, from: u64, to: u64) -> Result<()> {
    let mut number = from;
    while number < to {
        let end = to.min(number + BATCH);
        let operations = (number..end).map(import).collect::<Result<Vec<_>>>()?;
        let batch = Batch { operations: &operations, notes: &[], is_derivable: true };
        for answer in ledger.commit_batch(&batch)? {
            if let Err(error) = answer {
                bail!("import {number} is refused: {error}");
            }
        }
        number = end;
    }
    Ok(())
}

fn import(number: u64) -> Result<Operation> {
    let session = number / SESSION;
    let arm = usize::try_from(session)? % ARMS;
    let (client, arm) = match arm {
        0 => ("acme".to_owned(), "acme".to_owned()),
        _ => (format!("c-{arm}"), format!("arm-{arm}")),
    };
    // Sessions lie over the year; the calls of one follow each other.
    let minutes = session.wrapping_mul(7_919) % (365 * 24 * 60) + number % SESSION / 20;
    let at = Timestamp::now() - SignedDuration::from_mins(i64::try_from(minutes)?);
    let path = SpendPath {
        session: Some(SessionId::from(format!("other-{session}").as_str())),
        model: Some(ModelId::from("claude-sonnet-4-5")),
        ..SpendPath::of_arm(ClientId::new(&client)?, ArmId::new(&arm)?)
    };
    Ok(Operation::Append(Append {
        source: SourceKey { reader: "claude-code".into(), key: format!("m{number}").into() },
        at,
        path: Arc::new(path),
        amount: Some(Money::from_pico(i128::from(number % 1_000) * 1_000_000, Currency::USD)),
        size: u128::from(number % 1_000 + 1),
        request: None,
        metered: None,
        origin: None,
    }))
}
