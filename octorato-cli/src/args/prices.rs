//! What can be typed after `octorato price` and `octorato prices`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use octorato::core::Unit;
use octorato::finops::price::import::Format;
use octorato::snapshots::{CURRENT, NEWEST_PRICES};

use super::{Logs, Selection};

#[derive(Args, Debug)]
pub(crate) struct Price {
    /// The model, as a log, an SDK or a provider names it.
    #[arg(required_unless_present_any = ["batch", "response", "request"])]
    pub(crate) model: Option<String>,
    /// Who bills, such as `anthropic` or `bedrock` [default: inferred from the model's name].
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) provider: Option<String>,
    #[command(flatten)]
    pub(crate) classes: Classes,
    /// When the request is made: `2026-11-20T12:00:00Z` or a day in UTC [default: now].
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) at: Option<Timestamp>,
    /// What selects another price, such as `service_tier=flex`, `processing=batch`, `speed=fast` or
    /// `inference_geo=us`; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) variant: Vec<(String, String)>,
    /// Price the usage in a provider's response: a file of JSON as it was received, or stdin for `-`.
    /// Needs --provider; the model is the response's own where none is named.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(requires = "provider", conflicts_with = "Classes", group = "Body")]
    pub(crate) response: Option<PathBuf>,
    /// What a request can cost at most, before it is sent: a file of the JSON that goes to the
    /// provider, or stdin for `-`. Needs --provider; exits with 1 where nothing limits the cost.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(requires = "provider", conflicts_with = "Classes", group = "Body")]
    pub(crate) request: Option<PathBuf>,
    /// The form of the API that the response or the request is of, such as `responses` [default:
    /// told from it].
    #[arg(long, value_name = "FLAVOR", requires = "Body")]
    pub(crate) api_flavor: Option<String>,
    /// Answer JSON lines of a file, or of stdin for `-`: {"provider", "model", "timestamp", "usage",
    /// "context"}, with inclusive totals as APIs report them, or "body", a response, for "usage".
    /// One line each: {"usd": …} or {"error": …}. A "request", a body that is not sent yet, for
    /// "usage" is answered with its `worst_case`: {"usd": …} or {"unbounded": […]}.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["model", "provider", "at", "variant", "Classes", "Body"])]
    pub(crate) batch: Option<PathBuf>,
    /// Refuse what has no price, or only a similar model's, instead of marking it.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// How much was used, each token in one class.
#[derive(Args, Debug)]
#[group(id = "Classes", multiple = true)]
pub(crate) struct Classes {
    /// Tokens read, without those of a cache.
    #[arg(long, value_name = "N")]
    pub(crate) input: Option<u64>,
    /// Tokens written, reasoning included.
    #[arg(long, value_name = "N")]
    pub(crate) output: Option<u64>,
    /// Of the tokens written, those of reasoning, for models that price them apart.
    #[arg(long, value_name = "N")]
    pub(crate) reasoning: Option<u64>,
    /// Tokens taken from a cache.
    #[arg(long, value_name = "N")]
    pub(crate) cache_read: Option<u64>,
    /// Tokens written to a cache that lives five minutes.
    #[arg(long, value_name = "N")]
    pub(crate) cache_write_5m: Option<u64>,
    /// Tokens written to a cache that lives an hour.
    #[arg(long, value_name = "N")]
    pub(crate) cache_write_1h: Option<u64>,
    /// Web searches by the provider's tool.
    #[arg(long, value_name = "N")]
    pub(crate) web_searches: Option<u64>,
    /// Anything else that is counted, such as `input_audio=1200`; may be given more than once.
    #[arg(long, value_name = "CLASS=N", value_parser = counted_unit)]
    pub(crate) unit: Vec<(Unit, u64)>,
}

pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let midnight = text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    midnight
        .map(|zoned| zoned.timestamp())
        .ok_or_else(|| "write `2026-11-20T12:00:00Z` or a day such as `2026-11-20`".to_owned())
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("write a name and a value, such as `service_tier=flex`".to_owned()),
    }
}

