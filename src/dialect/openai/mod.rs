//! OpenAI's chat completions, also for DeepSeek and relays.

pub mod accumulate;
pub mod answer;
pub mod chunk;
pub mod packed_request;
mod placeholders;
pub mod read_chat;
pub mod request;
pub mod token_limit;
pub mod tool_calls;
pub mod vendor_fields;
pub mod write_chat;
