//! The right to use a connection. It gives back what it is dropped with.

use std::sync::{Arc, Weak};

use super::Pool;
use crate::net::{conn::Conn, h2::Sender};

/// A connection for one exchange.
pub enum Lease {
    H1(H1Lease),
    H2(H2Lease),
}

/// A connection of one's own. It is closed when dropped, unless it was never used or is free again.
pub struct H1Lease {
    pool: Arc<Pool>,
    conn: Option<Conn>,
    used: bool,
}

/// A stream on a shared connection.
pub struct H2Lease {
    pool: Weak<Pool>,
    line: u64,
    pub sender: Sender,
    pub reused: bool,
}

impl H1Lease {
    pub(super) fn new(pool: Arc<Pool>, conn: Conn) -> Self {
        Self { pool, conn: Some(conn), used: false }
    }

    pub fn conn(&mut self) -> &mut Conn {
        self.used = true;
        #[expect(
            clippy::expect_used,
            reason = "only drop takes it, and nothing is called on what is dropped"
        )]
        self.conn.as_mut().expect("a lease has its connection until it ends")
    }

    /// Lets go of the connections that are idle now.
    pub fn distrust_idle(&self) {
        self.pool.drop_idle();
    }

    /// The exchange is over and the connection may carry another.
    pub fn free(mut self) {
        self.used = false;
    }
}

impl Drop for H1Lease {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take()
            && !self.used
        {
            self.pool.park(conn);
        }
    }
}

impl H2Lease {
    pub(super) fn new(pool: &Arc<Pool>, line: u64, sender: Sender, reused: bool) -> Self {
        Self { pool: Arc::downgrade(pool), line, sender, reused }
    }

    /// No further streams on this connection; those under way go on.
    pub fn retire(&self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.line_ended(self.line);
        }
    }
}

impl Drop for H2Lease {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.release(self.line);
        }
    }
}
