//! Calls that nobody could answer, kept in a file until somebody can.
//!
//! `store` is the file and knows no engine, `worker` the thread that alone touches it, `drain` makes calls of jobs
//! when there is somebody to ask, and `queue` is what the binding holds. `file` is for people who look at a file that
//! another process may have.

mod backlog;
mod copy;
mod drain;
mod error;
mod file;
mod job;
#[expect(clippy::module_inception, reason = "it is the queue")]
mod queue;
mod schema;
mod seal;
mod store;
mod worker;

#[cfg(test)]
mod disk;

pub use self::{
    error::QueueError,
    file::{Done, QueueFile},
    job::{Draft, Kept, Outcome, State},
    queue::{Queue, Retried},
};
