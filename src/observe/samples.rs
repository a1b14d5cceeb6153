//! The last ten outcomes of a model, for `getOptimalModel()`.

use std::{collections::VecDeque, time::Duration};

const KEPT: usize = 10;
const NEEDED: usize = 3;
const SLOWEST_AVERAGE: Duration = Duration::from_millis(5_000);
const LEAST_SUCCESS: f64 = 0.95;

#[derive(Clone, Default)]
pub struct Samples(VecDeque<(bool, Duration)>);

impl Samples {
    pub fn record(&mut self, success: bool, took: Duration) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((success, took));
    }

    /// The average latency of an eligible model: at least 95 % success over at least three
    /// of the last ten samples, and under five seconds on average.
    pub fn eligible_average(&self) -> Option<Duration> {
        let n = self.0.len();
        if n < NEEDED {
            return None;
        }
        let successes = self.0.iter().filter(|(ok, _)| *ok).count();
        let average = self.0.iter().map(|(_, took)| *took).sum::<Duration>() / n as u32;
        (successes as f64 >= LEAST_SUCCESS * n as f64 && average < SLOWEST_AVERAGE).then_some(average)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(list: &[(bool, u64)]) -> Samples {
        let mut samples = Samples::default();
        for (ok, ms) in list {
            samples.record(*ok, Duration::from_millis(*ms));
        }
        samples
    }

    #[test]
    fn three_good_ones_are_needed() {
        assert_eq!(samples(&[(true, 10), (true, 20)]).eligible_average(), None);
        assert_eq!(
            samples(&[(true, 10), (true, 20), (true, 30)]).eligible_average(),
            Some(Duration::from_millis(20))
        );
        assert_eq!(samples(&[(true, 10), (false, 20), (true, 30)]).eligible_average(), None);
        assert_eq!(samples(&[(true, 5_000); 3]).eligible_average(), None);
    }

    #[test]
    fn only_the_last_ten_count() {
        let mut s = samples(&[(false, 1); 5]);
        for _ in 0..10 {
            s.record(true, Duration::from_millis(7));
        }
        assert_eq!(s.eligible_average(), Some(Duration::from_millis(7)));
    }
}
