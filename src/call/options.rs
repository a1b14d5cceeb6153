//! Reads the options of one call.

use serde_json::Value;

use crate::config::{
    call_policy::{self, Hedge, OnUnavailable, Streams},
    client::ClientConfig,
    reader::{self, Problem, Problems, expected},
    routing::{RoutingRule, read_route},
    timeouts::{Timeouts, read_timeouts},
};

#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub timeouts: Option<Timeouts>,
    pub max_retries: Option<u32>,
    /// Names of the endpoints that may be used.
    pub endpoints: Option<Vec<String>>,
    pub fallback_models: Vec<String>,
    pub on_unavailable: Option<OnUnavailable>,
    pub streams: Option<Streams>,
    /// `Some(None)` switches the client's hedging off.
    pub hedge: Option<Option<Hedge>>,
    /// Waiting calls with a higher priority go first.
    pub queue_priority: i32,
    pub idempotency_key: Option<http::HeaderValue>,
    pub tags: Vec<(String, String)>,
    pub rule: Option<RoutingRule>,
    /// Calls with the same key go to the same endpoint of a tier.
    pub sticky_key: Option<String>,
}

const MAX_TAGS: usize = 16;

impl CallOptions {
    /// Reads the options. Missing members of nested options come from the client.
    pub fn parse(text: &str, client: &ClientConfig) -> Result<Self, Problems> {
        let value: Value = serde_json::from_str(text).map_err(|e| {
            vec![Problem { path: "options".into(), message: format!("must be plain data: {e}") }]
        })?;
        let mut problems = Problems::new();
        let options = reader::object(&value, "options", &mut problems, |r| {
            let timeouts = r.raw("timeout").is_some().then(|| read_timeouts(r, client.timeouts));
            let idempotency_key = r.string("idempotencyKey").and_then(|key| {
                let header = http::HeaderValue::try_from(key).ok().filter(|v| v.to_str().is_ok());
                if header.is_none() {
                    r.problem("idempotencyKey", "must be printable ASCII");
                }
                header
            });
            let tags = r.record("tags");
            if tags.len() > MAX_TAGS {
                r.problem("tags", format!("must have at most {MAX_TAGS} members, got {}", tags.len()));
            }
            let priority = r.whole("queuePriority", -1_000_000, 1_000_000);
            let rule = read_route(r, &client.rules);
            let sticky_key = r.string("stickyKey");
            let mut read_tags = Vec::new();
            for (name, path, value) in tags {
                match value.as_str() {
                    Some(text) => read_tags.push((name.to_owned(), text.to_owned())),
                    None => r.problems().push(Problem { path, message: expected("a string", value) }),
                }
            }
            let on_unavailable = call_policy::read_on_unavailable(r);
            call_policy::require_queue(r, on_unavailable, client.queue.is_some());
            Self {
                timeouts,
                max_retries: r.integer("maxRetries", 0, 100).map(|n| n as u32),
                endpoints: r.names("endpoints"),
                fallback_models: r.names("fallbackModels").unwrap_or_default(),
                on_unavailable,
                streams: r.raw("streams").is_some().then(|| call_policy::read_streams(r, client.streams)),
                hedge: call_policy::read_hedge(r),
                queue_priority: priority.unwrap_or(0),
                idempotency_key,
                tags: read_tags,
                rule,
                sticky_key,
            }
        });
        match options {
            Some(options) if problems.is_empty() => Ok(options),
            _ => Err(problems),
        }
    }
}
