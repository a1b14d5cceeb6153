//! Records an attempt's end everywhere at once: log, breaker, cooldown, load, counters, events.

use std::time::Duration;

use super::{
    context::Call,
    report::{Attempt, AttemptOutcome},
    types::{AttemptContext, AttemptEnd, CallAnswer},
};
use crate::{
    base::{clock::now, reason::Reason},
    observe::latency::LatencyPhase,
    policy::fault::{BlameScope, Fault, FaultKind},
    state::{LastError, Target, admission::Admission},
};

impl Call {
    pub(super) fn note(&self, attempt: &AttemptContext, change: impl FnOnce(&mut Attempt)) {
        self.attempt_log.lock().change(attempt.number, change);
    }

    /// Records an attempt's end everywhere at once: log, breaker, cooldown, load, counters, events.
    pub(super) fn finish_attempt(&self, attempt: &mut AttemptContext, ended: &AttemptEnd) {
        let admission = &mut attempt.admission;
        let target = admission.target.clone();
        let now = now();
        let took = now.saturating_duration_since(admission.began);
        let mut refused = None;
        let (outcome, reason) = match ended {
            AttemptEnd::Answered(answered) => {
                // A stream was committed when its content began.
                if self.request.is_whole_chat() {
                    self.commit(admission, took);
                }
                admission.counted(answered.usage.map(|u| (u.input_tokens, u.output_tokens)), now);
                self.record_answer(&target, answered, took);
                self.record_attempt(&target, admission.began, None, answered.first_content);
                self.attempt_log.lock().change(attempt.number, |a| a.maybe_billed = false);
                (AttemptOutcome::Ok, None)
            }
            AttemptEnd::Failed(fault) => {
                let credential = &target.credential;
                if let Some(key) =
                    attempt.key.as_ref().filter(|_| fault.kind == FaultKind::Auth && !fault.retry_forbidden)
                {
                    attempt.refreshes = credential.may_refresh();
                    refused = Some(key.clone());
                }
                if fault.kind.rule().scope != BlameScope::Request {
                    self.record_canary(&target, None);
                }
                let changes = admission.failed(fault, now, self.engine.draw());
                self.record_fault(&target, fault, took);
                self.record_attempt(&target, admission.began, Some(fault), None);
                self.attempt_log.lock().change(attempt.number, |a| {
                    a.status = fault.status.or(a.status);
                    a.maybe_billed = fault.maybe_billed;
                    if a.vendor_request_id.is_none() {
                        a.vendor_request_id.clone_from(&fault.vendor_request_id);
                    }
                });
                self.engine.publish_changes(&target, Some(fault.kind.reason()), &changes);
                (AttemptOutcome::Next, Some(fault.kind.reason()))
            }
            AttemptEnd::Interrupted(interruption) => {
                let reason = interruption.fault.kind.reason();
                let changes = admission.failed(&interruption.fault, now, self.engine.draw());
                self.engine.publish_changes(&target, Some(reason), &changes);
                self.attempt_log.lock().change(attempt.number, |a| a.maybe_billed = true);
                self.record_fault(&target, &interruption.fault, took);
                self.record_attempt(&target, admission.began, Some(&interruption.fault), None);
                (AttemptOutcome::Next, Some(reason))
            }
            AttemptEnd::Expired(error) => {
                self.attempt_log.lock().change(attempt.number, |a| a.maybe_billed = true);
                (AttemptOutcome::Fail, Some(error.reason))
            }
        };
        if let Some(key) = refused {
            // Recorded last: what is recorded above depends on whether the function may give another key.
            target.credential.record_refusal(&key, now);
        }
        let mut attempt_log = self.attempt_log.lock();
        attempt_log.end(attempt.number, outcome, reason, now);
        // The outcome of a failure is known when the next candidate is selected, or none is left.
        if outcome == AttemptOutcome::Ok {
            self.emit_attempts(&mut attempt_log);
        }
    }

