//! What comes again and again is kept once, by number: paths, texts, processes, prices, budgets.
//!
//! A number never changes its meaning once it is committed, so what was read stays known. After a
//! rollback everything is forgotten.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use octorato_core::{ModelId, PriceContext, ProviderId, RequestId, Unit, Usage};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::cells::sixteen;
use super::fault::{Spoilt, spoilt};
use crate::budget::{BudgetId, InForce, SpendPath};
use crate::ledger::operation::{Holder, Metered, RequestKey, SourceKey};
use crate::ledger::spelling::Spelling;

type Done<T> = Result<T, Spoilt>;

/// So many of a kind are kept in memory.
const MOST: usize = 20_000;

/// Values and their numbers, both ways.
#[derive(Debug)]
struct Known<T>(HashMap<T, i64>, HashMap<i64, T>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(HashMap::new(), HashMap::new())
    }
}

impl<T: Clone + Eq + Hash> Known<T> {
    fn keep(&mut self, value: T, number: i64) -> i64 {
        if self.0.len() >= MOST {
            *self = Self::default();
        }
        self.0.insert(value.clone(), number);
        self.1.insert(number, value);
        number
    }
}

/// A path with the number of its arm.
#[derive(Clone, Debug)]
pub(super) struct KnownPath {
    pub(super) path: Arc<SpendPath>,
    pub(super) arm: i64,
}

/// What has a number.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: Known<Arc<str>>,
    paths: Known<Arc<SpendPath>>,
    arm_of: HashMap<i64, i64>,
    holders: Known<Holder>,
    meters: Known<Arc<str>>,
    shapes: HashMap<i64, Arc<Shape>>,
    requests: Known<RequestKey>,
    budgets: Known<BudgetId>,
    policies: HashMap<i64, Arc<InForce>>,
}

/// Counts without their numbers: who billed what, at which prices, and what was counted.
#[derive(Debug, Serialize, Deserialize)]
struct Shape {
    provider: Option<String>,
    model: String,
    context: Vec<(String, String)>,
    book: String,
    units: Vec<String>,
}

impl Names {
    fn find_text(&mut self, connection: &Connection, text: &str) -> Done<Option<i64>> {
        if let Some(number) = self.texts.0.get(text) {
            return Ok(Some(*number));
        }
        let found = one(connection, "SELECT number FROM texts WHERE text = ?1", params![text])?;
        Ok(found.map(|number| self.texts.keep(text.into(), number)))
    }

    /// The number of a text, made where there is none.
    pub(super) fn text(&mut self, connection: &Connection, text: &str) -> Done<i64> {
        if let Some(number) = self.find_text(connection, text)? {
            return Ok(number);
        }
        let number = insert(connection, "INSERT INTO texts (text) VALUES (?1)", params![text])?;
        Ok(self.texts.keep(text.into(), number))
    }

    pub(super) fn text_of(&mut self, connection: &Connection, number: i64) -> Done<Arc<str>> {
        if let Some(text) = self.texts.1.get(&number) {
            return Ok(text.clone());
        }
        let mut statement =
            connection.prepare_cached("SELECT text FROM texts WHERE number = ?1")?;
        let text: Option<Arc<str>> = statement.query_row([number], |row| row.get(0)).optional()?;
        let text = text.ok_or(spoilt("a text is missing"))?;
        self.texts.keep(text.clone(), number);
        Ok(text)
    }

    /// The number of a path, made where there is none.
    pub(super) fn path(&mut self, connection: &Connection, path: &Arc<SpendPath>) -> Done<i64> {
        if let Some(number) = self.paths.0.get(path) {
            return Ok(*number);
        }
        let hash = hash_of(path);
        let found = one(connection, "SELECT number FROM paths WHERE hash = ?1", params![hash])?;
        let number = match found {
            Some(number) => number,
            None => insert_path(connection, path, hash)?,
        };
        Ok(self.paths.keep(path.clone(), number))
    }

