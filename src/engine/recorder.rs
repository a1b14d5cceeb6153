//! Who sees the end of every attempt and of every call, and keeps what people look at later. It outlives reloads.

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
    /// Who tells people.
    pub alert_manager: Arc<AlertManager>,
    incidents: Mutex<Incidents>,
    events: Arc<dyn EventSink>,
    /// Closes an incident in which nothing happens any more.
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

    /// An attempt was booked. It is counted elsewhere, once what followed from it is known.
    /// True when its endpoint has come to be part of an incident.
    pub fn attempt(self: &Arc<Self>, seen: &AttemptObservation) -> bool {
        let turns = self.incidents.lock().attempt(seen);
        self.emit_transitions(&turns);
        if turns.contains(&IncidentTransition::Opened) {
            self.schedule_close();
        }
        turns.contains(&IncidentTransition::Joined)
    }

    /// False once nobody wants to know any more.
    pub fn status_page(&self, endpoint: &Arc<str>, seen: StatusPageObservation) -> bool {
        self.incidents.lock().status_page(endpoint, seen)
    }

    /// A call has come to its end, or was given up.
    pub fn call(&self, model: &str, seen: &CallObservation) {
        self.counters.call(model, seen.outcome, seen.took);
        let turns = self.incidents.lock().call(seen);
        self.emit_transitions(&turns);
    }

    pub fn record_failover(&self, way: Failover) {
        self.alert_manager.moved(&way);
        self.counters.moved(way);
    }

    /// An endpoint, or a model there, is left out of selection until a moment.
    pub fn record_ejection(
        &self,
        endpoint: &Endpoint,
        model: Option<&str>,
        reason: Option<Reason>,
        until: Instant,
    ) {
        self.incidents.lock().out(&endpoint.name, model, reason, until, now());
    }

    /// The latest of those that are kept, the oldest first.
    pub fn incidents(&self, limit: usize) -> Value {
        let now = now();
        let mut incidents = self.incidents.lock();
        let turns = incidents.expire(now);
        let older = incidents.all().count().saturating_sub(limit);
        let reports = incidents.all().skip(older).map(|incident| incident.report(now)).collect();
        drop(incidents);
        self.emit_transitions(&turns);
        reports
    }

    fn emit_transitions(&self, turns: &[IncidentTransition]) {
        for turn in turns.iter().filter(|turn| **turn != IncidentTransition::Joined) {
            event::emit(&*self.events, EventKind::Incident, || {
                self.incidents.lock().latest(*turn).map(|incident| incident.report(now()))
            });
        }
    }

    /// Watches the clock no more; an incident that is open stays so until somebody asks.
    pub fn close(&self) {
        self.alert_manager.close();
        if let Some(task) = self.closing.lock().take() {
            task.abort();
        }
    }

    /// Nobody else may come by when the quiet time is over.
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
        let turns = this.incidents.lock().expire(now());
        this.emit_transitions(&turns);
        let Some(at) = this.incidents.lock().closes_at() else { return };
        drop(this);
        time::sleep_until(time::Instant::from_std(at)).await;
    }
}
