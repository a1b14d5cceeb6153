//! What the calls of one client share: endpoints and their state, connections, the recorder and the hooks.

pub mod auth_error;
mod build;
mod inherit;
pub mod metrics;
pub mod ports;
pub mod recorder;
mod reload;
mod state_changes;
pub mod status;
pub mod status_page;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Instant, SystemTime},
};

use http::Uri;
use parking_lot::Mutex;
use tokio::sync::Notify;

use self::{ports::UserCallbacks, recorder::Recorder, status_page::StatusPages};
use crate::{
    alert::Conditions,
    base::{
        clock::{WallClock, now},
        event::EventSink,
    },
    config::ClientConfig,
    cost::{accountant::CostAccountant, price::Price, price_table},
    net::client::HttpClient,
    policy::hedge_budget::HedgeBudget,
    state::{Endpoint, TargetTable, wait_queue::WaitQueue},
};

pub struct Engine {
    pub config: ClientConfig,
    pub endpoints: Vec<Arc<Endpoint>>,
    /// The state of every model under every key.
    pub targets: TargetTable,
    /// Polls vendors' status pages during an incident.
    pub status_pages: StatusPages,
    pub http: HttpClient,
    pub events: Arc<dyn EventSink>,
    pub functions: Arc<dyn UserCallbacks>,
    wall: Arc<dyn WallClock>,
    rng: Mutex<fastrand::Rng>,
    refusing: AtomicBool,
    active: AtomicUsize,
    idle: Notify,
    /// Where calls wait for a ready endpoint.
    pub wait_queue: Arc<WaitQueue>,
    /// The extra requests that hedging may still send.
    pub hedge_budget: Mutex<HedgeBudget>,
    /// Records costs and enforces budgets.
    pub accountant: CostAccountant,
    /// Alerts about keys and models that are firing.
    conditions: Arc<Mutex<Conditions>>,
    /// Records attempts and calls.
    pub recorder: Arc<Recorder>,
    ids: AtomicU64,
    id_prefix: u32,
}

/// Counts one running call until it is dropped.
pub struct CallGuard(Arc<Engine>);

impl CallGuard {
    pub fn engine(&self) -> &Arc<Engine> {
        &self.0
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if self.0.active.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl Engine {
    pub fn endpoint(&self, name: &str) -> Option<&Arc<Endpoint>> {
        self.endpoints.iter().find(|endpoint| &*endpoint.name == name)
    }

    /// A uniform random number in `0.0..1.0`.
    pub fn draw(&self) -> f64 {
        self.rng.lock().f64()
    }

    /// The wall clock.
    pub fn wall_clock(&self) -> &dyn WallClock {
        &*self.wall
    }

    /// The wall-clock time, for what users read.
    pub fn wall(&self) -> SystemTime {
        self.wall.now()
    }

    /// A moment of the monotonic clock, in milliseconds since 1970.
    pub fn wall_ms(&self, at: Instant) -> u64 {
        let (now, wall) = (now(), self.wall());
        let wall = match at.checked_duration_since(now) {
            Some(ahead) => wall.checked_add(ahead),
            None => wall.checked_sub(now.saturating_duration_since(at)),
        };
        wall.map_or(0, crate::base::timestamp::epoch_ms)
    }

    pub fn request_id(&self) -> String {
        format!("bw-{:08x}-{:x}", self.id_prefix, self.ids.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Counts a new call; `None` once the client is closed.
    pub fn begin_call(self: &Arc<Self>) -> Option<CallGuard> {
        self.active.fetch_add(1, Ordering::AcqRel);
        let active = CallGuard(self.clone());
        (!self.refusing.load(Ordering::Acquire)).then_some(active)
    }

    pub fn is_closed(&self) -> bool {
        self.refusing.load(Ordering::Acquire)
    }

    pub fn running_calls(&self) -> usize {
        self.active.load(Ordering::Acquire)
    }

    /// Resolves when no call is running.
    pub async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.running_calls() == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Refuses new calls; running ones go on.
    pub fn stop_accepting(&self) {
        self.refusing.store(true, Ordering::Release);
    }

    /// Refuses new calls and releases connections and tasks. Running calls are ended by their owner.
    pub fn close(&self) {
        self.stop_accepting();
        self.http.clear();
        self.recorder.close();
        self.status_pages.clear();
    }

    /// Polls the status page of an endpoint while its incident is open.
    pub fn watch_status_page(&self, endpoint: &Endpoint) {
        self.status_pages.watch(endpoint, &self.http, &self.recorder);
    }

    /// Closes connections to addresses that no endpoint uses any more.
    pub fn close_unused_connections(&self) {
        let same = |address: &str, uri: &Uri| {
            address
                .parse::<Uri>()
                .is_ok_and(|a| a.scheme() == uri.scheme() && a.authority() == uri.authority())
        };
        self.http.keep_only(|uri| {
            self.config.endpoints.iter().any(|e| {
                same(e.base_url.origin(), uri) || e.health.url.as_deref().is_some_and(|url| same(url, uri))
            })
        });
    }

    /// Opens a connection to every origin ahead of the first calls. Failures are ignored: calls will report
    /// them.
    pub async fn warmup(&self) {
        let mut targets: Vec<Uri> = Vec::new();
        for endpoint in &self.endpoints {
            if let Ok(uri) = endpoint.config.base_url.origin().parse::<Uri>()
                && !targets.contains(&uri)
            {
                targets.push(uri);
            }
        }
        let mut opening = tokio::task::JoinSet::new();
        for target in targets {
            let http = self.http.clone();
            opening.spawn(async move { http.warm(target).await });
        }
        while opening.join_next().await.is_some() {}
    }

    /// The price of a model at an endpoint: the endpoint's own, the client's, then the built-in ones.
    pub fn price(&self, endpoint: &Endpoint, model: &str) -> Option<Price> {
        endpoint
            .config
            .price
            .or_else(|| {
                let given =
                    |id: &str| self.config.prices.iter().find(|(name, _)| name == id).map(|(_, p)| *p);
                price_table::find(model, given)
            })
            .or_else(|| price_table::default_price(endpoint.config.seller()?, model))
    }
}
