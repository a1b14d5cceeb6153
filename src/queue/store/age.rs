//! The age of waiting jobs.

use super::{Result, Store};
use crate::queue::job::JobState;

impl Store {
    /// When the oldest waiting job was enqueued, in milliseconds since 1970. Reads all waiting jobs.
    pub fn oldest(&self) -> Result<Option<i64>> {
        let sql = "SELECT min(created_ms) FROM jobs WHERE state = ?";
        Ok(self.row(sql, [JobState::Queued as i64], |row| row.get(0))?.flatten())
    }
}
