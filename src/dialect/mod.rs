//! Wire formats, one folder for each dialect: OpenAI's requests out, answers and streams back. `chat` is the
//! parsed request between two dialects.

pub mod anthropic;
pub mod chat;
pub mod chunks;
pub mod client_answer;
pub mod client_dialect;
mod client_request;
pub mod codec;
pub mod error_body;
pub mod google;
pub mod members;
pub mod openai;
#[cfg(test)]
mod round_trip_tests;
pub mod tokens;
pub mod usage;
