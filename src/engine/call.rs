//! The loop: pick a candidate, attempt, decide, until there is an answer or no way to one.

mod cut;
mod fallback;
mod outcome;
mod race;
mod settle;
mod tell;
mod wait;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::time;

use self::race::{Begun, Finished};
pub use self::{
    cut::{Announcement, Cut},
    outcome::Reply,
    race::Trial,
};
use super::{
    attempt::Answered,
    client::{Active, Engine},
    error::CallError,
    options::CallOptions,
    pick::{Asker, Pick, Picker},
    plan,
    report::AttemptOutcome,
    room::{Place, Rank},
    state::{Entry, Target},
    stream::StreamSink,
    trail::Trail,
};
use crate::{
    clock::now,
    config::{
        behaviour::{Hedge, OnUnavailable, Streams},
        client::Timeouts,
    },
    dialect::openai::request::ChatRequest,
    policy::{
        decide::{self, Situation, Step},
        fault::{Fault, Kind, Scope},
    },
};

/// How one attempt ended.
pub enum Ended {
    Answered(Answered),
    Failed(Fault),
    /// Content had been delivered.
    Cut(Box<Cut>),
    /// The call's own deadline passed after content had been delivered: nobody is to blame.
    Expired(Box<CallError>),
}

pub struct Call {
    pub engine: Arc<Engine>,
    _active: Active,
    pub request: ChatRequest,
    pub options: CallOptions,
    pub timeouts: Timeouts,
    pub streams: Streams,
    pub id: String,
    pub started: Instant,
    trail: Mutex<Trail>,
    rank: Rank,
    retries_left: u32,
    /// All the time spent waiting, and that part of it that has a bound of its own.
    waited: Duration,
    unpaced: Duration,
    budget_exhausted: bool,
    /// A stream that broke after content had been delivered, and is being made good.
    cut: Option<Box<Cut>>,
    /// An endpoint that was to go on with a text would not.
    prefill_refused: bool,
}

impl Call {
    pub fn new(active: Active, request: ChatRequest, options: CallOptions) -> Self {
        let engine = active.engine().clone();
        Self {
            timeouts: options.timeouts.unwrap_or(engine.config.timeouts),
            streams: options.streams.unwrap_or(engine.config.streams),
            retries_left: options.max_retries.unwrap_or(engine.config.max_retries),
            id: engine.request_id(),
            rank: engine.room.rank(options.queue_priority),
            engine,
            _active: active,
            request,
            options,
            started: now(),
            trail: Mutex::default(),
            waited: Duration::ZERO,
            unpaced: Duration::ZERO,
            budget_exhausted: false,
            cut: None,
            prefill_refused: false,
        }
    }

    /// Runs the call to its end. Chunks of a stream go to `sink` as they come.
    pub async fn run<S: StreamSink>(&mut self, sink: &mut S) -> Result<Reply, CallError> {
        let deadline = time::Instant::from_std(self.deadline());
        let total = self.timeouts.total;
        let result = tokio::select! {
            biased;
            result = self.attempts(sink) => result,
            () = time::sleep_until(deadline) => Err(CallError::deadline(total)),
        };
        match result {
            Ok(reply) => Ok(reply),
            Err(error) => self.fail(error, sink).await,
        }
    }

    async fn attempts<S: StreamSink>(&mut self, sink: &mut S) -> Result<Reply, CallError> {
        let engine = self.engine.clone();
        let candidates =
            plan::candidates(&engine, self.request.model.as_deref(), &self.options, now()).map_err(|e| *e)?;
        let mut picker = Picker::new(candidates, now(), || engine.draw());
        let most = picker.candidates.len() as u32 + self.retries_left;
        if self.hedge().is_some() {
            engine.allowance.lock().call();
        }
        let mut pick = self.next_pick(&mut picker).await?;
        loop {
            let Finished { index, mut trial, begun } = self.race(&mut picker, pick).await;
            let target = trial.admission.target.clone();
            let ended = match begun {
                Ok(Begun::Whole(answered)) => Ended::Answered(answered),
                Ok(Begun::Stream(reading)) => {
                    settle::redacted(&target, reading.deliver(&mut trial.admission, sink).await)
                }
                Err(fault) => Ended::Failed(fault),
            };
            self.settle(&mut trial, &ended);
            let fault = match ended {
                Ended::Answered(answered) => return Ok(self.reply(&picker, index, &target, answered)),
                Ended::Expired(error) => return Err(*error),
                Ended::Cut(cut) => self.after_cut(cut).map_err(|e| *e)?,
                Ended::Failed(fault) => fault,
            };
            let Trial { admission, key, continues, .. } = trial;
            // Its place is free before anyone is picked.
            drop(admission);
            if fault.kind == Kind::Auth
                && !fault.same_forbidden
                && let Some(key) = &key
            {
                let refreshable = target.credential.may_refresh();
                target.credential.refuse(key, now());
                picker.standings[index].refreshes = refreshable && picker.standings[index].same == 0;
            } else {
                picker.standings[index].refreshes = false;
            }
            picker.failed(index, fault.clone(), &self.request);
            if continues && fault.kind.rule().scope == Scope::Request {
                // What it would not take is the beginning of the answer, not the caller's question.
                self.prefill_refused = true;
                picker.standings[index].attempts = 0;
                pick = self.next_pick(&mut picker).await?;
                continue;
            }
            let again = match self.decide(&picker, index, &fault) {
                Step::Stop => return Err(CallError::of_fault(&target.endpoint.config.name, &fault)),
                // When it is ready again, or whoever is before: that is waited for among all who wait.
                Step::Next | Step::SameWhenReady => None,
                Step::Same { after, free } => self.same(&mut picker, index, after, free, &mut None).await,
            };
            pick = match again {
                Some(pick) => pick,
                None if picker.charged_attempts() >= most => return Err(self.give_up(&mut picker)),
                None => self.next_pick(&mut picker).await?,
            };
            self.tell_move(&target, &pick.admission.target, &fault);
        }
    }

