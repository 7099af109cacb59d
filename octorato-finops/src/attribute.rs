//! Whose an event is: the one resolver for every report, import and gate.
//!
//! The rules, the strongest first: the session's pin; the record's own folder under a root, as
//! both are written, then with links followed (the longest root wins); the repository that the
//! folder is a git worktree of; its git remote (the pattern that says most wins); what the session
//! was last known to work for (a sub-agent: itself, then the agent that called it); nobody, which
//! is a line of the report like any other.
//!
//! The folder is taken from each record, so that a session which changes directory is split
//! record by record, and is never guessed from the name of the log's folder.

mod disk;
mod path;
mod remote;

pub use disk::{Disk, LocalDisk, NoDisk, Repository};
pub use path::FolderPath;
pub use remote::{matches_remote, normal_remote, normal_remote_pattern};

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{
    AgentId, ArmId, Arms, Attribution, AttributionReason, MessageId, Period, Result, SessionId,
    UsageEvent,
};
use serde::{Deserialize, Serialize};

/// Sessions and messages that were given to an arm by hand or by a launcher.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    /// Whole sessions.
    pub sessions: HashMap<SessionId, ArmId>,
    /// Single requests; stronger than their session's pin.
    pub messages: HashMap<MessageId, ArmId>,
}

impl Pins {
    /// Every arm that something was given to.
    pub fn arms(&self) -> impl Iterator<Item = &ArmId> {
        self.sessions.values().chain(self.messages.values())
    }
}

/// Decides whose events are.
pub struct Resolver<'d> {
    roots: Vec<Root>,
    remotes: Vec<(String, ArmId)>,
    pins: Pins,
    disk: &'d dyn Disk,
    folders: HashMap<Arc<str>, Folder>,
}

struct Root {
    arm: ArmId,
    written: FolderPath,
    real: Option<FolderPath>,
    from: Option<Timestamp>,
}

impl Root {
    #[expect(clippy::unnecessary_wraps, reason = "has the shape of `real`")]
    fn written(&self) -> Option<&FolderPath> {
        Some(&self.written)
    }

    fn real(&self) -> Option<&FolderPath> {
        self.real.as_ref()
    }
}

/// What an event says of itself.
struct Alone {
    attribution: Attribution,
    /// Whether it says nothing of the rest of its session.
    is_single: bool,
}

/// The arms that a session was last known to work for, by its agents.
///
/// Who resolves a session piece by piece keeps it in between, as JSON; see
/// [`Resolver::resolve_from`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionMemory {
    /// What the main agent was last known to work for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    main: Option<ArmId>,
    /// What any agent was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    any: Option<ArmId>,
    /// What each sub-agent was.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    agents: BTreeMap<AgentId, ArmId>,
    /// Which sub-agent called which.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parents: BTreeMap<AgentId, AgentId>,
}

/// How many sub-agents of one session are remembered from one piece to the next.
const MOST_AGENTS: usize = 256;

impl SessionMemory {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Forgets what can be told without it, where a session has more than 256 sub-agents: those that
    /// work for the main agent's arm. Of what is left, the last by id are kept.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        if self.agents.len() > MOST_AGENTS {
            let main = self.main.clone();
            self.agents.retain(|_, arm| Some(&*arm) != main.as_ref());
        }
        while self.agents.len() > MOST_AGENTS {
            self.agents.pop_first();
        }
        while self.parents.len() > MOST_AGENTS {
            self.parents.pop_first();
        }
        self
    }

    /// Learns from an event that names its arm; gives one that does not what its own agent was
    /// last known to work for, else what the agent was that called it, and so on up to the main
    /// agent, else any.
    fn settle(&mut self, event: &UsageEvent, alone: Alone) -> Attribution {
        let Alone { attribution, is_single } = alone;
        let agent = event.agent.as_ref();
        if let (Some(agent), Some(parent)) = (agent, &event.parent_agent)
            && self.parents.get(agent) != Some(parent)
        {
            self.parents.insert(agent.clone(), parent.clone());
        }
        let Some(arm) = &attribution.arm else {
            return match self.inherited(agent) {
                Some(arm) => {
                    Attribution { arm: Some(arm.clone()), reason: AttributionReason::Inherited }
                }
                None => attribution,
            };
        };
        if !is_single {
            if self.of(agent) != Some(arm) {
                match agent {
                    Some(agent) => drop(self.agents.insert(agent.clone(), arm.clone())),
                    None => self.main = Some(arm.clone()),
                }
            }
            if self.any.as_ref() != Some(arm) {
                self.any = Some(arm.clone());
            }
        }
        attribution
    }

    fn of(&self, agent: Option<&AgentId>) -> Option<&ArmId> {
        match agent {
            Some(agent) => self.agents.get(agent),
            None => self.main.as_ref(),
        }
    }

    fn inherited(&self, agent: Option<&AgentId>) -> Option<&ArmId> {
        let mut caller = agent;
        // As many steps as there are agents, so that a log in which two call each other ends.
        for _ in 0..=self.parents.len() {
            if let Some(arm) = self.of(caller) {
                return Some(arm);
            }
            let Some(agent) = caller else { break };
            caller = self.parents.get(agent);
        }
        self.main.as_ref().or(self.any.as_ref())
    }
}

