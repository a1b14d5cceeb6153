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
