//! The health of endpoints and models.

use crate::engine::Engine;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use serde::{Serialize, Serializer};

use super::models;
use crate::{
    base::{clock::now, reason::Reason},
    engine::state_changes::state_name,
    policy::breaker::BreakerState,
    state::{Endpoint, Target},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthStatus {
    Healthy,
    Degraded,
    RateLimited,
    Down,
}

impl HealthStatus {
    pub const ALL: [Self; 4] = [Self::Healthy, Self::Degraded, Self::RateLimited, Self::Down];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::RateLimited => "rate_limited",
            Self::Down => "down",
        }
    }
}

impl Serialize for HealthStatus {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.word())
    }
}

/// The health of an endpoint or of one of its models.
pub struct Health {
    pub status: HealthStatus,
    pub breaker: &'static str,
    pub(super) consecutive: u32,
    pub(super) retry_at: Option<Instant>,
    pub cooldown: Option<Instant>,
}

impl Health {
    fn healthy() -> Self {
        Self {
            status: HealthStatus::Healthy,
            breaker: "closed",
            consecutive: 0,
            retry_at: None,
            cooldown: None,
        }
    }
}

/// An endpoint is as healthy as the worst of its models; an isolated one is down.
pub fn endpoint_health(engine: &Engine, endpoint: &Endpoint, now: Instant) -> Health {
    let standings = models(engine, endpoint).into_iter().map(|keys| model_standing(&keys, now));
    let standing = standings.reduce(worse).unwrap_or_else(|| bare_standing(endpoint));
    if endpoint.isolated.load(Ordering::Acquire) > 0 {
        return Health { status: HealthStatus::Down, breaker: "isolated", ..standing };
    }
    standing
}

/// A model is as healthy as the best of its keys.
pub(super) fn model_standing(keys: &[Arc<Target>], now: Instant) -> Health {
    let best = keys.iter().map(|t| target_health(t, now)).min_by_key(|s| s.status);
    best.unwrap_or_else(Health::healthy)
}

fn target_health(target: &Target, now: Instant) -> Health {
    let mut whole = Health::healthy();
    let gates = [&*target.model_gate, &*target.gate, &target.endpoint.origin.gate, &target.credential.gate];
    for gate in gates {
        let gate = gate.lock();
        if let Some(breaker) = &gate.breaker {
            let state = breaker.state(now);
            let (status, name) = match state {
                BreakerState::Closed if breaker.is_ramping(now) => {
                    (HealthStatus::Degraded, state_name(state))
                }
                BreakerState::Closed => (HealthStatus::Healthy, state_name(state)),
                BreakerState::HalfOpen => (HealthStatus::Degraded, state_name(state)),
                BreakerState::Open => (HealthStatus::Down, state_name(state)),
            };
            whole.consecutive = whole.consecutive.max(breaker.consecutive_failures());
            if name != "closed" && (status > whole.status || whole.breaker == "closed") {
                whole.breaker = name;
                whole.retry_at = breaker.ready_at(now);
            }
            whole.status = whole.status.max(status);
        }
        if let Some(until) = gate.cooldown.until(now) {
            whole.cooldown = whole.cooldown.max(Some(until));
            let status = match gate.cooldown_reason {
                Some(Reason::RateLimited | Reason::Quota) => HealthStatus::RateLimited,
                Some(Reason::Auth | Reason::Permission) => HealthStatus::Down,
                _ => HealthStatus::Degraded,
            };
            whole.status = whole.status.max(status);
        }
    }
    let slow = |limit| target.p95(now).is_some_and(|p95| p95 > limit);
    if target.endpoint.config.max_latency.is_some_and(slow) {
        whole.status = whole.status.max(HealthStatus::Degraded);
    }
    whole
}

fn worse(a: Health, b: Health) -> Health {
    let cooldown = a.cooldown.max(b.cooldown);
    let consecutive = a.consecutive.max(b.consecutive);
    let worse = if b.status > a.status { b } else { a };
    Health { cooldown, consecutive, ..worse }
}

/// An endpoint without targets has only its origin's state.
fn bare_standing(endpoint: &Endpoint) -> Health {
    let now = now();
    let gate = endpoint.origin.gate.lock();
    let state = gate.breaker.as_ref().map_or(BreakerState::Closed, |b| b.state(now));
    Health {
        status: if state == BreakerState::Open { HealthStatus::Down } else { HealthStatus::Healthy },
        breaker: state_name(state),
        consecutive: gate.breaker.as_ref().map_or(0, |b| b.consecutive_failures()),
        retry_at: gate.breaker.as_ref().and_then(|b| b.ready_at(now)),
        cooldown: gate.cooldown.until(now),
    }
}
