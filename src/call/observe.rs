//! Records a call's attempts and end with the recorder.

use super::{context::Call, error::CallError, report::Attempt, select::constraints, types::CallReply};
use crate::{
    alert::rules::AttemptLatency,
    base::{clock::now, reason::Reason},
    observe::{
        counters::Failover,
        observation::{AttemptObservation, CallObservation, CallOutcome, TargetKey},
    },
    policy::fault::{BlameScope, Fault},
    state::Target,
};

/// The label for models that no endpoint serves: names that callers invent are not counted one by one.
const UNKNOWN: &str = "(unknown)";
/// The tag that names the user when the request does not.
const USER: &str = "user";

impl Call {
    /// Records a finished attempt, with its fault if it failed.
    pub(super) fn record_attempt(
        &self,
        target: &Target,
        began: std::time::Instant,
        fault: Option<&Fault>,
        first_content: Option<std::time::Instant>,
    ) {
        let observation = AttemptObservation {
            place: target.key(),
            at: self.engine.wall(),
            now: now(),
            took: now().saturating_duration_since(began),
            failure: fault.map(|fault| fault.kind.reason()),
            blames: fault.is_some_and(|fault| fault.kind.rule().scope != BlameScope::Request),
        };
        // Attempts may end after the client was closed. A poll that they started would have no owner.
        if self.engine.recorder.record_attempt(&observation) && !self.engine.is_closed() {
            let endpoint = &target.endpoint;
            self.engine.watch_status_page(endpoint);
        }
        let latency = first_content.map_or(observation.took, |at| at.saturating_duration_since(began));
        let limit = constraints::tighter(
            target.endpoint.config.max_latency,
            self.options.rule.as_ref().and_then(|rule| rule.latency_sla),
        );
        self.engine.recorder.alert_manager.on_attempt(&observation, AttemptLatency { latency, limit });
    }

    /// Counts an attempt once, when its outcome is final.
    pub(super) fn count_attempt(&self, attempt: &Attempt) {
        let Attempt { endpoint, model, outcome, reason, .. } = attempt;
        let provider = || self.engine.endpoint(endpoint).map_or("", |e| &*e.config.provider);
        let chat = self.request.chat().is_some();
        self.engine.recorder.counters.of(endpoint, provider(), model, chat).attempt(outcome.word(), *reason);
    }

    pub(super) fn record_failover(&self, from: &Target, to: &Target, fault: &Fault) {
        let failover = Failover { from: from.key(), to: to.key(), reason: fault.kind.reason() };
        self.engine.recorder.record_failover(failover);
    }

    /// Records the end of the call, once.
    pub(super) fn record_end(&mut self, result: Option<&Result<CallReply, CallError>>) {
        if std::mem::replace(&mut self.is_recorded, true) {
            return;
        }
        let answer = match result {
            Some(Ok(reply)) => reply.answer.clone(),
            _ => None,
        };
        let outcome = match result {
            None => CallOutcome::Aborted,
            Some(Ok(_)) if answer.is_some() => CallOutcome::Answered,
            Some(Ok(_)) => CallOutcome::Fallback,
            Some(Err(error)) if self.is_to_be_queued(error) => CallOutcome::Queued,
            Some(Err(error)) => CallOutcome::Failed(error.reason),
        };
        let made_up = self.primary.is_none() && outcome == CallOutcome::Failed(Reason::NotFound);
        let model = if made_up { UNKNOWN } else { self.request.model().unwrap_or_default() };
        let tag = || self.options.tags.iter().find(|(name, _)| name == USER).map(|(_, value)| &**value);
        let attempt_log = self.attempt_log.lock();
        self.engine.recorder.record_call(
            model,
            &CallObservation {
                id: self.id.clone(),
                at: self.engine.wall(),
                now: now(),
                took: now().saturating_duration_since(self.started),
                primary: self.primary.clone(),
                without_failover: self
                    .primary
                    .as_ref()
                    .and_then(|primary| without_failover(attempt_log.attempts(), primary)),
                attempts: attempt_log.attempts().len(),
                outcome,
                outage: matches!(result, Some(Err(error)) if error.is_loss()),
                answer,
                user: self.request.user().or_else(tag).map(str::to_owned),
            },
        );
    }
}

/// The call's failure without failover. A primary skipped by breaker, cooldown or limiter counts as failed.
fn without_failover(attempts: &[Attempt], primary: &TargetKey) -> Option<Reason> {
    let own = |a: &&Attempt| (&a.endpoint, &a.model) == (&primary.0, &primary.1);
    // Within a tier another candidate may have been drawn first.
    let first = attempts.iter().find(own).or_else(|| attempts.first())?;
    first.reason.filter(|reason| match reason {
        // The primary was healthy, but too slow or too expensive, or its answer was not waited for.
        Reason::Hedged | Reason::Aborted | Reason::LatencyLimit | Reason::CostLimit => false,
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::call::report::AttemptOutcome;

    fn attempt(endpoint: &str, outcome: AttemptOutcome, reason: Option<Reason>) -> Attempt {
        Attempt {
            endpoint: endpoint.into(),
            model: "m".into(),
            started_at: SystemTime::UNIX_EPOCH,
            duration_ms: Duration::ZERO,
            outcome,
            reason,
            status: None,
            reused_connection: false,
            maybe_billed: false,
            vendor_request_id: None,
        }
    }

    #[test]
    fn alone_is_what_the_usual_one_came_to_first() {
        use AttemptOutcome::{Fail, Next, Ok, Skipped};
        let primary: TargetKey = ("a".into(), "m".into());
        let cases = [
            (vec![attempt("a", Ok, None)], None),
            (
                vec![attempt("a", Next, Some(Reason::ServerError)), attempt("b", Ok, None)],
                Some(Reason::ServerError),
            ),
            (vec![attempt("a", Next, Some(Reason::Reset)), attempt("a", Ok, None)], Some(Reason::Reset)),
            (
                vec![attempt("a", Skipped, Some(Reason::BreakerOpen)), attempt("b", Ok, None)],
                Some(Reason::BreakerOpen),
            ),
            (vec![attempt("a", Skipped, Some(Reason::CostLimit)), attempt("b", Ok, None)], None),
            (vec![attempt("a", Fail, Some(Reason::Hedged)), attempt("b", Ok, None)], None),
            (vec![attempt("b", Next, Some(Reason::Dns)), attempt("a", Ok, None)], None),
            (vec![attempt("b", Next, Some(Reason::Dns)), attempt("c", Ok, None)], Some(Reason::Dns)),
            (vec![], None),
        ];
        for (attempts, expected) in cases {
            assert_eq!(without_failover(&attempts, &primary), expected, "{attempts:?}");
        }
    }
}
