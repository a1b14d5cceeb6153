//! Opens connections: TCP with happy eyeballs, a proxy's tunnel, TLS with ALPN.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector, proxy::Tunnel};
use tokio::time::Instant;
use tower_service::Service;

use super::{
    conn::{Conn, Io},
    dial_error::DialError,
    proxy::{Proxy, ProxyHop},
    resolver::Resolver,
    tls::{self, BadCertificate, TlsOptions},
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub type DialFuture = Pin<Box<dyn Future<Output = Result<Conn, DialError>> + Send>>;

/// Opens connections. Simulations replace the network here.
pub trait Dial: Send + Sync + 'static {
    fn dial(&self, target: Uri) -> DialFuture;
}

/// The real network.
pub struct TcpDial {
    tcp: HttpConnector<Resolver>,
    tls: rustls::ClientConfig,
    proxy: Option<Arc<Proxy>>,
}

impl TcpDial {
    pub fn new(tls: &TlsOptions, proxy: Option<Arc<Proxy>>) -> Result<Self, BadCertificate> {
        let mut tcp = HttpConnector::new_with_resolver(Resolver::default());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // A peer that vanished is noticed within two minutes, also between requests.
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        tcp.set_keepalive_interval(Some(Duration::from_secs(15)));
        tcp.set_keepalive_retries(Some(4));
        Ok(Self { tcp, tls: tls::client_config(tls)?, proxy })
    }
}

impl Dial for TcpDial {
    fn dial(&self, target: Uri) -> DialFuture {
        let tcp = self.tcp.clone();
        let tls = self.tls.clone();
        let proxy = self.proxy.clone();
        Box::pin(async move {
            let hop = proxy.as_ref().and_then(|p| p.hop(&target));
            let secure = target.scheme() == Some(&http::uri::Scheme::HTTPS);
            let proxied = hop.is_some() && !secure;
            let proxy = hop.as_ref().map(|hop| hop.uri.clone());
            let plain = match hop {
                None => open(tcp, &target).await?,
                Some(hop) if secure => tunnel(tcp, &tls, hop, &target).await?,
                Some(hop) => reach_proxy(tcp, &tls, &hop.uri).await.map_err(|e| e.of_proxy(&target))?,
            };
            if !secure {
                return Ok(Conn::new(plain, proxied, false));
            }
            let mut handshake = https(tls, true, plain);
            let stream = handshake.call(target.clone()).await.map_err(|e| {
                let error = DialError::tls(&target, &*e);
                proxy.iter().fold(error, |error, proxy| error.through(proxy))
            })?;
            let h2 = stream.connected().is_negotiated_h2();
            Ok(Conn::new(Box::new(stream), false, h2))
        })
    }
}

async fn open(mut tcp: HttpConnector<Resolver>, target: &Uri) -> Result<Box<dyn Io>, DialError> {
    match tcp.call(target.clone()).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(DialError::tcp(target, &error)),
    }
}

/// TCP to the proxy, inside TLS when its address says https.
async fn reach_proxy(
    tcp: HttpConnector<Resolver>,
    tls: &rustls::ClientConfig,
    proxy: &Uri,
) -> Result<Box<dyn Io>, DialError> {
    let plain = open(tcp, proxy).await?;
    if proxy.scheme() != Some(&http::uri::Scheme::HTTPS) {
        return Ok(plain);
    }
    let stream =
        https(tls.clone(), false, plain).call(proxy.clone()).await.map_err(|e| DialError::tls(proxy, &*e))?;
    Ok(Box::new(stream))
}

async fn tunnel(
    tcp: HttpConnector<Resolver>,
    tls: &rustls::ClientConfig,
    hop: ProxyHop,
    target: &Uri,
) -> Result<Box<dyn Io>, DialError> {
    let stream = AlreadyOpen::new(reach_proxy(tcp, tls, &hop.uri).await.map_err(|e| e.of_proxy(target))?);
    let mut tunnel = Tunnel::new(hop.uri.clone(), stream);
    if let Some(authorization) = hop.authorization {
        tunnel = tunnel.with_auth(authorization);
    }
    let opened = tunnel.call(target.clone()).await.map_err(|e| DialError::tunnel(&hop.uri, target, &e))?;
    Ok(Box::new(opened))
}

fn https(tls: rustls::ClientConfig, h2: bool, plain: Box<dyn Io>) -> HttpsConnector<AlreadyOpen> {
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
    if h2 {
        builder.enable_http2().wrap_connector(AlreadyOpen::new(plain))
    } else {
        builder.wrap_connector(AlreadyOpen::new(plain))
    }
}

/// An open stream, for connectors that want to open theirs; usable once.
#[derive(Clone)]
struct AlreadyOpen(Arc<parking_lot::Mutex<Option<Box<dyn Io>>>>);

/// A plain stream, in the form that hyper-rustls and the tunnel take.
struct Plain(Box<dyn Io>);

impl AlreadyOpen {
    fn new(io: Box<dyn Io>) -> Self {
        Self(Arc::new(parking_lot::Mutex::new(Some(io))))
    }
}

impl Service<Uri> for AlreadyOpen {
    type Response = Plain;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Plain, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let io = self.0.lock().take().map(Plain);
        std::future::ready(io.ok_or_else(|| "the stream was already taken".into()))
    }
}

impl Connection for Plain {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Plain {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl Write for Plain {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Opens connections within a time limit.
#[derive(Clone)]
pub struct Connector {
    dial: Arc<dyn Dial>,
    timeout: Duration,
}

impl Connector {
    pub fn new(dial: Arc<dyn Dial>, timeout: Duration) -> Self {
        Self { dial, timeout }
    }

    pub async fn open(&self, target: Uri) -> Result<Conn, DialError> {
        let started = Instant::now();
        let mut conn = tokio::time::timeout(self.timeout, self.dial.dial(target.clone()))
            .await
            .unwrap_or_else(|_| Err(DialError::timeout(&target, self.timeout)))?;
        conn.connect_took = started.elapsed();
        Ok(conn)
    }
}
