//! The translation of one event of another dialect into OpenAI's chunks.

use serde_json::Value;

use crate::base::vendor_error::VendorError;

#[derive(Debug)]
pub enum DecodedEvent {
    /// OpenAI's chunks. One without choices has the usage.
    Chunks(Vec<Value>),
    /// The vendor's end marker.
    Done,
    Error(VendorError),
    /// The end of an answer without content, and why.
    Void(String),
    /// A keep-alive.
    Nothing,
    /// Not JSON, or not an object.
    Undecodable,
}

/// Defaults for what the vendor's answer lacks.
#[derive(Clone, Debug, Default)]
pub struct ResponseDefaults {
    /// When it began, in seconds since 1970.
    pub created: u64,
    /// An id that no other answer has.
    pub id: String,
    /// The requested model.
    pub model: String,
}

/// The longest id or model name, which every chunk repeats.
const MAX_CANDIDATES: usize = 200;

impl ResponseDefaults {
    /// The answer's id, the vendor's or ours.
    pub fn id(&self, given: &Value) -> String {
        name(given).unwrap_or(&self.id).to_owned()
    }

    /// The model, as the vendor names it or as requested.
    pub fn model(&self, given: &Value) -> String {
        name(given).unwrap_or(&self.model).to_owned()
    }
}

/// A vendor's name for something, if it is not too long.
pub fn name(value: &Value) -> Option<&str> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(|text| &text[..text.floor_char_boundary(MAX_CANDIDATES)])
}

/// Ends a choice that arrived whole, also if its vendor gives no finish reason.
pub fn whole(choice: &mut Value, called: bool) {
    if choice["finish_reason"].is_null() {
        choice["finish_reason"] = if called { "tool_calls" } else { "stop" }.into();
    }
}

/// Defaults for tests.
#[cfg(test)]
pub fn test_defaults(created: u64) -> ResponseDefaults {
    ResponseDefaults { created, id: "own".into(), model: "asked".into() }
}
