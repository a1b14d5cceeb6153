//! The loop: pick a candidate, attempt, decide, until there is an answer or no way to one.

mod settle;
mod tell;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant, SystemTime},
};

use tokio::time;

use super::{
    admission::Admission,
    attempt::{self, Answered},
    client::{Active, Engine, now},
    error::{CallError, EndpointError},
    options::CallOptions,
    pick::{Pick, Picker},
    plan,
    report::{Attempt, AttemptOutcome, Latency, Report},
    state::Target,
    stream::{self, StreamSink},
};
use crate::{
    config::{
        client::{OnUnavailable, Timeouts},
        key::ApiKey,
    },
    dialect::openai::request::ChatRequest,
    policy::{
        decide::{self, Situation, Step},
        fault::{Fault, Kind},
    },
};

/// The longest a call waits for an endpoint to become ready when none is.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// A sound answer, with its report as JSON.
#[derive(Debug)]
pub struct Reply {
    /// The vendor's body, or the completion put together from a stream.
    pub body: String,
    pub report: String,
}

/// How one attempt ended.
pub enum Ended {
    Answered(Answered),
    Failed(Fault),
    /// Content had been delivered: nothing may be tried after it.
    Interrupted(CallError),
    /// The call's own deadline passed after content had been delivered: nobody is to blame.
    Expired(CallError),
}

pub struct Call {
    pub engine: Arc<Engine>,
    _active: Active,
    pub request: ChatRequest,
    pub options: CallOptions,
    pub timeouts: Timeouts,
    pub id: String,
    pub started: Instant,
    /// The key that a function gave for the attempt under way.
    pub key: Option<ApiKey>,
    trail: Vec<Attempt>,
    /// An attempt that is under way: what the trail would say if the call ended now.
    current: Option<Attempt>,
    current_target: Option<(Arc<Target>, Instant)>,
    retries_left: u32,
    waited: Duration,
    budget_exhausted: bool,
}

impl Call {
    pub fn new(active: Active, request: ChatRequest, options: CallOptions) -> Self {
        let engine = active.engine().clone();
        let id = engine.request_id();
        Self {
            timeouts: options.timeouts.unwrap_or(engine.config.timeouts),
            retries_left: options.max_retries.unwrap_or(engine.config.max_retries),
            engine,
            _active: active,
            request,
            options,
            id,
            started: now(),
            key: None,
            trail: Vec::new(),
            current: None,
            current_target: None,
            waited: Duration::ZERO,
            budget_exhausted: false,
        }
    }

    /// Runs the call to its end. Chunks of a stream go to `sink` as they come.
    pub async fn run<S: StreamSink>(&mut self, sink: &mut S) -> Result<Reply, CallError> {
        let deadline = time::Instant::from_std(self.started) + self.timeouts.total;
        let total = self.timeouts.total;
        let mut result = tokio::select! {
            biased;
            result = self.attempts(sink) => result,
            () = time::sleep_until(deadline) => Err(CallError::deadline(total)),
        };
        if let Err(error) = &mut result {
            self.finish_trail(error.reason);
            error.request_id.clone_from(&self.id);
            error.attempts = std::mem::take(&mut self.trail);
            error.retry_budget_exhausted = self.budget_exhausted;
        }
        result
    }

