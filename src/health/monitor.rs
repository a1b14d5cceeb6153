//! The schedule of health checks, and their consequences: history, counters, events, alerts.

use std::{
    sync::{Arc, Weak},
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use serde_json::json;
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
    time,
};

use super::{
    history::{CheckResult, CheckStatus, History, HistoryFilter},
    probe::{self, Probe, ProbeResult},
};
use crate::{
    alert::{CheckFailure, CheckObservation, ConsecutiveFailures},
    base::{
        clock::now,
        event::{self, EventKind},
        reason::Reason,
        timestamp::iso8601,
    },
    config::monitor::HealthConfig,
    engine::{Engine, auth_error::auth_error},
    observe::latency::LatencyPhase,
    state::{Endpoint, Operation, Target},
};

pub struct Monitor {
    engine: Arc<Engine>,
    config: HealthConfig,
    history: Arc<Mutex<History>>,
    rule: Arc<Mutex<ConsecutiveFailures>>,
    schedule: Mutex<Option<Schedule>>,
}

/// A running schedule, and whether its first round is over.
struct Schedule {
    task: AbortHandle,
    first_round: watch::Receiver<bool>,
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The service name of the relay in alerts.
const RELAY_SERVICE: &str = "HolySheep AI Gateway";

impl Monitor {
    pub fn new(engine: Arc<Engine>) -> Arc<Self> {
        let config = engine.config.health.clone();
        Arc::new(Self {
            history: Arc::new(Mutex::new(History::new(config.history_size))),
            rule: Arc::new(Mutex::new(ConsecutiveFailures::new(config.failure_threshold))),
            schedule: Mutex::default(),
            engine,
            config,
        })
    }

    /// The monitor of a reloaded client. It continues with the results of this one.
    pub fn successor(&self, engine: Arc<Engine>) -> Arc<Self> {
        let config = engine.config.health.clone();
        self.history.lock().resize(config.history_size);
        let watched = |subject: &str| {
            engine
                .endpoints
                .iter()
                .any(|e| subject.strip_prefix(&*e.config.name).is_some_and(|rest| rest.starts_with(' ')))
        };
        let resolved = self.rule.lock().reconfigure(config.failure_threshold, SystemTime::now(), watched);
        resolved.iter().for_each(|alert| engine.recorder.alert_manager.publish(alert));
        Arc::new(Self {
            history: self.history.clone(),
            rule: self.rule.clone(),
            schedule: Mutex::default(),
            engine,
            config,
        })
    }

    /// Starts the schedule, unless it runs; resolves after the first round. Must be called on the
    /// runtime. False when the monitor was stopped before that.
    pub async fn start(self: &Arc<Self>) -> bool {
        let mut first_round = {
            let mut schedule = self.schedule.lock();
            match &*schedule {
                Some(running) => running.first_round.clone(),
                None => {
                    let (done, first_round) = watch::channel(false);
                    let task = tokio::spawn(run(Arc::downgrade(self), done)).abort_handle();
                    *schedule = Some(Schedule { task, first_round: first_round.clone() });
                    first_round
                }
            }
        };
        first_round.wait_for(|done| *done).await.is_ok()
    }

    pub fn stop(&self) {
        self.schedule.lock().take();
    }

    pub fn is_running(&self) -> bool {
        self.schedule.lock().is_some()
    }

    pub fn select(&self, filter: &HistoryFilter) -> String {
        let history = self.history.lock();
        serde_json::to_string(&history.select(filter)).unwrap_or_else(|_| "[]".into())
    }

    pub fn availability(&self, filter: &HistoryFilter) -> f64 {
        self.history.lock().availability(filter)
    }

    /// Checks one endpoint now, whatever the schedule, the breaker and the cooldowns.
    pub async fn check(&self, endpoint: &Arc<Endpoint>, probe: Probe) -> CheckResult {
        let model = self.model(endpoint).unwrap_or_else(|| "gpt-4o".into());
        let target = self.target(endpoint, &model);
        let found = probe::check(&self.engine, &target, probe, self.config.timeout).await;
        self.digest(&target, probe, found)
    }

