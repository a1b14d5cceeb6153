//! A client's options, whole.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};

use super::{
    alerts::{self, AlertOptions},
    behaviour::{self, Fallback, Hedge, OnUnavailable, Streams},
    budgets,
    drills::{self, DrillsConfig},
    endpoint::{EndpointConfig, Inherited, RELAY, default_base_url, host_name, is_relay_host},
    environment::{Environment, PROVIDERS},
    incidents, key,
    models::Aliases,
    monitor::HealthConfig,
    queue::{self, QueueConfig},
    reader::{self, Problems, Reader, expected},
    routing::{RoutingTable, Rule, read_rules},
};
use crate::{
    duration,
    money::{budget::CostBudgetConfig, price::Price},
    net::{
        proxy::ProxyOptions,
        tls::{self, TlsOptions},
    },
    observe::incident::IncidentConfig,
    policy::{backoff::Backoff, breaker::BreakerConfig, budget::BudgetConfig},
    reason::Reason,
};

const LOG_LEVELS: [&str; 5] = ["debug", "info", "warn", "error", "silent"];

#[derive(Clone, Debug)]
pub struct ClientConfig {
    pub endpoints: Vec<EndpointConfig>,
    pub aliases: Aliases,
    pub routing: RoutingTable,
    pub rules: Vec<(String, Rule)>,
    pub budgets: Vec<CostBudgetConfig>,
    /// Where the ledger of costs is kept.
    pub ledger: Option<PathBuf>,
    pub alerts: Option<AlertOptions>,
    pub timeouts: Timeouts,
    pub max_retries: u32,
    pub retry: RetryConfig,
    /// `None` when the user switched breakers off.
    pub breaker: Option<BreakerConfig>,
    pub on_unavailable: OnUnavailable,
    pub queue: Option<QueueConfig>,
    pub fallback: Option<Fallback>,
    pub streams: Streams,
    pub hedge: Option<Hedge>,
    pub incidents: IncidentConfig,
    pub drills: Option<DrillsConfig>,
    /// From which level on the façade logs events.
    pub log_level: Option<&'static str>,
    pub health: HealthConfig,
    /// Whether probing starts by itself.
    pub health_starts: bool,
    pub prices: Vec<(String, Price)>,
    pub proxy: ProxyOptions,
    pub tls: TlsOptions,
    /// The function that makes the exchanges, where it is not this program.
    pub transport: Option<u32>,
}

/// Times a call may take. The optional ones have defaults for streams only: without `stream`, vendors
/// send headers when the answer is whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeouts {
    pub total: Duration,
    pub connect: Duration,
    pub headers: Option<Duration>,
    pub first_content: Option<Duration>,
    pub content: Option<Duration>,
}

impl Timeouts {
    pub const HEADERS: Duration = Duration::from_secs(30);
    pub const FIRST_CONTENT: Duration = Duration::from_secs(60);
    pub const CONTENT: Duration = Duration::from_secs(60);
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(600),
            connect: Duration::from_secs(10),
            headers: None,
            first_content: None,
            content: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct RetryConfig {
    pub prefer_same: bool,
    pub max_retry_after: Duration,
    pub backoff: Backoff,
    pub budget: BudgetConfig,
    /// Faults of the request after which another endpoint is asked all the same.
    pub failover_on: Vec<Reason>,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            prefer_same: false,
            max_retry_after: Duration::from_secs(5),
            backoff: Backoff::default(),
            budget: BudgetConfig::default(),
            failover_on: Vec::new(),
        }
    }
}

impl ClientConfig {
    /// Reads a client's options.
    pub fn read(options: &Value, environment: &Environment) -> Result<Self, Problems> {
        Self::read_with(options, environment, read_health)
    }

    /// What `read` reads, as JSON Schema.
    pub fn describe() -> Value {
        let environment = Environment::default();
        reader::describe(|r| {
            let health = read_health(r);
            Self::members(r, &environment, health)
        })
    }

