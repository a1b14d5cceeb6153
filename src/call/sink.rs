//! Where a stream's chunks go.

use std::task::{Context, Poll};

/// Where a stream's chunks go.
pub trait StreamSink: Send {
    /// One chunk, as the vendor wrote it. The first one says that the call is answered.
    fn chunk(&mut self, json: String);
    /// Whether the reader keeps up; a stream is not read on while it does not.
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