    /// First content has arrived: from here on the attempt is a success.
    pub fn commit(&self, admission: &mut Admission, took: Duration) {
        let changes = admission.succeeded(now(), took, self.engine.draw());
        let target = &admission.target;
        self.record_canary(target, Some(took));
        target.record_first_content(took, now());
        self.engine.publish_changes(target, None, &changes);
        if target.blockage(now()).is_none() {
            self.engine.resolve_conditions(target);
        }
    }

    /// Only the first attempt of a call counts for the canary.
    fn record_canary(&self, target: &Target, took: Option<Duration>) {
        let canary_draw = self.canary_draw.lock().take();
        if let Some(canary_draw) = canary_draw {
            canary_draw.settle(&self.engine, target, took, now());
        }
    }

    fn record_answer(&self, target: &Target, answered: &CallAnswer, took: Duration) {
        let now = now();
        let mut stats = target.stats.lock();
        stats.total += 1;
        stats.last_success = Some(now);
        stats.samples.record(true, took);
        if let Some(since) = stats.failing_since.take() {
            if stats.recoveries.len() == 20 {
                stats.recoveries.pop_front();
            }
            stats.recoveries.push_back(now.saturating_duration_since(since));
        }
        drop(stats);
        target.time(LatencyPhase::Total, took);
        target.time(LatencyPhase::QueueWait, self.waited);
        if let Some(connect) = answered.connect_took {
            target.time(LatencyPhase::Connect, connect);
        }
    }

    fn record_fault(&self, target: &Target, fault: &Fault, took: Duration) {
        let reason = fault.kind.reason();
        // A caller's mistake does not count against the endpoint.
        if fault.kind.rule().scope != BlameScope::Request {
            self.record_failure(target, reason, &fault.message, took);
        }
        if matches!(fault.kind, FaultKind::RateLimited | FaultKind::Quota) {
            let mut stats = target.stats.lock();
            stats.rate_limited += 1;
            stats.last_rate_limited = Some(self.engine.wall());
        }
        // A timeout is a latency with a lower bound: record it where it was cut off.
        if matches!(
            fault.kind,
            FaultKind::HeadersTimeout | FaultKind::FirstContentTimeout | FaultKind::LatencyLimit
        ) {
            target.record_first_content(took, now());
        }
        self.emit_limit_or_auth_error(target, fault);
    }

    fn record_failure(&self, target: &Target, reason: Reason, message: &str, took: Duration) {
        let at = self.engine.wall();
        {
            let mut stats = target.stats.lock();
            stats.total += 1;
            stats.failed += 1;
            stats.last_failure = Some(at);
            stats.samples.record(false, took);
            stats.failing_since.get_or_insert_with(now);
        }
        *target.endpoint.last_error.lock() = Some(LastError { reason, message: message.to_owned(), at });
    }

    /// Ends the log when the call ends, and records attempts that may be billed.
    pub(super) fn finish_attempt_log(&self, reason: Reason) {
        let mut attempt_log = self.attempt_log.lock();
        for number in attempt_log.under_way() {
            attempt_log.end(number, AttemptOutcome::Fail, Some(reason), now());
        }
        attempt_log.set_last_outcome(AttemptOutcome::Fail);
        self.emit_attempts(&mut attempt_log);
        if !std::mem::replace(&mut attempt_log.cost_recorded, true) {
            let billed: Vec<_> = attempt_log.attempts().iter().filter(|a| a.maybe_billed).collect();
            if !billed.is_empty() {
                let attempts = billed.iter().map(|a| (&*a.endpoint, &*a.model));
                let accountant = &self.engine.accountant;
                accountant.record_unanswered(attempts, &self.options.tags, self.engine.wall_clock());
            }
        }
    }
}

impl Drop for Call {
    /// Emits the attempts of an aborted call too.
    fn drop(&mut self) {
        let ended = {
            let attempt_log = self.attempt_log.lock();
            attempt_log.under_way().is_empty() && !attempt_log.has_unreported()
        };
        if !ended {
            self.finish_attempt_log(Reason::Aborted);
        }
        self.record_end(None);
    }
}
