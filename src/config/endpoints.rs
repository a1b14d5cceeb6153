//! `endpoints`: the list, or the endpoints implied by a key or by the environment.

use serde_json::{Value, json};

use super::{
    base_url::{BaseUrl, host_name},
    endpoint::{EndpointConfig, InheritedOptions},
    environment::{Environment, PROVIDERS},
    reader::{self, Reader},
    vendors::{RELAY, default_base_url, is_relay_host, vendor_of},
};
use crate::dialect::codec::Dialect;

pub fn read_endpoints(
    r: &mut Reader<'_>,
    keys: Option<&Value>,
    base_url: Option<&str>,
    key_prefix: Option<&str>,
    environment: &Environment,
) -> Option<Vec<EndpointConfig>> {
    r.note("endpoints", || {
        let one = EndpointConfig::describe();
        json!({ "type": "array", "items": { "anyOf": [reader::a_string(), one] }, "minItems": 1 })
    });
    let listed = r.raw("endpoints");
    let inherited = InheritedOptions { base_url, keys, key_prefix, environment };
    let (items, at): (Vec<Value>, fn(usize) -> String) = match listed {
        Some(Value::Array(items)) if !items.is_empty() => (items.clone(), |i| format!("endpoints[{i}]")),
        Some(other) => {
            // Not quoted: an address may contain a password.
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
            r.problem(
                "endpoints",
                format!("has two endpoints named '{}'; give each its own name", endpoint.name),
            );
        }
    }
    if endpoints.iter().filter(|e| e.canary.is_some()).count() > 1 {
        r.problem("endpoints", "has more than one canary; only one endpoint at a time may be one");
    }
    (endpoints.len() == count).then_some(endpoints)
}

/// The endpoints implied by a key, or by the environment.
fn implied(
    r: &mut Reader<'_>,
    keys: Option<&Value>,
    base_url: Option<&str>,
    environment: &Environment,
) -> Option<Vec<Value>> {
    let first_key = keys.map(|k| k.get(0).unwrap_or(k));
    // `null` is a valid key, but implies no address.
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
            "is missing; give apiKey or endpoints, or set OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, DEEPSEEK_API_KEY or HOLYSHEEP_API_KEY",
        );
        return None;
    }
    Some(found)
}

/// The relay has several hosts under one domain; any other address is one endpoint.
fn with_backups(address: &str) -> Vec<Value> {
    let host = BaseUrl::parse(address, Dialect::OpenAi).map(|u| u.host().to_owned()).unwrap_or_default();
    let single = |name: &str, address: &str| json!({ "name": name, "baseURL": address });
    if !is_relay_host(&host) {
        let name = vendor_of(&host).map_or_else(|| host_name(address), str::to_owned);
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
