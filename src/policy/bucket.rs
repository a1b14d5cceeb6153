//! A token bucket for a vendor's limit per minute, by the generic cell rate algorithm (ITU-T I.371, GCRA). It
//! can be calibrated and paid back.

use std::time::{Duration, Instant};

use crate::base::rate_limit::Quota;

/// Longer than any call waits, in seconds.
const LONGEST: f64 = 366.0 * 86_400.0;

#[derive(Debug)]
pub struct TokenBucket {
    /// The configured limit. A vendor's limit lowers it and never raises it.
    configured: Option<f64>,
    capacity: f64,
    per_second: f64,
    level: f64,
    at: Instant,
    /// When a vendor last reported the limit, and when tokens were last taken.
    observed_at: Option<Instant>,
    taken: Instant,
}

/// An observed limit is tested again after at most this long.
const RETEST_AFTER: Duration = Duration::from_secs(60);
/// An observed limit is forgotten when responses have not repeated it for this long.
const OBSERVED_TTL: Duration = Duration::from_secs(10);

impl TokenBucket {
    pub fn per_minute(limit: f64, now: Instant) -> Self {
        Self {
            configured: Some(limit),
            capacity: limit,
            per_second: limit / 60.0,
            level: limit,
            at: now,
            observed_at: None,
            taken: now,
        }
    }

    /// A bucket for a limit that is not configured, as the vendor reported it.
    pub fn learned(quota: Quota, now: Instant) -> Self {
        let per_second = rate(quota).unwrap_or(quota.limit / 60.0);
        Self {
            configured: None,
            capacity: quota.limit,
            per_second,
            level: quota.remaining,
            at: now,
            observed_at: Some(now),
            taken: now,
        }
    }

    /// Applies an observed limit: its size, its rate, and at most its remaining tokens.
    pub fn observe(&mut self, quota: Quota, now: Instant) {
        self.refill(now);
        let most = self.configured.unwrap_or(f64::INFINITY);
        self.capacity = quota.limit.min(most);
        self.per_second = rate(quota).unwrap_or(quota.limit / 60.0).min(most / 60.0);
        // Configured limits are counted here; limits that only the vendor has are counted by the vendor.
        let known = if self.configured.is_some() { self.level } else { f64::INFINITY };
        self.level = known.min(quota.remaining).min(self.capacity);
        self.observed_at = Some(now);
    }

    /// Reviews the observed limit after a response. One that is no longer repeated stops binding; false when
    /// nothing binds any more.
    pub fn review(&mut self, now: Instant) -> bool {
        if self.observed_at.is_none_or(|at| now.saturating_duration_since(at) <= OBSERVED_TTL) {
            return true;
        }
        self.refill(now);
        self.observed_at = None;
        let Some(limit) = self.configured else { return false };
        (self.capacity, self.per_second) = (limit, limit / 60.0);
        true
    }

    /// How long until `amount` may be taken; zero when it may be now. An amount above the capacity is taken
    /// from a full bucket.
    pub fn ready_in(&self, amount: f64, now: Instant) -> Duration {
        let missing = amount.min(self.capacity) - self.level_at(now);
        // Do not wait for a rounding error.
        if missing <= 1e-6 {
            return Duration::ZERO;
        }
        self.refill_time(missing, 1.0, now)
    }

    /// How long `missing` takes to refill, for the last of `turns` requests.
    pub fn refill_time(&self, missing: f64, turns: f64, now: Instant) -> Duration {
        let longest = match self.observed_at {
            None => LONGEST,
            // A configured limit binds as it is; an observed one is tested again before long.
            Some(_) => {
                let since = now.saturating_duration_since(self.taken);
                let again = RETEST_AFTER.as_secs_f64() * turns.max(1.0);
                let by_user = self.configured.map_or(0.0, |limit| missing / (limit / 60.0));
                (again.max(by_user) - since.as_secs_f64()).clamp(0.0, LONGEST)
            }
        };
        // Without a refill rate it is infinite, and the minimum bounds it.
        let secs = (missing / self.per_second).min(longest).max(0.0);
        // Never too early: a timer that fires before the refill would have to be set again.
        if secs == 0.0 { Duration::ZERO } else { Duration::from_secs_f64(secs) + Duration::from_micros(1) }
    }

