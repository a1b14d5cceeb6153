//! A canary endpoint: gets a share of the calls and is rolled back when it does worse than the others.
//!
//! Calls are assigned at random with a known probability. So, while the canary is no worse, each failure of a
//! first attempt belongs to it with exactly that probability, however often attempts fail. The evidence
//! against that is an e-process: the likelihood ratio of failing several times as often, averaged over
//! several ratios. By Ville's inequality it ever exceeds 1/α with a probability of at most α, however long it
//! runs (Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", 2023). The same holds
//! for slow answers: those that took longer than the others' 95th percentile so far.

use std::time::{Duration, Instant};

#[derive(Clone, Debug, PartialEq)]
pub struct CanaryConfig {
    /// Shares of calls, one step after another.
    pub shares: Vec<f64>,
    /// How long each share is held at least; the last is held for good.
    pub step_after: Duration,
}

/// The tested ratios of the canary's failure rate to the others'.
const RATIOS: [f64; 5] = [1.5, 2.0, 3.0, 5.0, 10.0];
/// A wrong rollback happens in at most one of 200 canaries for failures, and as often for latency.
const EVIDENCE: f64 = 200.0;
/// First attempts that each share needs before the next.
const MIN_CALLS: u32 = 50;

/// The evidence that events belong to the canary more often than the draw explains.
#[derive(Clone, Debug)]
struct Evidence([f64; RATIOS.len()]);

#[derive(Clone, Debug)]
pub struct Canary {
    config: CanaryConfig,
    state: CanaryState,
    step: usize,
    since: Instant,
    calls: u32,
    failures: Evidence,
    slowness: Evidence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryState {
    Running,
    RolledBack(RollbackReason),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollbackReason {
    Failures,
    Latency,
}

impl RollbackReason {
    /// The public word for what a canary is rolled back for.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::Latency => "latency",
        }
    }
}

/// The outcome of a first attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryOutcome {
    Failed,
    Slow,
    Well,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CanaryChange {
    /// The share of calls from now on.
    Step(f64),
    RolledBack(RollbackReason),
}

impl Evidence {
    fn new() -> Self {
        Self([1.0; RATIOS.len()])
    }

    /// Adds an event of a call that the canary had a chance of `share` to get.
    fn take(&mut self, own: bool, share: f64) {
        for (evidence, ratio) in self.0.iter_mut().zip(RATIOS) {
            // The canary's part of all events if it has `ratio` times as many per call.
            let alternative = ratio * share / (ratio * share + 1.0 - share);
            let factor = if own { alternative / share } else { (1.0 - alternative) / (1.0 - share) };
            *evidence = (*evidence * factor).min(f64::MAX / 1e3);
        }
    }

    fn value(&self) -> f64 {
        self.0.iter().sum::<f64>() / RATIOS.len() as f64
    }
}

impl Canary {
    pub fn new(config: CanaryConfig, now: Instant) -> Self {
        Self {
            config,
            state: CanaryState::Running,
            step: 0,
            since: now,
            calls: 0,
            failures: Evidence::new(),
            slowness: Evidence::new(),
        }
    }

    pub fn state(&self) -> CanaryState {
        self.state
    }

    /// The probability with which a call goes to the canary first.
    pub fn share(&self) -> f64 {
        match self.state {
            CanaryState::Running => self.config.shares.get(self.step).copied().unwrap_or(0.0),
            CanaryState::RolledBack(_) => 0.0,
        }
    }

    /// Records the first attempt of a drawn call, with the share at the draw.
    pub fn observe(
        &mut self,
        own: bool,
        share: f64,
        outcome: CanaryOutcome,
        now: Instant,
    ) -> Option<CanaryChange> {
        // With all calls or none there is no comparison.
        if self.state != CanaryState::Running || share <= 0.0 || share >= 1.0 {
            return None;
        }
        self.calls += u32::from(own);
        let (evidence, worse) = match outcome {
            CanaryOutcome::Failed => (&mut self.failures, RollbackReason::Failures),
            CanaryOutcome::Slow => (&mut self.slowness, RollbackReason::Latency),
            CanaryOutcome::Well => return self.advance(now),
        };
        evidence.take(own, share);
        if evidence.value() >= EVIDENCE {
            self.state = CanaryState::RolledBack(worse);
            return Some(CanaryChange::RolledBack(worse));
        }
        self.advance(now)
    }

