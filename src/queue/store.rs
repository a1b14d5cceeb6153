//! The file and its operations. The time is an argument; the caller commits.

mod admin;
mod age;
mod capacity;
mod delivery;
mod due;
mod open;
mod sql;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, named_params};

use super::{
    error::QueueError,
    job::JobDraft,
    seal::{Seal, SealedRole},
};

type Result<T> = std::result::Result<T, QueueError>;

pub struct Store {
    connection: Connection,
    path: PathBuf,
    seal: Seal,
    prefix: String,
    /// Requests and answers can be read: they are plain, or the key is given.
    readable: bool,
    max_jobs: u64,
    max_bytes: u64,
    ttl_ms: Option<i64>,
    /// The last lane that was read, when there are more than fit in one pass.
    lane: Vec<u8>,
    /// The steps that SQLite's virtual machine has taken.
    #[cfg(test)]
    steps: std::cell::Cell<i64>,
    /// Dropped last: the file's contents are written before the lock is released. `None` for a copy.
    _lock: Option<File>,
}

impl Store {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the file, leaving only its lock file beside it.
    pub fn close(self) {
        // A failure is harmless: the log is read at the next opening.
        let _ = self.connection.close();
    }

    /// Grows with every changed row.
    pub fn changes(&self) -> u64 {
        self.connection.total_changes()
    }

    fn sealed(&self, role: SealedRole, text: &[u8]) -> Result<Vec<u8>> {
        self.seal
            .seal(role, text)
            .map_err(|_| QueueError::file(&self.path, "the system's random number generator failed"))
    }

    fn opened(&self, role: SealedRole, sealed: &[u8]) -> Result<Vec<u8>> {
        self.seal
            .open(role, sealed)
            .map_err(|_| QueueError::file(&self.path, "a job in it was modified outside bellwether"))
    }

    // === ids ===

    pub fn id(&self, seq: i64) -> String {
        format!("{}-{seq:x}", self.prefix)
    }

    /// The number of a job by its id; not found for an id of another file.
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

    /// Adds a job; returns its id and whether it is new.
    pub fn enqueue(&self, draft: &JobDraft, now_ms: i64) -> Result<(String, bool)> {
        let idempotency = draft.idempotency_key.as_ref().map(|key| self.seal.digest(key.as_bytes()));
        if let Some(digest) = &idempotency {
            let known = "SELECT seq FROM jobs WHERE idempotency = ?";
            if let Some(seq) = self.row(known, [digest], |row| row.get(0))? {
                return Ok((self.id(seq), false));
            }
        }
        // Dead letters stay until the user acts, and count like the others.
        if self.totals()?.held_jobs >= self.max_jobs {
            return Err(QueueError::Full(self.max_jobs));
        }
        let payload = self.sealed(SealedRole::Request, draft.payload.as_bytes())?;
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
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what fails here is what is tested")]
mod tests;
