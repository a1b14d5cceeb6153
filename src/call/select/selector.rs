//! Selects the next candidate of a call.

use crate::call::attempt::faults;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    candidates::Candidate,
    constraints::{self, Unsuitable},
};
use crate::{
    base::reason::Reason,
    call::request::CallRequest,
    engine::Engine,
    policy::{
        fault::{BlameScope, Fault, FaultKind, OtherCandidate, SameCandidate},
        select,
    },
    state::{
        AdmissionMode, BlockReason, Blockage, Target,
        admission::Admission,
        wait_queue::{WaitOrder, WaitQueue},
    },
};

/// The state of one candidate within a call.
#[derive(Default)]
pub struct CandidateState {
    /// The attempts at it, and the number of the last one in the attempt log.
    pub attempts: u32,
    pub number: Option<usize>,
    /// It was tried and may not be tried again, unless it is reopened.
    pub exhausted: bool,
    /// Retries that took from the retry budget, and those that did not.
    pub charged_retries: u32,
    pub free_retries: u32,
    /// Its last failure in this call, and when it happened.
    pub fault: Option<Fault>,
    pub failed_at: Option<Instant>,
    /// A failure elsewhere excludes it.
    pub excluded: bool,
    pub skipped: Option<SkippedCandidate>,
    /// The attempt log has the skip.
    pub skip_logged: bool,
    pub early: bool,
    pub retry: RetryReservation,
}

/// Whether the retry budget covers the retry that a candidate is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryReservation {
    #[default]
    None,
    Reserved,
    Denied,
}

/// Why a candidate was skipped.
#[derive(Clone, Copy)]
pub struct SkippedCandidate {
    /// The public reason.
    pub reason: Reason,
    /// The reason of the cooldown, if one blocks it.
    pub cause: Reason,
    /// It has as many running requests as it may have.
    pub full: bool,
}

pub struct Selector {
    pub candidates: Vec<Candidate>,
    pub states: Vec<CandidateState>,
}

/// The candidate to try, and its admission.
pub struct Selection {
    pub index: usize,
    pub admission: Admission,
}

/// What the selection depends on beside the candidates.
#[derive(Clone, Copy)]
pub struct SelectionContext<'a> {
    pub engine: &'a Engine,
    pub request: &'a CallRequest,
    pub wait_queue: &'a Arc<WaitQueue>,
    pub wait_order: WaitOrder,
    /// The time to first content that the call demands.
    pub sla: Option<Duration>,
    pub now: Instant,
}

/// When a blocked candidate may become available.
#[derive(Clone, Copy, Debug)]
pub struct Availability {
    /// `None`: when a running request ends.
    pub at: Option<Instant>,
    /// The latest moment, if no running request ends before.
    pub latest: Option<Instant>,
    /// Blocked by the rate limiter, whose capacity returns for certain.
    pub rate_limited: bool,
    /// It throttled this call: another attempt is a retry and needs budget.
    pub throttled: bool,
    /// It has throttled this call before.
    pub was_throttled: bool,
}

impl SelectionContext<'_> {
    fn ahead(&self, target: &Target) -> u32 {
        self.wait_queue.ahead(self.wait_order, target.id())
    }

    /// Whether the endpoint's own limits exclude it.
    fn never(&self, target: &Target) -> bool {
        let unfit = constraints::check(self.engine, self.request, target, self.sla, self.now);
        matches!(unfit, Some(Unsuitable::Never(_) | Unsuitable::Unsupported(_)))
    }

    fn blockage_for(&self, target: &Target) -> Option<Blockage> {
        target.blockage_for(self.now, &|| self.request.estimated_demand(), self.ahead(target))
    }
}

impl Selector {
    /// Orders candidates that share a tier: by `sticky` key, by weight where any has one, else the less
    /// loaded of two.
    pub fn new(
        mut candidates: Vec<Candidate>,
        sticky: Option<&str>,
        now: Instant,
        mut draw: impl FnMut() -> f64,
    ) -> Self {
        for tier in candidates.chunk_by_mut(|a, b| a.rank == b.rank) {
            let weight = |c: &Candidate| c.target.endpoint.config.weight;
            let weighs = |c: &Candidate| weight(c).unwrap_or(1.0);
            match sticky {
                Some(key) => select::sticky(tier, key, |c| &c.target.endpoint.name, weighs),
                None if tier.iter().any(|c| weight(c).is_some()) => select::weighted(tier, weighs, &mut draw),
                None => select::power_of_two(tier, |c| c.target.load(now), &mut draw),
            }
        }
        let states = candidates.iter().map(|_| CandidateState::default()).collect();
        Self { candidates, states }
    }

