//! The latest results of health checks.

use std::{collections::VecDeque, time::SystemTime};

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CheckStatus {
    Up,
    Down,
    Timeout,
    AuthError,
    RateLimited,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckResult {
    /// ISO 8601, when the check ended.
    pub timestamp: String,
    /// The probed address.
    pub endpoint: String,
    pub name: String,
    pub probe: &'static str,
    pub status: CheckStatus,
    pub response_time_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Of this endpoint and probe.
    pub consecutive_failures: u32,
    #[serde(skip)]
    pub at: SystemTime,
}

pub struct History {
    size: usize,
    results: VecDeque<CheckResult>,
}

/// Selects results.
#[derive(Default)]
pub struct HistoryFilter {
    pub endpoint: Option<String>,
    pub since: Option<SystemTime>,
    /// At most this many, the newest.
    pub limit: Option<usize>,
}

impl History {
    pub fn new(size: usize) -> Self {
        Self { size, results: VecDeque::new() }
    }

    /// Changes the size; the oldest results are dropped.
    pub fn resize(&mut self, size: usize) {
        self.size = size;
        let surplus = self.results.len().saturating_sub(size);
        self.results.drain(..surplus);
    }

    pub fn push(&mut self, result: CheckResult) {
        if self.results.len() == self.size {
            self.results.pop_front();
        }
        self.results.push_back(result);
    }

    /// Oldest first.
    pub fn select(&self, filter: &HistoryFilter) -> Vec<&CheckResult> {
        let mut found: Vec<&CheckResult> = self
            .results
            .iter()
            .rev()
            .filter(|r| filter.endpoint.as_ref().is_none_or(|name| r.name == *name || r.endpoint == *name))
            .filter(|r| filter.since.is_none_or(|since| r.at >= since))
            .take(filter.limit.unwrap_or(usize::MAX))
            .collect();
        found.reverse();
        found
    }

    /// The percentage of checks that found the endpoint up; 100 without checks.
    pub fn availability(&self, filter: &HistoryFilter) -> f64 {
        let found = self.select(filter);
        if found.is_empty() {
            return 100.0;
        }
        let up = found.iter().filter(|r| r.status == CheckStatus::Up).count();
        up as f64 / found.len() as f64 * 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn result(n: u64, name: &str, status: CheckStatus) -> CheckResult {
        CheckResult {
            timestamp: String::new(),
            endpoint: format!("http://{name}/models"),
            name: name.into(),
            probe: "endpoint",
            status,
            response_time_ms: n as f64,
            status_code: None,
            error_message: None,
            consecutive_failures: 0,
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(n),
        }
    }

    #[test]
    fn bounded_filtered_and_counted() {
        let mut history = History::new(4);
        assert_eq!(history.availability(&HistoryFilter::default()), 100.0);
        for n in 0..6 {
            let (name, status) = if n % 2 == 0 { ("a", CheckStatus::Up) } else { ("b", CheckStatus::Down) };
            history.push(result(n, name, status));
        }
        let ids = |f: &HistoryFilter| {
            history.select(f).iter().map(|r| r.response_time_ms as u64).collect::<Vec<_>>()
        };
        assert_eq!(ids(&HistoryFilter::default()), [2, 3, 4, 5]);
        assert_eq!(ids(&HistoryFilter { endpoint: Some("a".into()), ..HistoryFilter::default() }), [2, 4]);
        assert_eq!(ids(&HistoryFilter { limit: Some(1), ..HistoryFilter::default() }), [5]);
        assert_eq!(
            ids(&HistoryFilter {
                since: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(4)),
                ..HistoryFilter::default()
            }),
            [4, 5]
        );
        assert_eq!(history.availability(&HistoryFilter::default()), 50.0);
        assert_eq!(
            history.availability(&HistoryFilter { endpoint: Some("b".into()), ..HistoryFilter::default() }),
            0.0
        );
    }
}
