//! The places that a path may mean, as tools and shells write it.

use std::borrow::Cow;

/// From where a path is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standpoint<'s> {
    /// The current folder, absolute.
    pub(super) cwd: &'s str,
    /// The user's home, for `~`.
    pub(super) home: Option<&'s str>,
}

/// Every absolute path that `text` may mean; links and dots are not followed yet.
pub(super) fn absolutes(text: &str, from: Standpoint<'_>) -> Vec<String> {
    let text = text.split('\0').next().unwrap_or_default();
    let text = without_scheme(text);
    let text = text.strip_prefix('@').filter(|rest| !rest.is_empty()).unwrap_or(&text);
    let mut found = Vec::new();
    for text in expanded(text, from) {
        let absolute = if is_absolute(&text) { text } else { joined(from.cwd, &text) };
        found.extend(through_proc(&absolute, from.cwd));
        found.push(absolute);
    }
    found
}

/// Whether a path needs no current folder: of Unix, of Windows, or of a Windows share.
pub(super) fn is_absolute(text: &str) -> bool {
    octorato_finops::attribute::FolderPath::new(text).is_absolute()
}

/// A path below a folder.
pub(super) fn joined(folder: &str, path: &str) -> String {
    if is_absolute(path) { path.to_owned() } else { format!("{folder}/{path}") }
}

/// `file://` addresses as the path that they mean, `%20` resolved.
fn without_scheme(text: &str) -> Cow<'_, str> {
    let lower = text.get(..5).map(str::to_ascii_lowercase);
    if lower.as_deref() != Some("file:") {
        return Cow::Borrowed(text);
    }
    let rest = &text[5..];
    let path = match rest.strip_prefix("//") {
        // A host before the path.
        Some(after) if !after.starts_with('/') => after.find('/').map_or("", |at| &after[at..]),
        Some(after) => after,
        None => rest,
    };
    Cow::Owned(percent_decoded(path))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let (b'%', Some(byte)) = (first, byte) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The path with `~` and the variables of the home folder replaced.
fn expanded(text: &str, from: Standpoint<'_>) -> Vec<String> {
    let under = |folder: &str, rest: &str| format!("{folder}/{rest}");
    for name in ["$HOME", "${HOME}", "%USERPROFILE%", "$PWD", "${PWD}"] {
        let rest = text.strip_prefix(name).filter(|rest| is_end_or_slash(rest));
        if let Some(rest) = rest {
            let folder = if name.contains("PWD") { Some(from.cwd) } else { from.home };
            return folder.map(|folder| under(folder, rest)).into_iter().collect();
        }
    }
    let Some(rest) = text.strip_prefix('~') else { return vec![text.to_owned()] };
    let (user, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let mut found = Vec::new();
    match user {
        "" => found.extend(from.home.map(|home| under(home, rest))),
        "+" => found.push(under(from.cwd, rest)),
        // The home of another user, where homes usually lie and beside this one's.
        user => {
            found.push(under(&format!("/home/{user}"), rest));
            if let Some((beside, _)) = from.home.and_then(|home| home.rsplit_once('/')) {
                found.push(under(&format!("{beside}/{user}"), rest));
            }
        }
    }
    // A tool that knows no `~` takes it for a name.
    found.push(joined(from.cwd, text));
    found
}

fn is_end_or_slash(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// Where `/proc/<process>/root/…` and `/proc/<process>/cwd/…` lead, for the processes of the agent:
/// this one asks in another process and cannot follow `self`.
fn through_proc(path: &str, cwd: &str) -> Vec<String> {
    let names: Vec<&str> = path.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    let mut found = Vec::new();
    if names.first() != Some(&"proc") {
        return found;
    }
    let mut at = 2;
    if names.get(at) == Some(&"task") {
        at += 2;
    }
    let rest = names.get(at + 1..).unwrap_or_default().join("/");
    match names.get(at) {
        Some(&"root") => {
            let rest = format!("/{rest}");
            found.extend(through_proc(&rest, cwd));
            found.push(rest);
        }
        Some(&"cwd") => found.push(format!("{cwd}/{rest}")),
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(text: &str) -> Vec<String> {
        absolutes(text, Standpoint { cwd: "/w/acme", home: Some("/home/me") })
    }

    #[test]
    fn a_path_is_read_from_where_it_is_written() {
        for (text, path) in [
            ("x", "/w/acme/x"),
            ("/x", "/x"),
            ("~", "/home/me/"),
            ("~/x", "/home/me/x"),
            ("${HOME}/x", "/home/me//x"),
            ("$PWD/x", "/w/acme//x"),
            ("~root/x", "/home/root/x"),
            ("~+/x", "/w/acme/x"),
            ("file:///w/glo%62ex", "/w/globex"),
            ("file://localhost/w/x", "/w/x"),
            ("FILE:/w/x", "/w/x"),
            ("@/w/x", "/w/x"),
            ("/proc/self/root/w/x", "/w/x"),
            ("/proc/self/root/proc/1/root/w/x", "/w/x"),
            ("/proc/12/task/12/cwd/../x", "/w/acme/../x"),
            ("C:\\x", "C:\\x"),
        ] {
            assert!(means(text).contains(&path.to_owned()), "{text}: {:?}", means(text));
        }
        assert!(!means("$HOMER/x").contains(&"/home/me/x".to_owned()));
    }
}
