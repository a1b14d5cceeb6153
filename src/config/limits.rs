//! `limits`: the rate limits of an endpoint, configured or the relay's.

use super::reader::Reader;
use crate::{base::model_id, policy::limiter::RateLimits};

/// The relay's limits by prefix of the model: requests and tokens per minute.
const RELAY: [(&str, u32, u64); 4] = [
    ("gpt-4.1", 500, 150_000),
    ("claude-sonnet-4", 400, 120_000),
    ("gemini-2.5-flash", 1_000, 500_000),
    ("deepseek-chat", 2_000, 1_000_000),
];
/// The relay's limit for any other model, in requests per minute.
const RELAY_RPM: u32 = 100;

pub fn read(r: &mut Reader<'_>) -> RateLimits {
    r.object("limits", |r| RateLimits {
        rpm: r.integer("rpm", 1, u64::from(u32::MAX)).map(|n| n as u32),
        tpm: r.integer("tpm", 1, 1 << 50),
        max_concurrent: r.integer("maxConcurrency", 1, u64::from(u32::MAX)).map(|n| n as u32),
    })
    .unwrap_or_default()
}

/// The relay's limits for a model without configured ones.
pub fn of_relay(model: &str) -> RateLimits {
    match RELAY.iter().find(|(name, ..)| model_id::is(model, name)) {
        Some((_, rpm, tpm)) => RateLimits { rpm: Some(*rpm), tpm: Some(*tpm), max_concurrent: None },
        None => RateLimits { rpm: Some(RELAY_RPM), tpm: None, max_concurrent: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relays_plans() {
        for (model, rpm, tpm) in [
            ("gpt-4.1", 500, Some(150_000)),
            ("openai/gpt-4.1", 500, Some(150_000)),
            ("gpt-4.1-mini", 100, None),
            ("claude-sonnet-4-20250514", 400, Some(120_000)),
            ("claude-sonnet-4.5", 100, None),
            ("gemini-2.5-flash-preview-05-20", 1_000, Some(500_000)),
            ("deepseek-chat", 2_000, Some(1_000_000)),
            ("something", 100, None),
        ] {
            let limits = of_relay(model);
            assert_eq!((limits.rpm, limits.tpm), (Some(rpm), tpm), "{model}");
        }
    }
}
