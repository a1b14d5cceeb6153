//! The loop: pick a candidate, attempt, decide, until there is an answer or no way to one.

use super::{context::Call, redact::redacted, types::AttemptEnd};
use std::{sync::Arc, time::Duration};

use tokio::time;

use super::{
    error::CallError,
    hedge::{AttemptResult, Committed},
    select::{
        canary::{self},
        candidates,
        selector::Selector,
    },
    sink::StreamSink,
    types::{AttemptContext, CallReply},
};
use crate::{
    base::{clock::now, timestamp::epoch_ms},
    config::call_policy::OnUnavailable,
    cost::accountant::BudgetDecision,
    policy::{
        decide::{self, DecisionContext, NextStep},
        fault::{BlameScope, Fault, SameCandidate},
    },
    state::{BlockReason, Target, wait_queue::WaitTicket},
};

impl Call {
    /// Runs the call to its end. Chunks of a stream go to `sink` as they come.
    pub async fn run<S: StreamSink>(&mut self, sink: &mut S) -> Result<CallReply, CallError> {
        let deadline = time::Instant::from_std(self.deadline());
        let total = self.timeouts.total;
        let result = tokio::select! {
            biased;
            result = self.attempts(sink) => result,
            () = time::sleep_until(deadline) => Err(CallError::deadline(total)),
        };
        let mut result = match result {
            Ok(reply) => Ok(reply),
            Err(error) => self.fail(error, sink).await,
        };
        self.saw_end(Some(&result));
        if let Err(error) = &mut result {
            error.attempts = self.trail.lock().take();
        }
        result
    }

    async fn attempts<S: StreamSink>(&mut self, sink: &mut S) -> Result<CallReply, CallError> {
        let engine = self.engine.clone();
        self.keep_within_budgets().map_err(|e| *e)?;
        let mut candidates =
            candidates::candidates(&engine, &self.question, &self.options, now()).map_err(|e| *e)?;
        if self.question.chat().is_some() {
            *self.drawn.lock() = canary::draw(&mut candidates, || engine.draw(), now());
        }
        let sticky = self.options.sticky_key.as_deref().or(self.question.cache_key());
        let mut picker = Selector::new(candidates, sticky, now(), || engine.draw());
        self.usual = picker.candidates.first().map(|candidate| candidate.target.place());
        let most = picker.candidates.len() as u32 + self.retries_left;
        if self.hedge().is_some() {
            engine.allowance.lock().call();
        }
        let mut failed: Option<(Arc<Target>, Fault)> = None;
        // Who is to be asked again before anyone else.
        let mut first = None;
        loop {
            let pick = self.next_pick(&mut picker, first.take()).await?;
            if let Some((from, fault)) = failed.take() {
                self.tell_move(&from, &pick.admission.target, &fault);
            }
            let AttemptResult { index, mut trial, begun } = self.race(&mut picker, pick).await;
            let target = trial.admission.target.clone();
            if begun.is_err() && now() >= self.deadline() {
                // The caller's time is over, whatever else ran out with it: nobody is to blame.
                return Err(CallError::deadline(self.timeouts.total));
            }
            let ended = match begun {
                Ok(Committed::Whole(answered)) => AttemptEnd::Answered(answered),
                Ok(Committed::Flow(flow)) => {
                    redacted(&target, flow.deliver(&mut trial.admission, sink).await)
                }
                Ok(Committed::Stream(reading)) => {
                    redacted(&target, reading.deliver(&mut trial.admission, sink).await)
                }
                Err(fault) => AttemptEnd::Failed(fault),
            };
            self.settle(&mut trial, &ended);
            let fault = match ended {
                AttemptEnd::Answered(answered) => return Ok(self.reply(&picker, index, &target, answered)),
                AttemptEnd::Expired(error) => return Err(*error),
                AttemptEnd::Cut(cut) => self.after_cut(cut).map_err(|e| *e)?,
                AttemptEnd::Failed(fault) => fault,
            };
            let AttemptContext { admission, refreshes, continues, .. } = trial;
            // Its place is free before anyone is picked.
            drop(admission);
            if continues && fault.kind.rule().scope == BlameScope::Request {
                // What it would not take is the beginning of the answer, not the caller's question.
                self.prefill_refused = true;
                picker.reopen(index, true);
                failed = Some((target, fault));
                continue;
            }
            if fault.kind.rule().same == SameCandidate::AfterCooldown {
                // Its turn was used. The one who came first would otherwise meet every throttle of an episode.
                self.rank = engine.room.rank(self.options.queue_priority);
            }
            picker.failed(index, fault.clone(), &self.question, now());
            first = match self.decide(&picker, index, &fault, refreshes) {
                NextStep::Stop => return Err(CallError::of_fault(&target.endpoint.config.name, &fault)),
                NextStep::Next => None,
                // When it is ready again, or whoever is before: that is waited for among all who wait.
                NextStep::SameWhenReady if !self.engine.config.retry.prefer_same => None,
                NextStep::SameWhenReady => {
                    self.again(&mut picker, index, Duration::ZERO, false, &mut None).await.then_some(index)
                }
                NextStep::Same { after, free } => {
                    self.again(&mut picker, index, after, free, &mut None).await.then_some(index)
                }
            };
            if first.is_none() && picker.charged_attempts() >= most {
                return Err(self.give_up(&mut picker));
            }
            failed = Some((target, fault));
        }
    }