    async fn attempts<S: StreamSink>(&mut self, sink: &mut S) -> Result<Reply, CallError> {
        let engine = self.engine.clone();
        let candidates =
            plan::candidates(&engine, self.request.model.as_deref(), &self.options, now()).map_err(|e| *e)?;
        let mut picker = Picker::new(candidates, now(), || engine.draw());
        let most = picker.candidates.len() as u32 + self.retries_left;
        let mut pick = self.next_pick(&mut picker).await?;
        loop {
            let Pick { index, admission } = pick;
            let target = admission.target.clone();
            picker.standings[index].attempts += 1;
            let fault = match self.attempt(admission, sink).await {
                Ended::Answered(answered) => return Ok(self.reply(&picker, index, &target, answered)),
                Ended::Interrupted(error) | Ended::Expired(error) => return Err(error),
                Ended::Failed(fault) => fault,
            };
            let step = self.decide(&picker, index, &fault);
            if fault.kind == Kind::Auth
                && !fault.same_forbidden
                && let Some(key) = &self.key
            {
                target.credential.refuse(key, now());
            }
            picker.failed(index, fault.clone());
            let again = match step {
                Step::Stop => return Err(CallError::of_fault(&target.endpoint.config.name, &fault)),
                Step::Next => None,
                Step::Same { after, free } => self.same(&mut picker, index, Some(after), free).await,
                // Whoever is ready first: another throttled candidate may be, and is waited for below.
                Step::SameWhenReady if picker.candidates.len() > 1 => None,
                Step::SameWhenReady => self.same(&mut picker, index, None, false).await,
            };
            pick = match again {
                Some(pick) => pick,
                None if picker.charged_attempts() >= most => return Err(self.give_up(&picker)),
                None => self.next_pick(&mut picker).await?,
            };
            self.tell_move(&target, &pick.admission.target, &fault);
        }
    }

    fn decide(&self, picker: &Picker, index: usize, fault: &Fault) -> Step {
        let standing = &picker.standings[index];
        let credential = &picker.candidates[index].target.credential;
        if fault.kind == Kind::Auth
            && !fault.same_forbidden
            && credential.may_refresh()
            && standing.same == 0
            && self.retries_left > 0
        {
            return Step::Same { after: Duration::ZERO, free: false };
        }
        decide::decide(fault, &self.situation(standing.same, standing.free, picker.alternative(now())))
    }

