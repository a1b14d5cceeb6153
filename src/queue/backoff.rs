//! How long the queue waits after failed deliveries.

use std::time::Duration;

/// How long a lane is paused after a failed delivery, unless an endpoint answers meanwhile: doubling to the
/// longest.
pub const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a job waits after a counted delivery: four times as long each time, up to the longest.
const BACKOFF_MS: i64 = 10_000;
const LONGEST_BACKOFF_MS: i64 = 3_600_000;

/// The pause of a lane after `times` consecutive failures before the last.
pub fn of_lane(times: u32) -> Duration {
    PAUSE.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST_PAUSE)
}

/// How long a job waits after its `deliveries`, in milliseconds.
pub fn of_job(deliveries: u32) -> i64 {
    BACKOFF_MS.saturating_mul(4_i64.saturating_pow(deliveries)).min(LONGEST_BACKOFF_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_waits_longer_each_time_and_never_for_more_than_an_hour() {
        let delays: Vec<i64> = (0..6).map(|n| of_job(n) / 1_000).collect();
        assert_eq!(delays, [10, 40, 160, 640, 2_560, 3_600]);
        assert_eq!(of_job(u32::MAX), LONGEST_BACKOFF_MS);
    }

    #[test]
    fn alone_in_an_outage_it_looks_every_thirty_seconds() {
        let pauses: Vec<u64> = (0..7).map(|times| of_lane(times).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(of_lane(u32::MAX), LONGEST_PAUSE);
    }
}
