//! The fallback response of a call without an answer, marked as such.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time;

use super::{
    context::Call,
    error::CallError,
    report::{CallLatency, CallReport},
    sink::StreamSink,
    types::CallReply,
};
use crate::{
    base::{
        clock::now,
        event::{self, EventKind},
        timestamp::epoch_ms,
    },
    config::call_policy::{Fallback, OnUnavailable},
};

/// The endpoint, provider and model of a fallback response.
const NAME: &str = "fallback";
/// The time limit of the user's function, if the deadline allows.
const PATIENCE: Duration = Duration::from_secs(5);

impl Call {
    /// Ends a failed call: with the fallback response, or with the complete error.
    pub(super) async fn fail<S: StreamSink>(
        &mut self,
        error: CallError,
        sink: &mut S,
    ) -> Result<CallReply, CallError> {
        self.finish_attempt_log(error.reason);
        if let Some(text) = self.fallback(&error).await {
            return Ok(self.canned(&text, sink));
        }
        let mut error = self.interruption_error(error);
        error.request_id.clone_from(&self.id);
        error.retry_budget_exhausted = self.budget_exhausted;
        Err(error)
    }

    /// Whether a call that failed this way is queued: no endpoint was available, and the caller accepts a
    /// queued result.
    pub fn is_to_be_queued(&self, error: &CallError) -> bool {
        self.on_unavailable() == OnUnavailable::Queue && error.may_pass() && self.interruption.is_none()
    }

    /// The fallback text, if one is configured for this failure.
    async fn fallback(&self, error: &CallError) -> Option<String> {
        // The fallback is the text of a chat.
        let chat = self.request.chat()?;
        let config = &self.engine.config;
        let on_unavailable = self.on_unavailable();
        let chosen = on_unavailable == OnUnavailable::Fallback;
        let fallback = config.fallback.clone().or_else(|| chosen.then(Fallback::default))?;
        // A caller's mistake is not an outage, and delivered content is not replaced.
        if !error.is_outage()
            || matches!(on_unavailable, OnUnavailable::Error | OnUnavailable::Queue)
            || self.interruption.is_some()
        {
            return None;
        }
        match fallback {
            Fallback::Text(text) => Some(text),
            Fallback::Function(number) => {
                let request = String::from_utf8_lossy(chat.text()).into_owned();
                let asked = self.engine.functions.fallback(number, request);
                let left = self.deadline().saturating_duration_since(now());
                let text = time::timeout(PATIENCE.min(left), asked).await.ok().flatten();
                if text.is_none() {
                    // The caller gets the original error. What the function threw is not shown: it may hold
                    // secrets.
                    event::emit(
                        &*self.engine.events,
                        EventKind::Config,
                        || json!({ "message": "the fallbackResponse function failed, took too long, or returned no string" }),
                    );
                }
                text
            }
        }
    }

    fn canned<S: StreamSink>(&self, text: &str, sink: &mut S) -> CallReply {
        let id = format!("{NAME}-{}", self.id);
        let created = epoch_ms(self.engine.wall()) / 1_000;
        let model = self.request.model().unwrap_or(NAME);
        let completion = |object: &str, choices: Value| json!({ "id": id, "object": object, "created": created, "model": model, "choices": choices });
        if self.request.stream() {
            let chunk = |delta: Value, finish: Value| {
                let choice =
                    json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]);
                completion("chat.completion.chunk", choice)
            };
            let chunks = [
                chunk(json!({ "role": "assistant", "content": text }), Value::Null),
                chunk(json!({}), json!("stop")),
            ];
            self.send_canned(&chunks, sink);
        }
        let message = json!({ "role": "assistant", "content": text, "refusal": null });
        let body = completion(
            "chat.completion",
            json!([{ "index": 0, "message": message, "logprobs": null, "finish_reason": "stop" }]),
        );
        let attempt_log = self.attempt_log.lock();
        let report = CallReport {
            request_id: &self.id,
            endpoint: NAME,
            provider: NAME,
            model: NAME,
            attempts: attempt_log.attempts(),
            usage: None,
            cost_usd: None,
            latency: CallLatency {
                total_ms: now().saturating_duration_since(self.started),
                first_content_ms: None,
                queue_ms: self.waited,
            },
            failover: true,
            hedged: attempt_log.hedged,
            degraded: true,
            skipped_events: 0,
            dropped_fields: Vec::new(),
        };
        let report = serde_json::to_string(&report).unwrap_or_else(|_| "{}".into());
        let body = match &self.client_protocol {
            None => body.to_string(),
            Some(client_protocol) => client_protocol.caller.write_answer(&body, &client_protocol.model),
        };
        CallReply { body, report, answer: None }
    }

    fn send_canned<S: StreamSink>(&self, chunks: &[Value], sink: &mut S) {
        let Some(client_protocol) = &self.client_protocol else {
            return chunks.iter().for_each(|chunk| sink.chunk(chunk.to_string()));
        };
        let mut encoder = client_protocol.caller.encoder(&client_protocol.model);
        let mut events = String::new();
        chunks.iter().for_each(|chunk| encoder.chunk(chunk, &mut events));
        encoder.end(&mut events);
        sink.chunk(json!({ "requestId": self.id, "endpoint": NAME, "model": NAME }).to_string());
        sink.chunk(events);
    }
}
