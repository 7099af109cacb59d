//! What the words of a shell command reach.

mod programs;

use std::collections::{HashMap, HashSet};

use super::Trespass;
use super::globs;
use super::judge::{Access, Judge};
use super::lexer::{Part, Token, Word, tokens};
use super::patch;
use super::spelling::joined;
use programs::Program;

/// How deep commands within commands are read.
const DEEPEST: usize = 16;

/// The state of a shell, as far as it is known without running it.
#[derive(Clone)]
struct Shell {
    /// The folders that may be the current one, the likeliest first.
    folders: Vec<String>,
    variables: HashMap<String, String>,
}

/// Judges a command that starts in `cwd`.
pub(super) fn command(judge: &Judge<'_, '_>, text: &str, cwd: &str) -> Option<Trespass> {
    if let Some(trespass) = judge.mentions(text) {
        return Some(trespass);
    }
    let mut shell = Shell { folders: vec![cwd.to_owned()], variables: HashMap::new() };
    script(judge, text, &mut shell, 0)
}

/// Judges a command that is given as its arguments.
pub(super) fn arguments(judge: &Judge<'_, '_>, words: &[String], cwd: &str) -> Option<Trespass> {
    let mut shell = Shell { folders: vec![cwd.to_owned()], variables: HashMap::new() };
    let words: Vec<Value> = words.iter().map(|word| Value::literal(word)).collect();
    words
        .iter()
        .find_map(|word| judge.mentions(&word.text))
        .or_else(|| simple(judge, &words, &mut shell, false, 0))
}

/// A word with what is known put in its place.
#[derive(Clone, Debug)]
struct Value {
    /// The text up to the first part that is not known.
    text: String,
    /// The same with quoted characters escaped, where it is a pattern.
    pattern: Option<String>,
    /// Whether a part is not known.
    is_cut: bool,
    /// Every other known text in it.
    rest: Vec<String>,
    /// The commands whose output it has.
    commands: Vec<String>,
}

impl Value {
    fn literal(text: &str) -> Self {
        let (rest, commands) = (Vec::new(), Vec::new());
        Self { text: text.to_owned(), pattern: None, is_cut: false, rest, commands }
    }
}

impl Shell {
    fn value(&self, judge: &Judge<'_, '_>, word: &Word) -> Value {
        let mut value = Value::literal("");
        let (mut pattern, mut is_pattern) = (String::new(), false);
        let mut tail = String::new();
        for part in word {
            let known = match part {
                Part::Text(text, is_quoted) => Some((text.clone(), *is_quoted)),
                Part::Variable(name) => self.variable(judge, name).map(|value| (value, false)),
                Part::Command(command) => {
                    value.commands.push(command.clone());
                    None
                }
            };
            let Some((text, is_quoted)) = known else {
                value.is_cut = true;
                value.rest.push(std::mem::take(&mut tail));
                continue;
            };
            if value.is_cut {
                tail.push_str(&text);
                continue;
            }
            value.text.push_str(&text);
            for c in text.chars() {
                if is_quoted && "*?[]{},\\()!@+".contains(c) || c == '\\' {
                    pattern.push('\\');
                } else {
                    is_pattern |= "*?[{".contains(c);
                }
                pattern.push(c);
            }
        }
        value.rest.push(tail);
        value.rest.retain(|text| !text.is_empty());
        value.pattern = is_pattern.then_some(pattern);
        value
    }

    fn variable(&self, judge: &Judge<'_, '_>, name: &str) -> Option<String> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        match name {
            "HOME" => judge.home().map(str::to_owned),
            "PWD" => self.folders.first().cloned(),
            _ => None,
        }
    }

    /// Goes to a folder; where it is not certain that it exists, the shell may also stay.
    fn go(&mut self, judge: &Judge<'_, '_>, to: &Value) {
        if to.is_cut || to.pattern.is_some() {
            return;
        }
        let to = match to.text.as_str() {
            "" | "~" => judge.home().unwrap_or("/").to_owned(),
            "-" => return,
            text => text
                .strip_prefix("~/")
                .map_or_else(|| text.to_owned(), |rest| joined(judge.home().unwrap_or("/"), rest)),
        };
        let gone: Vec<String> = self.folders.iter().map(|folder| joined(folder, &to)).collect();
        if gone.iter().all(|folder| judge.is_folder(folder)) {
            self.folders = gone;
        } else {
            let stayed = std::mem::take(&mut self.folders);
            self.folders = gone.into_iter().chain(stayed).take(16).collect();
        }
    }
}

