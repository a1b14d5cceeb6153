//! An HTTP/2 connection that calls share.

use std::sync::Arc;

use tokio::time::Instant;

use super::lease::{H2Lease, LeaseOwner};
use crate::net::h2::Sender;

/// A connection and its use.
pub(super) struct SharedConnection {
    pub(super) id: u64,
    pub(super) sender: Sender,
    pub(super) in_use: usize,
    pub(super) uses: u64,
    /// An exchange has ended on it, so the peer has announced its limit.
    pub(super) settled: bool,
    pub(super) idle_since: Instant,
}

// === impl SharedConnection ===

impl SharedConnection {
    pub(super) fn new(id: u64, sender: Sender) -> Self {
        Self { id, sender, in_use: 0, uses: 0, settled: false, idle_since: Instant::now() }
    }

    pub(super) fn streams(&self, allowed: Option<usize>) -> usize {
        let streams = self.sender.streams();
        allowed.filter(|_| !self.settled).map_or(streams, |allowed| allowed.min(streams))
    }

    pub(super) fn lease(&mut self, owner: &Arc<dyn LeaseOwner>) -> H2Lease {
        self.in_use += 1;
        self.uses += 1;
        let sender = self.sender.clone();
        H2Lease::new(owner, self.id, sender, self.uses > 1)
    }
}
