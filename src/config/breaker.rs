//! `breaker`: when an endpoint gets no more requests, and when it is tried again.

use std::time::Duration;

use serde_json::{Value, json};

use super::reader::{self, Reader};
use crate::policy::breaker::BreakerConfig;

/// `None` when breakers are switched off.
pub fn read_breaker(r: &mut Reader<'_>) -> Option<BreakerConfig> {
    r.note("breaker", || json!({ "anyOf": [{ "const": false }, reader::describe(read_members)] }));
    match r.raw("breaker") {
        Some(Value::Bool(false)) => None,
        Some(value) => {
            let path = r.path_of("breaker");
            let read = reader::object_or(value, &path, "false or an object", r.problems(), read_members);
            Some(read.unwrap_or_default())
        }
        None => Some(BreakerConfig::default()),
    }
}

fn read_members(r: &mut Reader<'_>) -> BreakerConfig {
    let d = BreakerConfig::default();
    let ms = Duration::from_millis(1);
    let recovery_timeout = r.duration("recoveryTimeout", ms).unwrap_or(d.recovery_timeout);
    BreakerConfig {
        failure_threshold: r.integer("failureThreshold", 1, 10_000).map_or(d.failure_threshold, |n| n as u32),
        recovery_timeout,
        max_recovery_timeout: r
            .duration("maxRecoveryTimeout", ms)
            .unwrap_or(d.max_recovery_timeout)
            .max(recovery_timeout),
        minimum_requests: r.integer("minimumRequests", 1, 1_000_000).map_or(d.minimum_requests, |n| n as u32),
        failure_ratio: r.number("failureRatio", 0.01, 1.0).unwrap_or(d.failure_ratio),
        window: r.duration("window", Duration::from_millis(100)).unwrap_or(d.window),
    }
}
