//! The configuration in a form that is read in no time.
//!
//! A hook starts a process for every tool call, so YAML is parsed only when a file has changed: what
//! was understood lies in the state folder, under the hash of all that it was understood from. A
//! compiled form that is missing, damaged or of other files is made anew.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use octorato_brain::read_file;
use octorato_core::{Arm, ArmId, Arms, Client, ClientId, Currency, Error, ErrorKind, Result, Root};
use octorato_finops::budget::{OnError, Scope, SpendPath};
use octorato_finops::small_file;
use serde::{Deserialize, Serialize};

use super::local::write_privately;
use super::words;
use crate::config::places::Places;
use crate::config::{arms, budgets, zones};

/// The largest compiled form.
const LARGEST: u64 = 16 << 20;

/// What the configuration says, as far as the gate needs it.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) arms: Arms,
    pub(super) policy: Policy,
}

/// What `budgets.yaml` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Policy {
    /// There is none: no budgets.
    NoFile,
    /// It is fine.
    Fine(Fine),
    /// It cannot be used.
    Broken {
        /// Where its first mistake is.
        place: String,
        /// Whether it says `on_error: allow`.
        allows: bool,
    },
}

/// A `budgets.yaml` that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fine {
    /// The full id of the policy.
    pub(super) id: String,
    /// Whether it has a budget.
    pub(super) has_budgets: bool,
    /// Its `on_error`, where it is declared: whether it allows.
    allows: Option<bool>,
    /// Over whose spend limits are enforced.
    operator: bool,
    clients: Vec<ClientId>,
    arms: Vec<ArmId>,
}

impl Policy {
    /// What is answered to a call of which nothing can be known: what is declared, else deny under a
    /// limit that is enforced over its arm, its client or all.
    pub(super) fn on_error(&self, path: &SpendPath) -> OnError {
        let answer = |allows: bool| if allows { OnError::Allow } else { OnError::Deny };
        match self {
            Self::NoFile => OnError::Allow,
            Self::Broken { allows, .. } => answer(*allows),
            Self::Fine(fine) => answer(fine.allows.unwrap_or_else(|| {
                let client = path.client.as_ref().is_some_and(|id| fine.clients.contains(id));
                let arm = path.arm.as_ref().is_some_and(|id| fine.arms.contains(id));
                !(fine.operator || client || arm)
            })),
        }
    }

    /// Whether any budget may be in force.
    pub(super) fn has_budgets(&self) -> bool {
        match self {
            Self::NoFile => false,
            Self::Fine(fine) => fine.has_budgets,
            Self::Broken { .. } => true,
        }
    }
}

/// A configuration that cannot be used, and what is answered then.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) error: Error,
    pub(super) on_error: OnError,
}

/// Where the compiled form lies.
fn file(places: &Places) -> PathBuf {
    places.state.join("gate").join("compiled.json")
}

/// Reads the configuration, and whether it has changed since it was compiled last.
pub(super) fn open(places: &Places) -> Result<(Compiled, bool), Unreadable> {
    let key = key(places)?;
    if let Some(compiled) = stored(&file(places), &key) {
        return Ok((compiled, false));
    }
    Ok((parse(places)?, true))
}

/// Keeps the compiled form. That it cannot be kept costs time, not truth.
pub(super) fn keep(places: &Places, compiled: &Compiled) {
    let Ok(key) = key(places) else { return };
    let stored =
        Stored { key, arms: StoredArms::of(&compiled.arms), policy: compiled.policy.clone() };
    if let Ok(text) = serde_json::to_string(&stored) {
        write_privately(&file(places), &text);
    }
}

