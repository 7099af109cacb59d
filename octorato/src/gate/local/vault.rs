//! The ledger, opened when it is needed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Money, Result};
use octorato_finops::attribute::LocalDisk;
use octorato_finops::budget::{SpendPath, Unpriced};
use octorato_finops::ledger::{Ask, Ledger, Options, SqliteLedger, SqliteReader, Verdict};
use octorato_finops::logs::find_session;
use octorato_finops::price::{Request, WorstCase};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::make_private_folder;
use crate::Workspace;
use crate::books::{Books, Origin};
use crate::config::places::{Places, git_work_tree};
use crate::gate::compiled::{self, Compiled, Policy};
use crate::gate::decide::Imported;
use crate::gate::protocol::{Agent, HookEvent};
use crate::gate::wall::Disk;
use crate::sync::sync_session;

/// How long one look at the ledger may wait for other processes.
const PATIENCE: Duration = Duration::from_secs(3);

/// The ledger of one operator, for one hook.
pub(in crate::gate) struct Vault {
    places: Places,
    /// Whether the configuration is another than at the last hook.
    has_changed: bool,
    reader: Option<SqliteReader>,
    writer: Option<Arc<dyn Ledger>>,
    workspace: Option<Workspace>,
}

impl Vault {
    pub(super) fn new(places: &Places, has_changed: bool) -> Self {
        Self { places: places.clone(), has_changed, reader: None, writer: None, workspace: None }
    }

    /// Books what the session's transcripts have gained. Where none has changed since `seen`, not even
    /// the prices are read.
    pub(super) fn import(
        &mut self,
        compiled: &Compiled,
        event: &HookEvent,
        seen: &mut Option<String>,
    ) -> Result<Imported> {
        if !self.ready(compiled)? {
            return Ok(Imported::default());
        }
        // Other agents' transcripts have no readers yet: for them the ledger is what it is.
        let transcript = event.transcript.as_deref().filter(|_| event.agent == Agent::Claude);
        let Some(transcript) = transcript.filter(|path| path.symlink_metadata().is_ok()) else {
            return Ok(Imported::default());
        };
        // As they were before they are read: what they gain meanwhile is new the next time.
        let now = self.state_of(transcript);
        if seen.as_ref() == Some(&now) {
            return Ok(Imported::default());
        }
        let ledger = self.writer()?;
        let report = sync_session(self.workspace(compiled)?, &*ledger, transcript)?;
        *seen = Some(now);
        let Some(last) = report.last else { return Ok(Imported::default()) };
        let model = last.model.to_string();
        Ok(Imported {
            unpriced: last.is_unpriced.then(|| model.clone()),
            model: Some(model),
            arm: last.arm,
        })
    }

