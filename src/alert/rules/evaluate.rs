//! Evaluates each rule for one endpoint: it fires above its threshold, and resolves clearly below.

use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use super::{
    config::{
        ErrorRateRule, ExceededRule, FailoverRule, LatencyRule, LatencyStatistic, RateLimitedRule,
        RulesConfig,
    },
    endpoint_window::EndpointWindow,
    firing::{AlertText, CLEARED, FiringAlerts, RuleKind},
};
use crate::{
    alert::types::{Alert, Severity},
    base::{duration::millis, reason::Reason, timestamp::iso8601},
    observe::observation::AttemptObservation,
};

/// Resolves a rule's alert when time alone has ended it.
pub fn ends(
    config: &RulesConfig,
    kind: RuleKind,
    watched: &mut EndpointWindow,
    firing: &mut FiringAlerts,
    name: &str,
    now: Instant,
    at: SystemTime,
) -> Option<Alert> {
    match kind {
        RuleKind::Latency => {
            let rule = config.latency.as_ref()?;
            watched.forget_answers(rule.window, now);
            latency(rule, watched, firing, name, at)
        }
        RuleKind::ErrorRate => {
            let rule = config.error_rate.as_ref()?;
            watched.errors.forget(rule.window, now);
            error_rate(rule, watched, firing, name, at)
        }
        RuleKind::RateLimited => {
            let rule = config.rate_limited.as_ref()?;
            watched.throttles.forget(rule.window, now);
            rate_limited(rule, watched, firing, name, at)
        }
        RuleKind::Failover => moved_back(config.failover_triggered.as_ref()?, watched, firing, name, now, at),
        RuleKind::Exceeded => {
            let rule = config.latency_exceeded.as_ref()?;
            let since = watched.last_late.map(|late| now.saturating_duration_since(late));
            if since.is_some_and(|since| since < rule.window) {
                return None;
            }
            firing.resolve(RuleKind::Exceeded, name, at, || {
                format!("{name}: no answer exceeded its limit for {} s", rule.window.as_secs())
            })
        }
        RuleKind::Cost | RuleKind::Backlog => None,
    }
}

pub fn latency(
    rule: &LatencyRule,
    watched: &EndpointWindow,
    firing: &mut FiringAlerts,
    name: &str,
    at: SystemTime,
) -> Option<Alert> {
    let found = watched.latency(rule.of);
    let what = match rule.of {
        LatencyStatistic::Mean => "on average",
        LatencyStatistic::P95 => "at the 95th percentile",
    };
    let count = watched.answers();
    if found > rule.threshold && count >= rule.min_requests {
        return firing.fire(RuleKind::Latency, name, name, at, None, || AlertText {
            severity: Severity::Warning,
            message: format!("{name}: the last {count} answers took {:.0} ms {what}", millis(found)),
            details: json!({
                "endpoint": name, "latencyMs": millis(found), "thresholdMs": millis(rule.threshold),
                "of": if rule.of == LatencyStatistic::Mean { "mean" } else { "p95" }, "answers": count,
            }),
        });
    }
    if found > rule.threshold.mul_f64(CLEARED) {
        return None;
    }
    firing.resolve(RuleKind::Latency, name, at, || match count {
        0 => format!("{name}: no slow answers are left in the window"),
        _ => format!("{name}: answers take {:.0} ms {what} again", millis(found)),
    })
}

pub fn error_rate(
    rule: &ErrorRateRule,
    watched: &EndpointWindow,
    firing: &mut FiringAlerts,
    name: &str,
    at: SystemTime,
) -> Option<Alert> {
    let (all, failed) = watched.errors.counts();
    let share = if all == 0 { 0.0 } else { f64::from(failed) / f64::from(all) };
    if share > rule.threshold && all >= rule.min_requests {
        return firing.fire(RuleKind::ErrorRate, name, name, at, None, || AlertText {
            severity: Severity::Critical,
            message: format!("{name}: {:.1} % of {all} requests failed", share * 100.0),
            details: json!({
                "endpoint": name, "requests": all, "failed": failed, "errorRate": share,
                "threshold": rule.threshold, "windowMs": millis(rule.window),
            }),
        });
    }
    if share > rule.threshold / 2.0 {
        return None;
    }
    firing.resolve(RuleKind::ErrorRate, name, at, || {
        format!("{name}: {:.1} % of {all} requests failed", share * 100.0)
    })
}

pub fn rate_limited(
    rule: &RateLimitedRule,
    watched: &EndpointWindow,
    firing: &mut FiringAlerts,
    name: &str,
    at: SystemTime,
) -> Option<Alert> {
    let (count, _) = watched.throttles.counts();
    if count >= rule.threshold {
        return firing.fire(RuleKind::RateLimited, name, name, at, None, || AlertText {
            severity: Severity::Warning,
            message: format!("{name}: rate limited {count} times in {} s", rule.window.as_secs()),
            details: json!({
                "endpoint": name, "rateLimited": count, "threshold": rule.threshold,
                "windowMs": millis(rule.window),
            }),
        });
    }
    if count > rule.threshold / 2 {
        return None;
    }
    firing.resolve(RuleKind::RateLimited, name, at, || {
        format!("{name}: rate limited {count} times in {} s", rule.window.as_secs())
    })
}

pub fn exceeded(
    rule: &ExceededRule,
    watched: &mut EndpointWindow,
    firing: &mut FiringAlerts,
    observation: &AttemptObservation,
    latency: Duration,
    limit: Duration,
) -> Option<Alert> {
    let name = &observation.place.0;
    let gave_up = observation.failure == Some(Reason::LatencyLimit);
    if gave_up || (observation.failure.is_none() && latency > limit) {
        watched.in_time = 0;
        watched.last_late = Some(observation.now);
        return firing.fire(RuleKind::Exceeded, name, name, observation.at, None, || AlertText {
            severity: Severity::Warning,
            message: if gave_up {
                format!("{name}: no content within {:.0} ms", millis(limit))
            } else {
                format!(
                    "{name}: an answer took {:.0} ms; the limit is {:.0} ms",
                    millis(latency),
                    millis(limit)
                )
            },
            details: json!({
                "endpoint": &**name, "model": &*observation.place.1, "latencyMs": millis(latency),
                "limitMs": millis(limit), "givenUp": gave_up, "at": iso8601(observation.at),
            }),
        });
    }
    if observation.failure.is_some() {
        return None;
    }
    watched.in_time = watched.in_time.saturating_add(1);
    if watched.in_time < rule.clear_after {
        return None;
    }
    firing.resolve(RuleKind::Exceeded, name, observation.at, || {
        format!("{name}: {} answers in a row were within the limit", watched.in_time)
    })
}

/// Resolves the failover alert when the endpoint answers and no call has failed over from it for a while.
pub fn moved_back(
    rule: &FailoverRule,
    watched: &EndpointWindow,
    firing: &mut FiringAlerts,
    name: &str,
    now: Instant,
    at: SystemTime,
) -> Option<Alert> {
    let rested = watched.last_move.is_none_or(|moved| now.saturating_duration_since(moved) >= rule.quiet);
    if !watched.answered_since || !rested {
        return None;
    }
    firing.resolve(RuleKind::Failover, name, at, || format!("{name} is answering again"))
}
