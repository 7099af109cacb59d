//! What the arguments of agents' tools mean.

use serde_json::Value;

use super::Trespass;
use super::judge::{Access, Judge};
use super::patch;
use super::shell;
use super::spelling::joined;

/// How a tool uses the paths in its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It reads or writes what it is given.
    File { writes: bool },
    /// It goes through a folder, the current one where none is given.
    Search,
    /// It runs a command.
    Shell,
    /// It applies a patch.
    Patch,
    /// It touches no files.
    Elsewhere,
    /// A tool of a server: by its arguments' names and looks.
    Foreign,
}

/// Tools by their names without case and separators.
const TOOLS: &[(&str, Kind)] = &[
    ("read", Kind::File { writes: false }),
    ("notebookread", Kind::File { writes: false }),
    ("readfile", Kind::File { writes: false }),
    ("readmanyfiles", Kind::Search),
    ("view", Kind::File { writes: false }),
    ("viewimage", Kind::File { writes: false }),
    ("listdirectory", Kind::File { writes: false }),
    ("listdir", Kind::File { writes: false }),
    ("write", Kind::File { writes: true }),
    ("writefile", Kind::File { writes: true }),
    ("create", Kind::File { writes: true }),
    ("createfile", Kind::File { writes: true }),
    ("edit", Kind::File { writes: true }),
    ("editfile", Kind::File { writes: true }),
    ("multiedit", Kind::File { writes: true }),
    ("replace", Kind::File { writes: true }),
    ("delete", Kind::File { writes: true }),
    ("deletefile", Kind::File { writes: true }),
    ("strreplace", Kind::File { writes: true }),
    ("strreplaceeditor", Kind::File { writes: true }),
    ("notebookedit", Kind::File { writes: true }),
    ("grep", Kind::Search),
    ("grepsearch", Kind::Search),
    ("searchfilecontent", Kind::Search),
    ("codebasesearch", Kind::Search),
    ("semanticsearch", Kind::Search),
    ("glob", Kind::Search),
    ("globfilesearch", Kind::Search),
    ("filesearch", Kind::Search),
    ("rg", Kind::Search),
    // Claude Code's lists what is below as well.
    ("ls", Kind::Search),
    ("bash", Kind::Shell),
    ("shell", Kind::Shell),
    ("localshell", Kind::Shell),
    ("powershell", Kind::Shell),
    ("execcommand", Kind::Shell),
    ("runshellcommand", Kind::Shell),
    ("runterminalcmd", Kind::Shell),
    ("runterminalcommand", Kind::Shell),
    ("applypatch", Kind::Patch),
    ("task", Kind::Elsewhere),
    ("agent", Kind::Elsewhere),
    ("todowrite", Kind::Elsewhere),
    ("todoread", Kind::Elsewhere),
    ("webfetch", Kind::Elsewhere),
    ("websearch", Kind::Elsewhere),
    ("exitplanmode", Kind::Elsewhere),
    ("askuserquestion", Kind::Elsewhere),
    ("googlewebsearch", Kind::Elsewhere),
    ("updateplan", Kind::Elsewhere),
];

/// Arguments that are commands.
const COMMANDS: &[&str] = &["command", "cmd", "script", "shellcommand", "commandline"];

/// Arguments that are texts, in which a path is no access.
const TEXTS: &[&str] = &[
    "content",
    "contents",
    "text",
    "newstring",
    "oldstring",
    "newstr",
    "oldstr",
    "filetext",
    "prompt",
    "description",
    "message",
    "body",
    "newsource",
    "query",
    "question",
    "instruction",
    "insertline",
    "title",
    "thought",
    "explanation",
    "justification",
];

/// Arguments that are patterns of paths.
const PATTERNS: &[&str] = &["glob", "globs", "globpattern", "include", "includes"];

