//! A queue's file without its queue: what the command line looks at, and puts in order. Nothing is delivered.

use std::{fs, path::Path, time::SystemTime};

use serde_json::{Value, json};

use super::{copy::FileCopy, error::QueueError, job::JobState, store::Store};
use crate::{base::timestamp::epoch_ms, config::queue::QueueConfig};

type Result<T> = std::result::Result<T, QueueError>;

/// Looking is done at a copy, so that it disturbs nobody; what changes the file takes it into possession.
pub struct QueueFile {
    config: QueueConfig,
}

/// What was done to jobs that were named one by one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AdminResult {
    pub done: Vec<String>,
    /// With the reason why not.
    pub refused: Vec<(String, String)>,
}

impl QueueFile {
    pub fn new(config: QueueConfig) -> Self {
        Self { config }
    }

    pub fn path(&self) -> &Path {
        &self.config.path
    }

    /// Jobs, and what there is besides: `{sealed, counts, bytes, jobs}`.
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

    /// Puts jobs that are over in vain back.
    pub fn retry(&self, ids: &[String]) -> Result<AdminResult> {
        let now_ms = now_ms();
        self.each(ids, |store, id| match store.retry(id, now_ms)? {
            true => Ok(None),
            false => Ok(Some(format!("is {}", store.state(id)?.name()))),
        })
    }

    /// Puts all dead letters back; how many.
    pub fn retry_dead(&self) -> Result<usize> {
        let now_ms = now_ms();
        self.tend(|store| store.retry_dead(now_ms))
    }

    /// Throws jobs away, whatever became of them.
    pub fn throw_away(&self, ids: &[String]) -> Result<AdminResult> {
        self.each(ids, |store, id| store.throw_away(id).map(|()| None))
    }

    /// Throws away what came in or ended at least so long ago: of a state, or all that is over.
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
        // Dropping it rolls back.
        let result = act(&mut store)?;
        store.commit()?;
        store.close();
        Ok(result)
    }

    /// Each is done or refused by itself; all in one commit.
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
                        done.refused.push((id.clone(), "is no job of this queue".into()))
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(done)
        })
    }

    /// What is not there is not made.
    fn is_there(&self) -> Result<()> {
        let path = self.path();
        let found = fs::metadata(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => QueueError::file(path, "there is no such file"),
            _ => QueueError::file(path, &format!("it cannot be opened ({e})")),
        })?;
        if !found.is_file() {
            return Err(QueueError::file(path, "it is no file"));
        }
        // SQLite would make a database of it.
        if found.len() == 0 && !crate::queue::copy::log_of(path).exists() {
            return Err(QueueError::file(path, "it is empty, and no queue's"));
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
