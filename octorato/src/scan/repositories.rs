//! Git repositories on this machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use octorato_core::Result;
use octorato_finops::attribute::{Disk, LocalDisk};

use crate::Workspace;

/// How deep repositories are looked for below a folder.
const DEPTH: usize = 4;

/// Git repositories below `folders`, or, where none are named, beside the projects that were
/// worked on; without those that an arm covers already.
pub(super) fn repositories(
    workspace: &Workspace,
    folders: &[PathBuf],
    projects: &[String],
) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    if folders.is_empty() {
        let parents: BTreeSet<&Path> =
            projects.iter().filter_map(|project| Path::new(project).parent()).collect();
        for parent in parents {
            find(parent, 1, &mut found);
        }
    }
    for folder in folders {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        find(&folder, DEPTH, &mut found);
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

fn find(folder: &Path, depth: usize, found: &mut BTreeSet<String>) {
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
            find(&entry.path(), depth - 1, found);
        }
    }
}
