//! Limits learned from headers are plausible, and no call waits longer than they require. One header per line.

use std::time::{Duration, Instant, SystemTime};

use bellwether::{
    base::rate_limit,
    policy::limiter::{Demand, Limiter, RateLimits, Shortage},
};

use super::print;

pub const WORDS: &[&str] = &[
    "x-ratelimit-",
    "anthropic-ratelimit-",
    "limit",
    "remaining",
    "reset",
    "-requests",
    "-tokens",
    "input-tokens",
    "date",
    ": ",
    "\n",
    "500",
    "0",
    "-1",
    "1e308",
    "NaN",
    "inf",
    "120ms",
    "6m0s",
    "1e-9",
    "2023-11-14T22:13:30Z",
    "Tue, 14 Nov 2023 22:13:25 GMT",
];

const LATEST: Duration = Duration::from_secs(2 * 86_400);

#[allow(clippy::disallowed_methods)]
pub fn run(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let fields: Vec<(&str, &str)> = text.split('\n').filter_map(|line| line.split_once(": ")).collect();
    let date = fields.iter().find(|(name, _)| *name == "date").map(|(_, value)| *value);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let mut headers = rate_limit::RateLimitHeaders::default();
    for (name, value) in &fields {
        headers.take(name.as_bytes(), || Some(value));
    }
    let lesson = headers.observed_limits(date, || now);
    let quotas = [lesson.requests, lesson.tokens];
    for quota in quotas.iter().flatten() {
        assert!(quota.limit >= 1.0 && (0.0..=quota.limit).contains(&quota.remaining), "{quota:?}");
        assert!(quota.limit.is_finite() && quota.reset.is_none_or(|reset| reset <= LATEST), "{quota:?}");
    }
    let now = Instant::now();
    let demand = || Demand { input: 100, max_output: Some(100) };
    for (rpm, tpm) in [(None, None), (Some(60), Some(10_000))] {
        let mut limiter = Limiter::new(RateLimits { rpm, tpm, max_concurrent: None }, now);
        limiter.observe(lesson, now);
        for (quota, level) in quotas.iter().zip(limiter.levels(now)) {
            let (Some(quota), Some((capacity, level))) = (quota, level) else { continue };
            assert!(capacity <= quota.limit && level <= quota.remaining, "{quota:?}: {level} of {capacity}");
        }
        let Some(Shortage::For(wait)) = limiter.shortage(demand, 0, now) else { continue };
        let later = limiter.shortage(demand, 0, now + wait);
        assert_eq!(later, None, "after {wait:?}, {lesson:?}");
    }
    print(quotas.map(|quota| {
        quota.map(|q| {
            (q.limit.log10() as i32 / 4, q.remaining.partial_cmp(&q.limit), q.reset.map(|r| r.as_secs() > 60))
        })
    }))
}
