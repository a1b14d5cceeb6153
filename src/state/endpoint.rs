//! An endpoint as it is configured, what belongs to the whole of it, and the targets that it was asked for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32},
    },
    time::Instant,
};

use parking_lot::Mutex;

use super::{
    credential::Credential, gate::Gate, origin::Origin, request_head::Heads, stats::LastError,
    target::Target, target_table::Targets, wait_queue::Room,
};
use crate::{
    base::clock::now,
    call::request::Service,
    config::EndpointConfig,
    engine::status_page::Watch,
    observe::counters::{Meter, Meters},
    policy::{
        breaker::BreakerConfig,
        canary::Canary,
        ewma::PeakEwma,
        limiter::Limiter,
        retry_budget::{Budget, BudgetConfig},
    },
};

pub struct Endpoint {
    pub name: Arc<str>,
    pub config: EndpointConfig,
    pub index: usize,
    pub origin: Arc<Origin>,
    pub credentials: Vec<Arc<Credential>>,
    pub budget: Arc<Mutex<Budget>>,
    pub isolated: Arc<AtomicU32>,
    pub last_error: Arc<Mutex<Option<LastError>>>,
    pub in_flight: Arc<AtomicU32>,
    /// Looks at the vendor's status page during an incident.
    pub status_page: Mutex<Option<Watch>>,
    /// Where calls wait.
    pub room: Arc<Room>,
    meters: Arc<Meters>,
    /// Set for one that is new and has to prove itself.
    pub canary: Option<Arc<Mutex<Canary>>>,
    targets: Mutex<Targets>,
}

/// What all endpoints of a client have in common.
#[derive(Clone)]
pub struct Around {
    /// Where calls wait.
    pub room: Arc<Room>,
    pub meters: Arc<Meters>,
}

// === impl Endpoint ===

impl Endpoint {
    pub fn new(
        config: EndpointConfig,
        index: usize,
        origin: Arc<Origin>,
        credentials: Vec<Arc<Credential>>,
        budget: BudgetConfig,
        around: Around,
        now: Instant,
    ) -> Self {
        let Around { room, meters } = around;
        let canary = config.canary.clone().map(|canary| Arc::new(Mutex::new(Canary::new(canary, now))));
        Self {
            name: config.name.as_str().into(),
            config,
            index,
            origin,
            credentials,
            budget: Arc::new(Mutex::new(Budget::new(budget, now))),
            isolated: Arc::default(),
            last_error: Arc::default(),
            in_flight: Arc::default(),
            status_page: Mutex::default(),
            room,
            meters,
            canary,
            targets: Mutex::default(),
        }
    }

    /// The state of one model under one key, made when first asked for.
    pub fn target(
        self: &Arc<Self>,
        credential: usize,
        model: &str,
        service: Service,
        breaker: Option<&BreakerConfig>,
        now: Instant,
    ) -> Arc<Target> {
        let mut targets = self.targets.lock();
        if let Some(target) = targets.get(credential, model, service) {
            return target.clone();
        }
        targets.make_room();
        let shared = targets.model_gate(self.credentials.len(), model, service);
        let model: Arc<str> = model.into();
        let target = Arc::new(Target {
            heads: Heads::new(&self.config, &model, &self.credentials[credential].source),
            endpoint: self.clone(),
            credential: self.credentials[credential].clone(),
            model: model.clone(),
            service,
            model_gate: shared.unwrap_or_else(|| Arc::new(Mutex::new(Gate::new(breaker, now)))),
            gate: Arc::new(Mutex::new(Gate::new(None, now))),
            limiter: Arc::new(Mutex::new(Limiter::new(self.config.limits_of(&model), now))),
            load: Arc::new(Mutex::new(PeakEwma::new(now))),
            in_flight: Arc::default(),
            stats: Arc::default(),
            retries: Arc::default(),
            meter: self.meter(&model, service),
            price_missed: AtomicBool::new(false),
        });
        targets.insert(credential, target.clone());
        target
    }

    /// Goes on with what is known of a target of the client as it was configured before, under one of the keys here.
    pub fn take_over(self: &Arc<Self>, credential: usize, before: &Target) {
        let limits = self.config.limits_of(&before.model);
        let same_limits = limits == before.endpoint.config.limits_of(&before.model);
        let fresh = || Arc::new(Mutex::new(Limiter::new(limits, now())));
        let target = Arc::new(Target {
            heads: Heads::new(&self.config, &before.model, &self.credentials[credential].source),
            endpoint: self.clone(),
            credential: self.credentials[credential].clone(),
            model: before.model.clone(),
            service: before.service,
            model_gate: before.model_gate.clone(),
            gate: before.gate.clone(),
            limiter: if same_limits { before.limiter.clone() } else { fresh() },
            load: before.load.clone(),
            in_flight: before.in_flight.clone(),
            stats: before.stats.clone(),
            retries: before.retries.clone(),
            meter: self.meter(&before.model, before.service),
            price_missed: AtomicBool::new(false),
        });
        self.targets.lock().insert(credential, target);
    }

    fn meter(&self, model: &Arc<str>, service: Service) -> Arc<Meter> {
        self.meters.of(&self.name, &self.config.provider, model, service == Service::Chat)
    }

    /// The targets that were asked for chat completions so far, in a stable order.
    pub fn targets(&self) -> Vec<Arc<Target>> {
        let mut list = self.every_target();
        list.retain(|target| target.service == Service::Chat);
        list
    }

    /// Every target asked so far, in a stable order.
    pub fn every_target(&self) -> Vec<Arc<Target>> {
        self.targets.lock().list()
    }

    /// Breaks the circle between an endpoint and its targets.
    pub fn forget_targets(&self) {
        self.targets.lock().clear();
    }
}
