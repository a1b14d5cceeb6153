//! Attempt counts, summed over targets.

use std::time::SystemTime;

use crate::state::Stats;

#[derive(Default)]
pub(super) struct AttemptCounts {
    pub(super) total: u64,
    pub(super) failed: u64,
    pub(super) rate_limited: u64,
    pub(super) retries: u64,
    pub(super) last_failure: Option<SystemTime>,
    pub(super) last_rate_limited: Option<SystemTime>,
}

impl AttemptCounts {
    pub(super) fn add(&mut self, stats: &Stats, retries: u64) {
        self.total += stats.total;
        self.failed += stats.failed;
        self.rate_limited += stats.rate_limited;
        self.retries += retries;
        self.last_failure = self.last_failure.max(stats.last_failure);
        self.last_rate_limited = self.last_rate_limited.max(stats.last_rate_limited);
    }

    pub(super) fn success_rate(&self) -> f64 {
        if self.total == 0 { 1.0 } else { (self.total - self.failed) as f64 / self.total as f64 }
    }
}
