//! The command line of a hook: how it is written, and how it is known again.

use std::path::{Path, PathBuf};

use crate::gate::protocol::Agent;

/// A command line that calls the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GateCommand {
    /// The binary as it is written.
    pub(super) binary: PathBuf,
    /// What `--agent` says.
    pub(super) agent: String,
    /// What `--event` says.
    pub(super) event: Option<String>,
}

/// The shell that an agent gives a command to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shell {
    /// `sh` and its kin; `cmd` on Windows.
    Usual,
    /// PowerShell.
    PowerShell,
}

/// Writes a command line. `or_refuse` ends it so that a gate that cannot run refuses, for agents
/// that have no setting for that.
pub(super) fn write(
    binary: &Path,
    agent: Agent,
    event: &str,
    or_refuse: bool,
    shell: Shell,
) -> String {
    let binary = binary.display().to_string();
    let words = format!("gate --agent {agent} --event {event}");
    match shell {
        Shell::PowerShell => {
            let binary = binary.replace('\'', "''");
            format!("& '{binary}' {words}; exit $LASTEXITCODE")
        }
        Shell::Usual => {
            let end = if or_refuse { " || exit 2" } else { "" };
            format!("{} {words}{end}", quoted(&binary))
        }
    }
}

fn quoted(word: &str) -> String {
    if cfg!(windows) {
        // Forward slashes mean the same in `cmd` and in the `bash` that some agents use there.
        return format!("\"{}\"", word.replace('\\', "/"));
    }
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | '@');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Finds the call of the gate in a command line, however it was written or rewritten: a word whose
/// file name is `octorato`, after it the word `gate` and `--agent X`.
pub(super) fn recognise(line: &str) -> Option<GateCommand> {
    let words = words(line);
    let at = words.iter().position(|word| is_octorato(word))?;
    let rest = &words[at + 1..];
    let gate = rest.iter().position(|word| word == "gate")?;
    let option = |name: &str| {
        let rest = &rest[gate + 1..];
        let joined = format!("{name}=");
        rest.iter().enumerate().find_map(|(at, word)| match word.strip_prefix(&joined) {
            Some(value) => Some(value.to_owned()),
            None if word == name => rest.get(at + 1).cloned(),
            None => None,
        })
    };
    let agent = option("--agent")?;
    Some(GateCommand { binary: PathBuf::from(&words[at]), agent, event: option("--event") })
}

fn is_octorato(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name == "octorato" || name.eq_ignore_ascii_case("octorato.exe")
}

/// The words of a command line, without their quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                while let Some(inner) = chars.next() {
                    match inner {
                        _ if inner == c => break,
                        // In double quotes only some signs are meant by it.
                        '\\' if c == '"' => match chars.next() {
                            Some(next @ ('"' | '\\' | '$' | '`')) => word.push(next),
                            Some(next) => word.extend(['\\', next]),
                            None => word.push('\\'),
                        },
                        _ => word.push(inner),
                    }
                }
            }
            '\\' if !cfg!(windows) => {
                if let Some(next) = chars.next() {
                    word.get_or_insert_default().push(next);
                }
            }
            ';' | '|' | '&' | '(' | ')' => words.extend(word.take()),
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(binary: &str, event: Option<&str>) -> GateCommand {
        GateCommand {
            binary: binary.into(),
            agent: "claude".into(),
            event: event.map(ToOwned::to_owned),
        }
    }

    #[test]
    #[cfg(unix)]
    fn what_is_written_is_known_again() {
        for binary in
            ["/usr/bin/octorato", "/a b/it's/octorato", "/$x/\"q\"/`y`/octorato", "/é\\/octorato"]
        {
            for or_refuse in [false, true] {
                let line = write(binary.as_ref(), Agent::Claude, "Stop", or_refuse, Shell::Usual);
                assert_eq!(recognise(&line), Some(gate(binary, Some("Stop"))), "{line}");
                assert_eq!(line.ends_with(" || exit 2"), or_refuse);
            }
        }
        let line = write("/a b/octorato".as_ref(), Agent::Claude, "Stop", true, Shell::PowerShell);
        assert_eq!(line, "& '/a b/octorato' gate --agent claude --event Stop; exit $LASTEXITCODE");
        assert_eq!(recognise(&line), Some(gate("/a b/octorato", Some("Stop"))));
    }

    #[test]
    fn a_rewritten_line_is_known_and_a_strange_one_is_not() {
        for line in [
            "octorato gate --agent claude",
            "env A=b octorato --home /x gate --agent=claude 2>/dev/null",
            "exec \"octorato\" gate --agent 'claude'",
            "(octorato gate --agent claude) || exit 2",
        ] {
            assert_eq!(recognise(line), Some(gate("octorato", None)), "{line}");
        }
        for line in [
            "",
            "octorato report",
            "my-octorato gate --agent claude",
            "octorato gate",
            "gate --agent claude octorato",
            "echo 'octorato gate --agent claude'",
            "octorato-watch gate --agent claude",
        ] {
            assert_eq!(recognise(line), None, "{line}");
        }
    }
}
