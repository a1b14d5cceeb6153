//! The rate limiter of one key and model: requests per minute, tokens per minute, and concurrency. A limit
//! binds when it is configured, when response headers reported it, and after a throttle.

use std::time::{Duration, Instant};

use super::{aimd::Aimd, bucket::TokenBucket};
use crate::base::rate_limit::ObservedLimits;

/// Configured limits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RateLimits {
    /// Requests per minute.
    pub rpm: Option<u32>,
    /// Tokens per minute, input and output together.
    pub tpm: Option<u64>,
    pub max_concurrent: Option<u32>,
}

/// What a request is expected to need.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Demand {
    /// Estimated input tokens.
    pub input: u64,
    /// The most output tokens, if the caller set a limit.
    pub max_output: Option<u64>,
}

/// Why a request has to wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shortage {
    /// Until the bucket has refilled.
    For(Duration),
    /// Until a running request has ended.
    Slot,
}

/// What one request has reserved, to be settled once.
#[derive(Debug)]
#[must_use]
pub struct Grant {
    tokens: f64,
    /// The estimated input tokens; zero when no estimate was needed.
    estimated: u64,
    /// Its first content has arrived.
    answered: bool,
}

/// How the vendor counted a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GrantSettlement {
    /// Counted as in the usage; `None` when the answer has none.
    Used(Option<(u64, u64)>),
    /// The vendor counted the request but no tokens.
    RequestOnly,
    /// Never received.
    Nothing,
    /// Unknown: the reservation stays spent.
    Unknown,
}

#[derive(Debug)]
pub struct Limiter {
    requests: Option<TokenBucket>,
    tokens: Option<TokenBucket>,
    max_concurrent: Option<u32>,
    aimd: Aimd,
    in_flight: u32,
    /// Running requests without content yet.
    pending: u32,
    last_throttle: Option<Instant>,
    estimate: Estimate,
}

/// What past requests teach about the tokens of the next.
#[derive(Debug)]
struct Estimate {
    /// The ratio of counted to estimated input tokens.
    factor: f64,
    /// Expected output tokens.
    output: f64,
}

const MINUTE: Duration = Duration::from_secs(60);
/// How much the expected output falls with each request that it rejects.
const REJECT_DECAY: f64 = 0.05;
/// The weight of a new sample.
const SAMPLE_WEIGHT: f64 = 0.2;
/// No model answers with more; a larger usage is ignored. In tokens.
const LARGEST_OUTPUT: f64 = 1e6;
/// Expected output tokens before the first sample.
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

    /// Why a request has to wait; `None` when it may be sent now. `ahead` calls wait before it, each for
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
        // A running stream must not block everything while no other request is running.
        let throttled = self.pending > 0 || ahead > 0;
        let slots =
            self.max_concurrent.is_some_and(full) || (throttled && self.aimd.limit(now).is_some_and(full));
        slots.then_some(Shortage::Slot)
    }

    /// Reserves what a request needs. Call `shortage` first.
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

    /// Settles a reservation: returns what was not used.
    pub fn settle(&mut self, grant: Grant, settlement: GrantSettlement, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.pending = self.pending.saturating_sub(u32::from(!grant.answered));
        let unused = match settlement {
            GrantSettlement::Used(Some((input, output))) => {
                self.estimate.observe(grant.estimated, input, output);
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

    /// Applies the limits from response headers.
    pub fn observe(&mut self, observed: ObservedLimits, now: Instant) {
        for (bucket, quota) in [(&mut self.requests, observed.requests), (&mut self.tokens, observed.tokens)]
        {
            match (bucket, quota) {
                (_, None) => {}
                (Some(bucket), Some(quota)) => bucket.observe(quota, now),
                (none, Some(quota)) => *none = Some(TokenBucket::learned(quota, now)),
            }
        }
    }

    pub fn throttled(&mut self, began: Instant, now: Instant) {
        self.last_throttle = Some(now);
        self.aimd.throttled(self.in_flight, began, now);
    }

    /// Whether the vendor throttled a request within the last minute.
    pub fn recently_throttled(&self, now: Instant) -> bool {
        self.last_throttle.is_some_and(|at| now.saturating_duration_since(at) < MINUTE)
    }

    /// When the limit after a throttle ends, whether or not a request ends.
    pub fn throttle_ends(&self, now: Instant) -> Option<Instant> {
        self.aimd.ends(now)
    }

    /// The first content of a request has arrived.
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

    /// Expected tokens of the whole request.
    pub fn cost(&self, demand: Demand) -> f64 {
        self.estimate.cost(demand)
    }

    /// Expected input and output tokens, each for its own price.
    pub fn expected(&self, demand: Demand) -> (u64, u64) {
        let input = demand.input as f64 * self.estimate.factor;
        (input.round() as u64, demand.max_output.unwrap_or(self.estimate.output.round() as u64))
    }

    /// Lowers the expected output after it rejected a request, so that one long answer does not reject all
    /// later requests for good.
    pub fn doubt(&mut self) {
        self.estimate.output += REJECT_DECAY * (FIRST_OUTPUT - self.estimate.output).min(0.0);
    }

    /// The most tokens one request may have, if known.
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

    /// The most concurrent requests, as configured or after a throttle.
    pub fn concurrency(&self, now: Instant) -> Option<u32> {
        [self.max_concurrent, self.aimd.limit(now)].into_iter().flatten().min()
    }
}

/// How long `turns` requests of one size take, the last of them included.
fn queued(bucket: &TokenBucket, amount: f64, turns: f64, now: Instant) -> Duration {
    if turns <= 1.0 {
        return bucket.ready_in(amount, now);
    }
    let each = amount.min(bucket.capacity());
    let missing = each * turns - bucket.level_at(now);
    // As if the capacity were as large as the queue: the last gets what refills after the ones before.
    if missing <= 0.0 { Duration::ZERO } else { bucket.refill_time(missing, turns, now) }
}

impl Estimate {
    fn cost(&self, demand: Demand) -> f64 {
        demand.input as f64 * self.factor + demand.max_output.map_or(self.output, |n| n as f64)
    }

    fn observe(&mut self, estimated: u64, input: u64, output: u64) {
        if estimated > 0 && input > 0 {
            let ratio = (input as f64 / estimated as f64).clamp(0.1, 10.0);
            self.factor += SAMPLE_WEIGHT * (ratio - self.factor);
        }
        self.output += SAMPLE_WEIGHT * ((output as f64).min(LARGEST_OUTPUT) - self.output);
    }
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;
