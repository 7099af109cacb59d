//! `octorato gate`: the hook of coding agents.
//!
//! Its exit codes are a contract: 0 allows, or denies by an object on stdout; 2 denies; nothing else
//! ever. So it is read apart from all other commands, before them, and its mistakes are one line on
//! stderr and 2; or 0 where `--event` names the end of something, since 2 makes agents work on there.

use std::ffi::OsString;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use octorato::config::places::{Named, Places};
use octorato::core::{Error, ErrorKind, Result};
use octorato::gate::protocol::{Agent, is_an_end, one_line};
use octorato::gate::{Answered, DEADLINE, Invocation, run};

use crate::args::{Gate, Global};

/// The exit code that denies.
const DENY: u8 = 2;

/// The gate, where the command line asks for it: the exit code. Nothing where it asks for another
/// command, or for help.
pub(crate) fn if_asked(arguments: impl Iterator<Item = OsString>, started: Instant) -> Option<u8> {
    let arguments: Vec<OsString> = arguments.collect();
    if !is_gate(&arguments) {
        return None;
    }
    // Whatever breaks is an answer, not a report.
    std::panic::set_hook(Box::new(|_| ()));
    let code = catch_unwind(AssertUnwindSafe(|| {
        poisoned("start");
        let invocation = read(&arguments).and_then(|read| invocation(read, started));
        invocation
            .map_or_else(|error| complain(&error.to_string(), refusal(&arguments)), |it| ask(&it))
    }));
    Some(code.unwrap_or_else(|_| complain("it failed", refusal(&arguments))))
}

/// The gate with arguments that are read already.
pub(crate) fn with(global: &Global, args: &Gate, started: Instant) -> u8 {
    let read = Read {
        agent: Some(args.agent.clone()),
        event: args.event.clone(),
        deadline: args.deadline_ms.map(u64::from),
        named: Named {
            home: global.home.clone(),
            state: global.state.clone(),
            brain: global.brain.clone(),
        },
    };
    let asked = invocation(read, started);
    asked.map_or_else(|error| complain(&error.to_string(), DENY), |asked| ask(&asked))
}

/// Says what is wrong.
fn complain(what: &str, code: u8) -> u8 {
    use std::io::Write as _;
    let _ = writeln!(io::stderr(), "{}", one_line(&format!("octorato gate: {what}")));
    code
}

/// How a gate ends that was called wrongly or broke: it denies, but where the agent is done with what
/// the event is about. There 2 means to work on, and the agent would do so for ever.
fn refusal(arguments: &[OsString]) -> u8 {
    let Some(event) = value(arguments, "--event") else { return DENY };
    let agent: Option<Agent> = value(arguments, "--agent").and_then(|agent| agent.parse().ok());
    let is_an_end = match agent {
        Some(agent) => is_an_end(agent, event),
        None => Agent::ALL.into_iter().any(|agent| is_an_end(agent, event)),
    };
    if is_an_end { 0 } else { DENY }
}

/// The value of an option in a command line that may be wrong.
fn value<'a>(arguments: &'a [OsString], option: &str) -> Option<&'a str> {
    let mut arguments = arguments.iter().map(|argument| argument.to_str().unwrap_or_default());
    let rest = arguments.find_map(|argument| argument.strip_prefix(option))?;
    if rest.is_empty() { arguments.next() } else { rest.strip_prefix('=') }
}

/// Panics where a debug build is told to, for the tests of what happens then.
#[cfg(debug_assertions)]
fn poisoned(place: &str) {
    let told = std::env::var_os("OCTORATO_DEBUG_GATE_PANIC");
    assert!(told.is_none_or(|told| told != place), "as told");
}

/// The program that people run has nothing of this.
#[cfg(not(debug_assertions))]
const fn poisoned(_: &str) {}

/// The hook's input.
struct Input(io::Stdin);

impl io::Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        poisoned("input");
        self.0.read(buffer)
    }
}

