//! One call: its request and options, its attempts so far, and what attempts need of it.

use super::{
    attempt_log::AttemptLog,
    options::CallOptions,
    output::{self, ClientProtocol},
    request::CallRequest,
    select::{canary::CanaryDraw, selector::SelectionContext},
    types::{Interruption, ResumeNotice},
};
use crate::{
    base::{clock::now, timestamp::epoch_ms},
    config::{
        call_policy::{Hedge, OnCut, OnUnavailable, Streams},
        timeouts::Timeouts,
    },
    dialect::{
        chunks::ResponseDefaults,
        openai::{accumulate::Accumulator, request::ChatRequest},
    },
    engine::{CallGuard, Engine},
    observe::observation::TargetKey,
    state::{Target, wait_queue::WaitOrder},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::{Value, json};

pub struct Call {
    pub engine: Arc<Engine>,
    pub(super) _active: CallGuard,
    pub request: CallRequest,
    pub options: CallOptions,
    /// Set for callers that get the answer in their own protocol.
    pub client_protocol: Option<ClientProtocol>,
    pub timeouts: Timeouts,
    pub streams: Streams,
    pub id: String,
    pub started: Instant,
    pub(super) attempt_log: Mutex<AttemptLog>,
    pub(super) wait_order: WaitOrder,
    pub(super) retries_left: u32,
    /// Time spent waiting, and the part of it that `MAX_WAIT` bounds.
    pub(super) waited: Duration,
    pub(super) bounded_wait: Duration,
    pub(super) budget_exhausted: bool,
    /// The stream that broke after content was delivered, while another attempt resumes it.
    pub(super) interruption: Option<Box<Interruption>>,
    /// An endpoint refused to continue a text.
    pub(super) prefill_refused: bool,
    /// The canary draw of this call, until its first attempt is recorded.
    pub(super) canary_draw: Mutex<Option<CanaryDraw>>,
    /// The candidate that is tried first when all are healthy.
    pub(super) primary: Option<TargetKey>,
    /// The recorder has the end of the call.
    pub(super) is_recorded: bool,
}

impl Call {
    /// `client_protocol` is set for callers that get the answer in their own protocol.
    pub fn new(
        active: CallGuard,
        request: impl Into<CallRequest>,
        options: CallOptions,
        client_protocol: Option<ClientProtocol>,
    ) -> Self {
        let engine = active.engine().clone();
        Self {
            timeouts: options.timeouts.unwrap_or(engine.config.timeouts),
            streams: options.streams.unwrap_or(engine.config.streams),
            retries_left: options
                .max_retries
                .or(options.rule.as_ref().and_then(|rule| rule.max_retries))
                .unwrap_or(engine.config.max_retries),
            id: engine.request_id(),
            wait_order: engine.wait_queue.next_order(options.queue_priority),
            engine,
            _active: active,
            request: request.into(),
            options,
            client_protocol,
            started: now(),
            attempt_log: Mutex::default(),
            waited: Duration::ZERO,
            bounded_wait: Duration::ZERO,
            budget_exhausted: false,
            interruption: None,
            prefill_refused: false,
            canary_draw: Mutex::default(),
            primary: None,
            is_recorded: false,
        }
    }

    pub(super) fn selection_context(&self) -> SelectionContext<'_> {
        let engine = &*self.engine;
        SelectionContext {
            engine,
            request: &self.request,
            wait_queue: &engine.wait_queue,
            wait_order: self.wait_order,
            sla: self.sla(),
            now: now(),
        }
    }

    /// The time to first content that the routing rule demands.
    pub(super) fn sla(&self) -> Option<Duration> {
        self.options.rule.as_ref().and_then(|rule| rule.latency_sla)
    }

    /// Whether other candidates get only the last turn of the conversation.
    pub fn sends_last_turn_only(&self) -> bool {
        self.options.rule.as_ref().is_some_and(|rule| rule.sends_last_turn_only)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.started + self.timeouts.total
    }

    pub(super) fn on_unavailable(&self) -> OnUnavailable {
        let chosen = self.options.on_unavailable.unwrap_or(self.engine.config.on_unavailable);
        // A queued request has no form in a vendor's protocol.
        let answered = self.client_protocol.is_some() || self.request.chat().is_none();
        if answered && chosen == OnUnavailable::Queue { OnUnavailable::Wait } else { chosen }
    }

    pub(super) fn hedge(&self) -> Option<Hedge> {
        // Only chat completions are known to be safe to send twice.
        self.request.chat()?;
        self.options.hedge.unwrap_or(self.engine.config.hedge)
    }

    /// Whether an attempt at this target would continue the interrupted text.
    pub(super) fn continues_at(&self, target: &Target) -> bool {
        let Some(interruption) = &self.interruption else { return false };
        self.streams.on_cut == OnCut::Continue
            && target.endpoint.config.can_continue
            && !self.prefill_refused
            && self.request.chat().is_some_and(ChatRequest::is_plain)
            && interruption.whole.is_plain_text()
    }

    /// The beginning of the answer that a continuing attempt is sent.
    pub fn prefill(&self, continues: bool) -> Option<&str> {
        self.interruption.as_ref().filter(|_| continues).map(|interruption| interruption.whole.text())
    }

    /// The notice before the chunks of an attempt that resumes an interrupted stream.
    pub fn resume_notice(&self, target: &Target, continues: bool) -> Option<ResumeNotice> {
        let interruption = self.interruption.as_ref()?;
        let chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": epoch_ms(self.engine.wall()) / 1_000,
            "model": &*target.model,
            "choices": [],
            "bellwether": {
                "event": if continues { "continue" } else { "restart" },
                "from": { "endpoint": interruption.endpoint, "model": interruption.model },
                "to": { "endpoint": &*target.endpoint.name, "model": &*target.model },
                "reason": interruption.fault.kind.reason(),
            },
        });
        let whole = if continues { interruption.whole.clone() } else { Accumulator::default() };
        Some(ResumeNotice { chunk: chunk.to_string(), whole })
    }

    /// Defaults for what the vendor's answer lacks. Each attempt has its own id.
    pub fn response_defaults(&self, target: &Target) -> ResponseDefaults {
        ResponseDefaults {
            created: epoch_ms(self.engine.wall()) / 1_000,
            id: format!("{}-{}", self.id, self.attempt_log.lock().attempts().len()),
            model: target.model.to_string(),
        }
    }

    /// The first item of a stream in the caller's protocol.
    pub fn stream_preamble(&self, target: &Target, vendor_request_id: Option<&str>) -> Value {
        let attempts = self.attempt_log.lock().attempts().len();
        output::stream_preamble(target, &self.id, vendor_request_id, attempts)
    }

    /// The request is about to be sent: until its outcome is known, the vendor may bill it.
    pub fn sending(&self, number: usize) {
        self.attempt_log.lock().change(number, |a| a.maybe_billed = true);
    }
}
