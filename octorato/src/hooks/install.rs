//! `octorato hook install` and `uninstall`.

use std::fs;
use std::io::ErrorKind as IoKind;
use std::path::{Path, PathBuf};

use octorato_core::{Diagnostic, Error, ErrorKind, Result, SourceText, Span};

use super::diff::unified;
use super::document::Document;
use super::merge::{self, Own};
use super::record::{Record, Records, hash};
use super::wanted::wanted;
use super::{Hooks, Scope, toml_text};
use crate::config::codes::hooks as codes;
use crate::files::write_whole;
use crate::gate::protocol::Agent;

/// What was done to a settings file, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose settings they are.
    pub agent: Agent,
    /// The settings file.
    pub file: PathBuf,
    /// What it held; nothing where it was not there.
    pub before: Option<String>,
    /// What it holds after; nothing where it is not there.
    pub after: Option<String>,
    /// Where a copy of what it held lies, if it was changed.
    pub backup: Option<PathBuf>,
}

impl Change {
    /// Whether anything changes.
    pub fn is_any(&self) -> bool {
        self.before != self.after
    }

    /// The change as `diff -u` shows it.
    pub fn diff(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        unified(&self.file.display().to_string(), &text(&self.before), &text(&self.after))
    }
}

impl Hooks {
    /// Puts the hooks into an agent's settings, or says what that would change.
    ///
    /// Only entries that call the gate for this agent are ours; every other byte stays. Hooks that
    /// are there already are corrected where they stand. Settings that the agent could not read,
    /// or that are a link to nothing, are an error and stay as they are.
    pub fn install(&self, agent: Agent, scope: &Scope, dry_run: bool) -> Result<Change> {
        let file = self.file_for_install(agent, scope)?;
        let lock = if dry_run { None } else { Some(self.records.lock(agent, &file)?) };
        let before = read(&file)?;
        let record = self.records.read(agent, &file).unwrap_or_default();
        let origin = Self::origin(agent, &file, before.as_deref(), &record)?;
        let wanted = wanted(agent, &self.binary);
        let name = file.display().to_string();
        let own = Own { commands: &record.commands, made: None };
        let (after, new) = if is_toml(&file) {
            let text = before.as_deref().unwrap_or_default();
            (toml_text::with_hooks(&name, text, &wanted, own.commands)?, Vec::new())
        } else {
            let text = before.clone().unwrap_or_default();
            let document = Document::read(&name, text, agent)?;
            merge::with_hooks(&document, agent, &wanted, &own)?
        };
        let mut change = Change { agent, file, before, after: Some(after), backup: None };
        let Some(lock) = lock else { return Ok(change) };

        let mut made = record.made;
        made.extend(new);
        let mut folders = record.folders;
        if change.is_any() {
            folders.extend(self.write(&mut change)?);
        }
        let record = Record {
            schema: 1,
            agent: agent.name().to_owned(),
            file: change.file.clone(),
            before: origin,
            after: hash(change.after.as_deref().unwrap_or_default()),
            commands: Self::commands(agent, &change)?,
            made,
            folders,
        };
        if self.records.read(agent, &change.file).as_ref() != Some(&record) {
            Records::write(&lock, &record)?;
        }
        Ok(change)
    }

