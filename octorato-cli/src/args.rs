//! What can be typed: types only, their doc comments are the help.

mod budget;
mod hook;
mod ledger;
mod prices;
mod sync;

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use jiff::civil::Date;
use octorato::core::{ArmId, ClientId, Error};
use octorato::finops::report::Dimension;

pub(crate) use budget::{
    Budget, BudgetAlerts, BudgetCheck, BudgetExplain, BudgetExtend, BudgetStatus, CallPath,
};
pub(crate) use hook::{Hook, HookChange, HookScope, HookStatus};
pub(crate) use ledger::{Doctor, Ledger, LedgerCorrect, LedgerKey, LedgerResolve};
pub(crate) use prices::{
    Change, Classes, Price, Prices, PricesDiff, PricesImport, PricesList, PricesOf, PricesUpdate,
    Recost,
};

pub(crate) use sync::Sync;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Which client burned which tokens, to the last one, from the logs that your agents write.
///
/// An arm is one client's sealed cell: folders whose work is that client's. Octorato reads the
/// transcripts of your agents, gives every request to its arm and prices it exactly, offline.
#[derive(Debug, Parser)]
#[command(name = "octorato", version, styles = STYLES, max_term_width = 100)]
#[command(after_help = "New here? `octorato scan` shows last month per client and proposes arms.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in the user's
    /// config folder].
    #[arg(long, global = true, value_name = "DIR")]
    #[arg(value_hint = ValueHint::DirPath, display_order = 100)]
    pub(crate) home: Option<PathBuf>,
    /// Private state, also `$OCTORATO_STATE` [default: octorato in the user's data folder].
    #[arg(long, global = true, value_name = "DIR")]
    #[arg(value_hint = ValueHint::DirPath, display_order = 101)]
    pub(crate) state: Option<PathBuf>,
    /// The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings.
    #[arg(long, global = true, value_name = "DIR")]
    #[arg(value_hint = ValueHint::DirPath, display_order = 102)]
    pub(crate) brain: Option<PathBuf>,
    /// Print JSON instead of text for people.
    #[arg(long, global = true, display_order = 103)]
    pub(crate) json: bool,
    /// No progress and no remarks on stderr; errors are still shown.
    #[arg(long, short, global = true, display_order = 104)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the private folders and a first arms.yaml, and a brain if one is named.
    ///
    /// Refuses to put private files inside a git work tree. Never overwrites anything.
    Init,
    /// Find the work that no arm covers yet: last month per proposed client, offline.
    Scan(Scan),
    /// Add, list and show arms; give a session to an arm.
    #[command(subcommand)]
    Arm(Arm),
    /// Usage and its list cost by arm, client, model, day and more.
    Report(Report),
    /// Book in the ledger what your agents' transcripts have gained, each request once.
    ///
    /// May run at any time, beside agents that write, a gate and another sync. The ledger keeps what
    /// was booked when the transcripts are gone.
    Sync(Sync),
    /// Explain one request: where the log shows it, whose it is and why, what it costs and why.
    Why(Why),
    /// What a given usage of a model costs, exactly, class by class.
    ///
    /// Classes are disjoint: `--input` are the tokens read that were neither taken from a cache nor
    /// written to one; `--output` includes reasoning.
    Price(Price),
    /// The price lists that amounts are from: look, compare, take newer ones, restate.
    #[command(subcommand)]
    Prices(Prices),
    /// Answer a coding agent's hook: whether a prompt or a tool call may go on.
    ///
    /// Reads the hook's JSON on stdin. Exit 0 allows, or denies by one object on stdout in the
    /// agent's own dialect; exit 2 denies, with the reason on stderr. What cannot be known is
    /// answered by `on_error` of budgets.yaml. `octorato hook install` writes the hooks.
    Gate(Gate),
    /// The hooks that make coding agents call the gate: install, uninstall, status.
    #[command(subcommand)]
    Hook(Hook),
    /// What may still be spent: status, checks, extensions, alerts.
    #[command(subcommand)]
    Budget(Budget),
    /// The book of what calls may cost and did cost: verify, resolve, correct, back up.
    #[command(subcommand)]
    Ledger(Ledger),
    /// What is missing or wrong in this set-up; exits with 1 where anything is.
    Doctor(Doctor),
    /// Print the JSON Schema of a file or a document.
    Schema(Schema),
    /// Explain the code of a finding, such as ARM008.
    Explain(Explain),
    /// Print a completion script for a shell.
    Completions(Completions),
}

/// A value with its error's hint, which clap would leave out.
fn parsed<T: FromStr<Err = Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: Error| match error.hint() {
        Some(hint) => format!("{error}\n{hint}"),
        None => error.to_string(),
    })
}

fn day(text: &str) -> Result<Date, String> {
    let date: Date =
        text.parse().map_err(|_| "write a day of the calendar, such as `2026-10-31`".to_owned())?;
    // The last days of the calendar have no end in every zone.
    if date.year() >= 9999 {
        return Err("write a day before the year 9999, or leave it out for no end".to_owned());
    }
    Ok(date)
}

