//! Whether what is private stays so.

use std::path::{Path, PathBuf};

use octorato_core::Diagnostic;

use crate::config::codes::doctor as codes;
use crate::config::places::{Places, git_work_tree, lies_in};

/// Places that others could read, change or publish.
pub(super) fn findings(places: &Places) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for folder in [&places.home, &places.state] {
        if let Some(tree) = git_work_tree(folder) {
            let message = format!(
                "private files lie in a git work tree (`{}`): `{}`",
                tree.display(),
                folder.display()
            );
            let finding = Diagnostic::error(codes::NOT_PRIVATE, message);
            findings.push(finding.hinted("move them out of it, and look what was pushed"));
        }
        if let Some(brain) = places.brain.as_deref().filter(|brain| lies_in(folder, brain)) {
            let message = format!(
                "private files lie in the brain (`{}`): `{}`",
                brain.display(),
                folder.display()
            );
            let finding = Diagnostic::error(codes::NOT_PRIVATE, message);
            findings.push(finding.hinted("move them out of it, and look what was pushed"));
        }
    }
    for path in private(places) {
        if let Some(mode) = open_mode(&path) {
            let message =
                format!("others may open it (its mode is {mode:03o}): `{}`", path.display());
            let hint = format!("chmod go= '{}'", path.display());
            findings.push(Diagnostic::error(codes::NOT_PRIVATE, message).hinted(hint));
        }
    }
    findings
}

/// Everything that is its owner's alone, where it is there.
fn private(places: &Places) -> Vec<PathBuf> {
    let mut paths = vec![
        places.home.clone(),
        places.arms(),
        places.budgets(),
        places.prices(),
        places.state.clone(),
        places.ledger(),
        places.last_policy(),
    ];
    // A file in a folder that others may not enter is closed to them, whatever its own mode is.
    let is_shut = |path: &Path| path.parent().is_some_and(is_closed);
    paths.retain(|path| !is_shut(path));
    paths
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

/// The mode of what others may open.
fn open_mode(path: &Path) -> Option<u32> {
    const OTHERS: u32 = 0o077;
    mode(path).filter(|mode| mode & OTHERS != 0)
}

fn is_closed(folder: &Path) -> bool {
    mode(folder).is_some() && open_mode(folder).is_none()
}
