//! What is known of how a target has done.

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
    /// First contents of late, for limits and hedging.
    pub recent: Option<RollingHistogram>,
    /// The first failure since the last success, and how long past recoveries took.
    pub failing_since: Option<Instant>,
    pub recoveries: VecDeque<Duration>,
}

#[derive(Clone)]
pub struct LastError {
    pub reason: Reason,
    pub message: String,
    pub at: SystemTime,
}
