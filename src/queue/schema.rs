//! The file's tables, and the migrations of older files.

use rusqlite::{Connection, Transaction};

/// Each migration leads to the version of its position, counted from one. Published ones are never changed;
/// new ones are appended.
const MIGRATIONS: [&str; 2] = ["
    CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        state INTEGER NOT NULL,
        priority INTEGER NOT NULL,
        lane BLOB NOT NULL,
        idempotency BLOB UNIQUE,
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER,
        due_ms INTEGER NOT NULL,
        deliveries INTEGER NOT NULL,
        maybe_duplicate INTEGER NOT NULL,
        failures TEXT NOT NULL,
        ended INTEGER UNIQUE,
        ended_ms INTEGER,
        payload BLOB,
        result BLOB
    );
    CREATE INDEX jobs_in_order ON jobs (state, lane, priority DESC, seq);
    CREATE INDEX jobs_due ON jobs (due_ms) WHERE state = 0;
    CREATE INDEX jobs_expiry ON jobs (expires_ms) WHERE state = 0 AND expires_ms IS NOT NULL;
", "
    CREATE TABLE totals (
        waiting INTEGER NOT NULL,
        held_jobs INTEGER NOT NULL,
        kept_jobs INTEGER NOT NULL,
        held_bytes INTEGER NOT NULL,
        kept_bytes INTEGER NOT NULL
    );
    INSERT INTO totals
        SELECT coalesce(sum(state IN (0, 1)), 0), coalesce(sum(state IN (0, 1, 4)), 0),
            coalesce(sum(state IN (2, 3, 5)), 0), coalesce(sum((state IN (0, 1, 4)) * size), 0),
            coalesce(sum((state IN (2, 3, 5)) * size), 0)
        FROM (SELECT state, coalesce(length(payload), 0) + coalesce(length(result), 0) AS size FROM jobs);
    CREATE TRIGGER totals_in AFTER INSERT ON jobs BEGIN
        UPDATE totals SET
            waiting = waiting + (NEW.state IN (0, 1)),
            held_jobs = held_jobs + (NEW.state IN (0, 1, 4)),
            kept_jobs = kept_jobs + (NEW.state IN (2, 3, 5)),
            held_bytes = held_bytes + (NEW.state IN (0, 1, 4)) * (coalesce(length(NEW.payload), 0) + coalesce(length(NEW.result), 0)),
            kept_bytes = kept_bytes + (NEW.state IN (2, 3, 5)) * (coalesce(length(NEW.payload), 0) + coalesce(length(NEW.result), 0));
    END;
    CREATE TRIGGER totals_out AFTER DELETE ON jobs BEGIN
        UPDATE totals SET
            waiting = waiting - (OLD.state IN (0, 1)),
            held_jobs = held_jobs - (OLD.state IN (0, 1, 4)),
            kept_jobs = kept_jobs - (OLD.state IN (2, 3, 5)),
            held_bytes = held_bytes - (OLD.state IN (0, 1, 4)) * (coalesce(length(OLD.payload), 0) + coalesce(length(OLD.result), 0)),
            kept_bytes = kept_bytes - (OLD.state IN (2, 3, 5)) * (coalesce(length(OLD.payload), 0) + coalesce(length(OLD.result), 0));
    END;
    CREATE TRIGGER totals_moved AFTER UPDATE OF state, payload, result ON jobs BEGIN
        UPDATE totals SET
            waiting = waiting + (NEW.state IN (0, 1)) - (OLD.state IN (0, 1)),
            held_jobs = held_jobs + (NEW.state IN (0, 1, 4)) - (OLD.state IN (0, 1, 4)),
            kept_jobs = kept_jobs + (NEW.state IN (2, 3, 5)) - (OLD.state IN (2, 3, 5)),
            held_bytes = held_bytes + (NEW.state IN (0, 1, 4)) * (coalesce(length(NEW.payload), 0) + coalesce(length(NEW.result), 0)) - (OLD.state IN (0, 1, 4)) * (coalesce(length(OLD.payload), 0) + coalesce(length(OLD.result), 0)),
            kept_bytes = kept_bytes + (NEW.state IN (2, 3, 5)) * (coalesce(length(NEW.payload), 0) + coalesce(length(NEW.result), 0)) - (OLD.state IN (2, 3, 5)) * (coalesce(length(OLD.payload), 0) + coalesce(length(OLD.result), 0));
    END;
"];

/// `bell`: distinguishes a queue from other databases.
const APPLICATION: i32 = 0x6265_6c6c;

#[derive(Debug)]
pub enum SchemaProblem {
    Sqlite(rusqlite::Error),
    /// Written by a later version.
    Newer {
        found: i64,
        known: usize,
    },
    /// A database, but not a queue.
    Foreign,
}

impl From<rusqlite::Error> for SchemaProblem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Migrates the file; calls `fresh` in the same commit for an empty one.
pub fn migrate(
    connection: &mut Connection,
    fresh: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
) -> Result<(), SchemaProblem> {
    let number = |name| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let version = number("user_version")?;
    let application = number("application_id")?;
    let empty =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? == 0;
    if !empty && application != i64::from(APPLICATION) {
        return Err(SchemaProblem::Foreign);
    }
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        return Err(SchemaProblem::Newer { found: version, known: MIGRATIONS.len() });
    }
    if done == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in &MIGRATIONS[done..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    if done == 0 {
        fresh(&transaction)?;
    }
    Ok(transaction.commit()?)
}
