//! The statistics of a target.

use std::{
    collections::VecDeque,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    base::reason::Reason,
    observe::{latency::Latencies, samples::Samples},
    policy::rolling_histogram::RollingHistogram,
};

#[derive(Default)]
pub struct Stats {
    pub latencies: Latencies,
    pub samples: Samples,
    pub total: u64,
    pub failed: u64,
    pub rate_limited: u64,
    pub last_failure: Option<SystemTime>,
    pub last_rate_limited: Option<SystemTime>,
    pub last_success: Option<Instant>,
    /// Recent times to first content, for latency limits and hedging.
    pub recent: Option<RollingHistogram>,
    /// The first failure since the last success, and the durations of past recoveries.
    pub failing_since: Option<Instant>,
    pub recoveries: VecDeque<Duration>,
}

#[derive(Clone)]
pub struct LastError {
    pub reason: Reason,
    pub message: String,
    pub at: SystemTime,
}