    /// Checks whether an endpoint accepts its key. Counts and emits nothing.
    pub async fn validate(&self, endpoint: &Arc<Endpoint>) -> ProbeResult {
        let target = self.target(endpoint, self.model(endpoint).as_deref().unwrap_or_default());
        let mut found = probe::check(&self.engine, &target, Probe::Key, self.config.timeout).await;
        if let Some(message) = &mut found.message {
            target.redact(message);
        }
        found
    }

    pub fn endpoint(&self, name: Option<&str>) -> Option<Arc<Endpoint>> {
        let endpoints = &self.engine.endpoints;
        match name {
            None => endpoints.first().cloned(),
            Some(name) => endpoints.iter().find(|e| e.config.name == name).cloned(),
        }
    }

    /// The model of a paid probe: the endpoint's own, or the monitor's.
    fn model(&self, endpoint: &Endpoint) -> Option<String> {
        endpoint.config.models.named().map(str::to_owned).or_else(|| self.config.model.clone())
    }

    fn target(&self, endpoint: &Arc<Endpoint>, model: &str) -> Arc<Target> {
        self.engine.targets.target(
            endpoint,
            0,
            model,
            Operation::Chat,
            self.engine.config.breaker.as_ref(),
            now(),
        )
    }

    /// Records a check everywhere, then emits it.
    fn digest(&self, target: &Target, probe: Probe, mut found: ProbeResult) -> CheckResult {
        if let Some(message) = &mut found.message {
            target.redact(message);
        }
        let endpoint = &target.endpoint;
        let name = &endpoint.config.name;
        let subject = format!("{name} {}", probe.name());
        let failed = found.status != CheckStatus::Up;
        let mut rule = self.rule.lock();
        let consecutive_failures = rule.advance(&subject, failed, found.status == CheckStatus::RateLimited);
        let result = CheckResult {
            timestamp: iso8601(found.ended),
            // The query may hold secrets.
            endpoint: probe::address(endpoint, &target.model, probe)
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned(),
            name: name.clone(),
            probe: probe.name(),
            status: found.status,
            response_time_ms: crate::base::duration::millis(found.took),
            status_code: found.status_code,
            error_message: found.message,
            consecutive_failures,
            at: found.ended,
        };
        self.history.lock().push(result.clone());
        event::emit(&*self.engine.events, EventKind::HealthCheck, || &result);
        if result.status == CheckStatus::AuthError {
            event::emit(&*self.engine.events, EventKind::AuthError, || {
                let message = result.error_message.as_deref().unwrap_or_default();
                auth_error(target, result.status_code.unwrap_or(401), message)
            });
        }
        let service = self.service(endpoint);
        let observation = CheckObservation {
            service: &service,
            subject,
            failure: failed.then(|| CheckFailure { what: why(&result), action: action(result.status) }),
            details: json!(result),
        };
        if let Some(alert) = rule.on_check(&observation, SystemTime::now()) {
            self.engine.recorder.alert_manager.publish(&alert);
        }
        drop(rule);
        if probe == Probe::Service {
            self.count_sample(target, &result);
        }
        result
    }

    /// A real completion counts as a sample of the model, like a call.
    fn count_sample(&self, target: &Target, result: &CheckResult) {
        let up = result.status == CheckStatus::Up;
        let took = Duration::from_secs_f64(result.response_time_ms.max(0.0) / 1e3);
        {
            let mut stats = target.stats.lock();
            stats.samples.record(up, took);
            if up {
                stats.latencies.record(LatencyPhase::FirstContent, took);
            }
        }
        if up && let Some(change) = target.record_health_proof(now()) {
            self.engine.publish_changes(target, None, &[change]);
            self.engine.wait_queue.notify_all();
        }
    }

    fn service(&self, endpoint: &Endpoint) -> String {
        if let Some(service) = &self.config.service {
            return service.clone();
        }
        if crate::config::vendors::is_relay_host(endpoint.config.base_url.host()) {
            return RELAY_SERVICE.into();
        }
        endpoint.config.name.clone()
    }

