//! A client's engine and monitor, which a reload replaces while calls go on.

use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};
use serde_json::Value;

use crate::{
    config::{ClientConfig, fingerprint::ConfigFingerprint},
    engine::{CallGuard, Engine},
    health::monitor::Monitor,
    net::{tls::BadCertificate, transport::Transport},
};

pub struct EngineHandle {
    current: RwLock<CurrentEngine>,
    /// Held during a reload: reloads run one after another.
    reloading: Mutex<()>,
    /// Earlier engines that still have running calls.
    retired: Mutex<Vec<Weak<Engine>>>,
}

struct CurrentEngine {
    engine: Arc<Engine>,
    monitor: Arc<Monitor>,
    fingerprint: ConfigFingerprint,
}

impl EngineHandle {
    pub fn new(engine: Arc<Engine>, monitor: Arc<Monitor>, fingerprint: ConfigFingerprint) -> Self {
        Self {
            current: RwLock::new(CurrentEngine { engine, monitor, fingerprint }),
            reloading: Mutex::default(),
            retired: Mutex::default(),
        }
    }

    pub fn engine(&self) -> Arc<Engine> {
        self.current.read().engine.clone()
    }

    pub fn monitor(&self) -> Arc<Monitor> {
        self.current.read().monitor.clone()
    }

    /// Counts a call. Under the lock, so that a reload waits for every counted call.
    pub fn begin_call(&self) -> Option<CallGuard> {
        self.current.read().engine.begin_call()
    }

    /// Replaces the configuration and returns what has changed. Must be called where the runtime is
    /// available.
    pub fn replace(
        self: &Arc<Self>,
        config: ClientConfig,
        fingerprint: ConfigFingerprint,
        transport: Option<Arc<dyn Transport>>,
    ) -> Result<Value, BadCertificate> {
        let starts = config.health_starts;
        let _alone = self.reloading.lock();
        // Loading certificates takes time, and calls need the lock.
        let http = self.engine().connections(&config, transport)?;
        let mut current = self.current.write();
        let engine = current.engine.reloaded(config, http);
        if current.engine.is_closed() {
            engine.stop_accepting();
        }
        let monitor = current.monitor.successor(engine.clone());
        let watched = current.monitor.is_running();
        current.monitor.stop();
        if (watched || starts) && !engine.is_closed() {
            let monitor = monitor.clone();
            tokio::spawn(async move { monitor.start().await });
        }
        let changes = current.fingerprint.changes(&fingerprint);
        let before =
            std::mem::replace(&mut *current, CurrentEngine { engine: engine.clone(), monitor, fingerprint });
        self.retired.lock().push(Arc::downgrade(&before.engine));
        drop(current);
        // Blockages may have changed.
        engine.wait_queue.notify_all();
        tokio::spawn(retire(self.clone(), before.engine));
        Ok(changes)
    }

    fn draining(&self) -> Vec<Arc<Engine>> {
        self.retired.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn all(&self) -> Vec<Arc<Engine>> {
        let mut all = self.draining();
        all.push(self.engine());
        all
    }

    pub fn refuse_new(&self) {
        self.all().iter().for_each(|engine| engine.stop_accepting());
    }

    /// Resolves when no call is running, under any configuration.
    pub async fn idle(&self) {
        for engine in self.all() {
            engine.idle().await;
        }
    }

    /// Whether calls are running under an earlier configuration.
    pub fn has_draining_calls(&self) -> bool {
        self.draining().iter().any(|engine| engine.running_calls() > 0)
    }

    pub fn close(&self) {
        self.all().iter().for_each(|engine| engine.close());
    }
}

/// Releases an engine when its last call is over; closing the client ends its calls.
async fn retire(shared: Arc<EngineHandle>, engine: Arc<Engine>) {
    engine.idle().await;
    let current = shared.engine();
    if !engine.http.shares(&current.http)
        && !shared.draining().iter().any(|e| !Arc::ptr_eq(e, &engine) && e.http.shares(&engine.http))
    {
        engine.http.clear();
    }
    let mut retired = shared.retired.lock();
    retired.retain(|other| other.upgrade().is_some_and(|other| !Arc::ptr_eq(&other, &engine)));
    if retired.is_empty() {
        current.close_unused_connections();
    }
}
