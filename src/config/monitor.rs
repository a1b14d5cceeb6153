//! `health`: health checks.

use std::time::Duration;

use serde_json::{Value, json};

use super::reader::{self, Reader};

#[derive(Clone, Debug, PartialEq)]
pub struct HealthConfig {
    /// Consecutive failed checks before an alert fires.
    pub failure_threshold: u32,
    pub check_interval: Duration,
    pub timeout: Duration,
    /// The number of results kept for all endpoints together.
    pub history_size: usize,
    pub endpoint_probe: bool,
    pub service_probe: bool,
    /// The model of paid checks at endpoints that name none.
    pub model: Option<String>,
    /// The service name in alerts; the endpoint's name if `None`.
    pub service: Option<String>,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 3,
            check_interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
            history_size: 100,
            endpoint_probe: true,
            service_probe: true,
            model: None,
            service: None,
        }
    }
}

impl HealthConfig {
    pub fn read(r: &mut Reader<'_>) -> Self {
        let d = Self::default();
        let ms = Duration::from_millis(1);
        r.note("probes", || reader::some_of(&["endpoint", "service"]));
        let probes = r.strings("probes");
        if let Some(odd) = probes.iter().flatten().find(|p| !matches!(p.as_str(), "endpoint" | "service")) {
            let message = format!("must be an array of 'endpoint' and 'service', got '{odd}'");
            r.problem("probes", message);
        }
        let wants = |name: &str| probes.as_ref().is_none_or(|list| list.iter().any(|p| p == name));
        Self {
            failure_threshold: r
                .integer("failureThreshold", 1, 10_000)
                .map_or(d.failure_threshold, |n| n as u32),
            check_interval: r.duration("checkInterval", ms).unwrap_or(d.check_interval),
            timeout: r.duration("timeout", ms).unwrap_or(d.timeout),
            history_size: r.integer("historySize", 1, 1_000_000).map_or(d.history_size, |n| n as usize),
            endpoint_probe: wants("endpoint"),
            service_probe: wants("service"),
            model: r.string("model"),
            service: r.string("service"),
        }
    }
}

/// `health`; `false` switches scheduled checks off.
pub fn read_health(r: &mut Reader<'_>) -> HealthConfig {
    r.note("health", || json!({ "anyOf": [{ "const": false }, reader::describe(HealthConfig::read)] }));
    let config = match r.raw("health") {
        Some(Value::Bool(false)) | None => None,
        Some(value) => {
            let path = r.path_of("health");
            reader::object_or(value, &path, "false or an object", r.problems(), HealthConfig::read)
        }
    };
    config.unwrap_or_default()
}
