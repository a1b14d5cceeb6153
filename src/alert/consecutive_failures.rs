//! The rule over health checks: fires when a probe of an endpoint failed several times in a row.

use std::{collections::HashMap, time::SystemTime};

use serde_json::Value;

use super::types::{Alert, AlertStatus, Severity, fingerprint};
use crate::base::timestamp::iso8601;

/// The result of one check, as the rule needs it.
pub struct CheckObservation<'a> {
    pub service: &'a str,
    /// What is counted separately: an endpoint and a probe.
    pub subject: String,
    pub failure: Option<CheckFailure>,
    pub details: Value,
}

pub struct CheckFailure {
    /// Why the check failed.
    pub what: String,
    pub action: &'static str,
}

#[derive(Default)]
struct FailureCounter {
    failures: u32,
    only_rate_limits: bool,
    firing: Option<Alert>,
}

/// Counts consecutive failures for each subject. Fires once at the threshold, then counts, and resolves.
pub struct ConsecutiveFailures {
    threshold: u32,
    counters: HashMap<String, FailureCounter>,
}

pub(super) const KIND: &str = "consecutive_failures";

impl ConsecutiveFailures {
    pub fn new(threshold: u32) -> Self {
        Self { threshold, counters: HashMap::new() }
    }

    /// Changes the threshold. Subjects that are no longer watched are dropped, and their alerts resolved.
    pub fn reconfigure(
        &mut self,
        threshold: u32,
        now: SystemTime,
        watched: impl Fn(&str) -> bool,
    ) -> Vec<Alert> {
        self.threshold = threshold;
        let gone = self.counters.extract_if(|subject, _| !watched(subject));
        gone.filter_map(|(_, counter)| counter.firing).map(|alert| alert.into_unwatched(now)).collect()
    }

    /// Counts one check; called before its result is emitted.
    pub fn advance(&mut self, subject: &str, failed: bool, rate_limited: bool) -> u32 {
        let counter = self.counters.entry(subject.to_owned()).or_default();
        if !failed {
            counter.failures = 0;
            return 0;
        }
        counter.only_rate_limits = rate_limited && (counter.failures == 0 || counter.only_rate_limits);
        counter.failures = counter.failures.saturating_add(1);
        counter.failures
    }

    /// The alert that follows from a counted check, if any.
    pub fn on_check(&mut self, observation: &CheckObservation<'_>, now: SystemTime) -> Option<Alert> {
        let threshold = self.threshold;
        let counter = self.counters.entry(observation.subject.clone()).or_default();
        let Some(failure) = &observation.failure else {
            let details = observation.details.clone();
            let message = format!("{} is answering again", observation.service);
            return counter.firing.take().map(|alert| Alert { details, ..alert.into_resolved(message, now) });
        };
        if let Some(alert) = &mut counter.firing {
            alert.occurrences = counter.failures;
            return None;
        }
        if counter.failures < threshold {
            return None;
        }
        let alert = Alert {
            severity: if counter.only_rate_limits { Severity::Warning } else { Severity::Critical },
            service: observation.service.to_owned(),
            message: format!(
                "{}: {}: {}",
                observation.service,
                if counter.failures == 1 {
                    "a check failed".to_owned()
                } else {
                    format!("{} checks failed in a row, the last", counter.failures)
                },
                failure.what
            ),
            details: observation.details.clone(),
            recommended_action: failure.action.into(),
            status: AlertStatus::Firing,
            kind: KIND.into(),
            fingerprint: fingerprint(&[KIND, &observation.subject]),
            starts_at: iso8601(now),
            ends_at: None,
            occurrences: counter.failures,
        };
        counter.firing = Some(alert.clone());
        Some(alert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(checks: &[(bool, bool)]) -> Vec<(usize, Alert)> {
        let mut rule = ConsecutiveFailures::new(3);
        let mut alerts = Vec::new();
        for (i, (failed, rate_limited)) in checks.iter().enumerate() {
            rule.advance("a endpoint", *failed, *rate_limited);
            let observation = CheckObservation {
                service: "a",
                subject: "a endpoint".into(),
                failure: failed.then_some(CheckFailure { what: "DOWN".into(), action: "act" }),
                details: Value::Null,
            };
            alerts.extend(rule.on_check(&observation, SystemTime::now()).map(|alert| (i, alert)));
        }
        alerts
    }

    const DOWN: (bool, bool) = (true, false);
    const LIMITED: (bool, bool) = (true, true);
    const UP: (bool, bool) = (false, false);

    #[test]
    fn fires_once_at_the_threshold_counts_on_and_resolves() {
        let alerts = run(&[DOWN, DOWN, DOWN, DOWN, DOWN, UP, UP, DOWN, DOWN, DOWN]);
        let brief: Vec<_> = alerts.iter().map(|(i, a)| (*i, a.status, a.occurrences)).collect();
        assert_eq!(
            brief,
            [(2, AlertStatus::Firing, 3), (5, AlertStatus::Resolved, 5), (9, AlertStatus::Firing, 3)]
        );
        assert_eq!(alerts[0].1.fingerprint, alerts[2].1.fingerprint);
        assert!(alerts[1].1.ends_at.is_some() && alerts[0].1.ends_at.is_none());
    }

    #[test]
    fn rate_limiting_alone_is_a_warning() {
        assert_eq!(run(&[LIMITED; 3])[0].1.severity, Severity::Warning);
        assert_eq!(run(&[LIMITED, DOWN, LIMITED])[0].1.severity, Severity::Critical);
        assert_eq!(run(&[DOWN, UP, LIMITED, LIMITED, LIMITED])[0].1.severity, Severity::Warning);
    }

    #[test]
    fn what_is_watched_no_more_is_over() {
        let mut rule = ConsecutiveFailures::new(1);
        for subject in ["a endpoint", "b endpoint"] {
            rule.advance(subject, true, false);
            let failure = Some(CheckFailure { what: "DOWN".into(), action: "act" });
            let observation =
                CheckObservation { service: "s", subject: subject.into(), failure, details: Value::Null };
            assert!(rule.on_check(&observation, SystemTime::UNIX_EPOCH).is_some());
        }
        let resolved = rule.reconfigure(1, SystemTime::UNIX_EPOCH, |subject| subject.starts_with("b "));
        assert_eq!(resolved.len(), 1);
        assert_eq!(
            (resolved[0].status, &*resolved[0].fingerprint),
            (AlertStatus::Resolved, &*fingerprint(&[KIND, "a endpoint"]))
        );
    }

    #[test]
    fn a_success_in_between_starts_over() {
        assert!(run(&[DOWN, DOWN, UP, DOWN, DOWN, UP]).is_empty());
    }
}
