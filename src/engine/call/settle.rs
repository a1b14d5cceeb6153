//! An attempt's end, booked everywhere at once: trail, breaker, cooldown, load, counters, events.

use std::time::{Duration, SystemTime};

use super::{Answered, Call, Ended};
use crate::{
    engine::{
        admission::Admission,
        attempt,
        client::now,
        report::{Attempt, AttemptOutcome},
        state::{LastError, Target},
    },
    observe::latency::Part,
    policy::fault::{Fault, Kind, Scope},
    reason::Reason,
};

impl Call {
    pub(super) fn note(&mut self, change: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = &mut self.current {
            change(attempt);
        }
    }

    /// Books an attempt's end everywhere at once: trail, breaker, cooldown, load, counters, events.
    pub(super) fn settle(&mut self, admission: &mut Admission, ended: &Ended) {
        let target = admission.target.clone();
        let now = now();
        let took = now.saturating_duration_since(admission.began);
        let (outcome, reason) = match ended {
            Ended::Answered(answered) => {
                // A stream was booked when its content began.
                if !self.request.stream {
                    self.commit(admission, took);
                }
                self.record_answer(&target, answered, took);
                (AttemptOutcome::Ok, None)
            }
            Ended::Failed(fault) => {
                let changes = admission.failed(fault, now, self.engine.draw());
                self.record_fault(&target, fault, took);
                self.note(|a| {
                    a.status = fault.status.or(a.status);
                    a.maybe_billed = fault.maybe_billed;
                    if a.vendor_request_id.is_none() {
                        a.vendor_request_id.clone_from(&fault.vendor_request_id);
                    }
                });
                self.engine.announce(&target, Some(fault.kind.reason()), &changes);
                (AttemptOutcome::Next, Some(fault.kind.reason()))
            }
            Ended::Interrupted(error) => {
                if let Some(change) = target.failed_late(now, self.engine.draw()) {
                    self.engine.announce(&target, Some(error.reason), &[change]);
                }
                self.note(|a| a.maybe_billed = true);
                self.record_failure(&target, error.reason, &error.message, took);
                (AttemptOutcome::Fail, Some(error.reason))
            }
            Ended::Expired(error) => {
                self.note(|a| a.maybe_billed = true);
                (AttemptOutcome::Fail, Some(error.reason))
            }
        };
        self.note(|a| {
            a.duration_ms = took;
            a.outcome = outcome;
            a.reason = reason;
        });
        if let Some(attempt) = self.current.take() {
            self.tell_attempt(&attempt);
            self.trail.push(attempt);
        }
        self.current_target = None;
    }

    /// First content arrived: from here on the attempt is a success.
    pub fn commit(&self, admission: &mut Admission, took: Duration) {
        let changes = admission.succeeded(now(), took, self.engine.draw());
        let target = &admission.target;
        target.stats.lock().latencies.record(Part::FirstContent, took);
        self.engine.announce(target, None, &changes);
    }

    fn record_answer(&self, target: &Target, answered: &Answered, took: Duration) {
        let now = now();
        let mut stats = target.stats.lock();
        stats.total += 1;
        stats.last_success = Some(now);
        stats.samples.record(true, took);
        stats.latencies.record(Part::Total, took);
        stats.latencies.record(Part::QueueWait, self.waited);
        if let Some(connect) = answered.connect_took {
            stats.latencies.record(Part::Connect, connect);
        }
        if let Some(since) = stats.failing_since.take() {
            if stats.recoveries.len() == 20 {
                stats.recoveries.pop_front();
            }
            stats.recoveries.push_back(now.saturating_duration_since(since));
        }
    }

    fn record_fault(&self, target: &Target, fault: &Fault, took: Duration) {
        let reason = fault.kind.reason();
        // A caller's mistake says nothing about the endpoint.
        if fault.kind.rule().scope != Scope::Request {
            self.record_failure(target, reason, &fault.message, took);
        }
        if matches!(fault.kind, Kind::RateLimited | Kind::Quota) {
            let mut stats = target.stats.lock();
            stats.rate_limited += 1;
            stats.last_rate_limited = Some(SystemTime::now());
        }
        // A timeout is a latency that was not seen to its end: recorded where it was cut.
        if matches!(fault.kind, Kind::HeadersTimeout | Kind::FirstContentTimeout) {
            target.stats.lock().latencies.record(Part::FirstContent, took);
        }
        attempt::tell_special(&self.engine, target, fault);
    }

    fn record_failure(&self, target: &Target, reason: Reason, message: &str, took: Duration) {
        let at = SystemTime::now();
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

    /// The call ended while an attempt was under way, or after its last one failed.
    pub(super) fn finish_trail(&mut self, reason: Reason) {
        if let Some(mut attempt) = self.current.take() {
            attempt.reason = Some(reason);
            attempt.outcome = AttemptOutcome::Fail;
            attempt.maybe_billed = true;
            if let Some((_, began)) = self.current_target.take() {
                attempt.duration_ms = now().saturating_duration_since(began);
            }
            self.tell_attempt(&attempt);
            self.trail.push(attempt);
        }
        if let Some(last) = self.trail.iter_mut().rev().find(|a| a.outcome != AttemptOutcome::Skipped) {
            last.outcome = AttemptOutcome::Fail;
        }
    }
}

impl Drop for Call {
    /// An aborted call's attempt was made all the same, and is told.
    fn drop(&mut self) {
        if self.current.is_some() {
            self.finish_trail(Reason::Aborted);
        }
    }
}

/// A vendor that quotes the key back must not make it public.
pub(super) fn redacted(target: &Target, mut ended: Ended) -> Ended {
    match &mut ended {
        Ended::Answered(_) => {}
        Ended::Failed(fault) => {
            target.redact(&mut fault.message);
            for text in [&mut fault.code, &mut fault.vendor_request_id].into_iter().flatten() {
                target.redact(text);
            }
        }
        Ended::Interrupted(error) | Ended::Expired(error) => {
            target.redact(&mut error.message);
            if let Some(code) = &mut error.vendor_code {
                target.redact(code);
            }
        }
    }
    ended
}
