//! Checks of the source that no compiler makes. Each is a function of texts, so that it is itself
//! tested against a text that breaks its rule.

use std::path::{Path, PathBuf};

/// The lines, from 1, that name a float type outside of comments and string literals.
fn floats(source: &str) -> Vec<usize> {
    code_only(source)
        .lines()
        .enumerate()
        .filter(|(_, line)| words(line).any(|word| matches!(word, "f32" | "f64")))
        .map(|(at, _)| at + 1)
        .collect()
}

/// The identifiers and numbers of a line; `1_f64` and `1f64` are read as naming the type.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(|word| {
        let number = word.starts_with(|c: char| c.is_ascii_digit());
        if number {
            word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_')
        } else {
            word
        }
    })
}

/// The source with comments and string literals blanked out, lines kept.
fn code_only(source: &str) -> String {
    #[derive(Clone, Copy)]
    enum In {
        Code,
        Line,
        Block(u32),
        Text,
        Raw(usize),
    }
    let bytes = source.as_bytes();
    let mut code = String::with_capacity(source.len());
    let (mut state, mut at) = (In::Code, 0);
    let starts = |at: usize, text: &str| bytes[at..].starts_with(text.as_bytes());
    while at < bytes.len() {
        let mut taken = 1;
        let mut shown = ' ';
        state = match state {
            In::Code if starts(at, "//") => In::Line,
            In::Code if starts(at, "/*") => In::Block(1),
            In::Code if starts(at, "'\"'") => {
                taken = 3;
                In::Code
            }
            In::Code if starts(at, "\"") => In::Text,
            In::Code if starts(at, "r\"") || starts(at, "r#") => {
                let hashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count();
                if bytes.get(at + 1 + hashes) == Some(&b'"') {
                    taken = hashes + 2;
                    In::Raw(hashes)
                } else {
                    In::Code
                }
            }
            In::Code => {
                shown = char::from(bytes[at]);
                In::Code
            }
            In::Line if starts(at, "\n") => In::Code,
            In::Block(depth) if starts(at, "/*") => {
                taken = 2;
                In::Block(depth + 1)
            }
            In::Block(depth) if starts(at, "*/") => {
                taken = 2;
                if depth == 1 { In::Code } else { In::Block(depth - 1) }
            }
            In::Text if starts(at, "\\") => {
                taken = 2;
                In::Text
            }
            In::Text if starts(at, "\"") => In::Code,
            In::Raw(hashes) if starts(at, &format!("\"{}", "#".repeat(hashes))) => {
                taken = hashes + 1;
                In::Code
            }
            other => other,
        };
        let end = (at + taken).min(bytes.len());
        if bytes[at..end].contains(&b'\n') {
            shown = '\n';
        }
        code.push(shown);
        at = end;
    }
    code
}

/// Whether the manifest of a crate names `other` among its dependencies of any kind.
fn depends_on(manifest: &str, other: &str) -> bool {
    let mut inside = false;
    manifest.lines().map(str::trim).any(|line| {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies");
            // `[dependencies.other]` names it in the heading.
            return section.contains("dependencies.") && section.ends_with(other);
        }
        let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
        inside && name.trim_matches('"') == other
    })
}

/// Every Rust file under `folder` of the workspace.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![crate::root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The one file that has floats: it finds the decimal that a foreign list meant by the noise of one.
const NOISE_OF_FLOATS: &str = "price/import/decimal.rs";

#[test]
fn money_and_counts_are_never_floats() {
    let files: Vec<_> =
        ["octorato-core/src", "octorato-finops/src"].into_iter().flat_map(rust_files).collect();
    assert!(files.len() > 10, "the source has moved; so must this check");
    let (removing, files): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| file.ends_with(NOISE_OF_FLOATS));
    assert_eq!(removing.len(), 1, "`{NOISE_OF_FLOATS}` has moved; so must this exception");
    for file in files {
        assert_eq!(floats(&read(&file)), [0; 0], "floats in {}", file.display());
    }
}

#[test]
fn money_and_self_do_not_know_each_other() {
    for (own, other) in
        [("octorato-finops", "octorato-brain"), ("octorato-brain", "octorato-finops")]
    {
        let manifest = read(&crate::root().join(own).join("Cargo.toml"));
        assert!(!depends_on(&manifest, other), "{own} depends on {other}");
    }
}

#[test]
fn a_float_is_found_and_a_mention_of_one_is_not() {
    let source = "// f64\nlet a = \"f64 \\\" f32\";\nlet b: f64 = 1.0;\n/* f32 /* f64 */ f64 */\n\
                  let c = 1_f32;\nlet d = r#\"f64\" f64\"#;\nlet of64 = '\"'; let e = 2f64;\n";
    assert_eq!(floats(source), [3, 5, 7]);
}

#[test]
fn a_dependency_is_found_in_every_form() {
    let other = "octorato-brain";
    for bad in [
        "[dependencies]\noctorato-brain.workspace = true\n",
        "[dependencies]\na = \"1\"\noctorato-brain = { path = \"../octorato-brain\" }\n",
        "[dev-dependencies]\n\"octorato-brain\" = \"1\"\n",
        "[dependencies.octorato-brain]\nworkspace = true\n",
        "[target.'cfg(unix)'.dependencies]\noctorato-brain = \"1\"\n",
    ] {
        assert!(depends_on(bad, other), "{bad}");
    }
    for good in [
        "[dependencies]\noctorato-core.workspace = true\n",
        "[package]\nname = \"octorato-brain\"\n[dependencies]\noctorato-brain-free = \"1\"\n",
    ] {
        assert!(!depends_on(good, other), "{good}");
    }
}