/// Asks. Where time runs out the process ends in here.
fn ask(invocation: &Invocation) -> u8 {
    let late = |answered: Answered| {
        let code = catch_unwind(AssertUnwindSafe(|| emit(answered)));
        std::process::exit(code.unwrap_or(DENY).into());
    };
    match run(invocation, Input(io::stdin()), late) {
        Some(answered) => emit(answered),
        None => loop {
            std::thread::park();
        },
    }
}

/// Prints the answer: the exit code.
fn emit(answered: Answered) -> u8 {
    let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
    match answered.emission.write(&mut out, &mut talk) {
        Ok(()) => answered.emission.exit,
        // Nobody reads the object that denies: the exit code does.
        Err(_) if answered.denies => {
            use std::io::Write as _;
            let reason = answered.emission.stderr.unwrap_or_default();
            let _ = writeln!(talk, "{reason}");
            DENY
        }
        Err(_) => 0,
    }
}

/// What the command line says.
#[derive(Debug, Default)]
struct Read {
    agent: Option<String>,
    event: Option<String>,
    deadline: Option<u64>,
    named: Named,
}

/// Options with a value.
const WITH_VALUE: &[&str] =
    &["--home", "--state", "--brain", "--agent", "--event", "--deadline-ms"];

/// Options without one, which change nothing here.
const WITHOUT_VALUE: &[&str] = &["--json", "--quiet", "-q"];

/// Whether `gate` is the command, and no help is wanted.
fn is_gate(arguments: &[OsString]) -> bool {
    let mut arguments = arguments.iter();
    let mut command = None;
    while let Some(argument) = arguments.next() {
        if WITH_VALUE.iter().any(|option| argument == option) {
            arguments.next();
        } else if argument == "--help" || argument == "-h" || argument == "--version" {
            return false;
        } else if command.is_none() && !argument.as_encoded_bytes().starts_with(b"-") {
            command = Some(argument);
        }
    }
    command.is_some_and(|command| command == "gate")
}

fn read(arguments: &[OsString]) -> Result<Read> {
    let mut read = Read::default();
    let mut has_command = false;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let Some(text) = argument.to_str() else { return Err(usage("an argument is not UTF-8")) };
        let (option, value) = match text.split_once('=') {
            Some((option, value)) if text.starts_with("--") => {
                (option, Some(OsString::from(value)))
            }
            _ => (text, None),
        };
        if WITHOUT_VALUE.contains(&option) && value.is_none() {
            continue;
        }
        if !has_command && option == "gate" {
            has_command = true;
            continue;
        }
        if !WITH_VALUE.contains(&option) {
            return Err(usage("an argument that is not known"));
        }
        let Some(value) = value.or_else(|| arguments.next().cloned()) else {
            return Err(usage(&format!("{option} has no value")));
        };
        let text =
            || value.to_str().map(str::to_owned).ok_or_else(|| usage("a value is not UTF-8"));
        let place = || Some(PathBuf::from(&value));
        match option {
            "--home" => read.named.home = place(),
            "--state" => read.named.state = place(),
            "--brain" => read.named.brain = place(),
            "--agent" => read.agent = Some(text()?),
            "--event" => read.event = Some(text()?),
            _ => {
                let number = text()?.parse().ok().filter(|number| (1..=600_000).contains(number));
                read.deadline = Some(number.ok_or_else(|| {
                    usage("--deadline-ms is a number of milliseconds, 1 to 600000")
                })?);
            }
        }
    }
    Ok(read)
}

fn usage(what: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{what}; see `octorato gate --help`"))
}

fn invocation(read: Read, started: Instant) -> Result<Invocation> {
    let agent = read.agent.ok_or_else(|| usage("--agent is missing"))?;
    let agent: Agent = agent.parse().map_err(|_| {
        usage(&format!("--agent is one of {}", Agent::ALL.map(Agent::name).join(", ")))
    })?;
    Ok(Invocation {
        agent,
        event: read.event.filter(|event| !event.is_empty()),
        places: Places::from_env(read.named)?,
        started,
        deadline: read.deadline.map_or(DEADLINE, Duration::from_millis),
        arm: std::env::var("OCTORATO_ARM").ok().filter(|arm| !arm.is_empty()),
    })
}
