//! What a reload inherits from the previous engine: breakers, cooldowns and rate budgets of what remains,
//! isolation, canaries, the wait queue, conditions, recorder and accountant. Connections: see reload.rs.

use crate::state::TargetTable;
use std::{collections::HashSet, sync::Arc, time::Instant};

use parking_lot::Mutex;

use super::{Engine, ports::EngineHooks, recorder::Recorder};
use crate::{
    alert::{ConditionKind, Conditions, manager::AlertManager, notify::notifier::Notifier},
    base::clock::WallClock,
    config::{ClientConfig, EndpointConfig, alerts::AlertOptions, endpoint::ServedModels, key::KeySource},
    cost::{accountant::CostAccountant, budget::CostBudgetConfig},
    net::client::HttpClient,
    policy::{breaker::BreakerConfig, retry_budget::RetryBudgetConfig},
    state::{Credential, Endpoint, Origin, wait_queue::WaitQueue},
};

/// The engine before the reload, if there is one.
#[derive(Default)]
pub struct PreviousEngine<'e>(Option<&'e Engine>);

impl<'e> PreviousEngine<'e> {
    pub fn of(before: &'e Engine) -> Self {
        Self(Some(before))
    }

    fn endpoints(&self) -> &'e [Arc<Endpoint>] {
        self.0.map_or(&[], |engine| &engine.endpoints)
    }

    /// Calls from before and after a reload wait in one queue, for they compete for the same capacity.
    pub fn wait_queue(&self) -> Arc<WaitQueue> {
        self.0.map_or_else(Arc::default, |engine| engine.wait_queue.clone())
    }

    pub fn conditions(&self) -> Arc<Mutex<Conditions>> {
        self.0.map_or_else(Arc::default, |engine| engine.conditions.clone())
    }

    /// Resolves alerts about removed keys and models; nothing else would clear them.
    pub fn resolve_removed(&self, endpoints: &[Arc<Endpoint>], wall: &dyn WallClock) {
        let Some(engine) = self.0 else { return };
        let is_there = |condition_kind, subject: &str, name: &str, model: &str| {
            endpoints.iter().any(|endpoint| match condition_kind {
                ConditionKind::NotFound => {
                    endpoint.config.name == name && serves(&endpoint.config.models, model)
                }
                ConditionKind::Quota | ConditionKind::Auth | ConditionKind::Permission => {
                    let address = &endpoint.origin.address;
                    endpoint.credentials.iter().any(|key| key.subject(address) == subject)
                }
            })
        };
        let resolved = engine.conditions.lock().keep(wall.now(), is_there);
        resolved.iter().for_each(|alert| engine.recorder.alert_manager.publish(alert));
    }

    pub fn recorder(&self, config: &ClientConfig, http: &HttpClient, hooks: &EngineHooks) -> Arc<Recorder> {
        let AlertOptions { rules, forward } = config.alerts.clone().unwrap_or_default();
        let Some(engine) = self.0 else {
            let EngineHooks { events, functions, wall } = hooks;
            let forwarding =
                Notifier::new(forward, http.clone(), events.clone(), functions.clone(), wall.clone());
            let alert_manager = AlertManager::new(rules, forwarding, events.clone(), wall.clone());
            return Recorder::new(config.incidents, alert_manager, events.clone());
        };
        let endpoints: Vec<&str> = config.endpoints.iter().map(|e| e.name.as_str()).collect();
        let budgets: Vec<&str> = config.budgets.iter().map(|b| b.name.as_str()).collect();
        engine.recorder.alert_manager.reconfigure(rules, forward, http, &endpoints, &budgets);
        engine.recorder.reconfigure(config.incidents);
        engine.recorder.clone()
    }

    /// The accountant continues with what was spent.
    pub fn accountant(&self, budgets: &[CostBudgetConfig], wall: &dyn WallClock) -> CostAccountant {
        CostAccountant::new(budgets, self.0.map(|engine| &engine.accountant), wall)
    }

    pub fn budget(&self) -> RetryBudgetConfig {
        self.0.map_or_else(RetryBudgetConfig::default, |engine| engine.config.retry.budget.clone())
    }

    pub fn origin(&self, address: &str, breaker: Option<&BreakerConfig>, now: Instant) -> Arc<Origin> {
        let Some(known) = self.endpoints().iter().find(|e| e.origin.address == address) else {
            return Arc::new(Origin::new(address, breaker, now));
        };
        known.origin.gate.lock().reconfigure(breaker, now);
        known.origin.clone()
    }

    pub fn credential(&self, address: &str, id: &str) -> Option<Arc<Credential>> {
        let at = self.endpoints().iter().filter(|e| e.origin.address == address);
        at.flat_map(|e| &e.credentials).find(|c| identity(&c.source).as_deref() == Some(id)).cloned()
    }

    /// The earlier endpoint of each new one: the one with its name at its origin, else a renamed one.
    pub fn predecessors(&self, endpoints: &[EndpointConfig]) -> Vec<Option<&'e Arc<Endpoint>>> {
        let before = self.endpoints();
        let at_origin = |old: &Endpoint, new: &EndpointConfig| old.origin.address == new.base_url.origin();
        let named: Vec<_> = endpoints
            .iter()
            .map(|new| before.iter().find(|old| old.config.name == new.name && at_origin(old, new)))
            .collect();
        let mut taken: HashSet<usize> = named.iter().flatten().map(|old| old.index).collect();
        let renamed = |new: &EndpointConfig, taken: &HashSet<usize>| {
            before.iter().find(|old| {
                !taken.contains(&old.index)
                    && old.config.base_url == new.base_url
                    && same_keys(&old.config, new)
            })
        };
        let found = endpoints.iter().zip(named).map(|(new, named)| {
            let old = named.or_else(|| renamed(new, &taken))?;
            taken.insert(old.index);
            Some(old)
        });
        found.collect()
    }

    /// Gives a new endpoint the state of its predecessor.
    pub fn inherit_endpoint(
        &self,
        endpoint: &mut Endpoint,
        predecessor: Option<&'e Arc<Endpoint>>,
        same_budget: bool,
    ) {
        // `isolate()` holds the name, whatever the address.
        if let Some(namesake) = self.endpoints().iter().find(|old| old.config.name == endpoint.config.name) {
            endpoint.isolated = namesake.isolated.clone();
        }
        let Some(old) = predecessor else { return };
        endpoint.last_error = old.last_error.clone();
        endpoint.in_flight = old.in_flight.clone();
        if same_budget {
            endpoint.budget = old.budget.clone();
        }
        // A rolled-back canary stays rolled back until the experiment changes.
        let (new, old_config) = (&endpoint.config, &old.config);
        if new.canary == old_config.canary
            && new.base_url == old_config.base_url
            && new.models == old_config.models
            && same_keys(old_config, new)
        {
            endpoint.canary = old.canary.clone();
        }
    }

    /// Adopts the state of models that the endpoint still serves under keys that it still has.
    pub fn adopt_targets(
        &self,
        targets: &TargetTable,
        endpoint: &Arc<Endpoint>,
        old: &Endpoint,
        breaker: Option<&BreakerConfig>,
        now: Instant,
    ) {
        for target in self.0.map_or_else(Vec::new, |engine| engine.targets.every(old)) {
            let serves = serves(&endpoint.config.models, &target.model);
            let credential = endpoint.credentials.iter().position(|c| Arc::ptr_eq(c, &target.credential));
            if let Some(credential) = credential.filter(|_| serves) {
                target.model_gate.lock().reconfigure(breaker, now);
                targets.adopt_target(endpoint, credential, &target);
            }
        }
    }
}

/// Whether an endpoint may be sent this id.
fn serves(models: &ServedModels, id: &str) -> bool {
    match models {
        ServedModels::Any => true,
        ServedModels::Pinned(model) => model == id,
        ServedModels::Listed(list) => list.iter().any(|(_, sent)| sent == id),
    }
}

/// The credential of an endpoint that sends no key.
pub fn credential_without_key(predecessor: Option<&Arc<Endpoint>>, now: Instant) -> Arc<Credential> {
    let credentials = predecessor.into_iter().flat_map(|old| &old.credentials);
    let known = credentials.into_iter().find(|c| identity(&c.source).is_none());
    known.cloned().unwrap_or_else(|| Arc::new(Credential::new(KeySource::None, now)))
}

fn same_keys(a: &EndpointConfig, b: &EndpointConfig) -> bool {
    a.keys.iter().map(identity).eq(b.keys.iter().map(identity))
}

/// Distinguishes keys at one origin; `None` for no key.
pub fn identity(source: &KeySource) -> Option<String> {
    match source {
        KeySource::None => None,
        KeySource::Static(key) => Some(format!("key {}", key.expose())),
        KeySource::Function(number) => Some(format!("function {number}")),
    }
}
