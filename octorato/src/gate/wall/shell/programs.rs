//! What is known of programs: which search, which only read, which run others.

use super::super::judge::Access;

/// A program and what it is asked to do.
pub(super) struct Program {
    name: String,
    is_search: bool,
    is_writing: bool,
    has_code: bool,
}

/// Programs that go through folders whatever they are told.
const SEARCHES: &[&str] = &[
    "find",
    "fd",
    "fdfind",
    "rg",
    "ripgrep",
    "ag",
    "ack",
    "tree",
    "du",
    "rgrep",
    "ugrep",
    "ug",
    "tar",
    "zip",
    "7z",
    "rsync",
    "locate",
    "plocate",
    "mlocate",
    "ncdu",
    "cloc",
    "tokei",
    "scc",
    "exa-tree",
    "ctags",
    "fzf",
    "semgrep",
    "ast-grep",
    "sg",
    "gitleaks",
    "trufflehog",
];

/// Programs that go through folders with one of these options.
const WITH_OPTION: &[(&str, &[&str], &str)] = &[
    ("grep", &["--recursive", "--dereference-recursive", "--directories=recurse"], "rR"),
    ("egrep", &["--recursive", "--dereference-recursive"], "rR"),
    ("fgrep", &["--recursive", "--dereference-recursive"], "rR"),
    ("zgrep", &["--recursive"], "r"),
    ("ls", &["--recursive"], "R"),
    ("dir", &["--recursive"], "R"),
    ("eza", &["--tree", "--recurse"], "TR"),
    ("exa", &["--tree", "--recurse"], "TR"),
    ("lsd", &["--tree", "--recursive"], "R"),
    ("cp", &["--recursive", "--archive"], "rRa"),
    ("scp", &[], "r"),
    ("rm", &["--recursive"], "rR"),
    ("chmod", &["--recursive"], "R"),
    ("chown", &["--recursive"], "R"),
    ("chgrp", &["--recursive"], "R"),
    ("diff", &["--recursive"], "r"),
    ("wc", &[], ""),
];

/// Programs that move or name a whole folder at once.
const WHOLE: &[&str] = &["mv", "ln", "shred", "trash", "rename"];

/// Programs that write nothing to the files that they are given.
const READERS: &[&str] = &[
    "cat",
    "bat",
    "less",
    "more",
    "head",
    "tail",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "jq",
    "ls",
    "eza",
    "exa",
    "stat",
    "file",
    "wc",
    "diff",
    "cmp",
    "md5sum",
    "sha1sum",
    "sha256sum",
    "b3sum",
    "xxd",
    "od",
    "hexdump",
    "strings",
    "sort",
    "uniq",
    "cut",
    "awk",
    "gawk",
    "echo",
    "printf",
    "test",
    "[",
    "[[",
    "cd",
    "pushd",
    "find",
    "fd",
    "tree",
    "du",
    "realpath",
    "readlink",
    "basename",
    "dirname",
    "nl",
    "tac",
    "column",
    "pwd",
    "which",
    "type",
    "for",
    "case",
    "yq",
    "view",
    "source",
    ".",
];

/// Programs that run a text.
const SHELLS: &[&str] =
    &["sh", "bash", "zsh", "dash", "ksh", "fish", "ash", "busybox", "su", "script"];

/// Whether a word is the name of a shell, or of what runs its input elsewhere.
pub(super) fn is_shell(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    SHELLS.contains(&name) || name == "ssh"
}

