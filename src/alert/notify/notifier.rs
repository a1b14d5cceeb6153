//! Sends alerts to receivers: through the dispatcher, then through a queue for each receiver. One task serves
//! the dispatcher, one each queue; they end with `close`, or when this is dropped.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    task::AbortHandle,
    time,
};

use super::{
    NotifyConfig, delivery_stats::DeliveryStats, function::AlertFunction, post, queue::ReceiverQueue,
    receiver_state::NotifyContext,
};
use crate::{
    alert::{dispatcher::Dispatcher, types::Alert},
    base::{
        clock::{WallClock, now},
        event::EventSink,
    },
    net::{
        client::HttpClient,
        connector::{Connector, TcpDial},
        proxy::{Proxy, ProxyOptions},
        tls::{BadCertificate, TlsOptions},
    },
};

pub struct Notifier {
    inner: Arc<NotifierInner>,
    dispatcher_task: Mutex<Option<AbortHandle>>,
}

struct NotifierInner {
    state: Mutex<NotifierState>,
    /// The dispatcher has a new alert.
    came: Notify,
    context: NotifyContext,
}

struct NotifierState {
    dispatcher: Dispatcher,
    queues: Vec<ReceiverQueue>,
    closed: bool,
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.end();
    }
}

impl Notifier {
    pub fn new(
        config: NotifyConfig,
        http: HttpClient,
        events: Arc<dyn EventSink>,
        functions: Arc<dyn AlertFunction>,
        wall: Arc<dyn WallClock>,
    ) -> Self {
        let closing = watch::Sender::new(false);
        let context = NotifyContext { events, functions, wall, tallies: Arc::default(), closing };
        let queues =
            config.receivers.into_iter().map(|r| ReceiverQueue::new(r, http.clone(), context.clone()));
        let state = NotifierState {
            queues: queues.collect(),
            dispatcher: Dispatcher::new(config.policy),
            closed: false,
        };
        let inner = NotifierInner { state: Mutex::new(state), came: Notify::new(), context };
        Self { inner: Arc::new(inner), dispatcher_task: Mutex::default() }
    }

    /// Applies a new configuration. Remaining receivers keep their queue; the queues of others are dropped.
    pub fn reconfigure(&self, config: NotifyConfig, http: &HttpClient) {
        let mut state = self.inner.state.lock();
        state.dispatcher.reconfigure(config.policy);
        let mut before = std::mem::take(&mut state.queues);
        for receiver in config.receivers {
            let known = before.iter().position(|queue| *queue.receiver() == receiver);
            let queue = match known {
                Some(at) => {
                    let queue = before.swap_remove(at);
                    queue.use_connections(http.clone());
                    queue
                }
                None => ReceiverQueue::new(receiver, http.clone(), self.inner.context.clone()),
            };
            state.queues.push(queue);
        }
    }

    /// Takes an alert. Without a runtime it is not sent.
    pub fn pass(&self, alert: &Alert) {
        {
            let mut state = self.inner.state.lock();
            if state.closed || state.queues.is_empty() {
                return;
            }
            if !state.dispatcher.take(alert.clone(), now()) {
                state.queues.iter().for_each(|queue| queue.dropped(1));
            }
        }
        self.inner.came.notify_one();
        let mut task = self.dispatcher_task.lock();
        if task.is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            *task = Some(runtime.spawn(watch_desk(self.inner.clone())).abort_handle());
        }
    }

    /// The delivery outcomes by receiver.
    pub fn tallies(&self) -> &DeliveryStats {
        &self.inner.context.tallies
    }

    /// Sends what is waiting, for at most `within`, and ends.
    pub async fn close(&self, within: Duration) {
        let lines = {
            let mut state = self.inner.state.lock();
            state.closed = true;
            let alerts = state.dispatcher.flush(now(), self.inner.context.wall.now());
            deliver(&state.queues, &alerts);
            state.queues.iter().map(ReceiverQueue::receiver_state).collect::<Vec<_>>()
        };
        self.inner.context.closing.send_replace(true);
        let all = async {
            for line in &lines {
                line.idle().await;
            }
        };
        let _ = time::timeout(within, all).await;
        self.end();
    }

    /// Ends. What has not been sent is dropped.
    pub fn end(&self) {
        if let Some(task) = self.dispatcher_task.lock().take() {
            task.abort();
        }
        let mut state = self.inner.state.lock();
        state.closed = true;
        // Waiting messages are dropped and counted.
        state.queues.clear();
    }
}

/// The connections of a forwarder without a client.
pub fn connections(proxy: &ProxyOptions, tls: &TlsOptions) -> Result<HttpClient, BadCertificate> {
    let proxy = Proxy::new(proxy).map(Arc::new);
    let dial = Arc::new(TcpDial::new(tls, proxy.clone())?);
    Ok(HttpClient::new(Connector::new(dial, post::TIMEOUT), proxy, None))
}

fn deliver(queues: &[ReceiverQueue], alerts: &[Alert]) {
    if !alerts.is_empty() {
        queues.iter().for_each(|queue| queue.push(alerts));
    }
}

/// Moves due alerts from the dispatcher to the queues. Ended by its owner.
async fn watch_desk(inner: Arc<NotifierInner>) {
    loop {
        let next = {
            let mut state = inner.state.lock();
            let alerts = state.dispatcher.ready(now(), inner.context.wall.now());
            deliver(&state.queues, &alerts);
            state.dispatcher.next_at()
        };
        let came = inner.came.notified();
        match next {
            None => came.await,
            Some(at) => tokio::select! {
                biased;
                () = came => {}
                () = time::sleep_until(time::Instant::from_std(at)) => {}
            },
        }
    }
}
