//! HTTP/1.1 for clients: one request, one response, then the connection is free again. After RFC 9112.
//! httparse parses the heads. Framing and reuse are our own, because a call reads its socket itself: an idle
//! connection needs neither a task nor a buffer.

pub mod body;
pub mod exchange;
pub mod framing;
pub mod head;
mod scratch;
