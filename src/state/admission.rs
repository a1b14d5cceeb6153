//! The permission to send one attempt, as a guard: dropped without an outcome, it gives everything back.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{gate::StateChange, target::Target};
use crate::{
    base::clock::now,
    policy::{
        breaker::{AttemptVerdict, BreakerState, Permit},
        fault::{BlameScope, BreakerWeight, CooldownScope, Fault, FaultKind, SameCandidate},
        limiter::{Grant, GrantSettlement},
    },
};

/// The permission to send one attempt. Dropped without an outcome, it gives everything back.
pub struct Admission {
    pub target: Arc<Target>,
    pub began: Instant,
    origin_permit: Option<Permit>,
    permit: Option<Permit>,
    /// Its probe numbers, if it is the single recovery probe of the credential's or the model's cooldown.
    recovery_probe: [Option<u64>; 2],
    /// It probes state that other targets share: its end concerns all waiting calls.
    is_probe: bool,
    grant: Option<Grant>,
    /// The request was sent.
    pub sent: bool,
    /// First content has arrived and the breaker permits are used.
    answered: bool,
}

// === impl Admission ===

impl Admission {
    /// `target` has counted the attempt and given the permits.
    pub(super) fn new(
        target: Arc<Target>,
        began: Instant,
        origin_permit: Option<Permit>,
        permit: Option<Permit>,
        recovery_probe: [Option<u64>; 2],
        grant: Grant,
    ) -> Self {
        let probe = [origin_permit, permit].into_iter().flatten().any(Permit::is_probe);
        Self {
            target,
            began,
            origin_permit,
            permit,
            recovery_probe,
            is_probe: probe || recovery_probe.iter().any(Option::is_some),
            grant: Some(grant),
            sent: false,
            answered: false,
        }
    }

    /// The breaker's change to half-open, if this admission is its probe.
    pub fn half_open(&self) -> Option<StateChange> {
        let is_probe = |permit: Option<Permit>| permit.is_some_and(Permit::is_probe);
        let scope = if is_probe(self.origin_permit) { BlameScope::Origin } else { BlameScope::Endpoint };
        let probe = is_probe(self.origin_permit) || is_probe(self.permit);
        probe.then_some(StateChange::Breaker { scope, state: BreakerState::HalfOpen, until: None })
    }

    /// First content arrived: records the success.
    pub fn succeeded(&mut self, now: Instant, took: Duration, jitter: f64) -> Vec<StateChange> {
        let mut changes = Vec::new();
        self.answered = true;
        self.origin_answered(now, jitter, &mut changes);
        let target = &self.target;
        let own = {
            let mut gate = target.model_gate.lock();
            gate.cooldown.succeeded(self.began);
            gate.record(self.permit.take(), AttemptVerdict::Success, now, jitter)
        };
        target.gate.lock().cooldown.succeeded(self.began);
        target.limiter.lock().answered(self.grant.as_mut(), now);
        // Capacity may be free, although the stream lasts. A recovered target concerns all waiting calls.
        if self.recovery_probe.iter().any(Option::is_some) || !changes.is_empty() || own.is_some() {
            target.endpoint.wait_queue.notify_all();
        } else {
            target.endpoint.wait_queue.notify_next(target.id());
        }
        if let Some((state, until)) = own {
            changes.push(StateChange::Breaker { scope: BlameScope::Endpoint, state, until });
        }
        target.credential.gate.lock().cooldown.succeeded(self.began);
        target.credential.accepted();
        target.load.lock().record(took, now);
        changes
    }

    /// The answer is complete: the vendor's count replaces the reservation.
    pub fn counted(&mut self, usage: Option<(u64, u64)>, now: Instant) {
        // Deposit only now: an interrupted stream earns no retries.
        self.target.endpoint.budget.lock().deposit(now);
        self.settle(GrantSettlement::Used(usage), now);
    }

    fn settle(&mut self, settlement: GrantSettlement, now: Instant) {
        if let Some(grant) = self.grant.take() {
            self.target.limiter.lock().settle(grant, settlement, now);
        }
    }

