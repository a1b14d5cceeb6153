//! Leave to send one attempt, as a guard: dropped without an outcome it gives everything back.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::state::{Change, Target};
use crate::policy::{
    breaker::{Permit, State, Verdict},
    fault::{Fault, Kind, Park, Scope, Weight},
};

/// Leave to send one attempt. Dropped without an outcome it gives everything back.
pub struct Admission {
    pub target: Arc<Target>,
    pub began: Instant,
    origin_permit: Option<Permit>,
    permit: Option<Permit>,
    probe: bool,
}

// === impl Admission ===

impl Admission {
    /// The permits were given and the attempt is counted in.
    pub(super) fn new(
        target: Arc<Target>,
        began: Instant,
        origin_permit: Option<Permit>,
        permit: Option<Permit>,
        probe: bool,
    ) -> Self {
        Self { target, began, origin_permit, permit, probe }
    }

    /// The change that taking this leave meant, when it was a half-open probe's.
    pub fn half_open(&self) -> Option<Change> {
        let of_origin = self.origin_permit.is_some_and(Permit::is_probe);
        let scope = if of_origin { Scope::Origin } else { Scope::Endpoint };
        self.probe.then_some(Change::Breaker { scope, state: State::HalfOpen, until: None })
    }

    /// First content arrived: the attempt counts as a success from here on.
    pub fn succeeded(&mut self, now: Instant, took: Duration, jitter: f64) -> Vec<Change> {
        let mut changes = Vec::new();
        self.origin_answered(now, jitter, &mut changes);
        let target = &self.target;
        let own = {
            let mut gate = target.gate.lock();
            gate.cooldown.succeeded();
            gate.record(self.permit.take(), Verdict::Success, now, jitter)
        };
        if let Some((state, until)) = own {
            changes.push(Change::Breaker { scope: Scope::Endpoint, state, until });
        }
        target.credential.gate.lock().cooldown.succeeded();
        target.credential.accepted();
        target.endpoint.budget.lock().deposit(now);
        target.load.lock().record(took, now);
        changes
    }

    /// The attempt failed: the fault's scope is blamed, the others are not.
    pub fn failed(&mut self, fault: &Fault, now: Instant, jitter: f64) -> Vec<Change> {
        let may_refresh =
            fault.kind == Kind::Auth && !fault.same_forbidden && self.target.credential.may_refresh();
        let rule = fault.kind.rule();
        let mut changes = Vec::new();
        if fault.kind.origin_answered() {
            self.origin_answered(now, jitter, &mut changes);
        }
        let verdict = Verdict::Failed(rule.weight);
        let (scope, change) = if rule.scope == Scope::Origin {
            let mut gate = self.target.endpoint.origin.gate.lock();
            (Scope::Origin, gate.record(self.origin_permit.take(), verdict, now, jitter))
        } else {
            (Scope::Endpoint, self.target.gate.lock().record(self.permit.take(), verdict, now, jitter))
        };
        if let Some((state, until)) = change {
            changes.push(Change::Breaker { scope, state, until });
        }
        if rule.weight != Weight::Neutral {
            self.target.load.lock().record_fault(fault.hint, now);
        }
        let (scope, gate) = match rule.park {
            Park::None => return changes,
            // A function may give another key: it is asked once more before its credential is parked.
            Park::CredentialAuth if may_refresh => return changes,
            Park::Origin => (Scope::Origin, &self.target.endpoint.origin.gate),
            Park::EndpointOverload | Park::EndpointThrottle | Park::EndpointMissing => {
                (Scope::Endpoint, &self.target.gate)
            }
            Park::CredentialQuota | Park::CredentialAuth => (Scope::Credential, &self.target.credential.gate),
        };
        let mut gate = gate.lock();
        if let Some(until) = gate.cooldown.extend(rule.park, fault.hint, self.began, now, jitter) {
            gate.parked_for = Some(fault.kind.reason());
            changes.push(Change::Cooldown { scope, until });
        }
        changes
    }

    fn origin_answered(&mut self, now: Instant, jitter: f64, changes: &mut Vec<Change>) {
        let mut gate = self.target.endpoint.origin.gate.lock();
        gate.cooldown.succeeded();
        if let Some((state, until)) = gate.record(self.origin_permit.take(), Verdict::Success, now, jitter) {
            changes.push(Change::Breaker { scope: Scope::Origin, state, until });
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.origin_permit.is_some() {
            self.target.endpoint.origin.gate.lock().release(self.origin_permit.take());
        }
        if self.permit.is_some() {
            self.target.gate.lock().release(self.permit.take());
        }
        self.target.in_flight.fetch_sub(1, Ordering::AcqRel);
        self.target.endpoint.in_flight.fetch_sub(1, Ordering::AcqRel);
        if self.probe {
            self.target.endpoint.changed.notify_waiters();
        }
    }
}
