//! HTTP/1.1 as a client speaks it: one request, one answer, and the connection is free again.
//! After RFC 9112. The heads are httparse's business; framing and reuse are ours, because a call reads its
//! socket itself: no task and no buffer stands by for a connection that waits.

pub mod body;
pub mod exchange;
pub mod framing;
pub mod head;
mod scratch;
