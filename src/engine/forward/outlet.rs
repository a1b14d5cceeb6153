//! The line of one receiver: bounded, sent in order, at the service's pace, again after failures. A service that fails
//! in a row is left alone by a breaker, and what comes meanwhile waits.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::json;
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    task::AbortHandle,
    time,
};

use super::post::{self, Posted};
use crate::{
    alert::{Alert, forward::Receiver},
    clock::{Wall, now},
    duration::millis,
    engine::client::Functions,
    event::{self, EventKind, EventSink},
    net::client::HttpClient,
    policy::{
        backoff::exponential,
        breaker::{Breaker, BreakerConfig, Verdict},
        fault::Weight,
    },
    timestamp::iso8601,
};

/// Messages that wait for one receiver; beyond it the oldest are dropped.
const MOST_WAITING: usize = 256;
/// A message that could not be sent for so long is given up.
const LONGEST: Duration = Duration::from_secs(3_600);
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// Who listens, and what they all have in common.
#[derive(Clone)]
pub struct Around {
    pub events: Arc<dyn EventSink>,
    pub functions: Arc<dyn Functions>,
    pub wall: Arc<dyn Wall>,
    pub tallies: Arc<Tally>,
    pub closing: watch::Sender<bool>,
}

/// Alerts by receiver, and what became of them.
#[derive(Default)]
pub struct Tally(Mutex<BTreeMap<(&'static str, &'static str), u64>>);

pub struct Outlet {
    line: Arc<Line>,
    task: Mutex<Option<AbortHandle>>,
}

pub struct Line {
    receiver: Receiver,
    http: Mutex<HttpClient>,
    waiting: Mutex<VecDeque<Message>>,
    came: Notify,
    /// Messages that wait or are being sent.
    open: watch::Sender<usize>,
    around: Around,
    breaker: Mutex<Breaker>,
}

struct Message {
    id: String,
    alerts: Vec<Alert>,
    since: Instant,
}

impl Tally {
    fn add(&self, receiver: &'static str, outcome: &'static str, alerts: usize) {
        *self.0.lock().entry((receiver, outcome)).or_default() += alerts as u64;
    }

    /// Receiver, outcome (sent, failed, dropped) and count.
    pub fn all(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.0.lock().iter().map(|((receiver, outcome), count)| (*receiver, *outcome, *count)).collect()
    }
}

// === impl Outlet ===

impl Drop for Outlet {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
        let left: usize = self.line.waiting.lock().drain(..).map(|message| message.alerts.len()).sum();
        if left > 0 {
            self.dropped(left);
        }
    }
}

impl Outlet {
    pub fn new(receiver: Receiver, http: HttpClient, around: Around) -> Self {
        let breaker = BreakerConfig {
            failure_threshold: 5,
            recovery_timeout: Duration::from_secs(10),
            max_recovery_timeout: Duration::from_secs(120),
            // In a row alone: a line has one at a time.
            minimum_requests: u32::MAX,
            ..BreakerConfig::default()
        };
        let line = Line {
            receiver,
            http: Mutex::new(http),
            waiting: Mutex::default(),
            came: Notify::new(),
            open: watch::Sender::new(0),
            around,
            breaker: Mutex::new(Breaker::new(breaker, now())),
        };
        Self { line: Arc::new(line), task: Mutex::default() }
    }

    pub fn receiver(&self) -> &Receiver {
        &self.line.receiver
    }

    pub fn line(&self) -> Arc<Line> {
        self.line.clone()
    }

    pub fn use_connections(&self, http: HttpClient) {
        *self.line.http.lock() = http;
    }

    /// Puts alerts into the line, as many to a message as the service takes.
    pub fn push(&self, alerts: &[Alert]) {
        let mut lost = 0;
        {
            let mut waiting = self.line.waiting.lock();
            for some in alerts.chunks(self.line.receiver.most_alerts()) {
                if waiting.len() >= MOST_WAITING
                    && let Some(oldest) = waiting.pop_front()
                {
                    lost += oldest.alerts.len();
                    self.line.open.send_modify(|open| *open = open.saturating_sub(1));
                }
                let id = format!("msg_{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
                waiting.push_back(Message { id, alerts: some.to_vec(), since: now() });
                self.line.open.send_modify(|open| *open += 1);
            }
        }
        if lost > 0 {
            self.dropped(lost);
        }
        self.line.came.notify_one();
        let mut task = self.task.lock();
        if task.is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            *task = Some(runtime.spawn(serve(self.line.clone())).abort_handle());
        }
    }

    /// So many alerts will not be told.
    pub fn dropped(&self, alerts: usize) {
        self.line.tell("dropped", alerts, 0, None, Some("there was no room for them, or no time"));
    }
}

// === impl Line ===

