//! Requests that are not chat completions, forwarded in the caller's own dialect.

pub mod request;
pub mod response;
