//! The fingerprint of a configuration: a hash for each endpoint and option, without the values.

use std::{
    hash::{BuildHasher, RandomState},
    sync::LazyLock,
};

use serde_json::{Value, json};

use super::client::ClientConfig;

pub struct ConfigFingerprint {
    endpoints: Vec<(String, u64)>,
    options: Vec<(String, u64)>,
}

impl ConfigFingerprint {
    /// The fingerprint of options and of the configuration read from them.
    pub fn of(options: &Value, config: &ClientConfig) -> Self {
        // Keyed for each process, so that a hash reveals nothing about a key.
        static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let hash = |value: &Value| STATE.hash_one(value.to_string());
        let listed = options.get("endpoints").and_then(Value::as_array);
        let endpoints = config.endpoints.iter().enumerate().map(|(i, endpoint)| {
            let given = listed.and_then(|list| list.get(i));
            (endpoint.name.clone(), given.map_or_else(|| hash(&json!(endpoint.base_url.as_str())), hash))
        });
        let members = options.as_object().into_iter().flatten().filter(|(name, _)| *name != "endpoints");
        Self {
            endpoints: endpoints.collect(),
            options: members.map(|(name, value)| (name.clone(), hash(value))).collect(),
        }
    }

    /// What differs in `next`.
    pub fn changes(&self, next: &Self) -> Value {
        let names = |list: &[(String, u64)]| list.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let missing = |from: &Self, to: &Self| {
            let gone = from.endpoints.iter().filter(|(name, _)| !to.endpoints.iter().any(|(n, _)| n == name));
            gone.map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        let (added, removed) = (missing(next, self), missing(self, next));
        let changed =
            other(&self.endpoints, &next.endpoints).filter(|n| !added.contains(n) && !removed.contains(n));
        let staying = |list: &[(String, u64)]| -> Vec<String> {
            names(list).into_iter().filter(|name| !added.contains(name) && !removed.contains(name)).collect()
        };
        json!({
            "changed": changed.collect::<Vec<_>>(),
            "reordered": staying(&self.endpoints) != staying(&next.endpoints),
            "options": other(&self.options, &next.options).collect::<Vec<_>>(),
            "added": added,
            "removed": removed,
        })
    }
}

/// The names of changed and removed entries.
fn other<'l>(before: &'l [(String, u64)], after: &'l [(String, u64)]) -> impl Iterator<Item = String> + 'l {
    let lacks = |list: &'l [(String, u64)], item: &(String, u64)| !list.contains(item);
    let changed = after.iter().filter(move |item| lacks(before, item));
    let gone = before.iter().filter(|(name, _)| !after.iter().any(|(n, _)| n == name));
    changed.chain(gone).map(|(name, _)| name.clone())
}
