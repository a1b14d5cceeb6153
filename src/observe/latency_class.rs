//! The latency class of a model, one word for dashboards and users' rules.

use super::latency::Percentiles;

/// The slowest average of each class, in milliseconds.
const CLASSES: [(f64, &str); 3] = [(1_000.0, "fast"), (3_000.0, "normal"), (10_000.0, "slow")];

/// The class of an average; `None` without samples.
pub fn latency_class(latency: &Percentiles) -> Option<&'static str> {
    let class = CLASSES.iter().find(|(slowest, _)| latency.avg <= *slowest);
    (latency.samples > 0).then(|| class.map_or("tooSlow", |(_, class)| class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_decides() {
        let class = |avg: f64, samples: u64| {
            latency_class(&Percentiles { avg, p50: 1.0, p95: 1e6, p99: 1e6, max: 1e6, samples })
        };
        for (avg, expected) in [
            (0.4, "fast"),
            (1_000.0, "fast"),
            (1_000.1, "normal"),
            (3_000.0, "normal"),
            (3_000.1, "slow"),
            (10_000.0, "slow"),
            (10_000.1, "tooSlow"),
            (1e12, "tooSlow"),
        ] {
            assert_eq!(class(avg, 1), Some(expected), "{avg}");
        }
        assert_eq!(class(0.0, 0), None);
    }
}
