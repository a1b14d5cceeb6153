//! One exchange with one candidate.

pub mod response_headers;
pub mod send;
pub mod stream;
