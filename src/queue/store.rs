//! The file: every operation on it, each given the time. Whoever calls commits.

mod age;
mod open;
mod people;
mod room;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{
    error::QueueError,
    job::{Draft, Due, Failure, Head, KEPT_FAILURES, Settlement, State},
    seal::{Role, Seal},
};

/// Lanes that are looked at in one go.
const MAX_LANES: usize = 32;

type Result<T> = std::result::Result<T, QueueError>;

pub struct Store {
    connection: Connection,
    path: PathBuf,
    seal: Seal,
    prefix: String,
    /// Requests and answers can be read: they are in plain text, or the key is there.
    readable: bool,
    max_jobs: u64,
    max_bytes: u64,
    ttl_ms: Option<i64>,
    /// The last lane that was looked at, when there were more than are looked at in one go.
    lane: Vec<u8>,
    /// Steps that SQLite's machine has taken.
    #[cfg(test)]
    steps: std::cell::Cell<i64>,
    /// Last: what the file holds is written before another may have it. None for a copy.
    _lock: Option<File>,
}

impl Store {
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
        let done = self.connection.prepare_cached(sql).and_then(|mut s| {
            let done = s.execute(params);
            self.count(&s);
            done
        });
        done.map_err(|e| self.trouble(&e))
    }

    fn row<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let found = self.connection.prepare_cached(sql).and_then(|mut s| {
            let found = s.query_row(params, read).optional();
            self.count(&s);
            found
        });
        found.map_err(|e| self.trouble(&e))
    }

    fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let found = self.connection.prepare_cached(sql).and_then(|mut s| {
            let found = s.query_map(params, read)?.collect();
            self.count(&s);
            found
        });
        found.map_err(|e| self.trouble(&e))
    }

    #[cfg(test)]
    fn count(&self, statement: &rusqlite::Statement<'_>) {
        let steps = statement.reset_status(rusqlite::StatementStatus::VmStep);
        self.steps.set(self.steps.get() + i64::from(steps));
    }

    #[cfg(not(test))]
    fn count(&self, _: &rusqlite::Statement<'_>) {}

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
        self.totals().map(|totals| totals.waiting)
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
        if self.totals()?.held_jobs >= self.max_jobs {
            return Err(QueueError::Full(self.max_jobs));
        }
        let payload = self.sealed(Role::Request, draft.payload.as_bytes())?;
        self.make_room(payload.len() as u64)?;
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
        let soonest = |sql: &str| self.row(sql, [now_ms], |row| row.get::<_, Option<i64>>(0));
        // SQLite would not find these indexes by itself, and look at every job for each that is delivered.
        let due = "SELECT min(due_ms) FROM jobs INDEXED BY jobs_due WHERE state = 0 AND due_ms <= ?";
        let later = "SELECT min(due_ms) FROM jobs INDEXED BY jobs_due WHERE state = 0 AND due_ms > ?";
        let end =
            "SELECT min(expires_ms) FROM jobs INDEXED BY jobs_expiry WHERE state = 0 AND expires_ms > ?";
        let (next_due, next_end) = (soonest(later)?.flatten(), soonest(end)?.flatten());
        let next_at = next_due.into_iter().chain(next_end).min();
        // However many lanes there are, none is looked at for nothing.
        if soonest(due)?.flatten().is_none() {
            return Ok(Due { next_at, expired, ..Due::default() });
        }
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
        Ok(Due { heads, next_at, more, expired })
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
        let found =
            "SELECT seq FROM jobs INDEXED BY jobs_expiry WHERE state = 0 AND expires_ms <= ? LIMIT 1000";
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
                // Nobody asks it again.
                self.execute("UPDATE jobs SET payload = NULL WHERE seq = ?", [seq])?;
                self.end(seq, State::Delivered, Some(&result), now_ms)?;
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
        let late = self.totals()?.kept_jobs.saturating_sub(self.max_jobs);
        if late > 0 {
            // The plus keeps SQLite from looking for states, of which there are many jobs each.
            self.execute(
                "DELETE FROM jobs WHERE +state IN (2, 3, 5) AND ended <= (
                    SELECT ended FROM jobs WHERE +state IN (2, 3, 5) AND ended > 0 ORDER BY ended LIMIT 1 OFFSET ?)",
                [late as i64 - 1],
            )?;
        }
        self.give_way()
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
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what fails here is what is tested")]
mod tests;
