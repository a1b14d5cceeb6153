//! OpenAI's chat completions, as OpenAI, DeepSeek and relays speak them.

pub mod accumulate;
pub mod answer;
pub mod chunk;
pub mod packed_request;
mod placeholders;
pub mod read_chat;
pub mod request;
pub mod tool_calls;
pub mod vendor_fields;
pub mod write_chat;
