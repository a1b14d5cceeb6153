//! What the queue's interface, its scheduler and its backlog watch share.

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
    worker::{QueueClock, Worker},
};
use crate::{
    base::{
        event::{self, EventKind},
        timestamp::iso8601,
    },
    config::queue::QueueConfig,
    engine::Engine,
};

/// What the last look at the queue came to when it found nothing more to begin.
#[derive(Clone, Copy, Debug, Default)]
pub struct SchedulerRest {
    pub pass: u64,
    /// The oldest job that is being delivered.
    pub first_under_way: Option<i64>,
}

/// Counts what ends of the jobs that were there when it began.
pub(super) struct RetryRound {
    pub last: i64,
    pub delivered: AtomicU64,
    pub failed: AtomicU64,
}

/// What the file's thread and the runtime both know.
#[derive(Default)]
pub(super) struct QueueGauge {
    pub waiting: AtomicU64,
    /// There is something new to look at.
    pub kick: Notify,
    /// Why the file cannot be used, if it cannot.
    pub unusable: Mutex<Option<QueueError>>,
}

pub(super) struct QueueShared {
    pub engine: RwLock<Arc<Engine>>,
    pub worker: Worker,
    pub config: QueueConfig,
    pub gauge: Arc<QueueGauge>,
    pub clock: QueueClock,
    pub awaited: Mutex<HashMap<String, Vec<oneshot::Sender<()>>>>,
    pub rounds: Mutex<Vec<Arc<RetryRound>>>,
    pub ended: watch::Sender<u64>,
    pub rest: watch::Sender<SchedulerRest>,
    pub passes: AtomicU64,
    /// How often the file was looked into for what is due.
    pub looks: AtomicU64,
    pub closing: watch::Sender<bool>,
}

// === impl Shared ===

impl QueueShared {
    pub fn engine(&self) -> Arc<Engine> {
        self.engine.read().clone()
    }

    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// A job is over: those who wait for it hear.
    pub fn ended(&self, id: &str, seq: i64, delivered: bool) {
        for round in self.rounds.lock().iter().filter(|round| seq <= round.last) {
            let count = if delivered { &round.delivered } else { &round.failed };
            count.fetch_add(1, Ordering::AcqRel);
        }
        self.over(id);
    }

    pub fn over(&self, id: &str) {
        // Dropping them is the message.
        drop(self.awaited.lock().remove(id));
        self.ended.send_modify(|count| *count += 1);
    }

    pub fn tell(&self, event: &str, id: &str, more: Value) {
        let engine = self.engine();
        event::emit(&*engine.events, EventKind::Queue, || {
            let mut told = json!({
                "event": event,
                "id": id,
                "remaining": self.gauge.waiting.load(Ordering::Acquire),
                "at": iso8601(engine.wall()),
            });
            if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
                told.extend(more);
            }
            told
        });
    }
}