    /// Whether a paid probe is skipped or has to wait.
    fn spare_paid(&self, target: &Target, interval: Duration) -> bool {
        let now = now();
        let proven =
            target.stats.lock().last_success.is_some_and(|at| now.saturating_duration_since(at) < interval);
        let asked_to_wait = target.blockage(now).is_some_and(|b| {
            matches!(b.cause, Some(Reason::RateLimited | Reason::Quota | Reason::Overloaded))
        });
        proven || asked_to_wait
    }
}

/// Runs the schedule of every endpoint until the monitor is dropped or stopped.
async fn run(monitor: Weak<Monitor>, done: watch::Sender<bool>) {
    let Some(this) = monitor.upgrade() else { return };
    let mut first = JoinSet::new();
    let mut endless = JoinSet::new();
    for endpoint in this.engine.endpoints.clone() {
        if endpoint.config.health.enabled == Some(false) {
            continue;
        }
        let (ready, mut first_round) = watch::channel(false);
        endless.spawn(watch_endpoint(monitor.clone(), endpoint, ready));
        first.spawn(async move {
            let _ = first_round.wait_for(|done| *done).await;
        });
    }
    drop(this);
    while first.join_next().await.is_some() {}
    done.send_replace(true);
    while endless.join_next().await.is_some() {}
}

/// Runs the rounds of one endpoint: at fixed times, never overlapping.
async fn watch_endpoint(monitor: Weak<Monitor>, endpoint: Arc<Endpoint>, first_round: watch::Sender<bool>) {
    let mut due = time::Instant::now();
    loop {
        let Some(this) = monitor.upgrade() else { return };
        let interval = endpoint.config.health.interval.unwrap_or(this.config.check_interval);
        round(&this, &endpoint, interval).await;
        drop(this);
        first_round.send_replace(true);
        // A round longer than the interval is followed by the next at once, once.
        due = (due + interval).max(time::Instant::now());
        time::sleep_until(due).await;
    }
}

async fn round(monitor: &Arc<Monitor>, endpoint: &Arc<Endpoint>, interval: Duration) {
    let config = &monitor.config;
    let model = monitor.model(endpoint);
    let unpaid = async {
        if config.endpoint_probe {
            monitor.check(endpoint, Probe::Endpoint).await;
        }
    };
    let paid = async {
        let Some(model) = &model else { return };
        let target = monitor.target(endpoint, model);
        if config.service_probe && !monitor.spare_paid(&target, interval) {
            monitor.check(endpoint, Probe::Service).await;
        }
    };
    tokio::join!(unpaid, paid);
}

/// The longest explanation of a vendor in an alert, in characters.
const MAX_EXPLANATION: usize = 200;

/// `down (503: The server is overloaded)`
fn why(result: &CheckResult) -> String {
    let status = result.status_code.map(|code| code.to_string()).unwrap_or_default();
    let explanation = one_line(result.error_message.as_deref().unwrap_or_default());
    // Some explanations are no more than the status, or begin with it.
    let bare = explanation.strip_prefix("status ").unwrap_or(&explanation);
    let details = match (status.is_empty(), bare.is_empty()) {
        (_, true) => status,
        (false, false) if !bare.starts_with(&status) => format!("{status}: {explanation}"),
        _ => bare.to_owned(),
    };
    let what = words(result.status);
    if details.is_empty() { what.to_owned() } else { format!("{what} ({details})") }
}

/// A vendor's text on one line: its control characters could forge lines or steer a terminal.
fn one_line(text: &str) -> String {
    let is_unsafe =
        |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean: String = text.chars().map(|c| if is_unsafe(c) { ' ' } else { c }).collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    match clean.char_indices().nth(MAX_EXPLANATION) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

fn words(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Up => "up",
        CheckStatus::Down => "down",
        CheckStatus::Timeout => "timed out",
        CheckStatus::AuthError => "the key was refused",
        CheckStatus::RateLimited => "rate limited",
    }
}

fn action(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Up => "No action is needed.",
        CheckStatus::AuthError => "Check the API key; reissue it if needed.",
        CheckStatus::RateLimited => "Raise the plan's limits or lower the request rate.",
        CheckStatus::Timeout => "Check the network; use another endpoint until it recovers.",
        CheckStatus::Down => "Switch to the backup vendor.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendors_text_becomes_one_bounded_line() {
        assert_eq!(one_line("a\u{1b}[31mRED\r\nFAKE\u{202e}b  c"), "a [31mRED FAKE b c");
        assert_eq!(one_line(&"x".repeat(201)), format!("{}…", "x".repeat(200)));
        assert_eq!(one_line(&"é".repeat(200)).chars().count(), 200);
    }
}
