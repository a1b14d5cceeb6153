//! An attempt's end, booked everywhere at once: trail, breaker, cooldown, load, counters, events.

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
    pub(super) fn note(&self, trial: &AttemptContext, change: impl FnOnce(&mut Attempt)) {
        self.trail.lock().change(trial.number, change);
    }

    /// Books an attempt's end everywhere at once: trail, breaker, cooldown, load, counters, events.
    pub(super) fn settle(&self, trial: &mut AttemptContext, ended: &AttemptEnd) {
        let admission = &mut trial.admission;
        let target = admission.target.clone();
        let now = now();
        let took = now.saturating_duration_since(admission.began);
        let mut refused = None;
        let (outcome, reason) = match ended {
            AttemptEnd::Answered(answered) => {
                // A stream was booked when its content began.
                if self.question.is_whole_chat() {
                    self.commit(admission, took);
                }
                admission.counted(answered.usage.map(|u| (u.input_tokens, u.output_tokens)), now);
                self.record_answer(&target, answered, took);
                self.saw_attempt(&target, admission.began, None, answered.first_content);
                self.trail.lock().change(trial.number, |a| a.maybe_billed = false);
                (AttemptOutcome::Ok, None)
            }
            AttemptEnd::Failed(fault) => {
                let credential = &target.credential;
                if let Some(key) =
                    trial.key.as_ref().filter(|_| fault.kind == FaultKind::Auth && !fault.same_forbidden)
                {
                    trial.refreshes = credential.may_refresh();
                    refused = Some(key.clone());
                }
                if fault.kind.rule().scope != BlameScope::Request {
                    self.count_lot(&target, None);
                }
                let changes = admission.failed(fault, now, self.engine.draw());
                self.record_fault(&target, fault, took);
                self.saw_attempt(&target, admission.began, Some(fault), None);
                self.trail.lock().change(trial.number, |a| {
                    a.status = fault.status.or(a.status);
                    a.maybe_billed = fault.maybe_billed;
                    if a.vendor_request_id.is_none() {
                        a.vendor_request_id.clone_from(&fault.vendor_request_id);
                    }
                });
                self.engine.announce(&target, Some(fault.kind.reason()), &changes);
                (AttemptOutcome::Next, Some(fault.kind.reason()))
            }
            AttemptEnd::Cut(cut) => {
                let reason = cut.fault.kind.reason();
                let changes = admission.failed(&cut.fault, now, self.engine.draw());
                self.engine.announce(&target, Some(reason), &changes);
                self.trail.lock().change(trial.number, |a| a.maybe_billed = true);
                self.record_fault(&target, &cut.fault, took);
                self.saw_attempt(&target, admission.began, Some(&cut.fault), None);
                (AttemptOutcome::Next, Some(reason))
            }
            AttemptEnd::Expired(error) => {
                self.trail.lock().change(trial.number, |a| a.maybe_billed = true);
                (AttemptOutcome::Fail, Some(error.reason))
            }
        };
        if let Some(key) = refused {
            // After the booking, for which it matters whether another key may be asked for.
            target.credential.refuse(&key, now);
        }
        let mut trail = self.trail.lock();
        trail.end(trial.number, outcome, reason, now);
        // What comes of a failure shows when somebody is asked next, or nobody is.
        if outcome == AttemptOutcome::Ok {
            self.tell_attempts(&mut trail);
        }
    }

    /// First content arrived: from here on the attempt is a success.
    pub fn commit(&self, admission: &mut Admission, took: Duration) {
        let changes = admission.succeeded(now(), took, self.engine.draw());
        let target = &admission.target;
        self.count_lot(target, Some(took));
        target.record_first_content(took, now());
        self.engine.announce(target, None, &changes);
        if target.parked(now()).is_none() {
            self.engine.well_again(target);
        }
    }

    /// A new endpoint is judged by calls' first attempts.
    fn count_lot(&self, target: &Target, took: Option<Duration>) {
        let drawn = self.drawn.lock().take();
        if let Some(drawn) = drawn {
            drawn.settle(&self.engine, target, took, now());
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
        // A caller's mistake says nothing about the endpoint.
        if fault.kind.rule().scope != BlameScope::Request {
            self.record_failure(target, reason, &fault.message, took);
        }
        if matches!(fault.kind, FaultKind::RateLimited | FaultKind::Quota) {
            let mut stats = target.stats.lock();
            stats.rate_limited += 1;
            stats.last_rate_limited = Some(self.engine.wall());
        }
        // A timeout is a latency that was not seen to its end: recorded where it was cut.
        if matches!(
            fault.kind,
            FaultKind::HeadersTimeout | FaultKind::FirstContentTimeout | FaultKind::LatencyLimit
        ) {
            target.record_first_content(took, now());
        }
        self.tell_special(target, fault);
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

    /// The call ended while attempts were under way, or after its last one failed.
    pub(super) fn finish_trail(&self, reason: Reason) {
        let mut trail = self.trail.lock();
        for number in trail.under_way() {
            trail.end(number, AttemptOutcome::Fail, Some(reason), now());
        }
        trail.amend_last(AttemptOutcome::Fail);
        self.tell_attempts(&mut trail);
        if !std::mem::replace(&mut trail.booked, true) {
            let billed: Vec<_> = trail.attempts().iter().filter(|a| a.maybe_billed).collect();
            if !billed.is_empty() {
                let attempts = billed.iter().map(|a| (&*a.endpoint, &*a.model));
                let books = &self.engine.books;
                books.record_unanswered(attempts, &self.options.tags, self.engine.wall_clock());
            }
        }
    }
}

impl Drop for Call {
    /// An aborted call's attempts were made all the same, and are told.
    fn drop(&mut self) {
        let ended = {
            let trail = self.trail.lock();
            trail.under_way().is_empty() && !trail.has_untold()
        };
        if !ended {
            self.finish_trail(Reason::Aborted);
        }
        self.saw_end(None);
    }
}
