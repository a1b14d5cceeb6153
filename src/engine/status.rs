//! What is read off a client: endpoint states, summaries, the metrics snapshot, the health report.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Instant, SystemTime},
};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    canary::word,
    client::{Engine, state_name},
    question::Service,
    report::iso8601,
    state::{Endpoint, Stats, Target},
};
use crate::{
    clock::now,
    duration::millis,
    observe::latency::{PARTS, Part, Percentiles, Sum},
    policy::{breaker::State, canary},
    reason::Reason,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Healthy,
    Degraded,
    RateLimited,
    Down,
}

impl Status {
    pub const ALL: [Self; 4] = [Self::Healthy, Self::Degraded, Self::RateLimited, Self::Down];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::RateLimited => "rate_limited",
            Self::Down => "down",
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.word())
    }
}

/// The state of an endpoint or of one of its models; the worst of several wins.
pub struct Standing {
    pub status: Status,
    pub breaker: &'static str,
    consecutive: u32,
    retry_at: Option<Instant>,
    pub cooldown: Option<Instant>,
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
    engine.endpoints.iter().map(|e| endpoint(engine, e)).collect()
}

fn endpoint(engine: &Engine, endpoint: &Arc<Endpoint>) -> Value {
    let now = now();
    let models = models(endpoint);
    let mut counts = Counts::default();
    let mut latency = Sum::new();
    for target in models.iter().flatten() {
        let stats = target.stats.lock();
        counts.add(&stats, target.retries.load(Ordering::Relaxed));
        latency.add(&stats.latencies, Part::Total);
    }
    let standing = stance(endpoint, now);
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
        "latencyMs": brief(latency.percentiles()),
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
                canary::State::Running => ("running", None),
                canary::State::RolledBack(worse) => ("rolledBack", Some(word(worse))),
            };
            json!({ "state": state, "share": canary.share(), "reason": reason })
        }),
        "rateLimit": models.iter().filter_map(|keys| rate_limit(keys, now)).next(),
        "models": models.iter().map(|keys| model(engine, keys, now)).collect::<Vec<_>>(),
    })
}

/// The targets of an endpoint by model; those of one model differ in their keys.
fn models(endpoint: &Arc<Endpoint>) -> Vec<Vec<Arc<Target>>> {
    let mut models: Vec<Vec<Arc<Target>>> = Vec::new();
    for target in endpoint.targets() {
        match models.iter_mut().find(|keys| keys[0].model == target.model) {
            Some(keys) => keys.push(target),
            None => models.push(vec![target]),
        }
    }
    models
}

fn model(engine: &Engine, keys: &[Arc<Target>], now: Instant) -> Value {
    let standing = model_standing(keys, now);
    let mut counts = Counts::default();
    let mut latency = Sum::new();
    let mut in_flight = 0;
    for target in keys {
        let stats = target.stats.lock();
        counts.add(&stats, 0);
        latency.add(&stats.latencies, Part::Total);
        in_flight += target.in_flight.load(Ordering::Acquire);
    }
    json!({
        "model": &*keys[0].model,
        "status": standing.status,
        "breaker": {
            "state": standing.breaker,
            "consecutiveFailures": standing.consecutive,
            "retryAt": standing.retry_at.map(|at| engine.wall_ms(at)),
        },
        "cooldownUntil": standing.cooldown.map(|at| engine.wall_ms(at)),
        "latencyMs": brief(latency.percentiles()),
        "totalRequests": counts.total,
        "failedRequests": counts.failed,
        "rateLimitedRequests": counts.rate_limited,
        "inFlight": in_flight,
        "rateLimit": rate_limit(keys, now),
    })
}

/// Limit and remainder of requests and of tokens, and how many requests may be under way at once.
type Levels = ([Option<(f64, f64)>; 2], Option<u32>);

/// What a model may still send, of one kind.
pub struct Level {
    pub model: Arc<str>,
    /// `requests` or `tokens`.
    pub kind: &'static str,
    pub remaining: f64,
}

/// What each model of an endpoint may still send, where that is limited.
pub fn levels(endpoint: &Arc<Endpoint>, now: Instant) -> Vec<Level> {
    let mut levels = Vec::new();
    for keys in models(endpoint) {
        let kinds = ["requests", "tokens"].into_iter().zip(limits(&keys, now).0);
        let own = kinds.filter_map(|(kind, level)| {
            Some(Level { model: keys[0].model.clone(), kind, remaining: level?.1 })
        });
        levels.extend(own);
    }
    levels
}

