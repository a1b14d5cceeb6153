//! The flow-control window of a stream: how far it may run ahead of its reader.

use std::{
    collections::VecDeque,
    task::{Context, Poll, Waker},
};

use parking_lot::Mutex;

/// The most chunks ahead of the reader, which credits them in sixteens.
const MAX_CHUNKS: usize = 64;
/// Above this many bytes fewer chunks are allowed. More than the sixteen chunks that the reader may hold
/// back, so that neither side waits for the other.
const MAX_BYTES: usize = 256 << 10;
const MIN_CHUNKS: usize = 32;

#[derive(Default)]
pub struct StreamWindow(Mutex<WindowState>);

#[derive(Default)]
struct WindowState {
    sizes: VecDeque<usize>,
    bytes: usize,
    waker: Option<Waker>,
}

impl StreamWindow {
    pub fn sent(&self, bytes: usize) {
        let mut inner = self.0.lock();
        inner.sizes.push_back(bytes);
        inner.bytes += bytes;
    }

    /// Credits chunks that were read.
    pub fn credit(&self, chunks: u32) {
        let mut inner = self.0.lock();
        for _ in 0..chunks {
            match inner.sizes.pop_front() {
                Some(size) => inner.bytes -= size,
                None => break,
            }
        }
        if let Some(waker) = inner.waker.take() {
            waker.wake();
        }
    }

    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.0.lock();
        let chunks = inner.sizes.len();
        if chunks < MAX_CHUNKS && (inner.bytes < MAX_BYTES || chunks < MIN_CHUNKS) {
            return Poll::Ready(());
        }
        inner.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
