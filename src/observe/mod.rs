//! What is counted and timed.

pub mod latency;
pub mod samples;