    /// Reads the options of a monitor that stands alone: its own at the top level, beside the client's.
    pub fn read_monitor(options: &Value, environment: &Environment) -> Result<Self, Problems> {
        let mut config = Self::read_with(options, environment, |r| {
            let mut health = HealthConfig::read(r);
            health.model.get_or_insert_with(|| "gpt-4o".into());
            health
        })?;
        // Its check timeout is not the calls'.
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
        // A monitor reads `timeout` as its own and as a call's.
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
        r.note("endpoints", || {
            let one = EndpointConfig::describe();
            json!({ "type": "array", "items": { "anyOf": [reader::a_string(), one] }, "minItems": 1 })
        });
        let listed = r.raw("endpoints");
        let endpoints =
            read_endpoints(r, listed, keys, base_url.as_deref(), key_prefix.as_deref(), environment);
        r.note("models", || json!({ "type": "object", "additionalProperties": reader::some_names() }));
        let aliases = r
            .record("models")
            .into_iter()
            .filter_map(|(name, path, value)| {
                let what = "a model, or a non-empty array of models";
                let list = reader::strings_of(value, &path, what, r.problems())?;
                if list.len() > reader::MOST_NAMES {
                    r.problems().push(reader::Problem { path, message: reader::too_many(list.len()) });
                    return None;
                }
                Some((name.to_owned(), list))
            })
            .collect();
        r.note(
            "prices",
            || json!({ "type": "object", "additionalProperties": reader::describe(Price::read) }),
        );
        let prices = r
            .record("prices")
            .into_iter()
            .filter_map(|(model, path, value)| {
                let price = reader::object(value, &path, r.problems(), Price::read).flatten()?;
                Some((model.to_owned(), price))
            })
            .collect();
        let retry = r.object("retry", read_retry).unwrap_or_default();
        r.note("breaker", || json!({ "anyOf": [{ "const": false }, reader::describe(read_breaker)] }));
        let breaker = match r.raw("breaker") {
            Some(Value::Bool(false)) => None,
            Some(value) => {
                let path = r.path_of("breaker");
                let read = reader::object_or(value, &path, "false or an object", r.problems(), read_breaker);
                Some(read.unwrap_or_default())
            }
            None => Some(BreakerConfig::default()),
        };
        let timeouts = read_timeouts(r, Timeouts::default());
        let max_retries = r.integer("maxRetries", 0, 100).map_or(2, |n| n as u32);
        let on_unavailable = behaviour::read_on_unavailable(r).unwrap_or(OnUnavailable::Wait);
        let queue = queue::read_queue(r);
        behaviour::require_queue(r, Some(on_unavailable), r.is_given("queue"));
        let fallback = behaviour::read_fallback(r);
        let streams = behaviour::read_streams(r, Streams::default());
        let hedge = behaviour::read_hedge(r).flatten();
        let incidents = incidents::read(r);
        let drills = drills::read(r);
        let log_level = r.one_of("logLevel", &LOG_LEVELS.map(|level| (level, level)));
        let proxy = read_proxy(r, environment);
        let tls = read_tls(r, environment);
        let transport = read_transport(r);
        let routing = RoutingTable::read(r);
        let aliases = Aliases::new(aliases);
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

fn read_health(r: &mut Reader<'_>) -> HealthConfig {
    r.note("health", || json!({ "anyOf": [{ "const": false }, reader::describe(HealthConfig::read)] }));
    let config = match r.raw("health") {
        Some(Value::Bool(false)) | None => None,
        Some(value) => {
            let path = r.path_of("health");
            reader::object_or(value, &path, "false or an object", r.problems(), HealthConfig::read)
        }
    };
    config.unwrap_or_default()
}

fn read_endpoints(
    r: &mut Reader<'_>,
    listed: Option<&Value>,
    keys: Option<&Value>,
    base_url: Option<&str>,
    key_prefix: Option<&str>,
    environment: &Environment,
) -> Option<Vec<EndpointConfig>> {
    let inherited = Inherited { base_url, keys, key_prefix, environment };
    let (items, at): (Vec<Value>, fn(usize) -> String) = match listed {
        Some(Value::Array(items)) if !items.is_empty() => (items.clone(), |i| format!("endpoints[{i}]")),
        Some(other) => {
            // Not quoted: an address may carry a password.
            let given = reader::kind(other);
            r.problem("endpoints", format!("must be a non-empty array of endpoints, got {given}"));
            return None;
        }
        None => match implied(r, keys, base_url, environment) {
            Some(items) => (items, |_| String::new()),
            None => return None,
        },
    };
    let count = items.len();
    let endpoints: Vec<EndpointConfig> = items
        .iter()
        .enumerate()
        .filter_map(|(i, item)| EndpointConfig::read(item, &at(i), i as u32, &inherited, r.problems()))
        .collect();
    for (i, endpoint) in endpoints.iter().enumerate() {
        if endpoints[..i].iter().any(|e| e.name == endpoint.name) {
            r.problem("endpoints", format!("two endpoints are named '{}'; names must differ", endpoint.name));
        }
    }
    if endpoints.iter().filter(|e| e.canary.is_some()).count() > 1 {
        r.problem("endpoints", "only one endpoint at a time may be a canary");
    }
    (endpoints.len() == count).then_some(endpoints)
}

/// The endpoints that a bare key, or the environment, stands for.
fn implied(
    r: &mut Reader<'_>,
    keys: Option<&Value>,
    base_url: Option<&str>,
    environment: &Environment,
) -> Option<Vec<Value>> {
    let first_key = keys.map(|k| k.get(0).unwrap_or(k));
    // No key is a choice, but it does not say where to go.
    if let Some(key) = first_key.filter(|k| !k.is_null()) {
        let address = base_url
            .map(str::to_owned)
            .or_else(|| environment.value("BELLWETHER_BASE_URL"))
            .unwrap_or_else(|| base_url_by_prefix(key.as_str().unwrap_or_default()).to_owned());
        return Some(with_backups(&address));
    }
    if let Some(address) = base_url {
        return Some(with_backups(address));
    }
    let mut found = Vec::new();
    for (provider, key, _) in PROVIDERS {
        if environment.value(key).is_none() {
            continue;
        }
        let address = environment.base_url(provider);
        match (provider, address) {
            (RELAY, address) => {
                found.extend(with_backups(address.as_deref().or(default_base_url(RELAY)).unwrap_or_default()))
            }
            (_, address) => found.push(json!({ "name": provider, "provider": provider, "baseURL": address })),
        }
    }
    if found.is_empty() {
        r.problem(
            "apiKey",
            "is missing; give apiKey or endpoints, or set HOLYSHEEP_API_KEY, OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY or DEEPSEEK_API_KEY",
        );
        return None;
    }
    Some(found)
}

/// The relay has a pool of hosts under one domain; any other address is one endpoint.
fn with_backups(address: &str) -> Vec<Value> {
    let host = super::base_url::BaseUrl::parse(address, crate::dialect::speech::Dialect::OpenAi)
        .map(|u| u.host().to_owned())
        .unwrap_or_default();
    let single = |name: &str, address: &str| json!({ "name": name, "baseURL": address });
    if !is_relay_host(&host) {
        let name = super::endpoint::vendor_of(&host).map_or_else(|| host_name(address), str::to_owned);
        return vec![single(&name, address)];
    }
    let domain = host.split_once('.').map_or("", |(_, domain)| domain);
    ["api", "backup1", "backup2"]
        .map(|name| single(name, &address.replacen(&host, &format!("{name}.{domain}"), 1)))
        .to_vec()
}

fn base_url_by_prefix(key: &str) -> &'static str {
    let provider = if key.starts_with("sk-hs-") || key.starts_with("sk-holysheep-") {
        RELAY
    } else if key.starts_with("sk-ant-") {
        "anthropic"
    } else if key.starts_with("AIza") {
        "google"
    } else {
        "openai"
    };
    default_base_url(provider).unwrap_or_default()
}

/// `timeout`: one duration for the whole call, or one for each phase; what it leaves out stays `base`.
pub fn read_timeouts(r: &mut Reader<'_>, base: Timeouts) -> Timeouts {
    let ms = Duration::from_millis(1);
    let phases = |r: &mut Reader<'_>| Timeouts {
        total: r.duration("total", ms).unwrap_or(base.total),
        connect: r.duration("connect", ms).unwrap_or(base.connect),
        headers: r.duration("headers", ms).or(base.headers),
        first_content: r.duration("firstContent", ms).or(base.first_content),
        content: r.duration("content", ms).or(base.content),
    };
    r.note("timeout", || json!({ "anyOf": [reader::a_duration(ms), reader::describe(phases)] }));
    match r.raw("timeout") {
        None => base,
        Some(value) if reader::members(value).is_some() => r.object("timeout", phases).unwrap_or(base),
        Some(_) => Timeouts { total: r.duration("timeout", ms).unwrap_or(base.total), ..base },
    }
}

