//! Queries and changes for the command line and for callers that wait for results.

use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Row, params};
use serde_json::{Map, Value, json};

use super::{Result, Store};
use crate::{
    base::timestamp::iso8601,
    queue::{
        error::QueueError,
        job::{JobOutcome, JobResult, JobState},
        seal::SealedRole,
    },
};

/// The columns of a job as users see it.
const COLUMNS: &str =
    "seq, state, priority, created_ms, expires_ms, due_ms, deliveries, maybe_duplicate, failures, ended_ms";

impl Store {
    /// The result of a job; `None` while it is not over.
    pub fn result(&self, id: &str) -> Result<(JobState, Option<JobResult>)> {
        let seq = self.seq(id)?;
        let found = self.row("SELECT state, result FROM jobs WHERE seq = ?", [seq], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
        })?;
        let Some((state, result)) = found else { return Err(QueueError::Unknown(id.to_owned())) };
        self.kept(state, result)
    }

    fn kept(&self, state: i64, result: Option<Vec<u8>>) -> Result<(JobState, Option<JobResult>)> {
        let damaged = || QueueError::file(&self.path, "it is damaged");
        let state = JobState::of_number(state).ok_or_else(damaged)?;
        let Some(result) = result.filter(|_| state.is_over()) else { return Ok((state, None)) };
        let result = self.opened(SealedRole::Result, &result)?;
        let kept = match state {
            JobState::Delivered => JobResult::unpack(&result),
            _ => String::from_utf8(result).ok().map(JobResult::Error),
        };
        kept.map(|kept| (state, Some(kept))).ok_or_else(damaged)
    }

    pub fn state(&self, id: &str) -> Result<JobState> {
        let seq = self.seq(id)?;
        let found = self.row("SELECT state FROM jobs WHERE seq = ?", [seq], |row| row.get(0))?;
        found.and_then(JobState::of_number).ok_or_else(|| QueueError::Unknown(id.to_owned()))
    }

    /// The first job that ended after a place in the order of ends.
    pub fn ended_after(&self, place: i64) -> Result<Option<JobOutcome>> {
        let sql = "SELECT ended, seq, state, result FROM jobs WHERE ended > ? ORDER BY ended LIMIT 1";
        let found = self.row(sql, [place], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get::<_, Option<Vec<u8>>>(3)?))
        })?;
        let Some((ended, seq, state, result)) = found else { return Ok(None) };
        let (state, kept) = self.kept(state, result)?;
        Ok(Some(JobOutcome { id: self.id(seq), state, kept, position: ended }))
    }

    pub fn list(&self, state: Option<JobState>, limit: u32, after: Option<&str>) -> Result<Vec<Value>> {
        let after = after.map_or(Ok(0), |id| self.seq(id))?;
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs WHERE seq > ? AND (?2 IS NULL OR state = ?2) ORDER BY seq LIMIT ?3"
        );
        self.rows(&sql, params![after, state.map(|s| s as i64), limit], |row| self.described(row))
    }

    /// One job with its request.
    pub fn show(&self, id: &str) -> Result<Value> {
        let seq = self.seq(id)?;
        let sql = format!("SELECT {COLUMNS}, payload FROM jobs WHERE seq = ?");
        let found =
            self.row(&sql, [seq], |row| Ok((self.described(row)?, row.get::<_, Option<Vec<u8>>>(10)?)))?;
        let Some((mut job, payload)) = found else { return Err(QueueError::Unknown(id.to_owned())) };
        if !self.readable {
            job["sealed"] = true.into();
        }
        let payload = payload.filter(|_| self.readable);
        let payload = payload.map(|sealed| self.opened(SealedRole::Request, &sealed)).transpose()?;
        let mut payload: Value =
            payload.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        job["request"] = payload["request"].take();
        job["options"] = payload["options"].take();
        Ok(job)
    }

    /// The number of jobs in each state.
    pub fn counts(&self) -> Result<Map<String, Value>> {
        let found = self.rows("SELECT state, count(*) FROM jobs GROUP BY state", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })?;
        let count = |state: JobState| found.iter().find(|(s, _)| *s == state as i64).map_or(0, |(_, n)| *n);
        Ok(JobState::ALL.iter().map(|(name, state)| ((*name).to_owned(), count(*state).into())).collect())
    }

    /// Whether requests and answers can be read.
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    fn described(&self, row: &Row<'_>) -> rusqlite::Result<Value> {
        let state = JobState::of_number(row.get(1)?);
        let at = |ms: i64| iso8601(UNIX_EPOCH + Duration::from_millis(ms.unsigned_abs()));
        let maybe = |index| row.get::<_, Option<i64>>(index).map(|ms| ms.map(at));
        let failures: String = row.get(8)?;
        Ok(json!({
            "id": self.id(row.get(0)?),
            "state": state,
            "priority": row.get::<_, i32>(2)?,
            "createdAt": at(row.get(3)?),
            "expiresAt": maybe(4)?,
            "dueAt": if state == Some(JobState::Queued) { maybe(5)? } else { None },
            "deliveries": row.get::<_, u32>(6)?,
            "maybeDuplicate": row.get::<_, bool>(7)?,
            "failures": serde_json::from_str::<Value>(&failures).unwrap_or_default(),
            "endedAt": maybe(9)?,
        }))
    }

    /// Puts a failed, dead or expired job back as if it had never been delivered; false for any other.
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

    /// Puts all dead letters back; returns how many.
    pub fn retry_dead(&self, now_ms: i64) -> Result<usize> {
        let dead = self.rows("SELECT seq FROM jobs WHERE state = 4 ORDER BY seq", [], |row| row.get(0))?;
        for seq in &dead {
            self.retry(&self.id(*seq), now_ms)?;
        }
        Ok(dead.len())
    }

    /// Deletes one job in any state.
    pub fn throw_away(&self, id: &str) -> Result<()> {
        let seq = self.seq(id)?;
        match self.execute("DELETE FROM jobs WHERE seq = ? AND state <> 1", [seq])? {
            0 => Err(QueueError::Unknown(id.to_owned())),
            _ => Ok(()),
        }
    }

    /// Deletes jobs enqueued before a moment: those of one state, or all that are over.
    pub fn purge(&self, state: Option<JobState>, before_ms: i64) -> Result<usize> {
        match state {
            Some(state) => self.execute(
                "DELETE FROM jobs WHERE state = ?1 AND state <> 1 AND coalesce(ended_ms, created_ms) <= ?2",
                params![state as i64, before_ms],
            ),
            None => self.execute("DELETE FROM jobs WHERE state > 1 AND ended_ms <= ?", [before_ms]),
        }
    }
}
