//! Which candidate is asked next, out of those a call has left.

use std::time::{Duration, Instant};

use super::{admission::Admission, plan::Candidate, state::Blocked};
use crate::{
    policy::{
        decide,
        fault::{Fault, Kind, Scope},
        select::power_of_two,
    },
    reason::Reason,
};

/// How a call stands with one candidate.
#[derive(Default)]
pub struct Standing {
    pub attempts: u32,
    /// Retries that were charged, and free ones.
    pub same: u32,
    pub free: u32,
    /// Its last failure in this call.
    pub fault: Option<Fault>,
    /// A failure elsewhere rules it out.
    pub excluded: bool,
    /// It was passed over, and the trail says so.
    pub skipped: Option<Reason>,
    pub early: bool,
}

pub struct Picker {
    pub candidates: Vec<Candidate>,
    pub standings: Vec<Standing>,
}

/// The candidate to ask, and the leave to do so.
pub struct Pick {
    pub index: usize,
    pub admission: Admission,
}

impl Picker {
    pub fn new(mut candidates: Vec<Candidate>, now: Instant, mut draw: impl FnMut() -> f64) -> Self {
        for tier in candidates.chunk_by_mut(|a, b| a.rank == b.rank) {
            power_of_two(tier, |c| c.target.load(now), &mut draw);
        }
        let standings = candidates.iter().map(|_| Standing::default()).collect();
        Self { candidates, standings }
    }

    /// The first untried candidate that is ready. `skipped` hears of each that was passed over, once.
    pub fn untried(&mut self, now: Instant, mut skipped: impl FnMut(&Candidate, &Blocked)) -> Option<Pick> {
        for index in 0..self.candidates.len() {
            if !self.is_untried(index) {
                continue;
            }
            match self.candidates[index].target.admit(now, false) {
                Ok(admission) => return Some(Pick { index, admission }),
                Err(blocked) => {
                    let standing = &mut self.standings[index];
                    let reason = blocked.cause.unwrap_or(blocked.reason);
                    if standing.skipped.replace(reason).is_none() {
                        skipped(&self.candidates[index], &blocked);
                    }
                }
            }
        }
        None
    }

    /// An untried candidate behind an open breaker, tested before its time: once per call each.
    pub fn early(&mut self, now: Instant) -> Option<Pick> {
        for index in 0..self.candidates.len() {
            if !self.is_untried(index) || self.standings[index].early {
                continue;
            }
            if let Ok(admission) = self.candidates[index].target.admit(now, true) {
                self.standings[index].early = true;
                return Some(Pick { index, admission });
            }
        }
        None
    }

    /// The soonest moment at which an untried candidate, or a throttled one, is ready.
    pub fn ready_in(&self, now: Instant, also_throttled: bool) -> Option<Duration> {
        (0..self.candidates.len())
            .filter(|i| self.is_untried(*i) || (also_throttled && self.is_throttled(*i)))
            .filter_map(|i| match self.candidates[i].target.blocked(now) {
                None => Some(Duration::ZERO),
                Some(blocked) => super::client::ready_in(&blocked, now),
            })
            .min()
    }

    /// Whether an untried candidate is only waiting for a probe to end.
    pub fn probing(&self, now: Instant) -> bool {
        (0..self.candidates.len())
            .any(|i| self.is_untried(i) && self.candidates[i].target.blocked(now).is_some_and(|b| b.probing))
    }

    /// The soonest moment at which any candidate is ready, for the error.
    pub fn any_ready_in(&self, now: Instant) -> Option<Duration> {
        self.candidates
            .iter()
            .filter_map(|c| match c.target.blocked(now) {
                None => None,
                Some(blocked) => super::client::ready_in(&blocked, now),
            })
            .min()
    }

    /// Whether another candidate is ready that was not tried yet.
    pub fn alternative(&self, now: Instant) -> bool {
        (0..self.candidates.len())
            .any(|i| self.is_untried(i) && self.candidates[i].target.blocked(now).is_none())
    }

    /// Notes a failure, and rules out what it rules out.
    pub fn failed(&mut self, index: usize, fault: Fault) {
        let failed = self.candidates[index].target.clone();
        let kind = fault.kind;
        self.standings[index].fault = Some(fault);
        for (candidate, standing) in self.candidates.iter().zip(&mut self.standings) {
            let other = &candidate.target;
            let same_key = std::sync::Arc::ptr_eq(&other.credential, &failed.credential);
            // Another key of a failing server is the same server; only a throttle may be the key's own.
            let same_server = std::sync::Arc::ptr_eq(&other.endpoint, &failed.endpoint)
                && other.model == failed.model
                && kind.rule().scope == Scope::Endpoint
                && kind != Kind::RateLimited;
            if (decide::rules_out_credential(kind) && same_key) || same_server {
                standing.excluded |= standing.attempts == 0;
            }
        }
    }

    /// Attempts so far that count against the bound.
    pub fn charged_attempts(&self) -> u32 {
        self.standings.iter().map(|s| s.attempts - s.free.min(s.attempts)).sum()
    }

    pub fn tried(&self) -> usize {
        self.standings.iter().filter(|s| s.attempts > 0).count()
    }

    fn is_untried(&self, index: usize) -> bool {
        self.standings[index].attempts == 0 && !self.standings[index].excluded
    }

    fn is_throttled(&self, index: usize) -> bool {
        let fault = self.standings[index].fault.as_ref();
        fault.is_some_and(|f| matches!(f.kind, Kind::RateLimited | Kind::Overloaded) && !f.same_forbidden)
    }
}
