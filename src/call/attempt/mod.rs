//! One exchange with one candidate.

pub mod body;
pub mod faults;
pub mod receive;
pub mod response;
mod response_headers;
pub mod send;
pub mod stream;
mod timeouts;
