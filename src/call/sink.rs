//! The destination of a stream's chunks.

use std::task::{Context, Poll};

/// The destination of a stream's chunks.
pub trait StreamSink: Send {
    /// Takes a chunk as JSON. The first one answers the call.
    fn chunk(&mut self, json: String);
    /// Whether the reader keeps up. A stream is not read on while it does not.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// For calls that do not stream.
pub struct NoStream;

impl StreamSink for NoStream {
    fn chunk(&mut self, _: String) {}
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}
