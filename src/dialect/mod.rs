//! Wire formats: an OpenAI-shaped request in, a vendor's bytes out, and back. One folder a dialect; what one is
//! read into and another written from is in `chat`.

pub mod anthropic;
pub mod chat;
pub mod chunks;
pub mod client_dialect;
pub mod codec;
pub mod error_body;
pub mod google;
mod inbound;
pub mod members;
pub mod openai;
pub mod outbound;
#[cfg(test)]
mod round_trips;
pub mod tokens;
pub mod usage;
