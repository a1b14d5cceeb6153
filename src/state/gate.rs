//! Breaker and cooldown of one scope.

use std::time::Instant;

use super::block_reason::{BlockReason, Blockage, longest};
use crate::{
    base::reason::Reason,
    policy::{
        breaker::{AttemptVerdict, Breaker, BreakerConfig, BreakerState, Permit},
        cooldown::Cooldown,
        fault::BlameScope,
    },
};

/// Breaker and cooldown of one scope.
pub struct Gate {
    pub breaker: Option<Breaker>,
    pub cooldown: Cooldown,
    /// The reason of the cooldown.
    pub cooldown_reason: Option<Reason>,
}

/// A change of state, for events.
#[derive(Clone, Debug)]
pub enum StateChange {
    Breaker { scope: BlameScope, state: BreakerState, until: Option<Instant> },
    Cooldown { scope: BlameScope, until: Instant },
}

// === impl Gate ===

impl Gate {
    pub fn new(breaker: Option<&BreakerConfig>, now: Instant) -> Self {
        Self {
            breaker: breaker.map(|config| Breaker::new(config.clone(), now)),
            cooldown: Cooldown::default(),
            cooldown_reason: None,
        }
    }

    /// Changes the breaker's settings and keeps its state.
    pub fn reconfigure(&mut self, breaker: Option<&BreakerConfig>, now: Instant) {
        match (&mut self.breaker, breaker) {
            (Some(breaker), Some(config)) => breaker.reconfigure(config, now),
            (own, config) => *own = config.map(|config| Breaker::new(config.clone(), now)),
        }
    }

    pub(super) fn blockage_for(&self, now: Instant) -> Option<Blockage> {
        let until = self.cooldown.until(now);
        let probing = until.is_none() && self.cooldown.probing();
        let cooling = (until.is_some() || probing).then_some(Blockage {
            reason: BlockReason::Cooldown,
            cause: self.cooldown_reason,
            until,
            probing,
        });
        let open = self.breaker.as_ref().and_then(|breaker| {
            Some(Blockage {
                reason: BlockReason::Breaker,
                cause: None,
                until: Some(breaker.ready_at(now)?),
                probing: breaker.probing(now),
            })
        });
        longest(cooling.into_iter().chain(open))
    }

    /// When its breaker may be probed before its time; `None` when it may be now.
    pub(super) fn ready_early_at(&self, now: Instant) -> Option<Instant> {
        self.breaker.as_ref().and_then(|breaker| breaker.ready_early_at(now))
    }

    pub fn admit(&mut self, now: Instant, early: bool) -> Option<Option<Permit>> {
        match &mut self.breaker {
            None => Some(None),
            Some(breaker) if early => breaker.admit_early(now).map(Some),
            Some(breaker) => breaker.admit(now).ok().map(Some),
        }
    }

    pub fn release(&mut self, permit: Option<Permit>) {
        if let (Some(breaker), Some(permit)) = (&mut self.breaker, permit) {
            breaker.release(permit);
        }
    }

    pub fn record(
        &mut self,
        permit: Option<Permit>,
        verdict: AttemptVerdict,
        now: Instant,
        jitter: f64,
    ) -> Option<(BreakerState, Option<Instant>)> {
        let breaker = self.breaker.as_mut()?;
        let state = breaker.record(permit?, verdict, now, jitter)?;
        Some((state, breaker.ready_at(now)))
    }
}
