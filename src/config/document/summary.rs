//! A summary of a configuration for users, without secrets.

use serde_json::{Map, Value, json};

use crate::config::{
    client::ClientConfig,
    endpoint::ServedModels,
    routing::{RouteTarget, RoutingRule},
};

/// Endpoints in the order in which they are tried, aliases and rules.
pub fn summary(config: &ClientConfig) -> Value {
    let mut endpoints: Vec<_> = config.endpoints.iter().collect();
    // Stable: endpoints of one tier keep their listed order.
    endpoints.sort_by_key(|endpoint| endpoint.tier);
    let endpoints: Vec<Value> = endpoints
        .iter()
        .map(|endpoint| {
            let keys: Vec<String> = endpoint.keys.iter().map(|key| format!("{key:?}")).collect();
            let models = match &endpoint.models {
                ServedModels::Any => json!("any"),
                ServedModels::Pinned(model) => json!(model),
                ServedModels::Listed(list) => list.iter().map(|(name, _)| json!(name)).collect(),
            };
            json!({
                "name": endpoint.name, "provider": endpoint.provider, "url": endpoint.base_url.as_str(),
                "models": models, "keys": keys,
                "probed": endpoint.health.enabled == Some(true),
            })
        })
        .collect();
    let aliases: Vec<Value> = config
        .aliases
        .own()
        .map(|name| json!({ "name": name, "models": config.aliases.expand(name).targets }))
        .collect();
    let rules: Vec<Value> = config.rules.iter().map(|(name, of)| rule(name, of)).collect();
    let alerts = config.alerts.as_ref().map(|alerts| {
        let receivers = alerts.forward.receivers.iter().map(|receiver| receiver.name());
        json!({ "receivers": receivers.collect::<Vec<_>>() })
    });
    let mut summary = json!({ "endpoints": endpoints, "aliases": aliases, "rules": rules, "alerts": alerts });
    let files =
        [("queue", config.queue.as_ref().map(|queue| &queue.path)), ("costs", config.ledger.as_ref())];
    let paths: Map<String, Value> = files
        .into_iter()
        .filter_map(|(what, path)| Some((what.to_owned(), json!(path?.to_string_lossy()))))
        .collect();
    if !paths.is_empty() {
        summary["paths"] = Value::Object(paths);
    }
    summary
}

fn rule(name: &str, rule: &RoutingRule) -> Value {
    let goals: Vec<&str> = rule
        .route_to
        .iter()
        .map(|goal| match goal {
            RouteTarget::Endpoint(name) | RouteTarget::Model(name) => name.as_str(),
        })
        .collect();
    json!({
        "name": name, "routeTo": goals, "fallback": rule.fallback, "cheapestFirst": rule.by_cost,
        "maxRetries": rule.max_retries, "latencySlaMs": rule.latency_sla.map(crate::base::duration::millis),
    })
}