    pub(super) fn path_of(&mut self, connection: &Connection, number: i64) -> Done<Arc<SpendPath>> {
        if let Some(path) = self.paths.1.get(&number) {
            return Ok(path.clone());
        }
        let known = read_path(connection, number)?;
        self.arm_of.insert(number, known.arm);
        self.paths.keep(known.path.clone(), number);
        Ok(known.path)
    }

    /// The number of the arm of a path.
    pub(super) fn arm_of(&mut self, connection: &Connection, path: i64) -> Done<i64> {
        if let Some(arm) = self.arm_of.get(&path) {
            return Ok(*arm);
        }
        let found = one(connection, "SELECT arm FROM paths WHERE number = ?1", params![path])?;
        let arm = found.ok_or(spoilt("a path is missing"))?;
        if self.arm_of.len() >= MOST {
            self.arm_of.clear();
        }
        self.arm_of.insert(path, arm);
        Ok(arm)
    }

    /// The number of a process; nothing where it never held a call.
    pub(super) fn find_holder(
        &mut self,
        connection: &Connection,
        holder: Holder,
    ) -> Done<Option<i64>> {
        if let Some(number) = self.holders.0.get(&holder) {
            return Ok(Some(*number));
        }
        let Holder { boot, process, started } = holder;
        let started = super::cells::count(u128::from(started));
        let sql = "SELECT number FROM holders WHERE boot = ?1 AND process = ?2 AND started = ?3";
        let number = one(connection, sql, params![boot, process, started])?;
        Ok(number.map(|number| self.holders.keep(holder, number)))
    }

    /// The number of a process, made where there is none.
    pub(super) fn holder(&mut self, connection: &Connection, holder: Holder) -> Done<i64> {
        if let Some(number) = self.find_holder(connection, holder)? {
            return Ok(number);
        }
        let Holder { boot, process, started } = holder;
        let started = super::cells::count(u128::from(started));
        let sql = "INSERT INTO holders (boot, process, started) VALUES (?1, ?2, ?3)";
        let number = insert(connection, sql, params![boot, process, started])?;
        Ok(self.holders.keep(holder, number))
    }

    pub(super) fn holder_of(&mut self, connection: &Connection, number: i64) -> Done<Holder> {
        if let Some(holder) = self.holders.1.get(&number) {
            return Ok(*holder);
        }
        let sql = "SELECT boot, process, started FROM holders WHERE number = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([number])?;
        let row = rows.next()?.ok_or(spoilt("a process is missing"))?;
        let started = super::cells::read_count(row.get_ref(2)?)?;
        let holder = Holder {
            boot: sixteen(row.get_ref(0)?)?,
            process: row.get(1)?,
            started: u64::try_from(started).map_err(|_| spoilt("a start is out of range"))?,
        };
        self.holders.keep(holder, number);
        Ok(holder)
    }

    /// The number of everything of a meter but its counts, and these in their order.
    pub(super) fn meter(
        &mut self,
        connection: &Connection,
        metered: &Metered,
    ) -> Done<(i64, Vec<u64>)> {
        let context = metered.context.iter();
        let shape = Shape {
            provider: metered.provider.as_ref().map(ToString::to_string),
            model: metered.model.to_string(),
            context: context.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            book: metered.book.to_string(),
            units: metered.usage.iter().map(|(unit, _)| unit.name().to_owned()).collect(),
        };
        let counts = metered.usage.iter().map(|(_, count)| count).collect();
        let text = serde_json::to_string(&shape).map_err(|_| spoilt("a meter has no text"))?;
        let text: Arc<str> = text.into();
        if let Some(number) = self.meters.0.get(&text) {
            return Ok((*number, counts));
        }
        let sql = "SELECT number FROM meters WHERE description = ?1";
        let number = match one(connection, sql, params![text])? {
            Some(number) => number,
            None => {
                insert(connection, "INSERT INTO meters (description) VALUES (?1)", params![text])?
            }
        };
        Ok((self.meters.keep(text, number), counts))
    }

