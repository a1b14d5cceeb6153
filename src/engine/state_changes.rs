//! What changed at a target: told to listeners, to incidents, and to people where only they can mend it.

use std::time::Instant;

use serde_json::json;

use super::Engine;
use crate::{
    alert::{Facts, Trouble},
    base::{
        event::{self, EventKind},
        reason::Reason,
        timestamp::iso8601,
    },
    policy::{breaker::State, fault::Scope},
    state::{Change, Target},
};

impl Engine {
    /// Tells listeners what changed at a target.
    pub fn announce(&self, target: &Target, reason: Option<Reason>, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Breaker { scope, state, until } => {
                    self.room.tell_watcher();
                    if let (State::Open, Some(until)) = (state, until) {
                        self.witness.out(&target.endpoint, model_in(target, *scope), reason, *until);
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
                Change::Cooldown { scope, until } => {
                    self.parked(target, reason, *until);
                    self.witness.out(&target.endpoint, model_in(target, *scope), reason, *until);
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

    /// People are told once of what only they can mend: an account, a key, a model's name.
    fn parked(&self, target: &Target, reason: Option<Reason>, until: Instant) {
        let Some(trouble) = reason.and_then(Trouble::of) else { return };
        let alert = self.conditions.lock().raise(trouble, &subject(target, trouble), self.wall(), || Facts {
            service: target.endpoint.config.name.clone(),
            key: target.credential.hint(),
            model: target.model.to_string(),
            until: self.wall_ms(until),
        });
        if let Some(alert) = alert {
            self.witness.alarm.tell(&alert);
        }
    }

    /// A target answered: what people were told of it is over.
    pub fn well_again(&self, target: &Target) {
        self.room.tell_recovered();
        let mut conditions = self.conditions.lock();
        if conditions.is_empty() {
            return;
        }
        let over: Vec<_> = Trouble::ALL
            .iter()
            .filter_map(|trouble| conditions.clear(*trouble, &subject(target, *trouble), self.wall()))
            .collect();
        drop(conditions);
        over.iter().for_each(|alert| self.witness.alarm.tell(alert));
    }
}

/// Who is in trouble: a key at an origin, or a model at an endpoint.
fn subject(target: &Target, trouble: Trouble) -> String {
    match trouble {
        Trouble::Quota | Trouble::Auth | Trouble::Permission => {
            target.credential.subject(&target.endpoint.origin.address)
        }
        Trouble::NotFound => format!("{} {}", target.endpoint.config.name, target.model),
    }
}

fn model_in(target: &Target, scope: Scope) -> Option<&str> {
    (scope == Scope::Endpoint).then_some(&*target.model)
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Origin => "origin",
        Scope::Credential => "credential",
        Scope::Endpoint => "endpoint",
        Scope::Request => "request",
    }
}

pub fn state_name(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Open => "open",
        State::HalfOpen => "halfOpen",
    }
}
