//! What only the disk knows of a folder: where its links lead and which repository it is in.

use std::path::{Path, PathBuf};

use crate::small_file;

use super::remote::normal_remote;

/// Answers the resolver's questions about folders.
pub trait Disk: Sync {
    /// The folder with all links followed. Where its end no longer exists, the part that does is
    /// followed. Nothing where no part is known.
    fn real_path(&self, path: &str) -> Option<String>;

    /// The repository that the folder lies in.
    fn repository(&self, path: &str) -> Option<Repository>;

    /// A file that may be written relative to the current folder, with all links followed. Nothing
    /// where it is not known.
    fn absolute(&self, _file: &Path) -> Option<String> {
        None
    }
}

/// A git repository, as far as attribution needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The folder of the repository's own checkout, also for a folder in another worktree of it.
    pub main_work_tree: String,
    /// Its remotes as `host/owner/name`, `origin` first.
    pub remotes: Vec<String>,
}

/// Knows nothing: attribution by names alone, the same on every machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDisk;

impl Disk for NoDisk {
    fn real_path(&self, _: &str) -> Option<String> {
        None
    }

    fn repository(&self, _: &str) -> Option<Repository> {
        None
    }
}

/// This machine's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn absolute(&self, file: &Path) -> Option<String> {
        self.real_path(std::path::absolute(file).ok()?.to_str()?)
    }

    fn real_path(&self, path: &str) -> Option<String> {
        let path = Path::new(path);
        if !path.is_absolute() {
            return None;
        }
        for known in path.ancestors() {
            if let Ok(real) = known.canonicalize() {
                let rest = path.strip_prefix(known).ok()?;
                let whole = if rest.as_os_str().is_empty() { real } else { real.join(rest) };
                return whole.into_os_string().into_string().ok();
            }
        }
        None
    }

    fn repository(&self, path: &str) -> Option<Repository> {
        let path = Path::new(path);
        if !path.is_absolute() {
            return None;
        }
        let (work_tree, git) = path.ancestors().find_map(|folder| {
            let git = folder.join(".git");
            git.symlink_metadata().is_ok().then_some((folder, git))
        })?;
        let (common, main) =
            if git.is_dir() { (git, work_tree.to_owned()) } else { linked(work_tree, &git)? };
        let config = small_file::read(&common.join("config"), LARGEST).unwrap_or_default();
        Some(Repository {
            main_work_tree: main.into_os_string().into_string().ok()?,
            remotes: remotes(&config),
        })
    }
}

/// No file that is read here is larger.
const LARGEST: u64 = 1 << 20;

/// The repository's folder and its main checkout where `.git` is a file: it then names a folder
/// of the worktree's own, in which `commondir` names the repository's.
fn linked(work_tree: &Path, git_file: &Path) -> Option<(PathBuf, PathBuf)> {
    let text = small_file::read(git_file, LARGEST).ok()?;
    let own = work_tree.join(text.strip_prefix("gitdir:")?.trim());
    let Ok(common) = small_file::read(&own.join("commondir"), LARGEST) else {
        // A submodule: a repository of its own, checked out here.
        return Some((own, work_tree.to_owned()));
    };
    let common = own.join(common.trim()).canonicalize().ok()?;
    // `.git` and a hidden bare repository (`.bare`) lie in the folder that people know.
    let is_hidden = common.file_name()?.to_string_lossy().starts_with('.');
    let main = if is_hidden { common.parent()?.to_owned() } else { common.clone() };
    Some((common, main))
}

/// The remotes of a git configuration, `origin` first. Included files and rewritten addresses
/// (`insteadOf`) are not followed.
fn remotes(config: &str) -> Vec<String> {
    let mut remote = None;
    let mut found: Vec<(bool, String)> = Vec::new();
    for line in config.lines().map(str::trim) {
        let mut setting = line;
        if let Some(heading) = line.strip_prefix('[') {
            // A setting may follow its heading on the same line.
            let (heading, rest) = heading.split_once(']').unwrap_or((heading, ""));
            let mut words = heading.splitn(2, char::is_whitespace);
            let is_remote = words.next().is_some_and(|word| word.eq_ignore_ascii_case("remote"));
            let name = words.next().map(|name| name.trim().trim_matches('"').to_owned());
            remote = name.filter(|_| is_remote);
            setting = rest.trim();
        }
        if let (Some(name), Some((key, value))) = (&remote, setting.split_once('='))
            && key.trim().eq_ignore_ascii_case("url")
            && let Some(url) = value.split([';', '#']).next()
            && let Some(url) = normal_remote(url.trim().trim_matches('"'))
        {
            found.push((name != "origin", url));
        }
    }
    found.sort_by_key(|(not_origin, _)| *not_origin);
    found.into_iter().map(|(_, url)| url).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remotes_of_a_configuration_are_found_origin_first() {
        let config = "[core]\n\tbare = false\n[remote \"fork\"]\n\turl = https://x.org/dana/web\n\
                      \tfetch = +refs/heads/*\n[branch \"main\"]\n\tremote = origin\n\
                      [remote \"origin\"]\n\turl = git@x.org:acme/web.git\n";
        assert_eq!(remotes(config), ["x.org/acme/web", "x.org/dana/web"]);
        assert!(remotes("").is_empty());
        let odd =
            "[Remote \"origin\"] URL = git@x.org:acme/web.git ; mine\n[remoteX \"a\"]\nurl=b:c/d";
        assert_eq!(remotes(odd), ["x.org/acme/web"]);
    }
}
