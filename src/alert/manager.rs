//! Owns the alert rules and the delivery of alerts. Survives reloads.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{runtime::Handle, sync::Notify, task::AbortHandle, time};

use super::{
    notify::{NotifyConfig, notifier::Notifier},
    rules::{AttemptLatency, QueueBacklog, RuleSet, RulesConfig},
    types::Alert,
};
use crate::{
    base::{
        clock::{WallClock, now},
        event::{self, EventKind, EventSink},
    },
    cost::budget::BudgetThreshold,
    net::client::HttpClient,
    observe::{counters::Failover, observation::AttemptObservation},
};

pub struct AlertManager {
    rules: Mutex<RuleSet>,
    pub notifier: Notifier,
    events: Arc<dyn EventSink>,
    wall: Arc<dyn WallClock>,
    /// The task that resolves alerts that end by time alone; runs while an alert fires.
    clock: Mutex<Option<AbortHandle>>,
    fired: Arc<Notify>,
    closed: AtomicBool,
}

impl Drop for AlertManager {
    fn drop(&mut self) {
        self.close();
    }
}

impl AlertManager {
    pub fn new(
        rules: RulesConfig,
        notifier: Notifier,
        events: Arc<dyn EventSink>,
        wall: Arc<dyn WallClock>,
    ) -> Arc<Self> {
        Arc::new(Self {
            rules: Mutex::new(RuleSet::new(rules)),
            notifier,
            events,
            wall,
            clock: Mutex::default(),
            fired: Arc::default(),
            closed: AtomicBool::new(false),
        })
    }

    /// Applies a new configuration; resolves alerts of removed endpoints and budgets.
    pub fn reconfigure(
        self: &Arc<Self>,
        rules: RulesConfig,
        forward: NotifyConfig,
        http: &HttpClient,
        endpoints: &[&str],
        budgets: &[&str],
    ) {
        let resolved = self.rules.lock().reconfigure(rules, endpoints, budgets, self.wall.now());
        self.notifier.reconfigure(forward, http);
        resolved.iter().for_each(|alert| self.publish(alert));
    }

    pub fn on_attempt(self: &Arc<Self>, observation: &AttemptObservation, latency: AttemptLatency) {
        let alerts = self.rules.lock().on_attempt(observation, latency);
        self.publish_all(&alerts);
    }

    pub fn on_failover(self: &Arc<Self>, failover: &Failover) {
        let alerts = self.rules.lock().on_failover(
            &failover.from,
            &failover.to,
            failover.reason,
            now(),
            self.wall.now(),
        );
        self.publish_all(alerts.as_slice());
    }

    pub fn on_budget(self: &Arc<Self>, crossings: &[BudgetThreshold]) {
        for crossed in crossings {
            let alerts = self.rules.lock().on_budget(crossed, self.wall.now());
            self.publish_all(alerts.as_slice());
        }
    }

    pub fn on_backlog(self: &Arc<Self>, observation: QueueBacklog) {
        let alerts = self.rules.lock().on_backlog(observation, self.wall.now());
        self.publish_all(alerts.as_slice());
    }

    fn publish_all(self: &Arc<Self>, alerts: &[Alert]) {
        if alerts.is_empty() {
            return;
        }
        alerts.iter().for_each(|alert| self.publish(alert));
        self.watch();
    }

    /// Emits the event and hands the alert to the notifier.
    pub fn publish(&self, alert: &Alert) {
        event::emit(&*self.events, EventKind::Alert, || alert);
        self.notifier.pass(alert);
    }

    /// Ends the background tasks.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.notifier.end();
        if let Some(task) = self.clock.lock().take() {
            task.abort();
        }
    }

    fn watch(self: &Arc<Self>) {
        self.fired.notify_one();
        let mut clock = self.clock.lock();
        if clock.is_none()
            && !self.closed.load(Ordering::Acquire)
            && let Ok(runtime) = Handle::try_current()
        {
            *clock = Some(runtime.spawn(watch(Arc::downgrade(self), self.fired.clone())).abort_handle());
        }
    }

    fn expire(&self) -> Option<Duration> {
        let wall = self.wall.now();
        let alerts = self.rules.lock().expire(now(), wall);
        alerts.iter().for_each(|alert| self.publish(alert));
        self.rules.lock().wakes_in(wall)
    }
}

/// Resolves alerts that end by time alone. Ended by its owner.
async fn watch(alert_manager: Weak<AlertManager>, fired: Arc<Notify>) {
    loop {
        let Some(this) = alert_manager.upgrade() else { return };
        let next = this.expire();
        drop(this);
        match next {
            None => fired.notified().await,
            Some(wait) => tokio::select! {
                biased;
                () = fired.notified() => {}
                () = time::sleep(wait) => {}
            },
        }
    }
}
