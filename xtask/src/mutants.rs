//! `cargo xtask mutants`: the tests must notice each of the faults in the folder `mutants`.
//!
//! A mutant is a patch with a head of lines: `Mutant:` what it does, `Breaks:` the rule that no
//! longer holds, `Found by:` the arguments of the `cargo test` that must fail, and, where it stands
//! for an invariant of the ledger in every run, `Invariant:` and its number. The patch is applied to
//! a copy of the workspace, which stays in the target folder, so that a run builds only what a
//! mutant changes; what is not committed yet is in the copy too.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// What a test may take. A fault can make one wait for ever; then it has noticed it.
const PATIENCE: Duration = Duration::from_mins(3);

/// One deliberate fault.
#[derive(Debug)]
pub(crate) struct Mutant {
    /// The name of its file.
    name: String,
    path: PathBuf,
    breaks: String,
    found_by: Vec<String>,
    /// The invariant for which it stands, `I1` to `I15`.
    invariant: Option<String>,
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
        let known = |key: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
            line.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let value = |key: &str| known(key).with_context(|| format!("no line `{key}`"));
        value("Mutant:")?;
        let found_by = value("Found by:")?.split_whitespace().map(str::to_owned).collect();
        let (breaks, invariant) = (value("Breaks:")?, known("Invariant:"));
        Ok(Self { name: name.to_owned(), path: path.to_owned(), breaks, found_by, invariant })
    }
}

/// All mutants of the workspace at `root`: those of one test together, so that little is built.
fn all(root: &Path) -> Result<Vec<Mutant>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root.join("mutants"))
        .context("no folder `mutants`")?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    paths.sort();
    let mut mutants: Vec<Mutant> =
        paths.iter().map(|path| Mutant::read(path)).collect::<Result<_>>()?;
    mutants.sort_by(|a, b| (&a.found_by, &a.name).cmp(&(&b.found_by, &b.name)));
    Ok(mutants)
}

