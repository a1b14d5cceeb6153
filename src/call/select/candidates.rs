//! Lists the candidates of a call in order. A candidate is an endpoint, a key there, and a model.

use std::{sync::Arc, time::Instant};

use super::{constraints, unknown_model::unknown_model};
use crate::{
    base::model_id,
    call::{
        error::CallError, options::CallOptions, passthrough::request::PassthroughRequest,
        request::CallRequest,
    },
    config::{
        endpoint::{PriorityTier, ServedModels},
        models::{AliasExpansion, Aliases},
        reader::{nearest, shorten},
        routing::{RouteTarget, RoutingRule},
        vendors::{is_vendor, vendor_of},
    },
    engine::Engine,
    state::{Endpoint, Operation, Target},
};

#[derive(Clone)]
pub struct Candidate {
    pub target: Arc<Target>,
    /// Candidates of equal rank share a tier; a lower rank comes first.
    pub rank: (u32, PriorityTier),
}

pub fn candidates(
    engine: &Engine,
    request: &CallRequest,
    options: &CallOptions,
    now: Instant,
) -> Result<Vec<Candidate>, Box<CallError>> {
    known_endpoints(engine, options)?;
    let asked = request.model();
    let operation = match request {
        CallRequest::Chat(_) => Operation::Chat,
        CallRequest::Passthrough(_) => Operation::Other,
    };
    let mut plan = CandidateBuilder { engine, options, operation, now, base: 0, found: Vec::new() };
    let rule = options.rule.as_ref().filter(|_| operation == Operation::Chat);
    match (request, rule.filter(|rule| !rule.route_to.is_empty())) {
        (CallRequest::Passthrough(other), _) => plan.passthrough_candidates(other)?,
        (CallRequest::Chat(_), Some(rule)) => plan.routed(rule, asked)?,
        (CallRequest::Chat(_), None) => plan.primary(asked)?,
    }
    if rule.is_some_and(|rule| rule.by_cost) {
        by_cost(engine, request, plan.base, &mut plan.found);
    }
    if plan.found.is_empty() {
        return Err(Box::new(match asked {
            None => CallError::bad_request("model: is missing, and no endpoint pins one"),
            Some(model) => unknown_model(engine, model),
        }));
    }
    plan.found.sort_by_key(|c| c.rank);
    Ok(plan.found)
}

/// Checks that the endpoints that a call names exist.
fn known_endpoints(engine: &Engine, options: &CallOptions) -> Result<(), Box<CallError>> {
    if let Some(unknown) = options
        .endpoints
        .iter()
        .flatten()
        .find(|name| !engine.endpoints.iter().any(|e| e.config.name == **name))
    {
        let names: Vec<&str> = engine.endpoints.iter().map(|e| e.config.name.as_str()).collect();
        let meant = nearest(unknown, names.iter().copied()).map(|n| format!("; did you mean '{n}'?"));
        let message = format!(
            "must be names of endpoints, {}, got '{}'{}",
            names.join(", "),
            shorten(unknown),
            meant.unwrap_or_default()
        );
        return Err(Box::new(CallError::problem("options.endpoints", message)));
    }
    Ok(())
}

struct CandidateBuilder<'a> {
    engine: &'a Engine,
    options: &'a CallOptions,
    operation: Operation,
    now: Instant,
    /// The first turn of candidates behind those that a rule names.
    base: u32,
    found: Vec<Candidate>,
}

