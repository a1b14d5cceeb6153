//! Evaluates all rules and keeps their state. Times are arguments.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use serde_json::json;

use super::{
    config::RulesConfig,
    endpoint_window::EndpointWindow,
    evaluate::{ends, error_rate, exceeded, latency, moved_back, rate_limited},
    firing::{AlertText, CLEARED, FiringAlerts, RuleKind},
};
use crate::{
    alert::types::{Alert, Severity},
    base::{duration::millis, reason::Reason, timestamp::epoch_ms},
    cost::budget::BudgetThreshold,
    observe::observation::{AttemptObservation, TargetKey},
};

/// The most endpoints watched at once.
const MOST_ENDPOINTS: usize = 1_024;
/// How often alerts are checked for an end by time alone.
const TICK: Duration = Duration::from_secs(10);
const LONGEST_TICK: Duration = Duration::from_secs(60);

pub struct RuleSet {
    config: RulesConfig,
    endpoints: HashMap<Arc<str>, EndpointWindow>,
    firing: FiringAlerts,
}

/// An attempt's latency and its limit: to first content for a stream, else to the whole answer.
#[derive(Clone, Copy, Debug)]
pub struct AttemptLatency {
    pub latency: Duration,
    pub limit: Option<Duration>,
}

/// The state of the durable queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueBacklog {
    pub jobs: u64,
    /// Zero, without a look at the file, while there are too many jobs.
    pub oldest: Duration,
}

/// The name of the queue in alerts.
const QUEUE: &str = "queue";

impl RuleSet {
    pub fn new(config: RulesConfig) -> Self {
        Self { config, endpoints: HashMap::new(), firing: FiringAlerts::default() }
    }

    /// Applies other thresholds. Resolves alerts of rules that are switched off and of removed endpoints
    /// and budgets.
    pub fn reconfigure(
        &mut self,
        config: RulesConfig,
        endpoints: &[&str],
        budgets: &[&str],
        at: SystemTime,
    ) -> Vec<Alert> {
        self.config = config;
        self.endpoints.retain(|name, _| endpoints.contains(&&**name));
        let on = |kind| self.is_on(kind);
        let off: Vec<RuleKind> = RuleKind::ALL.into_iter().filter(|kind| !on(*kind)).collect();
        self.firing.resolve_all(
            at,
            "no longer monitored since the configuration was reloaded",
            |kind, subject, _| {
                off.contains(&kind)
                    || match kind {
                        RuleKind::Cost => !budgets.iter().any(|name| {
                            subject.strip_prefix(name).is_some_and(|share| share.starts_with('\u{1f}'))
                        }),
                        RuleKind::Backlog => false,
                        _ => !endpoints.contains(&subject),
                    }
            },
        )
    }

    fn is_on(&self, kind: RuleKind) -> bool {
        let RulesConfig {
            latency,
            error_rate,
            rate_limited,
            failover_triggered,
            latency_exceeded,
            cost_threshold_exceeded,
            queue_backlog,
        } = &self.config;
        match kind {
            RuleKind::Latency => latency.is_some(),
            RuleKind::ErrorRate => error_rate.is_some(),
            RuleKind::RateLimited => rate_limited.is_some(),
            RuleKind::Failover => failover_triggered.is_some(),
            RuleKind::Exceeded => latency_exceeded.is_some(),
            RuleKind::Cost => *cost_threshold_exceeded,
            RuleKind::Backlog => queue_backlog.is_some(),
        }
    }

    /// Evaluates the rules for a finished attempt.
    pub fn on_attempt(&mut self, observation: &AttemptObservation, timing: AttemptLatency) -> Vec<Alert> {
        if observation.failure.is_some() && !observation.blames {
            return Vec::new();
        }
        let name = &observation.place.0;
        if self.endpoints.len() >= MOST_ENDPOINTS && !self.endpoints.contains_key(name) {
            return Vec::new();
        }
        let Self { config, endpoints, firing } = self;
        let watched = match endpoints.get_mut(name) {
            Some(watched) => watched,
            None => endpoints.entry(name.clone()).or_default(),
        };
        let mut alerts = Vec::new();
        if let Some(rule) = &config.error_rate {
            watched.errors.add(observation.failure.is_some(), rule.window, observation.now);
            alerts.extend(error_rate(rule, watched, firing, name, observation.at));
        }
        if let (Some(rule), Some(Reason::RateLimited)) = (&config.rate_limited, observation.failure) {
            watched.throttles.add(true, rule.window, observation.now);
            alerts.extend(rate_limited(rule, watched, firing, name, observation.at));
        }
        if let (Some(rule), None) = (&config.latency, observation.failure) {
            watched.answered(timing.latency, rule, observation.now);
            alerts.extend(latency(rule, watched, firing, name, observation.at));
        }
        if let (Some(rule), Some(limit)) = (&config.latency_exceeded, timing.limit) {
            alerts.extend(exceeded(rule, watched, firing, observation, timing.latency, limit));
        }
        if observation.failure.is_none() {
            watched.answered_since = true;
            if let Some(rule) = &config.failover_triggered {
                alerts.extend(moved_back(rule, watched, firing, name, observation.now, observation.at));
            }
        }
        alerts
    }