fn read_retry(r: &mut Reader<'_>) -> RetryConfig {
    let d = RetryConfig::default();
    let exponential = |r: &mut Reader<'_>| Backoff::Exponential {
        initial: r.duration("initial", Duration::ZERO).unwrap_or(Duration::from_millis(250)),
        max: r.duration("max", Duration::ZERO).unwrap_or(Duration::from_secs(20)),
        factor: r.number("factor", 1.0, 10.0).unwrap_or(2.0),
    };
    r.note("backoff", || {
        let steps = json!({ "type": "array", "items": reader::a_duration(Duration::ZERO), "minItems": 1 });
        json!({ "anyOf": [steps, reader::describe(exponential)] })
    });
    let backoff = match r.raw("backoff") {
        None => d.backoff,
        Some(Value::Array(steps)) => {
            if steps.is_empty() {
                r.problem("backoff", "must be a non-empty array of durations, or { initial, max, factor }");
            }
            let mut read = Vec::with_capacity(steps.len());
            for (i, step) in steps.iter().enumerate() {
                match reader::read_duration(step) {
                    Some(step) => read.push(step),
                    None => r.problem(&format!("backoff[{i}]"), expected(duration::ACCEPTED, step)),
                }
            }
            if read.is_empty() { d.backoff } else { Backoff::Steps(read) }
        }
        Some(_) => r.object("backoff", exponential).unwrap_or(d.backoff),
    };
    RetryConfig {
        prefer_same: r.one_of("prefer", &[("next", false), ("same", true)]).unwrap_or(d.prefer_same),
        max_retry_after: r.duration("maxRetryAfter", Duration::ZERO).unwrap_or(d.max_retry_after),
        backoff,
        budget: r
            .object("budget", |r| BudgetConfig {
                ratio: r.number("ratio", 0.0, 10.0).unwrap_or(d.budget.ratio),
                per_second: r.number("perSecond", 0.0, 1_000.0).unwrap_or(d.budget.per_second),
            })
            .unwrap_or(d.budget),
        failover_on: read_failover_on(r),
    }
}

