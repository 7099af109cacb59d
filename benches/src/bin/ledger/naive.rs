//! What people write: check the cap and book, in one transaction of SQLite at its safest setting.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use rusqlite::{Connection, TransactionBehavior, params};

/// One thread's connection.
pub(super) struct Naive(Connection);

impl Naive {
    pub(super) fn create(path: &Path, arms: u64) -> Result<()> {
        let mut connection = open(path)?;
        connection.execute_batch(
            "CREATE TABLE balance (arm INTEGER PRIMARY KEY, cap INTEGER NOT NULL, \
             spent INTEGER NOT NULL, reserved INTEGER NOT NULL);
             CREATE TABLE reservation (id BLOB PRIMARY KEY, arm INTEGER NOT NULL, \
             amount INTEGER NOT NULL, state INTEGER NOT NULL) WITHOUT ROWID;
             CREATE TABLE journal (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, \
             reservation BLOB NOT NULL, kind INTEGER NOT NULL, amount INTEGER NOT NULL);",
        )?;
        let transaction = connection.transaction()?;
        for arm in 0..arms {
            transaction.execute(
                "INSERT INTO balance VALUES (?1, 1000000000000000, 0, 0)",
                params![arm.cast_signed()],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    pub(super) fn open(path: &Path) -> Result<Self> {
        open(path).map(Self)
    }

    pub(super) fn reserve(&mut self, id: [u8; 16], arm: u64, amount: i64, at: i64) -> Result<()> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let arm = arm.cast_signed();
        transaction
            .prepare_cached("INSERT INTO reservation VALUES (?1, ?2, ?3, 0)")?
            .execute(params![id, arm, amount])?;
        let fits = transaction
            .prepare_cached(
                "UPDATE balance SET reserved = reserved + ?2 \
                 WHERE arm = ?1 AND spent + reserved + ?2 <= cap",
            )?
            .execute(params![arm, amount])?;
        ensure!(fits == 1, "over the cap");
        transaction
            .prepare_cached(
                "INSERT INTO journal (at, reservation, kind, amount) VALUES (?1, ?2, 0, ?3)",
            )?
            .execute(params![at, id, amount])?;
        transaction.commit()?;
        Ok(())
    }

    pub(super) fn settle(
        &mut self,
        id: [u8; 16],
        arm: u64,
        (held, actual): (i64, i64),
        at: i64,
    ) -> Result<()> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let settled = transaction
            .prepare_cached("UPDATE reservation SET state = 1 WHERE id = ?1 AND state = 0")?
            .execute(params![id])?;
        ensure!(settled == 1, "not open");
        transaction
            .prepare_cached(
                "UPDATE balance SET reserved = reserved - ?2, spent = spent + ?3 WHERE arm = ?1",
            )?
            .execute(params![arm.cast_signed(), held, actual])?;
        transaction
            .prepare_cached(
                "INSERT INTO journal (at, reservation, kind, amount) VALUES (?1, ?2, 1, ?3)",
            )?
            .execute(params![at, id, actual])?;
        transaction.commit()?;
        Ok(())
    }

    /// All that is booked, and all that is held.
    pub(super) fn sums(&self) -> Result<(i128, i128)> {
        let sums =
            self.0.query_row("SELECT sum(spent), sum(reserved) FROM balance", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })?;
        Ok((sums.0.into(), sums.1.into()))
    }
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_mins(1))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}
