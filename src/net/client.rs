//! The keep-alive pool and one exchange on it: send a request, get the head of the answer.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{
        self, Client,
        connect::{CaptureConnection, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use parking_lot::RwLock;
use tokio::time::{Instant, Sleep};

use super::{
    connector::{ConnInfo, Connector, DialError},
    failure::{Failure, FailureKind},
    proxy::Proxy,
};

const IDLE: Duration = Duration::from_secs(60);
const MAX_IDLE_PER_ORIGIN: usize = 512;

type Pool = Client<Connector, Full<Bytes>>;

#[derive(Clone)]
pub struct HttpClient {
    /// Gone once the client is closed: idle connections close with it.
    pool: Arc<RwLock<Option<Pool>>>,
    connector: Connector,
    connect_timeout: Duration,
    proxy: Option<Arc<Proxy>>,
}

/// How long each step of an exchange may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The connector's own limit without it.
    pub connect: Option<Duration>,
    /// None at all without it.
    pub headers: Option<Duration>,
}

/// The head of an answer, with what is known of the connection it came on.
pub struct Exchange {
    pub response: Response<Incoming>,
    pub reused: bool,
    /// Set when a connection was opened for this exchange.
    pub connect_took: Option<Duration>,
}

/// A failed exchange; `reused` tells a stale connection from a sick vendor.
pub struct Failed {
    pub failure: Failure,
    pub reused: bool,
}

impl HttpClient {
    pub fn new(connector: Connector, proxy: Option<Arc<Proxy>>) -> Self {
        let pool = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE_PER_ORIGIN)
            .http1_max_headers(256)
            // Room for many small frames: the peer is cut off when their overhead outgrows half of this, and
            // vendors flush token by token.
            .http2_initial_connection_window_size(16 << 20)
            .http2_initial_stream_window_size(256 << 10)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .http2_keep_alive_timeout(Duration::from_secs(20))
            .build(connector.clone());
        let pool = Arc::new(RwLock::new(Some(pool)));
        Self { pool, connect_timeout: connector.timeout(), connector, proxy }
    }

    pub async fn warm(&self, target: Uri) -> Result<(), DialError> {
        self.connector.warm(target).await
    }

    /// Lets go of idle connections; those in use end with their requests.
    pub fn clear(&self) {
        let pool = self.pool.write().take();
        drop(pool);
        self.connector.clear();
    }

    /// The header that a plain-text proxy wants with every request.
    pub fn proxy_authorization(&self, target: &Uri) -> Option<HeaderValue> {
        let plain = target.scheme() == Some(&http::uri::Scheme::HTTP);
        self.proxy.as_ref().filter(|_| plain).and_then(|p| p.hop(target)).and_then(|hop| hop.authorization)
    }

    /// Sends a request and waits for the head of its answer.
    pub async fn send(&self, request: Request<Full<Bytes>>, limits: Limits) -> Result<Exchange, Failed> {
        let Some(pool) = self.pool.read().clone() else {
            let failure = Failure::new(FailureKind::Unsent, "the client is closed");
            return Err(Failed { failure, reused: false });
        };
        let began = Instant::now();
        if limits.connect.is_none() && limits.headers.is_none() {
            // The common case: opening has the connector's limit, and the answer comes when it is whole.
            return settle(pool.request(request).await, began);
        }
        self.send_timed(&pool, request, limits).await
    }

    async fn send_timed(
        &self,
        pool: &Pool,
        mut request: Request<Full<Bytes>>,
        limits: Limits,
    ) -> Result<Exchange, Failed> {
        let began = Instant::now();
        let mut capture = capture_connection(&mut request);
        let mut answer = pin!(pool.request(request));
        let connect = limits.connect.unwrap_or(self.connect_timeout);
        let mut timer = pin!(tokio::time::sleep(connect));
        let connected = {
            let mut got_connection = pin!(async {
                capture.wait_for_connection_metadata().await;
            });
            std::future::poll_fn(|cx| {
                if let Poll::Ready(result) = answer.as_mut().poll(cx) {
                    return Poll::Ready(Connected::Answered(result));
                }
                if got_connection.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Connected::Waiting);
                }
                timer.as_mut().poll(cx).map(|()| Connected::TimedOut)
            })
            .await
        };
        match connected {
            Connected::Answered(result) => settle(result, began),
            Connected::TimedOut => {
                Err(Failed::timeout(FailureKind::ConnectTimeout, "connection", connect, false))
            }
            Connected::Waiting => match limits.headers {
                None => settle(answer.await, began),
                Some(limit) => {
                    timer.as_mut().reset(Instant::now() + limit);
                    let head = head_or_timeout(answer, timer).await;
                    head.map_or_else(
                        || {
                            let reused = conn_info(&capture).is_some_and(|i| i.used_again());
                            Err(Failed::timeout(FailureKind::HeadersTimeout, "answer", limit, reused))
                        },
                        |head| settle(head, began),
                    )
                }
            },
        }
    }
}

type Head = Result<Response<Incoming>, legacy::Error>;

fn settle(head: Head, began: Instant) -> Result<Exchange, Failed> {
    match head {
        Ok(response) => {
            let info = response.extensions().get::<Arc<ConnInfo>>();
            let reused = info.is_some_and(|i| i.used_again());
            let connect_took = info.filter(|_| !reused).map(|i| i.connect_took);
            Ok(Exchange { response, reused, connect_took })
        }
        Err(error) => {
            let mut extensions = http::Extensions::new();
            if let Some(connected) = error.connect_info() {
                connected.get_extras(&mut extensions);
            }
            let info = extensions.get::<Arc<ConnInfo>>();
            let reused = info.is_some_and(|i| i.used_again());
            let mut failure = Failure::from(error);
            if failure.kind == FailureKind::Reset && reused && info.is_some_and(|i| i.unwritten_since(began))
            {
                failure.kind = FailureKind::Unsent;
            }
            Err(Failed { failure, reused })
        }
    }
}

impl Failed {
    fn timeout(kind: FailureKind, what: &str, limit: Duration, reused: bool) -> Self {
        let message = format!("no {what} within {} ms", limit.as_millis());
        Self { failure: Failure::new(kind, message), reused }
    }
}

enum Connected<T> {
    Answered(T),
    Waiting,
    TimedOut,
}

async fn head_or_timeout(
    mut answer: Pin<&mut impl Future<Output = Head>>,
    mut timer: Pin<&mut Sleep>,
) -> Option<Head> {
    std::future::poll_fn(|cx| {
        if let Poll::Ready(result) = answer.as_mut().poll(cx) {
            return Poll::Ready(Some(result));
        }
        timer.as_mut().poll(cx).map(|()| None)
    })
    .await
}

fn conn_info(capture: &CaptureConnection) -> Option<Arc<ConnInfo>> {
    let metadata = capture.connection_metadata();
    let mut extensions = http::Extensions::new();
    metadata.as_ref()?.get_extras(&mut extensions);
    extensions.remove::<Arc<ConnInfo>>()
}
