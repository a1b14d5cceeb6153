//! An HTTP/2 connection: many concurrent exchanges, as many as the peer allows.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::Poll,
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
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    conn::{Conn, LastWrite},
    failure::{FailureKind, NetworkFailure},
};

/// Assumed until the peer announces its limit. Requests that it refuses are sent again without retry
/// budget.
const STREAMS_AT_FIRST: usize = 100;
const PING_EVERY: Duration = Duration::from_secs(20);

/// The sending half of a connection.
#[derive(Clone)]
pub struct Sender {
    requests: SendRequest<Full<Bytes>>,
    writes: Arc<LastWrite>,
    pub connect_took: Duration,
    /// Driven by its own task; asked here for the number of streams that the peer allows.
    connection: Arc<Mutex<Option<Connection>>>,
}

type Connection = http2::Connection<Conn, Full<Bytes>, TokioExecutor>;

impl Sender {
    /// Starts HTTP/2 on `conn`. `ended` is called at its end. Its task ends with the last sender and
    /// stream.
    pub async fn new(mut conn: Conn, ended: impl FnOnce() + Send + 'static) -> Result<Self, NetworkFailure> {
        let connect_took = conn.connect_took;
        let writes = conn.note_writes();
        let (requests, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_max_send_streams(STREAMS_AT_FIRST)
            // Room for many small frames: the peer is disconnected when their overhead exceeds half of this,
            // and vendors flush token by token.
            .initial_connection_window_size(16 << 20)
            .initial_stream_window_size(256 << 10)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_EVERY)
            .handshake::<_, Full<Bytes>>(conn)
            .await?;
        let connection = Arc::new(Mutex::new(Some(connection)));
        let driven = connection.clone();
        tokio::spawn(async move {
            poll_fn(|cx| match &mut *driven.lock() {
                Some(connection) => Pin::new(connection).poll(cx).map(|_| ()),
                None => Poll::Ready(()),
            })
            .await;
            // Dropped at once: requests that still wait in it learn that they were not sent.
            let connection = driven.lock().take();
            drop(connection);
            ended();
        });
        Ok(Self { requests, writes, connect_took, connection })
    }

    /// The most concurrent streams that the peer allows.
    pub fn streams(&self) -> usize {
        self.connection.lock().as_ref().map_or(1, |c| c.current_max_send_streams().max(1))
    }

    pub fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// Sends a request and waits for the response head. `reused`: the connection has been used before.
    pub async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        reused: bool,
    ) -> Result<Response<Incoming>, NetworkFailure> {
        let began = Instant::now();
        self.requests.send_request(request).await.map_err(|error| {
            let mut failure = NetworkFailure::from(error);
            if failure.kind == FailureKind::Reset && reused && self.writes.before(began) {
                failure.kind = FailureKind::Unsent;
            }
            failure
        })
    }
}
