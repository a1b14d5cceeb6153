//! The thresholds of the rules. `None` switches a rule off.

use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub struct RulesConfig {
    pub latency: Option<LatencyRule>,
    pub error_rate: Option<ErrorRateRule>,
    pub rate_limited: Option<RateLimitedRule>,
    pub failover_triggered: Option<FailoverRule>,
    pub latency_exceeded: Option<ExceededRule>,
    pub cost_threshold_exceeded: bool,
    pub queue_backlog: Option<BacklogRule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatencyStatistic {
    Mean,
    P95,
}

/// Fires when an endpoint's last answers were slow.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyRule {
    pub threshold: Duration,
    pub of: LatencyStatistic,
    pub min_requests: usize,
    pub window: Duration,
}

/// Fires on the share of attempts that failed because of the endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorRateRule {
    pub threshold: f64,
    pub min_requests: u32,
    pub window: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RateLimitedRule {
    pub threshold: u32,
    pub window: Duration,
}

/// `quiet`: how long no call may fail over from an answering endpoint before the alert resolves.
#[derive(Clone, Debug, PartialEq)]
pub struct FailoverRule {
    pub quiet: Duration,
}

/// Resolves after `clear_after` answers within the limit in a row, or after the window without answers.
#[derive(Clone, Debug, PartialEq)]
pub struct ExceededRule {
    pub clear_after: u32,
    pub window: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BacklogRule {
    pub jobs: u64,
    pub oldest: Duration,
}

const WINDOW: Duration = Duration::from_secs(300);

impl Default for RulesConfig {
    fn default() -> Self {
        Self {
            latency: Some(LatencyRule::default()),
            error_rate: Some(ErrorRateRule::default()),
            rate_limited: Some(RateLimitedRule::default()),
            failover_triggered: Some(FailoverRule::default()),
            latency_exceeded: Some(ExceededRule::default()),
            cost_threshold_exceeded: true,
            queue_backlog: Some(BacklogRule::default()),
        }
    }
}

impl Default for LatencyRule {
    fn default() -> Self {
        Self {
            threshold: Duration::from_secs(5),
            of: LatencyStatistic::Mean,
            min_requests: 10,
            window: WINDOW,
        }
    }
}

impl Default for ErrorRateRule {
    fn default() -> Self {
        Self { threshold: 0.05, min_requests: 20, window: WINDOW }
    }
}

impl Default for RateLimitedRule {
    fn default() -> Self {
        Self { threshold: 5, window: WINDOW }
    }
}

impl Default for FailoverRule {
    fn default() -> Self {
        Self { quiet: Duration::from_secs(30) }
    }
}

impl Default for ExceededRule {
    fn default() -> Self {
        Self { clear_after: 5, window: WINDOW }
    }
}

impl Default for BacklogRule {
    fn default() -> Self {
        Self { jobs: 1_000, oldest: Duration::from_secs(900) }
    }
}
