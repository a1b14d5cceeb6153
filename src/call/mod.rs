//! One call from start to end.

pub mod attempt;
pub mod attempt_log;
pub mod context;
pub mod error;
mod events;
mod fallback;
mod hedge;
mod interruption;
mod observe;
pub mod options;
pub mod output;
pub mod passthrough;
mod record;
mod redact;
pub mod report;
pub mod request;
mod result;
mod run;
pub mod select;
pub mod sink;
pub mod types;
mod wait;
