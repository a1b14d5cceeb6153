//! Idle connections: kept for a while, closed when their peer closes them.

use std::{
    sync::{Arc, Weak},
    task::Waker,
};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep_until},
};

use super::{Pool, idle_waker::IdleWaker, state::IDLE};
use crate::net::conn::Conn;

const MAX_IDLE: usize = 512;

// === impl Pool ===

impl Pool {
    /// Takes back an unused connection.
    pub(super) fn put_back(self: &Arc<Self>, mut conn: Conn) {
        let waker = Waker::from(self.idle_waker.clone());
        // Dropped outside the lock.
        let _unfit = {
            let mut state = self.state.lock();
            if state.closed || !conn.is_quiet(&waker) {
                Some(conn)
            } else if let Some(waiter) = state.next_waiter(|w| !w.fresh) {
                drop(state);
                return self.hand(conn, waiter);
            } else {
                // A call that finds it uses an existing connection.
                conn.uses = conn.uses.max(1);
                state.idle.push((conn, Instant::now()));
                (state.idle.len() > MAX_IDLE).then(|| state.idle.remove(0).0)
            }
        };
        self.watch();
    }

    /// Starts the reaper of idle connections, if it is needed and not running.
    pub(super) fn watch(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.reaper.is_some()
            || state.closed
            || (state.idle.is_empty() && state.shared_connections.is_empty())
        {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                let task = runtime.spawn(reap(Arc::downgrade(self), self.idle_waker.clone()));
                state.reaper = Some(task.abort_handle());
            }
            // The runtime is shutting down.
            Err(_) => state.idle.clear(),
        }
    }

    /// Closes all idle connections.
    pub(super) fn drop_idle(&self) {
        let idle = std::mem::take(&mut self.state.lock().idle);
        drop(idle);
    }
}

/// Closes idle connections when they expire or their peer closes them; ends when there are none.
async fn reap(pool: Weak<Pool>, idle_waker: Arc<IdleWaker>) {
    let waker = Waker::from(idle_waker.clone());
    loop {
        let Some(strong) = pool.upgrade() else { return };
        let next = {
            let mut state = strong.state.lock();
            let now = Instant::now();
            state.idle.retain_mut(|(conn, since)| *since + IDLE > now && conn.is_quiet(&waker));
            state
                .shared_connections
                .retain(|l| !l.sender.is_closed() && (l.in_use > 0 || l.idle_since + IDLE > now));
            let last_uses =
                state.shared_connections.iter().map(|l| if l.in_use > 0 { now } else { l.idle_since });
            let Some(oldest) = state.idle.iter().map(|(_, since)| *since).chain(last_uses).min() else {
                state.reaper = None;
                return;
            };
            oldest + IDLE
        };
        drop(strong);
        tokio::select! {
            biased;
            () = sleep_until(next) => {}
            () = idle_waker.notified() => {}
        }
    }
}
