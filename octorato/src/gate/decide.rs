//! What is answered, and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{ArmId, Arms, Currency, ErrorKind, ModelId, Money, Result, SessionId};
use octorato_finops::budget::{OnError, Scope, SpendPath};
use octorato_finops::ledger::{Ask, Decision, Standing, Verdict};

use super::homes;
use super::judged::judged;
use super::memory::Memory;
use super::protocol::{Answer, Event, HookEvent};
use super::wall::{Asker, Disk, Protected, Use, Wall};
use super::words;

/// What an import has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Imported {
    /// The model of the last request.
    pub(super) model: Option<String>,
    /// The arm of the last request.
    pub(super) arm: Option<ArmId>,
    /// A model of which a request has no price.
    pub(super) unpriced: Option<String>,
}

/// What the decision needs to know.
pub(super) trait World {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// The arms.
    fn arms(&self) -> &Arms;
    /// The disk.
    fn disk(&self) -> &dyn Disk;
    /// The places that are closed to all.
    fn protected(&self) -> &Protected;
    /// The user's home.
    fn home(&self) -> Option<&str>;
    /// The arm that a session was given to, by hand or by a launcher.
    fn pin(&mut self, event: &HookEvent) -> Result<Option<ArmId>>;
    /// The arm of a folder, and its project.
    fn owner(&mut self, folder: &str) -> Result<(Option<ArmId>, Option<Arc<str>>)>;
    /// Whether any budget is in force.
    fn has_budgets(&self) -> bool;
    /// Books what the session's transcripts have gained since they were as `seen` says.
    fn import(&mut self, event: &HookEvent, seen: &mut Option<String>) -> Result<Imported>;
    /// How it stands with calls.
    fn check(&mut self, asks: &[Ask]) -> Result<Vec<Verdict>>;
    /// Whether a call of a model without a price is refused.
    fn refuses_unpriced(&mut self, path: &SpendPath) -> Result<bool>;
    /// The most that the request can cost that is about to be sent; nothing where it is not seen.
    fn worst_case(&mut self, event: &HookEvent) -> Result<Option<Money>>;
}

/// An answer, and what the log says of a refusal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decided {
    pub(super) answer: Answer,
    /// What refused, and why.
    pub(super) denied: Option<(&'static str, String)>,
    pub(super) arm: Option<ArmId>,
}

impl Decided {
    fn allow(arm: Option<ArmId>, context: Option<String>) -> Self {
        Self { answer: Answer::Allow { context, warning: None }, denied: None, arm }
    }

    fn deny(arm: Option<ArmId>, by: &'static str, reason: String, stop_turn: bool) -> Self {
        let denied = Some((by, reason.clone()));
        Self { answer: Answer::Deny { reason, stop_turn }, denied, arm }
    }
}

/// Whose the session is.
pub(super) struct Whose {
    pub(super) arm: Option<ArmId>,
    pub(super) project: Option<Arc<str>>,
}

/// The arm of a session: its pin, else its folder's, else what it was last known to work for.
pub(super) fn whose(world: &mut impl World, event: &HookEvent, memory: &Memory) -> Result<Whose> {
    let folder = folder(event);
    let (mut arm, project) = match folder {
        Some(folder) => world.owner(&folder)?,
        None => (None, None),
    };
    if arm.is_none()
        && let [_, _, ..] = event.roots.as_slice()
    {
        // Several open folders are an arm's only if all are.
        let mut owners = Vec::new();
        for root in &event.roots {
            owners.push(world.owner(&root.to_string_lossy())?.0);
        }
        owners.dedup();
        if let [one] = owners.as_slice() {
            arm.clone_from(one);
        }
    }
    if let Some(pinned) = world.pin(event)? {
        arm = Some(pinned);
    }
    let known = |arm: &ArmId| world.arms().arm(arm).is_some();
    let arm = arm.or_else(|| memory.arm.clone().filter(known));
    Ok(Whose { arm, project })
}

/// The folder in which the agent works.
pub(super) fn folder(event: &HookEvent) -> Option<String> {
    let folder = event.cwd.as_ref().or(match event.roots.as_slice() {
        [one] => Some(one),
        _ => None,
    })?;
    Some(folder.to_string_lossy().into_owned())
}

/// Decides. What an error means, the caller knows: it asks for `on_error`.
pub(super) fn decide(
    world: &mut impl World,
    event: &HookEvent,
    whose: &Whose,
    memory: &mut Memory,
) -> Result<Decided> {
    let arm = whose.arm.clone();
    if arm.is_some() {
        memory.arm.clone_from(&arm);
    }
    if let Some(model) = &event.model {
        memory.model = Some(model.clone());
    }
    if event.event == Event::BeforeTool
        && let Some(trespass) = trespass(world, event, arm.as_ref())?
    {
        let decided = Decided::deny(arm, "wall", trespass.to_string(), false);
        let denied = Some(("wall", trespass.name().to_owned()));
        return Ok(Decided { denied, ..decided });
    }
    if event.event == Event::Other {
        return Ok(Decided::allow(arm, None));
    }
    if !world.has_budgets() {
        // Nothing depends on it: what cannot be booked now, `octorato sync` books.
        let _ = world.import(event, &mut memory.seen);
        return Ok(Decided::allow(arm, None));
    }
    let imported = world.import(event, &mut memory.seen)?;
    if let Some(model) = imported.model {
        memory.unpriced = imported.unpriced;
        memory.model = Some(model);
    }
    if event.event.is_an_end() {
        return Ok(Decided::allow(arm, None));
    }
    // What its log says last of a session that went elsewhere before it was ever asked about.
    let arm = arm.or_else(|| imported.arm.filter(|arm| world.arms().arm(arm).is_some()));
    memory.arm = arm.clone().or_else(|| memory.arm.take());
    let whose = Whose { arm, project: whose.project.clone() };
    of_budgets(world, event, &whose, memory)
}

