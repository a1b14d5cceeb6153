//! How long jobs have waited.

use super::{Result, Store};
use crate::queue::job::JobState;

impl Store {
    /// When the oldest job that waits came in, in milliseconds since 1970. It looks at all that wait.
    pub fn oldest(&self) -> Result<Option<i64>> {
        let sql = "SELECT min(created_ms) FROM jobs WHERE state = ?";
        Ok(self.row(sql, [JobState::Queued as i64], |row| row.get(0))?.flatten())
    }
}
