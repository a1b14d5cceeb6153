//! Delivers jobs as calls when an endpoint may answer: by priority, then age, no faster than limits allow, a
//! few at once. It sleeps until something changes; during an outage it looks again after 1 s, doubling to 30
//! s.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{task::JoinSet, time};

use super::{
    backoff,
    job::{DueJobs, JobFailure, JobHead, JobPayload, JobResult, JobSettlement, JobState, counts},
    shared::{QueueShared, SchedulerRest},
};
use crate::{
    base::{clock::now, reason::Reason, timestamp::iso8601},
    call::{
        context::Call,
        error::{CallError, ErrorCode},
        options::CallOptions,
        report::{Attempt, AttemptOutcome},
        request::CallRequest,
        select::readiness::{Readiness, ready},
        sink::NoStream,
        types::CallReply,
    },
    config::call_policy::OnUnavailable,
    dialect::openai::request::ChatRequest,
    engine::CallGuard,
};

/// The most deliveries at once. One after a failure, doubling with each success.
const MAX_IN_FLIGHT: usize = 8;
/// The shortest pause between two passes that found nothing to do.
const LEAST_REST: Duration = Duration::from_millis(50);
/// The pause after the file could not be read or written.
const FILE_PAUSE: Duration = Duration::from_secs(30);
const SETTLE_PAUSE: Duration = Duration::from_secs(1);
/// The most paused lanes that are remembered.
const MAX_PAUSED: usize = 1_024;