/// `failoverOn`: the caller's mistakes that another vendor may judge otherwise.
fn read_failover_on(r: &mut Reader<'_>) -> Vec<Reason> {
    const NAMES: [(&str, Reason); 2] =
        [("badRequest", Reason::BadRequest), ("contentFilter", Reason::ContentFilter)];
    r.note("failoverOn", || reader::some_of(&NAMES.map(|(name, _)| name)));
    let Some(names) = r.strings("failoverOn") else { return Vec::new() };
    names
        .iter()
        .filter_map(|given| {
            let found = NAMES.iter().find(|(name, _)| name == given);
            if found.is_none() {
                let given = reader::shorten(given);
                r.problem("failoverOn", format!("must hold 'badRequest' or 'contentFilter', got '{given}'"));
            }
            found.map(|(_, reason)| *reason)
        })
        .collect()
}

fn read_breaker(r: &mut Reader<'_>) -> BreakerConfig {
    let d = BreakerConfig::default();
    let ms = Duration::from_millis(1);
    let recovery_timeout = r.duration("recoveryTimeout", ms).unwrap_or(d.recovery_timeout);
    BreakerConfig {
        failure_threshold: r.integer("failureThreshold", 1, 10_000).map_or(d.failure_threshold, |n| n as u32),
        recovery_timeout,
        max_recovery_timeout: r
            .duration("maxRecoveryTimeout", ms)
            .unwrap_or(d.max_recovery_timeout)
            .max(recovery_timeout),
        minimum_requests: r.integer("minimumRequests", 1, 1_000_000).map_or(d.minimum_requests, |n| n as u32),
        failure_ratio: r.number("failureRatio", 0.01, 1.0).unwrap_or(d.failure_ratio),
        window: r.duration("window", Duration::from_millis(100)).unwrap_or(d.window),
    }
}

