//! A bucket that refills with time: what a vendor's "so many a minute" amounts to. The generic cell rate
//! algorithm (ITU-T I.371, GCRA) as a token bucket, so that it can be calibrated and paid back.

use std::time::{Duration, Instant};

use crate::rate_limit::Quota;

/// Longer than anyone waits.
const LONGEST: f64 = 366.0 * 86_400.0;

#[derive(Debug)]
pub struct Bucket {
    /// What the user allows; a vendor's word lowers it, never raises it.
    configured: Option<f64>,
    capacity: f64,
    per_second: f64,
    level: f64,
    at: Instant,
    /// When a vendor last said something of it.
    taught: Option<Instant>,
}

/// What a vendor said is asked again after this long at the latest, and forgotten if it is not said again.
const MEMORY: Duration = Duration::from_secs(60);

impl Bucket {
    pub fn per_minute(limit: f64, now: Instant) -> Self {
        Self {
            configured: Some(limit),
            capacity: limit,
            per_second: limit / 60.0,
            level: limit,
            at: now,
            taught: None,
        }
    }

    /// A limit that nobody configured, as the vendor described it.
    pub fn learned(quota: Quota, now: Instant) -> Self {
        let per_second = rate(quota).unwrap_or(quota.limit / 60.0);
        Self {
            configured: None,
            capacity: quota.limit,
            per_second,
            level: quota.remaining,
            at: now,
            taught: Some(now),
        }
    }

    /// Follows the vendor's word: its limit, its rate, and at most what it says is left.
    pub fn learn(&mut self, quota: Quota, now: Instant) {
        self.refill(now);
        let most = self.configured.unwrap_or(f64::INFINITY);
        self.capacity = quota.limit.min(most);
        self.per_second = rate(quota).unwrap_or(quota.limit / 60.0).min(most / 60.0);
        // What the user allows is counted here; what only the vendor limits, by the vendor.
        let known = if self.configured.is_some() { self.level } else { f64::INFINITY };
        self.level = known.min(quota.remaining).min(self.capacity);
        self.taught = Some(now);
    }

    /// An answer came. What was taught a while ago and is not repeated no longer binds; false when nothing is
    /// left that does.
    pub fn review(&mut self, now: Instant) -> bool {
        if self.taught.is_none_or(|at| now.saturating_duration_since(at) <= MEMORY) {
            return true;
        }
        self.refill(now);
        self.taught = None;
        let Some(limit) = self.configured else { return false };
        (self.capacity, self.per_second) = (limit, limit / 60.0);
        true
    }

    /// How long until `amount` may be taken; zero when it may be now. More than the bucket holds is taken
    /// from a full one.
    pub fn ready_in(&self, amount: f64, now: Instant) -> Duration {
        let missing = amount.min(self.capacity) - self.level_at(now);
        // A rounding error is not worth a wait.
        if missing <= 1e-6 {
            return Duration::ZERO;
        }
        self.flows_in(missing)
    }

    /// How long `amount` takes to flow in.
    pub fn flows_in(&self, amount: f64) -> Duration {
        // Without any flow it is infinite, and the minimum is the bound.
        let longest = if self.configured.is_some() { LONGEST } else { MEMORY.as_secs_f64() };
        let secs = (amount / self.per_second).min(longest);
        // Never a moment early: a timer that rings too soon would have to be set again.
        Duration::from_secs_f64(secs.max(0.0)) + Duration::from_micros(1)
    }

    /// Takes `amount`. The debt has a bound: nobody pays for another's excess longer than it takes to fill up.
    pub fn take(&mut self, amount: f64, now: Instant) {
        self.refill(now);
        self.level = (self.level - amount).max(-self.capacity);
    }

    pub fn put_back(&mut self, amount: f64, now: Instant) {
        self.take(-amount, now);
        self.level = self.level.min(self.capacity);
    }

    /// The limit: how much at once.
    pub fn capacity(&self) -> f64 {
        self.capacity
    }

    pub fn level_at(&self, now: Instant) -> f64 {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.level + elapsed * self.per_second).min(self.capacity)
    }

    fn refill(&mut self, now: Instant) {
        self.level = self.level_at(now);
        // A clock that seems to go back refills nothing twice.
        self.at = self.at.max(now);
    }
}