impl CandidateBuilder<'_> {
    fn primary(&mut self, asked: Option<&str>) -> Result<(), Box<CallError>> {
        match asked {
            None => self.pinned_only(),
            Some(asked) => self.named(asked)?,
        }
        Ok(())
    }

    /// The targets that a rule names, in order, then all others if it has a fallback.
    fn routed(&mut self, rule: &RoutingRule, asked: Option<&str>) -> Result<(), Box<CallError>> {
        let all = &self.engine.endpoints;
        let aliases = &self.engine.config.aliases;
        for (turn, goal) in (0..).zip(&rule.route_to) {
            match goal {
                RouteTarget::Endpoint(name) => self.each_endpoint(turn, |endpoint| {
                    (endpoint.config.name == *name).then(|| first_served(all, endpoint, aliases, asked))?
                }),
                RouteTarget::Model(model) => {
                    let expansion = aliases.expand(model);
                    let all = named(all, &expansion);
                    for target in &expansion.targets {
                        self.each_endpoint(turn, |endpoint| exactly(all, endpoint, model, target));
                    }
                }
            }
        }
        self.base = rule.route_to.len() as u32;
        if !rule.fallback {
            return Ok(());
        }
        match self.primary(asked) {
            // The rule's own targets suffice.
            Err(_) if !self.found.is_empty() => Ok(()),
            other => other,
        }
    }

    fn pinned_only(&mut self) {
        self.each_endpoint(0, |endpoint| match &endpoint.config.models {
            ServedModels::Pinned(model) => Some(model.clone()),
            _ => None,
        });
        for (i, model) in self.options.fallback_models.iter().enumerate() {
            self.model(1 + i as u32, model, model, false, &self.engine.endpoints);
        }
    }

    /// Endpoints of the caller's dialect: first those that list the model, then the others. Pinned and listed
    /// models are for chats, so they exclude no endpoint.
    fn passthrough_candidates(&mut self, request: &PassthroughRequest) -> Result<(), Box<CallError>> {
        let asked = request.model().unwrap_or_default();
        let expansion = self.engine.config.aliases.expand(asked);
        let all = named(&self.engine.endpoints, &expansion);
        let targets = &expansion.targets;
        for (turn, naming) in [(0, true), (1, false)] {
            self.each_endpoint(turn, |endpoint| {
                if !request.speaks(endpoint.config.dialect) {
                    return None;
                }
                let lists = matches!(endpoint.config.models, ServedModels::Listed(_));
                let named = targets.iter().find_map(|t| serve(all, endpoint, asked, t).filter(|_| lists));
                if naming {
                    return named;
                }
                named.is_none().then(|| targets.iter().find_map(|t| id_at(all, endpoint, t)))?
            });
        }
        if self.found.is_empty() {
            return Err(Box::new(CallError::unknown_model(format!(
                "no endpoint speaks the dialect of this request, {}, which is not translated",
                request.dialect()
            ))));
        }
        Ok(())
    }

    fn named(&mut self, asked: &str) -> Result<(), Box<CallError>> {
        let expansion = self.engine.config.aliases.expand(asked);
        let all = named(&self.engine.endpoints, &expansion);
        let mut turn = 0;
        for target in &expansion.targets {
            self.model(turn, asked, target, false, all);
            turn += 1;
        }
        for target in &expansion.across_vendors {
            self.model(turn, target, target, true, all);
            turn += 1;
        }
        for fallback in &self.options.fallback_models {
            let before = self.found.len();
            let expansion = self.engine.config.aliases.expand(fallback);
            for target in &expansion.targets {
                self.model(turn, fallback, target, false, named(&self.engine.endpoints, &expansion));
                turn += 1;
            }
            if self.found.len() == before && !self.served_by_someone(fallback) {
                return Err(Box::new(unknown_model(self.engine, fallback)));
            }
        }
        Ok(())
    }

    fn served_by_someone(&self, model: &str) -> bool {
        self.engine.endpoints.iter().any(|e| serve(&self.engine.endpoints, e, model, model).is_some())
    }

    fn model(&mut self, turn: u32, asked: &str, target: &str, vendors_only: bool, all: &[Arc<Endpoint>]) {
        self.each_endpoint(turn, |endpoint| {
            if vendors_only && endpoint.config.vendor.is_none() {
                return None;
            }
            serve(all, endpoint, asked, target)
        });
    }

    fn each_endpoint(&mut self, turn: u32, id: impl Fn(&Arc<Endpoint>) -> Option<String>) {
        for endpoint in &self.engine.endpoints {
            let allowed = self.options.endpoints.as_ref();
            if allowed.is_some_and(|names| !names.contains(&endpoint.config.name)) {
                continue;
            }
            let Some(model) = id(endpoint) else { continue };
            for credential in 0..endpoint.credentials.len() {
                let breaker = self.engine.config.breaker.as_ref();
                let target = self.engine.targets.target(
                    endpoint,
                    credential,
                    &model,
                    self.operation,
                    breaker,
                    self.now,
                );
                if !self.found.iter().any(|c| Arc::ptr_eq(&c.target, &target)) {
                    self.found.push(Candidate { target, rank: (self.base + turn, endpoint.config.tier) });
                }
            }
        }
    }
}

