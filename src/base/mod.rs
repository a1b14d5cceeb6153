//! What everything shares: clocks, events, durations, reasons. Imports nothing else of the crate.

pub mod clock;
pub mod duration;
pub mod event;
pub mod future;
pub mod latin1;
pub mod model_id;
pub mod rate_limit;
pub mod reason;
pub mod retry_after;
pub mod timestamp;
pub mod vendor_error;