/// Where logs are read.
#[derive(Args, Debug)]
pub(crate) struct Logs {
    /// An agent's home (such as ~/.claude), a folder of transcripts or one transcript; may be
    /// given more than once [default: the homes of all agents on this machine].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub(crate) logs: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Scan {
    /// Folders to look for git repositories in [default: beside the projects in the transcripts].
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folders: Vec<PathBuf>,
    /// Add the proposed arms to arms.yaml; it is made if there is none.
    #[arg(long)]
    pub(crate) write: bool,
    #[command(flatten)]
    pub(crate) logs: Logs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Arm {
    /// Add an arm to arms.yaml; comments and order of the file stay.
    Add(ArmAdd),
    /// List the arms and their clients.
    List,
    /// Show one arm.
    Show {
        /// The arm.
        #[arg(value_parser = parsed::<ArmId>)]
        arm: ArmId,
    },
    /// Give a session or a single message to an arm, whatever its folder says.
    Assign(ArmAssign),
}

#[derive(Args, Debug)]
pub(crate) struct ArmAdd {
    /// The arm's id: a-z, 0-9, `.`, `_` and `-`.
    #[arg(value_parser = parsed::<ArmId>)]
    pub(crate) id: ArmId,
    /// The client that it belongs to [default: a client of the same name].
    #[arg(long, value_name = "CLIENT", value_parser = parsed::<ClientId>)]
    pub(crate) client: Option<ClientId>,
    /// A folder whose work is the arm's; may be given more than once.
    #[arg(long = "root", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) roots: Vec<PathBuf>,
    /// A git remote, such as `github.com/acme/*`; may be given more than once.
    #[arg(long = "remote", value_name = "PATTERN")]
    pub(crate) remotes: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ArmAssign {
    /// The arm that gets it.
    #[arg(value_parser = parsed::<ArmId>)]
    pub(crate) arm: ArmId,
    #[command(flatten)]
    pub(crate) subject: AssignSubject,
    /// Why, for whoever asks later.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) logs: Logs,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct AssignSubject {
    /// A session, with all of its sub-agents.
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// One request, by the provider's message id; stronger than its session's assignment.
    #[arg(long, value_name = "ID")]
    pub(crate) message: Option<String>,
}

/// Which requests are meant.
#[derive(Args, Debug)]
pub(crate) struct Selection {
    /// A whole month: `2026-10`, `this` or `last`.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["since", "until"])]
    pub(crate) month: Option<String>,
    /// The first day, such as `2026-10-01`.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) since: Option<Date>,
    /// The last day, which is included.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) until: Option<Date>,
    /// The zone whose days and months count [default: that of arms.yaml, else UTC].
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// Only this arm.
    #[arg(long, value_name = "ARM", value_parser = parsed::<ArmId>)]
    pub(crate) arm: Option<ArmId>,
    /// Only the arms of this client.
    #[arg(long, value_name = "CLIENT", value_parser = parsed::<ClientId>)]
    pub(crate) client: Option<ClientId>,
}

#[derive(Args, Debug)]
pub(crate) struct Report {
    /// What rows are told apart by, with commas between: arm, client, project, model, provider,
    /// day, week, month, session, message, agent, skill, reason [default: the brain's setting, else arm].
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', value_parser = parsed::<Dimension>)]
    pub(crate) by: Vec<Dimension>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// How to print it; `--json` is short for `--format json`.
    #[arg(long, value_name = "FORMAT", default_value = "table", conflicts_with = "json")]
    pub(crate) format: Format,
    /// Show what each token class costs instead of its tokens (table and md).
    #[arg(long)]
    pub(crate) costs: bool,
    /// Exit with 1 if anything has no price or only a similar model's, or was skipped.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) from: FromLedger,
    #[command(flatten)]
    pub(crate) logs: Logs,
}

/// Where a report is from, where not from transcripts alone.
#[derive(Args, Debug)]
pub(crate) struct FromLedger {
    /// Report what the ledger has booked, after booking what the transcripts have gained: owners
    /// and amounts stay as they were booked, also when transcripts are gone and prices have changed.
    #[arg(long)]
    pub(crate) ledger: bool,
    /// With --ledger: take the ledger as it is, and read no transcript.
    #[arg(long, requires = "ledger")]
    pub(crate) no_sync: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One document, as `octorato schema report` describes it.
    Json,
    /// One line per row, every count and cost a column.
    Csv,
    /// A Markdown table.
    Md,
}

#[derive(Args, Debug)]
pub(crate) struct Why {
    /// The provider's message id, such as `msg_01…`; `octorato report --by message` lists them.
    pub(crate) message: String,
    #[command(flatten)]
    pub(crate) logs: Logs,
}

#[derive(Args, Debug)]
pub(crate) struct Gate {
    /// The agent that calls: claude, codex, gemini, copilot or cursor.
    #[arg(long, value_name = "AGENT")]
    pub(crate) agent: String,
    /// The event, for agents that do not send its name (Copilot CLI).
    #[arg(long, value_name = "NAME")]
    pub(crate) event: Option<String>,
    /// When to answer at the latest, in milliseconds; less than the hook's own time-out
    /// [default: 4000].
    #[arg(long, value_name = "N")]
    pub(crate) deadline_ms: Option<u32>,
}

#[derive(Args, Debug)]
pub(crate) struct Schema {
    /// The name; all names are listed where none is given.
    pub(crate) name: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The code; all codes are listed where none is given.
    pub(crate) code: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}
