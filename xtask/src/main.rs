//! Chores of the project: `cargo xtask test | faults | mutants | targets | lint | bench | generate`.
#![expect(clippy::print_stderr, reason = "a tool of the developers talks on stderr")]

mod faults;
mod generate;
mod mutants;
mod targets;
#[cfg(test)]
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

const USAGE: &str = "\
usage: cargo xtask <command>

  test                      all tests, then all examples in documentation
  faults [--long] [--seed N] [TEST ...]
                            the ledger against crashes, failing disks and killed processes, and
                            random operations (`sequences`)
  bench [CORPUS]            the price engine; with a folder that holds a `.claude`, the reader
                            side by side with its floor and its peers (see benches/README.md)
  mutants [--all | NAME...] the tests must notice the faults of the folder `mutants`: without
                            words those that stand for an invariant of the ledger
  targets                   the workspace type-checks for Windows and macOS
  lint                      format, clippy, documentation, dependencies, generated files
  generate [--check]        writes (or compares) every generated file anew
           [prices --from PATH [--date YYYY-MM-DD] [--version VERSION]]
                            first takes the prices from a genai-prices JSON
           [limits --from PATH]
                            first takes the models' token limits from LiteLLM's table";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["test"] => test(),
        ["faults", rest @ ..] => faults::run(rest),
        ["lint"] => lint(),
        ["mutants", words @ ..] => mutants::run(&root(), words),
        ["targets"] => targets::run(),
        ["bench"] => bench(None),
        ["bench", corpus] => bench(Some(corpus)),
        ["generate", rest @ ..] => match generate::Options::parse(rest) {
            Ok(options) => generate::run(&root(), &options).map(|()| ExitCode::SUCCESS),
            Err(why) => return usage(&why.to_string()),
        },
        ["help" | "-h" | "--help"] => {
            eprintln!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [] => return usage("no command"),
        [other, ..] => return usage(&format!("no such command: `{other}`")),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn usage(why: &str) -> ExitCode {
    eprintln!("error: {why}\n\n{USAGE}");
    ExitCode::from(2)
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

fn test() -> Result<ExitCode> {
    let units: &[&str] = if has_subcommand("nextest") {
        &["nextest", "run", "--workspace", "--no-fail-fast"]
    } else {
        eprintln!("cargo-nextest is not installed: running the tests with `cargo test`");
        &["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]
    };
    run_all(vec![cargo(units), cargo(&["test", "--workspace", "--doc"])])
}

fn bench(corpus: Option<&str>) -> Result<ExitCode> {
    let mut commands = vec![cargo(&["bench", "-p", "octorato-benches"])];
    if let Some(corpus) = corpus {
        commands.push(cargo(&["build", "--release", "--workspace"]));
        let mut peers = Command::new("python3");
        peers.arg(root().join("benches/peers.py")).arg(corpus);
        commands.push(peers);
    }
    run_all(commands)
}

fn lint() -> Result<ExitCode> {
    let mut doc = cargo(&["doc", "--no-deps", "--workspace"]);
    doc.env("RUSTDOCFLAGS", "-Dwarnings");
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let mut commands = vec![cargo(&["fmt", "--all", "--check"]), cargo(&clippy), doc];
    if has_subcommand("deny") {
        commands.push(cargo(&DENY));
    } else {
        eprintln!("cargo-deny is not installed: licenses, bans and sources are not checked");
    }
    let code = run_all(commands)?;
    if code == ExitCode::SUCCESS {
        generate::run(&root(), &generate::Options::check())?;
    }
    Ok(code)
}

/// What `deny.toml` says of the dependencies; advisories change without a change of ours, and would
/// need the network.
const DENY: [&str; 5] = ["deny", "check", "licenses", "bans", "sources"];

/// Whether `cargo <name>` is installed.
fn has_subcommand(name: &str) -> bool {
    cargo(&[name, "--version"]).output().is_ok_and(|out| out.status.success())
}

/// The cargo that runs this, in the workspace.
fn cargo(args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Runs commands until one fails, whose code it returns.
fn run_all(commands: Vec<Command>) -> Result<ExitCode> {
    for mut command in commands {
        let shown: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
        let program = Path::new(command.get_program()).file_name().unwrap_or_default();
        let shown = format!("{} {}", program.to_string_lossy(), shown.join(" "));
        eprintln!("$ {shown}");
        let status = command.status().with_context(|| format!("cannot run `{shown}`"))?;
        if !status.success() {
            let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
            eprintln!("error: `{shown}` failed");
            return Ok(ExitCode::from(code));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_not_installed_is_known_as_such() {
        assert!(has_subcommand("fmt"));
        assert!(!has_subcommand("no-such-tool"));
    }
}