/// How a delivery ended, for the pace of the next.
struct FinishedDelivery {
    seq: i64,
    lane: Vec<u8>,
    delivery_result: DeliveryResult,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DeliveryResult {
    Answered,
    /// The job itself was refused.
    Refused,
    Failed,
}

struct Scheduler {
    shared: Arc<QueueShared>,
    deliveries: JoinSet<FinishedDelivery>,
    in_flight: Vec<i64>,
    concurrency: usize,
    paused: HashMap<Vec<u8>, (u32, Instant)>,
}

/// A job that is ready to be sent.
struct PreparedJob {
    head: JobHead,
    request: CallRequest,
    options: CallOptions,
}

/// Runs until the queue closes. Owned by the queue, which aborts it.
pub async fn run(shared: Arc<QueueShared>) {
    let mut scheduler = Scheduler {
        shared,
        deliveries: JoinSet::new(),
        in_flight: Vec::new(),
        concurrency: 1,
        paused: HashMap::new(),
    };
    let mut closing = scheduler.shared.closing.subscribe();
    while !*closing.borrow_and_update() {
        scheduler.collect();
        let pass = scheduler.shared.passes.load(Ordering::Acquire);
        let wait_queue = scheduler.shared.engine().wait_queue.clone();
        // Before the pass: changes during it are noticed.
        wait_queue.watch();
        if wait_queue.has_recovered() {
            scheduler.paused.clear();
        }
        let (wake, due) = match scheduler.pass().await {
            SchedulerPass::Began => {
                // The call takes its admission before the next job is considered.
                tokio::task::yield_now().await;
                continue;
            }
            SchedulerPass::Nothing { until, due } => (until, due),
        };
        if scheduler.deliveries.len() < scheduler.concurrency {
            let oldest_in_flight = scheduler.in_flight.iter().min().copied();
            scheduler.shared.rest.send_replace(SchedulerRest { pass, oldest_in_flight });
        }
        scheduler.sleep(wake, due).await;
    }
    while scheduler.deliveries.join_next().await.is_some() {}
}

enum SchedulerPass {
    Began,
    Nothing {
        until: Option<Instant>,
        /// A job is due: only then do changes at endpoints matter.
        due: bool,
    },
}

impl Scheduler {
    async fn sleep(&mut self, until: Option<Instant>, due: bool) {
        let shared = self.shared.clone();
        let timer = async {
            match until {
                Some(at) => time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        let rested = now() + LEAST_REST;
        let change = async {
            shared.engine().wait_queue.clone().change().await;
            time::sleep_until(rested.into()).await;
        };
        tokio::select! {
            biased;
            () = shared.gauge.work_available.notified() => {}
            Some(done) = self.deliveries.join_next(), if !self.deliveries.is_empty() => self.record(done.ok()),
            () = change, if due => {}
            () = timer => {}
        }
    }

    fn collect(&mut self) {
        while let Some(done) = self.deliveries.try_join_next() {
            self.record(done.ok());
        }
    }

    fn record(&mut self, done: Option<FinishedDelivery>) {
        // A delivery that panicked stays `delivering` in the file, and is delivered again after a restart.
        let Some(FinishedDelivery { seq, lane, delivery_result }) = done else { return };
        self.in_flight.retain(|other| *other != seq);
        match delivery_result {
            DeliveryResult::Refused => {}
            DeliveryResult::Answered => {
                self.concurrency = (self.concurrency * 2).min(MAX_IN_FLIGHT);
                self.paused.remove(&lane);
            }
            DeliveryResult::Failed => {
                self.concurrency = 1;
                if self.paused.len() >= MAX_PAUSED {
                    self.paused.clear();
                }
                let (times, until) = self.paused.entry(lane).or_insert((0, now()));
                *until = now() + backoff::of_lane(*times);
                *times += 1;
            }
        }
    }

    /// Finds one job that can be sent, and starts its delivery.
    async fn pass(&mut self) -> SchedulerPass {
        self.shared.scans.fetch_add(1, Ordering::Relaxed);
        let now_ms = self.shared.now_ms();
        let due = match self.shared.store_thread.ask(move |store| store.due(now_ms)).await {
            Ok(due) => due,
            Err(_) => return SchedulerPass::Nothing { until: Some(now() + FILE_PAUSE), due: false },
        };
        let DueJobs { heads, next_at, more, expired } = due;
        for id in expired {
            self.shared.emit("expired", &id, Value::Null);
            self.shared.over(&id);
        }
        let after = |ms: i64| now() + Duration::from_millis(ms.max(1).unsigned_abs());
        let mut until = next_at.map(|at| after(at.saturating_sub(now_ms)));
        if more {
            until = Some(until.map_or(now() + backoff::PAUSE, |at| at.min(now() + backoff::PAUSE)));
        }
        let due = more || !heads.is_empty();
        if self.deliveries.len() >= self.concurrency {
            return SchedulerPass::Nothing { until: None, due };
        }
        for head in heads {
            let paused = self.paused.get(&head.lane).map(|(_, until)| *until).filter(|until| *until > now());
            let prepared = match prepared(head, &self.shared) {
                Ok(prepared) => prepared,
                Err(refused) => {
                    let (head, error) = *refused;
                    self.refuse(head, &error).await;
                    return SchedulerPass::Began;
                }
            };
            let at = match ready(&self.shared.engine(), &prepared.request, &prepared.options) {
                Readiness::Now if paused.is_none() => return self.begin(prepared).await,
                Readiness::Now => now(),
                Readiness::At(at) => at,
                Readiness::Later => continue,
            };
            // One wake-up when both are over.
            let at = paused.map_or(at, |paused| paused.max(at));
            until = Some(until.map_or(at, |soonest| soonest.min(at)));
        }
        SchedulerPass::Nothing { until, due }
    }

    /// The job is `delivering` on disk before a byte of it is sent.
    async fn begin(&mut self, prepared: PreparedJob) -> SchedulerPass {
        let engine = self.shared.engine();
        // One guard for the call, one until its end is on disk.
        let (Some(active), Some(booking)) = (engine.begin_call(), engine.begin_call()) else {
            return SchedulerPass::Nothing { until: None, due: true };
        };
        let seq = prepared.head.seq;
        match self.shared.store_thread.ask(move |store| store.claim(seq)).await {
            Ok(true) => {}
            // Purged meanwhile: there may be other jobs.
            Ok(false) => return SchedulerPass::Began,
            Err(_) => return SchedulerPass::Nothing { until: Some(now() + FILE_PAUSE), due: true },
        }
        self.shared.emit("delivering", &prepared.head.id, Value::Null);
        self.in_flight.push(seq);
        self.deliveries.spawn(deliver(self.shared.clone(), prepared, active, booking));
        SchedulerPass::Began
    }

    /// Ends a job that cannot be made a call any more.
    async fn refuse(&mut self, head: JobHead, error: &CallError) {
        let JobHead { seq, id, .. } = head;
        let settlement = over(JobState::Failed, error, failure(&self.shared, error, false), false);
        settle(&self.shared, seq, settlement).await;
        self.shared.emit("failed", &id, json!({ "reason": error.reason }));
        self.shared.ended(&id, seq, false);
    }
}

/// Makes a call of a stored job.
fn prepared(head: JobHead, shared: &QueueShared) -> Result<PreparedJob, Box<(JobHead, CallError)>> {
    let read = || -> Result<_, Box<CallError>> {
        let damaged = || Box::new(CallError::internal("a queued request cannot be read"));
        let payload: JobPayload<'_> = serde_json::from_str(&head.payload).map_err(|_| damaged())?;
        let request = ChatRequest::parse(payload.request.get(), "", &[]).map_err(|invalid| {
            Box::new(CallError::bad_request(format!("{}: {}", invalid.field, invalid.problem)))
        })?;
        let options = match payload.options {
            Some(options) => CallOptions::parse(options.get(), &shared.engine().config)
                .map_err(|problems| Box::new(CallError::problems(problems)))?,
            None => CallOptions::default(),
        };
        // The scheduler waits for a ready endpoint; the call itself does not wait or queue.
        let options =
            CallOptions { on_unavailable: Some(OnUnavailable::Error), hedge: Some(None), ..options };
        Ok((request, options))
    };
    match read() {
        Ok((request, options)) => Ok(PreparedJob { head, request: request.into(), options }),
        Err(error) => Err(Box::new((head, *error))),
    }
}

async fn deliver(
    shared: Arc<QueueShared>,
    prepared: PreparedJob,
    active: CallGuard,
    _booking: CallGuard,
) -> FinishedDelivery {
    let PreparedJob { head, request, options } = prepared;
    let JobHead { seq, id, lane, deliveries, maybe_duplicate, .. } = head;
    let mut call = Call::new(active, request, options, None);
    let answer = Box::pin(call.run(&mut NoStream)).await;
    drop(call);
    let delivery_result = match answer {
        Ok(CallReply { body, report, .. }) => {
            let report = if maybe_duplicate { marked(report) } else { report };
            let result = JobResult::pack(&body, &report);
            settle(&shared, seq, || JobSettlement::Delivered { result: result.clone() }).await;
            let more = if maybe_duplicate { json!({ "maybeDuplicate": true }) } else { Value::Null };
            shared.emit("delivered", &id, more);
            shared.ended(&id, seq, true);
            DeliveryResult::Answered
        }
        // The job stays `delivering` in the file: the next owner delivers it again.
        Err(error) if error.code == ErrorCode::ClientClosed => DeliveryResult::Failed,
        Err(error) => {
            let counted = error.attempts.iter().any(was_taken);
            let noted = failure(&shared, &error, counted);
            let state = if !error.may_pass() && error.reason != Reason::Budget {
                Some(JobState::Failed)
            } else if counted && deliveries + 1 >= shared.config.max_deliveries {
                Some(JobState::Dead)
            } else {
                None
            };
            let details = json!({ "reason": error.reason });
            if let Some(state) = state {
                settle(&shared, seq, over(state, &error, noted, counted)).await;
                shared.emit(state.name(), &id, details);
                shared.ended(&id, seq, false);
            } else {
                let after_ms = if counted { backoff::of_job(deliveries) } else { 0 };
                let maybe_duplicate = error.attempts.iter().any(|a| a.maybe_billed);
                let again =
                    || JobSettlement::Again { after_ms, failure: noted.clone(), counted, maybe_duplicate };
                settle(&shared, seq, again).await;
                // Not over: it is queued again.
                let mut details = details;
                details["again"] = true.into();
                shared.emit("queued", &id, details);
            }
            if state == Some(JobState::Failed) { DeliveryResult::Refused } else { DeliveryResult::Failed }
        }
    };
    if shared.gauge.waiting.load(Ordering::Acquire) == 0 && delivery_result != DeliveryResult::Failed {
        shared.emit("drained", &id, Value::Null);
    }
    FinishedDelivery { seq, lane, delivery_result }
}

fn over(
    state: JobState,
    error: &CallError,
    failure: JobFailure,
    counted: bool,
) -> impl Fn() -> JobSettlement {
    let error = error.to_json().into_bytes();
    move || JobSettlement::Over { state, error: error.clone(), failure: failure.clone(), counted }
}

/// Writes a settlement. On failure, as with a full disk, it is held and retried: the answer was paid for.
async fn settle(shared: &QueueShared, seq: i64, settlement: impl Fn() -> JobSettlement) {
    loop {
        let (settlement, now_ms) = (settlement(), shared.now_ms());
        let settled = shared.store_thread.ask(move |store| store.settle(seq, settlement, now_ms)).await;
        if settled.is_ok() || *shared.closing.borrow() {
            return;
        }
        time::sleep(SETTLE_PAUSE).await;
    }
}

/// Whether the attempt reached a vendor that did not reject it at once.
fn was_taken(attempt: &Attempt) -> bool {
    attempt.outcome != AttemptOutcome::Skipped && attempt.reason.is_some_and(counts)
}

fn failure(shared: &QueueShared, error: &CallError, counted: bool) -> JobFailure {
    let reason = serde_json::to_value(error.reason).ok().and_then(|r| r.as_str().map(str::to_owned));
    JobFailure {
        at: iso8601(shared.engine().wall()),
        reason: reason.unwrap_or_default(),
        status: error.status,
        counted,
    }
}

/// The report with the mark that an earlier delivery may have been answered.
fn marked(report: String) -> String {
    match report.strip_suffix('}') {
        Some(open) if open.len() > 1 => format!("{open},\"maybeDuplicate\":true}}"),
        _ => report,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what fails here is what is tested")]
mod tests {
    use super::*;

    #[test]
    fn the_mark_leaves_the_report_readable() {
        let report: Value = serde_json::from_str(&marked(r#"{"endpoint":"A"}"#.into())).unwrap();
        assert_eq!(report, json!({ "endpoint": "A", "maybeDuplicate": true }));
    }
}
