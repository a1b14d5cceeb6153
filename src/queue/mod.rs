//! The durable queue: calls that no endpoint could answer, kept in a file until one can.
//!
//! `store` is the file, `store_thread` the thread that owns it, `scheduler` delivers jobs as calls when an endpoint
//! may answer, and `api` is the interface of the binding. `file` is for the command line, whose file another
//! process may have open.

mod api;
mod backlog;
mod backoff;
mod copy;
mod error;
mod file;
mod job;
mod scheduler;
mod schema;
mod seal;
mod shared;
mod store;
mod store_thread;

#[cfg(test)]
mod disk;

pub use self::{
    api::{Queue, RetryCounts},
    error::QueueError,
    file::{AdminResult, QueueFile},
    job::{JobDraft, JobOutcome, JobResult, JobState},
};
