//! An attempt up to its first content, and a second one beside it where hedging allows. The first content
//! wins; the other attempt is dropped.

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

/// An attempt whose content has begun.
pub enum Committed<'c> {
    Whole(CallAnswer),
    Stream(Box<ChatStreamReader<'c>>),
    Flow(Box<PassthroughReader<'c>>),
}

/// An attempt that came to content, or to a fault.
pub struct AttemptResult<'c> {
    pub index: usize,
    pub trial: AttemptContext,
    pub begun: Result<Committed<'c>, Fault>,
}

impl Call {
    /// Runs the picked attempt, and perhaps one more, to the first content of either or to the failure of all.
    pub(super) async fn race(&self, picker: &mut Selector, pick: Selection) -> AttemptResult<'_> {
        let after = self.hedge_after(&pick.admission.target, picker);
        let first = self.trial(pick, picker);
        let Some(after) = after else { return self.begin(first).await };
        let (first_index, first_number) = (first.index, first.number);
        let mut first = Box::pin(self.begin(first));
        tokio::select! {
            biased;
            finished = &mut first => return finished,
            () = time::sleep(after) => {}
        }
        let Some(pick) = self.hedge_pick(picker, first_index) else { return first.await };
        let second = self.trial(pick, picker);
        let (second_index, second_number) = (second.index, second.number);
        self.trail.lock().hedged = true;
        let mut second = Box::pin(self.begin(second));
        let (finished, other, other_index, other_number) = tokio::select! {
            biased;
            finished = &mut first => (finished, second, second_index, second_number),
            finished = &mut second => (finished, first, first_index, first_number),
        };
        let AttemptResult { index, mut trial, begun } = finished;
        match begun {
            Ok(begun) => {
                self.lose(other_number);
                AttemptResult { index, trial, begun: Ok(begun) }
            }
            // A mistake of the caller's that the other would make as well: it is not waited for.
            Err(fault) if self.ends_all(&fault, picker, index, other_index) => {
                self.lose(other_number);
                AttemptResult { index, trial, begun: Err(fault) }
            }
            Err(fault) => {
                self.settle(&mut trial, &AttemptEnd::Failed(fault.clone()));
                picker.failed(index, fault, &self.question, now());
                drop(trial);
                other.await
            }
        }
    }

    /// When a second attempt is due, if this call is hedged and anyone is left for it.
    fn hedge_after(&self, target: &Target, picker: &Selector) -> Option<Duration> {
        let hedge = self.hedge()?;
        let now = now();
        if picker.candidates.len() < 2 || self.cut.is_some() || target.limiter.lock().recently_throttled(now)
        {
            return None;
        }
        match hedge.after {
            HedgeAfter::Fixed(after) => Some(after),
            HedgeAfter::P95 => target.p95(now),
        }
    }

    fn hedge_pick(&self, picker: &mut Selector, first: usize) -> Option<Selection> {
        if !self.engine.allowance.lock().take() {
            return None;
        }
        let pick = picker.beside(self.asker(), first);
        if pick.is_none() {
            self.engine.allowance.lock().give_back();
        }
        pick
    }

    /// Whether a failure is the call's result whatever another attempt would come to.
    fn ends_all(&self, fault: &Fault, picker: &Selector, failed: usize, other: usize) -> bool {
        let target = |index: usize| &picker.candidates[index].target;
        fault.kind.rule().scope == BlameScope::Request
            && match fault.kind.rule().next {
                OtherCandidate::LargerWindow => {
                    !constraints::holds_more(&self.question, target(failed), target(other))
                }
                OtherCandidate::OptIn => !self.engine.config.retry.failover_on.contains(&fault.kind.reason()),
                OtherCandidate::LargerLimit | OtherCandidate::Yes => false,
                _ => true,
            }
    }

    /// The other attempt was faster. What this one would have said nobody hears.
    fn lose(&self, number: usize) {
        let mut trail = self.trail.lock();
        trail.end(number, AttemptOutcome::Fail, Some(Reason::Hedged), now());
        self.tell_attempts(&mut trail);
    }

    fn trial(&self, pick: Selection, picker: &mut Selector) -> AttemptContext {
        let Selection { index, admission } = pick;
        let target = &admission.target;
        if let Some(change) = admission.half_open() {
            self.engine.announce(target, None, &[change]);
        }
        let attempt = self.blank(target, AttemptOutcome::Fail, None);
        let number = self.trail.lock().begin(attempt, admission.began);
        picker.ask(index, number);
        // A deadline is for those who have somebody else to ask.
        let limit = constraints::tighter(target.endpoint.config.max_latency, self.sla())
            .filter(|_| self.question.is_streamed_chat());
        let latency_limit = limit.filter(|_| picker.alternative(self.asker()));
        let continues = self.continues_at(target);
        let stale = |f: &Fault| f.kind == FaultKind::Stale;
        let fresh = picker.standings[index].fault.as_ref().is_some_and(stale);
        let moved = picker.standings.iter().enumerate().any(|(i, s)| i != index && s.asked > 0);
        AttemptContext {
            index,
            admission,
            number,
            key: None,
            refreshes: false,
            latency_limit,
            continues,
            fresh,
            moved,
        }
    }

    /// An attempt's place in the trail, before anything is known of it.
    pub(super) fn blank(&self, target: &Target, outcome: AttemptOutcome, reason: Option<Reason>) -> Attempt {
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

    /// Sends, and reads until there is content.
    async fn begin(&self, mut trial: AttemptContext) -> AttemptResult<'_> {
        let begun = match send::send(self, &mut trial).await {
            Err(failed) => {
                self.note(&trial, |a| a.reused_connection = failed.reused);
                Err(failed.fault)
            }
            Ok(answer) => {
                let head = &answer.head;
                self.note(&trial, |a| {
                    a.status = Some(head.status);
                    a.reused_connection = head.reused;
                    a.vendor_request_id.clone_from(&head.vendor_request_id);
                });
                let status = head.status;
                let begun = match &self.question {
                    // In places of their own: calls that are answered whole need no room for them.
                    CallRequest::Other(_) => {
                        let flow = Box::pin(response::begin(self, &mut trial, answer)).await;
                        flow.map(|flow| Committed::Flow(Box::new(flow)))
                    }
                    CallRequest::Chat(chat) if chat.stream => {
                        Box::pin(stream::begin(self, chat, &mut trial, answer)).await.map(Committed::Stream)
                    }
                    CallRequest::Chat(_) => {
                        receive::receive(self, &trial.admission, answer).await.map(Committed::Whole)
                    }
                };
                begun.map_err(|fault| Fault { status: fault.status.or(Some(status)), ..fault })
            }
        };
        let begun = begun.map_err(|fault| redacted_fault(&trial.admission.target, fault));
        AttemptResult { index: trial.index, trial, begun }
    }
}
