//! What is read off a client: endpoint states, summaries, the metrics snapshot, the health report.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Instant, SystemTime},
};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    client::{Engine, now, state_name, wall_ms},
    report::iso8601,
    state::{Endpoint, Stats, Target},
};
use crate::{
    duration::millis,
    observe::latency::{PARTS, Part, Percentiles, Sum},
    policy::breaker::State,
    reason::Reason,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Healthy,
    Degraded,
    RateLimited,
    Down,
}

/// The state of an endpoint or of one of its models; the worst of several wins.
struct Standing {
    status: Status,
    breaker: &'static str,
    consecutive: u32,
    retry_at: Option<Instant>,
    cooldown: Option<Instant>,
}

#[derive(Default)]
struct Counts {
    total: u64,
    failed: u64,
    rate_limited: u64,
    retries: u64,
    last_failure: Option<SystemTime>,
    last_rate_limited: Option<SystemTime>,
}

impl Counts {
    fn add(&mut self, stats: &Stats, retries: u64) {
        self.total += stats.total;
        self.failed += stats.failed;
        self.rate_limited += stats.rate_limited;
        self.retries += retries;
        self.last_failure = self.last_failure.max(stats.last_failure);
        self.last_rate_limited = self.last_rate_limited.max(stats.last_rate_limited);
    }

    fn success_rate(&self) -> f64 {
        if self.total == 0 { 1.0 } else { (self.total - self.failed) as f64 / self.total as f64 }
    }
}

/// `getEndpointStatus()`: one per endpoint, in configured order.
pub fn endpoints(engine: &Engine) -> Value {
    engine.endpoints.iter().map(endpoint).collect()
}

fn endpoint(endpoint: &Arc<Endpoint>) -> Value {
    let now = now();
    let targets = endpoint.targets();
    let mut counts = Counts::default();
    let mut latency = Sum::new();
    for target in &targets {
        let stats = target.stats.lock();
        counts.add(&stats, target.retries.load(Ordering::Relaxed));
        latency.add(&stats.latencies, Part::Total);
    }
    let standing =
        targets.iter().map(|t| standing(t, now)).reduce(worse).unwrap_or_else(|| bare_standing(endpoint));
    let last_error = endpoint.last_error.lock().clone();
    let isolated = endpoint.isolated.load(Ordering::Acquire) > 0;
    json!({
        "name": endpoint.config.name,
        "url": endpoint.config.base_url.as_str(),
        "provider": endpoint.config.provider,
        "model": endpoint.config.models.named(),
        "status": if isolated { Status::Down } else { standing.status },
        "lastError": last_error.map(|e| json!({ "reason": e.reason, "message": e.message, "at": iso8601(e.at) })),
        "cooldownUntil": standing.cooldown.map(wall_ms),
        "breaker": {
            "state": if isolated { "isolated" } else { standing.breaker },
            "consecutiveFailures": standing.consecutive,
            "retryAt": standing.retry_at.map(wall_ms),
        },
        "latencyMs": brief(latency.percentiles()),
        "availabilityPercentage": (counts.success_rate() * 1e4).round() / 1e2,
        "totalRequests": counts.total,
        "failedRequests": counts.failed,
        "rateLimitedRequests": counts.rate_limited,
        "retries": counts.retries,
        "lastFailureAt": counts.last_failure.map(iso8601),
        "lastRateLimitedAt": counts.last_rate_limited.map(iso8601),
        "inFlight": endpoint.in_flight.load(Ordering::Acquire),
        "models": targets.iter().map(|t| model(t, now)).collect::<Vec<_>>(),
    })
}

