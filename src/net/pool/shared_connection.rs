//! An HTTP/2 connection, which calls share.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Pool, lease::H2Lease};
use crate::net::h2::Sender;

/// A connection and how much of it is in use.
pub(super) struct Line {
    pub(super) id: u64,
    pub(super) sender: Sender,
    pub(super) in_use: usize,
    pub(super) uses: u64,
    /// An exchange has ended on it, so the peer has said what it allows.
    pub(super) settled: bool,
    pub(super) idle_since: Instant,
}

// === impl Line ===

impl Line {
    pub(super) fn new(id: u64, sender: Sender) -> Self {
        Self { id, sender, in_use: 0, uses: 0, settled: false, idle_since: Instant::now() }
    }

    pub(super) fn streams(&self, allowed: Option<usize>) -> usize {
        let streams = self.sender.streams();
        allowed.filter(|_| !self.settled).map_or(streams, |allowed| allowed.min(streams))
    }

    pub(super) fn lease(&mut self, pool: &Arc<Pool>) -> H2Lease {
        self.in_use += 1;
        self.uses += 1;
        let sender = self.sender.clone();
        H2Lease::new(pool, self.id, sender, self.uses > 1)
    }
}

// === impl Pool ===

impl Pool {
    /// A stream is over.
    pub(super) fn release(self: &Arc<Self>, line: u64) {
        {
            let mut state = self.state.lock();
            if let Some(line) = state.lines.iter_mut().find(|l| l.id == line) {
                line.in_use -= 1;
                line.settled = true;
                line.idle_since = Instant::now();
                let allowed = line.sender.streams();
                state.allowed = Some(allowed);
            }
        }
        self.serve();
    }

    pub(super) fn line_ended(self: &Arc<Self>, id: u64) {
        let line = {
            let mut state = self.state.lock();
            let at = state.lines.iter().position(|l| l.id == id);
            at.map(|at| state.lines.swap_remove(at))
        };
        drop(line);
        self.serve();
    }
}
