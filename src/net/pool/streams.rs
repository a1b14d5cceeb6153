//! Takes back the streams of shared connections.

use std::sync::Arc;

use tokio::time::Instant;

use super::Pool;

// === impl Pool ===

impl Pool {
    /// A stream has ended.
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
