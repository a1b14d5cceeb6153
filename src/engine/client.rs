//! What a client holds: its endpoints, its connections, and who listens.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Instant, SystemTime},
};

use http::Uri;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{
    recorder::Witness,
    reload::{self, Succession, identity, keyless},
    status_page::Watch,
};
use crate::{
    alert::Conditions,
    base::{
        clock::{SystemWall, Wall, now},
        event::EventSink,
    },
    config::{ClientConfig, call_policy::EXTRA_LOAD, key::ApiKey},
    cost::{accountant::Books, price::Price, price_table},
    net::{
        client::HttpClient,
        connector::{Connector, Dial, TcpDial},
        proxy::Proxy,
        tls::BadCertificate,
        transport::Carrier,
    },
    policy::hedge_budget::Allowance,
    state::{Around, Endpoint, Origin, credential::Credential, wait_queue::Room},
};

type Asked<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Asks the user's functions, by their numbers on the other side of the boundary.
pub trait Functions: Send + Sync + 'static {
    fn key(&self, function: u32) -> Asked<Result<ApiKey, String>>;
    /// The text for a call that came to nothing; `None` when the function failed.
    fn fallback(&self, function: u32, request: String) -> Asked<Option<String>>;
    /// Hands over an alert; false when the function failed.
    fn forward(&self, _function: u32, _alert: String) -> Asked<bool> {
        Box::pin(async { false })
    }
}

/// What an engine stands on: the network, the wall clock, and chance. All of it may be simulated.
pub struct World {
    pub dial: Arc<dyn Dial>,
    pub proxy: Option<Arc<Proxy>>,
    pub wall: Arc<dyn Wall>,
    pub rng: fastrand::Rng,
    /// Makes the exchanges in place of the network.
    pub carrier: Option<Arc<dyn Carrier>>,
}

/// Who is asked and told, beside the network.
pub struct Listeners {
    pub events: Arc<dyn EventSink>,
    pub functions: Arc<dyn Functions>,
    pub wall: Arc<dyn Wall>,
}

