//! `getHealthReport()`: rate limiting and success by endpoint.

use serde_json::{Value, json};

use super::{
    counts::AttemptCounts,
    health::{HealthStatus, endpoint_health},
};
use crate::{
    base::{clock::now, duration::millis, timestamp::iso8601},
    engine::Engine,
    observe::latency::{LatencyPhase, LatencySum},
};

/// The percentages of rate-limited requests above which an endpoint is degraded or critical.
const DEGRADED_SHARE: f64 = 10.0;
const CRITICAL_SHARE: f64 = 30.0;

pub fn health_report(engine: &Engine) -> Value {
    let now = now();
    let mut overall = 0;
    let mut endpoints = Vec::new();
    for endpoint in &engine.endpoints {
        let mut counts = AttemptCounts::default();
        let mut latency = LatencySum::new();
        let mut recoveries = Vec::new();
        let targets = engine.targets.chat(endpoint);
        for target in &targets {
            let stats = target.stats.lock();
            counts.add(&stats, 0);
            latency.add(&stats.latencies, LatencyPhase::Total);
            recoveries.extend(stats.recoveries.iter().map(|d| millis(*d)));
        }
        let share =
            if counts.total == 0 { 0.0 } else { counts.rate_limited as f64 / counts.total as f64 * 100.0 };
        let status = endpoint_health(engine, endpoint, now).status;
        let level = if share > CRITICAL_SHARE {
            2
        } else {
            usize::from(share > DEGRADED_SHARE || status != HealthStatus::Healthy)
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
    // When every endpoint is down, the whole is critical whatever the shares are.
    if !endpoints.is_empty() && endpoints.iter().all(|(status, _)| *status == HealthStatus::Down) {
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