    /// Records a failure: blames the fault's scope and no other.
    pub fn failed(&mut self, fault: &Fault, now: Instant, jitter: f64) -> Vec<StateChange> {
        if fault.kind.rule().same == SameCandidate::AfterCooldown {
            self.target.limiter.lock().throttled(self.began, now);
        }
        // The vendor may count what it has sent, whatever followed.
        let begun = self.answered || fault.maybe_billed;
        let settlement = match fault.kind.settlement() {
            GrantSettlement::RequestOnly if begun => GrantSettlement::Unknown,
            other => other,
        };
        self.settle(settlement, now);
        let may_refresh =
            fault.kind == FaultKind::Auth && !fault.retry_forbidden && self.target.credential.may_refresh();
        let rule = fault.kind.rule();
        let mut changes = Vec::new();
        if fault.kind.origin_answered() {
            self.origin_answered(now, jitter, &mut changes);
        }
        let verdict = AttemptVerdict::Failed(rule.weight);
        let (scope, change) = if self.answered {
            // The permit was used when content began; the failure still counts.
            let late =
                (rule.weight != BreakerWeight::Neutral).then(|| self.target.record_late_failure(now, jitter));
            changes.extend(late.flatten());
            (BlameScope::Endpoint, None)
        } else if rule.scope == BlameScope::Origin {
            let mut gate = self.target.endpoint.origin.gate.lock();
            (BlameScope::Origin, gate.record(self.origin_permit.take(), verdict, now, jitter))
        } else {
            (
                BlameScope::Endpoint,
                self.target.model_gate.lock().record(self.permit.take(), verdict, now, jitter),
            )
        };
        if let Some((state, until)) = change {
            changes.push(StateChange::Breaker { scope, state, until });
        }
        if rule.weight != BreakerWeight::Neutral {
            self.target.load.lock().record_fault(fault.retry_after, now);
        }
        let (scope, gate) = match rule.cooldown {
            CooldownScope::None => return changes,
            // The function may give another key: retry once before the credential's cooldown.
            CooldownScope::CredentialAuth if may_refresh => return changes,
            CooldownScope::Origin => (BlameScope::Origin, &self.target.endpoint.origin.gate),
            CooldownScope::EndpointOverload | CooldownScope::EndpointMissing => {
                (BlameScope::Endpoint, &*self.target.model_gate)
            }
            CooldownScope::EndpointThrottle => (BlameScope::Endpoint, &*self.target.gate),
            CooldownScope::CredentialQuota | CooldownScope::CredentialAuth => {
                (BlameScope::Credential, &self.target.credential.gate)
            }
        };
        let mut gate = gate.lock();
        if let Some(until) = gate.cooldown.extend(rule.cooldown, fault.retry_after, self.began, now, jitter) {
            gate.cooldown_reason = Some(fault.kind.reason());
            changes.push(StateChange::Cooldown { scope, until });
        }
        changes
    }

    fn origin_answered(&mut self, now: Instant, jitter: f64, changes: &mut Vec<StateChange>) {
        let mut gate = self.target.endpoint.origin.gate.lock();
        gate.cooldown.succeeded(self.began);
        if let Some((state, until)) =
            gate.record(self.origin_permit.take(), AttemptVerdict::Success, now, jitter)
        {
            changes.push(StateChange::Breaker { scope: BlameScope::Origin, state, until });
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let target = &self.target;
        if self.origin_permit.is_some() {
            target.endpoint.origin.gate.lock().release(self.origin_permit.take());
        }
        if self.permit.is_some() {
            target.model_gate.lock().release(self.permit.take());
        }
        for (probe, gate) in
            self.recovery_probe.into_iter().zip([&target.credential.gate, &*target.model_gate])
        {
            if let Some(probe) = probe {
                gate.lock().cooldown.end_probe(probe);
            }
        }
        if let Some(grant) = self.grant.take() {
            // A sent request may have been counted by the vendor.
            let settlement = if self.sent { GrantSettlement::Unknown } else { GrantSettlement::Nothing };
            target.limiter.lock().settle(grant, settlement, now());
        }
        target.in_flight.fetch_sub(1, Ordering::AcqRel);
        target.endpoint.in_flight.fetch_sub(1, Ordering::AcqRel);
        // A slot is free. The end of a probe concerns every call behind the same gate.
        if self.is_probe {
            target.endpoint.wait_queue.notify_all();
        } else {
            target.endpoint.wait_queue.notify_next(target.id());
        }
    }
}
