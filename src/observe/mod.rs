//! What is counted and timed.

pub mod latency;
pub mod latency_class;
pub mod samples;
