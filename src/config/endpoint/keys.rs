//! `apiKey` of an endpoint: its own, the client's, or the environment's.

use serde_json::Value;

use super::inherited::InheritedOptions;
use crate::config::{
    environment::Environment,
    key::{self, KeySource},
    reader::Reader,
    vendors::{RELAY, is_relay_host, vendor_of},
};

pub fn read_keys(
    r: &mut Reader<'_>,
    vendor: Option<&str>,
    host: &str,
    inherited: &InheritedOptions<'_>,
) -> Option<Vec<KeySource>> {
    r.note("apiKey", key::describe);
    let own = r.raw_or_null("apiKey");
    if own.or(inherited.keys).is_some_and(Value::is_null) {
        return Some(vec![KeySource::None]);
    }
    let variable = Environment::key_variable(vendor.unwrap_or(if is_relay_host(host) { RELAY } else { "" }));
    let from_environment = variable.and_then(|v| inherited.environment.value(v));
    let guarded = vendor_of(host).is_some() || is_relay_host(host);
    let rules = key::KeyRules {
        source: None,
        prefix: inherited.key_prefix,
        shortest: if guarded { key::SHORTEST } else { 0 },
    };
    let (value, rules) = match (own.or(inherited.keys), &from_environment) {
        (Some(value), _) => (value.clone(), rules),
        (None, Some(text)) => (Value::String(text.clone()), key::KeyRules { source: variable, ..rules }),
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
