//! Opens connections for a pool.

use std::{collections::VecDeque, sync::Arc};

use tokio::runtime::Handle;

use super::{Pool, dial_policy::MAX_H2_CONNECTIONS, shared_connection::SharedConnection, state::PoolState};
use crate::net::{conn::Conn, failure::NetworkFailure, h2::Sender};

/// One connection being opened for a call, which another connection may serve first.
pub(super) struct DialTask {
    pub(super) pool: Arc<Pool>,
    pub(super) id: u64,
    pub(super) wanted_by: u64,
}

/// A connection ready for use.
pub(super) enum OpenedConnection {
    H1(Conn),
    H2(u64, Sender),
}

// === impl DialTask ===

impl DialTask {
    async fn run(self) {
        match self.pool.open().await {
            Ok(opened) => {
                let pool = self.pool.clone();
                drop(self);
                pool.opened(opened);
            }
            Err(failure) => self.pool.failed(&failure, self.wanted_by),
        }
    }
}

impl Drop for DialTask {
    fn drop(&mut self) {
        self.pool.state.lock().dialing.retain(|(id, _)| *id != self.id);
    }
}

// === impl Pool ===

impl Pool {
    pub(super) fn dialing(self: &Arc<Self>, state: &mut PoolState, wanted_by: u64) -> DialTask {
        DialTask { pool: self.clone(), id: state.begin_dial(), wanted_by }
    }

    /// Opens a connection in the background. It is completed even when the call no longer needs it: the next
    /// may. False without a task, or without a runtime.
    pub(super) fn dial(&self, dialing: Option<DialTask>) -> bool {
        let (Some(dialing), Ok(runtime)) = (dialing, Handle::try_current()) else { return false };
        let mut dials = self.dials.lock();
        while dials.try_join_next().is_some() {}
        dials.spawn_on(dialing.run(), &runtime);
        true
    }

    pub(super) async fn open(self: &Arc<Self>) -> Result<OpenedConnection, NetworkFailure> {
        let conn = self.connector.open(self.target.clone()).await?;
        if !conn.h2 {
            return Ok(OpenedConnection::H1(conn));
        }
        let id = {
            let mut state = self.state.lock();
            state.next_connection_id += 1;
            state.next_connection_id
        };
        let pool = Arc::downgrade(self);
        let ended = move || {
            if let Some(pool) = pool.upgrade() {
                pool.connection_ended(id);
            }
        };
        Ok(OpenedConnection::H2(id, Sender::new(conn, ended).await?))
    }

    /// Hands out a new connection.
    pub(super) fn opened(self: &Arc<Self>, opened: OpenedConnection) {
        let shared = matches!(opened, OpenedConnection::H2(..));
        self.state.lock().speaks_h2 = shared;
        match opened {
            OpenedConnection::H1(conn) => {
                self.give(conn);
                self.serve();
            }
            OpenedConnection::H2(id, sender) => {
                let unneeded = {
                    let mut state = self.state.lock();
                    // Before the pool knows that connections are shared, it opens one for every call.
                    let unneeded = state.closed
                        || state.has_room()
                        || state.shared_connections.len() >= MAX_H2_CONNECTIONS;
                    if unneeded {
                        Some(sender)
                    } else {
                        state.shared_connections.push(SharedConnection::new(id, sender));
                        None
                    }
                };
                drop(unneeded);
                self.serve();
                self.watch();
            }
        }
    }

    /// Fails the calls that waited for a connection that could not be opened.
    fn failed(&self, failure: &NetworkFailure, wanted_by: u64) {
        let failed = {
            let mut state = self.state.lock();
            let others = state.dialing.len().saturating_sub(1);
            // With shared connections, every waiting call depended on this one. Otherwise one call loses
            // its connection:
            // the one it was opened for, or the next if that was served already.
            let all = state.speaks_h2 && others == 0;
            let caller = state.waiters.iter().position(|w| w.id == wanted_by);
            let short = !state.speaks_h2 && state.waiters.len() > others;
            match caller.or(short.then_some(0)) {
                _ if all => std::mem::take(&mut state.waiters),
                Some(at) => state.waiters.remove(at).into_iter().collect(),
                None => VecDeque::new(),
            }
        };
        for waiter in failed {
            let _ = waiter.offer.send(Err(failure.clone()));
        }
    }
}
