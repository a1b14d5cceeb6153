//! HDR histograms of one endpoint and model, exact to two digits, in microseconds.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::base::duration::millis;

/// The phases of a call that are timed separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatencyPhase {
    QueueWait,
    Connect,
    FirstContent,
    Gap,
    Total,
}

pub const PARTS: [(LatencyPhase, &str); 5] = [
    (LatencyPhase::QueueWait, "queueWaitMs"),
    (LatencyPhase::Connect, "connectMs"),
    (LatencyPhase::FirstContent, "firstContentMs"),
    (LatencyPhase::Gap, "gapMs"),
    (LatencyPhase::Total, "totalMs"),
];

/// Created on first use: most endpoints never stream, and many models are used once.
#[derive(Default)]
pub struct Latencies([Option<Box<Histogram<u32>>>; PARTS.len()]);

/// What is read from a histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    pub avg: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
    pub samples: u64,
}

impl Latencies {
    pub fn record(&mut self, part: LatencyPhase, took: Duration) {
        let slot = &mut self.0[part as usize];
        if slot.is_none() {
            // These settings are always valid.
            *slot = Histogram::new(2).ok().map(|mut h| {
                h.auto(true);
                Box::new(h)
            });
        }
        if let Some(histogram) = slot {
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).clamp(1, 86_400_000_000);
            // It grows by itself up to a day, so that no value is refused.
            let _ = histogram.record(micros);
        }
    }
}

/// The sum of one phase over several endpoints or models.
pub struct LatencySum(Option<Histogram<u32>>);

impl LatencySum {
    pub fn new() -> Self {
        Self(Histogram::new(2).ok().map(|mut h| {
            h.auto(true);
            h
        }))
    }

    pub fn add(&mut self, latencies: &Latencies, part: LatencyPhase) {
        if let (Some(sum), Some(histogram)) = (&mut self.0, &latencies.0[part as usize]) {
            // Only a histogram that cannot grow refuses the values of another.
            let _ = sum.add(histogram.as_ref());
        }
    }

    pub fn percentiles(&self) -> Percentiles {
        self.0.as_ref().map(percentiles).unwrap_or_default()
    }
}

impl Default for LatencySum {
    fn default() -> Self {
        Self::new()
    }
}

fn percentiles(histogram: &Histogram<u32>) -> Percentiles {
    if histogram.is_empty() {
        return Percentiles::default();
    }
    let ms = |micros: u64| millis(Duration::from_micros(micros));
    Percentiles {
        avg: histogram.mean().round() / 1e3,
        p50: ms(histogram.value_at_quantile(0.50)),
        p95: ms(histogram.value_at_quantile(0.95)),
        p99: ms(histogram.value_at_quantile(0.99)),
        max: ms(histogram.max()),
        samples: histogram.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact_to_a_hundredth() {
        let mut latencies = Latencies::default();
        for ms in 1..=1_000 {
            latencies.record(LatencyPhase::Total, Duration::from_millis(ms));
        }
        let mut sum = LatencySum::new();
        sum.add(&latencies, LatencyPhase::Total);
        sum.add(&latencies, LatencyPhase::Total);
        let p = sum.percentiles();
        assert_eq!(p.samples, 2_000);
        for (found, expected) in
            [(p.avg, 500.5), (p.p50, 500.0), (p.p95, 950.0), (p.p99, 990.0), (p.max, 1_000.0)]
        {
            assert!((found - expected).abs() / expected < 0.011, "{found} for {expected}");
        }
        assert_eq!(LatencySum::new().percentiles(), Percentiles::default());
    }
}
