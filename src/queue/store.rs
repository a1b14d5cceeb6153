//! The file: every operation on it, each given the time. Whoever calls commits.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, named_params, params};
use serde_json::{Value, json};

use super::{
    error::QueueError,
    job::{Draft, Due, Failure, Head, KEPT_FAILURES, Kept, Outcome, Settlement, State},
    schema::{self, Trouble},
    seal::{self, Role, SALT_BYTES, Seal},
};
use crate::{config::queue::QueueConfig, timestamp::iso8601};

/// Lanes that are looked at in one go.
const MAX_LANES: usize = 32;
/// Pages in the write-ahead log before it is written back: 4 MiB.
const CHECKPOINT_PAGES: i64 = 1_000;

type Result<T> = std::result::Result<T, QueueError>;

pub struct Store {
    connection: Connection,
    path: PathBuf,
    seal: Seal,
    prefix: String,
    max_jobs: u64,
    ttl_ms: Option<i64>,
    /// The last lane that was looked at, when there were more than are looked at in one go.
    lane: Vec<u8>,
    /// Last: what the file holds is written before another may have it.
    _lock: File,
}

/// A job as people look at it.
const COLUMNS: &str =
    "seq, state, priority, created_ms, expires_ms, due_ms, deliveries, maybe_duplicate, failures, ended_ms";

