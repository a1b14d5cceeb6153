//! Health checks beside calls: probes on a schedule, their history, and their consequences.

pub mod history;
pub mod monitor;
pub mod probe;
