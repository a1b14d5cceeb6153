//! Exchanges: sends a request and returns the head of its response.

use std::{future::Future, sync::Arc, time::Duration};

use http::{HeaderValue, Uri};
use parking_lot::RwLock;

use super::{
    body::Body,
    connector::Connector,
    dial_error::host_and_port,
    failure::{FailureKind, NetworkFailure},
    fields::HeaderFields,
    h1::{body::H1Body, exchange::exchange},
    pool::{H1Lease, H2Lease, Lease, Pool},
    proxy::Proxy,
    request::Request,
    transport::{Transport, TransportBody, TransportResponse},
};

#[derive(Clone)]
pub struct HttpClient {
    /// One pool for each origin. `None` once the client is closed.
    pools: Arc<RwLock<Option<Vec<Arc<Pool>>>>>,
    connector: Connector,
    proxy: Option<Arc<Proxy>>,
    /// Exchanges requests in place of the network.
    transport: Option<Arc<dyn Transport>>,
}

/// The time limits of an exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExchangeTimeouts {
    /// The connector's default if `None`.
    pub connect: Option<Duration>,
    /// Unlimited if `None`.
    pub headers: Option<Duration>,
    /// Needs a new connection: the last one was closed by the peer.
    pub fresh: bool,
}

/// A response head, and its connection.
pub struct Exchange {
    pub status: u16,
    pub fields: HeaderFields,
    pub body: Body,
    pub reused: bool,
    /// Set when a connection was opened for this exchange.
    pub connect_took: Option<Duration>,
}

/// A failed exchange; `reused` distinguishes a stale connection from a failing vendor.
pub struct ExchangeFailure {
    pub failure: NetworkFailure,
    pub reused: bool,
}

impl HttpClient {
    pub fn new(
        connector: Connector,
        proxy: Option<Arc<Proxy>>,
        transport: Option<Arc<dyn Transport>>,
    ) -> Self {
        Self { pools: Arc::new(RwLock::new(Some(Vec::new()))), connector, proxy, transport }
    }

    /// Opens a connection ahead of need.
    pub async fn warm(&self, target: Uri) -> Result<(), NetworkFailure> {
        if self.transport.is_some() {
            return Ok(());
        }
        self.pool(&target)?.warm().await
    }

    /// Closes idle connections; those in use end with their requests.
    pub fn clear(&self) {
        let pools = self.pools.write().take();
        for pool in pools.into_iter().flatten() {
            pool.close();
        }
    }

