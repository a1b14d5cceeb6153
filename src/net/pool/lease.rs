//! The right to use a connection; returned when dropped.

use std::sync::{Arc, Weak};

use crate::net::{conn::Conn, h2::Sender};

/// Takes back what leases return.
pub(super) trait LeaseOwner: Send + Sync {
    fn take_back(self: Arc<Self>, conn: Conn);
    fn discard_idle(&self);
    /// A stream on this shared connection has ended.
    fn stream_ended(self: Arc<Self>, connection: u64);
    /// This shared connection takes no further streams.
    fn retire(self: Arc<Self>, connection: u64);
}

/// A connection for one exchange.
pub enum Lease {
    H1(H1Lease),
    H2(H2Lease),
}

/// An exclusive connection. Dropping it closes the connection, unless it was never used or is free again.
pub struct H1Lease {
    owner: Arc<dyn LeaseOwner>,
    conn: Option<Conn>,
    used: bool,
}

/// A stream on a shared connection.
pub struct H2Lease {
    owner: Weak<dyn LeaseOwner>,
    connection: u64,
    pub sender: Sender,
    pub reused: bool,
}

impl H1Lease {
    pub(super) fn new(owner: Arc<dyn LeaseOwner>, conn: Conn) -> Self {
        Self { owner, conn: Some(conn), used: false }
    }

    pub fn conn(&mut self) -> &mut Conn {
        self.used = true;
        #[expect(
            clippy::expect_used,
            reason = "only drop takes it, and nothing is called on what is dropped"
        )]
        self.conn.as_mut().expect("a lease has its connection until it ends")
    }

    /// Closes the idle connections.
    pub fn discard_idle(&self) {
        self.owner.discard_idle();
    }

    /// Returns the connection for another exchange.
    pub fn free(mut self) {
        self.used = false;
    }
}

impl Drop for H1Lease {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take()
            && !self.used
        {
            self.owner.clone().take_back(conn);
        }
    }
}

impl H2Lease {
    pub(super) fn new(owner: &Arc<dyn LeaseOwner>, connection: u64, sender: Sender, reused: bool) -> Self {
        Self { owner: Arc::downgrade(owner), connection, sender, reused }
    }

    /// Takes no further streams on this connection; running ones go on.
    pub fn retire(&self) {
        if let Some(owner) = self.owner.upgrade() {
            owner.retire(self.connection);
        }
    }
}

impl Drop for H2Lease {
    fn drop(&mut self) {
        if let Some(owner) = self.owner.upgrade() {
            owner.stream_ended(self.connection);
        }
    }
}
