//! One call from start to end.

pub mod attempt;
pub mod attempt_log;
pub mod error;
pub mod events;
pub mod fallback;
pub mod hedge;
pub mod interruption;
pub mod observe;
pub mod options;
pub mod output;
pub mod passthrough;
pub mod record;
pub mod report;
pub mod request;
pub mod result;
pub mod run;
pub mod select;
pub mod wait;
