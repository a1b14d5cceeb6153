//! Selects the next candidate, and waits when none is ready.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time;

use super::{
    context::Call,
    error::CallError,
    report::AttemptOutcome,
    select::{
        candidates::Candidate,
        selector::{Availability, RetryReservation, Selection, Selector, SkippedCandidate},
    },
};
use crate::{
    base::clock::now,
    config::call_policy::OnUnavailable,
    policy::decide::{self, NextStep},
    state::{
        BlockReason, Blockage,
        wait_queue::{MAX_WAITING, WaitTicket},
    },
};

/// How long a call waits for an unhealthy endpoint. Waiting for the rate limiter is bounded only by the
/// call's deadline, for its capacity returns for certain.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// The shortest wait: a candidate that looks ready and is not admitted must not cause a busy loop.
const LEAST_WAIT: Duration = Duration::from_millis(1);

impl Call {
    /// The next candidate: `first` if it is ready, an untried ready one, an early probe, a retry, or the one
    /// that becomes ready first.
    pub(super) async fn select_next(
        &mut self,
        selector: &mut Selector,
        mut first: Option<usize>,
    ) -> Result<Selection, CallError> {
        let mut ticket = None;
        loop {
            // A candidate that throttled this call may have become ready meanwhile.
            self.reopen(selector);
            let again =
                first.take().and_then(|index| selector.retry_candidate(self.selection_context(), index));
            let selection = again
                .or_else(|| self.select_untried(selector))
                .or_else(|| selector.early_probe(self.selection_context()));
            if let Some(selection) = selection {
                self.log_skips(selector, selection.index);
                self.emit_earlier_attempts(selector, selection.index);
                return Ok(selection);
            }
            first = self.select_retry(selector, &mut ticket).await;
            if first.is_none() {
                self.wait(selector, &mut ticket).await?;
            }
        }
    }

    fn select_untried(&mut self, selector: &mut Selector) -> Option<Selection> {
        let continues = |c: &Candidate| self.continues_at(&c.target);
        let selection = if self.interruption.is_some() {
            selector.ready_candidate(self.selection_context(), false, continues)
        } else {
            None
        };
        selection
            .or_else(|| selector.ready_candidate(self.selection_context(), false, |_| true))
            .or_else(|| selector.ready_candidate(self.selection_context(), true, |_| true))
    }

    /// Emits the earlier attempts, whose outcome is known now. If this candidate failed before in this call,
    /// that attempt was a retry.
    fn emit_earlier_attempts(&self, selector: &Selector, index: usize) {
        let (target, state) = (&selector.candidates[index].target, &selector.states[index]);
        let again = state.number.zip(state.failed_at);
        {
            let mut attempt_log = self.attempt_log.lock();
            if let Some((number, _)) = again {
                attempt_log.change(number, |a| a.outcome = AttemptOutcome::Retry);
            }
            self.emit_attempts(&mut attempt_log);
        }
        let Some((_, failed_at)) = again else { return };
        target.retries.fetch_add(1, Ordering::Relaxed);
        target.counters.retried();
        self.emit_retry(target, now().saturating_duration_since(failed_at), state.fault.as_ref());
    }

    /// Logs the candidates that were skipped for the selected one.
    pub(super) fn log_skips(&self, selector: &mut Selector, selected: usize) {
        for (index, (candidate, state)) in selector.candidates.iter().zip(&mut selector.states).enumerate() {
            if index == selected {
                state.skipped = None;
            } else if let Some(SkippedCandidate { reason, .. }) = state.skipped
                && state.attempts == 0
                && !std::mem::replace(&mut state.skip_logged, true)
            {
                let skip = self.empty_entry(&candidate.target, AttemptOutcome::Skipped, Some(reason));
                self.attempt_log.lock().skip(skip);
            }
        }
    }

