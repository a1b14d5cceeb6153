//! `getSummary()` and `getOptimalModel()`: models over all endpoints.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::counts::AttemptCounts;
use crate::{
    engine::Engine,
    observe::{
        latency::{LatencyPhase, LatencySum},
        latency_class::latency_class,
    },
};

/// `getSummary()`: one entry for each model, over all endpoints.
pub fn summary(engine: &Engine) -> Value {
    let mut models: BTreeMap<String, (AttemptCounts, LatencySum)> = BTreeMap::new();
    for target in engine.endpoints.iter().flat_map(|e| engine.targets.chat(e)) {
        let (counts, latency) = models.entry(target.model.to_string()).or_default();
        let stats = target.stats.lock();
        counts.add(&stats, 0);
        latency.add(&stats.latencies, LatencyPhase::Total);
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
                    "latencyClass": latency_class(&p),
                    "avgLatencyMs": p.avg,
                    "p50LatencyMs": p.p50,
                    "p95LatencyMs": p.p95,
                    "p99LatencyMs": p.p99,
                }),
            )
        })
        .collect()
}

/// `getOptimalModel()`: the fastest on average of the models with enough good samples.
pub fn optimal_model(engine: &Engine) -> Option<String> {
    engine
        .endpoints
        .iter()
        .flat_map(|e| engine.targets.chat(e))
        .filter_map(|t| {
            let average = t.stats.lock().samples.eligible_average()?;
            Some((average, t.model.to_string()))
        })
        .min()
        .map(|(_, model)| model)
}
