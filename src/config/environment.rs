//! The environment variables that bellwether reads, as of the client's creation.

use std::collections::HashMap;

use serde_json::Value;

use super::vendors::RELAY;
use crate::net::proxy::ProxyOptions;

#[derive(Clone, Debug, Default)]
pub struct Environment(HashMap<String, String>);

/// Providers whose key variables are read, in order.
pub const PROVIDERS: [(&str, &str, Option<&str>); 5] = [
    (RELAY, "HOLYSHEEP_API_KEY", Some("HOLYSHEEP_BASE_URL")),
    ("openai", "OPENAI_API_KEY", Some("OPENAI_BASE_URL")),
    ("anthropic", "ANTHROPIC_API_KEY", None),
    ("google", "GEMINI_API_KEY", None),
    ("deepseek", "DEEPSEEK_API_KEY", None),
];

impl Environment {
    /// From an object of strings; other values are ignored.
    pub fn from_json(value: &Value) -> Self {
        let members = value.as_object().into_iter().flatten();
        Self(members.filter_map(|(k, v)| v.as_str().map(|v| (k.clone(), v.to_owned()))).collect())
    }

    /// A variable, if it is not empty.
    pub fn value(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
    }

    pub fn key_variable(provider: &str) -> Option<&'static str> {
        PROVIDERS.iter().find(|(p, ..)| *p == provider).map(|(_, key, _)| *key)
    }

    /// A provider's base URL from the environment.
    pub fn base_url(&self, provider: &str) -> Option<String> {
        let (.., variable) = PROVIDERS.iter().find(|(p, ..)| *p == provider)?;
        self.value((*variable)?)
    }

    /// Lower-case names take precedence, as with curl.
    pub fn proxy(&self) -> ProxyOptions {
        let either =
            |name: &str| self.value(&name.to_lowercase()).or_else(|| self.value(name)).unwrap_or_default();
        ProxyOptions::Environment {
            http: either("HTTP_PROXY"),
            https: either("HTTPS_PROXY"),
            all: either("ALL_PROXY"),
            no: either("NO_PROXY"),
        }
    }
}
