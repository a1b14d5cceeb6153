//! The rate budget of one key and model: requests a minute, tokens a minute, and how many at once. Limits bind
//! where they are configured, where a vendor's headers taught them, and after a throttle.

use std::time::{Duration, Instant};

use super::{aimd::Aimd, bucket::TokenBucket};
use crate::base::rate_limit::ObservedLimits;

/// What the user allows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RateLimits {
    /// Requests a minute.
    pub rpm: Option<u32>,
    /// Tokens a minute, of questions and answers together.
    pub tpm: Option<u64>,
    pub max_concurrent: Option<u32>,
}

/// What a request is thought to need, before anyone has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Demand {
    /// Tokens of the question, estimated from its script.
    pub input: u64,
    /// The most the answer may come to, if the caller said so.
    pub max_output: Option<u64>,
}

/// Why a request has to wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shortage {
    /// Until the budget has refilled.
    For(Duration),
    /// Until one of those under way has ended.
    Slot,
}

/// What was taken for one request, to be settled once.
#[derive(Debug)]
#[must_use]
pub struct Grant {
    tokens: f64,
    /// The question's tokens as they were estimated; zero where nobody had to know.
    estimated: u64,
    /// Its answer has begun.
    answered: bool,
}

/// What a request came to, as far as the vendor counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GrantSettlement {
    /// It was counted as it was; `None` where the answer did not say.
    Used(Option<(u64, u64)>),
    /// The vendor counted the request but no tokens.
    RequestOnly,
    /// It never got there.
    Nothing,
    /// Nobody knows: what was reserved stays spent.
    Unknown,
}

#[derive(Debug)]
pub struct Limiter {
    requests: Option<TokenBucket>,
    tokens: Option<TokenBucket>,
    max_concurrent: Option<u32>,
    aimd: Aimd,
    in_flight: u32,
    /// Those of them that have no content yet.
    pending: u32,
    last_throttle: Option<Instant>,
    estimate: Estimate,
}

/// What past requests teach about the next one's tokens.
#[derive(Debug)]
struct Estimate {
    /// Counted by the vendor over estimated by us.
    factor: f64,
    /// Tokens of an answer.
    output: f64,
}

const MINUTE: Duration = Duration::from_secs(60);
/// How much a guess loses with each request that it turns away.
const DOUBT: f64 = 0.05;
/// How much a new sample weighs.
const LEARNING: f64 = 0.2;
/// No model answers with more; a usage that says so is not believed.
const LARGEST_OUTPUT: f64 = 1e6;
/// An answer's tokens before any was counted.
const FIRST_OUTPUT: f64 = 500.0;

impl Limiter {
    pub fn new(limits: RateLimits, now: Instant) -> Self {
        Self {
            requests: limits.rpm.map(|n| TokenBucket::per_minute(f64::from(n), now)),
            tokens: limits.tpm.map(|n| TokenBucket::per_minute(n as f64, now)),
            max_concurrent: limits.max_concurrent,
            aimd: Aimd::default(),
            in_flight: 0,
            pending: 0,
            last_throttle: None,
            estimate: Estimate { factor: 1.0, output: FIRST_OUTPUT },
        }
    }

    /// Why a request must wait; `None` when it may be sent now. `ahead` wait for the same before it, each for
    /// about as much.
    pub fn shortage(&self, demand: impl Fn() -> Demand, ahead: u32, now: Instant) -> Option<Shortage> {
        let turns = f64::from(ahead) + 1.0;
        let mut wait = Duration::ZERO;
        if let Some(bucket) = &self.requests {
            wait = wait.max(queued(bucket, 1.0, turns, now));
        }
        if let Some(bucket) = &self.tokens {
            wait = wait.max(queued(bucket, self.cost(demand()), turns, now));
        }
        if !wait.is_zero() {
            return Some(Shortage::For(wait));
        }
        let full = |limit: u32| self.in_flight.saturating_add(ahead) >= limit;
        // A stream goes on for long after it was let in: it must not keep everybody out while nobody is asked.
        let throttled = self.pending > 0 || ahead > 0;
        let slots =
            self.max_concurrent.is_some_and(full) || (throttled && self.aimd.limit(now).is_some_and(full));
        slots.then_some(Shortage::Slot)
    }

    /// Takes what a request needs. Ask `shortage` first.
    pub fn take(&mut self, demand: impl Fn() -> Demand, now: Instant) -> Grant {
        self.in_flight += 1;
        self.pending += 1;
        if let Some(bucket) = &mut self.requests {
            bucket.take(1.0, now);
        }
        let Some(bucket) = &mut self.tokens else {
            return Grant { tokens: 0.0, estimated: 0, answered: false };
        };
        let demand = demand();
        let tokens = self.estimate.cost(demand).min(bucket.capacity());
        bucket.take(tokens, now);
        Grant { tokens, estimated: demand.input, answered: false }
    }

