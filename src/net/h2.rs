//! One HTTP/2 connection: many exchanges at a time, as many as the peer allows.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;

use super::{
    conn::{Conn, LastWrite},
    failure::{Failure, FailureKind},
};

/// Until the peer has said how many streams it allows, which it does at once: more could be refused.
const STREAMS_AT_FIRST: usize = 1;
const PING_EVERY: Duration = Duration::from_secs(20);

/// A connection's sending half.
#[derive(Clone)]
pub struct Sender {
    requests: SendRequest<Full<Bytes>>,
    writes: Arc<LastWrite>,
    pub connect_took: Duration,
    streams: Arc<AtomicUsize>,
}

impl Sender {
    /// Speaks HTTP/2 on `conn`. `changed` is called when the peer allows another number of streams, and, with
    /// `true`, when the connection has ended. The task behind it ends with the last sender and stream.
    pub async fn new(
        mut conn: Conn,
        mut changed: impl FnMut(bool) + Send + 'static,
    ) -> Result<Self, Failure> {
        let connect_took = conn.connect_took;
        let writes = conn.note_writes();
        let (requests, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_max_send_streams(STREAMS_AT_FIRST)
            // Room for many small frames: the peer is cut off when their overhead outgrows half of this, and
            // vendors flush token by token.
            .initial_connection_window_size(16 << 20)
            .initial_stream_window_size(256 << 10)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_EVERY)
            .handshake::<_, Full<Bytes>>(conn)
            .await?;
        let streams = Arc::new(AtomicUsize::new(STREAMS_AT_FIRST));
        let told = streams.clone();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            std::future::poll_fn(|cx| {
                let ended = connection.as_mut().poll(cx).is_ready();
                let allowed = connection.current_max_send_streams().max(1);
                if ended || told.swap(allowed, Ordering::Relaxed) != allowed {
                    changed(ended);
                }
                if ended { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
        });
        Ok(Self { requests, writes, connect_took, streams })
    }

    /// Streams the peer allows at a time.
    pub fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    pub fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// Sends a request and waits for the head of its answer. `reused`: the connection has served before.
    pub async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        reused: bool,
    ) -> Result<Response<Incoming>, Failure> {
        let began = Instant::now();
        self.requests.send_request(request).await.map_err(|error| {
            let mut failure = Failure::from(error);
            if failure.kind == FailureKind::Reset && reused && self.writes.before(began) {
                failure.kind = FailureKind::Unsent;
            }
            failure
        })
    }
}
