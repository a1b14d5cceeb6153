//! The client's queue: operations of the façade, and calls that are enqueued.

use std::sync::Arc;

use napi_derive::napi;
use serde_json::{Value, json};

use super::{client::NativeClient, hub::refuse, reply::SlotReply};
use crate::{
    call::{context::Call, error::CallError},
    queue::{JobDraft, JobOutcome, JobState, Queue, QueueError},
};

/// The queue that takes a failed call, and the call's options as given.
pub type QueueTarget = (Arc<Queue>, Option<String>);

#[napi]
impl NativeClient {
    /// Jobs that are not over.
    #[napi(catch_unwind)]
    pub fn queue_size(&self) -> f64 {
        self.queue.as_ref().map_or(0.0, |queue| queue.size() as f64)
    }

    /// Resolves when the file can be used.
    #[napi(catch_unwind)]
    pub fn queue_ready(&self, slot: u32) {
        self.with_queue(slot, |queue| async move { queue.ready().await.map(|()| Value::Null) });
    }

    #[napi(catch_unwind)]
    pub fn queue_list(&self, slot: u32, state: Option<String>, limit: u32, after: Option<String>) {
        let state = state.and_then(|name| state_of(&name));
        self.with_queue(
            slot,
            move |queue| async move { queue.list(state, limit, after).await.map(Value::Array) },
        );
    }

    #[napi(catch_unwind)]
    pub fn queue_show(&self, slot: u32, id: String) {
        self.with_queue(slot, |queue| async move { queue.show(id).await });
    }

    #[napi(catch_unwind)]
    pub fn queue_retry(&self, slot: u32, id: String) {
        self.with_queue(slot, |queue| async move { queue.retry(id).await.map(Value::Bool) });
    }

    #[napi(catch_unwind)]
    pub fn queue_purge(&self, slot: u32, state: Option<String>, older_than_ms: f64) {
        let state = state.and_then(|name| state_of(&name));
        self.with_queue(slot, move |queue| async move {
            queue.purge(state, older_than_ms as i64).await.map(|count| json!(count))
        });
    }

    /// `{delivered, failed, remaining}`.
    #[napi(catch_unwind)]
    pub fn queue_retry_all(&self, slot: u32) {
        self.with_queue(slot, |queue| async move {
            let done = queue.retry_all().await?;
            Ok(json!({ "delivered": done.delivered, "failed": done.failed, "remaining": done.remaining }))
        });
    }

    /// The result of a job, once it is over, in the form of `queue_next`.
    #[napi(catch_unwind)]
    pub fn queue_result(&self, slot: u32, id: String) {
        self.await_queue(slot, move |queue| async move { queue.result(&id).await });
    }

    /// The first job that ended after a place in the order of ends.
    #[napi(catch_unwind)]
    pub fn queue_next(&self, slot: u32, place: f64) {
        self.await_queue(slot, move |queue| async move { queue.next_end(place as i64).await });
    }

    /// Holds commits back, to show that only their own callers wait for a slow disk.
    #[napi(catch_unwind)]
    pub fn hold_queue_for_test(&self, held: bool) {
        if let Some(queue) = &self.queue {
            queue.hold(held);
        }
    }
}

impl NativeClient {
    /// Runs an operation that ends with its commit; a close waits for it.
    fn with_queue<F>(&self, slot: u32, act: impl FnOnce(Arc<Queue>) -> F + Send + 'static)
    where
        F: Future<Output = Result<Value, QueueError>> + Send + 'static,
    {
        let Some(active) = self.shared.begin_call() else {
            return refuse(&self.hub, slot, &CallError::closed());
        };
        let Some(queue) = self.queue.clone() else { return refuse(&self.hub, slot, &no_queue()) };
        self.hub.run(self.id, slot, None, |reply| async move {
            let _active = active;
            match act(queue).await {
                Ok(value) => reply.resolve(value.to_string(), String::new()),
                Err(error) => reply.reject(&error.into_call_error()),
            }
        });
    }

    /// Waits for something that may never happen; a close ends it.
    fn await_queue<F>(&self, slot: u32, act: impl FnOnce(Arc<Queue>) -> F + Send + 'static)
    where
        F: Future<Output = Result<JobOutcome, QueueError>> + Send + 'static,
    {
        if self.shared.engine().is_closed() {
            return refuse(&self.hub, slot, &CallError::closed());
        }
        let Some(queue) = self.queue.clone() else { return refuse(&self.hub, slot, &no_queue()) };
        self.hub.run(self.id, slot, None, |reply| async move {
            match act(queue).await {
                Ok(outcome) => reply.resolve(outcome_json(outcome), String::new()),
                Err(error) => reply.reject(&error.into_call_error()),
            }
        });
    }
}

/// Ends a failed call: enqueues it if it may be queued, else rejects it.
pub async fn keep(keeps: Option<QueueTarget>, call: &Call, error: CallError, reply: SlotReply) {
    let request = call.request.chat().filter(|_| call.is_to_be_queued(&error));
    let (Some((queue, given)), Some(request)) = (keeps, request) else { return reply.reject(&error) };
    let mut draft = JobDraft::of(request, given.as_deref(), &call.options);
    draft.maybe_duplicate = error.attempts.iter().any(|attempt| attempt.maybe_billed);
    match queue.enqueue(draft).await {
        Ok(id) => reply.resolve(json!({ "status": "queued", "id": id }).to_string(), String::new()),
        Err(error_code) => reply.reject(&error_code.instead_of(error)),
    }
}

/// Completion and report are separate texts, as for a call.
fn outcome_json(outcome: JobOutcome) -> String {
    use crate::queue::JobResult;
    let JobOutcome { id, state, kept, position } = outcome;
    let value = match kept {
        Some(JobResult::Answer { body, report }) => json!({ "body": body, "report": report }),
        Some(JobResult::Error(error)) => json!({ "error": error }),
        None => json!({ "error": CallError::expired_in_queue().to_json() }),
    };
    let mut value = value;
    value["id"] = id.into();
    value["status"] = state.name().into();
    value["place"] = position.into();
    value.to_string()
}

fn no_queue() -> CallError {
    CallError::problem("queue", "is missing in the client's options; give it { path }".into())
}

pub(super) fn state_of(name: &str) -> Option<JobState> {
    JobState::ALL.iter().find(|(known, _)| *known == name).map(|(_, state)| *state)
}
