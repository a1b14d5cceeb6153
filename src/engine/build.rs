//! Builds an engine from a configuration, its dependencies and what it inherits.

use super::{
    inherit::{PreviousEngine, credential_without_key, identity},
    ports::{EngineDeps, EngineHooks, UserCallbacks},
    status_page::StatusPages,
};
use crate::{
    base::{
        clock::{SystemClock, now},
        event::EventSink,
    },
    config::{ClientConfig, call_policy::EXTRA_LOAD},
    net::{
        client::HttpClient,
        connector::{Connector, TcpDial},
        proxy::Proxy,
        tls::BadCertificate,
        transport::Transport,
    },
    policy::hedge_budget::HedgeBudget,
    state::{Credential, Endpoint, Origin, TargetTable},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize},
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Engine;

impl Engine {
    /// An engine on the real network.
    pub fn new(
        config: ClientConfig,
        events: Arc<dyn EventSink>,
        functions: Arc<dyn UserCallbacks>,
        transport: Option<Arc<dyn Transport>>,
    ) -> Result<Arc<Self>, BadCertificate> {
        let proxy = Proxy::new(&config.proxy).map(Arc::new);
        let dial = Arc::new(TcpDial::new(&config.tls, proxy.clone())?);
        let proxy = proxy.filter(|_| transport.is_none());
        let world =
            EngineDeps { dial, proxy, wall: Arc::new(SystemClock), rng: fastrand::Rng::new(), transport };
        Ok(Self::in_world(config, events, functions, world))
    }

    /// An engine with the given dependencies.
    pub fn in_world(
        config: ClientConfig,
        events: Arc<dyn EventSink>,
        functions: Arc<dyn UserCallbacks>,
        world: EngineDeps,
    ) -> Arc<Self> {
        let EngineDeps { dial, proxy, wall, rng, transport } = world;
        let http = HttpClient::new(Connector::new(dial, config.timeouts.connect), proxy, transport);
        let listeners = EngineHooks { events, functions, wall };
        Self::assemble(config, http, listeners, rng, &PreviousEngine::default())
    }

    pub(super) fn assemble(
        config: ClientConfig,
        http: HttpClient,
        listeners: EngineHooks,
        mut rng: fastrand::Rng,
        before: &PreviousEngine<'_>,
    ) -> Arc<Self> {
        let now = now();
        let wait_queue = before.wait_queue();
        let recorder = before.recorder(&config, &http, &listeners);
        let breaker = config.breaker.as_ref();
        let mut origins: Vec<Arc<Origin>> = Vec::new();
        let mut credentials: Vec<(String, String, Arc<Credential>)> = Vec::new();
        let mut endpoints = Vec::new();
        let predecessors = before.predecessors(&config.endpoints);
        for (index, (endpoint, &predecessor)) in config.endpoints.iter().zip(&predecessors).enumerate() {
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
                let Some(id) = identity(source) else { return credential_without_key(predecessor, now) };
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
            let mut own =
                Endpoint::new(endpoint.clone(), index, origin, keys, budget, wait_queue.clone(), now);
            before.inherit_endpoint(&mut own, predecessor, config.retry.budget == before.budget());
            endpoints.push(Arc::new(own));
        }
        let targets = TargetTable::new(endpoints.len(), recorder.counters.clone());
        for (endpoint, predecessor) in endpoints.iter().zip(&predecessors) {
            if let Some(predecessor) = predecessor {
                before.adopt_targets(&targets, endpoint, predecessor, breaker, now);
            }
        }
        let id_prefix = rng.u32(..);
        let allowance = HedgeBudget::new(config.hedge.map_or(EXTRA_LOAD, |h| h.max_extra_load));
        let EngineHooks { events, functions, wall } = listeners;
        let accountant = before.accountant(&config.budgets, &*wall);
        before.resolve_removed(&endpoints, &*wall);
        Arc::new(Self {
            accountant,
            config,
            endpoints,
            targets,
            status_pages: StatusPages::default(),
            http,
            events,
            functions,
            wall,
            rng: Mutex::new(rng),
            refusing: AtomicBool::new(false),
            active: AtomicUsize::new(0),
            idle: Notify::new(),
            wait_queue,
            hedge_budget: Mutex::new(allowance),
            conditions: before.conditions(),
            recorder,
            ids: AtomicU64::new(0),
            id_prefix,
        })
    }
}
