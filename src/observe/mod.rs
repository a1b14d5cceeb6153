//! What is counted and timed.

pub mod bounded;
pub mod buckets;
pub mod exposition;
pub mod latency;
pub mod meters;
pub mod samples;
pub mod sighting;
