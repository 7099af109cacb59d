//! Which projects are one client's ground.
//!
//! A project is a git repository, or the folder itself where there is none. The rules, the first
//! that fits:
//!
//! 1. Below a folder named `clients` (or the like) each folder is a client, with all projects in
//!    it. Of several such folders on the way from the home folder the last one counts.
//! 2. Nobody's: the home folder and what it lies in, homes of others (`/home/*`, `/Users/*`,
//!    `C:\Users\*`), temporary folders, folders of clients as such, and what is under a declared
//!    root; also a folder right below `/` that is no repository.
//! 3. A folder that is no repository belongs to the innermost repository that it lies in, else to
//!    the highest whole, so that the parts of a project are one. A whole is a folder whose parts
//!    lie in one another: where two lie apart, at any depth, each is on its own, since two clients
//!    in one arm are worse than one client in two.
//! 4. Hidden folders, and those with a name such as `src` or `work` that are no repositories, are
//!    parts of a whole or nobody's: as an arm such a folder would take in every later project.
//! 5. Anything else is an arm of its own.

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
    let wholes: Vec<&Ground> = grounds.iter().filter(|ground| ground.is_whole(&grounds)).collect();
    let mut roots: Vec<(FolderPath, Root)> = Vec::new();
    grounds
        .iter()
        .map(|ground| {
            let (path, name) = match ground {
                Ground::Nobodys => return None,
                Ground::Client { path, name } => (path, name),
                Ground::Own { .. } | Ground::Part { .. } => match (ground.whole(&wholes), ground) {
                    (Some(whole), _) => whole,
                    (None, Ground::Own { path, name, .. }) => (path, name),
                    (None, _) => return None,
                },
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
    /// Could be a part of one, and no more.
    Part {
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
        let is_repository = project.is_repository;
        if is_in(&CLIENT_FOLDERS, name) || is_home(&names) || (folder.depth() < 2 && !is_repository)
        {
            return Self::Nobodys;
        }
        let is_hidden = names[above.min(names.len())..].iter().any(|name| is_hidden(name));
        if is_hidden || (is_in(&WORK_FOLDERS, name) && !is_repository) {
            return Self::Part { folder };
        }
        Self::Own { folder, path: path.to_owned(), name: (*name).to_owned(), is_repository }
    }

    /// What this one is a part of: the innermost repository, else the highest of the wholes.
    fn whole<'g>(&self, wholes: &[&'g Self]) -> Option<(&'g String, &'g String)> {
        let (Self::Own { folder: part, is_repository: false, .. } | Self::Part { folder: part }) =
            self
        else {
            return None;
        };
        let above = wholes.iter().filter_map(|whole| match whole {
            Self::Own { folder, path, name, is_repository } => {
                let rank = if *is_repository {
                    (true, folder.depth())
                } else {
                    (false, usize::MAX - folder.depth())
                };
                is_below(part, folder).then_some((rank, path, name))
            }
            _ => None,
        });
        let (_, path, name) = above.max_by_key(|(rank, ..)| *rank)?;
        Some((path, name))
    }

    /// Whether all that lies below it is one with it, as far as anybody can tell.
    fn is_whole(&self, grounds: &[Self]) -> bool {
        let Self::Own { folder: whole, is_repository, .. } = self else { return false };
        if *is_repository {
            return true;
        }
        let mut parts: Vec<(&FolderPath, bool)> = Vec::new();
        for ground in grounds {
            if let Self::Own { folder, is_repository, .. } = ground
                && is_below(folder, whole)
            {
                parts.push((folder, *is_repository));
            }
        }
        parts.sort_by_key(|(folder, _)| folder.depth());
        let mut innermost: Option<(&FolderPath, bool)> = None;
        for (folder, is_repository) in parts {
            match innermost {
                Some((around, _)) if !around.contains(folder) => return false,
                // What lies in a repository is the repository's.
                Some((_, true)) => {}
                _ => innermost = Some((folder, is_repository)),
            }
        }
        true
    }
}

fn is_below(folder: &FolderPath, other: &FolderPath) -> bool {
    other.depth() < folder.depth() && other.contains(folder)
}

/// Whether it is somebody's home folder, or the folder of these: also in another system's way of
/// writing drives, since logs may be from another machine.
fn is_home(names: &[&str]) -> bool {
    let below_drive = match names {
        ["mnt", drive, rest @ ..] | [drive, rest @ ..]
            if drive.trim_end_matches(':').len() == 1 =>
        {
            rest
        }
        ["var", rest @ ..] => rest,
        all => all,
    };
    matches!(below_drive, [homes] | [homes, _] if is_in(&["home", "users"], homes))
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
            "/Users/eve",
            "+/Users/eve",
            "/var/home/eve",
            "/mnt/c/Users/eve",
            r"C:\Users",
            r"C:\Users\eve",
            "C:/Users/eve",
            "/srv",
            "/home/dana/work",
            "/home/dana/src",
            "/home/eve/Code",
            r"D:\projects",
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
            ("/x/app/src", "/x/app"),
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
            ("/home/bob/work", ""),
            ("/home/bob/work/acme", "/home/bob/work/acme"),
            ("/home/bob/work/globex", "/home/bob/work/globex"),
        ]);
    }

    #[test]
    fn no_folder_joins_what_lies_apart_in_it() {
        for (gathering, itself) in [
            ("/Users/eve", ""),
            (r"C:\Users\eve", ""),
            ("/srv", ""),
            ("/home/dana", ""),
            ("/home/dana/agency", "/home/dana/agency"),
        ] {
            let slash = if gathering.contains('/') { "/" } else { "\\" };
            let [one, two, web] =
                ["shop", "shop2", "shop/web"].map(|name| gathering.to_owned() + slash + name);
            check(&[(gathering, itself), (&one, &one), (&two, &two)]);
            // Also where nothing was done in `shop` itself.
            check(&[(gathering, itself), (&web, &web), (&two, &two)]);
        }
        // A fork is one wherever it is.
        check(&[
            ("/x/all", "/x/all"),
            ("/x/all/customers-2026/acme", "/x/all/customers-2026/acme"),
            ("/x/all/customers-2026/globex", "/x/all/customers-2026/globex"),
        ]);
        // A repository is no part, but as much a client's as a folder beside it.
        check(&[
            ("/x/some", "/x/some"),
            ("+/x/some/acme", "/x/some/acme"),
            ("/x/some/acme/api", "/x/some/acme"),
            ("/x/some/acme/web", "/x/some/acme"),
            ("/x/some/globex", "/x/some/globex"),
        ]);
    }

    #[test]
    fn a_repository_is_one_project_whatever_its_name_and_place() {
        check(&[
            ("+/work", "/work"),
            ("/work/api", "/work"),
            ("/work/web", "/work"),
            ("+/home/dana/x/src", "/home/dana/x/src"),
        ]);
        // What lies apart in a repository does not part what that one lies in.
        check(&[
            ("/x/app", "/x/app"),
            ("/x/app/src", "/x/app"),
            ("+/x/app/vendor/lib", "/x/app/vendor/lib"),
            ("/x/app/vendor/lib/api", "/x/app/vendor/lib"),
            ("/x/app/vendor/lib/web", "/x/app/vendor/lib"),
        ]);
    }

    #[test]
    fn one_folder_in_two_spellings_is_one_root() {
        let roots = roots_of(&["/x/clients/Caf\u{e9}/a", "/x/clients/Cafe\u{301}/b"]);
        assert_eq!(roots[0], roots[1]);
    }
}
