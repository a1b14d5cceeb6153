//! One endpoint: where it is, what it serves, how it wants to be asked.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{
    base_url::BaseUrl,
    environment::Environment,
    key::{self, KeySource},
    limits,
    reader::{self, Problems, Reader, expected},
};
use crate::{
    dialect::{anthropic::write_chat::Version, openai::request::TokenLimitField, speech::Dialect},
    money::price::Price,
    policy::{canary::CanaryConfig, limiter::Limits},
};

/// Vendors whose own models an endpoint may serve; anything else is a relay that serves everybody's.
const VENDORS: [(&str, &str); 5] = [
    ("openai", "api.openai.com"),
    ("anthropic", "api.anthropic.com"),
    ("google", "generativelanguage.googleapis.com"),
    ("deepseek", "api.deepseek.com"),
    ("azure", ".openai.azure.com"),
];
/// The header that names a version of Anthropic's API, and the version that is spoken without it.
pub const ANTHROPIC_VERSION: &str = "anthropic-version";
pub const DEFAULT_VERSION: &str = "2026-10-21";
pub const RELAY: &str = "holysheep";
pub const RELAY_DOMAIN: &str = ".holysheep.ai";

#[derive(Clone, Debug)]
pub struct EndpointConfig {
    pub name: String,
    pub provider: String,
    /// The vendor whose own names it serves; `None` for a relay.
    pub vendor: Option<String>,
    pub dialect: Dialect,
    pub base_url: BaseUrl,
    pub keys: Vec<KeySource>,
    pub models: Served,
    pub tier: Tier,
    /// Its share of its tier's calls, against the others'.
    pub weight: Option<f64>,
    /// It is new, and gets a share of the calls for a start.
    pub canary: Option<CanaryConfig>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub health: EndpointHealth,
    pub price: Option<Price>,
    pub limits: Limits,
    /// Its 95th percentile of the time to first content may not exceed this while another will do.
    pub max_latency: Option<Duration>,
    /// What one request may cost, in USD, as far as that can be told before.
    pub cost_limit: Option<f64>,
    /// Tokens that its models hold.
    pub context_window: Option<u64>,
    /// It goes on where the last message, an answer that broke off, ends.
    pub can_continue: bool,
}

/// An endpoint's place in the order. Equal tiers are shared: only endpoints given the same number are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tier {
    number: u32,
    /// Zero for a number the user gave; without one, the place in the list, which nobody shares.
    place: u32,
}

/// Which models an endpoint answers for.
#[derive(Clone, Debug, PartialEq)]
pub enum Served {
    Any,
    /// Whatever is asked, this is sent.
    Pinned(String),
    /// What may be asked, and the id that is sent for it.
    Listed(Vec<(String, String)>),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointHealth {
    pub enabled: Option<bool>,
    pub interval: Option<Duration>,
    pub url: Option<String>,
    /// Where the vendor says how it is.
    pub status_page: Option<String>,
}

/// Vendors' own status pages, in the form of Atlassian's Statuspage.
const STATUS_PAGES: [(&str, &str); 3] = [
    ("openai", "https://status.openai.com/api/v2/status.json"),
    ("anthropic", "https://status.claude.com/api/v2/status.json"),
    ("deepseek", "https://status.deepseek.com/api/v2/status.json"),
];

/// What endpoints inherit from the client's options.
pub struct Inherited<'a> {
    pub base_url: Option<&'a str>,
    pub keys: Option<&'a Value>,
    pub key_prefix: Option<&'a str>,
    pub environment: &'a Environment,
}

impl EndpointConfig {
    /// `position` gives an endpoint without a priority its own tier, at its place in the list.
    pub fn read(
        value: &Value,
        path: &str,
        position: u32,
        inherited: &Inherited<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        // A bare address is an endpoint with a name of its own.
        if let Value::String(address) = value {
            let shorthand = serde_json::json!({ "name": host_name(address), "baseURL": address });
            return Self::read(&shorthand, path, position, inherited, problems);
        }
        reader::object(value, path, problems, |r| Self::members(r, position, inherited)).flatten()
    }

    /// What an endpoint's object may hold, as JSON Schema.
    pub fn describe() -> Value {
        let environment = Environment::default();
        let inherited = Inherited { base_url: None, keys: None, key_prefix: None, environment: &environment };
        reader::describe(|r| Self::members(r, 0, &inherited))
    }