    /// Admits the first untried candidate that is ready and that `wanted` accepts. Blocked ones before it are
    /// noted as skipped. `lenient` ignores its latency limit and the ramp after an outage.
    pub fn ready_candidate(
        &mut self,
        context: SelectionContext<'_>,
        lenient: bool,
        wanted: impl Fn(&Candidate) -> bool,
    ) -> Option<Selection> {
        for index in 0..self.candidates.len() {
            if !self.is_untried(index) || !wanted(&self.candidates[index]) {
                continue;
            }
            let target = &self.candidates[index].target;
            let skipped = |reason| SkippedCandidate { reason, cause: reason, full: false };
            let skipped =
                match constraints::check(context.engine, context.request, target, context.sla, context.now) {
                    Some(Unsuitable::Never(reason)) => {
                        self.states[index].excluded = true;
                        skipped(reason)
                    }
                    Some(Unsuitable::Unsupported(error)) => {
                        self.states[index].excluded = true;
                        self.states[index].fault = Some(faults::untranslatable(&error));
                        skipped(Reason::BadRequest)
                    }
                    Some(Unsuitable::Avoid(reason)) if !lenient => skipped(reason),
                    _ => {
                        let entry = if lenient { AdmissionMode::ThroughRamp } else { AdmissionMode::Regular };
                        match target.admit(
                            context.now,
                            entry,
                            &|| context.request.estimated_demand(),
                            context.ahead(target),
                        ) {
                            Ok(admission) => return Some(Selection { index, admission }),
                            Err(blocked) => SkippedCandidate {
                                reason: blocked.reason(),
                                cause: blocked.cause.unwrap_or(blocked.reason()),
                                full: blocked.full(),
                            },
                        }
                    }
                };
            self.states[index].skipped = Some(skipped);
        }
        None
    }

    /// Admits this candidate, if it is ready.
    pub fn retry_candidate(&mut self, context: SelectionContext<'_>, index: usize) -> Option<Selection> {
        let target = &self.candidates[index].target;
        let ahead = context.ahead(target);
        let admission = target
            .admit(context.now, AdmissionMode::ThroughRamp, &|| context.request.estimated_demand(), ahead)
            .ok()?;
        Some(Selection { index, admission })
    }

    /// Admits an untried candidate behind an open breaker as an early probe, once per call each.
    pub fn early_probe(&mut self, context: SelectionContext<'_>) -> Option<Selection> {
        for index in 0..self.candidates.len() {
            if !self.is_untried(index) || self.states[index].early {
                continue;
            }
            let target = &self.candidates[index].target;
            if let Ok(admission) = target.admit(
                context.now,
                AdmissionMode::Early,
                &|| context.request.estimated_demand(),
                context.ahead(target),
            ) {
                self.states[index].early = true;
                return Some(Selection { index, admission });
            }
        }
        None
    }

    /// Admits a candidate at another endpoint than `index` for a hedge, if one is ready.
    pub fn hedge_candidate(&mut self, context: SelectionContext<'_>, index: usize) -> Option<Selection> {
        let first = self.candidates[index].target.endpoint.clone();
        self.ready_candidate(context, false, |c| {
            !Arc::ptr_eq(&c.target.endpoint, &first)
                && !c.target.limiter.lock().recently_throttled(context.now)
        })
    }

    /// The candidates that this call would try if they were ready.
    pub fn wanted(&self, may_retry: bool) -> impl Iterator<Item = usize> {
        (0..self.candidates.len()).filter(move |i| {
            self.is_untried(*i)
                || self.states[*i].retry == RetryReservation::Reserved
                || (may_retry && self.may_reopen(*i))
        })
    }

    /// When the wanted candidates may become available; without isolated ones.
    pub fn availabilities(
        &self,
        context: SelectionContext<'_>,
        may_retry: bool,
    ) -> Vec<(usize, Availability)> {
        self.wanted(may_retry)
            .filter_map(|i| {
                let target = &self.candidates[i].target;
                let ahead = context.ahead(target);
                let throttled = !self.is_untried(i);
                let fault = self.states[i].fault.as_ref();
                let was_throttled = fault.is_some_and(|f| f.kind.rule().same == SameCandidate::AfterCooldown);
                let availability =
                    match target.blockage_for(context.now, &|| context.request.estimated_demand(), ahead) {
                        None => Availability {
                            at: Some(context.now),
                            latest: None,
                            rate_limited: false,
                            throttled,
                            was_throttled,
                        },
                        Some(blocked) if blocked.reason == BlockReason::Isolated => return None,
                        Some(blocked) => Availability {
                            at: match blocked.reason {
                                _ if blocked.probing => None,
                                BlockReason::Breaker if !self.states[i].early => target.early_probe_at(
                                    context.now,
                                    &|| context.request.estimated_demand(),
                                    ahead,
                                ),
                                _ => blocked.until,
                            },
                            latest: blocked
                                .until
                                .or_else(|| target.limiter.lock().throttle_ends(context.now)),
                            rate_limited: blocked.reason == BlockReason::Limiter,
                            throttled,
                            was_throttled,
                        },
                    };
                Some((i, availability))
            })
            .collect()
    }

