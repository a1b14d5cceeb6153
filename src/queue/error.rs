//! Errors of the queue itself.

use std::path::Path;

use rusqlite::ErrorCode as SqliteError;

use crate::call::error::{CallError, ErrorCode};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    #[error(
        "the queue is full: it holds {0} jobs, as many as queue.maxJobs allows; this call was not queued"
    )]
    Full(u64),
    #[error(
        "the queue is full: it holds {held} bytes, and {size} more would exceed queue.maxBytes ({max}); this call was not queued"
    )]
    FullOfBytes { held: u64, size: u64, max: u64 },
    #[error("{0} operations on the queue are already waiting; this one was not started; try again later")]
    Busy(usize),
    #[error("the queue has no job with the id '{0}'")]
    Unknown(String),
    #[error("the client is closed")]
    Closed,
    /// The file cannot be used, or not for this.
    #[error("{0}")]
    File(String),
}

impl QueueError {
    /// Explains an error of SQLite with what to do about it.
    pub fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let why = match error.sqlite_error_code() {
            Some(SqliteError::DiskFull) => "the disk is full",
            Some(SqliteError::DatabaseCorrupt) => "it is damaged",
            Some(SqliteError::NotADatabase) => "it is not a queue file, or it is damaged",
            Some(SqliteError::ReadOnly | SqliteError::PermissionDenied) => "it is not writable",
            Some(SqliteError::CannotOpen) => "it cannot be opened or created",
            Some(SqliteError::SystemIoFailure) => "the disk failed, or is full",
            Some(SqliteError::DatabaseBusy | SqliteError::DatabaseLocked) => "another program has it open",
            _ => "SQLite refused",
        };
        Self::file(path, &format!("{why} ({error})"))
    }

    pub fn file(path: &Path, why: &str) -> Self {
        Self::File(format!("the queue's file {} cannot be used: {why}", path.display()))
    }

    /// The error of an operation on the queue.
    pub fn into_call_error(self) -> CallError {
        let message = self.to_string();
        match self {
            Self::Full(_) | Self::FullOfBytes { .. } | Self::Busy(_) => CallError::queue_full(message),
            Self::Unknown(_) => CallError::unknown_model(message),
            Self::Closed => CallError::closed(),
            Self::File(_) => CallError::queue(message),
        }
    }

    /// The error of a call that could not be queued after it had failed with `failure`.
    pub fn instead_of(self, failure: CallError) -> CallError {
        let own = self.into_call_error();
        if own.code == ErrorCode::ClientClosed {
            return failure;
        }
        let message = format!("{}; {}", own.message, failure.message);
        let reason = if own.code == ErrorCode::QueueFull { own.reason } else { failure.reason };
        CallError { code: own.code, reason, message, errors: Vec::new(), ..failure }
    }
}
