//! Folders as text: which are absolute, where `~` leads, and when two are the same.

use unicode_normalization::UnicodeNormalization;

/// Why a text is not a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing at all.
    Empty,
    /// Neither absolute nor under `~`.
    Relative,
    /// `~someone`.
    OtherHome,
    /// `~`, and the home folder is not known.
    UnknownHome,
}

/// The absolute folder that `text` means, without `.`, `..`, doubled or trailing separators.
pub(super) fn resolve(text: &str, home: Option<&str>) -> Result<String, Fault> {
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    if let Some(rest) = text.strip_prefix('~') {
        if !rest.is_empty() && !rest.starts_with(['/', '\\']) {
            return Err(Fault::OtherHome);
        }
        let home = home.filter(|home| is_absolute(home)).ok_or(Fault::UnknownHome)?;
        return Ok(normalized(&format!("{home}{rest}")));
    }
    if is_absolute(text) { Ok(normalized(text)) } else { Err(Fault::Relative) }
}

/// What two spellings of one folder share: composed letters, and on Windows the case.
pub(super) fn identity(folder: &str) -> String {
    let composed: String = folder.nfc().collect();
    if is_windows(folder) { composed.to_lowercase() } else { composed }
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || is_windows(path)
}

/// `C:\…`, `C:/…` or `\\server\share`.
fn is_windows(path: &str) -> bool {
    path.starts_with(r"\\")
        || matches!(path.as_bytes(), [drive, b':', b'/' | b'\\', ..] if drive.is_ascii_alphabetic())
}

/// Lexically, because a root need not exist on this machine.
fn normalized(path: &str) -> String {
    // Of `\\server\share`, the server and the share cannot be left by `..`.
    let (start, rest, fixed) = match (path.strip_prefix(r"\\"), path.split_at_checked(2)) {
        (Some(rest), _) => (r"\\", rest, 2),
        (None, Some((drive, rest))) if is_windows(path) => (drive, rest, 0),
        _ => ("", path, 0),
    };
    let is_separator = |c: char| c == '/' || (c == '\\' && !start.is_empty());
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split(is_separator) {
        match part {
            ".." if parts.len() > fixed => {
                parts.pop();
            }
            "" | "." | ".." => {}
            part => parts.push(part),
        }
    }
    match start {
        "" => format!("/{}", parts.join("/")),
        r"\\" => format!(r"\\{}", parts.join(r"\")),
        drive => format!(r"{drive}\{}", parts.join(r"\")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_absolute_and_clean() {
        for (text, folder) in [
            ("/", "/"),
            ("/a//b/./c/../d/", "/a/b/d"),
            ("/../a", "/a"),
            ("~", "/home/me"),
            ("~/", "/home/me"),
            ("~/x/../y z", "/home/me/y z"),
            (r"/a\b", r"/a\b"),
            (r"C:\a\.\b\..\c\", r"C:\a\c"),
            ("C:/a//b", r"C:\a\b"),
            (r"C:\", r"C:\"),
            (r"\\server\share\a\..\..\..\b", r"\\server\share\b"),
            (r"\\?\C:\a\", r"\\?\C:\a"),
        ] {
            assert_eq!(resolve(text, Some("/home/me")).as_deref(), Ok(folder), "{text}");
        }
        assert_eq!(resolve("~/x", Some(r"C:\Users\me")).as_deref(), Ok(r"C:\Users\me\x"));
    }

    #[test]
    fn what_has_no_certain_place_is_refused() {
        let resolve = |text, home| resolve(text, home).unwrap_err();
        for relative in ["a", "./a", "../a", "C:a", "C:", "$HOME/a", r"\a"] {
            assert_eq!(resolve(relative, Some("/h")), Fault::Relative, "{relative}");
        }
        assert_eq!(resolve("~bob/a", Some("/h")), Fault::OtherHome);
        assert_eq!(resolve("~/a", None), Fault::UnknownHome);
        assert_eq!(resolve("~/a", Some("relative")), Fault::UnknownHome);
        assert_eq!(resolve("", Some("/h")), Fault::Empty);
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_folder() {
        assert_eq!(identity("/caf\u{e9}"), identity("/cafe\u{301}"));
        assert_ne!(identity("/A"), identity("/a"));
        assert_eq!(identity(r"C:\A"), identity(r"c:\a"));
    }
}
