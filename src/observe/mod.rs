//! Counters, latencies, incidents: measures, and decides nothing.

pub mod bounded;
pub mod buckets;
pub mod counters;
pub mod exposition;
pub mod incident;
pub mod latency;
pub mod latency_class;
pub mod observation;
pub mod samples;