    /// When all were tried: the first candidate that may be attempted again after its failure.
    async fn select_retry(
        &mut self,
        selector: &mut Selector,
        ticket: &mut Option<WaitTicket>,
    ) -> Option<usize> {
        for index in 0..selector.candidates.len() {
            let state = &selector.states[index];
            let Some(fault) = state.fault.as_ref().filter(|_| state.exhausted) else { continue };
            let step = decide::retry_decision(
                fault,
                &self.situation(state.charged_retries, state.free_retries, false),
            );
            if let Some(NextStep::Retry { after, free }) = step
                && self.schedule_retry(selector, index, after, free, ticket).await
            {
                return Some(index);
            }
        }
        None
    }

    /// Waits until a candidate may be ready, if that is allowed and soon enough. `ticket` is the call's place in the wait queue
    /// in the wait queue.
    async fn wait(
        &mut self,
        selector: &mut Selector,
        ticket: &mut Option<WaitTicket>,
    ) -> Result<(), CallError> {
        if self.on_unavailable() != OnUnavailable::Wait {
            return Err(self.give_up(selector));
        }
        // Trying a candidate again that throttled this call is a retry.
        let throttled = self.retries_left > 0;
        let began = now();
        let deadline = self.deadline();
        let unpaced = (began + MAX_WAIT.saturating_sub(self.bounded_wait)).min(deadline);
        // A single candidate is worth waiting for until the deadline.
        let alone = selector.candidates.len() == 1;
        let limit = |availability: &Availability| {
            let certain = availability.rate_limited || (alone && availability.was_throttled);
            if certain { deadline } else { unpaced }
        };
        let availabilities = selector.availabilities(self.selection_context(), throttled);
        // A candidate that is certain to be too late is not waited for.
        let worth = |(_, o): &&(usize, Availability)| o.at.map_or(limit(o) > began, |at| at < limit(o));
        let Some(until) = availabilities.iter().filter(worth).map(|(_, o)| limit(o)).max() else {
            return Err(self.give_up(selector));
        };
        let soonest = availabilities.iter().filter(worth).min_by_key(|(_, o)| (o.at.is_none(), o.at));
        if let Some((index, Availability { throttled: true, .. })) = soonest
            && selector.states[*index].retry != RetryReservation::Reserved
        {
            // Reserve the retry before waiting for it; without budget there is nothing to wait for.
            let index = *index;
            let target = selector.candidates[index].target.clone();
            let reserved = self.withdraw_retry_budget(&target, selector.states[index].fault.as_ref());
            selector.states[index].retry =
                if reserved { RetryReservation::Reserved } else { RetryReservation::Denied };
            return Ok(());
        }
        // Wait for every candidate that this call would take, so that later calls count it correctly.
        let targets = selector.wanted(throttled).map(|i| selector.candidates[i].target.id());
        let Some(ticket) = ticket else {
            *ticket = Some(self.engine.wait_queue.join(self.wait_order, targets).map_err(|_| {
                CallError::queue_full(format!(
                    "{MAX_WAITING} calls are already waiting; this one was not queued"
                ))
            })?);
            // Check again: capacity may have been freed before the ticket was taken.
            return Ok(());
        };
        ticket.wait_for(targets);
        let next =
            availabilities.iter().filter_map(|(_, o)| o.at.or(o.latest)).filter(|at| *at > began).min();
        let wake = next.unwrap_or(until).min(until).max(began + LEAST_WAIT);
        let paced = availabilities.iter().filter(worth).any(|(_, o)| o.rate_limited);
        tokio::select! {
            biased;
            () = time::sleep_until(wake.into()) => {}
            () = ticket.notify.notified() => {}
        }
        let waited = now().saturating_duration_since(began);
        self.waited += waited;
        if !paced {
            self.bounded_wait += waited;
        }
        Ok(())
    }

    /// Reopens throttled candidates that are ready again and whose retry is reserved.
    fn reopen(&mut self, selector: &mut Selector) {
        for index in 0..selector.candidates.len() {
            let state = &selector.states[index];
            // An open breaker is not a cooldown: it may be probed early.
            let cooling = |b: Blockage| b.reason != BlockReason::Breaker;
            let blockage = selector.candidates[index].target.blockage(now());
            if state.retry == RetryReservation::Reserved && state.exhausted && !blockage.is_some_and(cooling)
            {
                selector.reopen(index, false);
            }
        }
    }
}
