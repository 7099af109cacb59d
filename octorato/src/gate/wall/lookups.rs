//! The disk, asked once where each link leads.

use std::path::Path;

use octorato_finops::attribute::{self, LocalDisk, Repository};

use super::disk::{Disk, Identity, Name};

/// This machine's disk for one hook: what was found of a link is kept, since the roots of all arms
/// and the words of a command lie in the same few folders.
#[derive(Debug, Default)]
pub(in crate::gate) struct Lookups {
    #[cfg(target_os = "linux")]
    links: linux::Links,
}

impl attribute::Disk for Lookups {
    fn real_path(&self, path: &str) -> Option<String> {
        #[cfg(target_os = "linux")]
        if self.links.ends_in_a_link(path) == Some(false) {
            return Some(path.to_owned());
        }
        attribute::Disk::real_path(&LocalDisk, path)
    }

    fn repository(&self, path: &str) -> Option<Repository> {
        attribute::Disk::repository(&LocalDisk, path)
    }

    fn absolute(&self, file: &Path) -> Option<String> {
        attribute::Disk::absolute(&LocalDisk, file)
    }
}

impl Disk for Lookups {
    #[cfg(target_os = "linux")]
    fn real(&self, path: &str) -> Option<String> {
        self.links.followed(path)
    }

    // Elsewhere the system tells more than links: in which case a name is really written.
    #[cfg(not(target_os = "linux"))]
    fn real(&self, path: &str) -> Option<String> {
        LocalDisk.real(path)
    }

    fn identity(&self, path: &str) -> Option<Identity> {
        LocalDisk.identity(path)
    }

    fn is_link(&self, path: &str) -> bool {
        #[cfg(target_os = "linux")]
        if let Some(is_link) = self.links.ends_in_a_link(path) {
            return is_link;
        }
        LocalDisk.is_link(path)
    }

    fn names(&self, folder: &str) -> Vec<Name> {
        LocalDisk.names(folder)
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::io::ErrorKind;
    use std::sync::{Mutex, PoisonError};

    /// As many links as the system follows.
    const MOST_LINKS: usize = 40;
    /// The longest path that the system takes: what is longer leads nowhere as it is written.
    const LONGEST: usize = 4_096;

    /// What was found of the paths that were asked for.
    #[derive(Debug, Default)]
    pub(super) struct Links {
        known: Mutex<HashMap<String, Found>>,
    }

    #[derive(Debug)]
    enum Found {
        /// It is not there.
        Nothing,
        /// It is there, and no link.
        Plain,
        /// It leads elsewhere; nothing where that is no UTF-8.
        Link(Option<String>),
        /// It cannot be told.
        Unknown,
    }

    impl Found {
        fn of(path: &str) -> Self {
            match std::fs::read_link(path) {
                Ok(target) => Self::Link(target.into_os_string().into_string().ok()),
                Err(error) => match error.kind() {
                    ErrorKind::InvalidInput => Self::Plain,
                    ErrorKind::NotFound => Self::Nothing,
                    _ => Self::Unknown,
                },
            }
        }
    }

    impl Links {
        fn find<'k>(known: &'k mut HashMap<String, Found>, path: &str) -> &'k Found {
            if !known.contains_key(path) {
                known.insert(path.to_owned(), Found::of(path));
            }
            known.get(path).unwrap_or(&Found::Unknown)
        }

        /// Whether a path ends in a link, of one that has none above its end: it really lies where it
        /// is written. Nothing where more has to be asked.
        pub(super) fn ends_in_a_link(&self, path: &str) -> Option<bool> {
            let names = path.strip_prefix('/').filter(|_| path.len() <= LONGEST)?;
            if names.split('/').any(|name| matches!(name, "" | "." | "..")) {
                return None;
            }
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for (end, _) in path.match_indices('/').skip(1) {
                match Self::find(&mut known, &path[..end]) {
                    Found::Plain => {}
                    Found::Nothing => return Some(false),
                    Found::Link(_) | Found::Unknown => return None,
                }
            }
            match Self::find(&mut known, path) {
                Found::Plain | Found::Nothing => Some(false),
                Found::Link(_) => Some(true),
                Found::Unknown => None,
            }
        }