fn counted_unit(text: &str) -> Result<(Unit, u64), String> {
    let (name, count) =
        text.split_once('=').ok_or("write a class and a number, such as `input_audio=1200`")?;
    let unit = Unit::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Unit::ALL.iter().map(|unit| unit.name()).collect();
        format!("no such class; use one of {}", known.join(", "))
    })?;
    let count = count.parse().map_err(|_| "the number is a whole one that is not negative")?;
    Ok((unit, count))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Prices {
    /// The snapshots and their providers, or the models of one provider with their rates.
    List(PricesList),
    /// Every rate of a model: eras, times of day, tiers, variants, limits.
    ///
    /// A name without a price is an error: it exits with 2.
    Show(PricesOf),
    /// How a model's name finds its price, step by step, and how sure that is.
    ///
    /// Exits with 1 where the name has no price.
    Explain(PricesOf),
    /// What differs between two snapshots: rates at all times, names, limits, providers.
    ///
    /// Exits with 1 where anything differs.
    Diff(PricesDiff),
    /// Take the prices of a file: genai-prices, LiteLLM, models.dev or a snapshot of Octorato's.
    ///
    /// Everything in it that is not understood is listed. Large changes are asked about. The
    /// snapshot that was current before is kept.
    Import(PricesImport),
    /// Fetch the newest prices, show what changes, and take them.
    ///
    /// Only this command asks the network. When anything fails, nothing has changed.
    Update(PricesUpdate),
    /// Restate old requests under another snapshot, as corrections beside their amounts.
    ///
    /// Amounts are never changed in place: reports show corrections apart, and each names the prices
    /// before and after. Without --write this only shows what would change.
    Recost(Recost),
    /// Go back, or forth, to a snapshot that is there: an id or `builtin`.
    Use {
        /// The snapshot.
        snapshot: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct PricesList {
    /// A provider, whose models are listed.
    pub(crate) provider: Option<String>,
    #[command(flatten)]
    pub(crate) of: OfSnapshot,
}

/// Of which snapshot, at which time.
#[derive(Args, Debug)]
pub(crate) struct OfSnapshot {
    /// A snapshot by its id, or `builtin` [default: the current one].
    #[arg(long, value_name = "ID", default_value = CURRENT, hide_default_value = true)]
    pub(crate) snapshot: String,
    /// The time whose rates are meant: `2026-11-20T12:00:00Z` or a day in UTC [default: now].
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) at: Option<Timestamp>,
}

#[derive(Args, Debug)]
pub(crate) struct PricesOf {
    /// The model, as a log, an SDK or a provider names it.
    pub(crate) model: String,
    /// Who bills, such as `anthropic` or `bedrock` [default: inferred from the model's name].
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) provider: Option<String>,
    /// A snapshot by its id, or `builtin` [default: the current one].
    #[arg(long, value_name = "ID", default_value = CURRENT, hide_default_value = true)]
    pub(crate) snapshot: String,
}

#[derive(Args, Debug)]
pub(crate) struct PricesDiff {
    /// A snapshot by its id, `builtin`, `current`, or a file of prices.
    pub(crate) before: String,
    /// The one to compare with.
    #[arg(default_value = CURRENT)]
    pub(crate) after: String,
    /// The time that tells past, present and future apart: `2026-11-20T12:00:00Z` or a day in UTC [default: now].
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) at: Option<Timestamp>,
    /// Only this provider.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) provider: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct PricesImport {
    /// The file; `-` is stdin.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// What the file is [default: what it looks like].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    #[command(flatten)]
    pub(crate) change: Change,
}

#[derive(Args, Debug)]
pub(crate) struct PricesUpdate {
    /// Where prices are fetched; what is there may be in any format that can be imported.
    #[arg(long, value_name = "URL", default_value = NEWEST_PRICES, value_hint = ValueHint::Url)]
    pub(crate) url: String,
    /// What is there [default: what it looks like].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    #[command(flatten)]
    pub(crate) change: Change,
}

/// How prices are taken over.
#[derive(Args, Debug)]
pub(crate) struct Change {
    /// Ask when a rate changes by more than this many per cent. Lost prices and names, new rates of
    /// known models, other prices of the past and tighter limits are always asked about.
    #[arg(long, value_name = "PERCENT", default_value_t = 20)]
    pub(crate) ask_above: u32,
    /// Take the prices without asking.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show what would change and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Recost {
    /// The snapshot by which requests are to be priced: an id, `builtin` or `current`.
    #[arg(long, value_name = "SNAPSHOT")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Keep the corrections; reports show them from then on.
    #[arg(long)]
    pub(crate) write: bool,
    /// Why, for whoever asks later.
    #[arg(long, value_name = "TEXT", requires = "write")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) logs: Logs,
}
