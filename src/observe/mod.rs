//! What is counted and timed.

pub mod cost;
pub mod latency;
pub mod samples;
