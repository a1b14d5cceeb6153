//! The connections to one origin. A call without a free connection has one opened and takes the first
//! available:
//! that one, or one that another call returns. HTTP/2 connections are shared instead.

mod dial;
mod dial_policy;
mod idle;
mod idle_waker;
mod lease;
mod shared_connection;
mod state;
mod streams;

use std::sync::Arc;

use http::Uri;
use parking_lot::Mutex;
use tokio::{sync::oneshot, task::JoinSet};

pub use self::lease::{H1Lease, H2Lease, Lease};
use self::{
    idle_waker::IdleWaker,
    lease::LeaseOwner,
    state::{PoolState, PoolWaiter},
};
use super::{
    conn::Conn,
    connector::Connector,
    failure::{FailureKind, NetworkFailure},
};

pub struct Pool {
    target: Uri,
    connector: Connector,
    state: Mutex<PoolState>,
    /// The tasks that open connections. In a lock of its own: a runtime that shuts down drops them.
    dials: Mutex<JoinSet<()>>,
    idle_waker: Arc<IdleWaker>,
}

// === impl Pool ===

impl Pool {
    pub fn new(target: Uri, connector: Connector) -> Arc<Self> {
        Arc::new(Self {
            target,
            connector,
            state: Mutex::default(),
            dials: Mutex::default(),
            idle_waker: Arc::default(),
        })
    }

    pub fn target(&self) -> &Uri {
        &self.target
    }

    pub fn is_for(&self, uri: &Uri) -> bool {
        self.target.scheme() == uri.scheme() && self.target.authority() == uri.authority()
    }

    /// Takes a free connection or the next available one; with `fresh`, an unused one. Must be called on
    /// the runtime.
    pub async fn checkout(self: &Arc<Self>, fresh: bool) -> Result<Lease, NetworkFailure> {
        let owner: Arc<dyn LeaseOwner> = self.clone();
        let (offer, dialing) = {
            let mut state = self.state.lock();
            if state.closed {
                return Err(closed());
            }
            let found = if fresh { state.take_stream(&owner).map(Lease::H2) } else { state.take(&owner) };
            if let Some(lease) = found {
                return Ok(lease);
            }
            let (offer, receiver) = oneshot::channel();
            state.waiters.retain(|w| !w.offer.is_closed());
            state.next_waiter += 1;
            let id = state.next_waiter;
            state.waiters.push_back(PoolWaiter { id, fresh, offer });
            (receiver, state.may_dial().then(|| self.dialing(&mut state, id)))
        };
        self.dial(dialing);
        offer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Opens a connection ahead of need, unless one is free.
    pub async fn warm(self: &Arc<Self>) -> Result<(), NetworkFailure> {
        {
            let mut state = self.state.lock();
            if state.closed || state.is_warm(&self.idle_waker) {
                return Ok(());
            }
        }
        let opened = self.open().await?;
        self.opened(opened);
        Ok(())
    }

    /// Closes idle connections and takes none back; those in use end with their user.
    pub fn close(&self) {
        let dropped = {
            let mut state = self.state.lock();
            state.closed = true;
            if let Some(reaper) = state.reaper.take() {
                reaper.abort();
            }
            (
                std::mem::take(&mut state.idle),
                std::mem::take(&mut state.shared_connections),
                std::mem::take(&mut state.waiters),
            )
        };
        drop(dropped);
        self.dials.lock().abort_all();
    }

    /// Gives streams to waiting calls, and opens missing connections for the others.
    fn serve(self: &Arc<Self>) {
        let owner: Arc<dyn LeaseOwner> = self.clone();
        loop {
            let (waiter, lease) = {
                let mut state = self.state.lock();
                state.waiters.retain(|w| !w.offer.is_closed());
                if state.closed || state.waiters.is_empty() {
                    return;
                }
                match state.take_stream(&owner) {
                    Some(lease) => (state.waiters.pop_front(), lease),
                    None => break,
                }
            };
            if let Some(waiter) = waiter {
                let _ = waiter.offer.send(Ok(Lease::H2(lease)));
            }
        }
        loop {
            let dialing = {
                let mut state = self.state.lock();
                let first = state.waiters.front().map(|w| w.id);
                first.filter(|_| state.may_dial()).map(|id| self.dialing(&mut state, id))
            };
            if !self.dial(dialing) {
                return;
            }
        }
    }

    /// Gives a new connection to a waiting call, even if the peer closes it at once: that is a failure that
    /// the call has to see.
    fn give(self: &Arc<Self>, conn: Conn) {
        let waiter = self.state.lock().next_waiter(|_| true);
        match waiter {
            Some(waiter) => self.hand(conn, waiter),
            None => self.put_back(conn),
        }
    }

    fn hand(self: &Arc<Self>, conn: Conn, waiter: PoolWaiter) {
        // If the waiting call is gone, the lease returns the connection.
        let _ = waiter.offer.send(Ok(Lease::H1(H1Lease::new(self.clone(), conn))));
    }
}

impl LeaseOwner for Pool {
    fn take_back(self: Arc<Self>, conn: Conn) {
        self.put_back(conn);
    }

    fn discard_idle(&self) {
        self.drop_idle();
    }

    fn stream_ended(self: Arc<Self>, connection: u64) {
        self.release(connection);
    }

    fn retire(self: Arc<Self>, connection: u64) {
        self.connection_ended(connection);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(reaper) = self.state.get_mut().reaper.take() {
            reaper.abort();
        }
    }
}

fn closed() -> NetworkFailure {
    NetworkFailure::new(FailureKind::Unsent, "the client is closed")
}