impl Store {
    /// Opens the file, or makes it, and takes it into possession.
    pub fn open(config: &QueueConfig, now_ms: i64) -> Result<Self> {
        let path = &config.path;
        let lock = lock(path)?;
        let trouble = |error| QueueError::of(path, &error);
        private(path).map_err(|e| QueueError::file(path, &format!("it cannot be opened or made ({e})")))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(trouble)?;
        pragmas(&connection).map_err(trouble)?;
        let sound: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(trouble)?;
        if sound != "ok" {
            return Err(QueueError::file(path, &format!("it is damaged ({sound})")));
        }
        let random = seal::random::<SALT_BYTES>()
            .map_err(|_| QueueError::file(path, "the system gives no randomness"))?;
        schema::migrate(&mut connection, |transaction| {
            let seal = Seal::new(config.key.as_ref(), &random);
            let check = if seal.is_on() { seal.seal(Role::Check, b"bellwether").unwrap_or_default() } else { Vec::new() };
            let mut insert = transaction.prepare("INSERT INTO meta (name, value) VALUES (?, ?)")?;
            insert.execute(params!["salt", random.as_slice()])?;
            insert.execute(params!["check", check])?;
            insert.execute(params!["ended", 0_i64]).map(|_| ())
        })
        .map_err(|trouble| match trouble {
            Trouble::Sqlite(error) => QueueError::of(path, &error),
            Trouble::Foreign => QueueError::file(path, "it is a database of another program"),
            Trouble::Newer { found, known } => QueueError::file(
                path,
                &format!("a later version of bellwether made it (version {found} of the file, {known} is known here)"),
            ),
        })?;
        let meta = |name: &str| {
            connection
                .query_row("SELECT value FROM meta WHERE name = ?", [name], |row| row.get::<_, Vec<u8>>(0))
        };
        let (salt, check) = (meta("salt").map_err(trouble)?, meta("check").map_err(trouble)?);
        let seal = Seal::new(config.key.as_ref(), &salt);
        match (seal.is_on(), check.is_empty()) {
            (true, true) => {
                return Err(QueueError::file(path, "it was made without an encryptionKey, and one is given"));
            }
            (false, false) => {
                return Err(QueueError::file(path, "it was made with an encryptionKey, and none is given"));
            }
            (true, false) if seal.open(Role::Check, &check).is_err() => {
                return Err(QueueError::file(path, "queue.encryptionKey is not the key it was made with"));
            }
            _ => {}
        }
        let prefix = salt.iter().take(4).fold("q".to_owned(), |id, byte| format!("{id}{byte:02x}"));
        let store = Self {
            connection,
            path: path.clone(),
            seal,
            prefix,
            max_jobs: config.max_jobs,
            ttl_ms: config.ttl.map(|ttl| ttl.as_millis() as i64),
            lane: Vec::new(),
            _lock: lock,
        };
        // What was being delivered when its owner went may have been answered: it is delivered again, and says so.
        let interrupted = "UPDATE jobs SET state = 0, maybe_duplicate = 1, due_ms = ? WHERE state = 1";
        store.connection.execute(interrupted, [now_ms]).map_err(trouble)?;
        Ok(store)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends a use of the file in order, and leaves nothing beside it but the lock's file.
    pub fn close(self) {
        // It is as good without: the log is read at the next opening.
        let _ = self.connection.close();
    }

    /// Grows with every row that is changed.
    pub fn changes(&self) -> u64 {
        self.connection.total_changes()
    }

    // === transactions ===

    pub fn begin(&self) -> Result<()> {
        self.run("BEGIN IMMEDIATE")
    }

    pub fn commit(&self) -> Result<()> {
        self.run("COMMIT")
    }

    pub fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.run("ROLLBACK");
        }
    }

    /// SQLite ends a transaction by itself when the disk is full or fails.
    pub fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// One of several things within a transaction: it is done whole, or not at all.
    pub fn within<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.run("SAVEPOINT one")?;
        let result = act(self);
        if self.is_in_transaction() {
            if result.is_err() {
                self.run("ROLLBACK TO one")?;
            }
            self.run("RELEASE one")?;
        }
        result
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut s| s.execute([]))
            .map(|_| ())
            .map_err(|e| self.trouble(&e))
    }

    fn trouble(&self, error: &rusqlite::Error) -> QueueError {
        QueueError::of(&self.path, error)
    }

    fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
        self.connection.prepare_cached(sql).and_then(|mut s| s.execute(params)).map_err(|e| self.trouble(&e))
    }

    fn row<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let found =
            self.connection.prepare_cached(sql).and_then(|mut s| s.query_row(params, read).optional());
        found.map_err(|e| self.trouble(&e))
    }

    fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let found =
            self.connection.prepare_cached(sql).and_then(|mut s| s.query_map(params, read)?.collect());
        found.map_err(|e| self.trouble(&e))
    }

    fn sealed(&self, role: Role, text: &[u8]) -> Result<Vec<u8>> {
        self.seal.seal(role, text).map_err(|_| QueueError::file(&self.path, "the system gives no randomness"))
    }

    fn opened(&self, role: Role, sealed: &[u8]) -> Result<Vec<u8>> {
        self.seal
            .open(role, sealed)
            .map_err(|_| QueueError::file(&self.path, "a job in it was changed by somebody"))
    }

    // === ids ===

    pub fn id(&self, seq: i64) -> String {
        format!("{}-{seq:x}", self.prefix)
    }

    /// What an id stands for; nothing for another file's.
    pub fn seq(&self, id: &str) -> Result<i64> {
        id.strip_prefix(&self.prefix)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| i64::from_str_radix(rest, 16).ok())
            .ok_or_else(|| QueueError::Unknown(crate::config::reader::shorten(id)))
    }

    // === what waits ===

    /// Jobs that are not over.
    pub fn waiting(&self) -> Result<u64> {
        let count =
            self.row("SELECT count(*) FROM jobs WHERE state IN (0, 1)", [], |row| row.get::<_, i64>(0))?;
        Ok(count.unwrap_or(0).unsigned_abs())
    }

    /// Puts a job in, and says its id and whether it is new.
    pub fn enqueue(&self, draft: &Draft, now_ms: i64) -> Result<(String, bool)> {
        let idempotency = draft.idempotency_key.as_ref().map(|key| self.seal.digest(key.as_bytes()));
        if let Some(digest) = &idempotency {
            let known = "SELECT seq FROM jobs WHERE idempotency = ?";
            if let Some(seq) = self.row(known, [digest], |row| row.get(0))? {
                return Ok((self.id(seq), false));
            }
        }
        // Dead letters wait for people, and take room like the others.
        let held =
            self.row("SELECT count(*) FROM jobs WHERE state IN (0, 1, 4)", [], |row| row.get::<_, i64>(0))?;
        if held.unwrap_or(0).unsigned_abs() >= self.max_jobs {
            return Err(QueueError::Full(self.max_jobs));
        }
        let payload = self.sealed(Role::Request, draft.payload.as_bytes())?;
        self.execute(
            "INSERT INTO jobs (state, priority, lane, idempotency, created_ms, expires_ms, due_ms, deliveries,
                maybe_duplicate, failures, payload)
             VALUES (0, :priority, :lane, :idempotency, :now, :expires, :now, 0, :maybe_duplicate, '[]', :payload)",
            named_params! {
                ":priority": draft.priority,
                ":lane": &self.seal.digest(draft.lane.as_bytes())[..8],
                ":idempotency": idempotency,
                ":now": now_ms,
                ":expires": self.ttl_ms.map(|ttl| now_ms.saturating_add(ttl)),
                ":maybe_duplicate": draft.maybe_duplicate,
                ":payload": payload,
            },
        )?;
        Ok((self.id(self.connection.last_insert_rowid()), true))
    }

    /// The first job of every lane that is due, and ends what has waited too long.
    pub fn due(&mut self, now_ms: i64) -> Result<Due> {
        let expired = self.expire(now_ms)?;
        let next = "SELECT lane FROM jobs WHERE state = 0 AND lane > ? ORDER BY lane LIMIT 1";
        let mut heads = Vec::new();
        let mut more = false;
        let mut lane = std::mem::take(&mut self.lane);
        let (start, mut wrapped, mut looked) = (lane.clone(), lane.is_empty(), 0);
        loop {
            match self.row(next, [&lane], |row| row.get::<_, Vec<u8>>(0))? {
                Some(_) if looked == MAX_LANES => {
                    (more, self.lane) = (true, lane);
                    break;
                }
                Some(found) if wrapped && !start.is_empty() && found > start => break,
                Some(found) => {
                    looked += 1;
                    heads.extend(self.head(&found, now_ms)?);
                    lane = found;
                }
                None if wrapped => break,
                None => (lane, wrapped) = (Vec::new(), true),
            }
        }
        heads.sort_by_key(|head| (std::cmp::Reverse(head.priority), head.seq));
        let soonest = |sql: &str| self.row(sql, [now_ms], |row| row.get::<_, Option<i64>>(0));
        let next_due = soonest("SELECT min(due_ms) FROM jobs WHERE state = 0 AND due_ms > ?")?.flatten();
        let next_end =
            soonest("SELECT min(expires_ms) FROM jobs WHERE state = 0 AND expires_ms > ?")?.flatten();
        Ok(Due { heads, next_at: next_due.into_iter().chain(next_end).min(), more, expired })
    }

    fn head(&self, lane: &[u8], now_ms: i64) -> Result<Option<Head>> {
        let found = self.row(
            "SELECT seq, priority, payload, deliveries, maybe_duplicate FROM jobs
             WHERE state = 0 AND lane = ? AND due_ms <= ? ORDER BY priority DESC, seq LIMIT 1",
            params![lane, now_ms],
            |row| {
                let payload: Vec<u8> = row.get(2)?;
                let head = Head {
                    seq: row.get(0)?,
                    id: self.id(row.get(0)?),
                    lane: lane.to_vec(),
                    priority: row.get(1)?,
                    payload: String::new(),
                    deliveries: row.get(3)?,
                    maybe_duplicate: row.get(4)?,
                };
                Ok((head, payload))
            },
        )?;
        let Some((head, payload)) = found else { return Ok(None) };
        let payload = self.opened(Role::Request, &payload)?;
        let payload =
            String::from_utf8(payload).map_err(|_| QueueError::file(&self.path, "it is damaged"))?;
        Ok(Some(Head { payload, ..head }))
    }

    fn expire(&self, now_ms: i64) -> Result<Vec<String>> {
        let found = "SELECT seq FROM jobs WHERE state = 0 AND expires_ms <= ? LIMIT 1000";
        let over: Vec<i64> = self.rows(found, [now_ms], |row| row.get(0))?;
        for seq in &over {
            self.end(*seq, State::Expired, None, now_ms)?;
        }
        Ok(over.into_iter().map(|seq| self.id(seq)).collect())
    }

    /// It is about to be sent: from here on a vendor may have it. False if it is not there to be sent.
    pub fn claim(&self, seq: i64) -> Result<bool> {
        Ok(self.execute("UPDATE jobs SET state = 1 WHERE seq = ? AND state = 0", [seq])? == 1)
    }

    /// Books how a delivery ended.
    pub fn settle(&self, seq: i64, settlement: Settlement, now_ms: i64) -> Result<()> {
        match settlement {
            Settlement::Delivered { result } => {
                self.end(seq, State::Delivered, Some(&result), now_ms)?;
                // Nobody asks it again.
                self.execute("UPDATE jobs SET payload = NULL WHERE seq = ?", [seq])?;
            }
            Settlement::Over { state, error, failure, counted } => {
                self.note(seq, failure)?;
                self.execute(
                    "UPDATE jobs SET deliveries = deliveries + ? WHERE seq = ?",
                    params![counted, seq],
                )?;
                self.end(seq, state, Some(&error), now_ms)?;
            }
            Settlement::Again { after_ms, failure, counted, maybe_duplicate } => {
                self.note(seq, failure)?;
                self.execute(
                    "UPDATE jobs SET state = 0, due_ms = ?, deliveries = deliveries + ?,
                        maybe_duplicate = maybe_duplicate OR ? WHERE seq = ? AND state = 1",
                    params![now_ms.saturating_add(after_ms), counted, maybe_duplicate, seq],
                )?;
            }
        }
        Ok(())
    }

    fn end(&self, seq: i64, state: State, result: Option<&[u8]>, now_ms: i64) -> Result<()> {
        let result = result.map(|result| self.sealed(Role::Result, result)).transpose()?;
        self.execute("UPDATE meta SET value = value + 1 WHERE name = 'ended'", [])?;
        self.execute(
            "UPDATE jobs SET state = ?, result = ?, ended_ms = ?,
                ended = (SELECT value FROM meta WHERE name = 'ended') WHERE seq = ?",
            params![state as i64, result, now_ms, seq],
        )?;
        // As many results are kept as jobs may wait. Dead letters stay until somebody looks at them.
        self.execute(
            "DELETE FROM jobs WHERE state IN (2, 3, 5) AND ended <= (
                SELECT ended FROM jobs WHERE state IN (2, 3, 5) ORDER BY ended DESC LIMIT 1 OFFSET ?)",
            [self.max_jobs as i64],
        )?;
        Ok(())
    }

    fn note(&self, seq: i64, failure: Failure) -> Result<()> {
        let kept: Option<String> =
            self.row("SELECT failures FROM jobs WHERE seq = ?", [seq], |row| row.get(0))?;
        let mut failures: Vec<Failure> =
            kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default();
        failures.push(failure);
        let late = failures.len().saturating_sub(KEPT_FAILURES);
        let failures = serde_json::to_string(&failures[late..]).unwrap_or_else(|_| "[]".into());
        self.execute("UPDATE jobs SET failures = ? WHERE seq = ?", params![failures, seq])?;
        Ok(())
    }

    /// What waits for its next delivery is due now. The last job there is.
    pub fn hurry(&self, now_ms: i64) -> Result<i64> {
        self.execute("UPDATE jobs SET due_ms = ?1 WHERE state = 0 AND due_ms > ?1", [now_ms])?;
        Ok(self
            .row("SELECT max(seq) FROM jobs", [], |row| row.get::<_, Option<i64>>(0))?
            .flatten()
            .unwrap_or(0))
    }

    // === what people ask ===

    /// What became of a job; `None` while it is not over.
    pub fn result(&self, id: &str) -> Result<(State, Option<Kept>)> {
        let seq = self.seq(id)?;
        let found = self.row("SELECT state, result FROM jobs WHERE seq = ?", [seq], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
        })?;
        let Some((state, result)) = found else { return Err(QueueError::Unknown(id.to_owned())) };
        self.kept(state, result)
    }

    fn kept(&self, state: i64, result: Option<Vec<u8>>) -> Result<(State, Option<Kept>)> {
        let damaged = || QueueError::file(&self.path, "it is damaged");
        let state = State::of_number(state).ok_or_else(damaged)?;
        let Some(result) = result.filter(|_| state.is_over()) else { return Ok((state, None)) };
        let result = self.opened(Role::Result, &result)?;
        let kept = match state {
            State::Delivered => Kept::unpack(&result),
            _ => String::from_utf8(result).ok().map(Kept::Error),
        };
        kept.map(|kept| (state, Some(kept))).ok_or_else(damaged)
    }

    /// The first job that ended after a place in the order of ends: that place, its id, and what became of it.
    pub fn ended_after(&self, place: i64) -> Result<Option<Outcome>> {
        let sql = "SELECT ended, seq, state, result FROM jobs WHERE ended > ? ORDER BY ended LIMIT 1";
        let found = self.row(sql, [place], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get::<_, Option<Vec<u8>>>(3)?))
        })?;
        let Some((ended, seq, state, result)) = found else { return Ok(None) };
        let (state, kept) = self.kept(state, result)?;
        Ok(Some(Outcome { id: self.id(seq), state, kept, place: ended }))
    }

    pub fn list(&self, state: Option<State>, limit: u32, after: Option<&str>) -> Result<Vec<Value>> {
        let after = after.map_or(Ok(0), |id| self.seq(id))?;
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs WHERE seq > ? AND (?2 IS NULL OR state = ?2) ORDER BY seq LIMIT ?3"
        );
        self.rows(&sql, params![after, state.map(|s| s as i64), limit], |row| self.described(row))
    }

    /// One job with what was asked.
    pub fn show(&self, id: &str) -> Result<Value> {
        let seq = self.seq(id)?;
        let sql = format!("SELECT {COLUMNS}, payload FROM jobs WHERE seq = ?");
        let found =
            self.row(&sql, [seq], |row| Ok((self.described(row)?, row.get::<_, Option<Vec<u8>>>(10)?)))?;
        let Some((mut job, payload)) = found else { return Err(QueueError::Unknown(id.to_owned())) };
        let payload = payload.map(|sealed| self.opened(Role::Request, &sealed)).transpose()?;
        let mut payload: Value =
            payload.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        job["request"] = payload["request"].take();
        job["options"] = payload["options"].take();
        Ok(job)
    }

    fn described(&self, row: &Row<'_>) -> rusqlite::Result<Value> {
        let state = State::of_number(row.get(1)?);
        let at = |ms: i64| iso8601(UNIX_EPOCH + Duration::from_millis(ms.unsigned_abs()));
        let maybe = |index| row.get::<_, Option<i64>>(index).map(|ms| ms.map(at));
        let failures: String = row.get(8)?;
        Ok(json!({
            "id": self.id(row.get(0)?),
            "state": state,
            "priority": row.get::<_, i32>(2)?,
            "createdAt": at(row.get(3)?),
            "expiresAt": maybe(4)?,
            "dueAt": if state == Some(State::Queued) { maybe(5)? } else { None },
            "deliveries": row.get::<_, u32>(6)?,
            "maybeDuplicate": row.get::<_, bool>(7)?,
            "failures": serde_json::from_str::<Value>(&failures).unwrap_or_default(),
            "endedAt": maybe(9)?,
        }))
    }

    /// Puts a job that is over in vain back, as if it had never been delivered; false for any other.
    pub fn retry(&self, id: &str, now_ms: i64) -> Result<bool> {
        let seq = self.seq(id)?;
        if self.row("SELECT 1 FROM jobs WHERE seq = ?", [seq], |_| Ok(()))?.is_none() {
            return Err(QueueError::Unknown(id.to_owned()));
        }
        let expires = self.ttl_ms.map(|ttl| now_ms.saturating_add(ttl));
        let back = "UPDATE jobs SET state = 0, deliveries = 0, due_ms = ?2, expires_ms = ?3, ended = NULL,
            ended_ms = NULL, result = NULL WHERE seq = ?1 AND state IN (3, 4, 5)";
        Ok(self.execute(back, params![seq, now_ms, expires])? == 1)
    }

    /// Throws jobs away that came in before a moment: those of a state, or all that are over.
    pub fn purge(&self, state: Option<State>, before_ms: i64) -> Result<usize> {
        match state {
            Some(state) => self.execute(
                "DELETE FROM jobs WHERE state = ?1 AND state <> 1 AND coalesce(ended_ms, created_ms) <= ?2",
                params![state as i64, before_ms],
            ),
            None => self.execute("DELETE FROM jobs WHERE state > 1 AND ended_ms <= ?", [before_ms]),
        }
    }
}

