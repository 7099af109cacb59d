//! Who owns which part of the disk.

use std::collections::HashMap;

use jiff::Timestamp;
use octorato_core::{ArmId, Arms, Period, Result};
use octorato_finops::attribute::{FolderPath, matches_remote, normal_remote_pattern};

use super::disk::Disk;

/// Whose a part of the disk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// An arm's.
    Arm(ArmId),
    /// Octorato's own: configuration, ledger, keys.
    Octorato,
    /// An agent's notes of the work of all arms: transcripts and what lies beside them.
    Transcripts,
    /// Of such notes, those of the session that asks.
    OwnTranscripts,
}

/// A folder or file and all that is below it.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    pub(super) path: FolderPath,
    pub(super) text: String,
    pub(super) owner: Owner,
    /// Of two plots at one place the later one holds.
    from: Option<Timestamp>,
}

/// All plots, and what belongs to an arm wherever it lies.
pub(super) struct Plots {
    list: Vec<Plot>,
    remotes: Vec<(String, ArmId)>,
    /// Where folders really lie.
    folders: HashMap<String, Option<String>>,
}

impl Plots {
    /// The roots that are in force at `now`, as they are written and as they really lie.
    pub(super) fn of(arms: &Arms, now: Timestamp, disk: &dyn Disk) -> Result<Self> {
        let mut plots = Self { list: Vec::new(), remotes: Vec::new(), folders: HashMap::new() };
        for arm in &arms.arms {
            for root in &arm.roots {
                let from = match root.from {
                    Some(date) => Period::days(Some(date), None, &arms.zone)?.start(),
                    None => None,
                };
                if from.is_none_or(|from| from <= now) {
                    plots.add_from(&root.path, &Owner::Arm(arm.id.clone()), from, disk);
                }
            }
            let patterns = arm.remotes.iter().filter_map(|remote| normal_remote_pattern(remote));
            plots.remotes.extend(patterns.map(|pattern| (pattern, arm.id.clone())));
        }
        plots.remotes.sort_by_key(|(pattern, _)| {
            let said = pattern.bytes().filter(|&byte| byte != b'*').count();
            (std::cmp::Reverse(said), pattern.clone())
        });
        Ok(plots)
    }

    /// Adds a place, as it is written and as it really lies.
    pub(super) fn add(&mut self, path: &str, owner: &Owner, disk: &dyn Disk) {
        self.add_from(path, owner, None, disk);
    }

    fn add_from(&mut self, path: &str, owner: &Owner, from: Option<Timestamp>, disk: &dyn Disk) {
        let add = |plots: &mut Self, text: &str| {
            let path = FolderPath::new(text);
            let text = path.to_string();
            if path.is_absolute() {
                plots.list.push(Plot { path, text, owner: owner.clone(), from });
            }
        };
        add(self, path);
        if let Some(real) = self.real(path, disk)
            && FolderPath::new(&real) != FolderPath::new(path)
        {
            add(self, &real);
        }
    }

    /// Where a place really lies. Many lie beside each other: their folder is looked up once.
    fn real(&mut self, path: &str, disk: &dyn Disk) -> Option<String> {
        let Some((folder, name)) = path.rsplit_once('/').filter(|(folder, name)| {
            !folder.is_empty() && !matches!(*name, "" | "." | "..") && !disk.is_link(path)
        }) else {
            return disk.real(path);
        };
        let known = self.folders.entry(folder.to_owned()).or_insert_with(|| disk.real(folder));
        known.as_ref().map(|folder| format!("{}/{name}", folder.trim_end_matches('/')))
    }

    /// Whether a folder lies among the notes that agents keep.
    pub(super) fn is_transcripts(&self, folder: &str, disk: &dyn Disk) -> bool {
        let real = disk.real(folder).unwrap_or_else(|| folder.to_owned());
        let paths = [FolderPath::new(folder), FolderPath::new(&real)];
        let mut plots = self.list.iter().filter(|plot| plot.owner == Owner::Transcripts);
        // The folder that has them all is nobody's own.
        plots.any(|plot| {
            paths.iter().any(|path| plot.path.contains(path) && plot.path.depth() < path.depth())
        })
    }