/// The hash of all that the compiled form depends on.
fn key(places: &Places) -> Result<String, Unreadable> {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    part(concat!("octorato gate 1 ", env!("CARGO_PKG_VERSION")).as_bytes());
    part(places.home_text().unwrap_or_default().as_bytes());
    part(places.home.as_os_str().as_encoded_bytes());
    for path in [places.arms(), places.budgets()] {
        match read_file(&path) {
            Ok(bytes) => {
                part(b"file");
                part(&bytes);
            }
            // A link that leads nowhere is a file that cannot be read.
            Err(error) if error.kind() == ErrorKind::NotFound && is_absent(&path) => part(b"none"),
            // What it says cannot be known, but it may be that of the budgets alone.
            Err(_) if path == places.budgets() => part(b"unreadable"),
            Err(error) => return Err(unreadable(places, error)),
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn is_absent(path: &Path) -> bool {
    path.symlink_metadata().is_err()
}

fn parse(places: &Places) -> Result<Compiled, Unreadable> {
    let arms = match arms::load(&places.arms(), places.home_text()) {
        Ok((arms, _)) => arms,
        Err(error) if error.kind() == ErrorKind::NotFound && is_absent(&places.arms()) => {
            Arms::none()
        }
        Err(error) => return Err(unreadable(places, error)),
    };
    let policy = match budgets::load(&places.budgets(), &arms) {
        Ok(None) => Policy::NoFile,
        Ok(Some((policy, _))) => {
            let mut fine = Fine {
                id: policy.id().full(),
                has_budgets: !policy.is_empty(),
                allows: policy.declared().on_error.map(|answer| answer == OnError::Allow),
                operator: false,
                clients: Vec::new(),
                arms: Vec::new(),
            };
            for budget in policy.in_force(&arms).iter().filter(|budget| budget.enforces()) {
                match budget.scope() {
                    Scope::Operator => fine.operator = true,
                    Scope::Client(id) => fine.clients.push(id.clone()),
                    Scope::Arm(id) => fine.arms.push(id.clone()),
                }
            }
            Policy::Fine(fine)
        }
        Err(unusable) => Policy::Broken {
            place: words::unknown(&unusable.error),
            allows: unusable.on_error == OnError::Allow,
        },
    };
    Ok(Compiled { arms, policy })
}

/// Arms that cannot be read: nobody can say whose anything is. Allowed only where the budgets say so.
fn unreadable(places: &Places, error: Error) -> Unreadable {
    Unreadable { error, on_error: declared_on_error(places) }
}

/// What `budgets.yaml` declares for when nothing can be known, as far as it can be read; else deny.
pub(super) fn declared_on_error(places: &Places) -> OnError {
    let bytes = read_file(&places.budgets()).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    budgets::on_error(&octorato_core::SourceText::new("budgets.yaml", text))
}

#[derive(Serialize, Deserialize)]
struct Stored {
    key: String,
    arms: StoredArms,
    policy: Policy,
}

#[derive(Serialize, Deserialize)]
struct StoredArms {
    zone: String,
    clients: Vec<StoredClient>,
    arms: Vec<StoredArm>,
}

#[derive(Serialize, Deserialize)]
struct StoredClient {
    id: ClientId,
    zone: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredArm {
    id: ArmId,
    client: ClientId,
    roots: Vec<(String, Option<Date>)>,
    remotes: Vec<String>,
    zone: Option<String>,
}

fn stored(path: &Path, key: &str) -> Option<Compiled> {
    let text = small_file::read(path, LARGEST).ok()?;
    let stored: Stored = serde_json::from_str(&text).ok()?;
    let is_known = |policy: &Policy| match policy {
        // What cannot be read may become readable without a change of its bytes.
        Policy::Broken { .. } => false,
        Policy::NoFile | Policy::Fine(_) => true,
    };
    if stored.key != key || !is_known(&stored.policy) {
        return None;
    }
    Some(Compiled { arms: stored.arms.arms()?, policy: stored.policy })
}

impl StoredArms {
    fn of(arms: &Arms) -> Self {
        let name = |zone: &TimeZone| zone.iana_name().unwrap_or("UTC").to_owned();
        let clients = arms.clients.iter().map(|client| StoredClient {
            id: client.id.clone(),
            zone: client.zone.as_ref().map(name),
        });
        let all = arms.arms.iter().map(|arm| StoredArm {
            id: arm.id.clone(),
            client: arm.client.clone(),
            roots: arm.roots.iter().map(|root| (root.path.clone(), root.from)).collect(),
            remotes: arm.remotes.clone(),
            zone: arm.zone.as_ref().map(name),
        });
        Self { zone: name(&arms.zone), clients: clients.collect(), arms: all.collect() }
    }

    /// The arms without what concerns statements alone.
    fn arms(self) -> Option<Arms> {
        let zone = |name: Option<String>| match name {
            Some(name) => Some(Some(zones::find(&name).ok()?)),
            None => Some(None),
        };
        let clients = self.clients.into_iter().map(|client| {
            Some(Client {
                name: client.id.to_string(),
                id: client.id,
                currency: Currency::USD,
                billing: None,
                zone: zone(client.zone)?,
                tax: None,
                address: None,
            })
        });
        let arms = self.arms.into_iter().map(|arm| {
            let root = |(path, from)| Root { path, from };
            Some(Arm {
                id: arm.id,
                client: arm.client,
                roots: arm.roots.into_iter().map(root).collect(),
                remotes: arm.remotes,
                aliases: Vec::new(),
                zone: zone(arm.zone)?,
            })
        });
        Some(Arms {
            zone: zones::find(&self.zone).ok()?,
            clients: clients.collect::<Option<_>>()?,
            arms: arms.collect::<Option<_>>()?,
        })
    }
}