/// What makes a commit last: `FULL` has the log synced at every one of them.
fn pragmas(connection: &Connection) -> rusqlite::Result<()> {
    // No other process may have it, so the log's index needs no shared memory.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // The log gives back what it took in a rush.
    connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")
}

/// Sees to it that a file which SQLite is to make can be read by its owner alone: it holds what people ask.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// Takes the file into possession, until this process or this client is gone. The system lets go of it then,
/// however they go.
fn lock(path: &Path) -> Result<File> {
    let mut beside = path.as_os_str().to_owned();
    beside.push("-lock");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&beside);
    let mut file =
        open.map_err(|e| QueueError::file(path, &format!("its lock cannot be opened or made ({e})")))?;
    match file.try_lock() {
        Ok(()) => {
            // For whoever comes second; nothing depends on it.
            let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            let _ = file.take(20).read_to_string(&mut owner);
            let who = match owner.trim().parse::<u32>() {
                Ok(id) if id == std::process::id() => "another client of this process uses it".into(),
                Ok(id) => format!("process {id} uses it"),
                Err(_) => "another client uses it".into(),
            };
            Err(QueueError::file(path, &format!("{who}; each client needs a file of its own")))
        }
        Err(TryLockError::Error(e)) => Err(QueueError::file(path, &format!("it cannot be locked ({e})"))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what fails here is what is tested")]
#[path = "store_tests.rs"]
mod tests;