/// The number of the platform's fetch, among the user's functions.
const GLOBAL_FETCH: u32 = u32::MAX;

/// `transport`: a function makes the exchanges, over connections of its own.
fn read_transport(r: &mut Reader<'_>) -> Option<u32> {
    r.note("transport", || json!({ "enum": ["native", "fetch"] }));
    let value = r.raw("transport")?;
    if value == "native" {
        return None;
    }
    let given = value.get("$function").and_then(Value::as_u64).map(|n| n as u32);
    let function = given.or((value == "fetch").then_some(GLOBAL_FETCH));
    if function.is_none() {
        r.problem("transport", expected("'native', 'fetch', or a function like fetch", value));
    }
    for name in ["proxy", "tls"] {
        if function.is_some() && r.is_given(name) {
            r.problem(name, "has no meaning with a transport of your own, which makes its own connections");
        }
    }
    function
}

/// Nothing given is quoted with it: a proxy's address may carry a password.
const PROXY: &str = "must be 'env', false, or the proxy's http:// or https:// address";

pub(super) fn read_proxy(r: &mut Reader<'_>, environment: &Environment) -> ProxyOptions {
    r.note("proxy", || json!({ "anyOf": [{ "const": false }, { "const": "env" }, { "type": "string", "pattern": "^https?://." }] }));
    let options = match r.raw("proxy") {
        None => environment.proxy(),
        Some(Value::Bool(false)) => ProxyOptions::Off,
        Some(Value::String(s)) if s == "env" => environment.proxy(),
        Some(Value::String(s)) => ProxyOptions::Url(s.clone()),
        Some(other) => {
            let given = reader::kind(other);
            r.problem("proxy", format!("{PROXY}, got {given}"));
            return ProxyOptions::Off;
        }
    };
    match &options {
        ProxyOptions::Url(url) if !is_proxy(url) => r.problem("proxy", PROXY),
        ProxyOptions::Environment { http, https, all, .. } => {
            for (name, url) in [("HTTP_PROXY", http), ("HTTPS_PROXY", https), ("ALL_PROXY", all)] {
                let full = if url.contains("://") { url.clone() } else { format!("http://{url}") };
                if !url.is_empty() && !is_proxy(&full) {
                    r.problem(
                        "proxy",
                        format!("{name} in the environment must be an http:// or https:// address"),
                    );
                }
            }
        }
        ProxyOptions::Url(_) | ProxyOptions::Off => {}
    }
    options
}

fn is_proxy(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|h| !h.is_empty())
}

pub(super) fn read_tls(r: &mut Reader<'_>, environment: &Environment) -> TlsOptions {
    let mut options = r
        .object("tls", |r| {
            let ca = r.strings("ca").unwrap_or_default();
            for pem in &ca {
                if let Err(e) = tls::certificates(pem) {
                    r.problem("ca", format!("must be PEM text: {e}"));
                }
            }
            TlsOptions { ca, system_ca: r.boolean("systemCa").unwrap_or(false) }
        })
        .unwrap_or_default();
    // The content of the file that NODE_EXTRA_CA_CERTS names; Node itself only warns about a bad one.
    if let Some(pem) = environment.value("NODE_EXTRA_CA_CERTS")
        && tls::certificates(&pem).is_ok()
    {
        options.ca.push(pem);
    }
    options
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
