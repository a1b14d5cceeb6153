//! What an event or an answer of another dialect comes to, in OpenAI's words.

use serde_json::Value;

use crate::base::vendor_error::VendorError;

#[derive(Debug)]
pub enum DecodedEvent {
    /// Chunks of OpenAI's. One without choices tells the usage.
    Chunks(Vec<Value>),
    /// The vendor said that this was all.
    Done,
    Error(VendorError),
    /// The end of an answer in which nothing was said, and why.
    Void(String),
    /// A sign of life.
    Nothing,
    /// Not JSON, or no object.
    Undecodable,
}

/// What is told of an answer where its vendor does not say it.
#[derive(Clone, Debug, Default)]
pub struct ResponseDefaults {
    /// When it began, in seconds since 1970.
    pub created: u64,
    /// An id that no other answer has.
    pub id: String,
    /// The model that was asked for.
    pub model: String,
}

/// So much of an id or a model's name is repeated with each chunk.
const MOST: usize = 200;

impl ResponseDefaults {
    /// The answer's id, the vendor's or ours.
    pub fn id(&self, said: &Value) -> String {
        name(said).unwrap_or(&self.id).to_owned()
    }

    /// The model, as the vendor calls it or as it was asked for.
    pub fn model(&self, said: &Value) -> String {
        name(said).unwrap_or(&self.model).to_owned()
    }
}

/// A vendor's name for something, within bounds.
pub fn name(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty()).map(|text| &text[..text.floor_char_boundary(MOST)])
}

/// A choice that came whole has ended, also where its vendor does not say how.
pub fn whole(choice: &mut Value, called: bool) {
    if choice["finish_reason"].is_null() {
        choice["finish_reason"] = if called { "tool_calls" } else { "stop" }.into();
    }
}

/// What tests know of an answer that does not say it.
#[cfg(test)]
pub fn unsaid(created: u64) -> ResponseDefaults {
    ResponseDefaults { created, id: "own".into(), model: "asked".into() }
}