impl Line {
    /// Resolves when nothing waits and nothing is being sent.
    pub async fn idle(&self) {
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    fn tell(
        &self,
        outcome: &'static str,
        alerts: usize,
        attempts: u32,
        status: Option<u16>,
        message: Option<&str>,
    ) {
        let Around { events, tallies, wall, .. } = &self.around;
        let forwarder = self.receiver.name();
        tallies.add(forwarder, outcome, alerts);
        event::emit(&**events, EventKind::Forward, || {
            let mut told = json!({
                "forwarder": forwarder, "outcome": outcome, "alerts": alerts, "attempts": attempts,
                "at": iso8601(wall.now()),
            });
            if let Some(status) = status {
                told["status"] = status.into();
            }
            if let Some(message) = message {
                told["message"] = message.into();
            }
            told
        });
    }

    /// It could not be sent, and will be tried again.
    fn tell_delay(&self, message: &Message, attempts: u32, status: Option<u16>, why: &str, wait: Duration) {
        let Around { events, wall, .. } = &self.around;
        event::emit(&**events, EventKind::Forward, || {
            let mut told = json!({
                "forwarder": self.receiver.name(), "outcome": "retry", "alerts": message.alerts.len(),
                "attempts": attempts, "message": why, "retryAfterMs": millis(wait), "at": iso8601(wall.now()),
            });
            if let Some(status) = status {
                told["status"] = status.into();
            }
            told
        });
    }

    async fn post(&self, message: &Message) -> Posted {
        let wall = self.around.wall.now();
        if let Receiver::Function(number) = self.receiver {
            let Some(json) = message.alerts.first().and_then(|alert| serde_json::to_string(alert).ok())
            else {
                return Posted::Sent;
            };
            let asked = self.around.functions.forward(number, json);
            // It may have done its work before it threw: it is not asked again.
            return match time::timeout(post::TIMEOUT, asked).await {
                Ok(true) => Posted::Sent,
                Ok(false) => {
                    Posted::Refused { status: None, message: "the function threw or rejected".into() }
                }
                Err(_) => {
                    Posted::Refused { status: None, message: "the function did not come to its end".into() }
                }
            };
        }
        let Some(letter) = self.receiver.letter(&message.alerts, &message.id, wall) else {
            return Posted::Refused { status: None, message: "the message could not be written".into() };
        };
        let http = self.http.lock().clone();
        post::post(&http, &self.receiver, letter, wall).await
    }

    /// Waits, but not for long once the client closes.
    async fn rest(&self, until: Instant) {
        let mut closing = self.around.closing.subscribe();
        tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => {}
            () = time::sleep_until(time::Instant::from_std(until)) => {}
        }
    }
}

/// Sends one message after another. Ended by its outlet.
async fn serve(line: Arc<Line>) {
    let mut next = now();
    loop {
        let message = line.waiting.lock().pop_front();
        let Some(message) = message else {
            line.came.notified().await;
            continue;
        };
        send(&line, message, &mut next).await;
        line.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

async fn send(line: &Line, message: Message, next: &mut Instant) {
    // An abort in the middle drops it: that is counted, too.
    let mut unsent = Unsent { line, alerts: message.alerts.len() };
    let mut attempts: u32 = 0;
    loop {
        // Services' own limits are kept to the end.
        time::sleep_until(time::Instant::from_std(*next)).await;
        let admitted = line.breaker.lock().admit(now());
        let permit = match admitted {
            Ok(permit) => Some(permit),
            // Whoever closes has one more try for each.
            Err(_) if *line.around.closing.borrow() => None,
            Err(at) => {
                line.rest(at).await;
                continue;
            }
        };
        attempts += 1;
        let posted = line.post(&message).await;
        *next = now() + line.receiver.pace();
        let verdict = match &posted {
            Posted::Sent | Posted::Refused { .. } => Verdict::Success,
            Posted::Again { status: Some(429), .. } => Verdict::Failed(Weight::Neutral),
            Posted::Again { .. } => Verdict::Failed(Weight::Failure),
        };
        if let Some(permit) = permit {
            line.breaker.lock().record(permit, verdict, now(), fastrand::f64());
        }
        let alerts = message.alerts.len();
        match posted {
            Posted::Sent => {
                unsent.alerts = 0;
                return line.tell("sent", alerts, attempts, None, None);
            }
            Posted::Refused { status, message: why } => {
                unsent.alerts = 0;
                return line.tell("failed", alerts, attempts, status, Some(&why));
            }
            Posted::Again { status, message: why, after } => {
                let old = now().saturating_duration_since(message.since) >= LONGEST;
                if old || *line.around.closing.borrow() {
                    unsent.alerts = 0;
                    return line.tell("failed", alerts, attempts, status, Some(&why));
                }
                let backoff = exponential(FIRST_BACKOFF, 2.0, attempts - 1, LONGEST_BACKOFF);
                let wait =
                    after.unwrap_or_default().min(LONGEST).max(backoff.mul_f64(0.5 + fastrand::f64() / 2.0));
                line.tell_delay(&message, attempts, status, &why, wait);
                line.rest(now() + wait).await;
            }
        }
    }
}

struct Unsent<'l> {
    line: &'l Line,
    alerts: usize,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        if self.alerts > 0 {
            self.line.tell("dropped", self.alerts, 0, None, Some("the client was closed"));
        }
    }
}
