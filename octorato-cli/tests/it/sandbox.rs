//! A machine of its own: a home folder, nothing in the environment, the real command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

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

    /// A machine with the arms `web` and `app` of acme and `shop` of globex, these budgets and a
    /// ledger.
    pub(crate) fn office(budgets: &str) -> Self {
        let sandbox = Self::new();
        sandbox.stdout("init -q");
        sandbox.arms(
            "timezone: UTC
arms:
  - { id: web, client: acme, roots: [~/acme/web] }
  - { id: app, client: acme, roots: [~/acme/app] }
  - { id: shop, client: globex, roots: [~/globex] }
",
        );
        sandbox.budgets(budgets);
        sandbox
    }

    /// Writes `budgets.yaml` where it is looked for.
    pub(crate) fn budgets(&self, text: &str) {
        self.write(".config/octorato/budgets.yaml", text);
    }

    /// The answers to operations of the ledger, one a line.
    pub(crate) fn apply(&self, operations: &str) -> Vec<Value> {
        use std::io::Write;
        let mut command = self.command();
        command.args(["ledger", "apply", "-", "-q"]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(operations.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", self.seen(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Books so much as used by an arm now, under a key of its own.
    pub(crate) fn spend(&self, arm: &str, usd: &str, key: &str) {
        let now = jiff::Timestamp::now();
        let line = format!(
            r#"{{"op":"append","source":{{"reader":"test","key":"{key}"}},"at":"{now}","path":{{"arm":"{arm}"}},"usd":"{usd}","size":1}}"#
        );
        assert_eq!(self.apply(&line)[0]["appended"], "booked");
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

/// Text in which every moment is `[time]`.
pub(crate) fn undated(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        let (before, found) = rest.split_at(at);
        shown += before;
        let is_moment = |length: usize, shape: &str| {
            found.get(..length).is_some_and(|text| {
                text.chars()
                    .zip(shape.chars())
                    .all(|(c, s)| if s == '0' { c.is_ascii_digit() } else { c == s })
            })
        };
        let shapes = [
            "0000-00-00 00:00:00 UTC",
            "0000-00-00 00:00 UTC",
            "0000-00-00T00:00:00.000Z",
            "0000-00-00T00:00:00Z",
        ];
        let found_shape = shapes.iter().find(|shape| is_moment(shape.len(), shape));
        shown += if found_shape.is_some() { "[time]" } else { "20" };
        rest = &found[found_shape.map_or(2, |shape| shape.len())..];
    }
    shown + rest
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
