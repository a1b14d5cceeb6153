//! Sockets and what is read from them. Knows nothing of policies.

pub mod client;
pub mod connector;
pub mod decode;
pub mod failure;
pub mod proxy;
pub mod resolver;
pub mod sse;
pub mod tls;
pub mod warm;
