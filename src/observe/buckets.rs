//! Durations counted in fixed buckets. Scrapers can add buckets up over processes, unlike percentiles.

use std::time::Duration;

/// Upper bounds in seconds: OpenTelemetry's for GenAI durations, extended up to the longest default deadline
/// and down to the times of queues and connections.
pub const BOUNDS: [f64; 20] = [
    0.001, 0.002_5, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96,
    81.92, 163.84, 327.68, 655.36,
];

#[derive(Clone, Debug, Default)]
pub struct HistogramBuckets {
    /// Not cumulative; the last is above all bounds.
    counts: [u64; BOUNDS.len() + 1],
    sum: f64,
}

impl HistogramBuckets {
    pub fn record(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        // A bound includes values equal to it.
        self.counts[BOUNDS.partition_point(|bound| *bound < seconds)] += 1;
        self.sum += seconds;
    }

    pub fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(own, more)| *own += more);
        self.sum += other.sum;
    }

    pub fn sum(&self) -> f64 {
        self.sum
    }

    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Every bound with the count of its own bucket.
    pub fn each(&self) -> [(f64, u64); BOUNDS.len() + 1] {
        std::array::from_fn(|i| (BOUNDS.get(i).copied().unwrap_or(f64::INFINITY), self.counts[i]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_holds_what_is_equal_to_it_and_the_last_bucket_everything_above() {
        let mut buckets = HistogramBuckets::default();
        for bound in BOUNDS {
            buckets.record(Duration::from_secs_f64(bound));
        }
        buckets.record(Duration::from_secs(10_000));
        assert!(buckets.each().iter().all(|(_, n)| *n == 1), "{buckets:?}");
        assert_eq!(buckets.count(), BOUNDS.len() as u64 + 1);
        assert!((buckets.sum() - BOUNDS.iter().sum::<f64>() - 10_000.0).abs() < 1e-6);
        assert!(BOUNDS.is_sorted());
    }
}
