//! `getEndpointStatus()`.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use serde_json::{Value, json};

use super::{
    counts::AttemptCounts,
    health::{endpoint_health, model_standing},
    limits::rate_limit,
    models,
};
use crate::{
    base::{clock::now, timestamp::iso8601},
    engine::Engine,
    observe::{
        latency::{LatencyPhase, LatencySum, Percentiles},
        latency_class::latency_class,
    },
    policy::canary,
    state::{Endpoint, Target},
};

/// One status for each endpoint, in configured order.
pub fn endpoints(engine: &Engine) -> Value {
    engine.endpoints.iter().map(|e| endpoint(engine, e)).collect()
}

fn endpoint(engine: &Engine, endpoint: &Arc<Endpoint>) -> Value {
    let now = now();
    let models = models(engine, endpoint);
    let mut counts = AttemptCounts::default();
    let mut latency = LatencySum::new();
    for target in models.iter().flatten() {
        let stats = target.stats.lock();
        counts.add(&stats, target.retries.load(Ordering::Relaxed));
        latency.add(&stats.latencies, LatencyPhase::Total);
    }
    let standing = endpoint_health(engine, endpoint, now);
    let last_error = endpoint.last_error.lock().clone();
    json!({
        "name": endpoint.config.name,
        "url": endpoint.config.base_url.as_str(),
        "provider": endpoint.config.provider,
        "model": endpoint.config.models.named(),
        "status": standing.status,
        "lastError": last_error.map(|e| json!({ "reason": e.reason, "message": e.message, "at": iso8601(e.at) })),
        "cooldownUntil": standing.cooldown.map(|at| engine.wall_ms(at)),
        "breaker": {
            "state": standing.breaker,
            "consecutiveFailures": standing.consecutive,
            "retryAt": standing.retry_at.map(|at| engine.wall_ms(at)),
        },
        "latencyMs": percentiles_json(latency.percentiles()),
        "availabilityPercentage": (counts.success_rate() * 1e4).round() / 1e2,
        "totalRequests": counts.total,
        "failedRequests": counts.failed,
        "rateLimitedRequests": counts.rate_limited,
        "retries": counts.retries,
        "lastFailureAt": counts.last_failure.map(iso8601),
        "lastRateLimitedAt": counts.last_rate_limited.map(iso8601),
        "inFlight": endpoint.in_flight.load(Ordering::Acquire),
        "canary": endpoint.canary.as_ref().map(|canary| {
            let canary = canary.lock();
            let (state, reason) = match canary.state() {
                canary::CanaryState::Running => ("running", None),
                canary::CanaryState::RolledBack(worse) => ("rolledBack", Some(worse.word())),
            };
            json!({ "state": state, "share": canary.share(), "reason": reason })
        }),
        "rateLimit": models.iter().filter_map(|keys| rate_limit(keys, now)).next(),
        "models": models.iter().map(|keys| model(engine, keys, now)).collect::<Vec<_>>(),
    })
}

fn model(engine: &Engine, keys: &[Arc<Target>], now: Instant) -> Value {
    let standing = model_standing(keys, now);
    let mut counts = AttemptCounts::default();
    let mut latency = LatencySum::new();
    let mut in_flight = 0;
    for target in keys {
        let stats = target.stats.lock();
        counts.add(&stats, 0);
        latency.add(&stats.latencies, LatencyPhase::Total);
        in_flight += target.in_flight.load(Ordering::Acquire);
    }
    let latency = latency.percentiles();
    json!({
        "model": &*keys[0].model,
        "status": standing.status,
        "breaker": {
            "state": standing.breaker,
            "consecutiveFailures": standing.consecutive,
            "retryAt": standing.retry_at.map(|at| engine.wall_ms(at)),
        },
        "cooldownUntil": standing.cooldown.map(|at| engine.wall_ms(at)),
        "latencyClass": latency_class(&latency),
        "latencyMs": percentiles_json(latency),
        "totalRequests": counts.total,
        "failedRequests": counts.failed,
        "rateLimitedRequests": counts.rate_limited,
        "inFlight": in_flight,
        "rateLimit": rate_limit(keys, now),
    })
}

fn percentiles_json(p: Percentiles) -> Value {
    json!({ "avg": p.avg, "p50": p.p50, "p95": p.p95, "p99": p.p99, "samples": p.samples })
}