/// The endpoints whose names may precede a slash in this expansion.
fn named<'a>(all: &'a [Arc<Endpoint>], expansion: &AliasExpansion) -> &'a [Arc<Endpoint>] {
    if expansion.built_in { &[] } else { all }
}

/// The id that an endpoint is sent for a model, if it serves it. `asked` is the requested name, `target` its
/// expansion.
fn serve(all: &[Arc<Endpoint>], endpoint: &Endpoint, asked: &str, target: &str) -> Option<String> {
    let id = id_at(all, endpoint, target)?;
    match &endpoint.config.models {
        ServedModels::Pinned(model) => Some(model.clone()),
        ServedModels::Any => Some(id),
        ServedModels::Listed(list) => [asked, target, &id]
            .iter()
            .find_map(|name| list.iter().find(|(served, _)| served == name))
            .map(|(_, id)| id.clone()),
    }
}

/// The id that an endpoint is sent for a request; its first model if the request names none.
fn first_served(
    all: &[Arc<Endpoint>],
    endpoint: &Endpoint,
    aliases: &Aliases,
    asked: Option<&str>,
) -> Option<String> {
    let Some(asked) = asked else {
        return match &endpoint.config.models {
            ServedModels::Any => None,
            ServedModels::Pinned(model) => Some(model.clone()),
            ServedModels::Listed(list) => list.first().map(|(_, id)| id.clone()),
        };
    };
    let expansion = aliases.expand(asked);
    let all = named(all, &expansion);
    let targets = expansion.targets.iter().chain(&expansion.across_vendors);
    targets.into_iter().find_map(|target| serve(all, endpoint, asked, target))
}

/// The id that an endpoint is sent for a model, if it has exactly that model.
fn exactly(all: &[Arc<Endpoint>], endpoint: &Endpoint, asked: &str, target: &str) -> Option<String> {
    let id = id_at(all, endpoint, target)?;
    match &endpoint.config.models {
        ServedModels::Pinned(model) => [asked, target, &id].contains(&model.as_str()).then(|| model.clone()),
        ServedModels::Any | ServedModels::Listed(_) => serve(all, endpoint, asked, target),
    }
}

/// Sorts by expected cost, separately for candidates that a rule names and those behind them. Unknown
/// prices come last.
fn by_cost(engine: &Engine, request: &CallRequest, base: u32, found: &mut [Candidate]) {
    let mut costs: Vec<(bool, f64, Candidate)> = found
        .iter()
        .map(|c| {
            let cost = constraints::estimate(engine, request, &c.target).unwrap_or(f64::INFINITY);
            (base > 0 && c.rank.0 >= base, cost, c.clone())
        })
        .collect();
    costs.sort_by(|(behind, cost, a), (other_behind, other, b)| {
        behind.cmp(other_behind).then(cost.total_cmp(other)).then(a.rank.cmp(&b.rank))
    });
    let mut turn = 0;
    for at in 0..costs.len() {
        let (behind, cost, _) = costs[at];
        // Equal costs keep their tiers.
        if at > 0 && (costs[at - 1].0 != behind || costs[at - 1].1 != cost) {
            turn += 1;
        }
        costs[at].2.rank.0 = turn;
    }
    for (place, (.., candidate)) in found.iter_mut().zip(costs) {
        *place = candidate;
    }
}