    fn situation(&self, same_so_far: u32, free_so_far: u32, alternative: bool) -> Situation<'_> {
        let retry = &self.engine.config.retry;
        Situation {
            alternative,
            same_so_far,
            free_so_far,
            retries_left: self.retries_left,
            prefer_same: retry.prefer_same,
            max_retry_after: retry.max_retry_after,
            backoff: &retry.backoff,
            jitter: self.engine.draw(),
        }
    }

    /// Asks the same candidate again, after a wait or when its cooldown is over. `None` when that is not
    /// allowed or does not fit the deadline.
    async fn same(
        &mut self,
        picker: &mut Picker,
        index: usize,
        after: Option<Duration>,
        free: bool,
    ) -> Option<Pick> {
        let target = picker.candidates[index].target.clone();
        let parked = match target.blocked(now()) {
            None => Duration::ZERO,
            // An open breaker means another attempt is not wanted here.
            Some(blocked) if blocked.guess => return None,
            Some(blocked) => super::client::ready_in(&blocked, now())?,
        };
        let wait = after.unwrap_or_default().max(parked);
        if now() + wait >= self.started + self.timeouts.total {
            return None;
        }
        if !parked.is_zero() && self.on_unavailable() == OnUnavailable::Error {
            return None;
        }
        if !free && !self.charge(&target) {
            return None;
        }
        let standing = &mut picker.standings[index];
        if free {
            standing.free += 1;
        } else {
            standing.same += 1;
        }
        if !wait.is_zero() {
            time::sleep(wait).await;
        }
        let admission = target.admit(now(), false).ok()?;
        self.tell_retry(&target, wait, picker.standings[index].fault.as_ref());
        if let Some(last) = self.trail.last_mut() {
            last.outcome = AttemptOutcome::Retry;
        }
        target.retries.fetch_add(1, Ordering::Relaxed);
        Some(Pick { index, admission })
    }

    fn on_unavailable(&self) -> OnUnavailable {
        self.options.on_unavailable.unwrap_or(self.engine.config.on_unavailable)
    }

    fn charge(&mut self, target: &Target) -> bool {
        if !target.endpoint.budget.lock().withdraw(now()) {
            self.budget_exhausted = true;
            return false;
        }
        self.retries_left -= 1;
        true
    }

    /// The next candidate: an untried one that is ready, a retry of a tried one, an early probe, or
    /// whatever becomes ready first.
    async fn next_pick(&mut self, picker: &mut Picker) -> Result<Pick, CallError> {
        loop {
            if let Some(pick) = self.pick_untried(picker) {
                return Ok(pick);
            }
            if let Some(pick) = picker.early(now()) {
                return Ok(pick);
            }
            if let Some(pick) = self.pick_again(picker).await {
                return Ok(pick);
            }
            self.wait(picker).await?;
        }
    }

    fn pick_untried(&mut self, picker: &mut Picker) -> Option<Pick> {
        let trail = &mut self.trail;
        picker.untried(now(), |candidate, blocked| {
            trail.push(Attempt {
                endpoint: candidate.target.endpoint.name.clone(),
                model: candidate.target.model.clone(),
                started_at: SystemTime::now(),
                duration_ms: Duration::ZERO,
                outcome: AttemptOutcome::Skipped,
                reason: Some(blocked.reason),
                status: None,
                reused_connection: false,
                maybe_billed: false,
                vendor_request_id: None,
            });
        })
    }

    /// Everyone was asked: those whose failure allows it are asked once more, in order.
    async fn pick_again(&mut self, picker: &mut Picker) -> Option<Pick> {
        for index in 0..picker.candidates.len() {
            let standing = &picker.standings[index];
            let Some(fault) = &standing.fault else { continue };
            let step = decide::again(fault, &self.situation(standing.same, standing.free, false));
            if let Some(Step::Same { after, .. }) = step
                && let Some(pick) = self.same(picker, index, Some(after), false).await
            {
                return Some(pick);
            }
        }
        None
    }

    /// Waits until a candidate is ready, if that is allowed and soon enough.
    async fn wait(&mut self, picker: &mut Picker) -> Result<(), CallError> {
        if self.on_unavailable() == OnUnavailable::Error {
            return Err(self.give_up(picker));
        }
        // A throttled candidate that this call has met may be asked again: that is a retry.
        let throttled = self.retries_left > 0;
        let left = (self.started + self.timeouts.total).saturating_duration_since(now());
        let patience = MAX_WAIT.saturating_sub(self.waited).min(left);
        let changed = self.engine.changed.clone();
        let mut changed = std::pin::pin!(changed.notified());
        // Listening begins before the look, so that nothing is missed between them.
        changed.as_mut().enable();
        let wait = match picker.ready_in(now(), throttled) {
            Some(wait) if wait < patience => wait,
            _ if picker.probing(now()) && !patience.is_zero() => patience,
            _ => return Err(self.give_up(picker)),
        };
        let began = now();
        tokio::select! {
            () = time::sleep(wait) => {}
            () = changed => {}
        }
        self.waited += now().saturating_duration_since(began).max(Duration::from_micros(100));
        if throttled {
            self.reopen_throttled(picker);
        }
        Ok(())
    }

    fn reopen_throttled(&mut self, picker: &mut Picker) {
        for index in 0..picker.candidates.len() {
            let target = picker.candidates[index].target.clone();
            let standing = &picker.standings[index];
            let throttled = standing
                .fault
                .as_ref()
                .is_some_and(|f| matches!(f.kind, Kind::RateLimited | Kind::Overloaded) && !f.same_forbidden);
            if throttled
                && standing.attempts > 0
                && target.blocked(now()).is_none()
                && self.retries_left > 0
                && self.charge(&target)
            {
                let standing = &mut picker.standings[index];
                standing.same += 1;
                standing.attempts = 0;
            }
        }
    }

    async fn attempt<S: StreamSink>(&mut self, mut admission: Admission, sink: &mut S) -> Ended {
        let target = admission.target.clone();
        if let Some(change) = admission.half_open() {
            self.engine.announce(&target, None, &[change]);
        }
        self.current = Some(Attempt {
            endpoint: target.endpoint.name.clone(),
            model: target.model.clone(),
            started_at: SystemTime::now(),
            duration_ms: Duration::ZERO,
            outcome: AttemptOutcome::Fail,
            reason: None,
            status: None,
            reused_connection: false,
            maybe_billed: false,
            vendor_request_id: None,
        });
        self.current_target = Some((target.clone(), admission.began));
        let sent = attempt::send(self, &admission).await;
        let ended = match sent {
            Err(failed) => {
                self.note(|a| a.reused_connection = failed.reused);
                Ended::Failed(failed.fault)
            }
            Ok(answer) => {
                let head = &answer.head;
                self.note(|a| {
                    a.status = Some(head.status);
                    a.reused_connection = head.reused;
                    a.vendor_request_id.clone_from(&head.vendor_request_id);
                    if let Some(id) = &mut a.vendor_request_id {
                        target.redact(id);
                    }
                });
                if self.request.stream {
                    // In a place of its own: calls that do not stream need no room for it.
                    Box::pin(stream::receive(self, &mut admission, answer, sink)).await
                } else {
                    match attempt::receive(self, &admission, answer).await {
                        Ok(answered) => Ended::Answered(answered),
                        Err(fault) => Ended::Failed(fault),
                    }
                }
            }
        };
        let mut ended = settle::redacted(&target, ended);
        if let Ended::Failed(fault) = &mut ended {
            fault.status = fault.status.or(self.current.as_ref().and_then(|a| a.status));
        }
        self.settle(&mut admission, &ended);
        ended
    }

    fn reply(&mut self, picker: &Picker, index: usize, target: &Target, answered: Answered) -> Reply {
        let total = now().saturating_duration_since(self.started);
        let cost = answered
            .usage
            .and_then(|usage| self.engine.price(&target.endpoint, &target.model).map(|p| p.cost_usd(&usage)));
        let report = Report {
            request_id: &self.id,
            endpoint: &target.endpoint.config.name,
            provider: &target.endpoint.config.provider,
            model: &target.model,
            attempts: &self.trail,
            usage: answered.usage,
            cost_usd: cost,
            latency: Latency {
                total_ms: total,
                first_content_ms: answered.first_content.map(|at| at.saturating_duration_since(self.started)),
                queue_ms: self.waited,
            },
            failover: moved(picker, index),
            hedged: false,
            degraded: false,
            skipped_events: answered.skipped_events,
        };
        let report = serde_json::to_string(&report).unwrap_or_else(|_| "{}".into());
        Reply { body: answered.body, report }
    }

    /// No candidate is left: the error that says why.
    fn give_up(&mut self, picker: &Picker) -> CallError {
        let at = now();
        let mut errors = Vec::new();
        let mut telling: Option<CallError> = None;
        for (candidate, standing) in picker.candidates.iter().zip(&picker.standings) {
            let name = &candidate.target.endpoint.config.name;
            let error = match (&standing.fault, standing.skipped) {
                (Some(fault), _) => CallError::of_fault(name, fault),
                (None, Some(reason)) => CallError::of_skip(name, reason),
                (None, None) => continue,
            };
            errors.push(EndpointError {
                endpoint: name.clone(),
                model: candidate.target.model.to_string(),
                reason: error.reason,
                status: error.status,
                message: error.message.clone(),
            });
            // An answer with a status says more than a broken line, and a failure more than a skip.
            let weight = |e: &CallError, tried: bool| (tried, e.status.is_some());
            let tried = standing.fault.is_some();
            let better = telling
                .as_ref()
                .is_none_or(|t| weight(&error, tried) > weight(t, !t.message.contains("not asked")));
            if better {
                telling = Some(error);
            }
        }
        let ready_in = picker.any_ready_in(at);
        let Some(telling) = telling else { return CallError::internal("a call had no candidates") };
        if errors.len() == 1 {
            let retry_after_ms = telling.retry_after_ms.or(ready_in.map(|d| d.as_millis() as u64));
            return CallError { retry_after_ms, ..telling };
        }
        CallError::all_failed(telling, errors, SystemTime::now(), ready_in)
    }
}

/// Whether somebody else answered than the candidate that would have been asked with all in health.
fn moved(picker: &Picker, index: usize) -> bool {
    let first = &picker.candidates[0].target;
    let answered = &picker.candidates[index].target;
    let shares_tier = picker.candidates[index].rank == picker.candidates[0].rank;
    let first_failed = picker.standings[0].fault.is_some() || picker.standings[0].skipped.is_some();
    !Arc::ptr_eq(first, answered) && (!shares_tier || first_failed)
}
