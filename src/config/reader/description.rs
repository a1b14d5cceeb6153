//! The JSON Schema of what a reader reads.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::messages::MOST_NAMES;
use crate::base::duration;

/// One schema for each member that was read.
#[derive(Default)]
pub(super) struct SchemaDescription {
    pub(super) properties: Map<String, Value>,
    pub(super) required: Vec<&'static str>,
}

/// The schema of a non-blank string.
pub fn a_string() -> Value {
    json!({ "type": "string", "pattern": "\\S" })
}

/// The schema of what `strings_of` reads.
pub fn some_strings() -> Value {
    json!({ "anyOf": [a_string(), { "type": "array", "items": a_string(), "minItems": 1 }] })
}

/// The schema of what `Reader::names` reads.
pub fn some_names() -> Value {
    let mut schema = some_strings();
    schema["anyOf"][1]["maxItems"] = MOST_NAMES.into();
    schema
}

/// The schema of one of some words, or an array of them.
pub fn some_of(words: &[&str]) -> Value {
    json!({ "anyOf": [{ "enum": words }, { "type": "array", "items": { "enum": words }, "minItems": 1 }] })
}

/// The schema of a duration of at least `min`.
pub fn a_duration(min: Duration) -> Value {
    let min = min.as_millis() as u64;
    json!({ "type": ["number", "string"], "minimum": min, "pattern": duration::PATTERN })
}