        /// The path without links, those to what does not exist included, as far as it exists.
        pub(super) fn followed(&self, path: &str) -> Option<String> {
            if !path.starts_with('/') {
                return None;
            }
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let mut left = MOST_LINKS;
            let mut real = String::with_capacity(path.len());
            let mut names: Vec<String> = Vec::new();
            let mut written = path.split('/');
            loop {
                // What a link says comes before the rest of what is written.
                let name = match names.pop() {
                    Some(name) => name,
                    None => match written.next() {
                        Some(name) => name.to_owned(),
                        None => break,
                    },
                };
                match name.as_str() {
                    "" | "." => continue,
                    ".." => {
                        real.truncate(real.rfind('/').unwrap_or(0));
                        continue;
                    }
                    _ => {}
                }
                let folder = real.len();
                real.push('/');
                real.push_str(&name);
                if real.len() > LONGEST || left == 0 {
                    continue;
                }
                let Found::Link(target) = Self::find(&mut known, &real) else { continue };
                let target = target.as_ref()?;
                left -= 1;
                real.truncate(if target.starts_with('/') { 0 } else { folder });
                names.extend(target.split('/').rev().map(str::to_owned));
            }
            if real.is_empty() {
                real.push('/');
            }
            Some(real)
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

    use std::os::unix::fs::symlink;

    use super::*;

    /// What was seen is what the system says, link by link, also of what is not there.
    #[test]
    fn links_lead_where_the_system_says() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let root = root.to_str().unwrap();
        for made in ["a/b/c", "d"] {
            std::fs::create_dir_all(format!("{root}/{made}")).unwrap();
        }
        std::fs::write(format!("{root}/a/file"), "").unwrap();
        for (link, target) in [
            ("d/up", "../a/b"),
            ("d/whole", &format!("{root}/a")),
            ("d/twice", "up/../file"),
            ("d/nowhere", "../gone/x"),
            ("d/round", "trip"),
            ("d/trip", "round"),
            ("d/self", "."),
            ("d/top", "/"),
        ] {
            symlink(target, format!("{root}/{link}")).unwrap();
        }
        let disk = Lookups::default();
        for _ in 0..2 {
            for path in [
                "",
                "/",
                "/a/b/c",
                "/d/up",
                "/d/up/c",
                "/d/up/..",
                "/d/up/../file",
                "/d/whole/b",
                "/d/twice",
                "/d/nowhere",
                "/d/nowhere/more",
                "/d/nowhere/../y",
                "/d/self/self/up",
                "/d/top/tmp",
                "/gone",
                "/gone/../a",
                "/a/file/..",
                "/a/file/x",
                "//a//./b/",
                "/../../..",
                "/d/up/gone/../../file",
            ] {
                let path = format!("{root}{path}");
                assert_eq!(disk.real(&path), LocalDisk.real(&path), "{path}");
                assert_eq!(disk.is_link(&path), LocalDisk.is_link(&path), "{path}");
                let real = attribute::Disk::real_path(&LocalDisk, &path);
                assert_eq!(attribute::Disk::real_path(&disk, &path), real, "{path}");
            }
            // What leads in a circle leads nowhere, but is told somehow.
            assert!(disk.real(&format!("{root}/d/round/x")).is_some());
        }
        assert_eq!(disk.real("relative/path"), None);
    }

    #[test]
    fn a_path_of_any_length_is_answered_at_once() {
        let long = format!("/{}", "a/".repeat(2 << 20));
        assert_eq!(Lookups::default().real(&long).map(|real| real.len()), Some(long.len() - 1));
    }
}