impl Judge<'_, '_> {
    /// A tool with its arguments.
    pub(super) fn of_tool(&self, tool: &str, input: &Value) -> Option<Trespass> {
        // Copilot and some of Cursor's hooks give the arguments as a text.
        if let Value::String(text) = input
            && let Ok(parsed @ Value::Object(_)) = serde_json::from_str(text)
        {
            return self.of_tool(tool, &parsed);
        }
        let name = plain_name(tool);
        let known = TOOLS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let kind =
            if tool.starts_with("mcp__") { Kind::Foreign } else { known.unwrap_or(Kind::Foreign) };
        match kind {
            Kind::Elsewhere => None,
            Kind::Shell => self.of_shell(input),
            Kind::Patch => self.of_patch(input),
            Kind::Search => self.of_search(&name, input),
            Kind::File { writes } => {
                self.walk(None, input, Access { writes, ..Access::READ }, true, 0)
            }
            Kind::Foreign => {
                let is_tree = is_searching(&name, input);
                let access = Access { writes: is_writing(&name), is_tree, names_only: false };
                self.walk(None, input, access, false, 0)
            }
        }
    }

    fn of_shell(&self, input: &Value) -> Option<Trespass> {
        let folder = ["workdir", "cwd", "directory", "dir_path", "working_directory"]
            .iter()
            .find_map(|key| input.get(key)?.as_str())
            .map_or_else(|| self.cwd.clone(), |folder| joined(&self.cwd, folder));
        if let Some(trespass) = self.path(&folder, &folder, Access::READ) {
            return Some(trespass);
        }
        let Value::Object(arguments) = input else {
            return input.as_str().and_then(|text| shell::command(self, text, &folder));
        };
        arguments.iter().find_map(|(key, value)| match value {
            Value::String(text) if COMMANDS.contains(&plain_name(key).as_str()) => {
                self.of_patch_text(text, &folder).or_else(|| shell::command(self, text, &folder))
            }
            Value::Array(words) => {
                let words: Vec<String> =
                    words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect();
                let patched = words.iter().find_map(|word| self.of_patch_text(word, &folder));
                patched.or_else(|| shell::arguments(self, &words, &folder))
            }
            // A patch, or input for a program that runs.
            Value::String(text) if !TEXTS.contains(&plain_name(key).as_str()) => {
                shell::command(self, text, &folder)
            }
            _ => None,
        })
    }

    /// A patch that is given to `apply_patch` in a command.
    fn of_patch_text(&self, text: &str, cwd: &str) -> Option<Trespass> {
        if !text.contains("*** Begin Patch") {
            return None;
        }
        patch::files(text).iter().find_map(|file| self.path(file, cwd, Access::WRITE))
    }

    fn of_patch(&self, input: &Value) -> Option<Trespass> {
        let texts = match input {
            Value::String(text) => vec![text.as_str()],
            Value::Object(arguments) => arguments.values().flat_map(texts).collect(),
            other => texts(other),
        };
        texts.iter().find_map(|text| {
            patch::files(text).iter().find_map(|file| self.path(file, &self.cwd, Access::WRITE))
        })
    }

