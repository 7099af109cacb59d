//! Folders as people and logs write them, compared name by name.

use std::borrow::Cow;
use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// A folder by its names: `.` and `..` resolved, Unicode in composed form, Windows paths with
/// either slash and without case.
///
/// ```
/// use octorato_finops::attribute::FolderPath;
///
/// let root = FolderPath::new("/clients/client");
/// assert!(root.contains(&FolderPath::new("/clients/client/web/../api")));
/// assert!(!root.contains(&FolderPath::new("/clients/client-x")));
/// assert!(FolderPath::new(r"C:\Work").contains(&FolderPath::new("c:/work/acme")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderPath {
    names: Vec<String>,
    windows: bool,
    absolute: bool,
}

impl FolderPath {
    /// Takes a path as it is written.
    pub fn new(text: &str) -> Self {
        // The verbatim form of a Windows path, which has no length limit.
        let text = text.strip_prefix(r"\\?\UNC\").map_or_else(
            || Cow::Borrowed(text.strip_prefix(r"\\?\").unwrap_or(text)),
            |share| Cow::Owned(format!(r"\\{share}")),
        );
        let windows = is_windows(&text);
        let absolute = windows || text.starts_with('/');
        let mut names: Vec<String> = Vec::new();
        let parts = text.split(|c| c == '/' || (windows && c == '\\'));
        for part in parts.filter(|part| !part.is_empty() && *part != ".") {
            if part == ".." {
                // Above a Windows drive there is nothing.
                if names.len() > usize::from(windows) {
                    names.pop();
                }
            } else if part.is_ascii() {
                names.push(part.to_owned());
            } else {
                names.push(part.nfc().collect());
            }
        }
        Self { names, windows, absolute }
    }

    /// Whether it says where it lies on its own, without a current folder.
    pub fn is_absolute(&self) -> bool {
        self.absolute
    }

    /// Whether `other` is this folder or lies below it. A relative path lies nowhere.
    pub fn contains(&self, other: &Self) -> bool {
        self.windows == other.windows
            && self.absolute
            && other.absolute
            && self.names.len() <= other.names.len()
            && self.names.iter().zip(&other.names).all(|(mine, theirs)| {
                if self.windows {
                    mine.to_lowercase() == theirs.to_lowercase()
                } else {
                    mine == theirs
                }
            })
    }

    /// Its names from the top down, a Windows drive or server among them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it is a path of Windows, where case is of no account.
    pub fn is_windows(&self) -> bool {
        self.windows
    }

    /// How many names deep it lies.
    pub fn depth(&self) -> usize {
        self.names.len()
    }

    /// The folder that agents make worktrees in: `repo/.claude/worktrees/x/src` is `repo`, and so
    /// is `repo/.worktrees/x`.
    #[must_use]
    pub fn without_worktree(&self) -> Self {
        let is = |at: usize, name: &str| self.names.get(at).is_some_and(|found| found == name);
        let cut = (1..self.names.len()).find(|&at| {
            let deeper = self.names.len() > at + 1;
            (is(at, ".worktrees") && deeper) || (is(at, ".claude") && is(at + 1, "worktrees"))
        });
        let names = self.names[..cut.unwrap_or(self.names.len())].to_vec();
        Self { names, windows: self.windows, absolute: self.absolute }
    }
}

/// A drive (`C:\`, `c:/`) or a share (`\\server\share`).
fn is_windows(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.starts_with("\\\\")
        || matches!(bytes, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
        || matches!(bytes, [drive, b':'] if drive.is_ascii_alphabetic())
}

impl fmt::Display for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.windows { "\\" } else { "/" };
        let is_drive = |name: &String| name.ends_with(':');
        if self.windows && !self.names.first().is_some_and(is_drive) {
            f.write_str(r"\\")?; // a share
        } else if self.absolute && !self.windows {
            f.write_str(slash)?;
        }
        f.write_str(&self.names.join(slash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(root: &str, folder: &str) -> bool {
        FolderPath::new(root).contains(&FolderPath::new(folder))
    }

    #[test]
    fn names_are_compared_whole() {
        assert!(contains("/w/client", "/w/client"));
        assert!(contains("/w/client/", "/w//client/./api"));
        assert!(!contains("/w/client", "/w/client-x"));
        assert!(!contains("/w/client-x", "/w/client"));
        assert!(!contains("/w/client", "/w/Client"));
        assert!(contains("/", "/anything"));
    }

    #[test]
    fn dots_do_not_lead_out_of_a_root_unseen() {
        assert!(!contains("/w/acme", "/w/acme/../globex"));
        assert!(contains("/w/acme", "/w/globex/../acme/x"));
        assert!(contains("/w", "/../../w"));
    }

    #[test]
    fn a_relative_path_lies_nowhere() {
        assert!(!contains("/w/acme", "w/acme/x"));
        assert!(!contains("/", "x"));
        assert!(!contains("/", "."));
        assert!(!contains("w", "w/x"));
    }

    #[test]
    fn accented_letters_are_equal_however_they_are_stored() {
        assert!(contains("/w/Caf\u{e9} Z\u{fc}rich", "/w/Cafe\u{301} Zu\u{308}rich/web"));
    }

    #[test]
    fn windows_paths_ignore_case_and_the_kind_of_slash() {
        assert!(contains(r"C:\Users\Dana\acme", r"c:\users\dana\ACME\web"));
        assert!(contains("C:/Users/Dana", r"C:\Users\Dana\x"));
        assert!(contains(r"\\server\work", r"\\SERVER\work\acme"));
        assert!(contains(r"C:\Work", r"\\?\C:\Work\acme"));
        assert!(contains(r"\\server\work", r"\\?\UNC\server\work\acme"));
        assert!(!contains("/c/Users", r"C:\Users"));
        assert_eq!(FolderPath::new(r"c:\a\..\..\b").to_string(), r"c:\b");
        assert_eq!(FolderPath::new(r"\\server\work\x\..").to_string(), r"\\server\work");
    }

    #[test]
    fn a_worktree_inside_a_repository_is_the_repository() {
        let project = |path: &str| FolderPath::new(path).without_worktree().to_string();
        assert_eq!(project("/w/acme/.claude/worktrees/wt1/src"), "/w/acme");
        assert_eq!(project("/w/acme/.worktrees/1"), "/w/acme");
        assert_eq!(project("/w/acme/.claude"), "/w/acme/.claude");
    }
}
