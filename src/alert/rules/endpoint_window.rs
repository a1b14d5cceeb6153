//! What the rules keep about one endpoint.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    config::{LatencyRule, LatencyStatistic},
    window::SlidingCounts,
};

/// The number of answers that latencies are computed over.
const MOST_ANSWERS: usize = 100;

#[derive(Default)]
pub struct EndpointWindow {
    pub errors: SlidingCounts,
    pub throttles: SlidingCounts,
    answers: VecDeque<(Instant, Duration)>,
    sum: Duration,
    /// Answers within the limit since the last late one, and when that was.
    pub in_time: u32,
    pub last_late: Option<Instant>,
    /// When a call last failed over from it, and whether it has answered since.
    pub last_move: Option<Instant>,
    pub answered_since: bool,
}

impl EndpointWindow {
    pub fn answered(&mut self, latency: Duration, rule: &LatencyRule, now: Instant) {
        // Capped at an hour, so that sums cannot overflow.
        let latency = latency.min(Duration::from_secs(3_600));
        self.forget_answers(rule.window, now);
        if self.answers.len() == MOST_ANSWERS {
            self.forget_answer();
        }
        self.answers.push_back((now, latency));
        self.sum += latency;
    }

    pub fn forget_answers(&mut self, window: Duration, now: Instant) {
        while self.answers.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= window) {
            self.forget_answer();
        }
    }

    fn forget_answer(&mut self) {
        if let Some((_, latency)) = self.answers.pop_front() {
            self.sum = self.sum.saturating_sub(latency);
        }
    }

    pub fn answers(&self) -> usize {
        self.answers.len()
    }

    /// The mean or the 95th percentile (nearest rank) of the last answers; zero without any.
    pub fn latency(&self, of: LatencyStatistic) -> Duration {
        let count = self.answers.len();
        match of {
            LatencyStatistic::Mean => self.sum.checked_div(count as u32).unwrap_or_default(),
            LatencyStatistic::P95 => {
                let mut sorted: Vec<Duration> = self.answers.iter().map(|(_, latency)| *latency).collect();
                sorted.sort_unstable();
                sorted.get((count * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_percentiles_of_the_last_answers() {
        let (now, ms) = (Instant::now(), Duration::from_millis);
        let rule = LatencyRule::default();
        let mut watched = EndpointWindow::default();
        assert_eq!(
            (watched.latency(LatencyStatistic::Mean), watched.latency(LatencyStatistic::P95)),
            (ms(0), ms(0))
        );
        (1..=100).for_each(|n| watched.answered(ms(n), &rule, now));
        assert_eq!(
            (watched.latency(LatencyStatistic::Mean), watched.latency(LatencyStatistic::P95)),
            (ms(101) / 2, ms(95))
        );
        (0..1_000).for_each(|_| watched.answered(ms(7), &rule, now));
        assert_eq!((watched.latency(LatencyStatistic::Mean), watched.answers()), (ms(7), MOST_ANSWERS));
        watched.forget_answers(rule.window, now + rule.window);
        assert_eq!((watched.latency(LatencyStatistic::Mean), watched.answers()), (ms(0), 0));
    }
}