/// What all keys together may still send.
fn limits(keys: &[Arc<Target>], now: Instant) -> Levels {
    let mut sums = [None::<(f64, f64)>; 2];
    let mut concurrency = None::<u32>;
    for target in keys {
        let limiter = target.limiter.lock();
        for (sum, level) in sums.iter_mut().zip(limiter.levels(now)) {
            if let Some((limit, remaining)) = level {
                let (l, r) = sum.unwrap_or_default();
                *sum = Some((l + limit, r + remaining));
            }
        }
        if let Some(limit) = limiter.concurrency(now) {
            concurrency = Some(concurrency.unwrap_or(0).saturating_add(limit));
        }
    }
    (sums, concurrency)
}

/// The same for people, where anything limits it.
fn rate_limit(keys: &[Arc<Target>], now: Instant) -> Option<Value> {
    let (sums, concurrency) = limits(keys, now);
    let part = |sum: Option<(f64, f64)>| {
        sum.map(|(limit, remaining)| json!({ "limit": limit.floor(), "remaining": remaining.floor() }))
    };
    let [requests, tokens] = sums.map(part);
    (requests.is_some() || tokens.is_some() || concurrency.is_some())
        .then(|| json!({ "requests": requests, "tokens": tokens, "maxConcurrency": concurrency }))
}

/// An endpoint is as well as the worst of its models, and down for as long as somebody has taken it out.
pub fn stance(endpoint: &Arc<Endpoint>, now: Instant) -> Standing {
    let standings = models(endpoint).into_iter().map(|keys| model_standing(&keys, now));
    let standing = standings.reduce(worse).unwrap_or_else(|| bare_standing(endpoint));
    if endpoint.isolated.load(Ordering::Acquire) > 0 {
        return Standing { status: Status::Down, breaker: "isolated", ..standing };
    }
    standing
}

/// A model is as well as the best of its keys.
fn model_standing(keys: &[Arc<Target>], now: Instant) -> Standing {
    let best = keys.iter().map(|t| standing(t, now)).min_by_key(|s| s.status);
    best.unwrap_or_else(Standing::well)
}

impl Standing {
    fn well() -> Self {
        Self { status: Status::Healthy, breaker: "closed", consecutive: 0, retry_at: None, cooldown: None }
    }
}

fn standing(target: &Target, now: Instant) -> Standing {
    let mut whole = Standing::well();
    let gates = [&*target.model_gate, &*target.gate, &target.endpoint.origin.gate, &target.credential.gate];
    for gate in gates {
        let gate = gate.lock();
        if let Some(breaker) = &gate.breaker {
            let state = breaker.state(now);
            let (status, name) = match state {
                State::Closed if breaker.ramping(now) => (Status::Degraded, state_name(state)),
                State::Closed => (Status::Healthy, state_name(state)),
                State::HalfOpen => (Status::Degraded, state_name(state)),
                State::Open => (Status::Down, state_name(state)),
            };
            whole.consecutive = whole.consecutive.max(breaker.consecutive_failures());
            if name != "closed" && (status > whole.status || whole.breaker == "closed") {
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
    let slow = |limit| target.p95(now).is_some_and(|p95| p95 > limit);
    if target.endpoint.config.max_latency.is_some_and(slow) {
        whole.status = whole.status.max(Status::Degraded);
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
    for target in engine.endpoints.iter().flat_map(|e| e.every_target()) {
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
            "operation": if target.service == Service::Chat { "chat" } else { "other" },
            "attempts": stats.total,
            "failed": stats.failed,
            "rateLimited": stats.rate_limited,
            "retries": target.retries.load(Ordering::Relaxed),
            "inFlight": target.in_flight.load(Ordering::Acquire),
            "latencies": latencies,
        }));
    }
    json!({
        "timestamp": iso8601(engine.wall()),
        "activeCalls": engine.active(),
        "waitingCalls": engine.room.len(),
        "series": series,
    })
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
        let status = stance(endpoint, now).status;
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
        "timestamp": iso8601(engine.wall()),
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
