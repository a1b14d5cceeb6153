//! Wire formats: an OpenAI-shaped request in, a vendor's bytes out, and back. One folder a dialect.

pub mod error_body;
pub mod openai;
pub mod tokens;
pub mod usage;
