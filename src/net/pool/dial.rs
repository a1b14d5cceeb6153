//! Connections being opened: for whom, and what becomes of them.

use std::{collections::VecDeque, sync::Arc};

use tokio::runtime::Handle;

use super::{Pool, dial_policy::MAX_LINES, shared_connection::SharedConnection, state::PoolState};
use crate::net::{conn::Conn, failure::NetworkFailure, h2::Sender};

/// One connection being opened, for a call that may be served by another before it is.
pub(super) struct DialTask {
    pub(super) pool: Arc<Pool>,
    pub(super) id: u64,
    pub(super) wanted_by: u64,
}

/// A connection, ready to speak on.
pub(super) enum OpenedConnection {
    H1(Conn),
    H2(u64, Sender),
}

// === impl Dialing ===

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

    /// Opens a connection. It is opened to its end: half a handshake helps nobody, and the next call may
    /// want it. False without one to open, or without a runtime.
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
            state.next_line += 1;
            state.next_line
        };
        let pool = Arc::downgrade(self);
        let ended = move || {
            if let Some(pool) = pool.upgrade() {
                pool.line_ended(id);
            }
        };
        Ok(OpenedConnection::H2(id, Sender::new(conn, ended).await?))
    }

    /// Puts a new connection to use.
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
                    // Before it is known that connections are shared, every call has one opened.
                    let unneeded = state.closed || state.has_room() || state.lines.len() >= MAX_LINES;
                    if unneeded {
                        Some(sender)
                    } else {
                        state.lines.push(SharedConnection::new(id, sender));
                        None
                    }
                };
                drop(unneeded);
                self.serve();
                self.watch();
            }
        }
    }

    /// A connection could not be opened: whoever waited for it hears why.
    fn failed(&self, failure: &NetworkFailure, wanted_by: u64) {
        let failed = {
            let mut state = self.state.lock();
            let others = state.dialing.len().saturating_sub(1);
            // Those who share connections waited for this one alike, or they would have a stream. Otherwise
            // it is one who loses his: the caller, or the next in line when the caller got that one's.
            let all = state.speaks_h2 && others == 0;
            let caller = state.waiting.iter().position(|w| w.id == wanted_by);
            let short = !state.speaks_h2 && state.waiting.len() > others;
            match caller.or(short.then_some(0)) {
                _ if all => std::mem::take(&mut state.waiting),
                Some(at) => state.waiting.remove(at).into_iter().collect(),
                None => VecDeque::new(),
            }
        };
        for waiting in failed {
            let _ = waiting.offer.send(Err(failure.clone()));
        }
    }
}