fn script(judge: &Judge<'_, '_>, text: &str, shell: &mut Shell, depth: usize) -> Option<Trespass> {
    if depth > DEEPEST {
        return Some(Trespass::TooLarge);
    }
    let mut words: Vec<Value> = Vec::new();
    let mut outer: Vec<Shell> = Vec::new();
    let (mut is_piped, mut redirect) = (false, None);
    let (mut documents, mut feeds_a_shell): (Vec<String>, bool) = (Vec::new(), false);
    for token in tokens(text).into_iter().chain([Token::End]) {
        match token {
            Token::Word(word) => {
                let value = shell.value(judge, &word);
                for command in &value.commands {
                    let mut inside = shell.clone();
                    if let Some(trespass) = script(judge, command, &mut inside, depth + 1) {
                        return Some(trespass);
                    }
                }
                match redirect.take() {
                    Some(writes) => {
                        let access = Access { writes, ..Access::READ };
                        if let Some(trespass) = argument(judge, &value, shell, access) {
                            return Some(trespass);
                        }
                    }
                    None => words.push(value),
                }
            }
            Token::Redirect(writes) => redirect = Some(writes),
            Token::Document(text) => {
                if let Some(trespass) = code(judge, &text, shell) {
                    return Some(trespass);
                }
                documents.push(text);
            }
            Token::End | Token::Pipe | Token::Open | Token::Close => {
                let command = std::mem::take(&mut words);
                feeds_a_shell |= command.iter().any(|word| programs::is_shell(&word.text));
                if let Some(trespass) = simple(judge, &command, shell, is_piped, depth) {
                    return Some(trespass);
                }
                is_piped = token == Token::Pipe;
                match token {
                    Token::Open => outer.push(shell.clone()),
                    Token::Close => {
                        if let Some(before) = outer.pop() {
                            *shell = before;
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    if !feeds_a_shell {
        return None;
    }
    // A here-document may be the script of a shell.
    documents.iter().find_map(|text| script(judge, text, &mut shell.clone(), depth + 1))
}

/// One command of a script: assignments, a program, its arguments.
fn simple(
    judge: &Judge<'_, '_>,
    words: &[Value],
    shell: &mut Shell,
    is_piped: bool,
    depth: usize,
) -> Option<Trespass> {
    let mut words = words;
    while let [first, rest @ ..] = words {
        match first.text.split_once('=') {
            Some((name, value)) if is_name(name) => {
                if let Some(trespass) = argument(judge, first, shell, Access::READ) {
                    return Some(trespass);
                }
                if first.is_cut {
                    shell.variables.remove(name);
                } else {
                    shell.variables.insert(name.to_owned(), value.to_owned());
                }
            }
            _ if programs::is_only_before_another(&first.text) => {}
            _ => break,
        }
        words = rest;
    }
    let (first, arguments) = words.split_first()?;
    let texts: Vec<&str> = arguments.iter().map(|word| word.text.as_str()).collect();
    let program = Program::of(&first.text, &texts);
    if program.is_of_the_operator(&texts) {
        return Some(Trespass::Operator);
    }
    if let Some(trespass) = argument(judge, first, shell, Access::READ) {
        return Some(trespass);
    }
    let mut inside = shell.clone();
    if let Some(folder) = program.folder_option().and_then(|option| {
        let at = arguments.iter().position(|word| word.text == option)?;
        arguments.get(at + 1)
    }) {
        // `git -C folder`: what follows is seen from there.
        inside.go(judge, folder);
        inside.folders.extend(shell.folders.iter().cloned());
    }
    let access = program.access();
    let pattern = program.pattern_among(&texts);
    for (at, word) in arguments.iter().enumerate() {
        // What is looked for is no place.
        let is_tree = access.is_tree && pattern != Some(at);
        if let Some(trespass) = argument(judge, word, &inside, Access { is_tree, ..access }) {
            return Some(trespass);
        }
        if program.runs_text()
            && let Some(trespass) = script(judge, &word.text, &mut shell.clone(), depth + 1)
        {
            return Some(trespass);
        }
    }
    if program.runs_arguments() && depth < DEEPEST {
        // Which of its options have values is not known: the program may start at any word.
        const MOST: usize = 8;
        let starts = (0..arguments.len()).filter(|&at| !arguments[at].text.starts_with('-'));
        for start in starts.take(MOST) {
            let inner = &arguments[start..];
            let found = simple(judge, inner, &mut shell.clone(), is_piped, depth + 5);
            if found.is_some() {
                return found;
            }
        }
    }
    if program.changes_folder() {
        let to = arguments.iter().find(|word| !word.text.starts_with("--") && word.text != "-P");
        let home = Value::literal("");
        shell.go(judge, to.unwrap_or(&home));
    }
    if access.is_tree && !(is_piped && program.reads_a_pipe()) {
        let places = arguments.iter().enumerate().filter(|(at, _)| pattern != Some(*at));
        let mut places = places.map(|(_, word)| word).filter(|word| !word.text.starts_with('-'));
        let names_a_place = places.any(|word| {
            word.is_cut
                || word.pattern.is_some()
                || shell.folders.iter().any(|folder| judge.exists(&joined(folder, &word.text)))
        });
        if !names_a_place {
            return inside.folders.iter().find_map(|folder| judge.path(folder, folder, access));
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    let name = text.strip_suffix('+').unwrap_or(text);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// One argument: as a whole, as a pattern, the value of an option, and what is in it where it is
/// code.
fn argument(
    judge: &Judge<'_, '_>,
    word: &Value,
    shell: &Shell,
    access: Access,
) -> Option<Trespass> {
    let all = std::iter::once(&word.text).chain(&word.rest);
    if let Some(trespass) = all.clone().find_map(|text| judge.mentions(text)) {
        return Some(trespass);
    }
    for folder in &shell.folders {
        if let Some(pattern) = &word.pattern {
            let tails = [Some(pattern.as_str()), pattern.split_once('=').map(|(_, tail)| tail)];
            for pattern in tails.into_iter().flatten() {
                if let Some(trespass) = judge.pattern(pattern, folder, access) {
                    return Some(trespass);
                }
            }
        }
        // Of a word with an unknown end only what is certain counts: where it lies, not all that
        // is below.
        let access = Access { is_tree: access.is_tree && !word.is_cut, ..access };
        for text in candidates(&word.text) {
            if let Some(trespass) = judge.path(text, folder, access) {
                return Some(trespass);
            }
        }
    }
    // The rest of a word after an unknown part is seen from nowhere.
    all.filter(|text| text.contains(is_of_code)).find_map(|text| code(judge, text, shell))
}

/// What of an argument may be a path: all of it, the value of an option, the parts between colons.
fn candidates(text: &str) -> Vec<&str> {
    let mut found = vec![text];
    if let Some((_, value)) = text.split_once('=') {
        found.push(value);
    }
    if let Some(option) = text.strip_prefix('-') {
        let at = option.find(['/', '~', '.']);
        found.extend(at.and_then(|at| option.get(at..)));
    }
    let parts = text.split([':', '=', ',']).filter(|part| !part.is_empty());
    found.extend(parts.clone().filter(|part| *part != text).take(64));
    found
}

fn is_of_code(c: char) -> bool {
    c.is_whitespace() || "'\"`()[]{};<>|&,".contains(c)
}

/// A text in which paths may be written, such as a program for `python -c` or a patch.
pub(super) fn code(judge: &Judge<'_, '_>, text: &str, shell: &impl Folders) -> Option<Trespass> {
    // More pieces than these are judged only by what they say of themselves.
    const MOST: usize = 4_096;
    if let Some(trespass) = judge.mentions(text) {
        return Some(trespass);
    }
    let quoted = text.split(['"', '\'', '`', '\n']);
    let pieces = text.split(is_of_code).flat_map(|piece| piece.split(['=', ':']));
    let mut seen = HashSet::new();
    let mut files = patch::files(text);
    files.extend(quoted.chain(pieces).map(|piece| piece.trim().to_owned()));
    files.retain(|piece| {
        let is_path = piece.contains(['/', '\\']) || piece.starts_with(['.', '~']);
        is_path && piece.len() < 4_096 && piece != "/" && seen.insert(piece.clone())
    });
    shell.folders().iter().find_map(|folder| {
        files.iter().take(MOST).find_map(|piece| {
            if globs::is_pattern(piece) {
                judge.pattern(piece, folder, Access::READ)
            } else {
                judge.path(piece, folder, Access::READ)
            }
        })
    })
}

/// From where the paths in a text may be seen.
pub(super) trait Folders {
    fn folders(&self) -> &[String];
}

impl Folders for Shell {
    fn folders(&self) -> &[String] {
        &self.folders
    }
}

impl Folders for Vec<String> {
    fn folders(&self) -> &[String] {
        self
    }
}