    /// A search: through the folder that is named, else through the current one; its pattern may
    /// lead out of it.
    fn of_search(&self, name: &str, input: &Value) -> Option<Trespass> {
        let places: Vec<&str> = match input {
            Value::Object(arguments) => arguments
                .iter()
                .filter(|(key, _)| is_place(&plain_name(key)))
                .flat_map(|(_, value)| texts(value))
                .filter(|text| !text.is_empty())
                .collect(),
            _ => Vec::new(),
        };
        let places = if places.is_empty() { vec!["."] } else { places };
        let is_glob = name.contains("glob") || matches!(name, "filesearch" | "readmanyfiles");
        for place in places {
            let is_pattern = place.contains(['*', '?', '[', '{']);
            let found = if is_pattern {
                self.pattern(place, &self.cwd, Access::SEARCH)
            } else {
                self.path(place, &self.cwd, Access::SEARCH)
            };
            let base = joined(&self.cwd, place);
            let found = found.or_else(|| {
                let Value::Object(arguments) = input else { return None };
                let mut patterns = arguments.iter().filter(|(key, _)| {
                    let key = plain_name(key);
                    is_glob && key == "pattern" || PATTERNS.contains(&key.as_str())
                });
                patterns.find_map(|(_, value)| {
                    texts(value).iter().find_map(|pattern| {
                        // A filter of names is no path.
                        let leads = pattern.contains('/') || !pattern.starts_with('!');
                        leads.then(|| self.pattern(pattern, &base, Access::NAMES))?
                    })
                })
            });
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Every argument by its name and looks. `is_file_tool`: whether all that is no text is a path.
    fn walk(
        &self,
        key: Option<&str>,
        value: &Value,
        access: Access,
        is_file_tool: bool,
        depth: usize,
    ) -> Option<Trespass> {
        if depth > 64 {
            return Some(Trespass::TooLarge);
        }
        match value {
            Value::Object(arguments) => arguments.iter().find_map(|(key, value)| {
                self.walk(Some(key), value, access, is_file_tool, depth + 1)
            }),
            Value::Array(list) => {
                list.iter().find_map(|value| self.walk(key, value, access, is_file_tool, depth + 1))
            }
            Value::String(text) => {
                self.of_argument(key.unwrap_or_default(), text, access, is_file_tool)
            }
            _ => None,
        }
    }

    fn of_argument(
        &self,
        key: &str,
        text: &str,
        access: Access,
        is_file_tool: bool,
    ) -> Option<Trespass> {
        let key = plain_name(key);
        if TEXTS.contains(&key.as_str()) || text.is_empty() {
            return None;
        }
        let is_named_place = is_place(&key);
        if is_file_tool {
            return if is_named_place { self.path(text, &self.cwd, access) } else { None };
        }
        if COMMANDS.contains(&key.as_str()) || key == "code" || key == "args" {
            let found = shell::command(self, text, &self.cwd)
                .or_else(|| shell::code(self, text, &vec![self.cwd.clone()]));
            if found.is_some() {
                return found;
            }
        }
        if text.len() > 4_096 || text.contains('\n') {
            return self.of_patch_text(text, &self.cwd);
        }
        let is_pattern = text.contains(['*', '?', '[', '{']);
        // What is no path by its name is judged by where it lies alone.
        let access = Access { is_tree: access.is_tree && is_named_place, ..access };
        if is_pattern {
            self.pattern(text, &self.cwd, access)
        } else {
            self.path(text, &self.cwd, access)
        }
    }
}

/// A name in lower case without what sets its parts apart.
fn plain_name(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether an argument of this name says where.
fn is_place(key: &str) -> bool {
    let ends = [
        "path",
        "paths",
        "file",
        "files",
        "filename",
        "uri",
        "url",
        "dir",
        "directory",
        "directories",
        "folder",
        "folders",
        "source",
        "destination",
        "target",
        "cwd",
        "root",
        "src",
        "dest",
        "dst",
        "from",
        "to",
        "location",
        "include",
        "pathspecs",
        "repo",
        "workspace",
        "output",
        "input",
    ];
    ends.contains(&key)
        || ["path", "paths", "file", "files", "dir", "directory", "folder", "uri", "filename"]
            .iter()
            .any(|end| key.ends_with(end))
}

fn is_writing(name: &str) -> bool {
    [
        "write", "edit", "create", "delete", "move", "rename", "remove", "copy", "save", "patch",
        "replace", "update", "append", "put", "upload",
    ]
    .iter()
    .any(|word| name.contains(word))
}

fn is_searching(name: &str, input: &Value) -> bool {
    let is_recursive = || {
        let Value::Object(arguments) = input else { return false };
        arguments
            .iter()
            .any(|(key, value)| plain_name(key).contains("recurs") && *value != Value::Bool(false))
    };
    ["search", "tree", "find", "grep", "glob", "walk", "recurs", "index", "scan"]
        .iter()
        .any(|word| name.contains(word))
        || is_recursive()
}

/// The texts in a value: itself, or those of a list.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(inner) => inner.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
