//! Metrics, incidents and the log level, for the façade.

use napi_derive::napi;
use serde_json::json;

use super::client::NativeClient;
use crate::{
    engine::{
        metrics::{self, BindingMetrics},
        status,
    },
    observe::exposition::{self, ExpositionFormat, MetricFamily},
};

#[napi]
impl NativeClient {
    #[napi(catch_unwind)]
    pub fn snapshot(&self) -> String {
        let mut snapshot = status::snapshot(&self.shared.engine());
        snapshot["droppedEvents"] = json!(self.hub.dropped_events());
        snapshot.to_string()
    }

    /// The metrics as text.
    #[napi(catch_unwind)]
    pub fn metrics_text(&self, open_metrics: bool) -> String {
        let format = if open_metrics { ExpositionFormat::OpenMetrics } else { ExpositionFormat::Prometheus };
        exposition::text(self.families(), format)
    }

    /// The metrics as data, in JSON.
    #[napi(catch_unwind)]
    pub fn metrics_families(&self) -> String {
        serde_json::to_string(&self.families()).unwrap_or_else(|_| "[]".into())
    }
}

#[napi]
impl NativeClient {
    /// The configured log level.
    #[napi(catch_unwind)]
    pub fn log_level(&self) -> Option<&'static str> {
        self.shared.engine().config.log_level
    }

    /// The latest incidents, or all kept ones, the oldest first.
    #[napi(catch_unwind)]
    pub fn incidents(&self, limit: Option<u32>) -> String {
        let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        self.shared.engine().recorder.incidents(limit).to_string()
    }
}

impl NativeClient {
    fn families(&self) -> Vec<MetricFamily> {
        let beside = BindingMetrics {
            queued: self.queue.as_ref().map(|queue| queue.size()),
            dropped_events: self.hub.dropped_events(),
        };
        metrics::families(&self.shared.engine(), beside)
    }
}
