//! The circuit breaker: closed → open → half-open → closed, with one probe at a time.
//!
//! Every state admits a request after finite time without traffic: an open period ends, and a half-open
//! permit has a deadline after which another may be given, so that a lost permit cannot lock it.

use std::time::{Duration, Instant};

use super::{backoff, fault::BreakerWeight, rolling_outcomes::RollingOutcomes};

/// How long a half-open probe may take before another is admitted beside it.
const PERMIT_DEADLINE: Duration = Duration::from_secs(120);
/// The load after closing: this share of requests for the first step, the next for the second.
const RAMP: [f64; 2] = [0.1, 0.5];
const RAMP_STEP: Duration = Duration::from_secs(5);
/// An open breaker is a guess: while no other candidate is ready, it may be probed early this often.
const EARLY_PROBE_EVERY: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, PartialEq)]
pub struct BreakerConfig {
    /// Consecutive failures that open it.
    pub failure_threshold: u32,
    /// The first open period; doubles with each failed probe.
    pub recovery_timeout: Duration,
    pub max_recovery_timeout: Duration,
    /// Outcomes in the window before the ratio counts.
    pub minimum_requests: u32,
    pub failure_ratio: f64,
    pub window: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 3,
            recovery_timeout: Duration::from_secs(5),
            max_recovery_timeout: Duration::from_secs(60),
            minimum_requests: 10,
            failure_ratio: 0.5,
            window: Duration::from_secs(30),
        }
    }
}

/// The permission to send one request, recorded with its outcome or released without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    epoch: u32,
    probe: bool,
}

impl Permit {
    pub fn is_probe(self) -> bool {
        self.probe
    }
}

/// The outcome of an admitted request, as far as it concerns health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptVerdict {
    Success,
    Failed(BreakerWeight),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    Open,
    HalfOpen,
}

#[derive(Clone, Copy, Debug)]
enum BreakerInner {
    Closed,
    Open {
        until: Instant,
    },
    /// A probe is running. Without an outcome, the breaker is open as before.
    HalfOpen {
        probe_until: Instant,
        until: Instant,
    },
}

pub struct Breaker {
    config: BreakerConfig,
    inner: BreakerInner,
    /// Changes with each state, so that results from an earlier state are ignored.
    epoch: u32,
    consecutive: u32,
    /// Open periods since the last stable close: the exponent.
    opens: u32,
    /// When it last closed, and the fraction of a request that the ramp has saved since.
    closed: Option<Instant>,
    ramp_credit: f64,
    window: RollingOutcomes,
    /// When the last early probe began.
    last_early: Option<Instant>,
}

impl Breaker {
    /// Applies other settings and keeps the state. Another window starts empty.
    pub fn reconfigure(&mut self, config: &BreakerConfig, now: Instant) {
        if self.config.window != config.window {
            self.window = RollingOutcomes::new(config.window, now);
        }
        self.config = config.clone();
    }

    pub fn new(config: BreakerConfig, now: Instant) -> Self {
        let window = RollingOutcomes::new(config.window, now);
        Self {
            config,
            inner: BreakerInner::Closed,
            epoch: 0,
            consecutive: 0,
            opens: 0,
            closed: None,
            ramp_credit: 0.0,
            window,
            last_early: None,
        }
    }

