//! Conditions that only the user can fix: an alert when one begins, another when it ends.

use std::{collections::BTreeMap, time::SystemTime};

use serde_json::json;

use super::types::{Alert, AlertStatus, Severity, fingerprint};
use crate::base::{reason::Reason, timestamp::iso8601};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionKind {
    Quota,
    Auth,
    Permission,
    NotFound,
}

/// The details of a condition's alert.
pub struct ConditionDetails {
    pub service: String,
    /// The hint of the key.
    pub key: String,
    pub model: String,
    /// Milliseconds since 1970.
    pub until: u64,
}

/// The firing conditions: at most one for each key and model, and bounded besides.
#[derive(Default)]
pub struct Conditions(BTreeMap<String, Condition>);

struct Condition {
    condition_kind: ConditionKind,
    subject: String,
    model: String,
    alert: Alert,
}

const MAX_CONDITIONS: usize = 1_024;
/// Callers may name any model: conditions of models must leave room for those of keys.
const MOST_MODELS: usize = 64;

impl ConditionKind {
    pub const ALL: [Self; 4] = [Self::Quota, Self::Auth, Self::Permission, Self::NotFound];

    /// The condition that a failure means, if the user has to act.
    pub fn of(reason: Reason) -> Option<Self> {
        match reason {
            Reason::Quota => Some(Self::Quota),
            Reason::Auth => Some(Self::Auth),
            Reason::Permission => Some(Self::Permission),
            Reason::NotFound => Some(Self::NotFound),
            _ => None,
        }
    }

    pub const fn kind(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::NotFound => "model_not_found",
        }
    }

    fn message(self, facts: &ConditionDetails) -> String {
        let ConditionDetails { service, key, model, .. } = facts;
        match self {
            Self::Quota => format!("{service}: the quota or spend limit of key {key} is reached"),
            Self::Auth => format!("{service}: key {key} was refused"),
            Self::Permission => format!("{service}: key {key} lacks permission"),
            Self::NotFound => format!("{service}: the model '{model}' was not found"),
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Quota => {
                "Raise the limit or top up the account; other keys and endpoints take over meanwhile."
            }
            Self::Auth => "Check the API key; reissue it if needed.",
            Self::Permission => "Check what this key may do, and the account's region and plan.",
            Self::NotFound => "Check the model's name and whether this account has access to it.",
        }
    }
}

impl Conditions {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Raises a condition: returns an alert the first time, and counts from then on.
    pub fn raise(
        &mut self,
        condition_kind: ConditionKind,
        subject: &str,
        now: SystemTime,
        facts: impl FnOnce() -> ConditionDetails,
    ) -> Option<Alert> {
        let fingerprint = fingerprint(&[condition_kind.kind(), subject]);
        if let Some(Condition { alert, .. }) = self.0.get_mut(&fingerprint) {
            alert.occurrences = alert.occurrences.saturating_add(1);
            return None;
        }
        let models = condition_kind == ConditionKind::NotFound;
        let known =
            self.0.values().filter(|one| (one.condition_kind == ConditionKind::NotFound) == models).count();
        if known >= if models { MOST_MODELS } else { MAX_CONDITIONS } {
            return None;
        }
        let facts = facts();
        let alert = Alert {
            severity: Severity::Critical,
            message: condition_kind.message(&facts),
            details: json!({
                "endpoint": facts.service, "model": &facts.model, "keyHint": facts.key, "until": facts.until,
            }),
            service: facts.service,
            recommended_action: condition_kind.action().into(),
            status: AlertStatus::Firing,
            kind: condition_kind.kind().into(),
            fingerprint: fingerprint.clone(),
            starts_at: iso8601(now),
            ends_at: None,
            occurrences: 1,
        };
        let condition = Condition {
            condition_kind,
            subject: subject.to_owned(),
            model: facts.model,
            alert: alert.clone(),
        };
        self.0.insert(fingerprint, condition);
        Some(alert)
    }

    /// Clears a condition; returns the resolving alert if one is firing.
    pub fn clear(&mut self, condition_kind: ConditionKind, subject: &str, now: SystemTime) -> Option<Alert> {
        let Condition { alert, .. } = self.0.remove(&fingerprint(&[condition_kind.kind(), subject]))?;
        let message = format!("{} is answering again", alert.service);
        Some(alert.into_resolved(message, now))
    }

    /// Resolves the conditions of removed keys and models. `is_there` gets kind, subject, endpoint and
    /// model.
    pub fn keep(
        &mut self,
        now: SystemTime,
        is_there: impl Fn(ConditionKind, &str, &str, &str) -> bool,
    ) -> Vec<Alert> {
        let gone = self.0.extract_if(.., |_, one| {
            !is_there(one.condition_kind, &one.subject, &one.alert.service, &one.model)
        });
        gone.map(|(_, one)| one.alert.into_unwatched(now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_once_counted_and_resolved() {
        let now = SystemTime::UNIX_EPOCH;
        let mut conditions = Conditions::default();
        let facts =
            || ConditionDetails {
                service: "a".into(), key: "sk-…1234".into(), model: "m".into(), until: 5
            };
        let fired = conditions.raise(ConditionKind::Quota, "a sk", now, facts).expect("the first");
        assert!(conditions.raise(ConditionKind::Quota, "a sk", now, facts).is_none());
        assert!(conditions.raise(ConditionKind::Auth, "a sk", now, facts).is_some(), "another trouble");
        let resolved = conditions.clear(ConditionKind::Quota, "a sk", now).expect("firing");
        assert_eq!((fired.status, resolved.status), (AlertStatus::Firing, AlertStatus::Resolved));
        assert_eq!(fired.fingerprint, resolved.fingerprint);
        assert_eq!((fired.occurrences, resolved.occurrences), (1, 2));
        assert!(conditions.clear(ConditionKind::Quota, "a sk", now).is_none());
        assert!(!conditions.is_empty());
        let over = conditions.keep(now, |condition_kind, subject, endpoint, model| {
            (condition_kind, subject, endpoint, model) != (ConditionKind::Auth, "a sk", "a", "m")
        });
        assert_eq!(
            over.iter().map(|a| (&*a.kind, a.status)).collect::<Vec<_>>(),
            [("auth", AlertStatus::Resolved)]
        );
        assert!(conditions.is_empty());
    }

    #[test]
    fn models_that_callers_make_up_leave_room_for_keys() {
        let now = SystemTime::UNIX_EPOCH;
        let mut conditions = Conditions::default();
        let facts = || ConditionDetails { service: "a".into(), key: "k".into(), model: "m".into(), until: 5 };
        let raised = (0..5_000)
            .filter_map(|n| conditions.raise(ConditionKind::NotFound, &format!("a {n}"), now, facts));
        assert_eq!(raised.count(), MOST_MODELS);
        let keys =
            (0..5_000).filter_map(|n| conditions.raise(ConditionKind::Auth, &format!("a {n}"), now, facts));
        assert_eq!(keys.count(), MAX_CONDITIONS);
    }
}