/// What budgets say.
fn of_budgets(
    world: &mut impl World,
    event: &HookEvent,
    whose: &Whose,
    memory: &mut Memory,
) -> Result<Decided> {
    let arm = whose.arm.clone();
    let path = path_of(world.arms(), event, whose, memory);
    let worst = match world.worst_case(event) {
        Err(error) if error.kind() == ErrorKind::Unpriced => {
            memory.unpriced.clone_from(&event.model);
            None
        }
        worst => worst?,
    };
    // The least that a call can cost, where its request is not seen.
    let amount = worst.unwrap_or(Money::from_pico(1, Currency::USD));
    let mut paths = vec![path.clone()];
    paths.extend(judged(event, &path));
    let asks: Vec<Ask> = paths
        .into_iter()
        .map(|path| Ask { path: Arc::new(path), amount, max_output_tokens: 1 })
        .collect();
    let verdicts = world.check(&asks)?;
    let zone = arm.clone().map_or(Scope::Operator, Scope::Arm).zone(world.arms()).clone();
    if event.event != Event::SessionStart {
        for verdict in &verdicts {
            if let Decision::Busy(shortage) | Decision::Exhausted(shortage) = &verdict.decision {
                let reason = words::denial(shortage, &zone)?;
                return Ok(Decided::deny(arm, "budget", reason, true));
            }
        }
        let unpriced = memory.unpriced.clone();
        if let Some(model) = unpriced.filter(|model| memory.model.as_ref() == Some(model))
            && world.refuses_unpriced(&path)?
        {
            let reason = format!(
                "model `{model}` has no price, so no cap can hold it; use another model, or the \
                 operator adds its price to prices.yaml"
            );
            return Ok(Decided::deny(arm, "unpriced", reason, true));
        }
    }
    let standings = verdicts.first().map(|verdict| verdict.standings.as_slice());
    let context = context(event, standings.unwrap_or_default(), memory, &zone)?;
    Ok(Decided::allow(arm, context))
}

/// Where the next call of the session belongs.
pub(super) fn path_of(arms: &Arms, event: &HookEvent, whose: &Whose, memory: &Memory) -> SpendPath {
    let declared = whose.arm.as_ref().and_then(|arm| arms.arm(arm));
    let text =
        |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Arc::from);
    let model = event.model.as_ref().or(memory.model.as_ref()).filter(|model| !model.is_empty());
    SpendPath {
        client: declared.map(|arm| arm.client.clone()),
        arm: whose.arm.clone(),
        project: whose.project.clone(),
        agent: text(&event.agent_type),
        session: Some(SessionId::from(event.session.as_str())),
        run: None,
        skill: None,
        model: model.map(|model| ModelId::from(model.as_str())),
        priced_as: None,
        tags: BTreeMap::new(),
    }
}

fn trespass(
    world: &impl World,
    event: &HookEvent,
    arm: Option<&ArmId>,
) -> Result<Option<super::wall::Trespass>> {
    let Some(tool) = &event.tool else { return Ok(None) };
    let own = homes::own_notes(event);
    let asker = Asker { arm, own: &own, home: world.home() };
    let wall = Wall::new(world.arms(), world.protected(), asker, world.now(), world.disk())?;
    let mut folders: Vec<String> = folder(event).into_iter().collect();
    if folders.is_empty() {
        folders.extend(event.roots.iter().map(|root| root.to_string_lossy().into_owned()));
    }
    if folders.is_empty() {
        // Only what needs no current folder can be meant.
        folders.push("/".to_owned());
    }
    let input = &tool.input;
    Ok(folders.iter().find_map(|cwd| wall.trespass(Use { tool: &tool.name, input, cwd })))
}

/// How much is left, at a session's start and when a budget has come as far as is worth saying.
fn context(
    event: &HookEvent,
    standings: &[Standing],
    memory: &mut Memory,
    zone: &jiff::tz::TimeZone,
) -> Result<Option<String>> {
    if !matches!(event.event, Event::SessionStart | Event::Prompt | Event::AfterTools) {
        return Ok(None);
    }
    let mut told = Vec::new();
    for standing in standings {
        if !words::is_told(standing)? {
            continue;
        }
        let key = standing.budget.to_string();
        let now = format!("{} {}", standing.slot, standing.level.name());
        if event.event == Event::SessionStart || memory.told.get(&key) != Some(&now) {
            told.push(standing);
        }
        memory.told.insert(key, now);
    }
    words::left(told, zone)
}

/// What is answered where something cannot be known.
pub(super) fn unknown(error: &str, on_error: OnError, arm: Option<ArmId>) -> Decided {
    match on_error {
        OnError::Deny => {
            let reason = format!("{error}; `octorato doctor` says more");
            Decided::deny(arm, "error", reason, true)
        }
        OnError::Allow => {
            let warning = Some(format!("octorato: {error}; allowed, as on_error says"));
            Decided { answer: Answer::Allow { context: None, warning }, denied: None, arm }
        }
    }
}
