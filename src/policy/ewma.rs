//! Peak-EWMA of the time to first content: rises at once, falls slowly.
//! After tower's `load::PeakEwma` (tower-rs/tower, load/peak_ewma.rs), itself after Finagle.

use std::time::{Duration, Instant};

const DECAY: Duration = Duration::from_secs(10);
/// The assumed latency of an unused endpoint: low, so that it is tried.
const UNKNOWN: f64 = 0.0;
const FAULT_FLOOR: Duration = Duration::from_secs(5);
const FAULT_CEILING: Duration = Duration::from_secs(300);

pub struct PeakEwma {
    secs: f64,
    updated: Instant,
}

impl PeakEwma {
    pub fn new(now: Instant) -> Self {
        Self { secs: UNKNOWN, updated: now }
    }

    pub fn record(&mut self, took: Duration, now: Instant) {
        let sample = took.as_secs_f64();
        let current = self.current(now);
        self.secs = if sample > current {
            sample
        } else {
            let weight = self.weight(now);
            current * weight + sample * (1.0 - weight)
        };
        self.updated = now;
    }

    /// Counts a failure as slow, so that fast failures attract no load.
    pub fn record_fault(&mut self, retry_after: Option<Duration>, now: Instant) {
        let penalty = retry_after.unwrap_or_default().min(FAULT_CEILING).max(FAULT_FLOOR);
        self.secs = self.current(now).max(penalty.as_secs_f64());
        self.updated = now;
    }

    /// The load of choosing this endpoint: its latency times the requests already running.
    pub fn load(&self, pending: u32, now: Instant) -> f64 {
        // A floor, so that running requests count at an unknown endpoint too.
        self.current(now).max(1e-6) * f64::from(pending + 1)
    }

    fn current(&self, now: Instant) -> f64 {
        self.secs * self.weight(now)
    }

    fn weight(&self, now: Instant) -> f64 {
        let idle = now.saturating_duration_since(self.updated).as_secs_f64();
        (-idle / DECAY.as_secs_f64()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_at_once_and_decays() {
        let now = Instant::now();
        let mut ewma = PeakEwma::new(now);
        ewma.record(Duration::from_secs(1), now);
        assert!((ewma.load(0, now) - 1.0).abs() < 1e-9);
        assert!((ewma.load(3, now) - 4.0).abs() < 1e-9);
        let later = now + Duration::from_secs(10);
        assert!((ewma.load(0, later) - 1.0f64.exp().recip()).abs() < 1e-9);
        // A lower sample counts by the time since the last one.
        ewma.record(Duration::from_millis(200), later);
        assert!((ewma.load(0, later) - 0.2618).abs() < 1e-4, "{}", ewma.load(0, later));
        ewma.record(Duration::from_millis(100), later);
        assert!((ewma.load(0, later) - 0.2618).abs() < 1e-4, "no time has passed");
    }

    #[test]
    fn a_fast_failure_is_not_attractive() {
        let now = Instant::now();
        let mut failing = PeakEwma::new(now);
        let mut slow = PeakEwma::new(now);
        failing.record_fault(None, now);
        slow.record(Duration::from_secs(2), now);
        assert!(failing.load(0, now) > slow.load(0, now));
        failing.record_fault(Some(Duration::from_secs(100_000)), now);
        assert!(failing.load(0, now) <= 300.0);
    }
}
