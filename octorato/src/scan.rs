//! Arms that a newcomer could declare, from the work that lies on the machine.
//!
//! A project is a git repository, or the folder itself where there is none. Projects below a
//! folder named `clients` (or the like) belong to the client whose folder they are in; any other
//! project is proposed as an arm of its own. What was done in the home folder or a temporary one
//! is proposed to nobody.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use octorato_core::{ArmId, Civil, ClientId, Period, Result, Root};
use octorato_finops::attribute::{Disk, FolderPath, LocalDisk};
use octorato_finops::logs::Reading;
use octorato_finops::report::{Dimension, Query, Report, Sums};

use crate::Workspace;
use crate::config::edit::NewArm;

/// Names of folders whose folders are clients.
const CLIENT_FOLDERS: [&str; 6] =
    ["clients", "customers", "clientes", "kunden", "clienti", "accounts"];

/// How deep repositories are looked for below a folder.
const DEPTH: usize = 4;

/// What a scan found.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The last whole month in the operator's zone.
    pub last_month: Period,
    /// What the declared arms spent in that month.
    pub covered: Sums,
    /// Arms for what no arm covers, the dearest of the last month first.
    pub proposals: Vec<Proposal>,
    /// Work of the last month that belongs to no arm and no proposal.
    pub rest: Sums,
    /// The report of the last month, by project, that the amounts are from.
    pub report: Report,
}

/// An arm that could be declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The arm, ready to be added.
    pub arm: NewArm,
    /// The repositories and folders that it would cover.
    pub projects: Vec<String>,
    /// What was spent there in the last month.
    pub last_month: Sums,
    /// What was spent there in all time.
    pub all_time: Sums,
}

pub(crate) fn scan(
    workspace: &Workspace,
    reading: &Reading,
    folders: &[PathBuf],
    now: Timestamp,
) -> Result<Scan> {
    let zone = &workspace.arms().zone;
    let last_month = Civil::Month.before(now, zone)?;
    let by_project = |period: Period| {
        let query =
            Query { by: vec![Dimension::Arm, Dimension::Project], period, ..Query::all(zone) };
        workspace.report_on(reading, &query)
    };
    let (month, all_time) = (by_project(last_month.clone())?, by_project(Period::all(zone))?);

    let mut spent = unattributed_projects(&all_time);
    for repository in repositories(workspace, folders, spent.keys())? {
        spent.entry(repository).or_default();
    }
    let of_month = unattributed_projects(&month);

    let home = std::env::home_dir().and_then(|home| home.to_str().map(str::to_owned));
    let mut proposals: BTreeMap<String, Proposal> = BTreeMap::new();
    let mut rest = Sums::default();
    for (project, sums) in spent {
        let last_month = of_month.get(&project).cloned().unwrap_or_default();
        let Some((root, name)) = root_of(&project, home.as_deref()) else {
            rest.add(&last_month)?;
            continue;
        };
        let Some((arm, client)) = ArmId::suggest(&name).zip(ClientId::suggest(&name)) else {
            rest.add(&last_month)?;
            continue;
        };
        let proposal = proposals.entry(root.clone()).or_insert_with(|| Proposal {
            arm: NewArm {
                id: arm,
                client,
                roots: vec![Root { path: root, from: None }],
                remotes: Vec::new(),
            },
            projects: Vec::new(),
            last_month: Sums::default(),
            all_time: Sums::default(),
        });
        proposal.projects.push(project);
        proposal.last_month.add(&last_month)?;
        proposal.all_time.add(&sums)?;
    }
    let mut proposals: Vec<Proposal> = proposals.into_values().collect();
    let cost =
        |sums: &Sums| (sums.list_cost().map(octorato_core::Money::pico), sums.usage.tokens());
    proposals.sort_by_key(|proposal| {
        std::cmp::Reverse((cost(&proposal.last_month), cost(&proposal.all_time)))
    });
    make_unique(&mut proposals, workspace);

    let mut covered = Sums::default();
    for row in month.rows.iter().filter(|row| row.key[0].is_some()) {
        covered.add(&row.sums)?;
    }
    Ok(Scan { last_month, covered, proposals, rest, report: month })
}

/// Projects and sums of the rows without an arm.
fn unattributed_projects(report: &Report) -> BTreeMap<String, Sums> {
    let rows = report.rows.iter().filter(|row| row.key[0].is_none());
    rows.filter_map(|row| Some((row.key[1].as_ref()?.to_string(), row.sums.clone()))).collect()
}