    /// How many counts a meter has.
    pub(super) fn units_of(&mut self, connection: &Connection, meter: i64) -> Done<usize> {
        self.shape(connection, meter).map(|shape| shape.units.len())
    }

    pub(super) fn metered(
        &mut self,
        connection: &Connection,
        meter: i64,
        counts: &[u64],
    ) -> Done<Metered> {
        let shape = self.shape(connection, meter)?;
        let mut usage = Usage::new();
        for (name, count) in shape.units.iter().zip(counts) {
            usage.set(Unit::from_name(name).ok_or(spoilt("a count has no known name"))?, *count);
        }
        let mut context = PriceContext::standard();
        shape.context.iter().for_each(|(name, value)| context.set(name, value));
        Ok(Metered {
            provider: shape.provider.as_deref().map(ProviderId::from),
            model: ModelId::from(shape.model.as_str()),
            usage,
            context,
            book: shape.book.as_str().into(),
        })
    }

    fn shape(&mut self, connection: &Connection, meter: i64) -> Done<Arc<Shape>> {
        if let Some(shape) = self.shapes.get(&meter) {
            return Ok(shape.clone());
        }
        let sql = "SELECT description FROM meters WHERE number = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let text: Option<String> = statement.query_row([meter], |row| row.get(0)).optional()?;
        let text = text.ok_or(spoilt("a meter is missing"))?;
        let shape: Shape =
            serde_json::from_str(&text).map_err(|_| spoilt("a meter cannot be read"))?;
        let shape = Arc::new(shape);
        if self.shapes.len() >= MOST {
            self.shapes.clear();
        }
        self.shapes.insert(meter, shape.clone());
        Ok(shape)
    }

    /// The number of a provider's request; nothing where it was never seen.
    pub(super) fn find_request(
        &mut self,
        connection: &Connection,
        key: &RequestKey,
    ) -> Done<Option<i64>> {
        if let Some(number) = self.requests.0.get(key) {
            return Ok(Some(*number));
        }
        let Some(provider) = self.find_text(connection, key.provider.as_str())? else {
            return Ok(None);
        };
        let sql = "SELECT number FROM requests WHERE key = ?1 AND provider = ?2 AND request = ?3";
        let values = params![
            short(&[key.provider.as_str(), key.request.as_str()]),
            provider,
            key.request.as_str()
        ];
        let number = one(connection, sql, values)?;
        Ok(number.map(|number| self.requests.keep(key.clone(), number)))
    }

    /// The number of a provider's request, made where there is none.
    pub(super) fn request(&mut self, connection: &Connection, key: &RequestKey) -> Done<i64> {
        if let Some(number) = self.find_request(connection, key)? {
            return Ok(number);
        }
        let provider = self.text(connection, key.provider.as_str())?;
        let number = insert(
            connection,
            "INSERT INTO requests (key, provider, request) VALUES (?1, ?2, ?3)",
            params![
                short(&[key.provider.as_str(), key.request.as_str()]),
                provider,
                key.request.as_str()
            ],
        )?;
        Ok(self.requests.keep(key.clone(), number))
    }

