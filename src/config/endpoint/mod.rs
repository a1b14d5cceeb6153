//! `endpoints[]`: one endpoint.

mod address;
mod canary;
mod headers;
mod health;
mod inherited;
mod keys;
mod served;

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

pub use self::{
    address::{ANTHROPIC_VERSION, DEFAULT_VERSION},
    health::EndpointHealth,
    inherited::InheritedOptions,
    served::ServedModels,
};
use self::{
    address::{dialect_of, read_base_url},
    canary::read_canary,
    headers::read_headers,
    health::read_health,
    keys::read_keys,
    served::read_served,
};
use super::{
    base_url::{BaseUrl, host_name},
    environment::Environment,
    key::KeySource,
    limits,
    price::read_price,
    reader::{self, Problems, Reader, expected},
    vendors::{RELAY, is_relay_host, is_vendor, vendor_of},
};
use crate::{
    cost::{price::Price, price_table::Seller},
    dialect::{codec::Dialect, openai::token_limit::TokenLimitField},
    policy::{canary::CanaryConfig, limiter::RateLimits},
};

#[derive(Clone, Debug)]
pub struct EndpointConfig {
    pub name: String,
    pub provider: String,
    /// The vendor whose model names it uses; `None` for a relay.
    pub vendor: Option<String>,
    pub dialect: Dialect,
    pub base_url: BaseUrl,
    pub keys: Vec<KeySource>,
    pub models: ServedModels,
    pub tier: PriorityTier,
    /// Its share of its tier's calls, relative to the others' weights.
    pub weight: Option<f64>,
    /// Set for a canary.
    pub canary: Option<CanaryConfig>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub health: EndpointHealth,
    pub price: Option<Price>,
    pub limits: RateLimits,
    /// The limit on its 95th percentile of the time to first content, while another candidate is available.
    pub max_latency: Option<Duration>,
    /// The most that one request may cost, in USD, as estimated before sending.
    pub cost_limit: Option<f64>,
    /// The context window of its models, in tokens.
    pub context_window: Option<u64>,
    /// It continues the text of a last assistant message.
    pub can_continue: bool,
}

/// An endpoint's priority. Only endpoints with the same given number share a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriorityTier {
    number: u32,
    /// Zero for a given priority; otherwise the unique position in the list.
    place: u32,
}

impl EndpointConfig {
    /// `position` gives an endpoint without a priority a tier of its own.
    pub fn read(
        value: &Value,
        path: &str,
        position: u32,
        inherited: &InheritedOptions<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        // A plain address is an endpoint named after its host.
        if let Value::String(address) = value {
            let shorthand = json!({ "name": host_name(address), "baseURL": address });
            return Self::read(&shorthand, path, position, inherited, problems);
        }
        reader::object(value, path, problems, |r| Self::members(r, position, inherited)).flatten()
    }

    /// The JSON Schema of an endpoint.
    pub fn describe() -> Value {
        let environment = Environment::default();
        let inherited =
            InheritedOptions { base_url: None, keys: None, key_prefix: None, environment: &environment };
        reader::describe(|r| Self::members(r, 0, &inherited))
    }

    fn members(r: &mut Reader<'_>, position: u32, inherited: &InheritedOptions<'_>) -> Option<Self> {
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
        let base_url = read_base_url(r, provider.as_deref(), dialect, inherited);
        let host = base_url.as_ref().map_or("", BaseUrl::host);
        let vendor =
            provider.as_deref().filter(|p| is_vendor(p)).or_else(|| vendor_of(host)).map(str::to_owned);
        let keys = read_keys(r, vendor.as_deref(), host, inherited);
        let models = read_served(r);
        let tier = r.integer("priority", 1, 1_000_000).map(|p| PriorityTier { number: p as u32, place: 0 });
        let weight = r.number("weight", 0.0, 1_000_000.0);
        let canary = r.object("canary", read_canary);
        let headers = read_headers(r);
        let health = read_health(r, vendor.as_deref());
        let price = r.object("price", read_price).flatten();
        let limits = limits::read(r);
        let max_latency = r.duration("maxLatency", Duration::from_millis(1));
        let cost_limit = r.number("costLimitPerRequest", 0.0, 1_000_000.0);
        let context_window = r.integer("contextWindow", 1, 1 << 50);
        let can_continue = r.boolean("canContinue").unwrap_or(false);
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
            tier: tier.unwrap_or(PriorityTier { number: position + 1, place: position + 1 }),
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
}

impl EndpointConfig {
    /// The rate limits of a model, for each key.
    pub fn limits_of(&self, model: &str) -> RateLimits {
        if self.limits == RateLimits::default() && is_relay_host(self.base_url.host()) {
            limits::of_relay(model)
        } else {
            self.limits
        }
    }

    /// The seller of the default prices: the relay, or a vendor at its own host.
    pub fn seller(&self) -> Option<Seller<'static>> {
        let host = self.base_url.host();
        if is_relay_host(host) { Some(Seller::Relay) } else { vendor_of(host).map(Seller::Vendor) }
    }

    /// The field that marks the beginning of an answer to continue.
    pub fn prefill_field(&self) -> Option<&'static str> {
        (self.vendor.as_deref() == Some("deepseek")).then_some("prefix")
    }

    /// The endpoint's name for the output limit.
    pub fn token_limit_field(&self) -> TokenLimitField {
        if self.vendor.as_deref() == Some("deepseek") {
            TokenLimitField::MaxTokens
        } else {
            TokenLimitField::ByModel
        }
    }
}