/// What is known of one working folder.
#[derive(Clone, Debug)]
struct Folder {
    /// The arms that it can belong to, the strongest claim first.
    claims: Vec<Claim>,
    project: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
struct Claim {
    arm: ArmId,
    reason: AttributionReason,
    from: Option<Timestamp>,
}

impl<'d> Resolver<'d> {
    /// What is asked about folders.
    pub fn disk(&self) -> &'d dyn Disk {
        self.disk
    }

    /// A resolver for these arms. `disk` follows links and finds repositories.
    pub fn new(arms: &Arms, pins: Pins, disk: &'d dyn Disk) -> Result<Self> {
        let mut roots = Vec::new();
        for arm in &arms.arms {
            for root in &arm.roots {
                let from = match root.from {
                    Some(date) => Period::days(Some(date), None, &arms.zone)?.start(),
                    None => None,
                };
                roots.push(Root {
                    arm: arm.id.clone(),
                    written: FolderPath::new(&root.path),
                    real: disk.real_path(&root.path).map(|path| FolderPath::new(&path)),
                    from,
                });
            }
        }
        let remotes = arms.arms.iter().flat_map(|arm| {
            let patterns = arm.remotes.iter().filter_map(|remote| normal_remote_pattern(remote));
            patterns.map(|pattern| (pattern, arm.id.clone()))
        });
        let mut remotes: Vec<(String, ArmId)> = remotes.collect();
        // Of two patterns that fit, the one that says more is meant.
        remotes.sort_by_key(|(pattern, _)| {
            let said = pattern.bytes().filter(|&byte| byte != b'*').count();
            (std::cmp::Reverse(said), pattern.clone())
        });
        Ok(Self { roots, remotes, pins, disk, folders: HashMap::new() })
    }

    /// Decides for all `events`, which must be in the order of time.
    pub fn resolve(&mut self, events: &[UsageEvent]) -> Vec<Attribution> {
        self.resolve_from(events, &mut HashMap::new())
    }