    fn advance(&mut self, now: Instant) -> Option<CanaryChange> {
        let rested = now.saturating_duration_since(self.since) >= self.config.step_after;
        if !rested || self.calls < MIN_CALLS || self.step + 1 >= self.config.shares.len() {
            return None;
        }
        self.step += 1;
        self.since = now;
        self.calls = 0;
        Some(CanaryChange::Step(self.share()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(shares: &[f64]) -> (Canary, Instant) {
        let now = Instant::now();
        let config = CanaryConfig { shares: shares.to_vec(), step_after: Duration::from_secs(60) };
        (Canary::new(config, now), now)
    }

    /// Runs calls until the rollback; returns how many it took, and why.
    fn play(
        seed: u64,
        share: f64,
        most: u32,
        outcome: impl Fn(bool, &mut fastrand::Rng) -> CanaryOutcome,
    ) -> Option<(u32, RollbackReason)> {
        let (mut canary, now) = canary(&[share]);
        let mut rng = fastrand::Rng::with_seed(seed);
        (1..=most).find_map(|call| {
            let own = rng.f64() < share;
            match canary.observe(own, share, outcome(own, &mut rng), now) {
                Some(CanaryChange::RolledBack(worse)) => Some((call, worse)),
                _ => None,
            }
        })
    }

    fn failing(base: f64, ratio: f64) -> impl Fn(bool, &mut fastrand::Rng) -> CanaryOutcome {
        move |own, rng| {
            let rate = if own { base * ratio } else { base };
            if rng.f64() < rate { CanaryOutcome::Failed } else { CanaryOutcome::Well }
        }
    }

    fn median(mut list: Vec<u32>) -> u32 {
        list.sort_unstable();
        list[list.len() / 2]
    }

    #[test]
    fn one_that_is_as_good_stays() {
        for (share, base) in [(0.1, 0.02), (0.1, 0.3), (0.5, 0.02), (0.01, 0.05)] {
            let taken = (0..1_000).filter(|s| play(*s, share, 10_000, failing(base, 1.0)).is_some()).count();
            // At most 0.5 % on average: 15 of 1,000 are more than four standard deviations above that.
            assert!(taken <= 15, "{taken} of 1,000 at a share of {share} with {base} failing");
        }
        // As slow and as failing as the others, however that changes meanwhile.
        let both = |_: bool, rng: &mut fastrand::Rng| match rng.u32(0..100) {
            0..5 => CanaryOutcome::Slow,
            5..8 => CanaryOutcome::Failed,
            _ => CanaryOutcome::Well,
        };
        assert!((0..1_000).filter(|seed| play(*seed, 0.2, 10_000, both).is_some()).count() <= 25);
        // A better canary stays all the more.
        assert!((0..200).all(|seed| play(seed, 0.3, 5_000, failing(0.2, 0.5)).is_none()));
    }

    /// The figures in the documentation of routing.
    #[test]
    fn one_that_is_worse_goes() {
        for (share, base, ratio, within) in [
            (0.1, 0.02, 2.0, 10_000),
            (0.1, 0.02, 5.0, 2_000),
            (0.1, 0.02, 25.0, 500),
            (0.5, 0.02, 2.0, 5_000),
            (0.1, 0.001, 500.0, 200),
        ] {
            let calls: Vec<u32> = (0..200)
                .map(|seed| {
                    play(seed, share, 100_000, failing(base, ratio)).map_or(u32::MAX, |(calls, _)| calls)
                })
                .collect();
            let half = median(calls);
            assert!(half <= within, "{share} {base} {ratio}: {half} calls");
        }
        let slow = |own: bool, rng: &mut fastrand::Rng| {
            if rng.f64() < if own { 0.5 } else { 0.05 } { CanaryOutcome::Slow } else { CanaryOutcome::Well }
        };
        assert!(matches!(play(1, 0.1, 5_000, slow), Some((_, RollbackReason::Latency))));
    }

    #[test]
    fn shares_grow_with_time_and_calls() {
        let (mut canary, mut now) = canary(&[0.1, 0.5, 1.0]);
        let observe_success =
            |canary: &mut Canary, now| canary.observe(true, canary.share(), CanaryOutcome::Well, now);
        for _ in 0..MIN_CALLS * 2 {
            assert_eq!(observe_success(&mut canary, now), None, "too early");
        }
        now += Duration::from_secs(60);
        assert_eq!(observe_success(&mut canary, now), Some(CanaryChange::Step(0.5)));
        now += Duration::from_secs(600);
        for _ in 1..MIN_CALLS {
            assert_eq!(observe_success(&mut canary, now), None, "too few");
        }
        assert_eq!(observe_success(&mut canary, now), Some(CanaryChange::Step(1.0)));
        // All calls go to it: it has become a normal endpoint.
        assert_eq!(
            (canary.share(), observe_success(&mut canary, now + Duration::from_secs(600))),
            (1.0, None)
        );
    }

    #[test]
    fn what_was_taken_back_stays_away() {
        let (mut canary, now) = canary(&[0.1, 0.5]);
        let mut change = None;
        while change.is_none() {
            change = canary.observe(true, 0.1, CanaryOutcome::Failed, now);
        }
        assert_eq!(change, Some(CanaryChange::RolledBack(RollbackReason::Failures)));
        assert_eq!(
            (canary.share(), canary.state()),
            (0.0, CanaryState::RolledBack(RollbackReason::Failures))
        );
        for _ in 0..1_000 {
            assert_eq!(
                canary.observe(true, 0.1, CanaryOutcome::Well, now + Duration::from_secs(6_000)),
                None
            );
        }
    }
}
