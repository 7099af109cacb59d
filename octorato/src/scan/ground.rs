//! Which projects are one client's ground.
//!
//! A project is a git repository, or the folder itself where there is none. The rules, the first
//! that fits:
//!
//! 1. Below a folder named `clients` (or the like) each folder is a client, with all projects in
//!    it. Of several such folders on the way from the home folder the last one counts.
//! 2. Nobody's: the home folder and what it lies in, temporary and hidden folders, folders of
//!    clients as such, and what is under a declared root.
//! 3. A folder that is no repository belongs to the highest proposed folder that it lies in, so
//!    that the parts of a project are one. A folder of several repositories, or with a name such
//!    as `src` or `work`, is no such whole: what lies in it stays apart, since two clients in one
//!    arm are worse than one client in two.
//! 4. Anything else is an arm of its own.

use octorato_finops::attribute::FolderPath;

use crate::config::roots::same;

/// Names of folders whose folders are clients.
const CLIENT_FOLDERS: [&str; 6] =
    ["clients", "customers", "clientes", "kunden", "clienti", "accounts"];

/// Names of folders that hold the projects of many.
const WORK_FOLDERS: [&str; 14] = [
    "code",
    "desktop",
    "dev",
    "documents",
    "downloads",
    "git",
    "github",
    "projects",
    "repos",
    "repositories",
    "src",
    "work",
    "workspace",
    "workspaces",
];

const TEMPORARY_FOLDERS: [&str; 5] =
    ["/tmp", "/private/tmp", "/var/folders", "/private/var/folders", "/var/tmp"];

/// Where work was done.
#[derive(Clone, Debug)]
pub(super) struct Project {
    pub(super) path: String,
    /// Whether it is a git repository on this machine, and not only a folder.
    pub(super) is_repository: bool,
    /// Whether it lies under a declared root.
    pub(super) is_declared: bool,
}

/// The folder of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root {
    /// The same for the same root.
    pub(super) number: usize,
    pub(super) path: String,
    /// What the arm could be called.
    pub(super) name: String,
}

/// The root that each project would belong to.
pub(super) fn roots(projects: &[Project], home: Option<&str>) -> Vec<Option<Root>> {
    let home = home.map(FolderPath::new);
    let grounds: Vec<Ground> =
        projects.iter().map(|project| Ground::of(project, home.as_ref())).collect();
    let mut roots: Vec<(FolderPath, Root)> = Vec::new();
    grounds
        .iter()
        .map(|ground| {
            let (path, name) = match ground {
                Ground::Nobodys => return None,
                Ground::Client { path, name } => (path, name),
                Ground::Own { .. } | Ground::Hidden { .. } => {
                    match (ground.whole(&grounds), ground) {
                        (Some(whole), _) => whole,
                        (None, Ground::Own { path, name, .. }) => (path, name),
                        (None, _) => return None,
                    }
                }
            };
            let folder = FolderPath::new(path);
            if let Some((_, root)) = roots.iter().find(|(known, _)| same(known, &folder)) {
                return Some(root.clone());
            }
            let root = Root { number: roots.len(), path: path.clone(), name: name.clone() };
            roots.push((folder, root.clone()));
            Some(root)
        })
        .collect()
}

/// What one project says of itself.
#[derive(Debug)]
enum Ground {
    Nobodys,
    /// In a folder of clients.
    Client {
        path: String,
        name: String,
    },
    /// Could be an arm.
    Own {
        folder: FolderPath,
        path: String,
        name: String,
        is_repository: bool,
    },
    /// Could be a part of one.
    Hidden {
        folder: FolderPath,
    },
}

impl Ground {
    fn of(project: &Project, home: Option<&FolderPath>) -> Self {
        let path = project.path.as_str();
        let folder = FolderPath::new(path);
        if project.is_declared || !folder.is_absolute() {
            return Self::Nobodys;
        }
        let slash = if path.contains('/') { '/' } else { '\\' };
        let names: Vec<&str> = path.split(slash).filter(|name| !name.is_empty()).collect();
        let above = home.filter(|home| home.contains(&folder)).map_or(0, FolderPath::depth);
        let is_client = |at: &usize| {
            let name = names.get(at + 1);
            is_in(&CLIENT_FOLDERS, names[*at])
                && name.is_some_and(|name| !is_in(&CLIENT_FOLDERS, name) && !is_hidden(name))
        };
        if let Some(at) = (above..names.len()).rev().find(is_client) {
            let lead = path.len() - path.trim_start_matches(slash).len();
            let root = names[..at + 2].join(&slash.to_string());
            let name = names[at + 1].to_owned();
            return Self::Client { path: path[..lead].to_owned() + &root, name };
        }
        let is_temporary =
            TEMPORARY_FOLDERS.iter().any(|name| FolderPath::new(name).contains(&folder));
        let is_above_home = home.is_some_and(|home| folder.contains(home));
        let Some(name) = names.last().filter(|_| !is_temporary && !is_above_home) else {
            return Self::Nobodys;
        };
        if is_in(&CLIENT_FOLDERS, name) {
            return Self::Nobodys;
        }
        if names[above.min(names.len())..].iter().any(|name| is_hidden(name)) {
            return Self::Hidden { folder };
        }
        Self::Own {
            folder,
            path: path.to_owned(),
            name: (*name).to_owned(),
            is_repository: project.is_repository,
        }
    }

