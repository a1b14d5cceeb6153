//! The state that the queue's interface, its scheduler and its backlog watch share.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot, watch};

use super::{
    error::QueueError,
    store_thread::{QueueClock, StoreThread},
};
use crate::{
    base::{
        event::{self, EventKind},
        timestamp::iso8601,
    },
    config::queue::QueueConfig,
    engine::Engine,
};

/// The state of the scheduler when it has nothing more to start.
#[derive(Clone, Copy, Debug, Default)]
pub struct SchedulerRest {
    pub pass: u64,
    /// The oldest running delivery.
    pub oldest_in_flight: Option<i64>,
}

/// Counts the ends of the jobs that existed when the round began.
pub(super) struct RetryRound {
    pub last: i64,
    pub delivered: AtomicU64,
    pub failed: AtomicU64,
}

/// The state that the file's thread shares with the runtime.
#[derive(Default)]
pub(super) struct QueueGauge {
    pub waiting: AtomicU64,
    /// Notified when there is something new to do.
    pub work_available: Notify,
    /// Why the file cannot be used.
    pub unusable: Mutex<Option<QueueError>>,
}

pub(super) struct QueueShared {
    pub engine: RwLock<Arc<Engine>>,
    pub store_thread: StoreThread,
    pub config: QueueConfig,
    pub gauge: Arc<QueueGauge>,
    pub clock: QueueClock,
    pub awaited: Mutex<HashMap<String, Vec<oneshot::Sender<()>>>>,
    pub rounds: Mutex<Vec<Arc<RetryRound>>>,
    pub ended: watch::Sender<u64>,
    pub rest: watch::Sender<SchedulerRest>,
    pub passes: AtomicU64,
    /// How often the file was read for due jobs.
    pub scans: AtomicU64,
    pub closing: watch::Sender<bool>,
}

// === impl QueueShared ===

impl QueueShared {
    pub fn engine(&self) -> Arc<Engine> {
        self.engine.read().clone()
    }

    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Records that a job is over and notifies the callers that wait for it.
    pub fn ended(&self, id: &str, seq: i64, delivered: bool) {
        for round in self.rounds.lock().iter().filter(|round| seq <= round.last) {
            let count = if delivered { &round.delivered } else { &round.failed };
            count.fetch_add(1, Ordering::AcqRel);
        }
        self.over(id);
    }

    pub fn over(&self, id: &str) {
        // Dropping the senders is the notification.
        drop(self.awaited.lock().remove(id));
        self.ended.send_modify(|count| *count += 1);
    }

    pub fn emit(&self, event: &str, id: &str, more: Value) {
        let engine = self.engine();
        event::emit(&*engine.events, EventKind::Queue, || {
            let mut event_json = json!({
                "event": event,
                "id": id,
                "remaining": self.gauge.waiting.load(Ordering::Acquire),
                "at": iso8601(engine.wall()),
            });
            if let (Some(event_json), Value::Object(more)) = (event_json.as_object_mut(), more) {
                event_json.extend(more);
            }
            event_json
        });
    }
}