    fn members(r: &mut Reader<'_>, position: u32, inherited: &Inherited<'_>) -> Option<Self> {
        r.note("name", || json!({ "type": "string", "pattern": "^[^/]*[^\\s/][^/]*$" }));
        r.note_required("name");
        let name = match r.raw("name") {
            Some(Value::String(s)) if !s.trim().is_empty() && !s.contains('/') => Some(s.clone()),
            Some(other) => {
                r.problem("name", expected("a non-empty string without '/'", other));
                None
            }
            None => {
                r.problem("name", "is missing; every endpoint has a name of its own");
                None
            }
        };
        let provider = r.string("provider");
        let words = ["openai", "anthropic", "google", "relay"].map(|word| (word, word));
        let dialect = r.one_of("dialect", &words);
        let base_url = Self::base_url(r, provider.as_deref(), dialect, inherited);
        let host = base_url.as_ref().map_or("", BaseUrl::host);
        let vendor = provider
            .as_deref()
            .filter(|p| VENDORS.iter().any(|(v, _)| v == p))
            .or_else(|| vendor_of(host))
            .map(str::to_owned);
        let keys = Self::keys(r, vendor.as_deref(), host, inherited);
        let models = Self::served(r);
        let tier = r.integer("priority", 1, 1_000_000).map(|p| Tier { number: p as u32, place: 0 });
        let weight = r.number("weight", 0.0, 1_000_000.0);
        let canary = r.object("canary", read_canary);
        let headers = read_headers(r);
        let health = r.object("healthCheck", |r| EndpointHealth {
            enabled: r.boolean("enabled"),
            interval: r.duration("interval", Duration::from_millis(1)),
            url: r.string("url"),
            status_page: read_status_page(r, vendor.as_deref()),
        });
        let price = r.object("price", Price::read).flatten();
        let limits = limits::read(r);
        let max_latency = r.duration("maxLatency", Duration::from_millis(1));
        let cost_limit = r.number("costLimitPerRequest", 0.0, 1_000_000.0);
        let context_window = r.integer("contextWindow", 1, 1 << 50);
        let can_continue = r.boolean("canContinue").unwrap_or(false);
        if let Some(problem) = health.as_ref().and_then(|h| h.url.as_deref()).and_then(bad_address) {
            r.problem("healthCheck.url", problem);
        }
        let provider = provider
            .or_else(|| vendor.clone())
            .unwrap_or_else(|| if is_relay_host(host) { RELAY.into() } else { "relay".into() });
        Some(Self {
            name: name?,
            provider,
            dialect: dialect_of(dialect.or(vendor.as_deref()), headers.as_deref().unwrap_or_default()),
            vendor,
            base_url: base_url?,
            keys: keys?,
            models: models?,
            tier: tier.unwrap_or(Tier { number: position + 1, place: position + 1 }),
            weight,
            canary,
            headers: headers?,
            health: health.unwrap_or_default(),
            price,
            limits,
            max_latency,
            cost_limit,
            context_window,
            can_continue,
        })
    }

    fn base_url(
        r: &mut Reader<'_>,
        provider: Option<&str>,
        dialect: Option<&str>,
        inherited: &Inherited<'_>,
    ) -> Option<BaseUrl> {
        let given = r.string("baseURL");
        let by_environment = provider.and_then(|p| inherited.environment.base_url(p));
        let by_provider = by_environment.as_deref().or(provider.and_then(default_base_url));
        let Some(text) = given.as_deref().or(inherited.base_url).or(by_provider) else {
            r.problem("baseURL", "is missing; give the endpoint's address, or a known provider");
            return None;
        };
        let mut parse = |dialect| BaseUrl::parse(text, dialect).map_err(|e| r.problem("baseURL", e)).ok();
        match dialect.or(provider) {
            Some(word) => parse(dialect_of(Some(word), &[])),
            // The host of a vendor's own says which, and it takes an address to know the host.
            None => {
                let host = BaseUrl::parse(text, Dialect::OpenAi).ok();
                parse(dialect_of(host.as_ref().and_then(|url| vendor_of(url.host())), &[]))
            }
        }
    }

    fn keys(
        r: &mut Reader<'_>,
        vendor: Option<&str>,
        host: &str,
        inherited: &Inherited<'_>,
    ) -> Option<Vec<KeySource>> {
        r.note("apiKey", key::describe);
        let own = r.raw_or_null("apiKey");
        if own.or(inherited.keys).is_some_and(Value::is_null) {
            return Some(vec![KeySource::None]);
        }
        let variable =
            Environment::key_variable(vendor.unwrap_or(if is_relay_host(host) { RELAY } else { "" }));
        let from_environment = variable.and_then(|v| inherited.environment.value(v));
        let guarded = vendor_of(host).is_some() || is_relay_host(host);
        let rules = key::Rules {
            source: None,
            prefix: inherited.key_prefix,
            shortest: if guarded { key::SHORTEST } else { 0 },
        };
        let (value, rules) = match (own.or(inherited.keys), &from_environment) {
            (Some(value), _) => (value.clone(), rules),
            (None, Some(text)) => (Value::String(text.clone()), key::Rules { source: variable, ..rules }),
            (None, None) => {
                let or_set = variable.map(|v| format!(", or set {v}")).unwrap_or_default();
                r.problem("apiKey", format!("is missing; give one{or_set}; null sends none"));
                return None;
            }
        };
        let list = match &value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        if list.is_empty() {
            r.problem("apiKey", "must not be an empty array");
            return None;
        }
        let mut keys = Vec::with_capacity(list.len());
        for (i, item) in list.iter().enumerate() {
            match key::read(item, rules) {
                Ok(key) => keys.push(key),
                Err(message) => {
                    let name = if value.is_array() { format!("apiKey[{i}]") } else { "apiKey".into() };
                    r.problem(&name, message);
                }
            }
        }
        (keys.len() == list.len()).then_some(keys)
    }

