//! The client handle: converts the façade's calls into engine calls.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use napi_derive::napi;
use parking_lot::Mutex;

use super::{
    callbacks::JsCallbacks,
    config::{self, LoadedConfig},
    engine_handle::EngineHandle,
    events::JsEvents,
    forwarder,
    hub::{Hub, HubInner},
    transport::JsTransport,
};
use crate::{
    config::{ClientConfig, Problem, fingerprint::ConfigFingerprint},
    cost::ledger_file::LedgerFile,
    engine::Engine,
    health::monitor::Monitor,
    net::transport::Transport,
    queue::Queue,
};

#[napi]
pub struct NativeClient {
    pub(super) id: u32,
    pub(super) hub: Arc<HubInner>,
    pub(super) shared: Arc<EngineHandle>,
    pub(super) queue: Option<Arc<Queue>>,
    events: Arc<JsEvents>,
    pub(super) functions: Arc<JsCallbacks>,
    /// Where costs are kept. `None` once the client is closed.
    ledger: Arc<Mutex<Option<LedgerFile>>>,
}

#[napi]
impl NativeClient {
    /// `options` is `{options, environment}` as JSON. Throws a JSON array of problems as its message.
    #[napi(factory, catch_unwind)]
    pub fn create(
        hub: &Hub,
        client: u32,
        options: String,
        monitor: bool,
        document: Option<&[u8]>,
    ) -> napi::Result<Self> {
        let LoadedConfig { config, fingerprint } =
            config::read(&options, document, monitor).map_err(napi::Error::from_reason)?;
        Self::start(hub.inner.clone(), client, config, fingerprint)
    }

    /// Sets which events have listeners, one bit each.
    #[napi(catch_unwind)]
    pub fn set_wanted_events(&self, mask: u32) {
        self.events.wanted.store(mask, Ordering::Relaxed);
    }

    #[napi(catch_unwind)]
    pub fn answer(&self, question: u32, answer: Option<String>) {
        self.functions.answer(question, answer);
    }

    /// Refuses new calls, waits up to `drain_ms` for running ones, then ends them.
    #[napi(catch_unwind)]
    pub fn close(&self, slot: u32, drain_ms: f64) {
        let drain = crate::base::duration::from_millis(drain_ms).unwrap_or_default();
        self.shared.refuse_new();
        let (hub, id, shared) = (self.hub.clone(), self.id, self.shared.clone());
        let (ledger, queue) = (self.ledger.clone(), self.queue.clone());
        self.hub.run(self.id, slot, None, |reply| async move {
            shared.monitor().stop();
            if let Some(queue) = &queue {
                queue.stop();
            }
            let _ = tokio::time::timeout(drain, shared.idle()).await;
            forwarder::last_words(&shared).await;
            shared.close();
            hub.abort_all(id, Some(slot));
            if let Some(queue) = &queue {
                queue.close().await;
            }
            shared.idle().await;
            let kept = ledger.lock().take();
            if let Some(file) = kept {
                // File access may block.
                let _ = tokio::task::spawn_blocking(move || file.flush()).await;
            }
            reply.resolve("null".into(), String::new());
        });
    }

    /// False for an endpoint that does not exist.
    #[napi(catch_unwind)]
    pub fn isolate(&self, endpoint: String, isolated: bool) -> bool {
        let Some(endpoint) = self.shared.monitor().endpoint(Some(&endpoint)) else { return false };
        if isolated {
            endpoint.isolated.fetch_add(1, Ordering::AcqRel);
        } else {
            // The façade uses each disposable once; an endpoint that was removed for a while has no count.
            let less = |n: u32| n.checked_sub(1);
            let _ = endpoint.isolated.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        }
        // Calls that wait for the endpoint may proceed, or need not wait.
        self.shared.engine().wait_queue.notify_all();
        true
    }
}

impl NativeClient {
    /// A client with a parsed configuration.
    pub(super) fn start(
        hub: Arc<HubInner>,
        client: u32,
        config: ClientConfig,
        fingerprint: ConfigFingerprint,
    ) -> napi::Result<Self> {
        let events = Arc::new(JsEvents { hub: hub.clone(), client, wanted: AtomicU32::new(0) });
        let functions = Arc::new(JsCallbacks::new(hub.clone(), client));
        let starts = config.health_starts;
        let transport = transport(&config, &functions);
        let engine = Engine::new(config, events.clone(), functions.clone(), transport).map_err(|e| {
            let problem = Problem { path: "tls.ca".into(), message: e.to_string() };
            napi::Error::from_reason(config::write(&[problem]))
        })?;
        let ledger = match &engine.config.ledger {
            None => None,
            Some(path) => Some(
                LedgerFile::open(path, &engine.accountant, events.clone(), hub.runtime.handle()).map_err(
                    |e| {
                        let problem = Problem {
                            path: "costs.path".into(),
                            message: format!("'{}': {e}", path.display()),
                        };
                        napi::Error::from_reason(config::write(&[problem]))
                    },
                )?,
            ),
        };
        let ledger = Arc::new(Mutex::new(ledger));
        let queue = start_queue(&engine, &hub)?;
        let monitor = Monitor::new(engine.clone());
        if starts {
            let monitor = monitor.clone();
            hub.runtime.handle().spawn(async move { monitor.start().await });
        }
        let shared = Arc::new(EngineHandle::new(engine, monitor, fingerprint));
        Ok(Self { id: client, hub, shared, events, functions, ledger, queue })
    }
}

/// The user's function that makes exchanges, if one is given.
pub(super) fn transport(config: &ClientConfig, functions: &Arc<JsCallbacks>) -> Option<Arc<dyn Transport>> {
    let function = config.transport?;
    Some(Arc::new(JsTransport::new(functions.clone(), function)))
}

impl Drop for NativeClient {
    fn drop(&mut self) {
        self.shared.monitor().stop();
        let _entered = self.hub.runtime.handle().enter();
        self.shared.close();
        self.hub.abort_all(self.id, None);
        if let Some(file) = self.ledger.lock().take() {
            file.flush();
        }
    }
}

/// Opens the queue of a client that has one.
fn start_queue(engine: &Arc<Engine>, hub: &HubInner) -> napi::Result<Option<Arc<Queue>>> {
    let Some(config) = engine.config.queue.clone() else { return Ok(None) };
    let queue = Queue::start(config, engine.clone(), hub.runtime.handle()).map_err(|e| {
        let problem = Problem { path: "queue".into(), message: format!("its thread cannot be started: {e}") };
        napi::Error::from_reason(config::write(&[problem]))
    })?;
    Ok(Some(queue))
}
