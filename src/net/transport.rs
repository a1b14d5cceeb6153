//! The interface for exchanges outside of `net`: a `fetch` that users pass, or that their tests intercept.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::{failure::NetworkFailure, request::Request};

pub type TransportFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Exchanges requests.
pub trait Transport: Send + Sync + 'static {
    fn send(&self, request: Request) -> TransportFuture<Result<TransportResponse, NetworkFailure>>;
}

/// A response head, and the source of its body.
pub struct TransportResponse {
    pub status: u16,
    pub fields: http::HeaderMap,
    pub source: Box<dyn BodySource>,
}

/// A body that is read piece by piece. Dropping it ends the exchange.
pub trait BodySource: Send {
    /// The next piece; `None` at the end.
    fn next(&mut self) -> TransportFuture<Result<Option<Vec<u8>>, String>>;
}

/// A body with such a source.
pub struct TransportBody {
    source: Box<dyn BodySource>,
    next: Option<TransportFuture<Result<Option<Vec<u8>>, String>>>,
    ended: bool,
}

impl TransportBody {
    pub fn new(source: Box<dyn BodySource>) -> Self {
        Self { source, next: None, ended: false }
    }

    /// Appends the next bytes to `out`; false at the end.
    pub fn poll_data(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Result<bool, String>> {
        while !self.ended {
            let next = self.next.get_or_insert_with(|| self.source.next());
            let Poll::Ready(read) = next.as_mut().poll(cx) else { return Poll::Pending };
            self.next = None;
            match read {
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(Some(bytes)) => {
                    out.extend_from_slice(&bytes);
                    return Poll::Ready(Ok(true));
                }
                Ok(None) => self.ended = true,
                Err(why) => {
                    self.ended = true;
                    return Poll::Ready(Err(why));
                }
            }
        }
        Poll::Ready(Ok(false))
    }

    pub fn is_end(&self) -> bool {
        self.ended
    }
}