    pub fn state(&self, now: Instant) -> BreakerState {
        match self.inner {
            BreakerInner::Closed => BreakerState::Closed,
            BreakerInner::Open { until } if now < until => BreakerState::Open,
            BreakerInner::Open { .. } | BreakerInner::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    pub fn consecutive_failures(&self) -> u32 {
        self.consecutive
    }

    /// When a request may be admitted at the latest; `None` when one may be now.
    pub fn ready_at(&self, now: Instant) -> Option<Instant> {
        match self.inner {
            BreakerInner::Closed => None,
            BreakerInner::Open { until } => (now < until).then_some(until),
            BreakerInner::HalfOpen { probe_until, .. } => (now < probe_until).then_some(probe_until),
        }
    }

    /// Whether it closed so recently that only a share of its load is admitted.
    pub fn is_ramping(&self, now: Instant) -> bool {
        matches!(self.inner, BreakerInner::Closed) && self.share(now) < 1.0
    }

    /// Whether the ramp admits the next request. Counts the request if so.
    pub fn ramp_admits(&mut self, now: Instant) -> bool {
        let share = self.share(now);
        if share >= 1.0 {
            return true;
        }
        self.ramp_credit += share;
        let admits = self.ramp_credit >= 1.0 - 1e-9;
        if admits {
            self.ramp_credit -= 1.0;
        }
        admits
    }

    fn share(&self, now: Instant) -> f64 {
        let Some(closed) = self.closed else { return 1.0 };
        let step = now.saturating_duration_since(closed).as_nanos() / RAMP_STEP.as_nanos();
        RAMP.get(step as usize).copied().unwrap_or(1.0)
    }

    /// Whether a half-open probe is running.
    pub fn probing(&self, now: Instant) -> bool {
        matches!(self.inner, BreakerInner::HalfOpen { probe_until, .. } if now < probe_until)
    }

    /// Admits a request, or returns when to try again.
    pub fn admit(&mut self, now: Instant) -> Result<Permit, Instant> {
        if let Some(at) = self.ready_at(now) {
            return Err(at);
        }
        match self.inner {
            BreakerInner::Closed => Ok(Permit { epoch: self.epoch, probe: false }),
            // open, period over → halfOpen halfOpen, the probe outlived its deadline → another
            BreakerInner::Open { until } | BreakerInner::HalfOpen { until, .. } => {
                Ok(self.begin_probe(until, now))
            }
        }
    }

    /// When `admit_early` may admit a probe; `None` when it may now.
    pub fn ready_early_at(&self, now: Instant) -> Option<Instant> {
        match self.inner {
            BreakerInner::Open { until } => {
                let rested = self.last_early.map_or(now, |at| at + EARLY_PROBE_EVERY);
                Some(rested.min(until)).filter(|at| now < *at)
            }
            BreakerInner::Closed | BreakerInner::HalfOpen { .. } => self.ready_at(now),
        }
    }

    /// Admits a probe before the open period ends, for calls without another candidate.
    pub fn admit_early(&mut self, now: Instant) -> Option<Permit> {
        let BreakerInner::Open { until } = self.inner else {
            return self.admit(now).ok();
        };
        if self.ready_early_at(now).is_some() {
            return None;
        }
        self.last_early = Some(now);
        Some(self.begin_probe(until, now))
    }

    /// Records a permit's outcome. `jitter` in 0..1 spreads the open period over its upper half.
    /// Returns the new state if it changed.
    pub fn record(
        &mut self,
        permit: Permit,
        verdict: AttemptVerdict,
        now: Instant,
        jitter: f64,
    ) -> Option<BreakerState> {
        if verdict == AttemptVerdict::Failed(BreakerWeight::Neutral) {
            self.release(permit);
            return None;
        }
        let failed = verdict != AttemptVerdict::Success;
        self.window.record(failed, now);
        if permit.epoch != self.epoch {
            return None;
        }
        match (self.inner, verdict) {
            // halfOpen → closed: the probe succeeded
            (BreakerInner::HalfOpen { .. }, AttemptVerdict::Success) => {
                self.close(now);
                Some(BreakerState::Closed)
            }
            // halfOpen → open: the probe failed, the period doubles
            (BreakerInner::HalfOpen { .. }, AttemptVerdict::Failed(_)) => {
                self.consecutive = self.consecutive.saturating_add(1);
                self.open(now, jitter);
                Some(BreakerState::Open)
            }
            (BreakerInner::Closed, AttemptVerdict::Success) => {
                self.consecutive = 0;
                None
            }
            (BreakerInner::Closed, AttemptVerdict::Failed(weight)) => {
                if weight == BreakerWeight::Failure {
                    self.consecutive = self.consecutive.saturating_add(1);
                }
                let tally = self.window.tally(now);
                let by_count =
                    weight == BreakerWeight::Failure && self.consecutive >= self.config.failure_threshold;
                let by_ratio = tally.total >= self.config.minimum_requests
                    && f64::from(tally.failed) >= self.config.failure_ratio * f64::from(tally.total);
                // closed → open
                (by_count || by_ratio).then(|| {
                    self.open(now, jitter);
                    BreakerState::Open
                })
            }
            (BreakerInner::Open { .. }, _) => None,
        }
    }

    /// Releases a permit without an outcome: an abort, or a caller's mistake. A probe then never happened.
    pub fn release(&mut self, permit: Permit) {
        if permit.probe
            && permit.epoch == self.epoch
            && let BreakerInner::HalfOpen { until, .. } = self.inner
        {
            self.inner = BreakerInner::Open { until };
            self.last_early = None;
        }
    }

    /// Records a proof of health without a permit, from a health check: open or half-open → closed.
    pub fn proven(&mut self, now: Instant) -> Option<BreakerState> {
        self.consecutive = 0;
        if matches!(self.inner, BreakerInner::Closed) {
            return None;
        }
        self.close(now);
        Some(BreakerState::Closed)
    }

    fn begin_probe(&mut self, until: Instant, now: Instant) -> Permit {
        // A new epoch: results of a probe that outlived its deadline are ignored.
        self.epoch = self.epoch.wrapping_add(1);
        self.inner = BreakerInner::HalfOpen { probe_until: now + PERMIT_DEADLINE, until };
        Permit { epoch: self.epoch, probe: true }
    }

    fn close(&mut self, now: Instant) {
        self.epoch = self.epoch.wrapping_add(1);
        self.inner = BreakerInner::Closed;
        self.consecutive = 0;
        // Not stable until the ramp is over: the open periods of a flapping endpoint grow.
        self.closed = Some(now);
        self.ramp_credit = 0.0;
        self.window.clear();
    }

    fn open(&mut self, now: Instant, jitter: f64) {
        if matches!(self.inner, BreakerInner::Closed) && self.share(now) >= 1.0 {
            self.opens = 0;
        }
        let bound = backoff::exponential(
            self.config.recovery_timeout,
            2.0,
            self.opens,
            self.config.max_recovery_timeout,
        );
        // Equal jitter: half fixed, half drawn.
        let period = bound.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
        self.opens = self.opens.saturating_add(1);
        self.epoch = self.epoch.wrapping_add(1);
        self.inner = BreakerInner::Open { until: now + period };
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
