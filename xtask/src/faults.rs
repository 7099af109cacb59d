//! `cargo xtask faults`: the ledger against crashes, failing disks and processes that die, and random
//! operations against the model, all as they are shipped: in the release profile.
//!
//! The tests are the crate `octorato-faults` in `faults/`.

use std::env::consts::EXE_SUFFIX;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Result;

use super::{cargo, root, run_all};

/// The random sequences of operations: how many, and the tests of the library that run so many.
const SEQUENCES: [(&str, &str, &[&str]); 2] = [
    ("20000", "100000", &["ledger::conformance::tests::every_invariant_holds_in_many_cases"]),
    (
        "500",
        "5000",
        &[
            "ledger::sqlite::tests::conformance::a_file_answers_as_the_model_does",
            "ledger::sqlite::tests::conformance::every_invariant_holds_in_a_file",
        ],
    ),
];

/// Builds the tests and the command and runs those that are named, or all.
pub(crate) fn run(words: &[&str]) -> Result<ExitCode> {
    let words_of_build =
        ["build", "--quiet", "--release", "-p", "octorato-cli", "-p", "octorato-faults"];
    let built = run_all(vec![cargo(&words_of_build)])?;
    if built != ExitCode::SUCCESS {
        return Ok(built);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root().join("target"), std::path::PathBuf::from);
    let mut named: Vec<&str> = words.to_vec();
    let wants_sequences = match named.iter().position(|word| *word == "sequences") {
        Some(at) => {
            named.remove(at);
            true
        }
        None => is_all(words),
    };
    if !is_all(&named) || is_all(words) {
        // Not by `cargo run`, which would build it anew with the features of this crate alone.
        let built = |name: &str| target.join("release").join(name);
        let mut tests = Command::new(built(&format!("octorato-faults{EXE_SUFFIX}")));
        tests.args(&named).current_dir(root());
        tests.env("OCTORATO_COMMAND", built(&format!("octorato{EXE_SUFFIX}")));
        let code = run_all(vec![tests])?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    if wants_sequences { sequences(words.contains(&"--long")) } else { Ok(ExitCode::SUCCESS) }
}

/// Whether no test is named: only `--long` and a seed.
fn is_all(words: &[&str]) -> bool {
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    words.iter().all(|word| word.starts_with("--") || is_number(word))
}

fn sequences(is_long: bool) -> Result<ExitCode> {
    for (short, long, tests) in SEQUENCES {
        let cases = if is_long { long } else { short };
        let start = Instant::now();
        let mut test = cargo(&["test", "--quiet", "--release", "-p", "octorato-finops", "--lib"]);
        test.args(["--", "--exact"]).args(tests).env("PROPTEST_CASES", cases);
        let code = run_all(vec![test])?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
        for test in tests {
            eprintln!("{test}: {cases} cases");
        }
        eprintln!("sequences: passed in {:.1?}, with the build", start.elapsed());
    }
    Ok(ExitCode::SUCCESS)
}
