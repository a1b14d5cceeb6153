//! One call: its request and options, its attempts so far, and what attempts ask of it.

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
    /// Set for callers who are answered in their own dialect.
    pub client_protocol: Option<ClientProtocol>,
    pub timeouts: Timeouts,
    pub streams: Streams,
    pub id: String,
    pub started: Instant,
    pub(super) attempt_log: Mutex<AttemptLog>,
    pub(super) rank: WaitOrder,
    pub(super) retries_left: u32,
    /// All the time spent waiting, and that part of it that has a bound of its own.
    pub(super) waited: Duration,
    pub(super) bounded_wait: Duration,
    pub(super) budget_exhausted: bool,
    /// A stream that broke after content had been delivered, and is being made good.
    pub(super) interruption: Option<Box<Interruption>>,
    /// An endpoint that was to go on with a text would not.
    pub(super) prefill_refused: bool,
    /// How the lot fell for an endpoint that is new, until the first attempt is counted.
    pub(super) canary_draw: Mutex<Option<CanaryDraw>>,
    /// Who would be asked with all in health.
    pub(super) primary: Option<TargetKey>,
    /// The witness has heard of its end.
    pub(super) seen: bool,
}

impl Call {
    /// With `wire` it is by somebody who is answered in his own dialect.
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
            rank: engine.wait_queue.rank(options.queue_priority),
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
            seen: false,
        }
    }

    pub(super) fn selection_context(&self) -> SelectionContext<'_> {
        let engine = &*self.engine;
        SelectionContext {
            engine,
            request: &self.request,
            wait_queue: &engine.wait_queue,
            rank: self.rank,
            sla: self.sla(),
            now: now(),
        }
    }

    /// The time to first content that its rule wants.
    pub(super) fn sla(&self) -> Option<Duration> {
        self.options.rule.as_ref().and_then(|rule| rule.latency_sla)
    }

    /// Whether who takes over is told the last turn of the conversation alone.
    pub fn sends_last_turn_only(&self) -> bool {
        self.options.rule.as_ref().is_some_and(|rule| rule.sends_last_turn_only)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.started + self.timeouts.total
    }

    pub(super) fn on_unavailable(&self) -> OnUnavailable {
        let chosen = self.options.on_unavailable.unwrap_or(self.engine.config.on_unavailable);
        // There is no word for a queued request in a vendor's dialect.
        let answered = self.client_protocol.is_some() || self.request.chat().is_none();
        if answered && chosen == OnUnavailable::Queue { OnUnavailable::Wait } else { chosen }
    }

    pub(super) fn hedge(&self) -> Option<Hedge> {
        // Only of chat completions is it known that a second one does no harm.
        self.request.chat()?;
        self.options.hedge.unwrap_or(self.engine.config.hedge)
    }

    /// Whether an attempt at this target would go on with the text that broke off.
    pub(super) fn continues_at(&self, target: &Target) -> bool {
        let Some(interruption) = &self.interruption else { return false };
        self.streams.on_cut == OnCut::Continue
            && target.endpoint.config.can_continue
            && !self.prefill_refused
            && self.request.chat().is_some_and(ChatRequest::is_plain)
            && interruption.whole.is_plain_text()
    }

    /// What an attempt that goes on is sent as the beginning of its answer.
    pub fn prefill(&self, continues: bool) -> Option<&str> {
        self.interruption.as_ref().filter(|_| continues).map(|interruption| interruption.whole.text())
    }

    /// What the reader is told before the chunks of an attempt that makes a cut good.
    pub fn announcement(&self, target: &Target, continues: bool) -> Option<ResumeNotice> {
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

    /// What is told of an answer whose vendor does not say it. Each attempt has an id of its own.
    pub fn unsaid(&self, target: &Target) -> ResponseDefaults {
        ResponseDefaults {
            created: epoch_ms(self.engine.wall()) / 1_000,
            id: format!("{}-{}", self.id, self.attempt_log.lock().attempts().len()),
            model: target.model.to_string(),
        }
    }

    /// What a caller with a dialect of his own is told before a stream begins.
    pub fn stream_preamble(&self, target: &Target, vendor_request_id: Option<&str>) -> Value {
        let attempts = self.attempt_log.lock().attempts().len();
        output::stream_preamble(target, &self.id, vendor_request_id, attempts)
    }

    /// From here on the vendor may hear of an attempt, and bill it, until it is known what came of it.
    pub fn sending(&self, number: usize) {
        self.attempt_log.lock().change(number, |a| a.maybe_billed = true);
    }
}
