//! What is counted and timed.

pub mod bounded;
pub mod buckets;
pub mod exposition;
pub mod incident;
pub mod latency;
pub mod latency_class;
pub mod meters;
pub mod samples;
pub mod sighting;