/// The folder and the name of the arm that a project would belong to; nothing for places where
/// nobody's work is: the home folder and above, temporary folders.
fn root_of(project: &str, home: Option<&str>) -> Option<(String, String)> {
    let slash = if project.contains('/') { '/' } else { '\\' };
    let names: Vec<&str> = project.split(slash).filter(|name| !name.is_empty()).collect();
    let client =
        names.iter().position(|name| CLIENT_FOLDERS.contains(&name.to_lowercase().as_str()));
    if let Some(at) = client
        && let Some(name) = names.get(at + 1)
    {
        let lead = project.len() - project.trim_start_matches(slash).len();
        let root = names[..at + 2].join(&slash.to_string());
        return Some((project[..lead].to_owned() + &root, (*name).to_owned()));
    }
    let path = FolderPath::new(project);
    let is_temporary = ["/tmp", "/private/tmp", "/var/folders", "/private/var/folders", "/var/tmp"]
        .iter()
        .any(|folder| FolderPath::new(folder).contains(&path));
    let is_above_home = home.is_some_and(|home| path.contains(&FolderPath::new(home)));
    let name = (*names.last()?).to_owned();
    (!is_temporary && !is_above_home).then(|| (project.to_owned(), name))
}

/// Git repositories below `folders`, or, where none are named, beside the projects that were
/// worked on; without those that an arm covers already.
fn repositories<'p>(
    workspace: &Workspace,
    folders: &[PathBuf],
    projects: impl Iterator<Item = &'p String>,
) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    if folders.is_empty() {
        let parents: BTreeSet<&Path> =
            projects.filter_map(|project| Path::new(project).parent()).collect();
        for parent in parents {
            find_repositories(parent, 1, &mut found);
        }
    }
    for folder in folders {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        find_repositories(&folder, DEPTH, &mut found);
    }
    let mut resolver = workspace.resolver()?;
    found.retain(|path| !resolver.covers(path));
    // A worktree stands for its repository.
    let main = |path: String| match LocalDisk.repository(&path) {
        Some(repository) => repository.main_work_tree,
        None => path,
    };
    Ok(found.into_iter().map(main).filter(|path| !resolver.covers(path)).collect())
}

fn find_repositories(folder: &Path, depth: usize, found: &mut BTreeSet<String>) {
    if folder.join(".git").exists() {
        found.extend(folder.to_str().map(str::to_owned));
        return;
    }
    if depth == 0 {
        return;
    }
    // A folder that cannot be listed has nothing to propose.
    let Ok(entries) = folder.read_dir() else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !name.starts_with('.') && name != "node_modules" && name != "target" {
            find_repositories(&entry.path(), depth - 1, found);
        }
    }
}

/// Two projects of the same name get different ids, and none gets that of a declared arm.
fn make_unique(proposals: &mut [Proposal], workspace: &Workspace) {
    let mut taken: HashSet<ArmId> =
        workspace.arms().arms.iter().map(|arm| arm.id.clone()).collect();
    for proposal in proposals {
        let base = proposal.arm.id.clone();
        let mut number = 2;
        while !taken.insert(proposal.arm.id.clone()) {
            let stem: String = base.as_str().chars().take(60).collect();
            if let Ok(id) = ArmId::new(&format!("{stem}-{number}")) {
                proposal.arm.id = id;
            }
            number += 1;
        }
        if proposal.arm.id != base
            && let Ok(client) = ClientId::new(proposal.arm.id.as_str())
        {
            proposal.arm.client = client;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_client_is_one_arm_and_any_other_project_its_own() {
        let root = |project| root_of(project, Some("/home/dana"));
        let some = |root: &str, name: &str| Some((root.to_owned(), name.to_owned()));
        assert_eq!(root("/home/dana/clients/acme/web"), some("/home/dana/clients/acme", "acme"));
        assert_eq!(root("/home/dana/Kunden/Café Z"), some("/home/dana/Kunden/Café Z", "Café Z"));
        assert_eq!(root("/home/dana/src/tool"), some("/home/dana/src/tool", "tool"));
        assert_eq!(root(r"C:\clients\acme\web"), some(r"C:\clients\acme", "acme"));
        for nobodys in ["/", "/home/dana", "/home", "/tmp/x", "/private/tmp/x/y"] {
            assert_eq!(root(nobodys), None, "{nobodys}");
        }
    }
}
