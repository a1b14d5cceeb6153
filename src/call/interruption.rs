//! A stream that broke after content was delivered, and what may be done about it. Never a silent splice:
//! whatever goes on is announced in the stream.

use serde_json::json;

use super::{
    error::{CallError, Interrupted},
    run::Call,
};
use crate::{
    base::{reason::Reason, timestamp::epoch_ms},
    config::call_policy::OnCut,
    dialect::openai::{accumulate::Accumulator, request::ChatRequest},
    policy::fault::{Fault, Scope},
    state::Target,
};

/// What had been delivered, by whom, and why it broke.
pub struct Cut {
    pub fault: Fault,
    pub endpoint: String,
    pub model: String,
    pub whole: Accumulator,
}

/// Tells the reader that another candidate takes over, before its first chunk.
pub struct Announcement {
    pub chunk: String,
    /// What it goes on from; a restart begins with nothing.
    pub whole: Accumulator,
}

impl Cut {
    pub fn into_error(self, total: Option<std::time::Duration>) -> CallError {
        let delivered = Interrupted {
            partial: self.whole.text().to_owned(),
            usage: self.whole.usage(),
            partial_completion: self.whole.completion(),
        };
        match total {
            None => CallError::interrupted(&self.endpoint, &self.fault, delivered),
            Some(total) => CallError::expired(&self.endpoint, total, delivered),
        }
    }
}

impl Call {
    /// Whether a cut is made good, and the fault to go on with. The one that broke off is not asked again.
    pub(super) fn after_cut(&mut self, cut: Box<Cut>) -> Result<Fault, Box<CallError>> {
        let fault = Fault { same_forbidden: true, ..cut.fault.clone() };
        // Who takes over is announced in a chunk, for which other dialects have none.
        if self.wire.is_some()
            || self.streams.on_cut == OnCut::Error
            || fault.kind.rule().scope == Scope::Request
        {
            return Err(Box::new(cut.into_error(None)));
        }
        self.cut = Some(cut);
        Ok(fault)
    }

    /// Whether an attempt at this target would go on with the text that broke off.
    pub(super) fn continues_at(&self, target: &Target) -> bool {
        let Some(cut) = &self.cut else { return false };
        self.streams.on_cut == OnCut::Continue
            && target.endpoint.config.can_continue
            && !self.prefill_refused
            && self.question.chat().is_some_and(ChatRequest::is_plain)
            && cut.whole.is_plain_text()
    }

    /// What an attempt that goes on is sent as the beginning of its answer.
    pub fn prefill(&self, continues: bool) -> Option<&str> {
        self.cut.as_ref().filter(|_| continues).map(|cut| cut.whole.text())
    }

    /// What the reader is told before the chunks of an attempt that makes a cut good.
    pub fn announcement(&self, target: &Target, continues: bool) -> Option<Announcement> {
        let cut = self.cut.as_ref()?;
        let chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": epoch_ms(self.engine.wall()) / 1_000,
            "model": &*target.model,
            "choices": [],
            "bellwether": {
                "event": if continues { "continue" } else { "restart" },
                "from": { "endpoint": cut.endpoint, "model": cut.model },
                "to": { "endpoint": &*target.endpoint.name, "model": &*target.model },
                "reason": cut.fault.kind.reason(),
            },
        });
        let whole = if continues { cut.whole.clone() } else { Accumulator::default() };
        Some(Announcement { chunk: chunk.to_string(), whole })
    }

    /// The error of a call whose cut could not be made good: what was delivered is what its caller must know.
    pub(super) fn unhealed(&mut self, error: CallError) -> CallError {
        let Some(cut) = self.cut.take() else { return error };
        if error.interrupted.is_some() {
            return error;
        }
        let total = (error.reason == Reason::TimeoutTotal).then_some(self.timeouts.total);
        let of = cut.into_error(total);
        let message = format!("{}; nobody took over: {}", of.message, error.message);
        CallError { message, errors: error.errors, ..of }
    }
}
