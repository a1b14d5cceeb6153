//! Counts the file's jobs and bytes, and enforces the limit on bytes. Triggers update the counts in the
//! commit that changes a row, for counting ten thousand rows for each job would be slow.

use super::{Result, Store};
use crate::queue::error::QueueError;

/// Bytes as stored: encrypted, if the file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreTotals {
    /// Jobs that are not over.
    pub waiting: u64,
    /// Jobs that wait, are being delivered, or are dead letters.
    pub held_jobs: u64,
    /// Finished jobs, which are evicted for others.
    pub kept_jobs: u64,
    pub held: u64,
    pub kept: u64,
}

impl Store {
    pub fn totals(&self) -> Result<StoreTotals> {
        let sql = "SELECT waiting, held_jobs, kept_jobs, held_bytes, kept_bytes FROM totals";
        let found = self.row(sql, [], |row| {
            let at = |index| row.get::<_, i64>(index).map(|n| n.max(0).unsigned_abs());
            Ok(StoreTotals {
                waiting: at(0)?,
                held_jobs: at(1)?,
                kept_jobs: at(2)?,
                held: at(3)?,
                kept: at(4)?,
            })
        });
        Ok(found?.unwrap_or_default())
    }

    /// Makes room for `size` bytes of a waiting job; fails when unfinished jobs leave none.
    pub(super) fn make_room(&self, size: u64) -> Result<()> {
        let StoreTotals { held, .. } = self.totals()?;
        if held.saturating_add(size) > self.max_bytes {
            return Err(QueueError::FullOfBytes { held, size, max: self.max_bytes });
        }
        self.evict(size, i64::MAX)
    }

    /// Evicts older results after a job has ended. Its own result stays, however large: it was paid for.
    pub(super) fn evict_older(&self) -> Result<()> {
        let last = "SELECT max(ended) FROM jobs";
        let last = self.row(last, [], |row| row.get::<_, Option<i64>>(0))?.flatten();
        self.evict(0, last.unwrap_or(i64::MAX))
    }

    /// Evicts results before a place in the order of ends, the oldest first, until `size` more bytes fit.
    fn evict(&self, size: u64, before: i64) -> Result<()> {
        let StoreTotals { held, kept, .. } = self.totals()?;
        let mut excess = held.saturating_add(kept).saturating_add(size).saturating_sub(self.max_bytes);
        if excess == 0 {
            return Ok(());
        }
        let oldest = "SELECT ended, coalesce(length(payload), 0) + coalesce(length(result), 0) FROM jobs
            WHERE ended < ? AND +state IN (2, 3, 5) ORDER BY ended";
        let last = self.connection.prepare_cached(oldest).and_then(|mut statement| {
            let mut rows = statement.query([before])?;
            let mut last = None;
            while excess > 0
                && let Some(row) = rows.next()?
            {
                last = Some(row.get::<_, i64>(0)?);
                excess = excess.saturating_sub(row.get::<_, i64>(1)?.unsigned_abs());
            }
            Ok(last)
        });
        if let Some(last) = last.map_err(|e| self.store_error(&e))? {
            self.execute("DELETE FROM jobs WHERE +state IN (2, 3, 5) AND ended <= ?", [last])?;
        }
        Ok(())
    }
}