/// Units a second, from what is missing and how long that takes to come back.
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
        let mut bucket = Bucket::per_minute(60.0, now);
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
        let mut bucket = Bucket::per_minute(600.0, now);
        assert_eq!(bucket.ready_in(5_000.0, now), Duration::ZERO);
        bucket.take(5_000.0, now);
        // Two minutes' worth at most is owed.
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
        let mut bucket = Bucket::per_minute(600.0, now);
        // 100 of which 90 are gone and come back in nine seconds: ten a second.
        bucket.learn(Quota { limit: 100.0, remaining: 10.0, reset: Some(ms(9_000)) }, now);
        assert_eq!(bucket.capacity(), 100.0);
        assert_eq!(bucket.level_at(now), 10.0);
        assert!((bucket.level_at(now + ms(1_000)) - 20.0).abs() < 1e-6);
        bucket.learn(Quota { limit: 1e9, remaining: 1e9, reset: None }, now);
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
            // Faster than the user allows.
            (quota(120.0, 20.0, Some(10)), 10.0, 1.0),
            // Nothing is said of a rate: a minute's limit, and what was known before.
            (quota(120.0, 20.0, None), 2.0, 1.0),
            (quota(120.0, 120.0, Some(10)), 2.0, 1.0),
            (quota(120.0, 20.0, Some(0)), 2.0, 1.0),
        ] {
            let mut of_the_user = Bucket::per_minute(60.0, now);
            of_the_user.learn(quota, now);
            for (bucket, rate) in [(Bucket::learned(quota, now), learned), (of_the_user, configured)] {
                let wait = bucket.flows_in(10.0).as_secs_f64();
                assert!((wait * rate - 10.0).abs() < 1e-3, "{quota:?}: {wait} s at {rate}");
            }
        }
    }

    #[test]
    fn where_nothing_flows_the_wait_has_an_end() {
        let none = Bucket::per_minute(0.0, Instant::now());
        assert_eq!(none.flows_in(1.0).as_secs(), 366 * 86_400);
    }

    #[test]
    fn what_is_not_said_again_is_forgotten_and_nothing_said_blocks_for_ever() {
        let now = Instant::now();
        let after = |secs| now + Duration::from_secs(secs);
        let used_up = Quota { limit: 100.0, remaining: 0.0, reset: Some(Duration::from_secs(172_800)) };
        let mut learned = Bucket::learned(used_up, now);
        assert_eq!(learned.ready_in(1.0, now).as_secs(), 60, "asked again after a minute");
        assert!(learned.review(after(60)));
        learned.learn(used_up, after(60));
        assert!(learned.review(after(120)));
        assert!(!learned.review(after(121)));
        let mut configured = Bucket::per_minute(600.0, now);
        configured.learn(used_up, now);
        assert!(configured.review(after(60)));
        assert!(
            configured.ready_in(1.0, after(60)) > Duration::from_secs(60),
            "what is configured binds as it is"
        );
        assert!(configured.review(after(61)));
        assert_eq!(configured.capacity(), 600.0);
        assert!(configured.ready_in(1.0, after(61)) < ms(101));
    }

    proptest! {
        // The naive model: every grant is remembered; within any stretch of time no more is granted than the
        // bucket held and what flowed in.
        #[test]
        fn it_never_gives_more_than_flowed_in(
            limit in 1u32..600,
            steps in proptest::collection::vec((0u64..5_000, 1u32..20), 1..200),
        ) {
            let start = Instant::now();
            let mut bucket = Bucket::per_minute(f64::from(limit), start);
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
                    // The wait that was named is enough, and no more than a moment too long: of the least rate,
                    // what is taken for a rounding error flows in within ten milliseconds.
                    prop_assert!(bucket.ready_in(amount, now + wait).is_zero());
                    prop_assert!(!bucket.ready_in(amount, now + wait.mul_f64(0.99)).is_zero() || wait < ms(10));
                }
            }
        }

        #[test]
        fn what_is_put_back_is_there_again(taken in 0.0f64..500.0) {
            let now = Instant::now();
            let mut bucket = Bucket::per_minute(500.0, now);
            bucket.take(taken, now);
            bucket.put_back(taken, now);
            prop_assert!((bucket.level_at(now) - 500.0).abs() < 1e-6);
        }
    }
}