/// A name as an endpoint knows it; `None` if the name belongs to another endpoint or vendor.
fn id_at(all: &[Arc<Endpoint>], endpoint: &Endpoint, target: &str) -> Option<String> {
    let (prefix, rest) = match target.split_once('/') {
        Some((prefix, rest)) if !rest.is_empty() => (Some(prefix), rest),
        _ => (None, target),
    };
    let named = prefix.filter(|p| all.iter().any(|e| e.config.name == **p));
    if named.is_some_and(|name| name != endpoint.config.name) {
        return None;
    }
    let provider = prefix.filter(|p| named.is_none() && is_vendor(p));
    let vendor = endpoint.config.vendor.as_deref();
    // A vendor's own endpoint serves its models without the vendor prefix.
    if provider.is_some() && vendor.is_some() && vendor != provider {
        return None;
    }
    let id = if named.is_some() || (provider.is_some() && vendor.is_some()) { rest } else { target };
    // A vendor whose models share a name prefix has no others. A gateway that speaks its dialect may serve
    // any.
    let foreign = matches!(endpoint.config.models, ServedModels::Any)
        && maker_of(id)
            .is_some_and(|maker| vendor.is_some_and(|v| v != maker && MAKERS.iter().any(|(m, _)| *m == v)))
        && vendor_of(endpoint.config.base_url.host()) == vendor;
    (!foreign).then(|| id.to_owned())
}

/// Vendors that serve only their own models, and the prefixes of their models' names.
const MAKERS: [(&str, &[&str]); 4] = [
    ("openai", &["gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-", "dall-e-", "whisper-", "tts-"]),
    ("anthropic", &["claude-"]),
    ("google", &["gemini-", "gemma-"]),
    ("deepseek", &["deepseek-"]),
];

/// The vendor that makes a model, from its name.
fn maker_of(model: &str) -> Option<&'static str> {
    MAKERS.iter().find(|(_, names)| names.iter().any(|name| model.starts_with(name))).map(|(maker, _)| *maker)
}

/// The models for a task that an endpoint serves, by the name under which it serves them. All of them when
/// none is served, so that the error can list them.
pub fn models_for_task(engine: &Engine, task: Option<&str>, priority: Option<&str>) -> Vec<String> {
    let models = engine.config.routing.models(task, priority);
    let served: Vec<String> = models.iter().filter_map(|model| known_as(engine, model)).collect();
    if served.is_empty() { models } else { served }
}

fn known_as(engine: &Engine, model: &str) -> Option<String> {
    let all = &engine.endpoints;
    let targets = engine.config.aliases.expand(model).targets;
    let served = |target: &String| all.iter().any(|e| serve(all, e, model, target).is_some());
    if targets.iter().any(served) {
        return Some(model.to_owned());
    }
    let listed = all.iter().flat_map(|e| match &e.config.models {
        ServedModels::Listed(list) => list.as_slice(),
        ServedModels::Any | ServedModels::Pinned(_) => &[],
    });
    listed.map(|(name, _)| name).find(|name| model_id::is(name, model)).cloned()
}

/// The models that the configuration names: aliases, and what endpoints list or pin.
pub fn named_models(engine: &Engine) -> Vec<&str> {
    let mut names: Vec<&str> = engine.config.aliases.own().collect();
    for endpoint in &engine.endpoints {
        match &endpoint.config.models {
            ServedModels::Any => {}
            ServedModels::Pinned(model) => names.push(model),
            ServedModels::Listed(list) => names.extend(list.iter().map(|(name, _)| name.as_str())),
        }
    }
    let mut known = std::collections::HashSet::new();
    names.retain(|name| known.insert(*name));
    names
}
