//! The firing alerts of the rules, each from its beginning to its end.

use std::{collections::BTreeMap, time::SystemTime};

use serde_json::Value;

use crate::{
    alert::types::{Alert, AlertStatus, Severity, fingerprint},
    base::timestamp::iso8601,
};

/// A latency alert resolves below this share of its threshold, a rate or count below half of it.
pub(super) const CLEARED: f64 = 0.8;

/// The most firing alerts: one for each endpoint and budget, and bounded besides.
const MAX_FIRING: usize = 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleKind {
    Latency,
    ErrorRate,
    RateLimited,
    Failover,
    Exceeded,
    Cost,
    Backlog,
}

/// The text of an alert when it begins.
pub struct AlertText {
    pub severity: Severity,
    pub message: String,
    pub details: Value,
}

#[derive(Default)]
pub struct FiringAlerts(BTreeMap<(RuleKind, String), FiringAlert>);

struct FiringAlert {
    alert: Alert,
    /// When it resolves by itself, in milliseconds since 1970.
    until: Option<u64>,
}

impl RuleKind {
    pub const ALL: [Self; 7] = [
        Self::Latency,
        Self::ErrorRate,
        Self::RateLimited,
        Self::Failover,
        Self::Exceeded,
        Self::Cost,
        Self::Backlog,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::ErrorRate => "error_rate",
            Self::RateLimited => "rate_limited",
            Self::Failover => "failover_triggered",
            Self::Exceeded => "latency_exceeded",
            Self::Cost => "cost_threshold_exceeded",
            Self::Backlog => "queue_backlog",
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Latency => {
                "Check the vendor's status page; give faster endpoints a higher priority, or set maxLatency."
            }
            Self::ErrorRate => "Check the vendor's status page; prefer another endpoint until it recovers.",
            Self::RateLimited => "Raise the plan's limits, lower the request rate, or add keys or endpoints.",
            Self::Failover => {
                "Calls are answered by another endpoint. Find out why this one fails before that one fails, too."
            }
            Self::Exceeded => {
                "Check the vendor's status page; raise the limit if answers are meant to take longer."
            }
            Self::Cost => {
                "Check the costs by model, endpoint and tag (client.costs()); raise the budget or reduce usage."
            }
            Self::Backlog => {
                "Check whether any endpoint answers, and whether its rate limits let the queue drain."
            }
        }
    }
}

impl FiringAlerts {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an alert fires that ends by time alone; and the earliest known end.
    pub fn timed(&self) -> (bool, Option<u64>) {
        let waits = self.0.keys().any(|(kind, _)| !matches!(kind, RuleKind::Cost | RuleKind::Backlog));
        (waits, self.0.values().filter_map(|episode| episode.until).min())
    }

    /// Fires an alert the first time, and counts from then on.
    pub fn fire(
        &mut self,
        kind: RuleKind,
        subject: &str,
        service: &str,
        at: SystemTime,
        until: Option<u64>,
        say: impl FnOnce() -> AlertText,
    ) -> Option<Alert> {
        if let Some(FiringAlert { alert, .. }) = self.0.get_mut(&(kind, subject.to_owned())) {
            alert.occurrences = alert.occurrences.saturating_add(1);
            return None;
        }
        if self.0.len() >= MAX_FIRING {
            return None;
        }
        let AlertText { severity, message, details } = say();
        let alert = Alert {
            severity,
            service: service.to_owned(),
            message,
            details,
            recommended_action: kind.action().into(),
            status: AlertStatus::Firing,
            kind: kind.word().into(),
            fingerprint: fingerprint(&[kind.word(), subject]),
            starts_at: iso8601(at),
            ends_at: None,
            occurrences: 1,
        };
        self.0.insert((kind, subject.to_owned()), FiringAlert { alert: alert.clone(), until });
        Some(alert)
    }

    /// Resolves an alert; returns it if it was firing.
    pub fn resolve(
        &mut self,
        kind: RuleKind,
        subject: &str,
        at: SystemTime,
        message: impl FnOnce() -> String,
    ) -> Option<Alert> {
        if self.0.is_empty() {
            return None;
        }
        let FiringAlert { alert, .. } = self.0.remove(&(kind, subject.to_owned()))?;
        Some(alert.into_resolved(message(), at))
    }

    /// Resolves every alert for which `is_over` returns true. It gets kind, subject and known end.
    pub fn resolve_all(
        &mut self,
        at: SystemTime,
        message: &str,
        is_over: impl Fn(RuleKind, &str, Option<u64>) -> bool,
    ) -> Vec<Alert> {
        let ended: Vec<_> =
            self.0.iter().filter(|((k, s), e)| is_over(*k, s, e.until)).map(|(key, _)| key.clone()).collect();
        let ended = ended.iter().filter_map(|key| self.0.remove(key));
        ended
            .map(|FiringAlert { alert, .. }| {
                let message = format!("{}: {message}", alert.service);
                alert.into_resolved(message, at)
            })
            .collect()
    }

    /// The firing alerts about endpoints.
    pub fn of_endpoints(&self) -> Vec<(RuleKind, String)> {
        let keys = self.0.keys().filter(|(kind, _)| !matches!(kind, RuleKind::Cost | RuleKind::Backlog));
        keys.cloned().collect()
    }
}