    /// Whether another client shares these connections.
    pub fn shares(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pools, &other.pools)
    }

    /// Closes the connections to all other origins.
    pub fn keep_only(&self, wanted: impl Fn(&Uri) -> bool) {
        let mut gone = Vec::new();
        if let Some(pools) = self.pools.write().as_mut() {
            let (kept, rest) = std::mem::take(pools).into_iter().partition(|pool| wanted(pool.target()));
            (*pools, gone) = (kept, rest);
        }
        gone.iter().for_each(|pool| pool.close());
    }

    /// The authorization header of a plain-text proxy.
    pub fn proxy_authorization(&self, target: &Uri) -> Option<HeaderValue> {
        let plain = target.scheme() == Some(&http::uri::Scheme::HTTP);
        self.proxy.as_ref().filter(|_| plain).and_then(|p| p.hop(target)).and_then(|hop| hop.authorization)
    }

    /// Sends a request and waits for the response head. `sending` is called when the request has a
    /// connection.
    pub async fn send(
        &self,
        request: Request,
        limits: ExchangeTimeouts,
        sending: impl FnOnce(),
    ) -> Result<Exchange, ExchangeFailure> {
        let unsent = |failure| ExchangeFailure { failure, reused: false };
        if let Some(transport) = &self.transport {
            sending();
            let sent = within(limits.headers, transport.send(request), FailureKind::HeadersTimeout, || {
                "response head".into()
            });
            let TransportResponse { status, fields, source } = sent.await.map_err(unsent)?;
            let body = Body::Carried(TransportBody::new(source));
            return Ok(Exchange {
                status,
                fields: HeaderFields::Map(fields),
                body,
                reused: false,
                connect_took: None,
            });
        }
        let pool = self.pool(&request.head.uri).map_err(unsent)?;
        // Without a limit of the call, opening a connection has the connector's limit, and waiting for a
        // stream of a shared one the call's deadline.
        let waits = pool.checkout(limits.fresh);
        let what = || format!("connection to {}", host_and_port(&request.head.uri));
        let lease = within(limits.connect, waits, FailureKind::ConnectTimeout, what);
        let lease = lease.await.map_err(unsent)?;
        sending();
        match lease {
            Lease::H1(lease) => send_h1(lease, request, limits).await,
            Lease::H2(lease) => send_h2(lease, request, limits).await,
        }
    }

    fn pool(&self, uri: &Uri) -> Result<Arc<Pool>, NetworkFailure> {
        let closed = || NetworkFailure::new(FailureKind::Unsent, "the client is closed");
        let known = |pools: &[Arc<Pool>]| pools.iter().find(|p| p.is_for(uri)).cloned();
        if let Some(pool) = known(self.pools.read().as_ref().ok_or_else(closed)?) {
            return Ok(pool);
        }
        let mut pools = self.pools.write();
        let pools = pools.as_mut().ok_or_else(closed)?;
        Ok(known(pools).unwrap_or_else(|| {
            let pool = Pool::new(uri.clone(), self.connector.clone());
            pools.push(pool.clone());
            pool
        }))
    }
}

async fn send_h1(
    mut lease: H1Lease,
    request: Request,
    limits: ExchangeTimeouts,
) -> Result<Exchange, ExchangeFailure> {
    let conn = lease.conn();
    let reused = conn.uses > 0;
    conn.uses = conn.uses.saturating_add(1);
    let connect_took = (!reused).then_some(conn.connect_took);
    let bytes = request.to_h1(conn.proxied);
    drop(request);
    let begun =
        within(limits.headers, exchange(conn, bytes), FailureKind::HeadersTimeout, || "response head".into())
            .await;
    let mut begun = match begun {
        Ok(begun) => begun,
        Err(mut failure) => {
            if reused && failure.kind == FailureKind::Reset {
                failure.kind = FailureKind::Stale;
                // The other idle connections are as likely to be dead.
                lease.discard_idle();
            }
            return Err(ExchangeFailure { failure, reused });
        }
    };
    let fields = std::mem::replace(
        &mut begun.head.fields,
        HeaderFields::Lines { bytes: Vec::new(), places: Vec::new() },
    );
    let status = begun.head.status;
    Ok(Exchange { status, fields, body: Body::H1(H1Body::new(lease, begun)), reused, connect_took })
}

async fn send_h2(
    mut lease: H2Lease,
    request: Request,
    limits: ExchangeTimeouts,
) -> Result<Exchange, ExchangeFailure> {
    let reused = lease.reused;
    let connect_took = (!reused).then_some(lease.sender.connect_took);
    let answer = lease.sender.exchange(request.to_h2(), reused);
    let response =
        within(limits.headers, answer, FailureKind::HeadersTimeout, || "response head".into()).await;
    let response = response.map_err(|failure| {
        // A connection whose peer has vanished would swallow further requests until a ping fails.
        if failure.kind == FailureKind::HeadersTimeout {
            lease.retire();
        }
        ExchangeFailure { failure, reused }
    })?;
    let (parts, incoming) = response.into_parts();
    Ok(Exchange {
        status: parts.status.as_u16(),
        fields: HeaderFields::Map(parts.headers),
        body: Body::H2 { incoming, _lease: lease },
        reused,
        connect_took,
    })
}

async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, NetworkFailure>>,
    kind: FailureKind,
    what: impl FnOnce() -> String,
) -> Result<T, NetworkFailure> {
    match limit {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            Err(NetworkFailure::new(kind, format!("no {} within {} ms", what(), limit.as_millis())))
        }),
    }
}
