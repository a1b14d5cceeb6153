//! What an event of another dialect comes to, in OpenAI's words.

use serde_json::Value;

use crate::vendor_error::VendorError;

#[derive(Debug)]
pub enum Decoded {
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

/// So much of an id or a model's name is repeated with each chunk.
const MOST: usize = 200;

/// A vendor's id or a model's name; null where there is none.
pub fn name(value: &Value) -> Value {
    value.as_str().map(|text| &text[..text.floor_char_boundary(MOST)]).into()
}
