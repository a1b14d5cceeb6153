//! `retry`: after which failures, where and when a call is tried again.

use std::time::Duration;

use serde_json::{Value, json};

use super::reader::{self, Reader, expected};
use crate::{
    base::{duration, reason::Reason},
    policy::{backoff::Backoff, retry_budget::RetryBudgetConfig},
};

#[derive(Clone, Debug, PartialEq)]
pub struct RetryConfig {
    pub prefer_same: bool,
    pub max_retry_after: Duration,
    pub backoff: Backoff,
    pub budget: RetryBudgetConfig,
    /// Request faults after which other endpoints are tried.
    pub failover_on: Vec<Reason>,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            prefer_same: false,
            max_retry_after: Duration::from_secs(5),
            backoff: Backoff::default(),
            budget: RetryBudgetConfig::default(),
            failover_on: Vec::new(),
        }
    }
}

pub fn read_retry(r: &mut Reader<'_>) -> RetryConfig {
    let d = RetryConfig::default();
    let exponential = |r: &mut Reader<'_>| Backoff::Exponential {
        initial: r.duration("initial", Duration::ZERO).unwrap_or(Duration::from_millis(250)),
        max: r.duration("max", Duration::ZERO).unwrap_or(Duration::from_secs(20)),
        factor: r.number("factor", 1.0, 10.0).unwrap_or(2.0),
    };
    r.note("backoff", || {
        let steps = json!({ "type": "array", "items": reader::a_duration(Duration::ZERO), "minItems": 1 });
        json!({ "anyOf": [steps, reader::describe(exponential)] })
    });
    let backoff = match r.raw("backoff") {
        None => d.backoff,
        Some(Value::Array(steps)) => {
            if steps.is_empty() {
                r.problem("backoff", "must be a non-empty array of durations, or { initial, max, factor }");
            }
            let mut read = Vec::with_capacity(steps.len());
            for (i, step) in steps.iter().enumerate() {
                match reader::read_duration(step) {
                    Some(step) => read.push(step),
                    None => r.problem(&format!("backoff[{i}]"), expected(duration::ACCEPTED, step)),
                }
            }
            if read.is_empty() { d.backoff } else { Backoff::Steps(read) }
        }
        Some(_) => r.object("backoff", exponential).unwrap_or(d.backoff),
    };
    RetryConfig {
        prefer_same: r.one_of("prefer", &[("next", false), ("same", true)]).unwrap_or(d.prefer_same),
        max_retry_after: r.duration("maxRetryAfter", Duration::ZERO).unwrap_or(d.max_retry_after),
        backoff,
        budget: r
            .object("budget", |r| RetryBudgetConfig {
                ratio: r.number("ratio", 0.0, 10.0).unwrap_or(d.budget.ratio),
                per_second: r.number("perSecond", 0.0, 1_000.0).unwrap_or(d.budget.per_second),
            })
            .unwrap_or(d.budget),
        failover_on: read_failover_on(r),
    }
}

/// `failoverOn`: request faults that another vendor may not have.
fn read_failover_on(r: &mut Reader<'_>) -> Vec<Reason> {
    const NAMES: [(&str, Reason); 2] =
        [("badRequest", Reason::BadRequest), ("contentFilter", Reason::ContentFilter)];
    r.note("failoverOn", || reader::some_of(&NAMES.map(|(name, _)| name)));
    let Some(names) = r.strings("failoverOn") else { return Vec::new() };
    names
        .iter()
        .filter_map(|given| {
            let found = NAMES.iter().find(|(name, _)| name == given);
            if found.is_none() {
                let given = reader::shorten(given);
                r.problem("failoverOn", format!("must hold 'badRequest' or 'contentFilter', got '{given}'"));
            }
            found.map(|(_, reason)| *reason)
        })
        .collect()
}
