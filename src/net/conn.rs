//! One open connection.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::time::Instant;

/// A byte stream in both directions.
pub trait Io: Read + Write + Send + Unpin {}
impl<T: Read + Write + Send + Unpin> Io for T {}

pub struct Conn {
    io: Box<dyn Io>,
    /// Requests go to a plain-text proxy, with the absolute address.
    pub proxied: bool,
    pub h2: bool,
    /// From name resolution to the end of the handshake.
    pub connect_took: Duration,
    /// The number of exchanges; a connection opened ahead of need counts as used once.
    pub uses: u32,
    writes: Option<Arc<LastWrite>>,
}

/// When bytes were last written.
pub struct LastWrite {
    since: Instant,
    nanos: AtomicU64,
}

impl LastWrite {
    /// Whether a request that began then was certainly not sent: nothing was written since.
    pub fn before(&self, began: Instant) -> bool {
        self.since + Duration::from_nanos(self.nanos.load(Ordering::Relaxed)) < began
    }
}

impl Conn {
    pub fn new(io: Box<dyn Io>, proxied: bool, h2: bool) -> Self {
        Self { io, proxied, h2, connect_took: Duration::ZERO, uses: 0, writes: None }
    }

    /// Records writes from now on.
    pub fn note_writes(&mut self) -> Arc<LastWrite> {
        let writes = Arc::new(LastWrite { since: Instant::now(), nanos: AtomicU64::new(0) });
        self.writes = Some(writes.clone());
        writes
    }

    /// Whether an idle HTTP/1.1 connection is neither closed nor has received unexpected bytes; `waker` is
    /// woken when that changes.
    pub fn is_quiet(&mut self, waker: &Waker) -> bool {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let mut cx = Context::from_waker(waker);
        Pin::new(&mut self.io).poll_read(&mut cx, buffer.unfilled()).is_pending()
    }

    /// Reads at most `bytes`; 0 at the end.
    pub fn poll_bytes(&mut self, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(bytes);
        match Pin::new(&mut self.io).poll_read(cx, buffer.unfilled()) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(buffer.filled().len())),
            Poll::Ready(Err(e)) => Poll::Ready(Err(e)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn note(&self, written: &Poll<io::Result<usize>>) {
        if let (Some(writes), Poll::Ready(Ok(1..))) = (&self.writes, written) {
            writes.nanos.store(writes.since.elapsed().as_nanos() as u64, Ordering::Relaxed);
        }
    }
}

impl Read for Conn {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Conn {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.note(&written);
        written
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.note(&written);
        written
    }
}
