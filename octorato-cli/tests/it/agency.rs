//! The READMEs show what the command prints.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use octorato::finops::price::Catalog;

use crate::sandbox::{AGENCY, Sandbox};

#[test]
fn the_readme_of_the_example_shows_what_is_printed() {
    assert!(check(&Path::new(AGENCY).join("README.md"), Some("home")) > 4);
}

#[test]
fn the_readme_of_the_project_shows_what_is_printed() {
    let root = Path::new(AGENCY).ancestors().nth(2).unwrap();
    assert_eq!(check(&root.join("README.md"), None), 1);
}

/// Runs every `$ octorato …` of a README's `console` blocks, in order and in the README's folder,
/// and counts them. With `UPDATE_README=1` the answers are written into the README instead of
/// compared.
fn check(path: &Path, home: Option<&str>) -> usize {
    let readme = fs::read_to_string(path).unwrap();
    let state = Sandbox::new();
    let (mut answered, mut in_console, mut commands) = (String::new(), false, 0);
    for line in readme.lines() {
        if line.starts_with("```") {
            in_console = line == "```console";
        }
        let is_answer = in_console && !line.starts_with("$ ") && !line.starts_with("```");
        if !is_answer {
            writeln!(answered, "{line}").unwrap();
        }
        if in_console && let Some(words) = line.strip_prefix("$ octorato ") {
            answered += &answer(&state, path.parent().unwrap(), home, words);
            commands += 1;
        }
    }
    if std::env::var_os("UPDATE_README").is_some_and(|value| value == "1") {
        fs::write(path, answered).unwrap();
        return commands;
    }
    let (shown, printed) = (without_snapshot(&readme), without_snapshot(&answered));
    for (number, (shown, printed)) in shown.lines().zip(printed.lines()).enumerate() {
        assert_eq!(shown, printed, "README.md:{}; UPDATE_README=1 mends it", number + 1);
    }
    assert_eq!(shown, printed, "UPDATE_README=1 mends the README");
    commands
}

fn answer(state: &Sandbox, folder: &Path, home: Option<&str>, words: &str) -> String {
    let mut command = state.command();
    command.current_dir(folder).env("OCTORATO_STATE", state.path("state"));
    if let Some(home) = home {
        command.env("OCTORATO_HOME", home);
    }
    let output = command.args(words.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "`octorato {words}`: {}", state.seen(&output));
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

/// Text without the id of the price list: newer prices do not change what old requests cost.
fn without_snapshot(text: &str) -> String {
    let shown = Catalog::builtin().snapshot().to_string();
    let mut lines = Vec::new();
    for line in text.lines() {
        lines.push(match line.split_once("price snapshot ") {
            Some((before, id)) if id.len() == shown.len() => before.to_owned(),
            _ => line.to_owned(),
        });
    }
    lines.join("\n")
}