    /// Evaluates the failover rule for a call that moved to another endpoint.
    pub fn on_failover(
        &mut self,
        from: &TargetKey,
        to: &TargetKey,
        why: Reason,
        now: Instant,
        at: SystemTime,
    ) -> Option<Alert> {
        let name = &from.0;
        if self.config.failover_triggered.is_none() || name == &to.0 {
            return None;
        }
        let watched = self.endpoints.get_mut(name)?;
        watched.last_move = Some(now);
        watched.answered_since = false;
        self.firing.fire(RuleKind::Failover, name, name, at, None, || AlertText {
            severity: Severity::Warning,
            message: format!("{name}: calls fail over to {} ({})", to.0, why.word()),
            details: json!({
                "endpoint": &**name, "model": &*from.1, "reason": why.word(),
                "to": { "endpoint": &*to.0, "model": &*to.1 },
            }),
        })
    }

    /// Evaluates the cost rule for a reached share of a budget.
    pub fn on_budget(&mut self, crossed: &BudgetThreshold, at: SystemTime) -> Option<Alert> {
        if !self.config.cost_threshold_exceeded {
            return None;
        }
        let BudgetThreshold { budget, share, spent_usd, limit_usd, per, renews_at } = crossed;
        let subject = format!("{budget}\u{1f}{share}");
        let service = format!("budget {budget}");
        self.firing.fire(RuleKind::Cost, &subject, &service, at, Some(*renews_at), || AlertText {
            severity: if *share >= 1.0 { Severity::Critical } else { Severity::Warning },
            message: format!(
                "budget {budget}: {:.0} % of {limit_usd} USD per {per} spent ({spent_usd:.2} USD)",
                share * 100.0
            ),
            details: json!({
                "budget": budget, "share": share, "spentUsd": spent_usd, "limitUsd": limit_usd, "per": per,
                "renewsAt": renews_at,
            }),
        })
    }

    /// Evaluates the backlog rule.
    pub fn on_backlog(&mut self, observation: QueueBacklog, at: SystemTime) -> Option<Alert> {
        let rule = self.config.queue_backlog.clone()?;
        let QueueBacklog { jobs, oldest } = observation;
        if jobs > rule.jobs || (jobs > 0 && oldest > rule.oldest) {
            return self.firing.fire(RuleKind::Backlog, QUEUE, QUEUE, at, None, || AlertText {
                severity: Severity::Warning,
                message: match oldest.as_secs() {
                    0 => format!("queue: {jobs} jobs are waiting"),
                    secs => format!("queue: {jobs} jobs are waiting, the oldest for {secs} s"),
                },
                details: json!({
                    "jobs": jobs, "maxJobs": rule.jobs, "oldestMs": millis(oldest),
                    "maxOldestMs": millis(rule.oldest),
                }),
            });
        }
        if jobs > rule.jobs / 2 || (jobs > 0 && oldest > rule.oldest.mul_f64(CLEARED)) {
            return None;
        }
        self.firing.resolve(RuleKind::Backlog, QUEUE, at, || format!("queue: {jobs} jobs are waiting"))
    }

    /// Resolves alerts that have ended by time alone.
    pub fn expire(&mut self, now: Instant, at: SystemTime) -> Vec<Alert> {
        let wall = epoch_ms(at);
        let mut alerts = self.firing.resolve_all(at, "a new period has begun", |_, _, until| {
            until.is_some_and(|until| until <= wall)
        });
        let Self { config, endpoints, firing } = self;
        for (kind, subject) in firing.of_endpoints() {
            let Some(watched) = endpoints.get_mut(&*subject) else { continue };
            alerts.extend(ends(config, kind, watched, firing, &subject, now, at));
        }
        alerts
    }

    /// When `expire` may resolve something; `None` while it cannot.
    pub fn wakes_in(&self, at: SystemTime) -> Option<Duration> {
        if self.firing.is_empty() {
            return None;
        }
        let (waits, until) = self.firing.timed();
        let known = until.map(|until| {
            let left = Duration::from_millis(until.saturating_sub(epoch_ms(at)));
            left.clamp(Duration::from_secs(1), LONGEST_TICK)
        });
        // A shorter time in the configuration is checked as often as it requires.
        let tick = self.config.failover_triggered.as_ref().map_or(TICK, |rule| rule.quiet.min(TICK));
        let windows = [
            self.config.latency.as_ref().map(|rule| rule.window),
            self.config.error_rate.as_ref().map(|rule| rule.window),
            self.config.rate_limited.as_ref().map(|rule| rule.window),
            self.config.latency_exceeded.as_ref().map(|rule| rule.window),
        ];
        let tick = windows.into_iter().flatten().fold(tick, |tick, window| tick.min(window));
        let tick = waits.then_some(tick.max(Duration::from_millis(50)));
        tick.into_iter().chain(known).min()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
