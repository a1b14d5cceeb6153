//! Runs an attempt up to its first content, and a second one beside it where hedging allows. The first
//! content wins; the other attempt is dropped.

use super::{attempt::receive, redact::redacted_fault, types::AttemptContext};
use std::time::Duration;

use tokio::time;

use super::{
    attempt::{
        send,
        stream::{self, ChatStreamReader},
    },
    context::Call,
    passthrough::response::{self, PassthroughReader},
    report::{Attempt, AttemptOutcome},
    request::CallRequest,
    select::{
        constraints,
        selector::{Selection, Selector},
    },
    types::{AttemptEnd, CallAnswer},
};
use crate::{
    base::{clock::now, reason::Reason},
    config::call_policy::HedgeAfter,
    policy::fault::{BlameScope, Fault, FaultKind, OtherCandidate},
    state::Target,
};

/// An attempt past its commit point.
pub enum Committed<'c> {
    Whole(CallAnswer),
    Stream(Box<ChatStreamReader<'c>>),
    Passthrough(Box<PassthroughReader<'c>>),
}

/// An attempt that reached its commit point or failed.
pub struct AttemptResult<'c> {
    pub index: usize,
    pub attempt: AttemptContext,
    pub committed: Result<Committed<'c>, Fault>,
}

impl Call {
    /// Runs the selected attempt, and perhaps a hedge, until either reaches its first content or both have
    /// failed.
    pub(super) async fn run_hedged(
        &self,
        selector: &mut Selector,
        selection: Selection,
    ) -> AttemptResult<'_> {
        let after = self.hedge_after(&selection.admission.target, selector);
        let first = self.attempt(selection, selector);
        let Some(after) = after else { return self.begin(first).await };
        let (first_index, first_number) = (first.index, first.number);
        let mut first = Box::pin(self.begin(first));
        tokio::select! {
            biased;
            finished = &mut first => return finished,
            () = time::sleep(after) => {}
        }
        let Some(selection) = self.select_hedge(selector, first_index) else { return first.await };
        let second = self.attempt(selection, selector);
        let (second_index, second_number) = (second.index, second.number);
        self.attempt_log.lock().hedged = true;
        let mut second = Box::pin(self.begin(second));
        let (finished, other, other_index, other_number) = tokio::select! {
            biased;
            finished = &mut first => (finished, second, second_index, second_number),
            finished = &mut second => (finished, first, first_index, first_number),
        };
        let AttemptResult { index, mut attempt, committed } = finished;
        match committed {
            Ok(committed) => {
                self.discard_loser(other_number);
                AttemptResult { index, attempt, committed: Ok(committed) }
            }
            // The other attempt would fail the same way: the request itself is wrong.
            Err(fault) if self.decides_call(&fault, selector, index, other_index) => {
                self.discard_loser(other_number);
                AttemptResult { index, attempt, committed: Err(fault) }
            }
            Err(fault) => {
                self.finish_attempt(&mut attempt, &AttemptEnd::Failed(fault.clone()));
                selector.failed(index, fault, &self.request, now());
                drop(attempt);
                other.await
            }
        }
    }

    /// When the hedge is due, if this call is hedged and has another candidate.
    fn hedge_after(&self, target: &Target, selector: &Selector) -> Option<Duration> {
        let hedge = self.hedge()?;
        let now = now();
        if selector.candidates.len() < 2
            || self.interruption.is_some()
            || target.limiter.lock().recently_throttled(now)
        {
            return None;
        }
        match hedge.after {
            HedgeAfter::Fixed(after) => Some(after),
            HedgeAfter::P95 => target.p95(now),
        }
    }

    fn select_hedge(&self, selector: &mut Selector, first: usize) -> Option<Selection> {
        if !self.engine.hedge_budget.lock().take() {
            return None;
        }
        let selection = selector.hedge_candidate(self.selection_context(), first);
        if selection.is_none() {
            self.engine.hedge_budget.lock().give_back();
        }
        selection
    }

    /// Whether a failure is the call's result, whatever another attempt would return.
    fn decides_call(&self, fault: &Fault, selector: &Selector, failed: usize, other: usize) -> bool {
        let target = |index: usize| &selector.candidates[index].target;
        fault.kind.rule().scope == BlameScope::Request
            && match fault.kind.rule().next {
                OtherCandidate::LargerWindow => {
                    !constraints::holds_more(&self.request, target(failed), target(other))
                }
                OtherCandidate::OptIn => !self.engine.config.retry.failover_on.contains(&fault.kind.reason()),
                OtherCandidate::LargerLimit | OtherCandidate::Any => false,
                _ => true,
            }
    }

    /// Ends the attempt whose result is not used. Its answer is not read.
    fn discard_loser(&self, number: usize) {
        let mut attempt_log = self.attempt_log.lock();
        attempt_log.end(number, AttemptOutcome::Fail, Some(Reason::Hedged), now());
        self.emit_attempts(&mut attempt_log);
    }

    fn attempt(&self, selection: Selection, selector: &mut Selector) -> AttemptContext {
        let Selection { index, admission } = selection;
        let target = &admission.target;
        if let Some(change) = admission.half_open() {
            self.engine.publish_changes(target, None, &[change]);
        }
        let entry = self.empty_entry(target, AttemptOutcome::Fail, None);
        let number = self.attempt_log.lock().begin(entry, admission.began);
        selector.begin_attempt(index, number);
        // The latency limit applies only while another candidate is available.
        let limit = constraints::tighter(target.endpoint.config.max_latency, self.sla())
            .filter(|_| self.request.is_streamed_chat());
        let latency_limit = limit.filter(|_| selector.alternative(self.selection_context()));
        let continues = self.continues_at(target);
        let stale = |f: &Fault| f.kind == FaultKind::Stale;
        let fresh = selector.states[index].fault.as_ref().is_some_and(stale);
        let is_failover = selector.states.iter().enumerate().any(|(i, s)| i != index && s.attempts > 0);
        AttemptContext {
            index,
            admission,
            number,
            key: None,
            refreshes: false,
            latency_limit,
            continues,
            fresh,
            is_failover,
        }
    }

    /// A new entry of the attempt log.
    pub(super) fn empty_entry(
        &self,
        target: &Target,
        outcome: AttemptOutcome,
        reason: Option<Reason>,
    ) -> Attempt {
        Attempt {
            endpoint: target.endpoint.name.clone(),
            model: target.model.clone(),
            started_at: self.engine.wall(),
            duration_ms: Duration::ZERO,
            outcome,
            reason,
            status: None,
            reused_connection: false,
            maybe_billed: false,
            vendor_request_id: None,
        }
    }

    /// Sends the request and reads up to the commit point.
    async fn begin(&self, mut attempt: AttemptContext) -> AttemptResult<'_> {
        let committed = match send::send(self, &mut attempt).await {
            Err(failed) => {
                self.note(&attempt, |a| a.reused_connection = failed.reused);
                Err(failed.fault)
            }
            Ok(answer) => {
                let head = &answer.head;
                self.note(&attempt, |a| {
                    a.status = Some(head.status);
                    a.reused_connection = head.reused;
                    a.vendor_request_id.clone_from(&head.vendor_request_id);
                });
                let status = head.status;
                let committed = match &self.request {
                    // Boxed: calls that are answered whole should not reserve the space.
                    CallRequest::Passthrough(_) => {
                        let reader = Box::pin(response::begin(self, &mut attempt, answer)).await;
                        reader.map(|reader| Committed::Passthrough(Box::new(reader)))
                    }
                    CallRequest::Chat(chat) if chat.stream => {
                        Box::pin(stream::begin(self, chat, &mut attempt, answer)).await.map(Committed::Stream)
                    }
                    CallRequest::Chat(_) => {
                        receive::receive(self, &attempt.admission, answer).await.map(Committed::Whole)
                    }
                };
                committed.map_err(|fault| Fault { status: fault.status.or(Some(status)), ..fault })
            }
        };
        let committed = committed.map_err(|fault| redacted_fault(&attempt.admission.target, fault));
        AttemptResult { index: attempt.index, attempt, committed }
    }
}
