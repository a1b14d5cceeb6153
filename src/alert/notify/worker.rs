//! Sends a queue's messages one after another, at the service's pace, with retries.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time;

use super::{
    post::SendOutcome,
    receiver_state::{PendingMessage, ReceiverState},
};
use crate::{
    base::clock::now,
    policy::{backoff::exponential, breaker::AttemptVerdict, fault::BreakerWeight},
};

/// A message is dropped when it could not be sent for this long.
const LONGEST: Duration = Duration::from_secs(3_600);
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// Sends one message after another. Ended by its queue.
pub async fn serve(receiver_state: Arc<ReceiverState>) {
    let mut next = now();
    loop {
        let message = receiver_state.waiting.lock().pop_front();
        let Some(message) = message else {
            receiver_state.came.notified().await;
            continue;
        };
        send(&receiver_state, message, &mut next).await;
        receiver_state.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

async fn send(receiver_state: &ReceiverState, message: PendingMessage, next: &mut Instant) {
    // Counts the alerts also when the task is aborted.
    let mut unsent = UnsentGuard { receiver_state, alerts: message.alerts.len() };
    let mut attempts: u32 = 0;
    loop {
        // The service's own pace is kept while closing too.
        time::sleep_until(time::Instant::from_std(*next)).await;
        let admitted = receiver_state.breaker.lock().admit(now());
        let permit = match admitted {
            Ok(permit) => Some(permit),
            // While closing, each message gets one more attempt.
            Err(_) if *receiver_state.context.closing.borrow() => None,
            Err(at) => {
                receiver_state.rest(at).await;
                continue;
            }
        };
        attempts += 1;
        let posted = receiver_state.post(&message).await;
        *next = now() + receiver_state.receiver.min_interval();
        let verdict = match &posted {
            SendOutcome::Sent | SendOutcome::Refused { .. } => AttemptVerdict::Success,
            SendOutcome::Again { status: Some(429), .. } => AttemptVerdict::Failed(BreakerWeight::Neutral),
            SendOutcome::Again { .. } => AttemptVerdict::Failed(BreakerWeight::Failure),
        };
        if let Some(permit) = permit {
            receiver_state.breaker.lock().record(permit, verdict, now(), fastrand::f64());
        }
        let alerts = message.alerts.len();
        match posted {
            SendOutcome::Sent => {
                unsent.alerts = 0;
                return receiver_state.tell("sent", alerts, attempts, None, None);
            }
            SendOutcome::Refused { status, message: why } => {
                unsent.alerts = 0;
                return receiver_state.tell("failed", alerts, attempts, status, Some(&why));
            }
            SendOutcome::Again { status, message: why, after } => {
                let old = now().saturating_duration_since(message.since) >= LONGEST;
                if old || *receiver_state.context.closing.borrow() {
                    unsent.alerts = 0;
                    return receiver_state.tell("failed", alerts, attempts, status, Some(&why));
                }
                let backoff = exponential(FIRST_BACKOFF, 2.0, attempts - 1, LONGEST_BACKOFF);
                let wait =
                    after.unwrap_or_default().min(LONGEST).max(backoff.mul_f64(0.5 + fastrand::f64() / 2.0));
                receiver_state.tell_delay(&message, attempts, status, &why, wait);
                receiver_state.rest(now() + wait).await;
            }
        }
    }
}

struct UnsentGuard<'l> {
    receiver_state: &'l ReceiverState,
    alerts: usize,
}

impl Drop for UnsentGuard<'_> {
    fn drop(&mut self) {
        if self.alerts > 0 {
            self.receiver_state.tell("dropped", self.alerts, 0, None, Some("the client was closed"));
        }
    }
}
