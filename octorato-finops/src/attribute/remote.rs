//! Git remotes, however they are written.

/// `host/owner/name` in lower case of any remote URL; nothing for a local path.
///
/// ```
/// use octorato_finops::attribute::normal_remote;
///
/// for url in [
///     "git@github.com:Acme/web.git",
///     "https://dana:secret@github.com/acme/web",
///     "ssh://git@github.com:22/acme/web.git/",
/// ] {
///     assert_eq!(normal_remote(url).as_deref(), Some("github.com/acme/web"));
/// }
/// assert_eq!(normal_remote("../other"), None);
/// ```
pub fn normal_remote(url: &str) -> Option<String> {
    let url = url.trim();
    let (host, path) = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?,
        // The short form of ssh; a colon after a slash belongs to a local path.
        None => url.split_once(':').filter(|(host, _)| !host.contains(['/', '\\']))?,
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _port)| host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    // One letter is a Windows drive.
    if host.len() < 2 || path.is_empty() {
        return None;
    }
    Some(format!("{host}/{path}").to_lowercase())
}

/// `host/owner/name` of a pattern of remotes, however it is written; `*` stands for any text.
/// Nothing for what no remote can fit, such as a local path.
///
/// ```
/// use octorato_finops::attribute::normal_remote_pattern;
///
/// for pattern in ["github.com/Acme/*", "https://github.com/acme/*", "git@github.com:acme/*"] {
///     assert_eq!(normal_remote_pattern(pattern).as_deref(), Some("github.com/acme/*"));
/// }
/// assert_eq!(normal_remote_pattern("../acme"), None);
/// ```
pub fn normal_remote_pattern(text: &str) -> Option<String> {
    let text = text.trim();
    if text.contains("://") || text.contains('@') {
        return normal_remote(text);
    }
    let path = text.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_local = text.starts_with(['.', '/', '~', '\\']) || text.contains(['\\', ':', ' ']);
    (!path.is_empty() && !is_local).then(|| path.to_lowercase())
}

/// Whether a remote in normal form fits a pattern, in which `*` stands for any text.
pub fn matches_remote(pattern: &str, remote: &str) -> bool {
    let pattern = pattern.trim_end_matches('/');
    let pattern = pattern.strip_suffix(".git").unwrap_or(pattern);
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| remote.strip_prefix(first)) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_owners_hosts_and_names() {
        let remote = "github.com/acme/web";
        for pattern in ["github.com/acme/web", "github.com/acme/*", "*/acme/*", "*", "*web"] {
            assert!(matches_remote(pattern, remote), "{pattern}");
        }
        for pattern in ["github.com/acme", "github.com/ac", "gitlab.com/*", "*/api", ""] {
            assert!(!matches_remote(pattern, remote), "{pattern}");
        }
        assert!(matches_remote("gitlab.com/acme/*", "gitlab.com/acme/team/api"));
        assert!(!matches_remote("github.com/acme/*", "github.com/acme-x/web"));
    }

    #[test]
    fn local_paths_are_no_remotes() {
        for url in ["/srv/git/a.git", "../a", "file:///srv/a", r"C:\git\a", "C:/git/a", ""] {
            assert_eq!(normal_remote(url), None, "{url}");
        }
    }
}
