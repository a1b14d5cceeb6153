//! Admission control: whether and when a target may be tried, and what blocks it.

use crate::policy::limiter::Demand;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use super::{
    admission::Admission,
    block_reason::{AdmissionMode, BlockReason, Blockage, longest},
    target::Target,
};
use crate::policy::limiter::Shortage;

impl Target {
    /// What blocks the target for any request.
    pub fn blockage(&self, now: Instant) -> Option<Blockage> {
        if self.endpoint.isolated.load(Ordering::Acquire) > 0 {
            return Some(Blockage {
                reason: BlockReason::Isolated,
                cause: None,
                until: None,
                probing: false,
            });
        }
        longest(self.gates().filter_map(|gate| gate.lock().blockage_for(now)))
    }

    /// When a call without other candidates may probe it: once no cooldown holds, however long its breakers
    /// are open.
    /// `None`: when a running request ends.
    pub fn early_probe_at(&self, now: Instant, demand: &impl Fn() -> Demand, ahead: u32) -> Option<Instant> {
        let paced = match self.limiter.lock().shortage(demand, ahead, now) {
            Some(Shortage::Slot) => return None,
            Some(Shortage::For(wait)) => now + wait,
            None => now,
        };
        let moments = self.gates().flat_map(|gate| {
            let gate = gate.lock();
            [gate.cooldown.until(now), gate.ready_early_at(now)]
        });
        moments.flatten().chain([paced]).max()
    }

    /// What blocks the target for this request. `ahead` calls wait for this target before it.
    pub fn blockage_for(&self, now: Instant, demand: &impl Fn() -> Demand, ahead: u32) -> Option<Blockage> {
        if let Some(blocked) = self.blockage(now) {
            return Some(blocked);
        }
        let shortage = self.limiter.lock().shortage(demand, ahead, now)?;
        let until = match shortage {
            Shortage::For(wait) => Some(now + wait),
            Shortage::Slot => None,
        };
        Some(Blockage { reason: BlockReason::Limiter, cause: None, until, probing: false })
    }

    /// Admits an attempt, or returns what blocks it.
    pub fn admit(
        self: &Arc<Self>,
        now: Instant,
        entry: AdmissionMode,
        demand: &impl Fn() -> Demand,
        ahead: u32,
    ) -> Result<Admission, Blockage> {
        if let Some(blocked) = self.blockage_for(now, demand, ahead) {
            let only_a_breaker = || {
                let gates = || self.gates().map(|g| g.lock());
                gates().all(|g| g.cooldown.until(now).is_none() && !g.cooldown.probing())
                    && self.limiter.lock().shortage(demand, ahead, now).is_none()
            };
            let early = entry == AdmissionMode::Early && blocked.reason == BlockReason::Breaker;
            if !early || !only_a_breaker() {
                return Err(blocked);
            }
        }
        if entry == AdmissionMode::Regular && self.ramp_holds(now) {
            return Err(Blockage { reason: BlockReason::Ramp, cause: None, until: None, probing: false });
        }
        let early = entry == AdmissionMode::Early;
        let turned_away = Blockage { reason: BlockReason::Breaker, cause: None, until: None, probing: true };
        let origin_permit = self.endpoint.origin.gate.lock().admit(now, early).ok_or(turned_away)?;
        let Some(permit) = self.model_gate.lock().admit(now, early) else {
            self.endpoint.origin.gate.lock().release(origin_permit);
            return Err(turned_away);
        };
        let grant = self.limiter.lock().take(demand, now);
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        self.endpoint.in_flight.fetch_add(1, Ordering::AcqRel);
        let recovery_probe =
            [&self.credential.gate, &*self.model_gate].map(|g| g.lock().cooldown.begin_probe());
        Ok(Admission::new(self.clone(), now, origin_permit, permit, recovery_probe, grant))
    }

    /// Whether the recovery ramp holds this request back.
    fn ramp_holds(&self, now: Instant) -> bool {
        [&self.endpoint.origin.gate, &*self.model_gate].into_iter().any(|gate| {
            let mut gate = gate.lock();
            gate.breaker.as_mut().is_some_and(|b| b.is_ramping(now) && !b.ramp_admits(now))
        })
    }
}
