//! The remaining rate limits of endpoints.

use crate::engine::Engine;
use std::{sync::Arc, time::Instant};

use serde_json::{Value, json};

use super::models;
use crate::state::{Endpoint, Target};

/// Limit and remainder of requests and tokens, and the concurrency limit.
type Levels = ([Option<(f64, f64)>; 2], Option<u32>);

/// The remaining limit of a model, of one kind.
pub struct RemainingLimit {
    pub model: Arc<str>,
    /// `requests` or `tokens`.
    pub kind: &'static str,
    pub remaining: f64,
}

/// The remaining limits of each limited model of an endpoint.
pub fn levels(engine: &Engine, endpoint: &Endpoint, now: Instant) -> Vec<RemainingLimit> {
    let mut levels = Vec::new();
    for keys in models(engine, endpoint) {
        let kinds = ["requests", "tokens"].into_iter().zip(limits(&keys, now).0);
        let own = kinds.filter_map(|(kind, level)| {
            Some(RemainingLimit { model: keys[0].model.clone(), kind, remaining: level?.1 })
        });
        levels.extend(own);
    }
    levels
}

/// The sum over all keys.
fn limits(keys: &[Arc<Target>], now: Instant) -> Levels {
    let mut sums = [None::<(f64, f64)>; 2];
    let mut concurrency = None::<u32>;
    for target in keys {
        let limiter = target.limiter.lock();
        for (sum, level) in sums.iter_mut().zip(limiter.levels(now)) {
            if let Some((limit, remaining)) = level {
                let (l, r) = sum.unwrap_or_default();
                *sum = Some((l + limit, r + remaining));
            }
        }
        if let Some(limit) = limiter.concurrency(now) {
            concurrency = Some(concurrency.unwrap_or(0).saturating_add(limit));
        }
    }
    (sums, concurrency)
}

/// The limits as users see them; `None` without limits.
pub(super) fn rate_limit(keys: &[Arc<Target>], now: Instant) -> Option<Value> {
    let (sums, concurrency) = limits(keys, now);
    let part = |sum: Option<(f64, f64)>| {
        sum.map(|(limit, remaining)| json!({ "limit": limit.floor(), "remaining": remaining.floor() }))
    };
    let [requests, tokens] = sums.map(part);
    (requests.is_some() || tokens.is_some() || concurrency.is_some())
        .then(|| json!({ "requests": requests, "tokens": tokens, "maxConcurrency": concurrency }))
}