    /// The soonest moment at which any candidate is ready, for the error.
    pub fn ready_in(&self, context: SelectionContext<'_>) -> Option<Duration> {
        let blocked: Vec<_> = self.candidates.iter().map(|c| context.blockage_for(&c.target)).collect();
        let waits = |b: &Blockage| b.until.map(|at| at.saturating_duration_since(context.now));
        let soonest = blocked.iter().flatten().filter_map(waits).min()?;
        // A candidate that is not blocked is ready now.
        Some(if blocked.iter().any(Option::is_none) { Duration::ZERO } else { soonest })
    }

    /// Whether an untried candidate is ready.
    pub fn alternative(&self, context: SelectionContext<'_>) -> bool {
        (0..self.candidates.len())
            .filter(|i| self.is_untried(*i))
            .map(|i| &*self.candidates[i].target)
            .any(|t| context.blockage_for(t).is_none() && !context.never(t))
    }

    /// Whether an untried candidate is left, ready or not.
    pub fn remaining(&self) -> bool {
        (0..self.candidates.len()).any(|i| self.is_untried(i))
    }

    /// Notes that an attempt begins, with its number in the attempt log.
    pub fn begin_attempt(&mut self, index: usize, number: usize) {
        let state = &mut self.states[index];
        state.attempts += 1;
        state.exhausted = true;
        state.number = Some(number);
    }

    /// Lets a candidate be tried once more.
    pub fn reopen(&mut self, index: usize, free: bool) {
        let state = &mut self.states[index];
        state.exhausted = false;
        if state.retry == RetryReservation::Reserved {
            state.retry = RetryReservation::None;
        }
        if free {
            state.free_retries += 1;
        } else {
            state.charged_retries += 1;
        }
    }

    /// Notes a failure, and excludes the candidates that would fail the same way.
    pub fn failed(&mut self, index: usize, fault: Fault, request: &CallRequest, now: Instant) {
        self.states[index].failed_at = Some(now);
        let failed = self.candidates[index].target.clone();
        let kind = fault.kind;
        let rule = kind.rule();
        self.states[index].fault = Some(fault);
        for (candidate, state) in self.candidates.iter().zip(&mut self.states) {
            let other = &candidate.target;
            let same_key = Arc::ptr_eq(&other.credential, &failed.credential);
            // Another key does not help when the server fails. Only a throttle may belong to one key.
            let same_server = Arc::ptr_eq(&other.endpoint, &failed.endpoint)
                && other.model == failed.model
                && (rule.scope == BlameScope::Endpoint || kind == FaultKind::OperationUnsupported)
                && kind != FaultKind::RateLimited;
            let ruled_out = match rule.next {
                OtherCandidate::OtherCredential => same_key,
                OtherCandidate::LargerWindow => !constraints::holds_more(request, &failed, other),
                OtherCandidate::LargerLimit => !constraints::allows_more(request, &failed, other),
                OtherCandidate::OptIn => {
                    Arc::ptr_eq(&other.endpoint, &failed.endpoint) && other.model == failed.model
                }
                OtherCandidate::Any | OtherCandidate::Never => same_server,
            };
            state.excluded |= ruled_out && state.attempts == 0;
        }
    }

    /// The attempts that count against the call's maximum.
    pub fn charged_attempts(&self) -> u32 {
        self.states.iter().map(|s| s.attempts - s.free_retries.min(s.attempts)).sum()
    }

    fn is_untried(&self, index: usize) -> bool {
        !self.states[index].exhausted && !self.states[index].excluded
    }

    /// Whether it throttled the call, so that it may be tried again once it is ready.
    pub fn may_reopen(&self, index: usize) -> bool {
        let state = &self.states[index];
        let throttled = |f: &Fault| f.kind.rule().same == SameCandidate::AfterCooldown;
        state.exhausted
            && state.retry != RetryReservation::Denied
            && state.fault.as_ref().is_some_and(|f| throttled(f) && !f.retry_forbidden)
    }
}
