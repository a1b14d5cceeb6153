//! Calls that nobody could answer, kept in a file until somebody can.
//!
//! `store` is the file and knows no engine, `worker` the thread that alone touches it, `drain` makes calls of jobs
//! when there is somebody to ask, and `queue` is what the binding holds. `file` is for people who look at a file that
//! another process may have.

mod api;
mod backlog;
mod copy;
mod error;
mod file;
mod job;
mod scheduler;
mod schema;
mod seal;
mod shared;
mod store;
mod worker;

#[cfg(test)]
mod disk;

pub use self::{
    api::{Queue, RetryCounts},
    error::QueueError,
    file::{AdminResult, QueueFile},
    job::{JobDraft, JobOutcome, JobResult, JobState},
};
