//! The options of a client.

use super::price::read_price;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{
    alerts::{self, AlertOptions},
    breaker::read_breaker,
    budgets,
    call_policy::{self, Fallback, Hedge, OnUnavailable, Streams},
    connections::{read_proxy, read_tls, read_transport},
    drills::{self, DrillsConfig},
    endpoint::EndpointConfig,
    endpoints::read_endpoints,
    environment::Environment,
    incidents, key,
    models::Aliases,
    monitor::{HealthConfig, read_health},
    queue::{self, QueueConfig},
    reader::{self, Problems, Reader},
    retry::{RetryConfig, read_retry},
    routing::{RoutingRule, RoutingTable, read_rules},
    timeouts::{Timeouts, read_timeouts},
};
use crate::{
    cost::{budget::CostBudgetConfig, price::Price},
    net::{proxy::ProxyOptions, tls::TlsOptions},
    observe::incident::IncidentConfig,
    policy::breaker::BreakerConfig,
};

const LOG_LEVELS: [&str; 5] = ["debug", "info", "warn", "error", "silent"];

#[derive(Clone, Debug)]
pub struct ClientConfig {
    pub endpoints: Vec<EndpointConfig>,
    pub aliases: Aliases,
    pub routing: RoutingTable,
    pub rules: Vec<(String, RoutingRule)>,
    pub budgets: Vec<CostBudgetConfig>,
    /// The file of the ledger.
    pub ledger: Option<PathBuf>,
    pub alerts: Option<AlertOptions>,
    pub timeouts: Timeouts,
    pub max_retries: u32,
    pub retry: RetryConfig,
    /// `None` when breakers are switched off.
    pub breaker: Option<BreakerConfig>,
    pub on_unavailable: OnUnavailable,
    pub queue: Option<QueueConfig>,
    pub fallback: Option<Fallback>,
    pub streams: Streams,
    pub hedge: Option<Hedge>,
    pub incidents: IncidentConfig,
    pub drills: Option<DrillsConfig>,
    /// The lowest level that is logged.
    pub log_level: Option<&'static str>,
    pub health: HealthConfig,
    /// Whether health checks start with the client.
    pub health_starts: bool,
    pub prices: Vec<(String, Price)>,
    pub proxy: ProxyOptions,
    pub tls: TlsOptions,
    /// The user's function that makes the exchanges; `None` for the native transport.
    pub transport: Option<u32>,
}

impl ClientConfig {
    /// Reads a client's options.
    pub fn read(options: &Value, environment: &Environment) -> Result<Self, Problems> {
        Self::read_with(options, environment, read_health)
    }

    /// The JSON Schema of the options.
    pub fn describe() -> Value {
        let environment = Environment::default();
        reader::describe(|r| {
            let health = read_health(r);
            Self::members(r, &environment, health)
        })
    }

    /// Reads the options of a monitor without a client: its own at the top level, beside the client's.
    pub fn read_monitor(options: &Value, environment: &Environment) -> Result<Self, Problems> {
        let mut config = Self::read_with(options, environment, |r| {
            let mut health = HealthConfig::read(r);
            health.model.get_or_insert_with(|| "gpt-4o".into());
            health
        })?;
        // The timeout is that of checks, not of calls.
        config.timeouts = Timeouts::default();
        Ok(config)
    }

    fn read_with(
        options: &Value,
        environment: &Environment,
        health: impl FnOnce(&mut Reader<'_>) -> HealthConfig,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let config = reader::object(options, "", &mut problems, |r| {
            let health = health(r);
            Self::members(r, environment, health)
        });
        // `timeout` is read twice: as the monitor's and as a call's.
        problems.dedup();
        match config.flatten() {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(problems),
        }
    }

    fn members(r: &mut Reader<'_>, environment: &Environment, health: HealthConfig) -> Option<Self> {
        let key_prefix = r.string("keyPrefix");
        let base_url = r.string("baseURL");
        r.note("apiKey", key::describe);
        let keys = r.raw_or_null("apiKey");
        let endpoints = read_endpoints(r, keys, base_url.as_deref(), key_prefix.as_deref(), environment);
        let aliases = Aliases::read(r);
        let prices = read_prices(r);
        let retry = r.object("retry", read_retry).unwrap_or_default();
        let breaker = read_breaker(r);
        let timeouts = read_timeouts(r, Timeouts::default());
        let max_retries = r.integer("maxRetries", 0, 100).map_or(2, |n| n as u32);
        let on_unavailable = call_policy::read_on_unavailable(r).unwrap_or(OnUnavailable::Wait);
        let queue = queue::read_queue(r);
        call_policy::require_queue(r, Some(on_unavailable), r.is_given("queue"));
        let fallback = call_policy::read_fallback(r);
        let streams = call_policy::read_streams(r, Streams::default());
        let hedge = call_policy::read_hedge(r).flatten();
        let incidents = incidents::read(r);
        let drills = drills::read(r);
        let log_level = r.one_of("logLevel", &LOG_LEVELS.map(|level| (level, level)));
        let proxy = read_proxy(r, environment);
        let tls = read_tls(r, environment);
        let transport = read_transport(r);
        let routing = RoutingTable::read(r);
        let rules = read_rules(r, endpoints.as_deref(), &aliases);
        let budgets = budgets::read(r, &rules);
        let ledger = r.object("costs", |r| r.string("path")).flatten().map(PathBuf::from);
        let alerts = alerts::read(r);
        let endpoints = endpoints?;
        Some(Self {
            health_starts: endpoints.iter().any(|e| e.health.enabled == Some(true)),
            endpoints,
            aliases,
            routing,
            rules,
            budgets,
            ledger,
            alerts,
            timeouts,
            max_retries,
            retry,
            breaker,
            on_unavailable,
            queue,
            fallback,
            streams,
            hedge,
            incidents,
            drills,
            log_level,
            health,
            prices,
            proxy,
            tls,
            transport,
        })
    }
}

/// `prices`, by model.
fn read_prices(r: &mut Reader<'_>) -> Vec<(String, Price)> {
    r.note("prices", || json!({ "type": "object", "additionalProperties": reader::describe(read_price) }));
    r.record("prices")
        .into_iter()
        .filter_map(|(model, path, value)| {
            let price = reader::object(value, &path, r.problems(), read_price).flatten()?;
            Some((model.to_owned(), price))
        })
        .collect()
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
