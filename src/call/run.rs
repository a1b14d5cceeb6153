//! The loop of a call: select a candidate, attempt, decide, until there is an answer or no candidate is
//! left.

use super::{context::Call, redact::redacted, types::AttemptEnd};
use std::{sync::Arc, time::Duration};

use tokio::time;

use super::{
    error::CallError,
    hedge::{AttemptResult, Committed},
    select::{canary, candidates, selector::Selector},
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
    /// Runs the call to its end. Chunks of a stream go to `sink` as they arrive.
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
        self.record_end(Some(&result));
        if let Err(error) = &mut result {
            error.attempts = self.attempt_log.lock().take();
        }
        result
    }

    async fn attempts<S: StreamSink>(&mut self, sink: &mut S) -> Result<CallReply, CallError> {
        let engine = self.engine.clone();
        self.apply_cost_budgets().map_err(|e| *e)?;
        let mut candidates =
            candidates::candidates(&engine, &self.request, &self.options, now()).map_err(|e| *e)?;
        if self.request.chat().is_some() {
            *self.canary_draw.lock() = canary::draw(&mut candidates, || engine.draw(), now());
        }
        let sticky = self.options.sticky_key.as_deref().or(self.request.cache_key());
        let mut selector = Selector::new(candidates, sticky, now(), || engine.draw());
        self.primary = selector.candidates.first().map(|candidate| candidate.target.key());
        let most = selector.candidates.len() as u32 + self.retries_left;
        if self.hedge().is_some() {
            engine.hedge_budget.lock().call();
        }
        let mut failed: Option<(Arc<Target>, Fault)> = None;
        // The candidate to retry before any other.
        let mut first = None;
        loop {
            let selection = self.select_next(&mut selector, first.take()).await?;
            if let Some((from, fault)) = failed.take() {
                self.emit_failover(&from, &selection.admission.target, &fault);
            }
            let AttemptResult { index, mut attempt, committed } =
                self.run_hedged(&mut selector, selection).await;
            let target = attempt.admission.target.clone();
            if committed.is_err() && now() >= self.deadline() {
                // The deadline has passed too. It decides, so no endpoint is blamed.
                return Err(CallError::deadline(self.timeouts.total));
            }
            let ended = match committed {
                Ok(Committed::Whole(answered)) => AttemptEnd::Answered(answered),
                Ok(Committed::Passthrough(reader)) => {
                    redacted(&target, reader.deliver(&mut attempt.admission, sink).await)
                }
                Ok(Committed::Stream(reader)) => {
                    redacted(&target, reader.deliver(&mut attempt.admission, sink).await)
                }
                Err(fault) => AttemptEnd::Failed(fault),
            };
            self.finish_attempt(&mut attempt, &ended);
            let fault = match ended {
                AttemptEnd::Answered(answered) => return Ok(self.reply(&selector, index, &target, answered)),
                AttemptEnd::Expired(error) => return Err(*error),
                AttemptEnd::Interrupted(interruption) => {
                    self.after_interruption(interruption).map_err(|e| *e)?
                }
                AttemptEnd::Failed(fault) => fault,
            };
            let AttemptContext { admission, refreshes, continues, .. } = attempt;
            // Free the concurrency slot before the next selection.
            drop(admission);
            if continues && fault.kind.rule().scope == BlameScope::Request {
                // The endpoint refused the beginning of the answer, not the caller's request.
                self.prefill_refused = true;
                selector.reopen(index, true);
                failed = Some((target, fault));
                continue;
            }
            if fault.kind.rule().same == SameCandidate::AfterCooldown {
                // Requeue the throttled call at the back; otherwise the oldest call absorbs every 429.
                self.wait_order = engine.wait_queue.next_order(self.options.queue_priority);
            }
            selector.failed(index, fault.clone(), &self.request, now());
            first = match self.decide(&selector, index, &fault, refreshes) {
                NextStep::Stop => return Err(CallError::of_fault(&target.endpoint.config.name, &fault)),
                NextStep::OtherCandidate => None,
                // Wait in the queue for this candidate or any other that becomes ready first.
                NextStep::RetryWhenReady if !self.engine.config.retry.prefer_same => None,
                NextStep::RetryWhenReady => self
                    .schedule_retry(&mut selector, index, Duration::ZERO, false, &mut None)
                    .await
                    .then_some(index),
                NextStep::Retry { after, free } => {
                    self.schedule_retry(&mut selector, index, after, free, &mut None).await.then_some(index)
                }
            };
            if first.is_none() && selector.charged_attempts() >= most {
                return Err(self.give_up(&mut selector));
            }
            failed = Some((target, fault));
        }
    }

    /// Applies exhausted cost budgets: rejects the call or downgrades its route.
    fn apply_cost_budgets(&mut self) -> Result<(), Box<CallError>> {
        let now = epoch_ms(self.engine.wall());
        match self.engine.accountant.decide(&self.options.tags, now) {
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

    pub(super) fn decide(
        &self,
        selector: &Selector,
        index: usize,
        fault: &Fault,
        refreshes: bool,
    ) -> NextStep {
        let state = &selector.states[index];
        if refreshes && state.charged_retries == 0 && self.retries_left > 0 {
            return NextStep::Retry { after: Duration::ZERO, free: false };
        }
        let situation = self.situation(
            state.charged_retries,
            state.free_retries,
            selector.alternative(self.selection_context()),
        );
        let opted_in = self.engine.config.retry.failover_on.contains(&fault.kind.reason());
        decide::decide(fault, &DecisionContext { opted_in, remaining: selector.remaining(), ..situation })
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

    /// Makes a candidate available again, after a wait if needed. False when that is not allowed or does not
    /// fit the deadline.
    pub(super) async fn schedule_retry(
        &mut self,
        selector: &mut Selector,
        index: usize,
        after: Duration,
        free: bool,
        ticket: &mut Option<WaitTicket>,
    ) -> bool {
        let target = selector.candidates[index].target.clone();
        let cooling = match target.blockage(now()) {
            None => Duration::ZERO,
            // The early probe ended without a result, so the breaker still needs one.
            Some(blocked)
                if blocked.reason == BlockReason::Breaker && free && selector.states[index].early =>
            {
                selector.states[index].early = false;
                Duration::ZERO
            }
            // While the breaker is open, further attempts are unwanted.
            Some(blocked) if blocked.reason == BlockReason::Breaker => return false,
            Some(blocked) => match blocked.until {
                Some(until) => until.saturating_duration_since(now()),
                None => return false,
            },
        };
        let wait = after.max(cooling);
        if now() + wait >= self.deadline()
            || (!cooling.is_zero() && self.on_unavailable() != OnUnavailable::Wait)
            || (!free && !self.withdraw_retry_budget(&target, selector.states[index].fault.as_ref()))
        {
            return false;
        }
        if !wait.is_zero() {
            // Leave the wait queue before sleeping, so later calls are not blocked.
            *ticket = None;
            time::sleep(wait).await;
        }
        selector.reopen(index, free);
        true
    }

    /// Takes a retry from the call and from the endpoint's retry budget. A retry after Retry-After needs no
    /// budget:
    /// the cooldown and the slow start after it limit those.
    pub(super) fn withdraw_retry_budget(&mut self, target: &Target, fault: Option<&Fault>) -> bool {
        let invited = fault
            .is_some_and(|f| f.kind.rule().same == SameCandidate::AfterCooldown && f.retry_after.is_some());
        if !invited && !target.endpoint.budget.lock().withdraw(now()) {
            self.budget_exhausted = true;
            return false;
        }
        self.retries_left -= 1;
        true
    }
}
