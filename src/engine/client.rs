//! What a client holds: its endpoints, its connections, and who listens.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use http::Uri;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{
    credential::Credential,
    report::iso8601,
    state::{Blocked, Change, Endpoint, Origin, Target},
};
use crate::{
    config::{
        ClientConfig,
        key::{ApiKey, KeySource},
    },
    event::{self, EventKind, EventSink},
    net::{
        client::HttpClient,
        connector::{Connector, Dial, TcpDial},
        proxy::Proxy,
        tls::BadCertificate,
    },
    policy::{breaker::State, fault::Scope},
    reason::Reason,
};

/// Asks the user's function for a key.
pub trait KeyProvider: Send + Sync + 'static {
    fn key(&self, function: u32) -> Pin<Box<dyn Future<Output = Result<ApiKey, String>> + Send>>;
}

pub struct Engine {
    pub config: ClientConfig,
    pub endpoints: Vec<Arc<Endpoint>>,
    pub http: HttpClient,
    pub events: Arc<dyn EventSink>,
    pub keys: Arc<dyn KeyProvider>,
    rng: Mutex<fastrand::Rng>,
    refusing: AtomicBool,
    active: AtomicUsize,
    idle: Notify,
    /// Rings when a target may have become ready before its time.
    pub changed: Arc<Notify>,
    ids: AtomicU64,
    id_prefix: u32,
}

/// Counts one call that is under way.
pub struct Active(Arc<Engine>);

