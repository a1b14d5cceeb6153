//! A queue's file without a running queue, for the command line. Delivers nothing.

use std::{fs, path::Path, time::SystemTime};

use serde_json::{Value, json};

use super::{copy::FileCopy, error::QueueError, job::JobState, store::Store};
use crate::{base::timestamp::epoch_ms, config::queue::QueueConfig};

type Result<T> = std::result::Result<T, QueueError>;

/// Reading uses a copy, so that a running owner is not disturbed; changes need the file's lock.
pub struct QueueFile {
    config: QueueConfig,
}

/// The result of an operation on jobs by id.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AdminResult {
    pub done: Vec<String>,
    /// Each with the reason.
    pub refused: Vec<(String, String)>,
}

impl QueueFile {
    pub fn new(config: QueueConfig) -> Self {
        Self { config }
    }

    pub fn path(&self) -> &Path {
        &self.config.path
    }

    /// The jobs, and totals: `{sealed, counts, bytes, jobs}`.
    pub fn list(&self, state: Option<JobState>, limit: u32, after: Option<&str>) -> Result<Value> {
        self.look(|store| {
            let jobs = store.list(state, limit, after)?;
            let totals = store.totals()?;
            Ok(json!({
                "sealed": !store.is_readable(),
                "counts": store.counts()?,
                "bytes": totals.held + totals.kept,
                "jobs": jobs,
            }))
        })
    }

    pub fn show(&self, id: &str) -> Result<Value> {
        self.look(|store| store.show(id))
    }

    /// Puts failed, dead and expired jobs back.
    pub fn retry(&self, ids: &[String]) -> Result<AdminResult> {
        let now_ms = now_ms();
        self.each(ids, |store, id| match store.retry(id, now_ms)? {
            true => Ok(None),
            false => Ok(Some(format!("is {}", store.state(id)?.name()))),
        })
    }

    /// Puts all dead letters back; returns how many.
    pub fn retry_dead(&self) -> Result<usize> {
        let now_ms = now_ms();
        self.tend(|store| store.retry_dead(now_ms))
    }

    /// Deletes jobs in any state.
    pub fn throw_away(&self, ids: &[String]) -> Result<AdminResult> {
        self.each(ids, |store, id| store.throw_away(id).map(|()| None))
    }

    /// Deletes jobs that were enqueued or ended at least `older_than_ms` ago: of one state, or all that are
    /// over.
    pub fn purge(&self, state: Option<JobState>, older_than_ms: i64) -> Result<usize> {
        let before = now_ms().saturating_sub(older_than_ms);
        self.tend(|store| store.purge(state, before))
    }

    fn look<T>(&self, act: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        self.is_there()?;
        let copy = FileCopy::of(self.path())?;
        let store = Store::look(&self.config, &copy.path())?;
        let result = act(&store);
        store.close();
        result
    }

    fn tend<T>(&self, act: impl FnOnce(&mut Store) -> Result<T>) -> Result<T> {
        self.is_there()?;
        let mut store = Store::tend(&self.config, now_ms())?;
        store.begin()?;
        // On an error, dropping the store rolls back.
        let result = act(&mut store)?;
        store.commit()?;
        store.close();
        Ok(result)
    }

    /// Handles each job separately, all in one commit.
    fn each(
        &self,
        ids: &[String],
        act: impl Fn(&Store, &str) -> Result<Option<String>>,
    ) -> Result<AdminResult> {
        self.tend(|store| {
            let mut done = AdminResult::default();
            for id in ids {
                match act(store, id) {
                    Ok(None) => done.done.push(id.clone()),
                    Ok(Some(why)) => done.refused.push((id.clone(), why)),
                    Err(QueueError::Unknown(_)) => {
                        done.refused.push((id.clone(), "is not a job of this queue".into()))
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(done)
        })
    }

    /// Fails when the file does not exist, instead of creating it.
    fn is_there(&self) -> Result<()> {
        let path = self.path();
        let found = fs::metadata(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => QueueError::file(path, "the file does not exist"),
            _ => QueueError::file(path, &format!("it cannot be opened ({e})")),
        })?;
        if !found.is_file() {
            return Err(QueueError::file(path, "it is not a file"));
        }
        // SQLite would turn it into a database.
        if found.len() == 0 && !crate::queue::copy::log_of(path).exists() {
            return Err(QueueError::file(path, "it is empty, so it is not a queue file"));
        }
        Ok(())
    }
}

fn now_ms() -> i64 {
    epoch_ms(SystemTime::now()) as i64
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what fails here is what is tested")]
mod tests;
