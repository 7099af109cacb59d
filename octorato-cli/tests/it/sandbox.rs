//! A machine of its own: a home folder, nothing in the environment, the real command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use octorato::finops::price::{Catalog, PriceBook};
use serde_json::Value;
use tempfile::TempDir;

/// The example of a small agency, with three clients and two months of transcripts.
pub(crate) const AGENCY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/agency");

/// A user's machine.
pub(crate) struct Sandbox {
    _folder: TempDir,
    home: PathBuf,
}

impl Sandbox {
    /// A home folder with nothing in it.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let home = folder.path().canonicalize().unwrap().join("dana");
        fs::create_dir(&home).unwrap();
        Self { _folder: folder, home }
    }

    /// The home folder of the example's owner: her `arms.yaml`, her transcripts.
    pub(crate) fn agency() -> Self {
        let sandbox = Self::new();
        sandbox.arms(&fs::read_to_string(format!("{AGENCY}/home/arms.yaml")).unwrap());
        copy(&Path::new(AGENCY).join("claude"), &sandbox.path(".claude"));
        sandbox
    }

    /// A path below the home folder.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.home.join(below)
    }

    /// Writes a file below the home folder.
    pub(crate) fn write(&self, below: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes `arms.yaml` where it is looked for.
    pub(crate) fn arms(&self, text: &str) {
        self.write(".config/octorato/arms.yaml", text);
    }

    /// Writes a transcript among Claude Code's own.
    pub(crate) fn transcript(&self, name: &str, lines: &[String]) -> PathBuf {
        self.write(&format!(".claude/projects/-w/{name}.jsonl"), lines.join("\n") + "\n")
    }

    /// The command, to be given arguments and run by hand.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_octorato"));
        command.env_clear().env("HOME", &self.home).env("TZ", "UTC").current_dir(&self.home);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }

    /// Runs a command line, whose words are set apart by spaces.
    pub(crate) fn output(&self, line: &str) -> Output {
        self.command().args(line.split_whitespace()).output().unwrap()
    }

    /// What a person sees: the answer, then what was said on stderr, then how it ended if not
    /// well.
    pub(crate) fn run(&self, line: &str) -> String {
        self.seen(&self.output(line))
    }

    /// Like [`Self::run`], for words with spaces.
    pub(crate) fn run_words(&self, words: &[&str]) -> String {
        self.seen(&self.command().args(words).output().unwrap())
    }

    /// What a person sees of an output.
    pub(crate) fn seen(&self, output: &Output) -> String {
        let mut text = String::from_utf8(output.stdout.clone()).unwrap();
        let talk = String::from_utf8(output.stderr.clone()).unwrap();
        if !talk.is_empty() {
            text = text + "[stderr]\n" + &talk;
        }
        if !output.status.success() {
            text = text + "[exit " + &output.status.code().unwrap().to_string() + "]\n";
        }
        self.scrub(&text)
    }

    /// Stdout of a command that must end well.
    pub(crate) fn stdout(&self, line: &str) -> String {
        let output = self.output(line);
        assert!(output.status.success(), "{line}: {}", self.seen(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The document of a command that must end well.
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.stdout(&format!("{line} --json"))).unwrap()
    }

    /// Text without what differs from run to run and from price list to price list.
    pub(crate) fn scrub(&self, text: &str) -> String {
        text.replace(self.home.to_str().unwrap(), "[HOME]")
            .replace(&Catalog::builtin().snapshot().to_string(), "[prices]")
            .replace(&PriceBook::builtin().id().to_string(), "[book]")
    }
}

/// Copies a folder with all that is below it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// All files below a folder, by path.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
