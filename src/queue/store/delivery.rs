//! The beginning and the end of a delivery.

use rusqlite::params;

use super::{Result, Store};
use crate::queue::{
    job::{JobFailure, JobSettlement, JobState, KEPT_FAILURES},
    seal::SealedRole,
};

impl Store {
    /// Marks a job as being delivered, before it is sent. False if it is gone.
    pub fn claim(&self, seq: i64) -> Result<bool> {
        Ok(self.execute("UPDATE jobs SET state = 1 WHERE seq = ? AND state = 0", [seq])? == 1)
    }

    /// Records how a delivery ended.
    pub fn settle(&self, seq: i64, settlement: JobSettlement, now_ms: i64) -> Result<()> {
        match settlement {
            JobSettlement::Delivered { result } => {
                // The request is not needed any more.
                self.execute("UPDATE jobs SET payload = NULL WHERE seq = ?", [seq])?;
                self.end(seq, JobState::Delivered, Some(&result), now_ms)?;
            }
            JobSettlement::Over { state, error, failure, counted } => {
                self.note(seq, failure)?;
                self.execute(
                    "UPDATE jobs SET deliveries = deliveries + ? WHERE seq = ?",
                    params![counted, seq],
                )?;
                self.end(seq, state, Some(&error), now_ms)?;
            }
            JobSettlement::Again { after_ms, failure, counted, maybe_duplicate } => {
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

    pub(super) fn end(&self, seq: i64, state: JobState, result: Option<&[u8]>, now_ms: i64) -> Result<()> {
        let result = result.map(|result| self.sealed(SealedRole::Result, result)).transpose()?;
        self.execute("UPDATE meta SET value = value + 1 WHERE name = 'ended'", [])?;
        self.execute(
            "UPDATE jobs SET state = ?, result = ?, ended_ms = ?,
                ended = (SELECT value FROM meta WHERE name = 'ended') WHERE seq = ?",
            params![state as i64, result, now_ms, seq],
        )?;
        // As many results are kept as jobs may wait. Dead letters stay until the user acts.
        let late = self.totals()?.kept_jobs.saturating_sub(self.max_jobs);
        if late > 0 {
            // The plus sign keeps SQLite from using the index on states, which is not selective.
            self.execute(
                "DELETE FROM jobs WHERE +state IN (2, 3, 5) AND ended <= (
                    SELECT ended FROM jobs WHERE +state IN (2, 3, 5) AND ended > 0 ORDER BY ended LIMIT 1 OFFSET ?)",
                [late as i64 - 1],
            )?;
        }
        self.evict_older()
    }

    fn note(&self, seq: i64, failure: JobFailure) -> Result<()> {
        let kept: Option<String> =
            self.row("SELECT failures FROM jobs WHERE seq = ?", [seq], |row| row.get(0))?;
        let mut failures: Vec<JobFailure> =
            kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default();
        failures.push(failure);
        let late = failures.len().saturating_sub(KEPT_FAILURES);
        let failures = serde_json::to_string(&failures[late..]).unwrap_or_else(|_| "[]".into());
        self.execute("UPDATE jobs SET failures = ? WHERE seq = ?", params![failures, seq])?;
        Ok(())
    }
}
