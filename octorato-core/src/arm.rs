//! Arms and clients, as the operator declares them in `arms.yaml`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::{ArmId, ClientId, Currency, Money};

/// All that an operator declares: the zone of reports, the clients, the arms.
#[derive(Clone, Debug)]
pub struct Arms {
    /// The operator's zone: days and months of reports are civil days and months there.
    pub zone: TimeZone,
    /// The clients, in the order of the file; every client that an arm names is here.
    pub clients: Vec<Client>,
    /// The arms, in the order of the file.
    pub arms: Vec<Arm>,
}

impl Arms {
    /// No client, no arm, reports in UTC.
    pub fn none() -> Self {
        Self { zone: TimeZone::UTC, clients: Vec::new(), arms: Vec::new() }
    }

    /// The arm of this id.
    pub fn arm(&self, id: &ArmId) -> Option<&Arm> {
        self.arms.iter().find(|arm| arm.id == *id)
    }

    /// The client of this id.
    pub fn client(&self, id: &ClientId) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == *id)
    }
}

/// Who is billed.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// The id that arms name.
    pub id: ClientId,
    /// The name on statements; the id where it is not given.
    pub name: String,
    /// The currency of statements.
    pub currency: Currency,
    /// How the client is charged, where the operator said so.
    pub billing: Option<Billing>,
    /// The zone of the client's months, where it is not the operator's.
    pub zone: Option<TimeZone>,
    /// The name of a tax and its percentage, or any other note for statements.
    pub tax: Option<String>,
    /// The postal address for statements.
    pub address: Option<String>,
}

/// How a client is charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Billing {
    /// List or contracted cost plus a percentage.
    CostPlus {
        /// Per cent on top of the cost.
        markup_pct: Decimal,
    },
    /// A fixed amount a month, whatever was used.
    Fixed {
        /// The amount, in the client's currency.
        monthly: Money,
    },
    /// An amount a month that includes some use; more is charged on top.
    Retainer {
        /// The amount a month, in the client's currency.
        monthly: Money,
        /// Use that the amount covers, at cost.
        included: Money,
        /// Per cent on top of the cost of any further use.
        overage_markup_pct: Decimal,
    },
    /// Not charged: the operator's own work.
    Internal,
}

/// One client's sealed cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// The arm's id.
    pub id: ArmId,
    /// The client it belongs to; exactly one.
    pub client: ClientId,
    /// Folders whose work is this arm's.
    pub roots: Vec<Root>,
    /// Patterns of git remotes, such as `github.com/acme/*`, for work outside of the roots.
    pub remotes: Vec<String>,
    /// Words that mean this client, which the leak guard looks for.
    pub aliases: Vec<String>,
    /// The zone of the arm's months, where it is not the client's.
    pub zone: Option<TimeZone>,
}

/// A folder whose work is an arm's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The folder, absolute, `~` already replaced.
    pub path: String,
    /// From the start of this day (in the operator's zone); always where not given. Of two arms
    /// with the same folder, the later date wins from that day on.
    pub from: Option<Date>,
}
