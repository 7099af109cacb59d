//! Folders as the operator writes them: which can be roots, and where `~` leads.
//!
//! How two folders are compared is for [`FolderPath`] to say.

use octorato_finops::attribute::FolderPath;

/// Why a text is not a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing at all.
    Empty,
    /// Neither absolute nor under `~`.
    Relative,
    /// Relative, and it starts with a variable that nobody has expanded.
    Variable,
    /// `~someone`.
    OtherHome,
    /// `~`, and the home folder is not known.
    UnknownHome,
}

impl Fault {
    /// What is wrong with `text` as a root, and what to do about it.
    pub fn explain(self, text: &str) -> (String, String) {
        self.explain_as("root", text)
    }

    /// The same of a folder that is something else; `noun` says what.
    pub(super) fn explain_as(self, noun: &str, text: &str) -> (String, String) {
        let mut tail = text;
        while let Some(rest) =
            ["./", "../", ".\\", "..\\"].iter().find_map(|up| tail.strip_prefix(up))
        {
            tail = rest;
        }
        let (what, hint) = match self {
            Self::Empty => {
                (format!("empty {noun}"), "write a folder such as `~/clients/acme`".to_owned())
            }
            Self::Relative => {
                (format!("{noun} is not absolute"), format!("write `~/{tail}` or a whole path"))
            }
            Self::Variable => (
                format!("{noun} with a variable"),
                "variables are not expanded; write the folder, or `~/…` for the home folder"
                    .to_owned(),
            ),
            Self::OtherHome => {
                ("home folder of another user".to_owned(), "write the whole path".to_owned())
            }
            Self::UnknownHome => (
                "the home folder is not known".to_owned(),
                "set HOME, or write the whole path".to_owned(),
            ),
        };
        match self {
            Self::Empty => (what, hint),
            _ => (format!("{what}: `{text}`"), hint),
        }
    }
}

/// The absolute folder that `text` means; `home` is what `~` stands for.
///
/// ```
/// use octorato::config::roots::{Fault, resolve};
///
/// assert_eq!(resolve("~/acme", Some("/home/me")).as_deref(), Ok("/home/me/acme"));
/// assert_eq!(resolve(r"C:\Work\acme", None).as_deref(), Ok(r"C:\Work\acme"));
/// assert_eq!(resolve("~bob/acme", Some("/home/me")), Err(Fault::OtherHome));
/// ```
pub fn resolve(text: &str, home: Option<&str>) -> Result<String, Fault> {
    let is_absolute = |path: &str| FolderPath::new(path).is_absolute();
    if let Some(rest) = text.strip_prefix('~') {
        if !rest.is_empty() && !rest.starts_with(['/', '\\']) {
            return Err(Fault::OtherHome);
        }
        let home = home.filter(|home| is_absolute(home)).ok_or(Fault::UnknownHome)?;
        let folder = format!("{}{rest}", home.trim_end_matches('/'));
        return Ok(if folder.is_empty() { home.to_owned() } else { folder });
    }
    match text {
        _ if is_absolute(text) => Ok(text.to_owned()),
        "" => Err(Fault::Empty),
        _ if text.starts_with(['$', '%']) => Err(Fault::Variable),
        _ => Err(Fault::Relative),
    }
}

/// Whether two absolute folders are one by their names.
pub(crate) fn same(a: &FolderPath, b: &FolderPath) -> bool {
    a.contains(b) && b.contains(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_absolute() {
        for (text, folder) in [
            ("/", "/"),
            ("/a//b/./c/../d/", "/a/b/d"),
            ("/../a", "/a"),
            ("~", "/home/me"),
            ("~/", "/home/me"),
            ("~/x/../y z", "/home/me/y z"),
            (r"/a\b", r"/a\b"),
            (r"C:\a\.\b\..\c\", r"c:\A\c"),
            ("C:/a//b", r"C:\a\b"),
            (r"C:\", "C:"),
            (r"\\?\C:\a\", r"C:\a"),
        ] {
            let resolved = resolve(text, Some("/home/me")).unwrap();
            assert!(same(&FolderPath::new(&resolved), &FolderPath::new(folder)), "{text}");
        }
        assert_eq!(resolve("~", Some("/")).as_deref(), Ok("/"));
        assert_eq!(resolve("~/x", Some("/")).as_deref(), Ok("/x"));
        assert_eq!(resolve(r"~\x", Some(r"C:\Users\me")).as_deref(), Ok(r"C:\Users\me\x"));
    }

    #[test]
    fn what_has_no_certain_place_is_refused() {
        let resolve = |text, home| resolve(text, home).unwrap_err();
        for relative in ["a", "./a", "../a", "C:a", r"\a"] {
            assert_eq!(resolve(relative, Some("/h")), Fault::Relative, "{relative}");
        }
        assert_eq!(resolve("$HOME/a", Some("/h")), Fault::Variable);
        assert_eq!(resolve("~bob/a", Some("/h")), Fault::OtherHome);
        assert_eq!(resolve("~/a", None), Fault::UnknownHome);
        assert_eq!(resolve("~/a", Some("relative")), Fault::UnknownHome);
        assert_eq!(resolve("", Some("/h")), Fault::Empty);
    }
}
