//! Recent latencies of healthy calls: five minutes, in steps of fifteen seconds.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::tally::MeanLatency;

const STEP: Duration = Duration::from_secs(15);
const SPAN: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
pub struct LatencyBaseline(VecDeque<(Instant, MeanLatency)>);

impl LatencyBaseline {
    pub fn add(&mut self, took: Duration, now: Instant) {
        self.forget(now);
        match self.0.back_mut() {
            Some((since, mean)) if now.saturating_duration_since(*since) < STEP => mean.add(took),
            _ => {
                let mut mean = MeanLatency::default();
                mean.add(took);
                self.0.push_back((now, mean));
            }
        }
    }

    pub fn mean(&mut self, now: Instant) -> Option<Duration> {
        self.forget(now);
        let mut sum = MeanLatency::default();
        self.0.iter().for_each(|(_, mean)| sum.merge(*mean));
        sum.get()
    }

    fn forget(&mut self, now: Instant) {
        while self.0.front().is_some_and(|(since, _)| now.saturating_duration_since(*since) > SPAN) {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_five_minutes_is_forgotten() {
        let begin = Instant::now();
        let mut before = LatencyBaseline::default();
        for second in 0..600u64 {
            before.add(
                Duration::from_millis(if second < 200 { 900 } else { 100 }),
                begin + Duration::from_secs(second),
            );
        }
        assert_eq!(before.mean(begin + Duration::from_secs(600)), Some(Duration::from_millis(100)));
        assert!(before.0.len() <= 22);
        assert_eq!(before.mean(begin + Duration::from_secs(2_000)), None);
    }
}
