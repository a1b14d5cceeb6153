//! The client's options that endpoints inherit.

use serde_json::Value;

use crate::config::environment::Environment;

/// The client's options that endpoints inherit.
pub struct InheritedOptions<'a> {
    pub base_url: Option<&'a str>,
    pub keys: Option<&'a Value>,
    pub key_prefix: Option<&'a str>,
    pub environment: &'a Environment,
}
