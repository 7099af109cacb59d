//! Arms that a newcomer could declare, from the work that lies on the machine.
//!
//! Every request of no arm belongs to one project or to none, and every project to one proposal
//! or to the rest: the sums of the declared arms, of the proposals and of the rest add up to the
//! total. A project is a git repository, or the folder itself where there is none. Below a folder
//! named `clients` (or the like) each folder is one client's; a folder that is no repository is
//! a part of a proposed folder that it lies in, unless work lies apart in that one; what was done in
//! a home folder, in temporary or hidden folders, in `~/work` and the like as such is proposed to
//! nobody. A proposal's sums are of what was done in its folder: once it is declared, its sessions'
//! requests in folders of no arm follow it.

mod ground;
mod repositories;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use jiff::Timestamp;
use octorato_core::{ArmId, Civil, ClientId, Period, Result, Root};
use octorato_finops::attribute::{Disk, LocalDisk};
use octorato_finops::logs::Reading;
use octorato_finops::report::{Dimension, Query, Report, Sums};

use crate::Workspace;
use crate::config::edit::NewArm;

use self::ground::Project;
use self::repositories::repositories;

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
    /// Such work of all time.
    pub rest_all_time: Sums,
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
    let mut covered = Sums::default();
    for row in month.rows.iter().filter(|row| row.key[0].is_some()) {
        covered.add(&row.sums)?;
    }

    let (of_month, mut rest) = of_no_arm(&month)?;
    let (mut spent, mut rest_all_time) = of_no_arm(&all_time)?;
    let home = workspace.places().home_text();
    let mut resolver = workspace.resolver()?;
    let mut roots = |spent: &BTreeMap<String, Sums>| {
        let projects = spent.keys().map(|path| Project {
            path: path.clone(),
            is_repository: LocalDisk
                .repository(path)
                .is_some_and(|repository| repository.main_work_tree == *path),
            // Also from a later day on: what was done before it is the operator's to decide.
            is_declared: resolver.covers(path),
        });
        ground::roots(&projects.collect::<Vec<_>>(), home)
    };
    // What lies beside a temporary folder or the home folder is as little anybody's.
    let of_somebody = spent.keys().zip(roots(&spent)).filter(|(_, root)| root.is_some());
    let beside: Vec<String> = of_somebody.map(|(path, _)| path.clone()).collect();
    for repository in repositories(workspace, folders, &beside)? {
        spent.entry(repository).or_default();
    }
    let roots = roots(&spent);

    let mut proposals: BTreeMap<usize, (ground::Root, Sums, Sums, Vec<String>)> = BTreeMap::new();
    for ((path, sums), root) in spent.into_iter().zip(roots) {
        let last_month = of_month.get(&path).cloned().unwrap_or_default();
        let Some(root) = root else {
            rest.add(&last_month)?;
            rest_all_time.add(&sums)?;
            continue;
        };
        let (_, of_month, of_all_time, projects) = proposals
            .entry(root.number)
            .or_insert_with(|| (root, Sums::default(), Sums::default(), Vec::new()));
        of_month.add(&last_month)?;
        of_all_time.add(&sums)?;
        projects.push(path);
    }
    let mut proposals: Vec<_> = proposals.into_values().collect();
    let cost =
        |sums: &Sums| (sums.list_cost().map(octorato_core::Money::pico), sums.usage.tokens());
    proposals.sort_by_key(|(_, month, all, _)| std::cmp::Reverse((cost(month), cost(all))));

    let mut taken: HashSet<ArmId> =
        workspace.arms().arms.iter().map(|arm| arm.id.clone()).collect();
    let proposals = proposals
        .into_iter()
        .map(|(root, last_month, all_time, projects)| {
            let (id, client) = name(&root.name, &mut taken)?;
            let roots = vec![Root { path: root.path, from: None }];
            let arm = NewArm { id, client, roots, remotes: Vec::new() };
            Ok(Proposal { arm, projects, last_month, all_time })
        })
        .collect::<Result<_>>()?;
    Ok(Scan { last_month, covered, proposals, rest, rest_all_time, report: month })
}

/// Projects and sums of the rows without an arm, and the sum of those without a project.
fn of_no_arm(report: &Report) -> Result<(BTreeMap<String, Sums>, Sums)> {
    let (mut projects, mut none) = (BTreeMap::new(), Sums::default());
    for row in report.rows.iter().filter(|row| row.key[0].is_none()) {
        match &row.key[1] {
            Some(project) => {
                projects.insert(project.to_string(), row.sums.clone());
            }
            None => none.add(&row.sums)?,
        }
    }
    Ok((projects, none))
}

/// The ids of an arm and its client: the folder's name, with a number where another arm has it,
/// and `project-1` where the name has no letter that an id could have.
fn name(name: &str, taken: &mut HashSet<ArmId>) -> Result<(ArmId, ClientId)> {
    const LONGEST_STEM: usize = 56;
    let suggested = ArmId::suggest(name);
    let stem: String =
        suggested.as_ref().map_or("project", ArmId::as_str).chars().take(LONGEST_STEM).collect();
    let mut id = match suggested {
        Some(id) => id,
        None => ArmId::new("project-1")?,
    };
    let mut number = 2;
    while !taken.insert(id.clone()) {
        id = ArmId::new(&format!("{stem}-{number}"))?;
        number += 1;
    }
    let client = ClientId::new(id.as_str())?;
    Ok((id, client))
}