    /// The state of all that an import depends on: the session's files, the prices, the ledger.
    fn state_of(&self, transcript: &Path) -> String {
        let mut hasher = blake3::Hasher::new();
        let (files, _) = find_session(transcript);
        for file in &files {
            hasher.update(file.path().as_os_str().as_encoded_bytes());
            hasher.update(format!("\n{:?} {:?}\n", file.size(), file.modified()).as_bytes());
        }
        let disk = &LocalDisk as &dyn Disk;
        for path in [self.places.prices(), self.places.ledger()] {
            let file = path.metadata().ok();
            let identity = path.to_str().and_then(|path| disk.identity(path));
            // The ledger changes all the time; that it is another one counts.
            let modified = file.filter(|_| path != self.places.ledger()).map(|f| f.modified().ok());
            let number = identity.map(|found| (found.device, found.number));
            hasher.update(format!("{number:?} {modified:?}\n").as_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// How it stands with calls.
    pub(super) fn check(&mut self, compiled: &Compiled, asks: &[Ask]) -> Result<Vec<Verdict>> {
        match self.reader(compiled)? {
            Some(ledger) => ledger.check(asks),
            None => Ok(Vec::new()),
        }
    }

    /// Whether a call of a model without a price is refused.
    pub(super) fn refuses_unpriced(
        &mut self,
        compiled: &Compiled,
        path: &SpendPath,
    ) -> Result<bool> {
        let Some(ledger) = self.reader(compiled)? else { return Ok(false) };
        let in_force = ledger.in_force()?;
        let is_enforced = in_force.judging(path).iter().any(|judge| judge.budget.enforces());
        Ok(is_enforced && in_force.unpriced() == Unpriced::Refuse)
    }

    /// The most that the request of a hook can cost, as far as the hook shows it: the agent's own
    /// instructions and tools are not in it.
    pub(super) fn worst_case(
        &mut self,
        compiled: &Compiled,
        event: &HookEvent,
        input: &[u8],
        now: Timestamp,
    ) -> Result<Option<Money>> {
        let Some(model) = event.model.as_deref().filter(|model| !model.is_empty()) else {
            return Ok(None);
        };
        let Ok(Hook { llm_request: Some(request) }) = serde_json::from_slice(input) else {
            return Ok(None);
        };
        let limits: Limits = serde_json::from_str(request.get()).unwrap_or_default();
        let bytes = u64::try_from(request.get().len()).unwrap_or(u64::MAX);
        let seen = Request {
            max_output: limits.config.max_output_tokens,
            overhead_tokens: Request::OVERHEAD_TOKENS + Request::TOOLS_OVERHEAD_TOKENS,
            ..Request::text(bytes)
        };
        let price = self.workspace(compiled)?.prices().find(Some("google"), model)?;
        match price.worst_case(now, &seen)? {
            WorstCase::Bounded(bound) => Ok(Some(bound.amount())),
            // What has no bound is judged as what is not seen.
            WorstCase::Unbounded(_) => Ok(None),
        }
    }

    /// Whether budgets are known although their file cannot be used.
    pub(super) fn has_last_good(&mut self, compiled: &Compiled) -> bool {
        let known = self.reader(compiled).and_then(|ledger| match ledger {
            Some(ledger) => ledger.in_force().map(|in_force| !in_force.judges().is_empty()),
            None => Ok(false),
        });
        known.unwrap_or(false)
    }

    /// The arms with the prices, which are read only where something is to be priced.
    fn workspace(&mut self, compiled: &Compiled) -> Result<&Workspace> {
        let opened = match self.workspace.take() {
            Some(workspace) => workspace,
            None => Workspace::for_booking(self.places.clone(), compiled.arms.clone())?,
        };
        Ok(self.workspace.insert(opened))
    }

    /// Makes certain that the budgets of now are in force; whether there is a ledger. One is made
    /// where there are budgets.
    fn ready(&mut self, compiled: &Compiled) -> Result<bool> {
        if self.reader.is_some() {
            return Ok(true);
        }
        let path = self.places.ledger();
        let is_there = path.symlink_metadata().is_ok();
        if !is_there && !compiled.policy.has_budgets() {
            self.keep(compiled);
            return Ok(false);
        }
        let reader = is_there.then(|| SqliteReader::open(&path, options())).transpose();
        // What an older octorato wrote is brought up by whoever writes.
        let reader = match reader {
            Err(error) if error.kind() == ErrorKind::Unavailable => None,
            reader => reader?,
        };
        let is_other = match (&reader, &compiled.policy) {
            (None, _) => true,
            (Some(reader), policy) => {
                let in_force = reader.in_force()?;
                match policy {
                    Policy::Fine(fine) => in_force.policy().full() != fine.id,
                    Policy::NoFile => !in_force.judges().is_empty(),
                    Policy::Broken { .. } => in_force.judges().is_empty(),
                }
            }
        };
        if is_other || self.has_changed {
            let ledger = self.writer()?;
            let books = Books::over(ledger, self.workspace(compiled)?)?;
            if let Origin::Unknown(..) = books.regime().origin() {
                return Err(Error::new(
                    ErrorKind::Config,
                    "no budget can be read, and none ever was",
                ));
            }
        }
        self.keep(compiled);
        self.reader = Some(match reader {
            Some(reader) => reader,
            None => SqliteReader::open(&path, options())?,
        });
        Ok(true)
    }

    /// The ledger for looking.
    fn reader(&mut self, compiled: &Compiled) -> Result<Option<&SqliteReader>> {
        self.ready(compiled)?;
        Ok(self.reader.as_ref())
    }

    /// The ledger for booking, made where it is missing.
    fn writer(&mut self) -> Result<Arc<dyn Ledger>> {
        if let Some(ledger) = &self.writer {
            return Ok(ledger.clone());
        }
        let is_new = self.places.ledger().symlink_metadata().is_err();
        let may_lie = !is_new || git_work_tree(&self.places.state).is_none();
        if !may_lie || !make_private_folder(&self.places.state) {
            return Err(Error::new(ErrorKind::Refused, "the ledger cannot be made there")
                .hinted("OCTORATO_STATE names another folder; none in a git work tree"));
        }
        let ledger = SqliteLedger::open_or_create(&self.places.ledger(), options())?;
        Ok(self.writer.insert(Arc::new(ledger)).clone())
    }

    /// Keeps the compiled form once it is in force.
    fn keep(&mut self, compiled: &Compiled) {
        if std::mem::take(&mut self.has_changed) {
            compiled::keep(&self.places, compiled);
        }
    }
}

/// A hook waits for other processes, but not for ever.
fn options() -> Options {
    Options { deadline: PATIENCE, ..Options::default() }
}

#[derive(Deserialize)]
struct Hook<'a> {
    #[serde(borrow)]
    llm_request: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Limits {
    #[serde(default)]
    config: Config,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default, rename = "maxOutputTokens")]
    max_output_tokens: Option<u64>,
}
