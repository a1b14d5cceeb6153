//! The targets of all endpoints: created on first use, bounded for each endpoint.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use parking_lot::Mutex;

use super::{
    endpoint::Endpoint, gate::Gate, operation::Operation, request_head::RequestHeads, target::Target,
};
use crate::{
    base::clock::now,
    observe::counters::{Counters, TargetCounters},
    policy::{breaker::BreakerConfig, ewma::PeakEwma, limiter::Limiter},
};

/// Models remembered per endpoint: callers may name any model at an open endpoint.
const MAX_TARGETS: usize = 128;

/// The targets of all endpoints of a client.
pub struct TargetTable {
    /// By the endpoint's index.
    endpoints: Vec<Mutex<EndpointTargets>>,
    counters: Arc<Counters>,
}

// === impl TargetTable ===

impl TargetTable {
    pub fn new(endpoints: usize, counters: Arc<Counters>) -> Self {
        Self { endpoints: (0..endpoints).map(|_| Mutex::default()).collect(), counters }
    }

    /// The target of one model under one key, created on first use.
    pub fn target(
        &self,
        endpoint: &Arc<Endpoint>,
        credential: usize,
        model: &str,
        operation: Operation,
        breaker: Option<&BreakerConfig>,
        now: Instant,
    ) -> Arc<Target> {
        let mut targets = self.endpoints[endpoint.index].lock();
        if let Some(target) = targets.get(credential, model, operation) {
            return target.clone();
        }
        targets.make_room();
        let shared = targets.model_gate(endpoint.credentials.len(), model, operation);
        let model: Arc<str> = model.into();
        let target = Arc::new(Target {
            heads: RequestHeads::new(&endpoint.config, &model, &endpoint.credentials[credential].source),
            endpoint: endpoint.clone(),
            credential: endpoint.credentials[credential].clone(),
            model: model.clone(),
            operation,
            model_gate: shared.unwrap_or_else(|| Arc::new(Mutex::new(Gate::new(breaker, now)))),
            gate: Arc::new(Mutex::new(Gate::new(None, now))),
            limiter: Arc::new(Mutex::new(Limiter::new(endpoint.config.limits_of(&model), now))),
            load: Arc::new(Mutex::new(PeakEwma::new(now))),
            in_flight: Arc::default(),
            stats: Arc::default(),
            retries: Arc::default(),
            counters: self.counters(endpoint, &model, operation),
            price_missed: AtomicBool::new(false),
        });
        targets.insert(credential, target.clone());
        target
    }

    /// Adopts the state of a target of the previous configuration, under one of the endpoint's keys.
    pub fn adopt_target(&self, endpoint: &Arc<Endpoint>, credential: usize, before: &Target) {
        let limits = endpoint.config.limits_of(&before.model);
        let same_limits = limits == before.endpoint.config.limits_of(&before.model);
        let fresh = || Arc::new(Mutex::new(Limiter::new(limits, now())));
        let target = Arc::new(Target {
            heads: RequestHeads::new(
                &endpoint.config,
                &before.model,
                &endpoint.credentials[credential].source,
            ),
            endpoint: endpoint.clone(),
            credential: endpoint.credentials[credential].clone(),
            model: before.model.clone(),
            operation: before.operation,
            model_gate: before.model_gate.clone(),
            gate: before.gate.clone(),
            limiter: if same_limits { before.limiter.clone() } else { fresh() },
            load: before.load.clone(),
            in_flight: before.in_flight.clone(),
            stats: before.stats.clone(),
            retries: before.retries.clone(),
            counters: self.counters(endpoint, &before.model, before.operation),
            price_missed: AtomicBool::new(false),
        });
        self.endpoints[endpoint.index].lock().insert(credential, target);
    }

    fn counters(&self, endpoint: &Endpoint, model: &Arc<str>, operation: Operation) -> Arc<TargetCounters> {
        self.counters.of(&endpoint.name, &endpoint.config.provider, model, operation == Operation::Chat)
    }

    /// The chat targets of an endpoint, in a stable order.
    pub fn chat(&self, endpoint: &Endpoint) -> Vec<Arc<Target>> {
        let mut list = self.every(endpoint);
        list.retain(|target| target.operation == Operation::Chat);
        list
    }

    /// Every target of an endpoint, in a stable order.
    pub fn every(&self, endpoint: &Endpoint) -> Vec<Arc<Target>> {
        self.endpoints[endpoint.index].lock().list()
    }
}

/// By credential, model and operation.
#[derive(Default)]
struct EndpointTargets(HashMap<OwnedTargetKey, Arc<Target>>);

type OwnedTargetKey = (usize, Arc<str>, Operation);

// === impl EndpointTargets ===

impl EndpointTargets {
    fn get(&self, credential: usize, model: &str, operation: Operation) -> Option<&Arc<Target>> {
        self.0.get(&(credential, model, operation) as &dyn BorrowedTargetKey)
    }

    fn insert(&mut self, credential: usize, target: Arc<Target>) {
        self.0.insert((credential, target.model.clone(), target.operation), target);
    }

    /// Evicts the least used idle target when the table is full. Its statistics are lost.
    fn make_room(&mut self) {
        if self.0.len() < MAX_TARGETS {
            return;
        }
        let idle = self.0.iter().filter(|(_, target)| Arc::strong_count(target) == 1);
        let least = idle.min_by_key(|(_, target)| target.stats.lock().total).map(|(key, _)| key.clone());
        if let Some(key) = least {
            self.0.remove(&key);
        }
    }

    /// The gate that all keys of a model share.
    fn model_gate(&self, credentials: usize, model: &str, operation: Operation) -> Option<Arc<Mutex<Gate>>> {
        (0..credentials)
            .find_map(|credential| self.get(credential, model, operation))
            .map(|target| target.model_gate.clone())
    }

    /// In a stable order.
    fn list(&self) -> Vec<Arc<Target>> {
        let mut list: Vec<_> = self.0.iter().collect();
        list.sort_by_key(|(key, _)| *key);
        list.into_iter().map(|(_, target)| target.clone()).collect()
    }
}

/// Lets the map be searched with a borrowed model name.
trait BorrowedTargetKey {
    fn parts(&self) -> (usize, &str, Operation);
}

impl BorrowedTargetKey for OwnedTargetKey {
    fn parts(&self) -> (usize, &str, Operation) {
        (self.0, &self.1, self.2)
    }
}

impl BorrowedTargetKey for (usize, &str, Operation) {
    fn parts(&self) -> (usize, &str, Operation) {
        (self.0, self.1, self.2)
    }
}

impl PartialEq for dyn BorrowedTargetKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn BorrowedTargetKey + '_ {}

impl Hash for dyn BorrowedTargetKey + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl<'a> Borrow<dyn BorrowedTargetKey + 'a> for OwnedTargetKey {
    fn borrow(&self) -> &(dyn BorrowedTargetKey + 'a) {
        self
    }
}
