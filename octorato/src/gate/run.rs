//! One hook from its input to its answer, whatever happens in between.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
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
///
/// Nothing where the deadline has passed: then `late` is or was given the answer, in a thread of its
/// own, and should end the process.
pub fn run(
    invocation: &Invocation,
    input: impl Read,
    late: impl FnOnce(Answered) + Send + 'static,
) -> Option<Answered> {
    guarded(invocation, late, |known| answer(invocation, input, known))
}

/// Does `work` before the deadline, or answers without it. The thread that waits for the deadline
/// does nothing else: to start it costs little.
fn guarded(
    invocation: &Invocation,
    late: impl FnOnce(Answered) + Send + 'static,
    work: impl FnOnce(&Mutex<Known>) -> Answered,
) -> Option<Answered> {
    let known = Arc::new(Mutex::new(Known::default()));
    let is_answered = Arc::new(AtomicBool::new(false));
    let watch = {
        let (invocation, known, is_answered) =
            (invocation.clone(), known.clone(), is_answered.clone());
        move || {
            while let Some(left) = invocation
                .deadline
                .checked_sub(invocation.started.elapsed())
                .filter(|left| !left.is_zero())
            {
                std::thread::park_timeout(left);
            }
            if !is_answered.swap(true, Ordering::SeqCst) {
                let trouble = "the budgets cannot be checked in time";
                let answer = || without(&invocation, &known, trouble);
                late(catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|_| plain(trouble)));
            }
        }
    };
    let answered = match std::thread::Builder::new().stack_size(WATCH_STACK).spawn(watch) {
        Ok(_) => catch_unwind(AssertUnwindSafe(|| work(&known)))
            .unwrap_or_else(|_| without(invocation, &known, "the gate failed")),
        Err(_) => without(invocation, &known, "the gate cannot start"),
    };
    (!is_answered.swap(true, Ordering::SeqCst)).then_some(answered)
}

/// Enough to write an answer.
const WATCH_STACK: usize = 512 << 10;

/// The refusal where not even an answer can be made.
fn plain(trouble: &str) -> Answered {
    let emission = Emission { stdout: None, stderr: Some(format!("octorato: {trouble}")), exit: 2 };
    Answered { emission, denies: true }
}

/// The answer where none was found.
fn without(invocation: &Invocation, known: &Mutex<Known>, trouble: &str) -> Answered {
    let known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let on_error = known.on_error.unwrap_or(OnError::Deny);
    let decided = decide::unknown(trouble, on_error, known.arm.clone());
    answered(invocation, known.event.as_ref(), &decided, None)
}

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

    use std::io;
    use std::sync::mpsc::channel;

    use super::*;
    use crate::config::places::Named;

    const LONG: Duration = Duration::from_hours(1);

    fn invocation(folder: &tempfile::TempDir, event: &str, deadline: Duration) -> Invocation {
        let place = |name: &str| Some(folder.path().join(name));
        let named = Named { home: place("home"), state: place("state"), brain: place("brain") };
        Invocation {
            agent: Agent::Claude,
            event: Some(event.to_owned()),
            places: Places::from_env(named).unwrap(),
            started: Instant::now(),
            deadline,
            arm: None,
        }
    }

    fn never(_: Answered) {
        panic!("late");
    }

    /// Its exit code, whether there is an object, and what is said.
    fn told(answered: &Answered) -> (u8, bool, &str) {
        let Emission { stdout, stderr, exit } = &answered.emission;
        (*exit, stdout.is_some(), stderr.as_deref().unwrap_or_default())
    }

    /// Input that breaks what reads it.
    struct Poison;

    impl Read for Poison {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("poison");
        }
    }

    #[test]
    fn a_panic_denies_but_at_the_end_of_something() {
        let folder = tempfile::tempdir().unwrap();
        let ask = |event| run(&invocation(&folder, event, LONG), Poison, never).unwrap();
        let tool = ask("PreToolUse");
        assert!(tool.denies && tool.emission.stdout.is_some(), "{tool:?}");
        assert!(told(&tool).2.starts_with("the gate failed"), "{tool:?}");
        assert_eq!(told(&ask("SubagentStart")).0, 2);
        for event in ["Stop", "SubagentStop", "SessionEnd", "TeammateIdle", "TaskCompleted"] {
            let answered = ask(event);
            assert_eq!((answered.emission.exit, answered.emission.stdout), (0, None), "{event}");
        }
    }

    #[test]
    fn a_panic_is_answered_by_what_is_declared_once_that_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let ask = |on_error| {
            let work = |known: &Mutex<Known>| {
                let mut known = known.lock().unwrap();
                known.on_error = Some(on_error);
                panic!("with the lock in hand");
            };
            guarded(&invocation(&folder, "PreToolUse", LONG), never, work).unwrap()
        };
        assert!(ask(OnError::Deny).denies);
        let allowed = ask(OnError::Allow);
        assert!(!allowed.denies && told(&allowed).0 == 0, "{allowed:?}");
        assert!(told(&allowed).2.contains("allowed, as on_error says"), "{allowed:?}");
    }

    /// The answer of the deadline comes while the work goes on, and there is no second one.
    #[test]
    fn what_takes_too_long_is_answered_once_and_in_time() {
        let folder = tempfile::tempdir().unwrap();
        for (event, on_error, code, has_object) in [
            ("PreToolUse", None, 0, true),
            ("PreToolUse", Some(OnError::Allow), 0, true),
            ("SubagentStart", None, 2, false),
            ("Stop", None, 0, false),
        ] {
            let (send, receive) = channel();
            let late = move |answered| send.send(answered).unwrap();
            let mut answer = None;
            // Long enough for two lines of the work, even on a machine that is busy.
            let short = invocation(&folder, event, Duration::from_millis(500));
            let found = guarded(&short, late, |known| {
                known.lock().unwrap().on_error = on_error;
                answer = receive.recv().ok();
                plain("too late")
            });
            let answer = answer.unwrap();
            assert_eq!(found, None, "{event}");
            let (exit, object, said) = told(&answer);
            assert_eq!((exit, object), (code, has_object), "{event}: {answer:?}");
            assert!(said.contains("in time"), "{answer:?}");
            assert_eq!(said.contains("allowed"), on_error.is_some(), "{answer:?}");
        }
    }

    #[test]
    fn what_is_in_time_is_answered_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let found = guarded(&invocation(&folder, "PreToolUse", LONG), never, |_| plain("found"));
        assert_eq!(found, Some(plain("found")));
    }
}