    /// Takes the hooks out of an agent's settings, or says what that would change: one change for
    /// each file that may hold some. A file in which nothing else was changed since is as it was,
    /// byte for byte.
    pub fn uninstall(&self, agent: Agent, scope: &Scope, dry_run: bool) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for file in self.homes.files(agent, scope) {
            let there = fs::symlink_metadata(&file).is_ok();
            if !there && self.records.read(agent, &file).is_none() {
                continue;
            }
            let lock = if dry_run { None } else { Some(self.records.lock(agent, &file)?) };
            let before = read(&file)?;
            let record = self.records.read(agent, &file).unwrap_or_default();
            let after = Self::origin(agent, &file, before.as_deref(), &record)?;
            let mut change = Change { agent, file, before, after, backup: None };
            if lock.is_some() {
                if change.is_any() {
                    self.write(&mut change)?;
                    for folder in &record.folders {
                        // Only an empty one goes.
                        let _ = fs::remove_dir(folder);
                    }
                }
                self.records.forget(agent, &change.file);
            }
            changes.push(change);
        }
        Ok(changes)
    }

    /// What a file would hold without our hooks.
    fn origin(
        agent: Agent,
        file: &Path,
        text: Option<&str>,
        record: &Record,
    ) -> Result<Option<String>> {
        let Some(text) = text else { return Ok(None) };
        if record.schema == 1 && hash(text) == record.after {
            return Ok(record.before.clone());
        }
        let name = file.display().to_string();
        let known = (record.schema == 1).then_some(record);
        if is_toml(file) {
            return toml_text::without_hooks(&name, text, &record.commands).map(Some);
        }
        let own =
            Own { commands: &record.commands, made: known.map(|record| record.made.as_slice()) };
        let document = Document::read(&name, text.to_owned(), agent)?;
        let clean = merge::without_hooks(&document, agent, &own)?;
        let was_there = known.is_some_and(|record| record.before.is_some());
        if clean != text && !was_there && is_bare(&document.with(clean.clone())?, agent, known) {
            return Ok(None);
        }
        Ok(Some(clean))
    }

    /// The file that hooks are put into.
    fn file_for_install(&self, agent: Agent, scope: &Scope) -> Result<PathBuf> {
        let files = self.homes.files(agent, scope);
        let [usual, rest @ ..] = files.as_slice() else {
            return Err(Error::new(ErrorKind::NotFound, "the agent has no settings"));
        };
        if let ([other], false) = (rest, usual.exists())
            && let Some(text) = read(other)?
            && toml_text::has_hooks(&toml_text::read(&other.display().to_string(), &text)?)
        {
            return Ok(other.clone());
        }
        Ok(usual.clone())
    }

    /// Writes a change, after a copy of what was there; the folders that were made for it.
    fn write(&self, change: &mut Change) -> Result<Vec<PathBuf>> {
        let file = &change.file;
        if let Some(before) = &change.before {
            change.backup = Some(self.records.back_up(change.agent, file, before)?);
        }
        let target = file.canonicalize().unwrap_or_else(|_| file.clone());
        if read(file)? != change.before {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("the settings were changed by another program: `{}`", file.display()),
            )
            .hinted("run the command again"));
        }
        let Some(after) = &change.after else {
            fs::remove_file(&target).map_err(|error| Error::io("cannot remove", &target, error))?;
            return Ok(Vec::new());
        };
        let missing = target.ancestors().skip(1).take_while(|folder| !folder.exists());
        let folders: Vec<_> = missing.map(Path::to_path_buf).collect();
        if let Some(folder) = folders.first() {
            crate::files::create_private_folder(folder)?;
        }
        write_whole(&target, after)?;
        Ok(folders)
    }

    /// The command lines of ours that a change leaves in a file.
    fn commands(agent: Agent, change: &Change) -> Result<Vec<String>> {
        let text = change.after.clone().unwrap_or_default();
        let name = change.file.display().to_string();
        let mut commands: Vec<String> = if is_toml(&change.file) {
            let found = toml_text::found(&toml_text::read(&name, &text)?, &[]);
            found.into_iter().map(|found| found.command).collect()
        } else {
            let document = Document::read(&name, text, agent)?;
            let found =
                document.root.iter().flat_map(|root| merge::found(root, agent, &Own::default()));
            found.map(|found| found.command).collect()
        };
        commands.sort();
        commands.dedup();
        Ok(commands)
    }
}

/// Whether nothing is left in a text that its owner could want.
fn is_bare(document: &Document, agent: Agent, record: Option<&Record>) -> bool {
    let Some(root) = &document.root else { return true };
    let own_file = agent == Agent::Copilot;
    let bare = |key: &str| match key {
        "version" | "hooks" => own_file,
        _ => false,
    };
    let empty =
        root.members().iter().all(|member| bare(&member.key) && member.value.members().is_empty());
    empty && (own_file || record.is_some())
}

pub(super) fn is_toml(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "toml")
}

/// The text of a settings file; nothing where there is no file. A link to nothing is an error.
pub(super) fn read(file: &Path) -> Result<Option<String>> {
    let name = file.display().to_string();
    match fs::read(file) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let span = Span::new(at, at + char::REPLACEMENT_CHARACTER.len_utf8());
                Err(super::document::unusable(
                    &name,
                    &text,
                    codes::SYNTAX,
                    span,
                    "not UTF-8".into(),
                ))
            }
        },
        Err(error) if error.kind() == IoKind::NotFound => {
            let Ok(metadata) = fs::symlink_metadata(file) else { return Ok(None) };
            if !metadata.is_symlink() {
                return Ok(None);
            }
            let target = fs::read_link(file).unwrap_or_default();
            let message = format!("a link to what is not there: `{}`", target.display());
            let finding = Diagnostic::error(codes::DANGLING, message)
                .at(&SourceText::new(name.as_str(), ""), Span::new(0, 0));
            Err(Error::new(ErrorKind::Config, format!("settings cannot be used: `{name}`"))
                .with_diagnostics(vec![finding])
                .hinted("remove the link, or make what it leads to"))
        }
        Err(error) => Err(Error::io("cannot read", file, error)),
    }
}
