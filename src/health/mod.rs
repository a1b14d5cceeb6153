//! Watching endpoints beside the calls: probes on a schedule, their history, and what follows from them.

pub mod history;
pub mod monitor;
pub mod probe;
