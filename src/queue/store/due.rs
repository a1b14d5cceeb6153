//! Due jobs, lane by lane, and expired ones.

use rusqlite::params;

use super::{Result, Store};
use crate::queue::{
    error::QueueError,
    job::{DueJobs, JobHead, JobState},
    seal::SealedRole,
};

/// The most lanes read in one pass.
pub(super) const MAX_LANES: usize = 32;

impl Store {
    /// The first due job of every lane; expires jobs whose `ttl` has passed.
    pub fn due(&mut self, now_ms: i64) -> Result<DueJobs> {
        let expired = self.expire(now_ms)?;
        let soonest = |sql: &str| self.row(sql, [now_ms], |row| row.get::<_, Option<i64>>(0));
        // SQLite would not choose these indexes by itself, and would read every job.
        let due = "SELECT min(due_ms) FROM jobs INDEXED BY jobs_due WHERE state = 0 AND due_ms <= ?";
        let later = "SELECT min(due_ms) FROM jobs INDEXED BY jobs_due WHERE state = 0 AND due_ms > ?";
        let end =
            "SELECT min(expires_ms) FROM jobs INDEXED BY jobs_expiry WHERE state = 0 AND expires_ms > ?";
        let (next_due, next_end) = (soonest(later)?.flatten(), soonest(end)?.flatten());
        let next_at = next_due.into_iter().chain(next_end).min();
        // Stop early when nothing is due, however many lanes there are.
        if soonest(due)?.flatten().is_none() {
            return Ok(DueJobs { next_at, expired, ..DueJobs::default() });
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
        Ok(DueJobs { heads, next_at, more, expired })
    }

    fn head(&self, lane: &[u8], now_ms: i64) -> Result<Option<JobHead>> {
        let found = self.row(
            "SELECT seq, priority, payload, deliveries, maybe_duplicate FROM jobs
             WHERE state = 0 AND lane = ? AND due_ms <= ? ORDER BY priority DESC, seq LIMIT 1",
            params![lane, now_ms],
            |row| {
                let payload: Vec<u8> = row.get(2)?;
                let head = JobHead {
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
        let payload = self.opened(SealedRole::Request, &payload)?;
        let payload =
            String::from_utf8(payload).map_err(|_| QueueError::file(&self.path, "it is damaged"))?;
        Ok(Some(JobHead { payload, ..head }))
    }

    fn expire(&self, now_ms: i64) -> Result<Vec<String>> {
        let found =
            "SELECT seq FROM jobs INDEXED BY jobs_expiry WHERE state = 0 AND expires_ms <= ? LIMIT 1000";
        let expired: Vec<i64> = self.rows(found, [now_ms], |row| row.get(0))?;
        for seq in &expired {
            self.end(*seq, JobState::Expired, None, now_ms)?;
        }
        Ok(expired.into_iter().map(|seq| self.id(seq)).collect())
    }

    /// Makes all waiting jobs due now. Returns the last job's number.
    pub fn reset_due(&self, now_ms: i64) -> Result<i64> {
        self.execute("UPDATE jobs SET due_ms = ?1 WHERE state = 0 AND due_ms > ?1", [now_ms])?;
        Ok(self
            .row("SELECT max(seq) FROM jobs", [], |row| row.get::<_, Option<i64>>(0))?
            .flatten()
            .unwrap_or(0))
    }
}
