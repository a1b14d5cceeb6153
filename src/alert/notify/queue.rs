//! The queue of one receiver: bounded, sent in order at the service's pace, retried after failures. A breaker
//! pauses a service that keeps failing, and alerts wait meanwhile.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    task::AbortHandle,
};

use super::{
    receiver::Receiver,
    receiver_state::{NotifyContext, PendingMessage, ReceiverState},
    worker::serve,
};
use crate::{
    alert::types::Alert,
    base::clock::now,
    net::client::HttpClient,
    policy::breaker::{Breaker, BreakerConfig},
};

/// The most waiting messages; beyond it the oldest are dropped.
const MOST_WAITING: usize = 256;
pub struct ReceiverQueue {
    receiver_state: Arc<ReceiverState>,
    task: Mutex<Option<AbortHandle>>,
}

// === impl ReceiverQueue ===

impl ReceiverQueue {
    pub fn new(receiver: Receiver, http: HttpClient, context: NotifyContext) -> Self {
        let breaker = BreakerConfig {
            failure_threshold: 5,
            recovery_timeout: Duration::from_secs(10),
            max_recovery_timeout: Duration::from_secs(120),
            // Consecutive failures only: a queue sends one message at a time.
            minimum_requests: u32::MAX,
            ..BreakerConfig::default()
        };
        let receiver_state = ReceiverState {
            receiver,
            http: Mutex::new(http),
            waiting: Mutex::default(),
            came: Notify::new(),
            open: watch::Sender::new(0),
            context,
            breaker: Mutex::new(Breaker::new(breaker, now())),
        };
        Self { receiver_state: Arc::new(receiver_state), task: Mutex::default() }
    }

    pub fn receiver(&self) -> &Receiver {
        &self.receiver_state.receiver
    }

    pub fn receiver_state(&self) -> Arc<ReceiverState> {
        self.receiver_state.clone()
    }

    pub fn use_connections(&self, http: HttpClient) {
        *self.receiver_state.http.lock() = http;
    }

    /// Queues alerts, as many in a message as the service accepts.
    pub fn push(&self, alerts: &[Alert]) {
        let mut lost = 0;
        {
            let mut waiting = self.receiver_state.waiting.lock();
            for some in alerts.chunks(self.receiver_state.receiver.most_alerts()) {
                if waiting.len() >= MOST_WAITING
                    && let Some(oldest) = waiting.pop_front()
                {
                    lost += oldest.alerts.len();
                    self.receiver_state.open.send_modify(|open| *open = open.saturating_sub(1));
                }
                let id = format!("msg_{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
                waiting.push_back(PendingMessage { id, alerts: some.to_vec(), since: now() });
                self.receiver_state.open.send_modify(|open| *open += 1);
            }
        }
        if lost > 0 {
            self.dropped(lost);
        }
        self.receiver_state.came.notify_one();
        let mut task = self.task.lock();
        if task.is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            *task = Some(runtime.spawn(serve(self.receiver_state.clone())).abort_handle());
        }
    }

    /// Counts alerts that are not sent.
    pub fn dropped(&self, alerts: usize) {
        self.receiver_state.tell(
            "dropped",
            alerts,
            0,
            None,
            Some("too many alerts were waiting, or they were too old"),
        );
    }
}

impl Drop for ReceiverQueue {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
        let left: usize =
            self.receiver_state.waiting.lock().drain(..).map(|message| message.alerts.len()).sum();
        if left > 0 {
            self.dropped(left);
        }
    }
}
