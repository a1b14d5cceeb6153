//! What waits for one receiver, and how one message is sent to it.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::json;
use tokio::{
    sync::{Notify, watch},
    time,
};

use super::{
    delivery_stats::DeliveryStats,
    function::AlertFunction,
    post::{self, SendOutcome},
    receiver::Receiver,
};
use crate::{
    alert::types::Alert,
    base::{
        clock::WallClock,
        duration::millis,
        event::{self, EventKind, EventSink},
        timestamp::iso8601,
    },
    net::client::HttpClient,
    policy::breaker::Breaker,
};

/// What all receivers share.
#[derive(Clone)]
pub struct NotifyContext {
    pub events: Arc<dyn EventSink>,
    pub functions: Arc<dyn AlertFunction>,
    pub wall: Arc<dyn WallClock>,
    pub tallies: Arc<DeliveryStats>,
    pub closing: watch::Sender<bool>,
}

pub struct ReceiverState {
    pub(super) receiver: Receiver,
    pub(super) http: Mutex<HttpClient>,
    pub(super) waiting: Mutex<VecDeque<PendingMessage>>,
    pub(super) came: Notify,
    /// Messages that wait or are being sent.
    pub(super) open: watch::Sender<usize>,
    pub(super) context: NotifyContext,
    pub(super) breaker: Mutex<Breaker>,
}

pub struct PendingMessage {
    pub(super) id: String,
    pub(super) alerts: Vec<Alert>,
    pub(super) since: Instant,
}

// === impl ReceiverState ===

impl ReceiverState {
    /// Resolves when no message is waiting or being sent.
    pub async fn idle(&self) {
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    pub(super) fn tell(
        &self,
        outcome: &'static str,
        alerts: usize,
        attempts: u32,
        status: Option<u16>,
        message: Option<&str>,
    ) {
        let NotifyContext { events, tallies, wall, .. } = &self.context;
        let forwarder = self.receiver.name();
        tallies.add(forwarder, outcome, alerts);
        event::emit(&**events, EventKind::Forward, || {
            let mut event = json!({
                "forwarder": forwarder, "outcome": outcome, "alerts": alerts, "attempts": attempts,
                "at": iso8601(wall.now()),
            });
            if let Some(status) = status {
                event["status"] = status.into();
            }
            if let Some(message) = message {
                event["message"] = message.into();
            }
            event
        });
    }

    /// Emits that a message could not be sent and will be retried.
    pub(super) fn tell_delay(
        &self,
        message: &PendingMessage,
        attempts: u32,
        status: Option<u16>,
        why: &str,
        wait: Duration,
    ) {
        let NotifyContext { events, wall, .. } = &self.context;
        event::emit(&**events, EventKind::Forward, || {
            let mut event = json!({
                "forwarder": self.receiver.name(), "outcome": "retry", "alerts": message.alerts.len(),
                "attempts": attempts, "message": why, "retryAfterMs": millis(wait), "at": iso8601(wall.now()),
            });
            if let Some(status) = status {
                event["status"] = status.into();
            }
            event
        });
    }

    pub(super) async fn post(&self, message: &PendingMessage) -> SendOutcome {
        let wall = self.context.wall.now();
        if let Receiver::Function(number) = self.receiver {
            let Some(json) = message.alerts.first().and_then(|alert| serde_json::to_string(alert).ok())
            else {
                return SendOutcome::Sent;
            };
            let result = self.context.functions.forward(number, json);
            // The function may have done its work before it threw: it is not called again.
            return match time::timeout(post::TIMEOUT, result).await {
                Ok(true) => SendOutcome::Sent,
                Ok(false) => {
                    SendOutcome::Refused { status: None, message: "the function threw or rejected".into() }
                }
                Err(_) => SendOutcome::Refused {
                    status: None,
                    message: "the function did not finish in time".into(),
                },
            };
        }
        let Some(request) = self.receiver.http_message(&message.alerts, &message.id, wall) else {
            return SendOutcome::Refused { status: None, message: "the message could not be written".into() };
        };
        let http = self.http.lock().clone();
        post::post(&http, &self.receiver, request, wall).await
    }

    /// Waits until a moment, but not for long once the client closes.
    pub(super) async fn rest(&self, until: Instant) {
        let mut closing = self.context.closing.subscribe();
        tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => {}
            () = time::sleep_until(time::Instant::from_std(until)) => {}
        }
    }
}
