//! Reads a stream's bytes, with a timeout.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use tokio::time::{self, Sleep};

use crate::{net::body::Body, policy::fault::FaultKind};

/// How long to wait for the end of a body, so that its connection can be reused.
const DRAIN: Duration = Duration::from_millis(200);

pub enum BodyFrame {
    Data,
    End,
    Broken(String),
    TimedOut,
}

pub async fn next_frame(body: &mut Body, mut timer: Pin<&mut Sleep>, out: &mut Vec<u8>) -> BodyFrame {
    poll_fn(|cx| match body.poll_data(cx, out) {
        Poll::Ready(Ok(true)) => Poll::Ready(BodyFrame::Data),
        Poll::Ready(Ok(false)) => Poll::Ready(BodyFrame::End),
        Poll::Ready(Err(why)) => Poll::Ready(BodyFrame::Broken(why)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| BodyFrame::TimedOut),
    })
    .await
}

/// Reads the rest of a finished body, so that the pool gets the connection back.
pub fn drain(body: &mut Body) {
    if body.is_end() {
        return;
    }
    let mut body = std::mem::replace(body, Body::Empty);
    tokio::spawn(async move {
        let _ = time::timeout(DRAIN, async {
            let mut rest = Vec::new();
            while let Ok(true) = body.data(&mut rest).await {
                rest.clear();
            }
        })
        .await;
    });
}

pub fn timeout_message(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::FirstContentTimeout => "no content arrived in time",
        FaultKind::LatencyLimit => "no content arrived within the endpoint's maxLatency",
        _ => "the content stopped arriving",
    }
}