fn model(target: &Target, now: Instant) -> Value {
    let standing = standing(target, now);
    let stats = target.stats.lock();
    let mut latency = Sum::new();
    latency.add(&stats.latencies, Part::Total);
    json!({
        "model": &*target.model,
        "status": standing.status,
        "breaker": {
            "state": standing.breaker,
            "consecutiveFailures": standing.consecutive,
            "retryAt": standing.retry_at.map(wall_ms),
        },
        "cooldownUntil": standing.cooldown.map(wall_ms),
        "latencyMs": brief(latency.percentiles()),
        "totalRequests": stats.total,
        "failedRequests": stats.failed,
        "rateLimitedRequests": stats.rate_limited,
        "inFlight": target.in_flight.load(Ordering::Acquire),
    })
}

fn standing(target: &Target, now: Instant) -> Standing {
    let mut whole = Standing {
        status: Status::Healthy,
        breaker: "closed",
        consecutive: 0,
        retry_at: None,
        cooldown: None,
    };
    for gate in [&target.gate, &target.endpoint.origin.gate, &target.credential.gate] {
        let gate = gate.lock();
        if let Some(breaker) = &gate.breaker {
            let state = breaker.state(now);
            let (status, name) = match state {
                State::Closed => (Status::Healthy, state_name(state)),
                State::HalfOpen => (Status::Degraded, state_name(state)),
                State::Open => (Status::Down, state_name(state)),
            };
            whole.consecutive = whole.consecutive.max(breaker.consecutive_failures());
            if status > whole.status || (whole.breaker == "closed" && name != "closed") {
                whole.breaker = name;
                whole.retry_at = breaker.ready_at(now);
            }
            whole.status = whole.status.max(status);
        }
        if let Some(until) = gate.cooldown.until(now) {
            whole.cooldown = whole.cooldown.max(Some(until));
            let status = match gate.parked_for {
                Some(Reason::RateLimited | Reason::Quota) => Status::RateLimited,
                Some(Reason::Auth | Reason::Permission) => Status::Down,
                _ => Status::Degraded,
            };
            whole.status = whole.status.max(status);
        }
    }
    whole
}

fn worse(a: Standing, b: Standing) -> Standing {
    let cooldown = a.cooldown.max(b.cooldown);
    let consecutive = a.consecutive.max(b.consecutive);
    let worse = if b.status > a.status { b } else { a };
    Standing { cooldown, consecutive, ..worse }
}

/// An endpoint that was never asked has only its origin's state.
fn bare_standing(endpoint: &Arc<Endpoint>) -> Standing {
    let now = now();
    let gate = endpoint.origin.gate.lock();
    let state = gate.breaker.as_ref().map_or(State::Closed, |b| b.state(now));
    Standing {
        status: if state == State::Open { Status::Down } else { Status::Healthy },
        breaker: state_name(state),
        consecutive: gate.breaker.as_ref().map_or(0, |b| b.consecutive_failures()),
        retry_at: gate.breaker.as_ref().and_then(|b| b.ready_at(now)),
        cooldown: gate.cooldown.until(now),
    }
}

fn brief(p: Percentiles) -> Value {
    json!({ "avg": p.avg, "p50": p.p50, "p95": p.p95, "p99": p.p99, "samples": p.samples })
}

/// `getSummary()`: one per model, over all endpoints.
pub fn summary(engine: &Engine) -> Value {
    let mut models: BTreeMap<String, (Counts, Sum)> = BTreeMap::new();
    for target in engine.endpoints.iter().flat_map(|e| e.targets()) {
        let (counts, latency) = models.entry(target.model.to_string()).or_default();
        let stats = target.stats.lock();
        counts.add(&stats, 0);
        latency.add(&stats.latencies, Part::Total);
    }
    models
        .into_iter()
        .map(|(model, (counts, latency))| {
            let p = latency.percentiles();
            let success = counts.success_rate();
            (
                model,
                json!({
                    "totalRequests": counts.total,
                    "successRate": success,
                    "errorRate": if counts.total == 0 { 0.0 } else { 1.0 - success },
                    "avgLatencyMs": p.avg,
                    "p50LatencyMs": p.p50,
                    "p95LatencyMs": p.p95,
                    "p99LatencyMs": p.p99,
                }),
            )
        })
        .collect()
}