    /// The highest ground that this one is a part of.
    fn whole<'g>(&self, grounds: &'g [Self]) -> Option<(&'g String, &'g String)> {
        let (Self::Own { folder: part, is_repository: false, .. } | Self::Hidden { folder: part }) =
            self
        else {
            return None;
        };
        let wholes = grounds.iter().filter_map(|ground| match ground {
            Self::Own { folder, path, name, is_repository } => {
                let is_above = folder.depth() < part.depth() && folder.contains(part);
                let is_whole = || *is_repository || !is_gathering(folder, name, grounds);
                (is_above && is_whole()).then_some((folder.depth(), path, name))
            }
            _ => None,
        });
        let highest = wholes.min_by_key(|(depth, ..)| *depth)?;
        Some((highest.1, highest.2))
    }
}

/// Whether a folder holds what has nothing to do with each other.
fn is_gathering(folder: &FolderPath, name: &str, grounds: &[Ground]) -> bool {
    let is_below = |ground: &&Ground| match ground {
        Ground::Own { folder: other, is_repository: true, .. } => folder.contains(other),
        _ => false,
    };
    is_in(&WORK_FOLDERS, name) || grounds.iter().filter(is_below).count() > 1
}

fn is_in(names: &[&str], name: &str) -> bool {
    names.contains(&name.to_lowercase().as_str())
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root of each project; `+` before one that is a repository.
    fn roots_of(projects: &[&str]) -> Vec<Option<String>> {
        let projects: Vec<Project> = projects
            .iter()
            .map(|path| Project {
                path: path.trim_start_matches('+').to_owned(),
                is_repository: path.starts_with('+'),
                is_declared: false,
            })
            .collect();
        let roots = roots(&projects, Some("/home/dana"));
        roots.into_iter().map(|root| root.map(|root| root.path)).collect()
    }

    fn check(expected: &[(&str, &str)]) {
        let projects: Vec<&str> = expected.iter().map(|(project, _)| *project).collect();
        let some = |(_, root): &(&str, &str)| Some((*root).to_owned()).filter(|r| !r.is_empty());
        assert_eq!(roots_of(&projects), expected.iter().map(some).collect::<Vec<_>>());
        // In any order.
        let reversed: Vec<_> = projects.iter().rev().copied().collect();
        let mut again = roots_of(&reversed);
        again.reverse();
        assert_eq!(again, roots_of(&projects));
    }

    #[test]
    fn the_folder_of_a_client_is_one_arm_and_any_other_project_its_own() {
        for (project, root) in [
            ("/home/dana/clients/acme/web", "/home/dana/clients/acme"),
            ("/home/dana/Kunden/Café Z", "/home/dana/Kunden/Café Z"),
            ("/home/dana/src/tool", "/home/dana/src/tool"),
            (r"C:\clients\acme\web", r"C:\clients\acme"),
            ("/srv/clients/old/clients/acme/web", "/srv/clients/old/clients/acme"),
            ("/home/dana/clients/acme/src/clients", "/home/dana/clients/acme"),
        ] {
            check(&[(project, root)]);
        }
    }

    #[test]
    fn where_nobody_s_work_is_nothing_is_proposed() {
        for path in [
            "/",
            "/home/dana",
            "/home",
            "/tmp/x",
            "/private/tmp/x/y",
            "/home/dana/clients",
            "+/home/dana/clients",
            "/home/dana/clients/clients",
            "/home/dana/clients/.cache/x",
            "/home/dana/.claude",
            "/home/dana/.config/octorato",
            "x/y",
            "",
        ] {
            check(&[(path, "")]);
        }
    }

    #[test]
    fn a_folder_of_clients_above_the_home_folder_names_nobody() {
        let projects = ["/home/clients/dana/src/x", "/home/clients/dana/clients/acme/web"]
            .map(|path| Project { path: path.into(), is_repository: false, is_declared: false });
        let roots = roots(&projects, Some("/home/clients/dana"));
        let paths: Vec<_> = roots.iter().flatten().map(|root| root.path.as_str()).collect();
        assert_eq!(paths, ["/home/clients/dana/src/x", "/home/clients/dana/clients/acme"]);
    }

    #[test]
    fn the_parts_of_a_project_are_one() {
        check(&[
            ("/x/app", "/x/app"),
            ("/x/app/.github", "/x/app"),
            ("/x/app/dashboard/public", "/x/app"),
            ("/x/app/dashboard", "/x/app"),
            ("+/x/app/vendor/lib", "/x/app/vendor/lib"),
            ("/x/app-2", "/x/app-2"),
            (r"C:\y\App", r"C:\y\App"),
            (r"c:\y\app\web", r"C:\y\App"),
        ]);
    }

    #[test]
    fn a_folder_of_many_projects_does_not_join_them() {
        check(&[
            ("/x/all", "/x/all"),
            ("+/x/all/one", "/x/all/one"),
            ("+/x/all/two", "/x/all/two"),
            ("/x/all/three", "/x/all/three"),
            ("/x/all/three/web", "/x/all/three"),
        ]);
        check(&[
            ("/home/bob/work", "/home/bob/work"),
            ("/home/bob/work/acme", "/home/bob/work/acme"),
            ("/home/bob/work/globex", "/home/bob/work/globex"),
        ]);
    }

    #[test]
    fn one_folder_in_two_spellings_is_one_root() {
        let roots = roots_of(&["/x/clients/Caf\u{e9}/a", "/x/clients/Cafe\u{301}/b"]);
        assert_eq!(roots[0], roots[1]);
    }
}