    /// Asks the books before anyone else is asked.
    fn keep_within_budgets(&mut self) -> Result<(), Box<CallError>> {
        let now = epoch_ms(self.engine.wall());
        match self.engine.books.verdict(&self.options.tags, now) {
            BudgetDecision::Go => {}
            BudgetDecision::Reject { budget, limit, renews_at } => {
                let renews_in = Duration::from_millis(renews_at.saturating_sub(now));
                return Err(Box::new(CallError::budget(&budget, limit, renews_in)));
            }
            BudgetDecision::Downgrade(rule) => {
                let rules = &self.engine.config.rules;
                self.options.rule =
                    rules.iter().find(|(name, _)| *name == rule).map(|(_, rule)| rule.clone());
            }
        }
        Ok(())
    }

    pub(super) fn decide(&self, picker: &Selector, index: usize, fault: &Fault, refreshes: bool) -> NextStep {
        let standing = &picker.standings[index];
        if refreshes && standing.same == 0 && self.retries_left > 0 {
            return NextStep::Same { after: Duration::ZERO, free: false };
        }
        let situation = self.situation(standing.same, standing.free, picker.alternative(self.asker()));
        let opted_in = self.engine.config.retry.failover_on.contains(&fault.kind.reason());
        decide::decide(fault, &DecisionContext { opted_in, remaining: picker.remaining(), ..situation })
    }

    pub(super) fn situation(
        &self,
        same_so_far: u32,
        free_so_far: u32,
        alternative: bool,
    ) -> DecisionContext<'_> {
        let retry = &self.engine.config.retry;
        DecisionContext {
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

    /// Lets a candidate be asked again, after a wait or when its cooldown is over. False when that is not
    /// allowed or does not fit the deadline.
    pub(super) async fn again(
        &mut self,
        picker: &mut Selector,
        index: usize,
        after: Duration,
        free: bool,
        place: &mut Option<WaitTicket>,
    ) -> bool {
        let target = picker.candidates[index].target.clone();
        let parked = match target.parked(now()) {
            None => Duration::ZERO,
            // Let through an open breaker, it came to nothing that says anything: the test is still to be made.
            Some(blocked)
                if blocked.obstacle == BlockReason::Breaker && free && picker.standings[index].early =>
            {
                picker.standings[index].early = false;
                Duration::ZERO
            }
            // An open breaker means another attempt is not wanted here.
            Some(blocked) if blocked.obstacle == BlockReason::Breaker => return false,
            Some(blocked) => match blocked.until {
                Some(until) => until.saturating_duration_since(now()),
                None => return false,
            },
        };
        let wait = after.max(parked);
        if now() + wait >= self.deadline()
            || (!parked.is_zero() && self.on_unavailable() != OnUnavailable::Wait)
            || (!free && !self.charge(&target, picker.standings[index].fault.as_ref()))
        {
            return false;
        }
        if !wait.is_zero() {
            // Who sleeps holds nobody up.
            *place = None;
            time::sleep(wait).await;
        }
        picker.reopen(index, free);
        true
    }

    /// Takes what a retry costs: one of the call's own, and leave from the endpoint's budget. Who comes back when
    /// the vendor said needs no leave: the cooldown and the slow start after it pace those.
    pub(super) fn charge(&mut self, target: &Target, fault: Option<&Fault>) -> bool {
        let invited =
            fault.is_some_and(|f| f.kind.rule().same == SameCandidate::AfterCooldown && f.hint.is_some());
        if !invited && !target.endpoint.budget.lock().withdraw(now()) {
            self.budget_exhausted = true;
            return false;
        }
        self.retries_left -= 1;
        true
    }
}
