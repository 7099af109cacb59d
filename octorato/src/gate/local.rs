//! The world as it is on this machine: the gate's edge.

mod vault;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_brain::read_file;
use octorato_core::{ArmId, Arms, Error, ErrorKind, Money, Result, SessionId};
use octorato_finops::attribute::{Pins, Resolver};
use octorato_finops::budget::{OnError, SpendPath};
use octorato_finops::ledger::{Ask, Verdict};

use self::vault::Vault;
use super::compiled::{self, Compiled, Policy, Unreadable};
use super::decide::{Imported, World};
use super::homes;
use super::memory::Memory;
use super::protocol::{Event, HookEvent};
use super::run::Invocation;
use super::wall::{Asker, Disk, Lookups, Protected, Wall};
use crate::assignments::{self, Assignment, Subject};
use crate::config::places::{Places, git_work_tree};

pub(super) use crate::files::private;

/// This machine, for one hook.
pub(super) struct Local {
    places: Places,
    compiled: Compiled,
    protected: Protected,
    launched_for: Option<String>,
    input: Vec<u8>,
    now: Timestamp,
    disk: Lookups,
    vault: Vault,
}

impl Local {
    /// Reads the configuration. `input` is the hook's.
    pub(super) fn open(invocation: &Invocation, input: Vec<u8>) -> Result<Self, Unreadable> {
        let places = invocation.places.clone();
        let (compiled, has_changed) = compiled::open(&places)?;
        let env = |name: &str| std::env::var(name).ok();
        Ok(Self {
            protected: homes::protected(&places, env),
            vault: Vault::new(&places, has_changed),
            launched_for: invocation.arm.clone(),
            now: Timestamp::now(),
            disk: Lookups::default(),
            places,
            compiled,
            input,
        })
    }

    /// What is answered where nothing can be known of a call.
    pub(super) fn on_error(&self, path: &SpendPath) -> OnError {
        self.compiled.policy.on_error(path)
    }

    /// What the operator must hear.
    pub(super) fn warning(&mut self) -> Option<String> {
        let Policy::Broken { place, .. } = &self.compiled.policy else { return None };
        let place = place.clone();
        let rest = if self.vault.has_last_good(&self.compiled) {
            "the last good budgets stay in force"
        } else {
            "no earlier budgets are known"
        };
        Some(format!("{place}; {rest}"))
    }

    /// Keeps what is known of the session.
    pub(super) fn remember(file: &Path, memory: &Memory) {
        if let Ok(text) = serde_json::to_string(memory) {
            write_privately(file, &text);
        }
    }
}

impl World for Local {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn arms(&self) -> &Arms {
        &self.compiled.arms
    }

    fn disk(&self) -> &dyn Disk {
        &self.disk
    }

    fn protected(&self) -> &Protected {
        &self.protected
    }

    fn home(&self) -> Option<&str> {
        self.places.home_text()
    }

    fn pin(&mut self, event: &HookEvent) -> Result<Option<ArmId>> {
        let file = assignments::file(&self.places);
        let text = match read_file(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let session = SessionId::from(event.session.as_str());
        // Most sessions have no pin: their name is then nowhere in the file.
        let is_named = memchr::memmem::find(&text, event.session.as_bytes()).is_some();
        if is_named && let Some(arm) = assignments::load(&file)?.sessions.remove(&session) {
            return Ok(Some(arm));
        }
        let launched = self.launched_for.as_deref().filter(|_| event.event == Event::SessionStart);
        let Some(launched) = launched else { return Ok(None) };
        let arm = ArmId::new(launched)?;
        if self.compiled.arms.arm(&arm).is_none() {
            let message = "the arm that the session was started for is not declared";
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        let assignment = Assignment {
            subject: Subject::Session(session),
            arm: arm.clone(),
            at: self.now,
            reason: Some("OCTORATO_ARM when the session began".to_owned()),
        };
        assignments::append(&file, &assignment)?;
        Ok(Some(arm))
    }

    fn owner(&mut self, folder: &str) -> Result<(Option<ArmId>, Option<Arc<str>>)> {
        let mut resolver = Resolver::new(&self.compiled.arms, Pins::default(), &self.disk)?;
        let (found, project) = resolver.owner(folder, self.now);
        if found.arm.is_some() {
            return Ok((found.arm, project));
        }
        let wall = Wall::new(
            &self.compiled.arms,
            &Protected::default(),
            Asker::default(),
            self.now,
            &self.disk,
        )?;
        Ok((wall.arm_in_any_case(folder), project))
    }

    fn has_budgets(&self) -> bool {
        self.compiled.policy.has_budgets()
    }

    fn import(&mut self, event: &HookEvent, seen: &mut Option<String>) -> Result<Imported> {
        self.vault.import(&self.compiled, event, seen)
    }

    fn check(&mut self, asks: &[Ask]) -> Result<Vec<Verdict>> {
        self.vault.check(&self.compiled, asks)
    }

    fn refuses_unpriced(&mut self, path: &SpendPath) -> Result<bool> {
        self.vault.refuses_unpriced(&self.compiled, path)
    }

    fn worst_case(&mut self, event: &HookEvent) -> Result<Option<Money>> {
        if event.event != Event::BeforeModel {
            return Ok(None);
        }
        self.vault.worst_case(&self.compiled, event, &self.input, self.now)
    }
}

/// Writes a file that can be made again: whole or not at all, its owner's alone, without waiting for
/// the disk. Where private files must not lie, none is written.
pub(super) fn write_privately(path: &Path, text: &str) {
    use std::io::Write as _;
    if !path.parent().is_some_and(make_private_folder) {
        return;
    }
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = private()
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
}

/// Makes a folder that is its owner's alone, unless private files must not lie there; whether it is
/// there now.
pub(super) fn make_private_folder(folder: &Path) -> bool {
    if folder.is_dir() {
        return true;
    }
    if git_work_tree(folder).is_some() {
        return false;
    }
    let mut maker = std::fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(folder).is_ok()
}
