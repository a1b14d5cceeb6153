//! Records finished attempts and calls for metrics, incidents and alerts. Survives reloads.

use std::{
    sync::{Arc, Weak},
    time::Instant,
};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::{runtime::Handle, task::AbortHandle, time};

use crate::{
    alert::manager::AlertManager,
    base::{
        clock::now,
        event::{self, EventKind, EventSink},
        reason::Reason,
    },
    observe::{
        counters::{Counters, Failover},
        incident::{IncidentConfig, IncidentTransition, Incidents},
        observation::{AttemptObservation, CallObservation, StatusPageObservation},
    },
    state::Endpoint,
};

pub struct Recorder {
    pub counters: Arc<Counters>,
    /// Owns the alert rules and the delivery of alerts.
    pub alert_manager: Arc<AlertManager>,
    incidents: Mutex<Incidents>,
    events: Arc<dyn EventSink>,
    /// Closes the open incident when its quiet time is over.
    closing: Mutex<Option<AbortHandle>>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.close();
    }
}

impl Recorder {
    pub fn new(
        incidents: IncidentConfig,
        alert_manager: Arc<AlertManager>,
        events: Arc<dyn EventSink>,
    ) -> Arc<Self> {
        Arc::new(Self {
            counters: Arc::default(),
            alert_manager,
            incidents: Mutex::new(Incidents::new(incidents)),
            events,
            closing: Mutex::default(),
        })
    }

    pub fn reconfigure(&self, incidents: IncidentConfig) {
        self.incidents.lock().reconfigure(incidents);
    }

    /// Records a finished attempt for incidents; it is counted elsewhere, once its outcome is final.
    /// True when its endpoint has joined an incident.
    pub fn record_attempt(self: &Arc<Self>, observation: &AttemptObservation) -> bool {
        let transitions = self.incidents.lock().record_attempt(observation);
        self.emit_transitions(&transitions);
        if transitions.contains(&IncidentTransition::Opened) {
            self.schedule_close();
        }
        transitions.contains(&IncidentTransition::Joined)
    }

    /// Records a status page. False once no incident is open for the endpoint.
    pub fn record_status_page(&self, endpoint: &Arc<str>, observation: StatusPageObservation) -> bool {
        self.incidents.lock().record_status_page(endpoint, observation)
    }

    /// Records the end of a call.
    pub fn record_call(&self, model: &str, observation: &CallObservation) {
        self.counters.call(model, observation.outcome, observation.took);
        let transitions = self.incidents.lock().record_call(observation);
        self.emit_transitions(&transitions);
    }

    pub fn record_failover(&self, failover: Failover) {
        self.alert_manager.on_failover(&failover);
        self.counters.record_failover(failover);
    }

    /// Records that an endpoint, or a model there, is ejected from selection until a moment.
    pub fn record_ejection(
        &self,
        endpoint: &Endpoint,
        model: Option<&str>,
        reason: Option<Reason>,
        until: Instant,
    ) {
        self.incidents.lock().record_ejection(&endpoint.name, model, reason, until, now());
    }

    /// The latest incidents, the oldest of them first.
    pub fn incidents(&self, limit: usize) -> Value {
        let now = now();
        let mut incidents = self.incidents.lock();
        let transitions = incidents.expire(now);
        let older = incidents.all().count().saturating_sub(limit);
        let reports = incidents.all().skip(older).map(|incident| incident.report(now)).collect();
        drop(incidents);
        self.emit_transitions(&transitions);
        reports
    }

    fn emit_transitions(&self, transitions: &[IncidentTransition]) {
        for turn in transitions.iter().filter(|turn| **turn != IncidentTransition::Joined) {
            event::emit(&*self.events, EventKind::Incident, || {
                self.incidents.lock().latest(*turn).map(|incident| incident.report(now()))
            });
        }
    }

    /// Ends the background tasks. An open incident stays open until the incidents are read.
    pub fn close(&self) {
        self.alert_manager.close();
        if let Some(task) = self.closing.lock().take() {
            task.abort();
        }
    }

    /// Starts the task that closes the incident: no other event may come when its quiet time is over.
    fn schedule_close(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let task = runtime.spawn(close(Arc::downgrade(self)));
        if let Some(before) = self.closing.lock().replace(task.abort_handle()) {
            before.abort();
        }
    }
}

async fn close(recorder: Weak<Recorder>) {
    loop {
        let Some(this) = recorder.upgrade() else { return };
        let transitions = this.incidents.lock().expire(now());
        this.emit_transitions(&transitions);
        let Some(at) = this.incidents.lock().closes_at() else { return };
        drop(this);
        time::sleep_until(time::Instant::from_std(at)).await;
    }
}