    fn served(r: &mut Reader<'_>) -> Option<Served> {
        let pinned = r.string("model");
        r.note("models", || {
            let map =
                json!({ "type": "object", "additionalProperties": reader::a_string(), "minProperties": 1 });
            json!({ "anyOf": [reader::some_strings()["anyOf"][1], map] })
        });
        let listed = match r.raw("models") {
            None => None,
            Some(value @ Value::Array(_)) => {
                let what = "a non-empty array of strings, or an object of strings";
                let path = r.path_of("models");
                let list = reader::strings_of(value, &path, what, r.problems())?;
                Some(list.into_iter().map(|m| (m.clone(), m)).collect())
            }
            Some(value) => {
                let Some(map) = reader::members(value) else {
                    r.problem("models", expected("an array of strings, or an object of strings", value));
                    return None;
                };
                if map.is_empty() {
                    r.problem("models", "must map the names that may be asked to the ids that are sent");
                    return None;
                }
                let mut pairs = Vec::with_capacity(map.len());
                for (name, id) in map {
                    match id.as_str().filter(|id| !id.trim().is_empty()) {
                        Some(id) => pairs.push((name.clone(), id.to_owned())),
                        None => {
                            let message = expected("the id that is sent, a non-empty string", id);
                            r.problem(&format!("models.{name}"), message);
                        }
                    }
                }
                if pairs.len() < map.len() {
                    return None;
                }
                Some(pairs)
            }
        };
        match (pinned, listed) {
            (Some(_), Some(_)) => {
                r.problem("model", "pins one model; leave out either model or models");
                None
            }
            (Some(model), None) => Some(Served::Pinned(model)),
            (None, Some(list)) => Some(Served::Listed(list)),
            (None, None) => Some(Served::Any),
        }
    }
}

impl EndpointConfig {
    /// The rate limits that bind for a model here, for each key.
    pub fn limits_of(&self, model: &str) -> Limits {
        if self.limits == Limits::default() && is_relay_host(self.base_url.host()) {
            limits::of_relay(model)
        } else {
            self.limits
        }
    }

    /// How it wants the beginning of an answer marked that it is to go on with.
    pub fn prefill_field(&self) -> Option<&'static str> {
        (self.vendor.as_deref() == Some("deepseek")).then_some("prefix")
    }

    /// How it wants the output limit called.
    pub fn token_limit_field(&self) -> TokenLimitField {
        if self.vendor.as_deref() == Some("deepseek") {
            TokenLimitField::MaxTokens
        } else {
            TokenLimitField::ByModel
        }
    }
}

impl Served {
    /// A model that somebody named, for a paid probe.
    pub fn named(&self) -> Option<&str> {
        match self {
            Self::Any => None,
            Self::Pinned(model) => Some(model),
            Self::Listed(list) => list.first().map(|(_, id)| id.as_str()),
        }
    }
}

/// What is spoken by default, and with which version of it.
fn dialect_of(word: Option<&str>, headers: &[(HeaderName, HeaderValue)]) -> Dialect {
    match word {
        Some("anthropic") => {
            let version = headers.iter().find(|(name, _)| name == ANTHROPIC_VERSION);
            let version = version.and_then(|(_, value)| value.to_str().ok());
            Dialect::Anthropic(Version::of(version.unwrap_or(DEFAULT_VERSION)))
        }
        Some("google") => Dialect::Google,
        Some("relay") => Dialect::Relay,
        _ => Dialect::OpenAi,
    }
}

/// Headers that say where a message ends or what becomes of its connection.
const FRAMING: [HeaderName; 6] = [
    http::header::CONTENT_LENGTH,
    http::header::TRANSFER_ENCODING,
    http::header::CONNECTION,
    http::header::TE,
    http::header::TRAILER,
    http::header::UPGRADE,
];

