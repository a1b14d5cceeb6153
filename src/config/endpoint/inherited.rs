//! What an endpoint takes from the client where it has none of its own.

use serde_json::Value;

use crate::config::environment::Environment;

/// What endpoints inherit from the client's options.
pub struct InheritedOptions<'a> {
    pub base_url: Option<&'a str>,
    pub keys: Option<&'a Value>,
    pub key_prefix: Option<&'a str>,
    pub environment: &'a Environment,
}
