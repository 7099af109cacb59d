//! One hook from its input to its answer, whatever happens in between.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use octorato_core::ArmId;
use octorato_finops::budget::{OnError, SpendPath};

use super::decide::{self, Decided, World as _};
use super::local::Local;
use super::memory::{self, Memory};
use super::protocol::{self, Agent, Answer, Emission, HookEvent};
use super::record::{self, Record};
use super::{compiled, words};
use crate::config::places::Places;

/// How long the gate thinks: less than the five seconds after which agents go on without it.
pub const DEADLINE: Duration = Duration::from_secs(4);

/// How the gate was called.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Who calls.
    pub agent: Agent,
    /// The event, as the command line names it.
    pub event: Option<String>,
    /// Where everything lies.
    pub places: Places,
    /// When the process began.
    pub started: Instant,
    /// When it must have answered, counted from its begin.
    pub deadline: Duration,
    /// `$OCTORATO_ARM`: the arm that a new session is given to.
    pub arm: Option<String>,
}

/// What the gate answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What is printed, and how the process ends.
    pub emission: Emission,
    /// Whether it denies; then it must end with 2 where the answer cannot be printed.
    pub denies: bool,
}

/// What is known so far, for when time runs out.
#[derive(Default)]
struct Known {
    event: Option<HookEvent>,
    on_error: Option<OnError>,
    arm: Option<ArmId>,
}

/// Asks the gate. It always answers: what panics or takes too long is answered by `on_error`, as far
/// as that is known by then, else it is denied.
pub fn run(invocation: &Invocation, input: impl Read + Send + 'static) -> Answered {
    let known = Arc::new(Mutex::new(Known::default()));
    let (sender, receiver) = sync_channel(1);
    let (theirs, shared) = (invocation.clone(), known.clone());
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        // A thread's heap grows by a page at a time unless it has been larger before.
        drop(std::hint::black_box(Vec::<u8>::with_capacity(HEAP)));
        let answered = catch_unwind(AssertUnwindSafe(|| answer(&theirs, input, &shared)));
        // Nobody listens any more once the deadline has passed.
        let _ = sender.send(answered.ok());
    });
    let left = invocation.deadline.saturating_sub(invocation.started.elapsed());
    let trouble = match worker {
        Ok(_) => match receiver.recv_timeout(left) {
            Ok(Some(answered)) => return answered,
            Ok(None) => "the gate failed",
            Err(_) => "the budgets cannot be checked in time",
        },
        Err(_) => "the gate cannot start",
    };
    let known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let on_error = known.on_error.unwrap_or(OnError::Deny);
    let decided = decide::unknown(trouble, on_error, known.arm.clone());
    answered(invocation, known.event.as_ref(), &decided, None)
}

/// Enough for whatever is read in there.
const STACK: usize = 8 << 20;
/// What most answers need, less than what an allocator gives back to the system at once.
const HEAP: usize = 120 << 10;

fn answer(invocation: &Invocation, mut input: impl Read, known: &Mutex<Known>) -> Answered {
    let learn = |change: &dyn Fn(&mut Known)| {
        change(&mut known.lock().unwrap_or_else(PoisonError::into_inner));
    };
    let bytes = protocol::read(&mut input);
    let event = bytes.and_then(|bytes| {
        Ok((protocol::parse(invocation.agent, invocation.event.as_deref(), &bytes)?, bytes))
    });
    let (event, bytes) = match event {
        Ok(event) => event,
        Err(error) => {
            let on_error = compiled::declared_on_error(&invocation.places);
            let trouble = format!("the hook's input cannot be read ({error})");
            return answered(invocation, None, &decide::unknown(&trouble, on_error, None), None);
        }
    };
    learn(&|known| known.event = Some(event.clone()));
    let mut local = match Local::open(invocation, bytes) {
        Ok(local) => local,
        Err(unreadable) => {
            let trouble = words::unknown(&unreadable.error);
            let decided = decide::unknown(&trouble, unreadable.on_error, None);
            return answered(invocation, Some(&event), &decided, None);
        }
    };
    learn(&|known| known.on_error = Some(local.on_error(&SpendPath::default())));
    let file = memory::file(&invocation.places.state, &event.session);
    let before = Memory::read(&file);
    let mut memory = before.clone();
    let whose = match decide::whose(&mut local, &event, &memory) {
        Ok(whose) => whose,
        Err(error) => {
            let on_error = local.on_error(&SpendPath::default());
            let decided = decide::unknown(&words::unknown(&error), on_error, None);
            return answered(invocation, Some(&event), &decided, local.warning().as_deref());
        }
    };
    let path = decide::path_of(local.arms(), &event, &whose, &memory);
    let on_error = local.on_error(&path);
    learn(&|known| {
        known.on_error = Some(on_error);
        known.arm.clone_from(&whose.arm);
    });
    let decided = decide::decide(&mut local, &event, &whose, &mut memory).unwrap_or_else(|error| {
        decide::unknown(&words::unknown(&error), on_error, whose.arm.clone())
    });
    if memory != before {
        Local::remember(&file, &memory);
    }
    let warning = local.warning();
    // The process ends at once: to close the ledger first would only cost time.
    std::mem::forget(local);
    answered(invocation, Some(&event), &decided, warning.as_deref())
}

/// The answer in the agent's dialect, and the line of the log.
fn answered(
    invocation: &Invocation,
    event: Option<&HookEvent>,
    decided: &Decided,
    warning: Option<&str>,
) -> Answered {
    if let Some((by, reason)) = &decided.denied {
        let record = Record {
            schema: 1,
            at: jiff::Timestamp::now(),
            agent: invocation.agent.name(),
            event: event
                .map(|event| event.name.as_str())
                .or(invocation.event.as_deref())
                .unwrap_or(""),
            session: event.map_or("", |event| &event.session),
            arm: decided.arm.as_ref().map(ArmId::as_str),
            tool: event.and_then(|event| Some(event.tool.as_ref()?.name.as_str())),
            by,
            reason,
        };
        record::append(&record::file(&invocation.places.state), &record);
    }
    let mut emission = match event {
        Some(event) => protocol::render(&decided.answer, event),
        None => {
            protocol::render_unread(&decided.answer, invocation.agent, invocation.event.as_deref())
        }
    };
    // A loud word to the operator; the agent's own channel is not for that.
    if let Some(warning) = warning {
        let said = emission.stderr.take();
        emission.stderr = Some(match said {
            Some(said) => format!("{said}; octorato: {warning}"),
            None => format!("octorato: {warning}"),
        });
    }
    Answered { emission, denies: matches!(decided.answer, Answer::Deny { .. }) }
}
