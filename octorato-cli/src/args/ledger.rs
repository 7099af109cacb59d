//! What can be typed after `octorato ledger` and `octorato doctor`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use octorato::core::{Money, ReservationId};

use super::budget::{amount, signed_amount};
use super::parsed;

#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Compute chain and balances again from the journal; exits with 1 where anything differs.
    Verify,
    /// The calls whose outcome nobody has told: how long, whose, and how much they may have cost.
    Orphans,
    /// Say what an orphan cost, and free the rest of what is held for it.
    Resolve(LedgerResolve),
    /// Add to what was booked of a call or an import, or take from it.
    Correct(LedgerCorrect),
    /// Write a copy of the ledger to a file, while it is in use, and verify the copy.
    Backup {
        /// The new file.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Put a copy in the place of the ledger, after it was verified; the ledger of before is kept
    /// beside it.
    Restore {
        /// What `ledger backup` wrote.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// The keys with which extensions of budgets are signed.
    #[command(subcommand)]
    Key(LedgerKey),
    /// Do operations, one JSON object a line, and answer each with one line once it is durable.
    ///
    /// `octorato schema ledger_operation` and `octorato schema ledger_answer` describe the lines. A
    /// line that is refused is answered with its error; only the ledger's own failure ends it.
    Apply {
        /// The file, or stdin for `-`.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum LedgerKey {
    /// The keys of the ledger: which signs now, and which signed before.
    List,
    /// Make a new key, to which the one that signs now hands over with its signature.
    ///
    /// What the old key signed stays good; it signs nothing new.
    Rotate,
}

#[derive(Args, Debug)]
pub(crate) struct LedgerResolve {
    /// The call's id, as `ledger orphans` shows it.
    #[arg(value_parser = parsed::<ReservationId>)]
    pub(crate) id: ReservationId,
    /// What it cost, in USD.
    #[arg(long, value_name = "USD", value_parser = amount)]
    pub(crate) usd: Money,
    /// How that is known.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Args, Debug)]
pub(crate) struct LedgerCorrect {
    /// The id of a call that has ended, or an import as READER:KEY.
    pub(crate) reference: String,
    /// What is added, in USD; `--delta=-0.25` takes away.
    #[arg(long, value_name = "USD", value_parser = signed_amount, allow_negative_numbers = true)]
    pub(crate) delta: Money,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Trust the machine's clock again after it leapt; written to the ledger.
    #[arg(long)]
    pub(crate) reset_clock: bool,
}