/// `metrics.snapshot()`: everything counted and timed, per endpoint and model.
pub fn snapshot(engine: &Engine) -> Value {
    let mut series = Vec::new();
    for target in engine.endpoints.iter().flat_map(|e| e.targets()) {
        let stats = target.stats.lock();
        let latencies: serde_json::Map<String, Value> = PARTS
            .iter()
            .map(|(part, name)| {
                let mut sum = Sum::new();
                sum.add(&stats.latencies, *part);
                ((*name).to_owned(), json!(sum.percentiles()))
            })
            .collect();
        series.push(json!({
            "endpoint": target.endpoint.config.name,
            "provider": target.endpoint.config.provider,
            "model": &*target.model,
            "attempts": stats.total,
            "failed": stats.failed,
            "rateLimited": stats.rate_limited,
            "retries": target.retries.load(Ordering::Relaxed),
            "inFlight": target.in_flight.load(Ordering::Acquire),
            "latencies": latencies,
        }));
    }
    json!({ "timestamp": iso8601(SystemTime::now()), "activeCalls": engine.active(), "series": series })
}

/// Shares of rate-limited requests above which an endpoint, and so the whole, is not well.
const DEGRADED_SHARE: f64 = 10.0;
const CRITICAL_SHARE: f64 = 30.0;

/// `getHealthReport()`.
pub fn health_report(engine: &Engine) -> Value {
    let now = now();
    let mut overall = 0;
    let mut endpoints = Vec::new();
    for endpoint in &engine.endpoints {
        let mut counts = Counts::default();
        let mut latency = Sum::new();
        let mut recoveries = Vec::new();
        let targets = endpoint.targets();
        for target in &targets {
            let stats = target.stats.lock();
            counts.add(&stats, 0);
            latency.add(&stats.latencies, Part::Total);
            recoveries.extend(stats.recoveries.iter().map(|d| millis(*d)));
        }
        let share =
            if counts.total == 0 { 0.0 } else { counts.rate_limited as f64 / counts.total as f64 * 100.0 };
        let status = targets.iter().map(|t| standing(t, now)).reduce(worse);
        let status = status.unwrap_or_else(|| bare_standing(endpoint)).status;
        let level = if share > CRITICAL_SHARE {
            2
        } else {
            usize::from(share > DEGRADED_SHARE || status != Status::Healthy)
        };
        overall = overall.max(level);
        endpoints.push((
            status,
            json!({
                "name": endpoint.config.name,
                "status": status,
                "totalRequests": counts.total,
                "successRate": (counts.success_rate() * 1e4).round() / 1e2,
                "rateLimitRate": (share * 1e2).round() / 1e2,
                "avgLatencyMs": latency.percentiles().avg,
                "lastRateLimitedAt": counts.last_rate_limited.map(iso8601),
                "recoveryTimesMs": recoveries,
            }),
        ));
    }
    // With nobody left to answer, the whole is critical whatever the shares are.
    if !endpoints.is_empty() && endpoints.iter().all(|(status, _)| *status == Status::Down) {
        overall = 2;
    }
    let list: Vec<Value> = endpoints.into_iter().map(|(_, value)| value).collect();
    let overall = ["healthy", "degraded", "critical"][overall];
    json!({
        "timestamp": iso8601(SystemTime::now()),
        "overallStatus": overall,
        "endpoints": list,
    })
}

/// `getOptimalModel()`: of the models with enough good samples, the one that is fastest on average.
pub fn optimal_model(engine: &Engine) -> Option<String> {
    engine
        .endpoints
        .iter()
        .flat_map(|e| e.targets())
        .filter_map(|t| {
            let average = t.stats.lock().samples.eligible_average()?;
            Some((average, t.model.to_string()))
        })
        .min()
        .map(|(_, model)| model)
}