    /// Gives back what was not used.
    pub fn settle(&mut self, grant: Grant, settlement: GrantSettlement, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.pending = self.pending.saturating_sub(u32::from(!grant.answered));
        let unused = match settlement {
            GrantSettlement::Used(Some((input, output))) => {
                self.estimate.learn(grant.estimated, input, output);
                grant.tokens - input.saturating_add(output) as f64
            }
            GrantSettlement::RequestOnly | GrantSettlement::Nothing => grant.tokens,
            GrantSettlement::Used(None) | GrantSettlement::Unknown => 0.0,
        };
        if let Some(bucket) = self.tokens.as_mut().filter(|_| grant.tokens > 0.0) {
            bucket.put_back(unused, now);
        }
        if settlement == GrantSettlement::Nothing
            && let Some(bucket) = &mut self.requests
        {
            bucket.put_back(1.0, now);
        }
    }

    /// Follows what an answer's headers say.
    pub fn learn(&mut self, observed: ObservedLimits, now: Instant) {
        for (bucket, quota) in [(&mut self.requests, observed.requests), (&mut self.tokens, observed.tokens)]
        {
            match (bucket, quota) {
                (_, None) => {}
                (Some(bucket), Some(quota)) => bucket.learn(quota, now),
                (none, Some(quota)) => *none = Some(TokenBucket::learned(quota, now)),
            }
        }
    }

    pub fn throttled(&mut self, began: Instant, now: Instant) {
        self.last_throttle = Some(now);
        self.aimd.throttled(self.in_flight, began, now);
    }

    /// Whether the vendor throttled it within the last minute.
    pub fn recently_throttled(&self, now: Instant) -> bool {
        self.last_throttle.is_some_and(|at| now.saturating_duration_since(at) < MINUTE)
    }

    /// When the slow start after a throttle is over, whether or not a request ends.
    pub fn throttle_ends(&self, now: Instant) -> Option<Instant> {
        self.aimd.ends(now)
    }

    /// The answer to a request has begun.
    pub fn answered(&mut self, grant: Option<&mut Grant>, now: Instant) {
        if let Some(grant) = grant.filter(|g| !g.answered) {
            grant.answered = true;
            self.pending = self.pending.saturating_sub(1);
        }
        for bucket in [&mut self.requests, &mut self.tokens] {
            if bucket.as_mut().is_some_and(|b| !b.review(now)) {
                *bucket = None;
            }
        }
        self.aimd.answered(self.in_flight, now);
    }

    /// Tokens of the whole request, question and answer.
    pub fn cost(&self, demand: Demand) -> f64 {
        self.estimate.cost(demand)
    }

    /// Tokens of the question and of the answer, each for its own price.
    pub fn expected(&self, demand: Demand) -> (u64, u64) {
        let input = demand.input as f64 * self.estimate.factor;
        (input.round() as u64, demand.max_output.unwrap_or(self.estimate.output.round() as u64))
    }

    /// A request was turned away because of what past answers came to: the next guess is a little lower, so that
    /// one long answer does not turn all others away for good.
    pub fn doubt(&mut self) {
        self.estimate.output += DOUBT * (FIRST_OUTPUT - self.estimate.output).min(0.0);
    }

    /// The most tokens one request may have here, where that is known.
    pub fn largest(&self) -> Option<f64> {
        self.tokens.as_ref().map(TokenBucket::capacity)
    }

    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Capacity and level of requests and tokens, for the status.
    pub fn levels(&self, now: Instant) -> [Option<(f64, f64)>; 2] {
        [&self.requests, &self.tokens]
            .map(|bucket| bucket.as_ref().map(|b| (b.capacity(), b.level_at(now).max(0.0))))
    }

    /// How many may be under way at once, by the user's word or after a throttle.
    pub fn concurrency(&self, now: Instant) -> Option<u32> {
        [self.max_concurrent, self.aimd.limit(now)].into_iter().flatten().min()
    }
}

/// How long `turns` requests of one size take to get through, the last of them included.
fn queued(bucket: &TokenBucket, amount: f64, turns: f64, now: Instant) -> Duration {
    if turns <= 1.0 {
        return bucket.ready_in(amount, now);
    }
    let each = amount.min(bucket.capacity());
    let missing = each * turns - bucket.level_at(now);
    // As if the bucket were as large as the queue: what the ones before leave flows to the last.
    if missing <= 0.0 { Duration::ZERO } else { bucket.flows_in(missing, turns, now) }
}

impl Estimate {
    fn cost(&self, demand: Demand) -> f64 {
        demand.input as f64 * self.factor + demand.max_output.map_or(self.output, |n| n as f64)
    }

    fn learn(&mut self, estimated: u64, input: u64, output: u64) {
        if estimated > 0 && input > 0 {
            let seen = (input as f64 / estimated as f64).clamp(0.1, 10.0);
            self.factor += LEARNING * (seen - self.factor);
        }
        self.output += LEARNING * ((output as f64).min(LARGEST_OUTPUT) - self.output);
    }
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;
