//! Wakes the reaper when an idle connection becomes readable.

use std::{sync::Arc, task::Wake};

use tokio::sync::{Notify, futures::Notified};

/// Woken when an idle connection becomes readable. Not the pool itself: sockets hold it, and the pool holds
/// them.
#[derive(Default)]
pub(super) struct IdleWaker(Notify);

impl Wake for IdleWaker {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.notify_one();
    }
}

impl IdleWaker {
    pub(super) fn notified(&self) -> Notified<'_> {
        self.0.notified()
    }
}