    /// Decides for `events`, which must be in the order of time, where others of the same sessions
    /// came before: `sessions` is what was known of these, and has what is known after.
    pub fn resolve_from<'e>(
        &mut self,
        events: impl IntoIterator<Item = &'e UsageEvent>,
        sessions: &mut HashMap<SessionId, SessionMemory>,
    ) -> Vec<Attribution> {
        let mut attributions = Vec::new();
        let mut before = Timestamp::MIN;
        for event in events {
            debug_assert!(before <= event.at, "events out of order");
            before = event.at;
            let alone = self.resolve_alone(event);
            attributions.push(match &event.session {
                Some(session) => sessions.entry(session.clone()).or_default().settle(event, alone),
                None => alone.attribution,
            });
        }
        attributions
    }

    /// The project of an event: the repository that its folder lies in, else the folder.
    pub fn project(&mut self, event: &UsageEvent) -> Option<Arc<str>> {
        event.cwd.as_ref().and_then(|cwd| self.folder(cwd).project.clone())
    }

    /// Whether work in this folder belongs to an arm at any time.
    pub fn covers(&mut self, folder: &str) -> bool {
        !self.folder(&folder.into()).claims.is_empty()
    }

    /// Whose work in a folder is at a time, as far as the folder says it, and its project.
    pub fn owner(&mut self, folder: &str, at: Timestamp) -> (Attribution, Option<Arc<str>>) {
        let folder = self.folder(&folder.into());
        let in_force = |claim: &&Claim| claim.from.is_none_or(|from| from <= at);
        let attribution = match folder.claims.iter().find(in_force) {
            Some(claim) => Attribution { arm: Some(claim.arm.clone()), reason: claim.reason },
            None => Attribution { arm: None, reason: AttributionReason::Unattributed },
        };
        (attribution, folder.project.clone())
    }

    /// What one event says of itself, without its session's past.
    fn resolve_alone(&mut self, event: &UsageEvent) -> Alone {
        let by = |arm: &ArmId, reason| Attribution { arm: Some(arm.clone()), reason };
        let message = event.evidence.message.as_ref();
        if let Some(arm) = message.and_then(|message| self.pins.messages.get(message)) {
            let attribution = by(arm, AttributionReason::Pinned);
            return Alone { attribution, is_single: true };
        }
        let session = event.session.as_ref();
        if let Some(arm) = session.and_then(|session| self.pins.sessions.get(session)) {
            let attribution = by(arm, AttributionReason::Pinned);
            return Alone { attribution, is_single: false };
        }
        let claim = event.cwd.as_ref().and_then(|cwd| {
            let in_force = |claim: &&Claim| claim.from.is_none_or(|from| from <= event.at);
            self.folder(cwd).claims.iter().find(in_force)
        });
        let attribution = match claim {
            Some(claim) => by(&claim.arm, claim.reason),
            None => Attribution { arm: None, reason: AttributionReason::Unattributed },
        };
        Alone { attribution, is_single: false }
    }

    fn folder(&mut self, cwd: &Arc<str>) -> &Folder {
        if !self.folders.contains_key(cwd) {
            let folder = self.look_at(cwd);
            self.folders.insert(cwd.clone(), folder);
        }
        &self.folders[cwd]
    }

    fn look_at(&self, cwd: &str) -> Folder {
        let written = FolderPath::new(cwd);
        let mut claims = Vec::new();
        if !written.is_absolute() {
            return Folder { claims, project: None };
        }
        self.claim(&mut claims, &written, Root::written, AttributionReason::Root);
        if let Some(real) = self.disk.real_path(cwd) {
            let real = FolderPath::new(&real);
            self.claim(&mut claims, &real, Root::real, AttributionReason::RealPath);
        }
        let repository = self.disk.repository(cwd);
        if let Some(repository) = &repository {
            let main = FolderPath::new(&repository.main_work_tree);
            for root_path in [Root::written, Root::real] {
                self.claim(&mut claims, &main, root_path, AttributionReason::Worktree);
            }
            // The patterns are in order; which of its remotes one fits matters less.
            for (pattern, arm) in &self.remotes {
                if repository.remotes.iter().any(|remote| matches_remote(pattern, remote)) {
                    claims.push(Claim {
                        arm: arm.clone(),
                        reason: AttributionReason::Remote,
                        from: None,
                    });
                }
            }
        }
        let project = match repository {
            Some(repository) => repository.main_work_tree,
            None => written.without_worktree().to_string(),
        };
        Folder { claims, project: Some(project.into()) }
    }

    /// Adds the arms whose root contains `folder`: the longest root first, and of two equal roots
    /// the one that holds from the later day.
    fn claim(
        &self,
        claims: &mut Vec<Claim>,
        folder: &FolderPath,
        root_path: fn(&Root) -> Option<&FolderPath>,
        reason: AttributionReason,
    ) {
        let mut found: Vec<(usize, &Root)> = self
            .roots
            .iter()
            .filter_map(|root| {
                let path = root_path(root)?;
                path.contains(folder).then_some((path.depth(), root))
            })
            .collect();
        found.sort_by(|(a_depth, a), (b_depth, b)| (b_depth, b.from).cmp(&(a_depth, a.from)));
        claims.extend(found.into_iter().map(|(_, root)| Claim {
            arm: root.arm.clone(),
            reason,
            from: root.from,
        }));
    }
}
