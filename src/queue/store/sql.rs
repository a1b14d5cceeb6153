//! Transactions and prepared statements.

use rusqlite::{OptionalExtension, Row};

use super::{Result, Store};
use crate::queue::error::QueueError;

impl Store {
    pub fn begin(&self) -> Result<()> {
        self.run("BEGIN IMMEDIATE")
    }

    pub fn commit(&self) -> Result<()> {
        self.run("COMMIT")
    }

    pub fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.run("ROLLBACK");
        }
    }

    /// SQLite rolls back by itself when the disk is full or fails.
    pub fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Runs one of several operations of a transaction: completely, or not at all.
    pub fn within<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.run("SAVEPOINT one")?;
        let result = act(self);
        if self.is_in_transaction() {
            if result.is_err() {
                self.run("ROLLBACK TO one")?;
            }
            self.run("RELEASE one")?;
        }
        result
    }

    pub(super) fn run(&self, sql: &str) -> Result<()> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut s| s.execute([]))
            .map(|_| ())
            .map_err(|e| self.store_error(&e))
    }

    pub(super) fn store_error(&self, error: &rusqlite::Error) -> QueueError {
        QueueError::of(&self.path, error)
    }

    pub(super) fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
        let done = self.connection.prepare_cached(sql).and_then(|mut s| {
            let done = s.execute(params);
            self.count(&s);
            done
        });
        done.map_err(|e| self.store_error(&e))
    }

    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let found = self.connection.prepare_cached(sql).and_then(|mut s| {
            let found = s.query_row(params, read).optional();
            self.count(&s);
            found
        });
        found.map_err(|e| self.store_error(&e))
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let found = self.connection.prepare_cached(sql).and_then(|mut s| {
            let found = s.query_map(params, read)?.collect();
            self.count(&s);
            found
        });
        found.map_err(|e| self.store_error(&e))
    }

    #[cfg(test)]
    fn count(&self, statement: &rusqlite::Statement<'_>) {
        let steps = statement.reset_status(rusqlite::StatementStatus::VmStep);
        self.steps.set(self.steps.get() + i64::from(steps));
    }

    #[cfg(not(test))]
    fn count(&self, _: &rusqlite::Statement<'_>) {}
}