    pub(super) fn request_of(&mut self, connection: &Connection, number: i64) -> Done<RequestKey> {
        if let Some(key) = self.requests.1.get(&number) {
            return Ok(key.clone());
        }
        let sql = "SELECT provider, request FROM requests WHERE number = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let row: Option<(i64, String)> =
            statement.query_row([number], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (provider, request) = row.ok_or(spoilt("a request is missing"))?;
        let provider = self.text_of(connection, provider)?;
        let key = RequestKey {
            provider: ProviderId::from(&*provider),
            request: RequestId::from(request.as_str()),
        };
        self.requests.keep(key.clone(), number);
        Ok(key)
    }

    /// The number of a source; nothing where nothing was imported of it.
    pub(super) fn find_source(
        &mut self,
        connection: &Connection,
        key: &SourceKey,
    ) -> Done<Option<i64>> {
        let Some(reader) = self.find_text(connection, &key.reader)? else { return Ok(None) };
        let sql = "SELECT number FROM sources WHERE key_hash = ?1 AND reader = ?2 AND key = ?3";
        one(connection, sql, params![short(&[&key.reader, &key.key]), reader, key.key])
    }

    pub(super) fn source_of(&mut self, connection: &Connection, number: i64) -> Done<SourceKey> {
        let sql = "SELECT reader, key FROM sources WHERE number = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let row: Option<(i64, Arc<str>)> =
            statement.query_row([number], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (reader, key) = row.ok_or(spoilt("a source is missing"))?;
        Ok(SourceKey { reader: self.text_of(connection, reader)?, key })
    }

    /// The number of a budget; nothing where it was never in force.
    pub(super) fn find_budget(
        &mut self,
        connection: &Connection,
        id: BudgetId,
    ) -> Done<Option<i64>> {
        if let Some(number) = self.budgets.0.get(&id) {
            return Ok(Some(*number));
        }
        let sql = "SELECT number FROM budgets WHERE id = ?1";
        let number = one(connection, sql, params![id.bytes()])?;
        Ok(number.map(|number| self.budgets.keep(id, number)))
    }

    pub(super) fn budget(
        &mut self,
        connection: &Connection,
        id: BudgetId,
        name: &str,
    ) -> Done<i64> {
        if let Some(number) = self.find_budget(connection, id)? {
            return Ok(number);
        }
        let sql = "INSERT INTO budgets (id, name) VALUES (?1, ?2)";
        let number = insert(connection, sql, params![id.bytes(), name])?;
        Ok(self.budgets.keep(id, number))
    }

    pub(super) fn budget_of(&mut self, connection: &Connection, number: i64) -> Done<BudgetId> {
        if let Some(id) = self.budgets.1.get(&number) {
            return Ok(*id);
        }
        let mut statement =
            connection.prepare_cached("SELECT id FROM budgets WHERE number = ?1")?;
        let mut rows = statement.query([number])?;
        let row = rows.next()?.ok_or(spoilt("a budget is missing"))?;
        let id = BudgetId::from_bytes(row.get(0)?);
        self.budgets.keep(id, number);
        Ok(id)
    }

    /// The number of a policy, made where there is none.
    pub(super) fn policy(&mut self, connection: &Connection, policy: &Arc<InForce>) -> Done<i64> {
        // Every commit names the policy in force: it is spelled once.
        let is_it = |(_, known): &(&i64, &Arc<InForce>)| Arc::ptr_eq(known, policy);
        if let Some((number, _)) = self.policies.iter().find(is_it) {
            return Ok(*number);
        }
        let text = policy.to_stored()?;
        let hash = Spelling::of("octorato stored policy 1").text(&text).hash();
        let sql = "SELECT number FROM policies WHERE hash = ?1";
        let number = match one(connection, sql, params![hash])? {
            Some(number) => number,
            None => insert(
                connection,
                "INSERT INTO policies (hash, policy) VALUES (?1, ?2)",
                params![hash, text],
            )?,
        };
        self.policies.insert(number, policy.clone());
        Ok(number)
    }

    pub(super) fn policy_of(&mut self, connection: &Connection, number: i64) -> Done<Arc<InForce>> {
        if let Some(policy) = self.policies.get(&number) {
            return Ok(policy.clone());
        }
        let mut statement =
            connection.prepare_cached("SELECT policy, hash FROM policies WHERE number = ?1")?;
        let mut rows = statement.query([number])?;
        let row = rows.next()?.ok_or(spoilt("a policy is missing"))?;
        let text: String = row.get(0)?;
        if Spelling::of("octorato stored policy 1").text(&text).hash() != sixteen(row.get_ref(1)?)?
        {
            return Err(spoilt("a policy is not what was adopted"));
        }
        let policy = Arc::new(InForce::from_stored(&text)?);
        self.policies.insert(number, policy.clone());
        Ok(policy)
    }
}

/// What a path is known by.
pub(super) fn hash_of(path: &SpendPath) -> [u8; 16] {
    Spelling::of("octorato path 1").path(path).hash()
}

/// The path of a number, read anew.
pub(super) fn read_path(connection: &Connection, number: i64) -> Done<KnownPath> {
    let sql = "SELECT p.arm, a.client, a.arm, p.project, p.agent, p.session, p.run, p.skill, \
               p.model, p.priced_as, p.tags, p.hash FROM paths p JOIN arms a ON a.number = p.arm \
               WHERE p.number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    let row = rows.next()?.ok_or(spoilt("a path is missing"))?;
    let text = |column: usize| row.get::<_, Option<Arc<str>>>(column);
    let id = |_| spoilt("a name of a path is none");
    let tags: Option<String> = row.get(10)?;
    let tags = tags.map(|tags| serde_json::from_str(&tags)).transpose();
    let path = SpendPath {
        client: text(1)?.map(|id| octorato_core::ClientId::new(&id)).transpose().map_err(id)?,
        arm: text(2)?.map(|id| octorato_core::ArmId::new(&id)).transpose().map_err(id)?,
        project: text(3)?,
        agent: text(4)?,
        session: text(5)?.as_deref().map(Into::into),
        run: text(6)?,
        skill: text(7)?,
        model: text(8)?.as_deref().map(Into::into),
        priced_as: text(9)?.as_deref().map(Into::into),
        tags: tags.map_err(|_| spoilt("tags cannot be read"))?.unwrap_or_default(),
    };
    if hash_of(&path) != sixteen(row.get_ref(11)?)? {
        return Err(spoilt("a path is not what was booked"));
    }
    Ok(KnownPath { path: Arc::new(path), arm: row.get(0)? })
}

fn insert_path(connection: &Connection, path: &SpendPath, hash: [u8; 16]) -> Done<i64> {
    let client = path.client.as_ref().map(AsRef::<str>::as_ref);
    let arm = path.arm.as_ref().map(AsRef::<str>::as_ref);
    let sql = "SELECT number FROM arms WHERE client IS ?1 AND arm IS ?2";
    let owner = match one(connection, sql, params![client, arm])? {
        Some(number) => number,
        None => insert(
            connection,
            "INSERT INTO arms (client, arm) VALUES (?1, ?2)",
            params![client, arm],
        )?,
    };
    let tags = (!path.tags.is_empty()).then(|| serde_json::to_string(&path.tags)).transpose();
    let tags = tags.map_err(|_| spoilt("tags have no text"))?;
    let values = params![
        hash,
        owner,
        path.project,
        path.agent,
        path.session.as_ref().map(AsRef::<str>::as_ref),
        path.run,
        path.skill,
        path.model.as_ref().map(AsRef::<str>::as_ref),
        path.priced_as.as_ref().map(AsRef::<str>::as_ref),
        tags,
    ];
    let sql = "INSERT INTO paths (hash, arm, project, agent, session, run, skill, model, \
               priced_as, tags) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    insert(connection, sql, values)
}

/// Eight bytes by which an index finds texts.
pub(super) fn short(texts: &[&str]) -> i64 {
    let mut spelling = Spelling::of("octorato key 1");
    for text in texts {
        spelling.text(text);
    }
    let mut number = [0; 8];
    number.iter_mut().zip(spelling.hash()).for_each(|(to, from)| *to = from);
    i64::from_be_bytes(number)
}

fn one(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Done<Option<i64>> {
    Ok(connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?)
}

fn insert(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Done<i64> {
    Ok(connection.prepare_cached(sql)?.insert(values)?)
}