fn read_headers(r: &mut Reader<'_>) -> Option<Vec<(HeaderName, HeaderValue)>> {
    r.note("headers", || json!({ "type": "object", "additionalProperties": { "type": "string" } }));
    let mut headers = Vec::new();
    let mut sound = true;
    for (name, path, value) in r.record("headers") {
        let parsed =
            HeaderName::try_from(name).ok().zip(value.as_str().and_then(|v| HeaderValue::try_from(v).ok()));
        match parsed {
            Some((name, _)) if FRAMING.contains(&name) => {
                sound = false;
                r.problems().push(reader::Problem {
                    path,
                    message: "is the connection's own and cannot be set".into(),
                });
            }
            Some((name, mut value)) => {
                // Gateways take credentials in headers of their own.
                value.set_sensitive(true);
                headers.push((name, value));
            }
            None => {
                sound = false;
                // Not quoted: it may be a credential.
                let given =
                    if value.is_string() { String::new() } else { format!(", got {}", reader::kind(value)) };
                let message =
                    format!("must be a header with a string value without control characters{given}");
                r.problems().push(reader::Problem { path, message });
            }
        }
    }
    sound.then_some(headers)
}

/// An address, or `true` for the vendor's own, where that is known.
fn read_status_page(r: &mut Reader<'_>, vendor: Option<&str>) -> Option<String> {
    r.note(
        "statusPage",
        || json!({ "anyOf": [{ "type": "string", "pattern": "^https?://." }, { "type": "boolean" }] }),
    );
    match r.raw("statusPage")? {
        Value::Bool(false) => None,
        Value::Bool(true) => {
            let known = STATUS_PAGES.iter().find(|(name, _)| Some(*name) == vendor);
            if known.is_none() {
                let names = STATUS_PAGES.map(|(name, _)| name).join(", ");
                r.problem("statusPage", format!("is known for {names} only; give an address"));
            }
            known.map(|(_, page)| (*page).to_owned())
        }
        Value::String(url) if bad_address(url).is_none() => Some(url.clone()),
        Value::String(_) => {
            r.problem("statusPage", "must be an http:// or https:// address without credentials");
            None
        }
        other => {
            r.problem("statusPage", expected("an address, or true for the vendor's own", other));
            None
        }
    }
}

fn bad_address(url: &str) -> Option<&'static str> {
    let Ok(uri) = url.parse::<http::Uri>() else { return Some("must be an http:// or https:// address") };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Some("must be an http:// or https:// address");
    }
    uri.authority()?.as_str().contains('@').then_some("must not carry credentials")
}

/// `canary`: one share, or several one after another.
fn read_canary(r: &mut Reader<'_>) -> CanaryConfig {
    let share = r.number("share", 0.0, 1.0).unwrap_or(0.1);
    let step_after = r.duration("stepAfter", Duration::from_millis(1)).unwrap_or(Duration::from_secs(600));
    let what = "a non-empty array of shares from 0 to 1, each larger than the one before";
    r.note("ramp", || json!({ "type": "array", "minItems": 1, "items": { "type": "number", "minimum": 0, "maximum": 1 } }));
    let shares = match r.raw("ramp") {
        None => vec![share],
        Some(value) => {
            if r.is_given("share") {
                r.problem("share", "is one share, and ramp has several; give one of them");
            }
            let shares: Option<Vec<f64>> =
                value.as_array().and_then(|items| items.iter().map(Value::as_f64).collect());
            let sound = |list: &Vec<f64>| {
                !list.is_empty()
                    && list.iter().all(|s| (0.0..=1.0).contains(s))
                    && list.is_sorted_by(|a, b| a < b)
            };
            shares.filter(sound).unwrap_or_else(|| {
                r.problem("ramp", expected(what, value));
                Vec::new()
            })
        }
    };
    CanaryConfig { shares, step_after }
}

pub fn default_base_url(provider: &str) -> Option<&'static str> {
    Some(match provider {
        "openai" => "https://api.openai.com/v1",
        "deepseek" => "https://api.deepseek.com/v1",
        "anthropic" => "https://api.anthropic.com/v1",
        "google" => "https://generativelanguage.googleapis.com/v1beta",
        RELAY => "https://api.holysheep.ai/v1",
        _ => return None,
    })
}

pub fn vendor_of(host: &str) -> Option<&'static str> {
    VENDORS
        .iter()
        .find(|(_, own)| host == *own || (own.starts_with('.') && host.ends_with(own)))
        .map(|(vendor, _)| *vendor)
}

pub fn is_vendor(name: &str) -> bool {
    VENDORS.iter().any(|(vendor, _)| *vendor == name)
}

pub fn is_relay_host(host: &str) -> bool {
    host.ends_with(RELAY_DOMAIN)
}

pub fn host_name(address: &str) -> String {
    BaseUrl::parse(address, Dialect::OpenAi)
        .map(|url| url.origin().split("://").nth(1).unwrap_or("endpoint").to_owned())
        .unwrap_or_else(|_| "endpoint".into())
}