    /// The plots that somebody else than the session owns.
    pub(super) fn closed<'p>(&'p self, arm: Option<&'p ArmId>) -> impl Iterator<Item = &'p Plot> {
        self.list.iter().filter(move |plot| is_closed(&plot.owner, arm))
    }

    /// Who owns a path: the deepest plot that contains it. A path in another case counts as well,
    /// unless it is known to be another file.
    pub(super) fn owner(&self, path: &FolderPath, disk: &dyn Disk) -> Option<&Owner> {
        let rank = |plot: &&Plot| {
            let is_octorato = !matches!(plot.owner, Owner::Arm(_));
            (plot.path.depth(), is_octorato, plot.from)
        };
        let exact = self.list.iter().filter(|plot| plot.path.contains(path)).max_by_key(rank);
        let depth = exact.map(|plot| plot.path.depth());
        let folded = self.list.iter().filter(|plot| {
            depth.is_none_or(|depth| plot.path.depth() > depth)
                && is_same_but_for_case(plot.path.names(), path)
                && !is_known_to_differ(plot, path, disk)
        });
        folded.max_by_key(rank).or(exact).map(|plot| &plot.owner)
    }

    /// Whether something that is closed to the session lies below a path.
    pub(super) fn is_any_closed_below(
        &self,
        path: &FolderPath,
        arm: Option<&ArmId>,
        disk: &dyn Disk,
    ) -> bool {
        self.closed(arm).any(|plot| {
            let is_below = path.contains(&plot.path)
                || is_same_but_for_case(path.names(), &plot.path)
                    && disk.identity(&path.to_string()).is_some_and(|found| {
                        let above = upper(&plot.path, path.depth());
                        disk.identity(&above).is_some_and(|real| is_one(found, real))
                    });
            // Only what exists can be found by a search.
            is_below && (!matches!(plot.owner, Owner::Transcripts) || exists(plot, disk))
        })
    }

    /// The arm of a repository that lies outside of all plots: that of its main checkout, else the
    /// one whose remotes it has.
    pub(super) fn owner_of_repository(&self, path: &str, disk: &dyn Disk) -> Option<Owner> {
        let repository = disk.repository(path)?;
        let main = FolderPath::new(&repository.main_work_tree);
        if let Some(owner) = self.owner(&main, disk) {
            return Some(owner.clone());
        }
        let (_, arm) = self.remotes.iter().find(|(pattern, _)| {
            repository.remotes.iter().any(|remote| matches_remote(pattern, remote))
        })?;
        Some(Owner::Arm(arm.clone()))
    }
}

/// Whether a session of an arm (or of none) is kept out.
pub(super) fn is_closed(owner: &Owner, arm: Option<&ArmId>) -> bool {
    match owner {
        Owner::Arm(owner) => arm != Some(owner),
        Owner::Octorato | Owner::Transcripts => true,
        Owner::OwnTranscripts => false,
    }
}

fn exists(plot: &Plot, disk: &dyn Disk) -> bool {
    disk.identity(&plot.text).is_some()
}

fn is_one(a: super::disk::Identity, b: super::disk::Identity) -> bool {
    (a.device, a.number) == (b.device, b.number)
}

/// Whether `path` begins with these names in another case.
fn is_same_but_for_case(names: &[String], path: &FolderPath) -> bool {
    path.is_absolute()
        && names.len() <= path.depth()
        && names.iter().zip(path.names()).all(|(a, b)| a == b || folded(a) == folded(b))
}

fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// Whether the folder that is written like the plot but for case is another one. One that does not
/// exist is not: where case is of no account it is the plot, elsewhere nothing is lost.
fn is_known_to_differ(plot: &Plot, path: &FolderPath, disk: &dyn Disk) -> bool {
    let written = disk.identity(&upper(path, plot.path.depth()));
    let meant = disk.identity(&plot.text);
    match (written, meant) {
        (Some(written), Some(meant)) => !is_one(written, meant),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The first `depth` names of a path.
fn upper(path: &FolderPath, depth: usize) -> String {
    let names = path.names().get(..depth).unwrap_or(path.names());
    if path.is_windows() { names.join("\\") } else { format!("/{}", names.join("/")) }
}
