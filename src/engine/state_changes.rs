//! Publishes state changes: as events, to incidents, and as alerts where only the user can help.

use std::time::Instant;

use serde_json::json;

use super::Engine;
use crate::{
    alert::{ConditionDetails, ConditionKind},
    base::{
        event::{self, EventKind},
        reason::Reason,
        timestamp::iso8601,
    },
    policy::{breaker::BreakerState, fault::BlameScope},
    state::{StateChange, Target},
};

impl Engine {
    /// Publishes the state changes of a target.
    pub fn publish_changes(&self, target: &Target, reason: Option<Reason>, changes: &[StateChange]) {
        for change in changes {
            match change {
                StateChange::Breaker { scope, state, until } => {
                    self.wait_queue.notify_listener();
                    if let (BreakerState::Open, Some(until)) = (state, until) {
                        self.recorder.record_ejection(
                            &target.endpoint,
                            model_in(target, *scope),
                            reason,
                            *until,
                        );
                    }
                    event::emit(&*self.events, EventKind::Breaker, || {
                        json!({
                            "endpoint": target.endpoint.config.name,
                            "model": model_in(target, *scope),
                            "scope": scope_name(*scope),
                            "state": state_name(*state),
                            "retryAt": until.map(|at| self.wall_ms(at)),
                            "at": iso8601(self.wall()),
                        })
                    });
                }
                StateChange::Cooldown { scope, until } => {
                    self.raise_condition(target, reason, *until);
                    self.recorder.record_ejection(&target.endpoint, model_in(target, *scope), reason, *until);
                    event::emit(&*self.events, EventKind::Cooldown, || {
                        json!({
                            "endpoint": target.endpoint.config.name,
                            "model": model_in(target, *scope),
                            "scope": scope_name(*scope),
                            "reason": reason,
                            "until": self.wall_ms(*until),
                            "at": iso8601(self.wall()),
                        })
                    });
                }
            }
        }
    }

    /// Raises an alert, once, for what only the user can fix: an account, a key, a model's name.
    fn raise_condition(&self, target: &Target, reason: Option<Reason>, until: Instant) {
        let Some(condition_kind) = reason.and_then(ConditionKind::of) else { return };
        let alert = self.conditions.lock().raise(
            condition_kind,
            &subject(target, condition_kind),
            self.wall(),
            || ConditionDetails {
                service: target.endpoint.config.name.clone(),
                key: target.credential.hint(),
                model: target.model.to_string(),
                until: self.wall_ms(until),
            },
        );
        if let Some(alert) = alert {
            self.recorder.alert_manager.publish(&alert);
        }
    }

    /// Resolves the alerts about a target that has answered.
    pub fn resolve_conditions(&self, target: &Target) {
        self.wait_queue.notify_recovered();
        let mut conditions = self.conditions.lock();
        if conditions.is_empty() {
            return;
        }
        let resolved: Vec<_> = ConditionKind::ALL
            .iter()
            .filter_map(|condition_kind| {
                conditions.clear(*condition_kind, &subject(target, *condition_kind), self.wall())
            })
            .collect();
        drop(conditions);
        resolved.iter().for_each(|alert| self.recorder.alert_manager.publish(alert));
    }
}

/// What an alert is about: a key at an origin, or a model at an endpoint.
fn subject(target: &Target, condition_kind: ConditionKind) -> String {
    match condition_kind {
        ConditionKind::Quota | ConditionKind::Auth | ConditionKind::Permission => {
            target.credential.subject(&target.endpoint.origin.address)
        }
        ConditionKind::NotFound => format!("{} {}", target.endpoint.config.name, target.model),
    }
}

fn model_in(target: &Target, scope: BlameScope) -> Option<&str> {
    (scope == BlameScope::Endpoint).then_some(&*target.model)
}

fn scope_name(scope: BlameScope) -> &'static str {
    match scope {
        BlameScope::Origin => "origin",
        BlameScope::Credential => "credential",
        BlameScope::Endpoint => "endpoint",
        BlameScope::Request => "request",
    }
}

pub fn state_name(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "halfOpen",
    }
}
