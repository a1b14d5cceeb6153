//! Latencies of the last five minutes, for quantiles that follow an endpoint's current speed. A ring of
//! histograms with logarithmic buckets, eight per octave: quantiles are accurate to about five percent.

use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(300);
const SLOTS: u64 = 10;
/// From a millisecond to about seventeen minutes.
const BUCKETS: usize = 160;
const PER_OCTAVE: f64 = 8.0;

pub struct RollingHistogram {
    epoch: Instant,
    slots: Vec<HistogramSlot>,
}

struct HistogramSlot {
    period: u64,
    total: u32,
    counts: Box<[u32; BUCKETS]>,
}

impl RollingHistogram {
    pub fn new(now: Instant) -> Self {
        Self { epoch: now, slots: Vec::new() }
    }

    pub fn record(&mut self, took: Duration, now: Instant) {
        let period = self.period(now);
        let slot = match self.slots.iter().position(|s| s.period % SLOTS == period % SLOTS) {
            Some(at) => &mut self.slots[at],
            None => {
                // At most as many as there are remainders.
                self.slots.push(HistogramSlot { period, total: 0, counts: Box::new([0; BUCKETS]) });
                let last = self.slots.len() - 1;
                &mut self.slots[last]
            }
        };
        if slot.period != period {
            slot.period = period;
            slot.total = 0;
            slot.counts.fill(0);
        }
        slot.total = slot.total.saturating_add(1);
        let count = &mut slot.counts[bucket(took)];
        *count = count.saturating_add(1);
    }

    /// The `q`-quantile of recent samples; `None` with fewer than `least`.
    pub fn quantile(&self, q: f64, least: u32, now: Instant) -> Option<Duration> {
        let current = self.period(now);
        let recent = || self.slots.iter().filter(|s| s.period + SLOTS > current && s.period <= current);
        let total: u32 = recent().map(|s| s.total).fold(0, u32::saturating_add);
        if total == 0 || total < least {
            return None;
        }
        let rank = (q.clamp(0.0, 1.0) * f64::from(total)).ceil().max(1.0) as u64;
        let mut counted = 0;
        (0..BUCKETS)
            .find(|i| {
                counted += recent().map(|s| u64::from(s.counts[*i])).sum::<u64>();
                counted >= rank
            })
            .map(middle)
    }

    fn period(&self, now: Instant) -> u64 {
        let each = WINDOW.as_nanos() / u128::from(SLOTS);
        (now.saturating_duration_since(self.epoch).as_nanos() / each) as u64
    }
}

fn bucket(took: Duration) -> usize {
    let octaves = (took.as_secs_f64() * 1e3).max(1.0).log2();
    ((octaves * PER_OCTAVE) as usize).min(BUCKETS - 1)
}

/// The geometric middle of a bucket.
fn middle(bucket: usize) -> Duration {
    Duration::from_secs_f64(2f64.powf((bucket as f64 + 0.5) / PER_OCTAVE) / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_old_is_forgotten() {
        let start = Instant::now();
        let mut recent = RollingHistogram::new(start);
        for i in 0..20 {
            recent.record(Duration::from_secs(2), start + Duration::from_secs(i));
        }
        assert_eq!(recent.quantile(0.95, 21, start), None);
        let p95 = |at| recent.quantile(0.95, 20, start + Duration::from_secs(at));
        assert!(p95(299).is_some_and(|d| d.as_millis().abs_diff(2_000) < 100));
        assert_eq!(p95(301), None);
    }

    #[test]
    fn what_is_beyond_the_buckets_counts_as_their_last() {
        let now = Instant::now();
        let mut recent = RollingHistogram::new(now);
        for hours in [1, 1_000] {
            recent.record(Duration::from_secs(hours * 3_600), now);
            let found = recent.quantile(1.0, 1, now).expect("a sample");
            assert!((900..1_100).contains(&found.as_secs()), "{found:?}");
        }
    }

    #[test]
    fn days_take_no_more_room_than_minutes() {
        let start = Instant::now();
        let mut recent = RollingHistogram::new(start);
        for i in 0..10_000 {
            recent.record(Duration::from_secs(2), start + Duration::from_secs(i * 17));
        }
        assert_eq!(recent.slots.len() as u64, SLOTS);
    }

    proptest! {
        // The naive model keeps every sample with its period, sorts, and takes the rank.
        #[test]
        fn equals_a_naive_recount(samples in proptest::collection::vec((0u64..40_000, 1u64..60_000), 1..200), q in 0.01f64..1.0) {
            let start = Instant::now();
            let mut recent = RollingHistogram::new(start);
            let mut all = Vec::new();
            let mut at = 0;
            for (wait, took) in samples {
                at += wait;
                recent.record(Duration::from_millis(took), start + Duration::from_millis(at));
                all.push((at / 30_000, took));
            }
            let mut kept: Vec<u64> = all.iter().filter(|(p, _)| p + 10 > at / 30_000).map(|(_, t)| *t).collect();
            kept.sort_unstable();
            let expected = kept[((q * kept.len() as f64).ceil() as usize).max(1) - 1] as f64;
            let found = recent.quantile(q, 1, start + Duration::from_millis(at)).expect("samples").as_secs_f64() * 1e3;
            prop_assert!((found / expected - 1.0).abs() < 0.05, "{found} for {expected}");
        }
    }
}
