//! The bound on bytes: requests, answers and errors as they are kept. Triggers count them in the commit that changes them.

use super::{Result, Store};
use crate::queue::error::QueueError;

/// What the file's jobs weigh, as the file keeps it: sealed, if it is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// Of jobs that wait, are being delivered, or are dead letters.
    pub held: u64,
    /// Of jobs that are over, which give way.
    pub kept: u64,
}

impl Store {
    pub fn bytes(&self) -> Result<Bytes> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let (held, kept) = self.row("SELECT held, kept FROM bytes", [], read)?.unwrap_or_default();
        Ok(Bytes { held: held.max(0).unsigned_abs(), kept: kept.max(0).unsigned_abs() })
    }

    /// Room for so many bytes of a job that is to wait; refused where what waits leaves none.
    pub(super) fn make_room(&self, size: u64) -> Result<()> {
        let Bytes { held, .. } = self.bytes()?;
        if held.saturating_add(size) > self.max_bytes {
            return Err(QueueError::FullOfBytes { held, size, max: self.max_bytes });
        }
        self.let_go(size, i64::MAX)
    }

    /// After a job has ended: what ended before it gives way to it. It stays itself, however large: it was paid for.
    pub(super) fn give_way(&self) -> Result<()> {
        let last = "SELECT max(ended) FROM jobs";
        let last = self.row(last, [], |row| row.get::<_, Option<i64>>(0))?.flatten();
        self.let_go(0, last.unwrap_or(i64::MAX))
    }

    /// Throws away what ended before a place in the order of ends, the oldest first, until so many bytes more have room.
    fn let_go(&self, size: u64, before: i64) -> Result<()> {
        let Bytes { held, kept } = self.bytes()?;
        let mut over = held.saturating_add(kept).saturating_add(size).saturating_sub(self.max_bytes);
        if over == 0 {
            return Ok(());
        }
        let oldest = "SELECT ended, coalesce(length(payload), 0) + coalesce(length(result), 0) FROM jobs
            WHERE ended < ? AND state IN (2, 3, 5) ORDER BY ended";
        let last = self.connection.prepare_cached(oldest).and_then(|mut statement| {
            let mut rows = statement.query([before])?;
            let mut last = None;
            while over > 0
                && let Some(row) = rows.next()?
            {
                last = Some(row.get::<_, i64>(0)?);
                over = over.saturating_sub(row.get::<_, i64>(1)?.unsigned_abs());
            }
            Ok(last)
        });
        if let Some(last) = last.map_err(|e| self.trouble(&e))? {
            self.execute("DELETE FROM jobs WHERE state IN (2, 3, 5) AND ended <= ?", [last])?;
        }
        Ok(())
    }
}
