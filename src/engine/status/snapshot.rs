//! `metrics.snapshot()`.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::{
    base::timestamp::iso8601,
    engine::Engine,
    observe::latency::{LatencySum, PARTS},
    state::Operation,
};

/// All counts and latencies, by endpoint and model.
pub fn snapshot(engine: &Engine) -> Value {
    let mut series = Vec::new();
    for target in engine.endpoints.iter().flat_map(|e| engine.targets.every(e)) {
        let stats = target.stats.lock();
        let latencies: serde_json::Map<String, Value> = PARTS
            .iter()
            .map(|(part, name)| {
                let mut sum = LatencySum::new();
                sum.add(&stats.latencies, *part);
                ((*name).to_owned(), json!(sum.percentiles()))
            })
            .collect();
        series.push(json!({
            "endpoint": target.endpoint.config.name,
            "provider": target.endpoint.config.provider,
            "model": &*target.model,
            "operation": if target.operation == Operation::Chat { "chat" } else { "other" },
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
        "activeCalls": engine.running_calls(),
        "waitingCalls": engine.wait_queue.len(),
        "series": series,
    })
}