pub struct Engine {
    pub config: ClientConfig,
    pub endpoints: Vec<Arc<Endpoint>>,
    pub http: HttpClient,
    pub events: Arc<dyn EventSink>,
    pub functions: Arc<dyn Functions>,
    wall: Arc<dyn Wall>,
    rng: Mutex<fastrand::Rng>,
    refusing: AtomicBool,
    active: AtomicUsize,
    idle: Notify,
    /// Where calls wait.
    pub room: Arc<Room>,
    /// Extra requests that hedging may still send.
    pub allowance: Mutex<Allowance>,
    /// What calls cost.
    pub books: Books,
    /// What people were told of and is not well again.
    pub(super) conditions: Arc<Mutex<Conditions>>,
    /// Who sees what becomes of calls.
    pub witness: Arc<Witness>,
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
        functions: Arc<dyn Functions>,
        carrier: Option<Arc<dyn Carrier>>,
    ) -> Result<Arc<Self>, BadCertificate> {
        let proxy = Proxy::new(&config.proxy).map(Arc::new);
        let dial = Arc::new(TcpDial::new(&config.tls, proxy.clone())?);
        let proxy = proxy.filter(|_| carrier.is_none());
        let world = World { dial, proxy, wall: Arc::new(SystemWall), rng: fastrand::Rng::new(), carrier };
        Ok(Self::in_world(config, events, functions, world))
    }

    /// A client in any world.
    pub fn in_world(
        config: ClientConfig,
        events: Arc<dyn EventSink>,
        functions: Arc<dyn Functions>,
        world: World,
    ) -> Arc<Self> {
        let World { dial, proxy, wall, rng, carrier } = world;
        let http = HttpClient::new(Connector::new(dial, config.timeouts.connect), proxy, carrier);
        let listeners = Listeners { events, functions, wall };
        Self::assemble(config, http, listeners, rng, &Succession::default())
    }

    /// The connections of a client under another configuration: these, where they would be made alike.
    pub fn connections(
        &self,
        config: &ClientConfig,
        carrier: Option<Arc<dyn Carrier>>,
    ) -> Result<HttpClient, BadCertificate> {
        let own = &self.config;
        let alike = config.tls == own.tls
            && config.proxy == own.proxy
            && config.timeouts.connect == own.timeouts.connect
            && config.transport == own.transport;
        if alike {
            return Ok(self.http.clone());
        }
        let proxy = Proxy::new(&config.proxy).map(Arc::new);
        let dial = Arc::new(TcpDial::new(&config.tls, proxy.clone())?);
        let proxy = proxy.filter(|_| carrier.is_none());
        Ok(HttpClient::new(Connector::new(dial, config.timeouts.connect), proxy, carrier))
    }

    /// The client under another configuration. What is known of endpoints that are still there goes on, and calls that
    /// wait stand in one line. This one keeps its calls under way.
    pub fn successor(&self, config: ClientConfig, http: HttpClient) -> Arc<Self> {
        let listeners = Listeners {
            events: self.events.clone(),
            functions: self.functions.clone(),
            wall: self.wall.clone(),
        };
        let rng = self.rng.lock().fork();
        let successor = Self::assemble(config, http, listeners, rng, &Succession::of(self));
        for endpoint in successor.endpoints.iter().filter(|_| !self.is_closed()) {
            let before = self.endpoint(&endpoint.name).and_then(|old| old.status_page.lock().take());
            if before.is_some_and(|watch| watch.goes_on()) {
                *endpoint.status_page.lock() = Watch::start(&successor, endpoint);
            }
        }
        successor
    }

    fn assemble(
        config: ClientConfig,
        http: HttpClient,
        listeners: Listeners,
        mut rng: fastrand::Rng,
        before: &Succession<'_>,
    ) -> Arc<Self> {
        let now = now();
        let room = before.room();
        let witness = before.witness(&config, &http, &listeners);
        let around = Around { room: room.clone(), meters: witness.meters.clone() };
        let breaker = config.breaker.as_ref();
        let mut origins: Vec<Arc<Origin>> = Vec::new();
        let mut credentials: Vec<(String, String, Arc<Credential>)> = Vec::new();
        let mut endpoints = Vec::new();
        let predecessors = before.predecessors(&config.endpoints);
        for (index, (endpoint, predecessor)) in config.endpoints.iter().zip(predecessors).enumerate() {
            let address = endpoint.base_url.origin();
            let origin = match origins.iter().find(|o| o.address == address) {
                Some(origin) => origin.clone(),
                None => {
                    let origin = before.origin(address, breaker, now);
                    origins.push(origin.clone());
                    origin
                }
            };
            let keys = endpoint.keys.iter().map(|source| {
                // A key at one origin is one credential, however many endpoints use it.
                let Some(id) = identity(source) else { return keyless(predecessor, now) };
                if let Some((.., known)) = credentials.iter().find(|(o, i, _)| o == address && *i == id) {
                    return known.clone();
                }
                let credential = before.credential(address, &id);
                let credential = credential.unwrap_or_else(|| Arc::new(Credential::new(source.clone(), now)));
                credentials.push((address.to_owned(), id, credential.clone()));
                credential
            });
            let keys: Vec<_> = keys.collect();
            let budget = config.retry.budget.clone();
            let mut own = Endpoint::new(endpoint.clone(), index, origin, keys, budget, around.clone(), now);
            before.bequeath(&mut own, predecessor, config.retry.budget == before.budget());
            let own = Arc::new(own);
            if let Some(predecessor) = predecessor {
                reload::take_over(&own, predecessor, breaker, now);
            }
            endpoints.push(own);
        }
        let id_prefix = rng.u32(..);
        let allowance = Allowance::new(config.hedge.map_or(EXTRA_LOAD, |h| h.max_extra_load));
        let Listeners { events, functions, wall } = listeners;
        let books = before.books(&config.budgets, &*wall);
        before.end_of_the_gone(&endpoints, &*wall);
        Arc::new(Self {
            books,
            config,
            endpoints,
            http,
            events,
            functions,
            wall,
            rng: Mutex::new(rng),
            refusing: AtomicBool::new(false),
            active: AtomicUsize::new(0),
            idle: Notify::new(),
            room,
            allowance: Mutex::new(allowance),
            conditions: before.conditions(),
            witness,
            ids: AtomicU64::new(0),
            id_prefix,
        })
    }

    pub fn endpoint(&self, name: &str) -> Option<&Arc<Endpoint>> {
        self.endpoints.iter().find(|endpoint| &*endpoint.name == name)
    }

    /// A uniform number in `0.0..1.0`.
    pub fn draw(&self) -> f64 {
        self.rng.lock().f64()
    }

    /// The wall clock itself.
    pub fn wall_clock(&self) -> &dyn Wall {
        &*self.wall
    }

    /// The wall clock, for what people read.
    pub fn wall(&self) -> SystemTime {
        self.wall.now()
    }

    /// A moment of the monotonic clock as milliseconds since 1970.
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
        self.witness.close();
        for endpoint in &self.endpoints {
            endpoint.status_page.lock().take();
        }
    }

    /// Lets go of what was remembered. Endpoints and targets know each other: one of them has to.
    pub fn forget(&self) {
        for endpoint in &self.endpoints {
            endpoint.forget_targets();
        }
    }

    /// Lets go of connections to where no endpoint is any more.
    pub fn forget_connections(&self) {
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

    /// The price of a model at an endpoint: the endpoint's own, the client's, then those that come with the program.
    pub fn price(&self, endpoint: &Endpoint, model: &str) -> Option<Price> {
        endpoint
            .config
            .price
            .or_else(|| {
                let given =
                    |id: &str| self.config.prices.iter().find(|(name, _)| name == id).map(|(_, p)| *p);
                price_table::find(model, given)
            })
            .or_else(|| price_table::default_price(&endpoint.config, model))
    }
}
