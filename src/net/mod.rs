//! Sockets and protocols. Independent of policies.

pub mod body;
pub mod client;
pub mod conn;
pub mod connector;
pub mod decode;
pub mod dial_error;
pub mod failure;
pub mod fields;
pub mod h1;
pub mod h2;
pub mod pool;
pub mod proxy;
pub mod request;
pub mod resolver;
pub mod sse;
pub mod tls;
pub mod transport;
