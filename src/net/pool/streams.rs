//! Takes back the streams of shared connections.

use std::sync::Arc;

use tokio::time::Instant;

use super::Pool;

// === impl Pool ===

impl Pool {
    /// A stream has ended.
    pub(super) fn release(self: &Arc<Self>, connection: u64) {
        {
            let mut state = self.state.lock();
            if let Some(connection) = state.shared_connections.iter_mut().find(|l| l.id == connection) {
                connection.in_use -= 1;
                connection.settled = true;
                connection.idle_since = Instant::now();
                let allowed = connection.sender.streams();
                state.allowed = Some(allowed);
            }
        }
        self.serve();
    }

    pub(super) fn connection_ended(self: &Arc<Self>, id: u64) {
        let connection = {
            let mut state = self.state.lock();
            let at = state.shared_connections.iter().position(|l| l.id == id);
            at.map(|at| state.shared_connections.swap_remove(at))
        };
        drop(connection);
        self.serve();
    }
}
