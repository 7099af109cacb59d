//! `cargo xtask mutants`: the tests must notice each of the faults in the folder `mutants`.
//!
//! A mutant is a patch with a head of three lines: `Mutant:` what it does, `Breaks:` the rule that
//! no longer holds, `Found by:` the arguments of the `cargo test` that must fail. The patch is
//! applied to a copy of the workspace; what is not committed yet is in the copy too.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// One deliberate fault.
#[derive(Debug)]
pub(crate) struct Mutant {
    /// The name of its file.
    name: String,
    path: PathBuf,
    breaks: String,
    found_by: Vec<String>,
}

impl Mutant {
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self::parse(&name, path, &text).with_context(|| path.display().to_string())
    }

    fn parse(name: &str, path: &Path, text: &str) -> Result<Self> {
        let head = text.split("\ndiff --git ").next().unwrap_or_default();
        ensure!(head.len() < text.len(), "no `diff --git`: not a patch");
        let value = |key: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
            line.filter(|value| !value.is_empty()).with_context(|| format!("no line `{key}`"))
        };
        value("Mutant:")?;
        let found_by = value("Found by:")?.split_whitespace().map(str::to_owned).collect();
        let breaks = value("Breaks:")?.to_owned();
        Ok(Self { name: name.to_owned(), path: path.to_owned(), breaks, found_by })
    }
}

/// All mutants of the workspace at `root`, by name.
fn all(root: &Path) -> Result<Vec<Mutant>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root.join("mutants"))
        .context("no folder `mutants`")?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    paths.sort();
    paths.iter().map(|path| Mutant::read(path)).collect()
}

/// Runs the mutants whose names contain one of `names`, or all; fails where one of them survives.
pub(crate) fn run(root: &Path, names: &[&str]) -> Result<ExitCode> {
    let mut mutants = all(root)?;
    mutants
        .retain(|mutant| names.is_empty() || names.iter().any(|name| mutant.name.contains(name)));
    ensure!(!mutants.is_empty(), "no such mutant: {names:?}");
    let copy = root.join("target/mutants");
    let files = copied(root, &copy)?;
    // Without a fault the same tests pass: else a failure would prove nothing.
    let commands: BTreeSet<&[String]> = mutants.iter().map(|mutant| &mutant.found_by[..]).collect();
    for arguments in commands {
        eprintln!("without a fault: cargo test {}", arguments.join(" "));
        ensure!(test(root, &copy, arguments, false)?, "fails without a fault: {arguments:?}");
    }
    let mut survivors = Vec::new();
    for mutant in &mutants {
        apply(&copy, &mutant.path, false).with_context(|| mutant.name.clone())?;
        let outcome = noticed(root, &copy, mutant);
        apply(&copy, &mutant.path, true)?;
        if outcome? {
            eprintln!("found: {} ({})", mutant.name, mutant.breaks);
        } else {
            eprintln!("SURVIVED: {} ({})", mutant.name, mutant.breaks);
            survivors.push(mutant.name.as_str());
        }
    }
    eprintln!("{} of {} mutants found", mutants.len() - survivors.len(), mutants.len());
    for file in files {
        fs::remove_file(copy.join(file))?;
    }
    Ok(if survivors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the tests fail with the fault, which must compile.
fn noticed(root: &Path, copy: &Path, mutant: &Mutant) -> Result<bool> {
    let name = &mutant.name;
    ensure!(test(root, copy, &mutant.found_by, true)?, "does not compile: {name}");
    Ok(!test(root, copy, &mutant.found_by, false)?)
}

/// Whether the tests pass, or only build.
fn test(root: &Path, copy: &Path, arguments: &[String], only_build: bool) -> Result<bool> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let (tests, filters) = match arguments.iter().position(|argument| argument == "--") {
        Some(at) => arguments.split_at(at),
        None => (arguments, &[][..]),
    };
    let mut command = Command::new(program);
    command.current_dir(copy).env("CARGO_TARGET_DIR", target(root)).arg("test").args(tests);
    // A fault can make a test wait for ever; and its cases that fail are nobody's to keep.
    command.env("PROPTEST_FAILURE_PERSISTENCE", "off").env("PROPTEST_MAX_SHRINK_ITERS", "0");
    if only_build {
        command.arg("--no-run");
    } else {
        command.args(filters);
    }
    let out = command.stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    if only_build && !out.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&out.stderr));
    }
    Ok(out.status.success())
}

/// The target folder of the workspace: dependencies are built once.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Copies every file that git knows or would know, and leaves alone those that are equal.
fn copied(root: &Path, copy: &Path) -> Result<Vec<PathBuf>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot run `git ls-files`")?;
    ensure!(listed.status.success(), "`git ls-files` failed");
    let mut files = Vec::new();
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), copy.join(name));
        let Ok(content) = fs::read(&from) else { continue }; // removed, and not yet committed
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&to, content).with_context(|| to.display().to_string())?;
        files.push(PathBuf::from(name));
    }
    Ok(files)
}

fn apply(copy: &Path, patch: &Path, reverse: bool) -> Result<()> {
    let mut command = Command::new("git");
    command.args(["apply", "--whitespace=nowarn"]).current_dir(copy);
    // The copy lies in a work tree, of which git must not think here.
    command.env("GIT_CEILING_DIRECTORIES", copy.parent().unwrap_or(copy));
    if reverse {
        command.arg("--reverse");
    }
    let out = command.arg(patch).output().context("cannot run `git apply`")?;
    if !out.status.success() {
        bail!("does not apply: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Mutant: m\nBreaks: r\nFound by: -p x --lib a::\n";

    fn parse(text: &str) -> Result<Mutant> {
        Mutant::parse("m", Path::new("m.patch"), text)
    }

    #[test]
    fn a_mutant_says_what_it_breaks_and_what_finds_it() {
        let mutant = parse(&format!("{HEAD}\ndiff --git a/x b/x\n")).unwrap();
        assert_eq!(mutant.breaks, "r");
        assert_eq!(mutant.found_by, ["-p", "x", "--lib", "a::"]);
        assert!(parse(HEAD).is_err(), "no patch");
        assert!(parse("Mutant: m\nBreaks: r\n\ndiff --git a/x b/x\n").is_err(), "found by nothing");
    }

    #[test]
    fn every_mutant_of_the_workspace_applies() {
        let root = crate::root();
        let mutants = all(&root).unwrap();
        assert!(!mutants.is_empty());
        for mutant in mutants {
            let check = Command::new("git")
                .args(["apply", "--check"])
                .arg(&mutant.path)
                .current_dir(&root)
                .output()
                .unwrap();
            let why = String::from_utf8_lossy(&check.stderr);
            assert!(check.status.success(), "{}: {why}", mutant.name);
        }
    }
}
