//! An exact sliding window of outcomes: a ring of ten buckets.

use std::time::{Duration, Instant};

const BUCKETS: usize = 10;

#[derive(Clone, Copy, Default)]
struct OutcomeBucket {
    /// The period since the epoch that this bucket holds; an older one counts as empty.
    period: u64,
    total: u32,
    failed: u32,
}

/// Outcomes of the last `window`, to a tenth of it.
pub struct RollingOutcomes {
    epoch: Instant,
    bucket: Duration,
    buckets: [OutcomeBucket; BUCKETS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    pub total: u32,
    pub failed: u32,
}

impl RollingOutcomes {
    pub fn new(window: Duration, now: Instant) -> Self {
        let bucket = (window / BUCKETS as u32).max(Duration::from_millis(1));
        Self { epoch: now, bucket, buckets: [OutcomeBucket::default(); BUCKETS] }
    }

    pub fn record(&mut self, failed: bool, now: Instant) {
        let period = self.period(now);
        let bucket = &mut self.buckets[(period % BUCKETS as u64) as usize];
        if bucket.period != period {
            *bucket = OutcomeBucket { period, ..OutcomeBucket::default() };
        }
        bucket.total = bucket.total.saturating_add(1);
        bucket.failed = bucket.failed.saturating_add(u32::from(failed));
    }

    pub fn tally(&self, now: Instant) -> OutcomeCounts {
        let current = self.period(now);
        let oldest = current.saturating_sub(BUCKETS as u64 - 1);
        self.buckets.iter().filter(|b| (oldest..=current).contains(&b.period)).fold(
            OutcomeCounts::default(),
            |t, b| OutcomeCounts {
                total: t.total.saturating_add(b.total),
                failed: t.failed.saturating_add(b.failed),
            },
        )
    }

    pub fn clear(&mut self) {
        self.buckets = [OutcomeBucket::default(); BUCKETS];
    }

    fn period(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.epoch);
        (elapsed.as_nanos() / self.bucket.as_nanos().max(1)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_as_old_as_the_window_is_out_of_it() {
        let start = Instant::now();
        let mut ring = RollingOutcomes::new(Duration::from_secs(30), start);
        ring.record(true, start);
        let failed = |ms| ring.tally(start + Duration::from_millis(ms)).failed;
        assert_eq!([failed(0), failed(29_999), failed(30_000)], [1, 1, 0]);
    }

    proptest! {
        // The naive model keeps every outcome and counts those whose bucket is among the last ten.
        #[test]
        fn equals_a_naive_recount(steps in proptest::collection::vec((0u64..4_000, any::<bool>()), 0..200)) {
            let start = Instant::now();
            let mut ring = RollingOutcomes::new(Duration::from_secs(30), start);
            let mut all = Vec::new();
            let mut at = 0;
            for (wait, failed) in steps {
                at += wait;
                let now = start + Duration::from_millis(at);
                ring.record(failed, now);
                all.push((at / 3_000, failed));
                let current = at / 3_000;
                let recent = all.iter().filter(|(p, _)| p + 10 > current);
                let expected = OutcomeCounts {
                    total: recent.clone().count() as u32,
                    failed: recent.filter(|(_, f)| *f).count() as u32,
                };
                prop_assert_eq!(ring.tally(now), expected);
            }
        }
    }
}
