//! What can be typed after `octorato budget`.

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use octorato::core::{ArmId, ClientId, Currency, Money};

use super::parsed;
use super::prices::{instant, pair};

#[derive(Debug, Subcommand)]
pub(crate) enum Budget {
    /// What of each budget is spent, held and left.
    Status(BudgetStatus),
    /// Whether a call would be allowed now; exits with 1 where it would be denied.
    ///
    /// Nothing is held. The call is that of the current folder's arm, unless one is named.
    Check(BudgetCheck),
    /// Which budgets judge a call, why the others do not, and how each limit comes about.
    Explain(BudgetExplain),
    /// Raise the limit of a budget for a while: signed, kept in the ledger, and over by itself.
    Extend(BudgetExtend),
    /// The tiers that were reached and are still to be told; --deliver tells the sinks now.
    Alerts(BudgetAlerts),
}

#[derive(Args, Debug)]
pub(crate) struct BudgetStatus {
    /// Only the budgets that judge work of this arm.
    #[arg(long, value_name = "ARM", value_parser = parsed::<ArmId>)]
    pub(crate) arm: Option<ArmId>,
    /// Only the budgets of this client and of its arms.
    #[arg(long, value_name = "CLIENT", value_parser = parsed::<ClientId>)]
    #[arg(conflicts_with = "arm")]
    pub(crate) client: Option<ClientId>,
    /// Exit with 1 if a budget is over its limit, has reached a tier that warns, or is not the one
    /// that budgets.yaml says.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Where a call belongs.
#[derive(Args, Debug)]
pub(crate) struct CallPath {
    /// The arm [default: that of the current folder].
    #[arg(long, value_name = "ARM", value_parser = parsed::<ArmId>)]
    pub(crate) arm: Option<ArmId>,
    /// The project [default: the current repository, where the arm is that of the folder].
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// The agent's session.
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// The run of a pipeline or a batch.
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,
    /// The type of the agent, such as `researcher`.
    #[arg(long, value_name = "TYPE")]
    pub(crate) agent: Option<String>,
    /// The active skill.
    #[arg(long, value_name = "NAME")]
    pub(crate) skill: Option<String>,
    /// The model.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// A tag, such as `team=web`; may be given more than once.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tags: Vec<(String, String)>,
}

#[derive(Args, Debug)]
pub(crate) struct BudgetCheck {
    #[command(flatten)]
    pub(crate) path: CallPath,
    /// What the call can cost at most, in USD [default: whether anything at all is left].
    #[arg(long, value_name = "USD", value_parser = amount)]
    pub(crate) amount: Option<Money>,
    /// The tokens that it sends: with --model, what it can cost at most is taken from the prices.
    #[arg(long, value_name = "N", requires = "model", conflicts_with = "amount")]
    pub(crate) input: Option<u64>,
    /// The most tokens that it may write [default: as many as the model can].
    #[arg(long, value_name = "N", requires = "input")]
    pub(crate) max_output: Option<u64>,
    /// Who bills, such as `anthropic` [default: inferred from the model's name].
    #[arg(long, value_name = "PROVIDER", requires = "input")]
    pub(crate) provider: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct BudgetExplain {
    #[command(flatten)]
    pub(crate) path: CallPath,
}

#[derive(Args, Debug)]
pub(crate) struct BudgetExtend {
    /// The budget: its name as `budget status` shows it, or its id.
    pub(crate) budget: String,
    /// What is added to its limit, in USD.
    #[arg(long, value_name = "USD", value_parser = amount)]
    pub(crate) usd: Money,
    /// Until when: `2026-11-24T08:00:00Z`, a day (its end, in the budget's zone), or for how long,
    /// such as `4h` or `2d`.
    #[arg(long, value_name = "TIME", value_parser = until)]
    pub(crate) until: Until,
    /// Why, for whoever asks later; it is kept in the ledger.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Say what it would do and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct BudgetAlerts {
    /// Tell the sinks, and note what they took.
    #[arg(long)]
    pub(crate) deliver: bool,
    /// Exit with 1 if an alert could not be delivered.
    #[arg(long, requires = "deliver")]
    pub(crate) strict: bool,
}

/// An end that was typed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Until {
    /// A moment.
    At(Timestamp),
    /// The end of a day, in a zone that is not known yet.
    EndOf(jiff::civil::Date),
    /// So long from now.
    For(SignedDuration),
}

impl Until {
    /// The moment that is meant.
    pub(crate) fn resolve(
        &self,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Timestamp, jiff::Error> {
        match self {
            Self::At(at) => Ok(*at),
            Self::EndOf(day) => Ok(day.tomorrow()?.to_zoned(zone.clone())?.timestamp()),
            Self::For(length) => now.checked_add(*length),
        }
    }
}

/// An amount of US dollars that is not negative.
pub(crate) fn amount(text: &str) -> Result<Money, String> {
    let money = signed_amount(text)?;
    if money.pico() < 0 {
        return Err("write an amount that is not negative".to_owned());
    }
    Ok(money)
}

/// An amount of US dollars.
pub(crate) fn signed_amount(text: &str) -> Result<Money, String> {
    Money::parse(text, Currency::USD).map_err(|error| match error.hint() {
        Some(hint) => format!("{error}\n{hint}"),
        None => error.to_string(),
    })
}

fn until(text: &str) -> Result<Until, String> {
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    for (unit, minutes) in [("m", 1), ("h", 60), ("d", 24 * 60), ("w", 7 * 24 * 60)] {
        if let Some(digits) = text.strip_suffix(unit).filter(|digits| plain(digits))
            && let Ok(count) = digits.parse::<u32>()
            && count > 0
        {
            return Ok(Until::For(SignedDuration::from_mins(i64::from(count) * minutes)));
        }
    }
    if let Ok(day) = text.parse::<jiff::civil::Date>()
        && !text.contains(['T', 't', ' '])
    {
        return Ok(Until::EndOf(day));
    }
    instant(text).map(Until::At).map_err(|_| {
        "write `2026-11-24T08:00:00Z`, a day such as `2026-11-24`, or a time such as `4h`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_moment_a_day_or_a_while() {
        let zone = TimeZone::get("America/Mexico_City").unwrap();
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let end = |text: &str| until(text).unwrap().resolve(now, &zone).unwrap().to_string();
        assert_eq!(end("4h"), "2026-11-23T16:00:00Z");
        assert_eq!(end("90m"), "2026-11-23T13:30:00Z");
        assert_eq!(end("2d"), "2026-11-25T12:00:00Z");
        assert_eq!(end("2026-11-24"), "2026-11-25T06:00:00Z");
        assert_eq!(end("2026-11-24T08:00:00+01:00"), "2026-11-24T07:00:00Z");
        for text in ["", "h", "0h", "-4h", "4", "4 h", "tomorrow", "99999999999d", "2026-11-31"] {
            assert!(until(text).is_err(), "{text}");
        }
    }
}
