//! Endpoint × credential × model: what an attempt is sent to.

use super::wait_queue::TargetId;
use crate::observe::observation::TargetKey;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{
    credential::Credential,
    endpoint::Endpoint,
    gate::{Gate, StateChange},
    operation::Operation,
    request_head::RequestHeads,
    stats::Stats,
};
use crate::{
    base::vendor_error::VendorError,
    observe::{counters::TargetCounters, latency::LatencyPhase},
    policy::{
        breaker::AttemptVerdict,
        ewma::PeakEwma,
        fault::{BlameScope, BreakerWeight},
        limiter::Limiter,
        rolling_histogram::RollingHistogram,
    },
};

/// A percentile needs at least this many samples.
const ENOUGH_SAMPLES: u32 = 20;
/// A header value of at least this length may be a credential.
const SHORTEST_SECRET: usize = 8;

/// Endpoint × credential × model: what an attempt is sent to.
pub struct Target {
    /// The prepared heads of requests: whole answers, and streams.
    pub heads: RequestHeads,
    pub endpoint: Arc<Endpoint>,
    pub credential: Arc<Credential>,
    pub model: Arc<str>,
    pub operation: Operation,
    /// Breaker and cooldown of the model, whatever the key.
    pub model_gate: Arc<Mutex<Gate>>,
    /// Cooldown of this key for this model: a throttle belongs to the key.
    pub gate: Arc<Mutex<Gate>>,
    pub limiter: Arc<Mutex<Limiter>>,
    pub load: Arc<Mutex<PeakEwma>>,
    pub in_flight: Arc<AtomicU32>,
    pub stats: Arc<Mutex<Stats>>,
    pub retries: Arc<AtomicU64>,
    /// The counters of metrics. They outlive the target.
    pub counters: Arc<TargetCounters>,
    /// The missing price was reported.
    pub price_missed: AtomicBool,
}

// === impl Target ===

impl Target {
    /// Identifies the target in the wait queue. A reload keeps the statistics, and with them the id.
    pub fn id(&self) -> TargetId {
        TargetId::of(&self.stats)
    }

    /// Its endpoint and model.
    pub fn key(&self) -> TargetKey {
        (self.endpoint.name.clone(), self.model.clone())
    }

    pub(super) fn gates(&self) -> impl Iterator<Item = &Mutex<Gate>> {
        [&self.credential.gate, &self.endpoint.origin.gate, &*self.model_gate, &*self.gate].into_iter()
    }

    pub fn time(&self, part: LatencyPhase, took: Duration) {
        self.stats.lock().latencies.record(part, took);
        self.counters.time(part, took);
    }

    /// Records the time to first content, or how long it was waited for in vain.
    pub fn record_first_content(&self, took: Duration, now: Instant) {
        self.time(LatencyPhase::FirstContent, took);
        let mut stats = self.stats.lock();
        stats.recent.get_or_insert_with(|| RollingHistogram::new(now)).record(took, now);
    }

    /// The recent 95th percentile of the time to first content; `None` with too few samples.
    pub fn p95(&self, now: Instant) -> Option<Duration> {
        self.stats.lock().recent.as_ref()?.quantile(0.95, ENOUGH_SAMPLES, now)
    }

    /// Removes secrets from a vendor's error. Call before anything truncates it.
    pub fn redacted(&self, mut error: VendorError) -> VendorError {
        for text in [Some(&mut error.message), error.code.as_mut(), error.kind.as_mut()].into_iter().flatten()
        {
            self.redact(text);
        }
        error
    }

    /// Removes the key and the values of configured headers from a text.
    pub fn redact(&self, text: &mut String) {
        self.credential.redact(text);
        for value in self.endpoint.config.headers.iter().filter_map(|(_, v)| v.to_str().ok()) {
            // Short values are words like "true", not credentials.
            if value.len() >= SHORTEST_SECRET && text.contains(value) {
                *text = text.replace(value, "…");
            }
        }
    }

    pub fn load(&self, now: Instant) -> f64 {
        self.load.lock().load(self.in_flight.load(Ordering::Acquire), now)
    }

    /// Records a failure after content had begun: the attempt's own permit is used already.
    pub fn record_late_failure(&self, now: Instant, jitter: f64) -> Option<StateChange> {
        let mut gate = self.model_gate.lock();
        let permit = gate.admit(now, false)??;
        if permit.is_probe() {
            gate.release(Some(permit));
            return None;
        }
        let (state, until) =
            gate.record(Some(permit), AttemptVerdict::Failed(BreakerWeight::Failure), now, jitter)?;
        Some(StateChange::Breaker { scope: BlameScope::Endpoint, state, until })
    }

    /// Records a successful health check as proof that the target works.
    pub fn record_health_proof(&self, now: Instant) -> Option<StateChange> {
        let prove = |gate: &Mutex<Gate>| gate.lock().breaker.as_mut().and_then(|b| b.proven(now));
        let (origin, own) = (prove(&self.endpoint.origin.gate), prove(&self.model_gate));
        own.map(|state| StateChange::Breaker { scope: BlameScope::Endpoint, state, until: None })
            .or(origin.map(|state| StateChange::Breaker { scope: BlameScope::Origin, state, until: None }))
    }
}
