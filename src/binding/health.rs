//! Health checks: on request and on schedule, and their history.

use std::time::{Duration, UNIX_EPOCH};

use napi_derive::napi;
use serde_json::json;

use super::{client::NativeClient, hub::refuse};
use crate::{
    call::error::CallError,
    config::reader::shorten,
    health::{
        history::{CheckStatus, HistoryFilter},
        probe::Probe,
    },
};

#[napi]
impl NativeClient {
    /// Resolves after the first round.
    #[napi(catch_unwind)]
    pub fn start_monitoring(&self, slot: u32) {
        if self.shared.engine().is_closed() {
            return refuse(&self.hub, slot, &CallError::closed());
        }
        let monitor = self.shared.monitor();
        self.hub.run(self.id, slot, None, |reply| async move {
            // Stopped before the first round was over: there is nothing to wait for.
            monitor.start().await;
            reply.resolve("null".into(), String::new());
        });
    }

    #[napi(catch_unwind)]
    pub fn stop_monitoring(&self) {
        self.shared.monitor().stop();
    }

    /// Checks one endpoint now; the result as JSON.
    #[napi(catch_unwind)]
    pub fn check(&self, slot: u32, endpoint: Option<String>, service: bool) {
        let Some(endpoint) = self.shared.monitor().endpoint(endpoint.as_deref()) else {
            return refuse(&self.hub, slot, &self.unknown_endpoint(&endpoint.unwrap_or_default()));
        };
        let Some(active) = self.shared.begin_call() else {
            return refuse(&self.hub, slot, &CallError::closed());
        };
        let monitor = self.shared.monitor();
        self.hub.run(self.id, slot, None, |reply| async move {
            let _active = active;
            let probe = if service { Probe::Service } else { Probe::Endpoint };
            let result = monitor.check(&endpoint, probe).await;
            let body = serde_json::to_string(&result).unwrap_or_else(|_| "null".into());
            reply.resolve(body, String::new());
        });
    }

    /// Requests `GET /models` to validate the key, without recording a check.
    #[napi(catch_unwind)]
    pub fn validate_api_key(&self, slot: u32, endpoint: Option<String>) {
        let Some(endpoint) = self.shared.monitor().endpoint(endpoint.as_deref()) else {
            return refuse(&self.hub, slot, &self.unknown_endpoint(&endpoint.unwrap_or_default()));
        };
        let monitor = self.shared.monitor();
        let Some(active) = self.shared.begin_call() else {
            return refuse(&self.hub, slot, &CallError::closed());
        };
        self.hub.run(self.id, slot, None, |reply| async move {
            let _active = active;
            let found = monitor.validate(&endpoint).await;
            let valid = found.status == CheckStatus::Up;
            let message = match (found.status, found.status_code) {
                (CheckStatus::Up, _) => "the key is valid".into(),
                (_, Some(401)) => "the key is invalid or has expired".into(),
                (_, Some(403)) => "the key has no permission".into(),
                (_, code) => format!(
                    "the key could not be checked: {}",
                    found
                        .message
                        .unwrap_or_else(|| code.map_or("no answer".into(), |c| format!("status {c}")))
                ),
            };
            let body = json!({
                "endpoint": endpoint.config.name, "valid": valid,
                "statusCode": found.status_code, "message": message,
            });
            reply.resolve(body.to_string(), String::new());
        });
    }

    #[napi(catch_unwind)]
    pub fn health_history(
        &self,
        endpoint: Option<String>,
        since_ms: Option<f64>,
        limit: Option<u32>,
    ) -> String {
        self.shared.monitor().select(&filter(endpoint, since_ms, limit))
    }

    #[napi(catch_unwind)]
    pub fn availability(&self, endpoint: Option<String>, since_ms: Option<f64>, limit: Option<u32>) -> f64 {
        self.shared.monitor().availability(&filter(endpoint, since_ms, limit))
    }
}

impl NativeClient {
    /// The error for an unknown endpoint name.
    fn unknown_endpoint(&self, given: &str) -> CallError {
        let engine = self.shared.engine();
        let names: Vec<&str> = engine.endpoints.iter().map(|e| e.config.name.as_str()).collect();
        let message = format!("must be one of {}, got '{}'", names.join(", "), shorten(given));
        CallError::problem("endpoint", message)
    }
}

fn filter(endpoint: Option<String>, since_ms: Option<f64>, limit: Option<u32>) -> HistoryFilter {
    HistoryFilter {
        endpoint,
        since: since_ms.and_then(|ms| {
            let since = Duration::try_from_secs_f64(ms / 1e3).ok()?;
            UNIX_EPOCH.checked_add(since)
        }),
        limit: limit.map(|n| n as usize),
    }
}