impl Program {
    /// What a program is, by its name and its arguments.
    pub(super) fn of(word: &str, arguments: &[&str]) -> Self {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word).to_lowercase();
        let name = name.strip_suffix(".exe").unwrap_or(&name).to_owned();
        let has = |long: &[&str], short: &str| {
            arguments.iter().any(|argument| {
                long.contains(argument)
                    || argument.strip_prefix('-').is_some_and(|letters| {
                        !letters.starts_with('-') && letters.contains(|c| short.contains(c))
                    })
            })
        };
        let mut is_search = SEARCHES.contains(&name.as_str()) || WHOLE.contains(&name.as_str());
        for (program, long, short) in WITH_OPTION {
            is_search |= *program == name && has(long, short);
        }
        let mut is_writing = !READERS.contains(&name.as_str());
        match name.as_str() {
            // In place only.
            "sed" | "perl" => is_writing = has(&["--in-place"], "i") || name == "perl",
            "find" => {
                is_writing = arguments.iter().any(|word| {
                    ["-delete", "-exec", "-execdir", "-ok", "-fprint", "-fls"].contains(word)
                });
            }
            "git" => {
                // Below the repository that it is in it sees the repository's own files alone.
                let verb = arguments.iter().find(|word| !word.starts_with('-'));
                let reads = ["diff", "show", "log", "grep", "status", "blame", "ls-files"];
                is_writing = !verb.is_some_and(|verb| reads.contains(verb));
                is_search |= arguments.contains(&"--no-index");
            }
            _ => {}
        }
        let has_code = has(&["--command"], "c");
        Self { name, is_search, is_writing, has_code }
    }

    /// Whether it is `octorato` and asked for what is the operator's: whatever shows the spend of all
    /// arms, or changes caps, arms, hooks or the ledger.
    pub(super) fn is_of_the_operator(&self, arguments: &[&str]) -> bool {
        const OPEN: &[&str] =
            &["brain", "completions", "explain", "help", "price", "schema", "--version", "-V"];
        const OPEN_OF_PRICES: &[&str] = &["explain", "list", "show"];
        if self.name != "octorato" {
            return false;
        }
        match arguments {
            [] | [.., "--help" | "-h"] => false,
            ["prices", verb, ..] => !OPEN_OF_PRICES.contains(verb),
            [verb, ..] => !OPEN.contains(verb),
        }
    }

    /// What it does with the paths in its arguments.
    pub(super) fn access(&self) -> Access {
        Access { writes: self.is_writing, is_tree: self.is_search, names_only: false }
    }

    /// Whether an argument of it is a script for a shell.
    pub(super) fn runs_text(&self) -> bool {
        self.name == "eval"
            || ["watch", "parallel", "ssh", "trap"].contains(&self.name.as_str())
            || self.has_code && SHELLS.contains(&self.name.as_str())
    }

    /// Whether its arguments are another program and its arguments.
    pub(super) fn runs_arguments(&self) -> bool {
        [
            "sudo",
            "doas",
            "env",
            "command",
            "exec",
            "nohup",
            "time",
            "timeout",
            "nice",
            "ionice",
            "xargs",
            "stdbuf",
            "setsid",
            "builtin",
            "strace",
            "ltrace",
            "watch",
            "busybox",
            "unshare",
            "chroot",
            "flock",
            "caffeinate",
            "parallel",
            "proot",
            "npx",
            "uvx",
        ]
        .contains(&self.name.as_str())
    }

    /// Whether it changes the current folder of what follows.
    pub(super) fn changes_folder(&self) -> bool {
        matches!(self.name.as_str(), "cd" | "pushd" | "chdir")
    }

    /// The option that names the folder from which its other arguments are seen.
    pub(super) fn folder_option(&self) -> Option<&'static str> {
        match self.name.as_str() {
            "git" | "make" | "gmake" | "tar" | "ninja" | "pnpm" | "just" | "env" => Some("-C"),
            "npm" | "yarn" => Some("--prefix"),
            "cmake" => Some("-S"),
            _ => None,
        }
    }

    /// Which of its arguments is what it looks for, not where: the first that is no option, unless
    /// options give it or it only lists files.
    pub(super) fn pattern_among(&self, arguments: &[&str]) -> Option<usize> {
        const WITH_PATTERN: &[&str] = &[
            "rg", "ripgrep", "grep", "egrep", "fgrep", "zgrep", "rgrep", "ag", "ack", "fd",
            "fdfind", "ug", "ugrep", "chmod", "chown", "chgrp",
        ];
        let gives_it = |argument: &&str| {
            let is_short = argument.starts_with('-') && !argument.starts_with("--");
            is_short && argument.contains(['e', 'f'])
                || ["--files", "--regexp", "--file"].iter().any(|long| argument.starts_with(long))
        };
        if !WITH_PATTERN.contains(&self.name.as_str()) || arguments.iter().any(gives_it) {
            return None;
        }
        arguments.iter().position(|argument| !argument.starts_with('-'))
    }

    /// Whether it reads what is piped into it rather than the current folder.
    pub(super) fn reads_a_pipe(&self) -> bool {
        matches!(
            self.name.as_str(),
            "rg" | "ripgrep" | "ag" | "ack" | "fzf" | "tar" | "ug" | "ugrep"
        )
    }
}

/// Words of the shell that stand before a command and are none.
pub(super) fn is_only_before_another(word: &str) -> bool {
    matches!(
        word,
        "if" | "then"
            | "else"
            | "elif"
            | "while"
            | "until"
            | "do"
            | "!"
            | "{"
            | "}"
            | "fi"
            | "done"
            | "esac"
            | "coproc"
            | "export"
            | "local"
            | "declare"
            | "readonly"
            | "typeset"
    )
}