impl Active {
    pub fn engine(&self) -> &Arc<Engine> {
        &self.0
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        if self.0.active.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl Engine {
    /// A client on the real network.
    pub fn new(
        config: ClientConfig,
        events: Arc<dyn EventSink>,
        keys: Arc<dyn KeyProvider>,
    ) -> Result<Arc<Self>, BadCertificate> {
        let proxy = Proxy::new(&config.proxy).map(Arc::new);
        let dial = Arc::new(TcpDial::new(&config.tls, proxy.clone())?);
        Ok(Self::with_network(config, events, keys, dial, proxy, fastrand::Rng::new()))
    }

    /// A client on any network, with its own source of randomness.
    pub fn with_network(
        config: ClientConfig,
        events: Arc<dyn EventSink>,
        keys: Arc<dyn KeyProvider>,
        dial: Arc<dyn Dial>,
        proxy: Option<Arc<Proxy>>,
        mut rng: fastrand::Rng,
    ) -> Arc<Self> {
        let now = now();
        let changed = Arc::new(Notify::new());
        let breaker = config.breaker.as_ref();
        let mut origins: Vec<Arc<Origin>> = Vec::new();
        let mut credentials: Vec<(String, String, Arc<Credential>)> = Vec::new();
        let mut endpoints = Vec::new();
        for (index, endpoint) in config.endpoints.iter().enumerate() {
            let address = endpoint.base_url.origin();
            let origin = match origins.iter().find(|o| o.address == address) {
                Some(origin) => origin.clone(),
                None => {
                    let origin = Arc::new(Origin::new(address, breaker, now));
                    origins.push(origin.clone());
                    origin
                }
            };
            let keys = endpoint.keys.iter().map(|source| {
                // A key at one origin is one credential, however many endpoints use it.
                let id = match source {
                    KeySource::None => return Arc::new(Credential::new(KeySource::None, now)),
                    KeySource::Static(key) => format!("key {}", key.expose()),
                    KeySource::Function(number) => format!("function {number}"),
                };
                if let Some((.., known)) = credentials.iter().find(|(o, i, _)| o == address && *i == id) {
                    return known.clone();
                }
                let credential = Arc::new(Credential::new(source.clone(), now));
                credentials.push((address.to_owned(), id, credential.clone()));
                credential
            });
            let keys: Vec<_> = keys.collect();
            let budget = config.retry.budget.clone();
            endpoints.push(Arc::new(Endpoint::new(
                endpoint.clone(),
                index,
                origin,
                keys,
                budget,
                changed.clone(),
                now,
            )));
        }
        let http = HttpClient::new(Connector::new(dial, config.timeouts.connect), proxy);
        let id_prefix = rng.u32(..);
        Arc::new(Self {
            config,
            endpoints,
            http,
            events,
            keys,
            rng: Mutex::new(rng),
            refusing: AtomicBool::new(false),
            active: AtomicUsize::new(0),
            idle: Notify::new(),
            changed,
            ids: AtomicU64::new(0),
            id_prefix,
        })
    }

    /// A uniform number in `0.0..1.0`.
    pub fn draw(&self) -> f64 {
        self.rng.lock().f64()
    }

    pub fn request_id(&self) -> String {
        format!("bw-{:08x}-{:x}", self.id_prefix, self.ids.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Counts a call in; `None` once the client is closed.
    pub fn enter(self: &Arc<Self>) -> Option<Active> {
        self.active.fetch_add(1, Ordering::AcqRel);
        let active = Active(self.clone());
        (!self.refusing.load(Ordering::Acquire)).then_some(active)
    }

    pub fn is_closed(&self) -> bool {
        self.refusing.load(Ordering::Acquire)
    }

    pub fn active(&self) -> usize {
        self.active.load(Ordering::Acquire)
    }

    /// Resolves when no call is under way.
    pub async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.active() == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Takes no more calls; those under way go on.
    pub fn refuse_new(&self) {
        self.refusing.store(true, Ordering::Release);
    }

    /// Takes no more calls and lets go of what it holds. Calls under way are their owner's to end.
    pub fn close(&self) {
        self.refuse_new();
        self.http.clear();
    }

    /// Lets go of what was remembered. Endpoints and targets know each other: one of them has to.
    pub fn forget(&self) {
        for endpoint in &self.endpoints {
            endpoint.forget_targets();
        }
    }

    /// Opens a connection to every origin, so that first calls need not. Failures are for calls to meet.
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

    /// Tells listeners what changed at a target.
    pub fn announce(&self, target: &Target, reason: Option<Reason>, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Breaker { scope, state, until } => {
                    event::emit(&*self.events, EventKind::Breaker, || {
                        serde_json::json!({
                            "endpoint": target.endpoint.config.name,
                            "model": model_in(target, *scope),
                            "scope": scope_name(*scope),
                            "state": state_name(*state),
                            "retryAt": until.map(wall_ms),
                            "at": iso8601(std::time::SystemTime::now()),
                        })
                    });
                }
                Change::Cooldown { scope, until } => {
                    event::emit(&*self.events, EventKind::Cooldown, || {
                        serde_json::json!({
                            "endpoint": target.endpoint.config.name,
                            "model": model_in(target, *scope),
                            "scope": scope_name(*scope),
                            "reason": reason,
                            "until": wall_ms(*until),
                            "at": iso8601(std::time::SystemTime::now()),
                        })
                    });
                }
            }
        }
    }

    /// The price of a model at an endpoint: the endpoint's own, then the client's table.
    pub fn price(&self, endpoint: &Endpoint, model: &str) -> Option<crate::observe::cost::Price> {
        endpoint
            .config
            .price
            .or_else(|| self.config.prices.iter().find(|(name, _)| name == model).map(|(_, price)| *price))
    }
}

/// The clock of everything here; under a paused runtime it is the simulated one.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A moment of the monotonic clock as milliseconds since 1970.
pub fn wall_ms(at: Instant) -> u64 {
    let now = now();
    let wall = std::time::SystemTime::now();
    let wall = match at.checked_duration_since(now) {
        Some(ahead) => wall.checked_add(ahead),
        None => wall.checked_sub(now.saturating_duration_since(at)),
    };
    wall.map_or(0, super::report::epoch_ms)
}

pub fn ready_in(blocked: &Blocked, now: Instant) -> Option<Duration> {
    blocked.until.map(|until| until.saturating_duration_since(now))
}

fn model_in(target: &Target, scope: Scope) -> Option<&str> {
    (scope == Scope::Endpoint).then_some(&*target.model)
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Origin => "origin",
        Scope::Credential => "credential",
        Scope::Endpoint => "endpoint",
        Scope::Request => "request",
    }
}

pub fn state_name(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Open => "open",
        State::HalfOpen => "halfOpen",
    }
}
