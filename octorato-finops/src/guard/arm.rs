//! The handle of one arm.

use std::sync::Arc;

use octorato_core::{ArmId, ClientId, Error, ErrorKind, Result};

use super::call::CallSpec;
use super::denial::Eyes;
use super::reserve::Reserved;
use super::store::Shared;
use crate::budget::SpendPath;

/// A capability of one arm: code that holds it cannot reserve for another one, and learns nothing
/// of what others spent. Inside one process that is a discipline, not a boundary.
#[derive(Clone)]
pub struct ArmGuard {
    shared: Arc<Shared>,
    client: ClientId,
    arm: ArmId,
    base: SpendPath,
}

impl ArmGuard {
    pub(super) fn new(shared: Arc<Shared>, client: ClientId, arm: ArmId) -> Self {
        let base = SpendPath::of_arm(client.clone(), arm.clone());
        Self { shared, client, arm, base }
    }

    /// The arm.
    pub fn arm(&self) -> &ArmId {
        &self.arm
    }

    /// Its client.
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    /// The handle for calls below `path`: what it says is taken where a call says nothing else.
    ///
    /// [`ErrorKind::Refused`] where it names another client or arm.
    pub fn within(&self, path: &SpendPath) -> Result<Self> {
        Ok(Self { base: self.joined(path)?, ..self.clone() })
    }

    /// Like [`Guard::reserve`](super::Guard::reserve), for this arm. Denials tell this arm's budgets
    /// in full; of those over more than it, that there is a limit and when it resets.
    pub fn reserve(&self, call: &CallSpec) -> Result<Reserved> {
        let path = self.joined(&call.path)?;
        self.shared.reserve(call, path, Eyes::Arm)
    }

    fn joined(&self, path: &SpendPath) -> Result<SpendPath> {
        let is_other = path.client.as_ref().is_some_and(|client| *client != self.client)
            || path.arm.as_ref().is_some_and(|arm| *arm != self.arm);
        if is_other {
            return Err(Error::new(ErrorKind::Refused, "the handle is of another arm")
                .with("arm", &self.arm)
                .hinted("leave client and arm out, or ask for that arm's handle"));
        }
        let base = self.base.clone();
        let mut tags = base.tags;
        tags.extend(path.tags.iter().map(|(name, value)| (name.clone(), value.clone())));
        Ok(SpendPath {
            client: base.client,
            arm: base.arm,
            project: path.project.clone().or(base.project),
            agent: path.agent.clone().or(base.agent),
            session: path.session.clone().or(base.session),
            run: path.run.clone().or(base.run),
            skill: path.skill.clone().or(base.skill),
            model: path.model.clone().or(base.model),
            priced_as: path.priced_as.clone().or(base.priced_as),
            tags,
        })
    }
}

impl std::fmt::Debug for ArmGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArmGuard").field("base", &self.base).finish_non_exhaustive()
    }
}
