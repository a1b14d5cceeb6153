//! `alerts.rules`: the thresholds of alerts. `false` switches a rule off.

use std::time::Duration;

use serde_json::{Value, json};

use super::reader::{self, Reader};
use crate::alert::rules::{
    BacklogRule, ErrorRateRule, ExceededRule, FailoverRule, LatencyRule, LatencyStatistic, RateLimitedRule,
    RulesConfig,
};

const MS: Duration = Duration::from_millis(1);
/// Windows are divided into slices, so they cannot be shorter.
const LEAST_WINDOW: Duration = Duration::from_millis(100);

pub fn read(r: &mut Reader<'_>) -> RulesConfig {
    RulesConfig {
        latency: rule(r, "latency", |r| {
            let d = LatencyRule::default();
            LatencyRule {
                threshold: r.duration("threshold", MS).unwrap_or(d.threshold),
                of: r
                    .one_of("of", &[("mean", LatencyStatistic::Mean), ("p95", LatencyStatistic::P95)])
                    .unwrap_or(d.of),
                min_requests: r.integer("minRequests", 1, 100).map_or(d.min_requests, |n| n as usize),
                window: r.duration("window", LEAST_WINDOW).unwrap_or(d.window),
            }
        }),
        error_rate: rule(r, "errorRate", |r| {
            let d = ErrorRateRule::default();
            ErrorRateRule {
                threshold: r.number("threshold", 0.0, 1.0).unwrap_or(d.threshold),
                min_requests: r.integer("minRequests", 1, 1_000_000).map_or(d.min_requests, |n| n as u32),
                window: r.duration("window", LEAST_WINDOW).unwrap_or(d.window),
            }
        }),
        rate_limited: rule(r, "rateLimited", |r| {
            let d = RateLimitedRule::default();
            RateLimitedRule {
                threshold: r.integer("threshold", 1, 1_000_000).map_or(d.threshold, |n| n as u32),
                window: r.duration("window", LEAST_WINDOW).unwrap_or(d.window),
            }
        }),
        failover_triggered: rule(r, "failoverTriggered", |r| FailoverRule {
            quiet: r.duration("quiet", MS).unwrap_or(FailoverRule::default().quiet),
        }),
        latency_exceeded: rule(r, "latencyExceeded", |r| {
            let d = ExceededRule::default();
            ExceededRule {
                clear_after: r.integer("clearAfter", 1, 1_000).map_or(d.clear_after, |n| n as u32),
                window: r.duration("window", LEAST_WINDOW).unwrap_or(d.window),
            }
        }),
        cost_threshold_exceeded: r.boolean("costThresholdExceeded").unwrap_or(true),
        queue_backlog: rule(r, "queueBacklog", |r| {
            let d = BacklogRule::default();
            BacklogRule {
                jobs: r.integer("jobs", 0, 10_000_000).unwrap_or(d.jobs),
                oldest: r.duration("oldest", MS).unwrap_or(d.oldest),
            }
        }),
    }
}

/// One rule; `true` means its defaults.
fn rule<T: Default>(r: &mut Reader<'_>, name: &'static str, read: fn(&mut Reader<'_>) -> T) -> Option<T> {
    r.note(name, || json!({ "anyOf": [{ "type": "boolean" }, reader::describe(read)] }));
    match r.raw(name) {
        Some(Value::Bool(on)) => on.then(T::default),
        Some(value) => {
            let path = r.path_of(name);
            let given = reader::object_or(value, &path, "true, false or an object", r.problems(), read);
            Some(given.unwrap_or_default())
        }
        None => Some(T::default()),
    }
}