/// Runs the mutants that stand for an invariant; or those whose names contain one of `words`; or,
/// with `--all`, every one. Fails where one of them survives.
pub(crate) fn run(root: &Path, words: &[&str]) -> Result<ExitCode> {
    let start = Instant::now();
    let mut mutants = all(root)?;
    mutants.retain(|mutant| match words {
        [] => mutant.invariant.is_some(),
        ["--all"] => true,
        names => names.iter().any(|name| mutant.name.contains(name)),
    });
    ensure!(!mutants.is_empty(), "no such mutant: {words:?}");
    let copy = target(root).join("mutants");
    copied(root, &copy)?;
    for mutant in &mutants {
        apply(&copy, &mutant.path, &["--check"]).with_context(|| mutant.name.clone())?;
    }
    // Without a fault the same tests pass: else a failure would prove nothing.
    let commands: BTreeSet<&[String]> = mutants.iter().map(|mutant| &mutant.found_by[..]).collect();
    for arguments in commands {
        let outcome = test(root, &copy, arguments)?;
        let why = || format!("without a fault {outcome:?}: cargo test {}", arguments.join(" "));
        ensure!(matches!(outcome, Outcome::Passed), why());
    }
    eprintln!("all tests pass without a fault, after {:.0?}", start.elapsed());
    let mut survivors = Vec::new();
    for mutant in &mutants {
        let start = Instant::now();
        apply(&copy, &mutant.path, &[]).with_context(|| mutant.name.clone())?;
        let outcome = test(root, &copy, &mutant.found_by);
        apply(&copy, &mutant.path, &["--reverse"])?;
        let (name, breaks, took) = (&mutant.name, &mutant.breaks, start.elapsed());
        let invariant = mutant.invariant.as_deref().unwrap_or("-");
        let found = match outcome? {
            Outcome::NotBuilt(said) => bail!("does not compile: {name}\n{said}"),
            Outcome::Passed => {
                survivors.push(name.as_str());
                "SURVIVED"
            }
            Outcome::Failed => "found",
            Outcome::TimedOut => "found (time is out)",
        };
        eprintln!("{found}: {invariant} {name} ({breaks}) in {took:.0?}");
    }
    let (found, took) = (mutants.len() - survivors.len(), start.elapsed());
    eprintln!("{found} of {} mutants found in {took:.0?}", mutants.len());
    Ok(if survivors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How a test ended.
#[derive(Debug)]
enum Outcome {
    NotBuilt(String),
    Passed,
    Failed,
    TimedOut,
}

/// Builds and runs tests of the copy.
fn test(root: &Path, copy: &Path, arguments: &[String]) -> Result<Outcome> {
    let (tests, filters) = match arguments.iter().position(|argument| argument == "--") {
        Some(at) => arguments.split_at(at),
        None => (arguments, &[][..]),
    };
    let cargo = || {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(copy).env("CARGO_TARGET_DIR", target(root)).arg("test").args(tests);
        // The cases that fail are nobody's to keep, nor to make smaller.
        command.env("PROPTEST_FAILURE_PERSISTENCE", "off").env("PROPTEST_MAX_SHRINK_ITERS", "0");
        command.env("INSTA_UPDATE", "no").stdin(Stdio::null());
        command
    };
    let built = cargo().arg("--no-run").output()?;
    if !built.status.success() {
        return Ok(Outcome::NotBuilt(String::from_utf8_lossy(&built.stderr).into_owned()));
    }
    let mut running = cargo();
    running.args(filters).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut running, 0);
    let (mut running, start) = (running.spawn()?, Instant::now());
    loop {
        match running.try_wait()? {
            Some(status) if status.success() => return Ok(Outcome::Passed),
            Some(_) => return Ok(Outcome::Failed),
            None if start.elapsed() > PATIENCE => {
                end(&mut running)?;
                return Ok(Outcome::TimedOut);
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Ends a test and what it has started.
fn end(running: &mut Child) -> Result<()> {
    if cfg!(unix) {
        let group = format!("-{}", running.id());
        Command::new("kill").args(["-KILL", "--", &group]).status()?;
    } else {
        running.kill()?;
    }
    running.wait()?;
    Ok(())
}

/// The target folder of the workspace: dependencies are built once.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Makes `copy` hold every file that git knows or would know, and no other. Those that are equal are
/// left alone, so that nothing is built twice.
fn copied(root: &Path, copy: &Path) -> Result<()> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot run `git ls-files`")?;
    ensure!(listed.status.success(), "`git ls-files` failed");
    let mut files = BTreeSet::new();
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), copy.join(name));
        let Ok(content) = fs::read(&from) else { continue }; // removed, and not yet committed
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        if fs::read(&to).ok().as_ref() != Some(&content) {
            fs::write(&to, content).with_context(|| to.display().to_string())?;
        }
        files.insert(to);
    }
    remove_others(copy, &files)
}

/// Removes the files below `folder` that are not among `files`.
fn remove_others(folder: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            remove_others(&path, files)?;
        } else if !files.contains(&path) {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

fn apply(copy: &Path, patch: &Path, how: &[&str]) -> Result<()> {
    let mut command = Command::new("git");
    command.args(["apply", "--whitespace=nowarn"]).args(how).current_dir(copy);
    // The copy may lie in a work tree, of which git must not think here.
    command.env("GIT_CEILING_DIRECTORIES", copy.parent().unwrap_or(copy));
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
        assert_eq!(mutant.invariant, None);
        assert!(parse(HEAD).is_err(), "no patch");
        assert!(parse("Mutant: m\nBreaks: r\n\ndiff --git a/x b/x\n").is_err(), "found by nothing");
    }

    #[test]
    fn every_mutant_of_the_workspace_applies() {
        let root = crate::root();
        let mutants = all(&root).unwrap();
        assert!(!mutants.is_empty());
        for mutant in mutants {
            let applied = apply(&root, &mutant.path, &["--check"]);
            assert!(applied.is_ok(), "{}: {applied:?}", mutant.name);
        }
    }

    /// The invariants of the ledger, without that of leases, which are not built yet.
    #[test]
    fn every_invariant_has_a_mutant_and_the_table_names_it() {
        let root = crate::root();
        let table = fs::read_to_string(root.join("mutants/README.md")).unwrap();
        let mutants = all(&root).unwrap();
        for number in (1..=13).chain([15]) {
            let invariant = format!("I{number}");
            let of = |mutant: &&Mutant| mutant.invariant.as_ref() == Some(&invariant);
            assert!(mutants.iter().any(|mutant| of(&mutant)), "{invariant} has no mutant");
            for mutant in mutants.iter().filter(of) {
                let test = mutant.found_by.last().unwrap();
                let is_row = |line: &str| {
                    line.starts_with(&format!("| {invariant} |"))
                        && line.contains(&format!("`{}`", mutant.name))
                        && line.contains(test.as_str())
                };
                assert!(table.lines().any(is_row), "no row: {invariant} {} {test}", mutant.name);
            }
        }
    }
}
