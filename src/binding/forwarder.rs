//! Forwarders without a client, for `monitor.on('alert', …)`; and the last alerts of a client that closes.

use super::item::ItemSink;
use std::{sync::Arc, time::Duration};

use napi_derive::napi;
use serde_json::{Value, json};

use super::{
    config,
    engine_handle::EngineHandle,
    hub::{Hub, HubInner},
    item::Item,
};
use crate::{
    alert::{
        Alert, fingerprint,
        notify::{
            AlertFunction,
            notifier::{self, Notifier},
        },
    },
    base::{
        clock::SystemClock,
        event::{self, EventKind, EventSink},
        future::BoxFuture,
    },
    config::{
        Problem,
        alerts::{StandaloneForwarder, read_standalone},
        environment::Environment,
    },
};

/// How long a close waits for alerts that are still to be sent.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

#[napi]
pub struct NativeForwarder {
    id: u32,
    hub: Arc<HubInner>,
    events: Arc<ForwarderEvents>,
    forwarding: Arc<Notifier>,
}

struct ForwarderEvents {
    hub: Arc<HubInner>,
    client: u32,
}

impl EventSink for ForwarderEvents {
    fn wants(&self, kind: EventKind) -> bool {
        kind == EventKind::Forward
    }

    fn emit(&self, kind: EventKind, json: String) {
        self.hub.push(Item::Event { client: self.client, kind: kind as u32, payload: json.into() });
    }
}

/// A forwarder has no functions of the user.
struct NoCallbacks;

impl AlertFunction for NoCallbacks {
    fn forward(&self, _: u32, _: String) -> BoxFuture<bool> {
        Box::pin(async { false })
    }
}

#[napi]
impl NativeForwarder {
    /// `options` is `{options, environment}` as JSON. Throws a JSON array of problems as its message.
    #[napi(factory, catch_unwind)]
    pub fn create(hub: &Hub, client: u32, service: String, options: String) -> napi::Result<Self> {
        let refuse = |problems: &[Problem]| napi::Error::from_reason(config::write(problems));
        let value: Value = serde_json::from_str(&options).unwrap_or_default();
        let environment = Environment::from_json(&value["environment"]);
        let StandaloneForwarder { forward, proxy, tls } =
            read_standalone(&service, &value["options"], &environment).map_err(|p| refuse(&p))?;
        let http = notifier::connections(&proxy, &tls)
            .map_err(|e| refuse(&[Problem { path: "tls.ca".into(), message: e.to_string() }]))?;
        let hub = hub.inner.clone();
        let events = Arc::new(ForwarderEvents { hub: hub.clone(), client });
        let forwarding =
            Notifier::new(forward, http, events.clone(), Arc::new(NoCallbacks), Arc::new(SystemClock));
        Ok(Self { id: client, hub, events, forwarding: Arc::new(forwarding) })
    }

    /// Takes an alert as JSON.
    #[napi(catch_unwind)]
    pub fn send(&self, alert: String) {
        let has_content = |alert: &Alert| !(alert.message.is_empty() && alert.kind.is_empty());
        let Some(mut alert) = serde_json::from_str::<Alert>(&alert).ok().filter(has_content) else {
            event::emit(
                &*self.events,
                EventKind::Forward,
                || json!({ "outcome": "failed", "alerts": 1, "attempts": 0, "message": "not an alert: it needs a message or a kind" }),
            );
            return;
        };
        if alert.fingerprint.is_empty() {
            alert.fingerprint = fingerprint(&[&alert.kind, &alert.service]);
        }
        let _entered = self.hub.runtime.handle().enter();
        self.forwarding.pass(&alert);
    }

    /// Sends what is waiting, as far as possible, and ends.
    #[napi(catch_unwind)]
    pub fn close(&self, slot: u32) {
        let forwarding = self.forwarding.clone();
        self.hub.run(self.id, slot, None, |reply| async move {
            forwarding.close(CLOSE_TIMEOUT).await;
            reply.resolve("null".into(), String::new());
        });
    }
}

impl Drop for NativeForwarder {
    fn drop(&mut self) {
        self.forwarding.end();
    }
}

/// Sends what a client's receivers are still owed.
pub async fn last_words(shared: &EngineHandle) {
    let engine = shared.engine();
    engine.recorder.alert_manager.notifier.close(CLOSE_TIMEOUT).await;
}