    /// Takes `amount`. The debt is bounded: it never takes longer to repay than a full refill.
    pub fn take(&mut self, amount: f64, now: Instant) {
        self.refill(now);
        self.level = (self.level - amount).max(-self.capacity);
        self.taken = self.taken.max(now);
    }

    pub fn put_back(&mut self, amount: f64, now: Instant) {
        self.refill(now);
        self.level = (self.level + amount).clamp(-self.capacity, self.capacity);
    }

    /// The capacity: the most that can be taken at once.
    pub fn capacity(&self) -> f64 {
        self.capacity
    }

    pub fn level_at(&self, now: Instant) -> f64 {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.level + elapsed * self.per_second).min(self.capacity)
    }

    fn refill(&mut self, now: Instant) {
        self.level = self.level_at(now);
        // A clock that goes back must not refill twice.
        self.at = self.at.max(now);
    }
}

/// Tokens per second, from the missing tokens and the time to a full refill.
fn rate(quota: Quota) -> Option<f64> {
    let missing = quota.limit - quota.remaining;
    let secs = quota.reset?.as_secs_f64();
    (missing > 0.0 && secs > 0.0).then(|| missing / secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_full_one_gives_all_at_once_and_then_by_the_clock() {
        let now = Instant::now();
        let mut bucket = TokenBucket::per_minute(60.0, now);
        for _ in 0..60 {
            assert_eq!(bucket.ready_in(1.0, now), Duration::ZERO);
            bucket.take(1.0, now);
        }
        let wait = bucket.ready_in(1.0, now);
        assert!(wait > ms(999) && wait < ms(1_001), "{wait:?}");
        assert_eq!(bucket.ready_in(1.0, now + wait), Duration::ZERO);
    }

    #[test]
    fn more_than_it_holds_waits_until_it_is_full() {
        let now = Instant::now();
        let mut bucket = TokenBucket::per_minute(600.0, now);
        assert_eq!(bucket.ready_in(5_000.0, now), Duration::ZERO);
        bucket.take(5_000.0, now);
        // The debt is at most two minutes' worth.
        let wait = bucket.ready_in(1.0, now).as_secs_f64();
        assert!((wait - 60.1).abs() < 1e-3, "{wait}");
        bucket.put_back(1_100.0, now);
        assert_eq!(bucket.ready_in(100.0, now), Duration::ZERO);
        bucket.put_back(1e9, now);
        assert_eq!(bucket.level_at(now), 600.0);
    }

    #[test]
    fn a_vendor_lowers_and_paces() {
        let now = Instant::now();
        let mut bucket = TokenBucket::per_minute(600.0, now);
        // 100 of which 90 are gone and come back in nine seconds: ten a second.
        bucket.observe(Quota { limit: 100.0, remaining: 10.0, reset: Some(ms(9_000)) }, now);
        assert_eq!(bucket.capacity(), 100.0);
        assert_eq!(bucket.level_at(now), 10.0);
        assert!((bucket.level_at(now + ms(1_000)) - 20.0).abs() < 1e-6);
        bucket.observe(Quota { limit: 1e9, remaining: 1e9, reset: None }, now);
        assert_eq!(bucket.capacity(), 600.0, "what the user allows stands");
    }

    #[test]
    fn the_rate_is_what_is_missing_by_the_time_it_takes_to_come_back() {
        let now = Instant::now();
        let quota = |limit, remaining, secs: Option<u64>| Quota {
            limit,
            remaining,
            reset: secs.map(Duration::from_secs),
        };
        for (quota, learned, configured) in [
            (quota(120.0, 20.0, Some(200)), 0.5, 0.5),
            // Faster than the configured limit.
            (quota(120.0, 20.0, Some(10)), 10.0, 1.0),
            // No rate reported: a minute's limit, and the rate known before.
            (quota(120.0, 20.0, None), 2.0, 1.0),
            (quota(120.0, 120.0, Some(10)), 2.0, 1.0),
            (quota(120.0, 20.0, Some(0)), 2.0, 1.0),
            (quota(30.0, 20.0, None), 0.5, 0.5),
        ] {
            let mut of_the_user = TokenBucket::per_minute(60.0, now);
            of_the_user.observe(quota, now);
            for (bucket, rate) in [(TokenBucket::learned(quota, now), learned), (of_the_user, configured)] {
                let wait = bucket.refill_time(10.0, 1.0, now).as_secs_f64();
                assert!((wait * rate - 10.0).abs() < 1e-3, "{quota:?}: {wait} s at {rate}");
            }
        }
    }

    #[test]
    fn where_nothing_flows_the_wait_has_an_end() {
        let none = TokenBucket::per_minute(0.0, Instant::now());
        assert_eq!(none.refill_time(1.0, 1.0, Instant::now()).as_secs(), 366 * 86_400);
    }

    #[test]
    fn what_is_not_said_again_is_forgotten_and_nothing_said_blocks_for_ever() {
        let now = Instant::now();
        let after = |secs| now + Duration::from_secs(secs);
        let used_up = Quota { limit: 100.0, remaining: 0.0, reset: Some(Duration::from_secs(172_800)) };
        let mut learned = TokenBucket::learned(used_up, now);
        assert_eq!(learned.ready_in(1.0, now).as_secs(), 60, "tried again after a minute");
        assert_eq!(learned.ready_in(1.0, after(60)), Duration::ZERO);
        learned.take(1.0, after(60));
        assert_eq!(learned.ready_in(1.0, after(60)).as_secs(), 60, "and once more");
        assert_eq!(learned.refill_time(100.0, 3.0, after(60)).as_secs(), 180, "the third in line");
        learned.observe(used_up, after(60));
        assert!(learned.review(after(70)));
        assert!(!learned.review(after(71)));
        let mut configured = TokenBucket::per_minute(600.0, now);
        configured.observe(used_up, now);
        assert_eq!(configured.ready_in(1.0, after(60)), Duration::ZERO);
        assert!(configured.review(after(10)));
        assert!(configured.ready_in(1.0, after(10)) > Duration::from_secs(49));
        assert!(configured.review(after(11)));
        assert_eq!(configured.capacity(), 600.0);
        let wait = configured.ready_in(1.0, after(11));
        assert!(wait > ms(99) && wait < ms(101), "{wait:?}: at the user's rate again");
        let mut small = TokenBucket::per_minute(10.0, now);
        small.observe(
            Quota { limit: 1_000.0, remaining: 0.0, reset: Some(Duration::from_secs(172_800)) },
            now,
        );
        assert_eq!(small.refill_time(20.0, 1.0, after(60)).as_secs(), 60, "what the user allows binds");
    }

    proptest! {
        // The naive model remembers every grant: within any span no more is granted than the bucket held and
        // what was refilled.
        #[test]
        fn it_never_gives_more_than_flowed_in(
            limit in 1u32..600,
            steps in proptest::collection::vec((0u64..5_000, 1u32..20), 1..200),
        ) {
            let start = Instant::now();
            let mut bucket = TokenBucket::per_minute(f64::from(limit), start);
            let mut grants: Vec<(u64, f64)> = Vec::new();
            let mut at = 0;
            for (wait, amount) in steps {
                at += wait;
                let now = start + ms(at);
                let amount = f64::from(amount).min(f64::from(limit));
                let wait = bucket.ready_in(amount, now);
                if wait.is_zero() {
                    bucket.take(amount, now);
                    grants.push((at, amount));
                    let mut given = 0.0;
                    for (since, amount) in grants.iter().rev() {
                        given += amount;
                        let flowed = f64::from(limit) * (1.0 + (at - since) as f64 / 60_000.0);
                        prop_assert!(given <= flowed + 1e-3, "{given} of {flowed}");
                    }
                } else {
                    // The reported wait suffices, and is at most a moment too long: at the lowest rate, a
                    // rounding error refills within ten milliseconds.
                    prop_assert!(bucket.ready_in(amount, now + wait).is_zero());
                    prop_assert!(!bucket.ready_in(amount, now + wait.mul_f64(0.99)).is_zero() || wait < ms(10));
                }
            }
        }

        #[test]
        fn what_is_put_back_is_there_again(taken in 0.0f64..500.0) {
            let now = Instant::now();
            let mut bucket = TokenBucket::per_minute(500.0, now);
            bucket.take(taken, now);
            bucket.put_back(taken, now);
            prop_assert!((bucket.level_at(now) - 500.0).abs() < 1e-6);
        }
    }
}
