//! A concurrency limit after a throttle: additive increase, multiplicative decrease, with a slow start, so
//! that the calls that waited for a Retry-After do not arrive as a herd. After TCP's congestion control
//! (Jacobson, "Congestion Avoidance and Control", 1988).

use std::time::{Duration, Instant};

const DECREASE: f64 = 0.7;
/// The start of the slow start, as a share of its threshold.
const START: f64 = 0.1;
/// A throttle is forgotten after this long without another.
const MEMORY: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Aimd {
    window: Option<ConcurrencyWindow>,
}

#[derive(Debug)]
struct ConcurrencyWindow {
    size: f64,
    /// Below the threshold the window doubles with each round trip, above it grows by one.
    threshold: f64,
    lowered: Instant,
}

impl Aimd {
    /// The most requests at once; `None` without a recent throttle.
    pub fn limit(&self, now: Instant) -> Option<u32> {
        self.recent(now).map(|w| w.size.min(f64::from(u32::MAX)) as u32)
    }

    /// When the throttle, and with it the limit, is forgotten.
    pub fn ends(&self, now: Instant) -> Option<Instant> {
        self.recent(now).map(|w| w.lowered + MEMORY)
    }

    /// The vendor throttled a request that was sent at `began`, one of `in_flight`.
    pub fn throttled(&mut self, in_flight: u32, began: Instant, now: Instant) {
        let before = self.recent(now);
        if before.is_some_and(|w| began < w.lowered) {
            return; // The same episode.
        }
        let used = before.map_or(f64::INFINITY, |w| w.size).min(f64::from(in_flight));
        // A single request is not too much concurrency.
        if before.is_none() && in_flight < 2 {
            return;
        }
        let threshold = (used * DECREASE).max(1.0);
        self.window = Some(ConcurrencyWindow { size: (threshold * START).max(1.0), threshold, lowered: now });
    }

    /// A request was answered, one of `in_flight` running ones.
    pub fn answered(&mut self, in_flight: u32, now: Instant) {
        if self.recent(now).is_none() {
            self.window = None;
        }
        // A window that is not full says nothing about a larger one.
        if let Some(w) = self.window.as_mut().filter(|w| f64::from(in_flight) >= w.size.floor()) {
            w.size += if w.size < w.threshold { 1.0 } else { 1.0 / w.size };
        }
    }

    fn recent(&self, now: Instant) -> Option<&ConcurrencyWindow> {
        self.window.as_ref().filter(|w| now.saturating_duration_since(w.lowered) < MEMORY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_throttle_is_followed_by_a_slow_start_and_then_by_small_steps() {
        let now = Instant::now();
        let mut aimd = Aimd::default();
        assert_eq!(aimd.limit(now), None);
        aimd.throttled(100, now, now);
        assert_eq!(aimd.limit(now), Some(7));
        let mut limits = Vec::new();
        for _ in 0..6 {
            let limit = aimd.limit(now).expect("throttled");
            limits.push(limit);
            for _ in 0..limit {
                aimd.answered(u32::MAX, now);
            }
        }
        assert_eq!(limits, [7, 14, 28, 56, 70, 71]);
        assert_eq!(aimd.ends(now), Some(now + MEMORY));
        assert_eq!((aimd.limit(now + MEMORY), aimd.ends(now + MEMORY)), (None, None));
    }

    #[test]
    fn fifty_throttles_together_lower_it_once() {
        let now = Instant::now();
        let later = now + Duration::from_millis(10);
        let mut aimd = Aimd::default();
        for _ in 0..50 {
            aimd.throttled(50, now, later);
        }
        assert_eq!(aimd.window.as_ref().map(|w| w.threshold), Some(35.0));
        aimd.throttled(50, later, later + Duration::from_millis(1));
        assert_eq!(aimd.limit(later), Some(1));
    }

    #[test]
    fn a_lone_request_is_not_too_many_but_two_may_be() {
        let now = Instant::now();
        let mut aimd = Aimd::default();
        aimd.throttled(1, now, now);
        assert_eq!(aimd.limit(now), None);
        aimd.throttled(2, now, now);
        assert_eq!(aimd.limit(now), Some(1));
    }

    proptest! {
        #[test]
        fn it_never_locks(steps in proptest::collection::vec((any::<bool>(), 1u32..200, 0u64..3_000), 0..200)) {
            let start = Instant::now();
            let mut now = start;
            let mut aimd = Aimd::default();
            for (throttled, in_flight, wait) in steps {
                now += Duration::from_millis(wait);
                let before = aimd.limit(now);
                if throttled {
                    aimd.throttled(in_flight, now, now);
                    prop_assert!(before.is_none_or(|b| aimd.limit(now).is_some_and(|a| a <= b)));
                } else {
                    aimd.answered(in_flight, now);
                    prop_assert!(aimd.limit(now) >= before || before.is_none());
                }
                prop_assert!(aimd.limit(now).is_none_or(|l| l >= 1));
            }
            prop_assert_eq!(aimd.limit(now + MEMORY), None);
        }
    }
}