    fn decide(&self, picker: &Picker, index: usize, fault: &Fault) -> Step {
        let standing = &picker.standings[index];
        if standing.refreshes && self.retries_left > 0 {
            return Step::Same { after: Duration::ZERO, free: false };
        }
        let situation = self.situation(standing.same, standing.free, picker.alternative(self.asker()));
        let opted_in = self.engine.config.retry.failover_on.contains(&fault.kind.reason());
        decide::decide(fault, &Situation { opted_in, remaining: picker.remaining(), ..situation })
    }

    fn situation(&self, same_so_far: u32, free_so_far: u32, alternative: bool) -> Situation<'_> {
        let retry = &self.engine.config.retry;
        Situation {
            alternative,
            remaining: alternative,
            opted_in: false,
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
        after: Duration,
        free: bool,
        place: &mut Option<Place>,
    ) -> Option<Pick> {
        let target = picker.candidates[index].target.clone();
        let parked = match target.blocked(now(), &self.request, 0) {
            None => Duration::ZERO,
            // An open breaker means another attempt is not wanted here.
            Some(blocked) if blocked.obstacle == super::state::Obstacle::Breaker => return None,
            Some(blocked) => blocked.until?.saturating_duration_since(now()),
        };
        let wait = after.max(parked);
        if now() + wait >= self.deadline() {
            return None;
        }
        if !parked.is_zero() && self.on_unavailable() != OnUnavailable::Wait {
            return None;
        }
        if !free && !self.charge(&target, picker.standings[index].fault.as_ref()) {
            return None;
        }
        let standing = &mut picker.standings[index];
        if free {
            standing.free += 1;
        } else {
            standing.same += 1;
        }
        if !wait.is_zero() {
            // Who sleeps holds nobody up.
            *place = None;
            time::sleep(wait).await;
        }
        let asker = self.asker();
        let admission = target.admit(asker.now, Entry::ThroughRamp, asker.request, 0).ok()?;
        self.tell_retry(&target, wait, picker.standings[index].fault.as_ref());
        self.trail.lock().amend_last(AttemptOutcome::Retry);
        target.retries.fetch_add(1, Ordering::Relaxed);
        Some(Pick { index, admission })
    }

    /// Takes what a retry costs: one of the call's own, and leave from the endpoint's budget. Who comes back when
    /// the vendor said needs no leave: the cooldown and the slow start after it pace those.
    fn charge(&mut self, target: &Target, fault: Option<&Fault>) -> bool {
        let invited =
            fault.is_some_and(|f| matches!(f.kind, Kind::RateLimited | Kind::Overloaded) && f.hint.is_some());
        if !invited && !target.endpoint.budget.lock().withdraw(now()) {
            self.budget_exhausted = true;
            return false;
        }
        self.retries_left -= 1;
        true
    }

    fn asker(&self) -> Asker<'_> {
        let engine = &*self.engine;
        Asker { engine, request: &self.request, room: &engine.room, rank: self.rank, now: now() }
    }

    fn deadline(&self) -> Instant {
        self.started + self.timeouts.total
    }

    fn on_unavailable(&self) -> OnUnavailable {
        self.options.on_unavailable.unwrap_or(self.engine.config.on_unavailable)
    }

    fn hedge(&self) -> Option<Hedge> {
        self.options.hedge.unwrap_or(self.engine.config.hedge)
    }
}
